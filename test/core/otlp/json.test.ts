// Our OTLP/JSON, read by a strict parser of the official descriptors and checked for the spelling that OTLP asks for.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_VALUE_DEPTH } from "../../../core/limits.ts";
import { createJsonRequest, encodeJson, logRecordJson, stringifyRequest, toBase64 } from "../../../core/otlp/json.ts";
import { type AnyValue, Float64, type LogRecord, type ResourceLogs } from "../../../core/otlp/model.ts";
import { flatten, parseJsonStrict } from "../../support/oracle.ts";
import { anyValues, requests, toFlatValue, wellFormedKeys } from "./arbitraries.ts";

const textOf = (bytes: Uint8Array) => new TextDecoder("utf-8", { fatal: true }).decode(bytes);

function bodyJson(body: AnyValue): string {
  const json = logRecordJson({ attributes: [], body });
  return json.slice('{"body":'.length, -1);
}

test("any request is spelled as OTLP/JSON, to the letter", () => {
  const property = fc.property(requests, (resourceLogs) => {
    const text = textOf(encodeJson(resourceLogs));
    expect(() => parseJsonStrict(text)).not.toThrow();
    expect(stringifyRequest(resourceLogs)).toBe(text);
    expect(text).not.toContain("\n");
  });
  fc.assert(property, { numRuns: 300 });
});

test("any value says what it was given, under any key", () => {
  const property = fc.property(anyValues, wellFormedKeys, (value, key) => {
    const request: ResourceLogs[] = [{ scopeLogs: [{ logRecords: [{ body: value, attributes: [{ key, value: [{ [key]: value }] }] }] }] }];
    const [record] = flatten(parseJsonStrict(textOf(encodeJson(request))));
    expect(record?.body).toEqual(toFlatValue(value));
    expect(record?.attributes).toEqual({ [key]: toFlatValue([{ [key]: value }]) });
  });
  fc.assert(property, { numRuns: 500 });
});

describe("a value", () => {
  test.each<[string, AnyValue, string]>([
    ["an integer is a decimal string", 42, '{"intValue":"42"}'],
    ["an int64 keeps its digits", -9_223_372_036_854_775_808n, '{"intValue":"-9223372036854775808"}'],
    ["an integer beyond int64 is text", 2n ** 63n, '{"stringValue":"9223372036854775808"}'],
    ["an integral number beyond int64 is a double", 1e300, '{"doubleValue":1e+300}'],
    ["the last number within int64", -(2 ** 63), '{"intValue":"-9223372036854775808"}'],
    ["the first number beyond it", 2 ** 63, '{"doubleValue":9223372036854776000}'],
    ["minus zero is an integer", -0, '{"intValue":"0"}'],
    ["minus zero as a double keeps its sign", new Float64(-0), '{"doubleValue":-0.0}'],
    ["an integral double stays one", new Float64(5), '{"doubleValue":5}'],
    ["NaN is its name, never null", Number.NaN, '{"stringValue":"NaN"}'],
    ["so is infinity", new Float64(Number.NEGATIVE_INFINITY), '{"stringValue":"-Infinity"}'],
    ["null is an empty AnyValue", null, "{}"],
    ["bytes are base64 with padding", Uint8Array.of(0xfb, 0xff), '{"bytesValue":"+/8="}'],
    ["a lone surrogate is U+FFFD", "\ud800", '{"stringValue":"\ufffd"}'],
    ["an empty array", [], '{"arrayValue":{"values":[]}}'],
    ["an empty map", {}, '{"kvlistValue":{"values":[]}}'],
    ["undefined members are absent", { a: undefined, b: null }, '{"kvlistValue":{"values":[{"key":"b","value":{}}]}}'],
    [
      "any key is ordinary",
      Object.fromEntries([["__proto__", true]]),
      '{"kvlistValue":{"values":[{"key":"__proto__","value":{"boolValue":true}}]}}',
    ],
  ])("%s", (_, value, json) => expect(bodyJson(value)).toBe(json));

  test("is cut at the depth cap, with a mark, and never overflows the stack", () => {
    let value: AnyValue = "core";
    for (let depth = 0; depth < 100_000; depth++) value = depth % 2 === 0 ? [value] : { m: value };
    const json = bodyJson(value);
    expect(json).toContain('{"stringValue":"[truncated: depth]"}');
    expect(json.match(/"(?:array|kvlist)Value"/g)).toHaveLength(MAX_VALUE_DEPTH + 1);
  });
});

describe("a record", () => {
  test("writes ids in hex, times as decimal strings, and nothing that is not there", () => {
    const record: LogRecord = {
      timeUnixNano: 1_763_547_200_123_456_789n,
      observedTimeUnixNano: 2n ** 64n - 1n,
      severityNumber: 9,
      severityText: "info",
      body: "b",
      attributes: [{ key: "a", value: 1 }],
      droppedAttributesCount: 2,
      flags: 1,
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: "b7ad6b7169203331",
      eventName: "e",
    };
    expect(JSON.parse(logRecordJson(record))).toEqual({
      timeUnixNano: "1763547200123456789",
      observedTimeUnixNano: "18446744073709551615",
      severityNumber: 9,
      severityText: "info",
      body: { stringValue: "b" },
      attributes: [{ key: "a", value: { intValue: "1" } }],
      droppedAttributesCount: 2,
      flags: 1,
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: "b7ad6b7169203331",
      eventName: "e",
    });
    expect(logRecordJson({ attributes: [], severityNumber: 0, timeUnixNano: 0n, severityText: "", droppedAttributesCount: 0 })).toBe("{}");
  });
});

describe("a request that grows", () => {
  test("is the same, batch by batch or at once", () => {
    const property = fc.property(fc.array(requests, { maxLength: 4 }), (batches) => {
      const request = createJsonRequest();
      for (const batch of batches) request.append(batch);
      expect(textOf(request.finish())).toBe(textOf(encodeJson(batches.flat())));
    });
    fc.assert(property, { numRuns: 100 });
  });

  test("says its media type and how far it has grown", () => {
    const request = createJsonRequest();
    expect([request.contentType, request.size()]).toEqual(["application/json", 0]);
    request.append([{ scopeLogs: [{ logRecords: [{ attributes: [], body: "x".repeat(1_000) }] }] }]);
    expect(request.size()).toBeGreaterThan(1_000);
  });

  test("of nothing is still a message", () => {
    expect(textOf(encodeJson([]))).toBe('{"resourceLogs":[]}');
  });
});

test.each([0, 1, 2, 3, 0x7fff, 0x8000, 0x8001, 100_000])("%d bytes in base64 are what Buffer makes of them", (length) => {
  const bytes = Uint8Array.from({ length }, (_, index) => (index * 31) % 256);
  expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
});
