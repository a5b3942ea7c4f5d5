import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type HighlightRequest,
  parseHighlightRequest,
  parseTraceparent,
  readSpanId,
  readTraceId,
} from "../../../core/read/trace-context.ts";

const TRACE = "cadbc7a427cc836727783c887b329f44";
const SPAN = "00f067aa0ba902b7";

describe("ids", () => {
  test("are 32 and 16 hex digits, in lower case afterwards", () => {
    const hex = fc.string({ unit: fc.constantFrom(..."0123456789abcdefABCDEF"), minLength: 32, maxLength: 32 });
    const property = fc.property(hex, (text) => {
      fc.pre(/[^0]/.test(text));
      expect(readTraceId(text)).toBe(text.toLowerCase());
      const half = text.slice(0, 16);
      expect(readSpanId(half)).toBe(/[^0]/.test(half) ? half.toLowerCase() : undefined);
    });
    fc.assert(property);
  });

  test.each<[string, unknown]>([
    ["all zero", "0".repeat(32)],
    ["one digit short", "a".repeat(31)],
    ["one digit long", "a".repeat(33)],
    ["16 digits", "a".repeat(16)],
    ["a letter beyond f", `${"a".repeat(31)}g`],
    ["a dash", "643af4e3-975a-4cc7-9e7a-1eda1153"],
    ["a full-width digit", `${"a".repeat(31)}１`],
    ["a letter whose code is a digit's plus 256", `${"a".repeat(31)}${String.fromCharCode(0x31 + 256)}`],
    ["a space", `${"a".repeat(31)} `],
    ["a number", 1e31],
    ["null", null],
    ["undefined", undefined],
    ["bytes", new Uint8Array(16)],
  ])("are nothing else: %s", (_, value) => expect(readTraceId(value)).toBeUndefined());

  test("of any other text are undefined", () => {
    const property = fc.property(fc.string({ unit: "binary", minLength: 32, maxLength: 32 }), (text) => {
      if (!/^[0-9a-fA-F]{32}$/.test(text)) expect(readTraceId(text)).toBeUndefined();
    });
    fc.assert(property);
  });
});

describe("traceparent", () => {
  test.each<[string, unknown, number]>([
    ["sampled", `00-${TRACE}-${SPAN}-01`, 1],
    ["not sampled", `00-${TRACE}-${SPAN}-00`, 0],
    ["among spaces", ` 00-${TRACE}-${SPAN}-01 `, 1],
    ["of a later version, with more behind", `cc-${TRACE}-${SPAN}-09-what-the-future-holds`, 9],
  ])("is read: %s", (_, value, flags) => expect(parseTraceparent(value)).toEqual({ traceId: TRACE, spanId: SPAN, flags }));

  test.each<[string, unknown]>([
    ["version ff", `ff-${TRACE}-${SPAN}-01`],
    ["more behind version 00", `00-${TRACE}-${SPAN}-01-x`],
    ["a zero trace", `00-${"0".repeat(32)}-${SPAN}-01`],
    ["a zero span", `00-${TRACE}-${"0".repeat(16)}-01`],
    ["upper case", `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ["a short trace", `00-${TRACE.slice(1)}-${SPAN}-01`],
    ["no flags", `00-${TRACE}-${SPAN}`],
    ["no text", 5],
    ["nothing", ""],
    ["a megabyte of spaces", " ".repeat(1_000_000)],
  ])("is invalid: %s", (_, value) => expect(parseTraceparent(value)).toBeUndefined());
});

describe("x-highlight-request", () => {
  test.each<[string, HighlightRequest | undefined]>([
    [`abc123/${TRACE}`, { sessionId: "abc123", traceId: TRACE }],
    [`abc/${TRACE.toUpperCase()}`, { sessionId: "abc", traceId: TRACE }],
    ["abc/x7Yt09QpLm", { sessionId: "abc", requestId: "x7Yt09QpLm" }],
    ["abc/", { sessionId: "abc" }],
    ["abc", { sessionId: "abc" }],
    [" abc/x1 ", { sessionId: "abc", requestId: "x1" }],
    ["abc/x1, def/y2", { sessionId: "abc", requestId: "x1" }],
    ["abc/x1/more", { sessionId: "abc", requestId: "x1" }],
    [`abc/${"0".repeat(32)}`, { sessionId: "abc" }],
    ["/x", undefined],
    ["", undefined],
    [", abc/x", undefined],
    ["a b/c", undefined],
    [`${"a".repeat(128)}/x`, { sessionId: "a".repeat(128), requestId: "x" }],
    [`${"a".repeat(129)}/x`, undefined],
    [`abc/${"x".repeat(2_000)}`, undefined],
  ])("%j", (value, expected) => expect(parseHighlightRequest(value)).toEqual(expected));

  test("of another type is nothing", () => {
    for (const value of [undefined, null, 5, ["abc/x"], {}]) expect(parseHighlightRequest(value)).toBeUndefined();
  });
});
