import { describe, expect, test } from "vitest";
import { MAX_STRING_LENGTH } from "../../../core/limits.ts";
import { brokenRecord, isObject } from "../../../core/read/broken.ts";
import { beginsLikeJson, decodeRawText, isBinary } from "../../../core/read/raw-text.ts";

const context = { observedTimeUnixNano: 7n };
const scope = { name: "s" };
const resource = [{ key: "service.name", value: "platform" }];
const bytesOf = (text: string) => new TextEncoder().encode(text);

describe("decodeRawText", () => {
  test("makes one raw record of a body that is only text", () => {
    const result = decodeRawText(bytesOf("\ufeff upstream error\nsecond line\n"), scope, resource, context);
    expect(result).toEqual({
      ok: true,
      value: {
        batches: [
          {
            resourceLogs: [
              {
                resource: { attributes: resource },
                scopeLogs: [
                  {
                    scope,
                    logRecords: [
                      {
                        observedTimeUnixNano: 7n,
                        body: "upstream error\nsecond line",
                        attributes: [{ key: "otlp_drain.decode_error", value: "not JSON" }],
                      },
                    ],
                  },
                ],
              },
            ],
            malformed: 1,
            filtered: 0,
          },
        ],
      },
    });
  });

  test.each([
    ["nothing", ""],
    ["blanks", " \r\n\t"],
    ["an object", '{"a":1}'],
    ["an object, pretty-printed", '{\n  "a": 1\n}'],
    ["an empty object", " { }"],
    ["an array of objects", '[ {"a":1}'],
    ["an array of arrays", "[[1]]"],
    ["an array of texts", '["a"]'],
    ["an empty array", "[]"],
    ["a cut object", "{"],
    ["a cut array", "["],
    ["a byte order mark", '\ufeff{"a":1}'],
    ["a broken first line", 'garbage\n{"a":1}\n'],
    ["a broken first line in brackets, CRLF", '[ERROR] x\r\n {"a":1}\r\n'],
    ["an object with a NUL byte", '{"a":"\u0000"}'],
  ])("leaves to the reader of items: %s", (_, text) => expect(decodeRawText(bytesOf(text), scope, resource, context)).toBeUndefined());

  test.each([
    ["text in brackets", "[ERROR] x"],
    ["a clock in brackets", "[2025-11-19 10:13:20] x"],
    ["text in braces", "{ code: 'ENOENT' }"],
    ["text with braces further on", "Error {\n  code: 'ENOENT'\n}"],
    ["a JSON text", '"text"'],
    ["a number", "42"],
  ])("takes as raw text: %s", (_, text) => {
    expect(decodeRawText(bytesOf(text), scope, resource, context)).toMatchObject({ ok: true, value: { batches: [{ malformed: 1 }] } });
  });

  test.each<[string, Uint8Array]>([
    ["zeroes", new Uint8Array(8)],
    ["gzip", Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0)],
    ["protobuf", Uint8Array.of(0x0a, 0x7b, 0x0a, 0x05, 0x00)],
    ["UTF-16", Uint8Array.of(0xff, 0xfe, 0x7b, 0x00, 0x22, 0x00)],
    ["UTF-16 without its mark", Uint8Array.of(0x7b, 0x00, 0x22, 0x00)],
  ])("fails for what is no text: %s", (_, payload) => {
    expect(decodeRawText(payload, scope, resource, context)).toEqual({
      ok: false,
      error: { reason: "unreadable", detail: "the body is neither JSON nor text" },
    });
  });
});

test("beginsLikeJson and isBinary look at the beginning only", () => {
  expect([
    beginsLikeJson(bytesOf('{"a')),
    beginsLikeJson(bytesOf("{a")),
    beginsLikeJson(bytesOf("[1")),
    beginsLikeJson(bytesOf("a{")),
  ]).toEqual([true, false, false, false]);
  expect([isBinary(bytesOf("a\u0000")), isBinary(bytesOf("a")), isBinary(bytesOf(`${"a".repeat(4_096)}\u0000`))]).toEqual([
    true,
    false,
    false,
  ]);
});

describe("brokenRecord", () => {
  test.each<[string, unknown, string]>([
    ["text", "as it came", "as it came"],
    ["an array", [1, { a: null }], '[1,{"a":null}]'],
    ["a number", 1.5, "1.5"],
    ["null", null, "null"],
    ["a big integer", 9_007_199_254_740_993n, '"9007199254740993"'],
  ])("keeps %s as its body", (_, value, body) => {
    expect(brokenRecord(value, "why", 7n)).toEqual({
      observedTimeUnixNano: 7n,
      body,
      attributes: [{ key: "otlp_drain.decode_error", value: "why" }],
    });
  });

  test("has no time of its own, no severity, and keeps the attributes that it is given", () => {
    const record = brokenRecord("x", "why", 7n, [{ key: "a", value: 1 }]);
    expect(Object.keys(record).sort()).toEqual(["attributes", "body", "observedTimeUnixNano"]);
    expect(record.attributes).toEqual([
      { key: "a", value: 1 },
      { key: "otlp_drain.decode_error", value: "why" },
    ]);
  });

  test("cuts what is too long or too deep, and never throws", () => {
    expect(brokenRecord("x".repeat(MAX_STRING_LENGTH + 1), "why", 7n).body).toHaveLength(MAX_STRING_LENGTH);
    let deep: unknown = 1;
    for (let depth = 0; depth < 200_000; depth++) deep = [deep];
    expect(brokenRecord(deep, "why", 7n).body).toContain("[truncated: depth]");
  });
});

test("isObject is for maps alone", () => {
  expect([{}, Object.create(null), [], null, undefined, "s", 1].map(isObject)).toEqual([true, true, false, false, false, false, false]);
});
