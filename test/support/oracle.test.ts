// The oracle is judged by a third party: what the OpenTelemetry SDK's own serializers write, it must read; what no receiver reads, it must refuse.
import { JsonLogsSerializer, ProtobufLogsSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import type { ReadableLogRecord } from "@opentelemetry/sdk-logs";
import { describe, expect, test } from "vitest";
import {
  type AttributeInit,
  decodeOracle,
  encodeOracle,
  findUnknownFields,
  flatten,
  parseJson,
  parseJsonStrict,
  reencode,
  toGolden,
} from "./oracle.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const SPAN_ID = "b7ad6b7169203331";
const sdkRecord: ReadableLogRecord = {
  hrTime: [1_700_000_000, 123_456_789],
  hrTimeObserved: [1_700_000_001, 0],
  severityNumber: 17,
  severityText: "ERROR",
  body: "it failed ✓",
  eventName: "app.failed",
  spanContext: { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 1 },
  resource: resourceFromAttributes({ "service.name": "api" }),
  instrumentationScope: { name: "otlp-drain/test", version: "1" },
  attributes: { count: 7, ratio: 0.5, ok: true, tags: ["a", "b"], nested: { deep: [1, null] }, bytes: Uint8Array.of(1, 2) },
  droppedAttributesCount: 2,
};

function serialize(serializer: typeof JsonLogsSerializer | typeof ProtobufLogsSerializer): Uint8Array {
  const bytes = serializer.serializeRequest([sdkRecord]);
  if (bytes === undefined) throw new Error("the SDK wrote nothing");
  return bytes;
}

describe("decodeOracle and flatten", () => {
  test("read every field that the SDK's protobuf serializer wrote", () => {
    expect(flatten(decodeOracle(serialize(ProtobufLogsSerializer)))).toEqual([
      {
        resource: { "service.name": "api" },
        scope: "otlp-drain/test",
        scopeVersion: "1",
        timeUnixNano: 1_700_000_000_123_456_789n,
        observedTimeUnixNano: 1_700_000_001_000_000_000n,
        severityNumber: 17,
        severityText: "ERROR",
        body: "it failed ✓",
        attributes: { count: 7, ratio: 0.5, ok: true, tags: ["a", "b"], nested: { deep: [1, null] }, bytes: Uint8Array.of(1, 2) },
        droppedAttributesCount: 2,
        flags: expect.any(Number),
        traceId: TRACE_ID,
        spanId: SPAN_ID,
        eventName: "app.failed",
      },
    ]);
  });

  test("keep int64 digits beyond 2^53, and `__proto__` as an ordinary key", () => {
    const [record] = flatten(
      decodeOracle(
        requestOf([
          { key: "big", value: { value: { case: "intValue", value: 9_007_199_254_740_993n } } },
          { key: "__proto__", value: { value: { case: "stringValue", value: "kept" } } },
        ]),
      ),
    );
    expect(record?.attributes["big"]).toBe(9_007_199_254_740_993n);
    expect(Object.entries(record?.attributes ?? {})).toContainEqual(["__proto__", "kept"]);
  });

  test("refuse truncated bytes and strings that are not UTF-8", () => {
    const bytes = serialize(ProtobufLogsSerializer);
    expect(() => decodeOracle(bytes.subarray(0, bytes.length - 3))).toThrow();
    // resourceLogs { schemaUrl: 0xff }
    expect(() => decodeOracle(Uint8Array.of(0x0a, 3, 0x1a, 1, 0xff))).toThrow();
  });

  test("read values 64 levels deep", () => {
    let attribute: AttributeInit = { key: "k", value: { value: { case: "stringValue", value: "bottom" } } };
    for (let depth = 0; depth < 64; depth++) {
      attribute = { key: "k", value: { value: { case: "kvlistValue", value: { values: [attribute] } } } };
    }
    expect(JSON.stringify(flatten(decodeOracle(requestOf([attribute])))[0]?.attributes)).toContain("bottom");
  });
});

describe("reencode", () => {
  test("gives canonical bytes back as they were", () => {
    const bytes = encodeOracle({
      resourceLogs: [{ schemaUrl: "x", scopeLogs: [{ logRecords: [{ severityText: "a", eventName: "b" }] }] }],
    });
    expect(reencode(bytes)).toEqual(bytes);
  });

  test("differs for an unknown field, which findUnknownFields names", () => {
    // resourceLogs { 99: varint 1 }
    const bytes = Uint8Array.of(0x0a, 3, 0x98, 0x06, 1);
    expect(reencode(bytes)).not.toEqual(bytes);
    expect(findUnknownFields(decodeOracle(bytes))).toEqual(["resourceLogs.0#99"]);
    expect(findUnknownFields(decodeOracle(serialize(ProtobufLogsSerializer)))).toEqual([]);
  });

  test("differs for fields out of order and for defaults that were written", () => {
    const outOfOrder = Uint8Array.of(0x0a, 5, 0x1a, 1, 0x78, 0x0a, 0);
    const writtenDefault = Uint8Array.of(0x0a, 2, 0x1a, 0);
    expect(reencode(outOfOrder)).not.toEqual(outOfOrder);
    expect(reencode(writtenDefault)).not.toEqual(writtenDefault);
  });
});

describe("parseJson and parseJsonStrict", () => {
  const withRecord = (record: string) => `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${record}]}]}]}`;

  test("parse the SDK's JSON to the message of the SDK's protobuf", () => {
    const fromJson = parseJson(new TextDecoder().decode(serialize(JsonLogsSerializer)));
    expect(toGolden(fromJson)).toEqual(toGolden(decodeOracle(serialize(ProtobufLogsSerializer))));
  });

  test("read ids as hex, not as protojson's base64", () => {
    const [record] = flatten(parseJsonStrict(withRecord(`{"traceId":"${TRACE_ID}","spanId":"${SPAN_ID}"}`)));
    expect(record).toMatchObject({ traceId: TRACE_ID, spanId: SPAN_ID });
  });

  test.each([
    ["an unknown field", `{"nonsense":1}`],
    ["a doubled key", `{"severityText":"a","severityText":"b"}`],
    ["an id that is no hex", `{"traceId":"zzf7651916cd43dd8448eb211c80319c"}`],
    ["an unpaired surrogate", `{"severityText":"\\ud800"}`],
    ["an int64 out of range", `{"body":{"intValue":"9223372036854775808"}}`],
    ["two values in one AnyValue", `{"body":{"intValue":"1","stringValue":"a"}}`],
  ])("both refuse %s", (_, record) => {
    expect(() => parseJson(withRecord(record))).toThrow();
    expect(() => parseJsonStrict(withRecord(record))).toThrow();
  });

  test.each([
    ["snake_case names", `{"severity_text":"a"}`, "unknown field"],
    ["an enum by name", `{"severityNumber":"SEVERITY_NUMBER_INFO"}`, "an enum is an integer"],
    ["an int64 as a number", `{"body":{"intValue":1}}`, "a decimal string"],
    ["a time as a number", `{"timeUnixNano":1}`, "a decimal string"],
    ["null for a field", `{"severityText":null}`, "null"],
    ["an upper-case id", `{"spanId":"B7AD6B7169203331"}`, "lower-case hex"],
  ])("only the strict one refuses %s", (_, record, fault) => {
    expect(() => parseJson(withRecord(record))).not.toThrow();
    expect(() => parseJsonStrict(withRecord(record))).toThrow(fault);
  });
});

test("toGolden is OTLP/JSON: hex ids, decimal strings, integer enums, attributes in their order", () => {
  const message = decodeOracle(serialize(ProtobufLogsSerializer));
  expect(parseJsonStrict(JSON.stringify(toGolden(message)))).toEqual(message);
  expect(JSON.stringify(toGolden(message))).toMatch(/"timeUnixNano":"1700000000123456789","severityNumber":17,/);
  expect(JSON.stringify(toGolden(message))).toMatch(/"count".*"ratio".*"tags"/);
});

function requestOf(attributes: AttributeInit[]): Uint8Array {
  return encodeOracle({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ attributes }] }] }] });
}
