import { describe, expect, test } from "vitest";
import type { KeyValue } from "../../../core/otlp/model.ts";
import { parseStackTrace, putException, readErrorObject, readStack, readTextException } from "../../../core/read/stack-trace.ts";

const FRAME = "\n    at f (a.js:1:1)";

describe("a text with stack frames", () => {
  test.each<[string, string, string, string | undefined]>([
    ["JavaScript", `TypeError: x is not a function${FRAME}`, "TypeError", "x is not a function"],
    ["without a message", `Error${FRAME}`, "Error", undefined],
    ["uncaught", `Uncaught RangeError: boom${FRAME}`, "RangeError", "boom"],
    [
      "Java",
      "java.lang.IllegalStateException: boom: again\n\tat com.example.Main.run(Main.java:3)",
      "java.lang.IllegalStateException",
      "boom: again",
    ],
    [".NET", `System.ArgumentException: bad${FRAME}`, "System.ArgumentException", "bad"],
    ["a name with digits", `Neo4jError: boom${FRAME}`, "Neo4jError", "boom"],
    ["SOAP", `SoapFault: boom${FRAME}`, "SoapFault", "boom"],
  ])("names its exception: %s", (_, text, type, message) => {
    expect(readTextException(text)).toEqual({ type, message, stacktrace: text });
  });

  test.each([
    ["no frames", "TypeError: boom"],
    ["frames behind prose", `Something went wrong${FRAME}`],
    ["frames behind a sentence about errors", `We saw an Error: boom${FRAME}`],
    ["an indented first line", ` TypeError: boom${FRAME}`],
    ["at in prose", "Error: meet me\nat the bar"],
    ["a lower-case word", `error: boom${FRAME}x`],
  ])("is no exception: %s", (_, text) => expect(readTextException(text)).toBeUndefined());

  test("of a megabyte on its first line takes no time", () => {
    for (const line of ["a.".repeat(500_000), "a".repeat(1_000_000), "Error".repeat(200_000), `${"$.".repeat(400_000)}Error:x`]) {
      expect(readTextException(`${line} x${FRAME}`)).toBeUndefined();
    }
  });
});

test("parseStackTrace keeps the whole text, whatever its head", () => {
  expect(parseStackTrace("boom\n  at x")).toEqual({ type: undefined, message: undefined, stacktrace: "boom\n  at x" });
});

describe("readErrorObject", () => {
  test.each<[string, Record<string, unknown>, object | undefined]>([
    ["pino", { type: "TypeError", message: "m", stack: "s" }, { type: "TypeError", message: "m", stacktrace: "s" }],
    ["bunyan", { name: "TypeError", message: "m", stack: "s" }, { type: "TypeError", message: "m", stacktrace: "s" }],
    ["Lambda", { errorType: "E", errorMessage: "m", stackTrace: ["a", "b"] }, { type: "E", message: "m", stacktrace: "a\nb" }],
    [
      "type and message from the stack",
      { stack: `TypeError: boom${FRAME}` },
      { type: "TypeError", message: "boom", stacktrace: `TypeError: boom${FRAME}` },
    ],
    ["a message alone", { message: "m" }, { type: undefined, message: "m", stacktrace: undefined }],
    ["neither", { code: 1, type: "E" }, undefined],
    ["empty ones", { message: "", stack: "" }, undefined],
    ["of other types", { message: 1, stack: { a: 1 } }, undefined],
  ])("%s", (_, error, expected) => expect(readErrorObject(error)).toEqual(expected));
});

test("readStack takes a text or lines of text", () => {
  expect([
    readStack("a\nb"),
    readStack(["a", "b"]),
    readStack(""),
    readStack([]),
    readStack(["a", 1]),
    readStack(5),
    readStack(["a"]),
  ]).toEqual(["a\nb", "a\nb", undefined, undefined, undefined, undefined, "a"]);
});

test("putException lets the first exception of a record stay", () => {
  const attributes: KeyValue[] = [];
  expect(putException(attributes, { type: "A", message: "m" })).toBe(true);
  expect(putException(attributes, { type: "B", stacktrace: "s" })).toBe(false);
  expect(attributes).toEqual([
    { key: "exception.type", value: "A" },
    { key: "exception.message", value: "m" },
  ]);
});
