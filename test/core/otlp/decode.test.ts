import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_VALUE_DEPTH } from "../../../core/limits.ts";
import { decodeJsonLogs, decodeProtobufLogs } from "../../../core/otlp/decode.ts";
import { encodeJson } from "../../../core/otlp/json.ts";
import { type AnyValue, Float64, type KeyValue, type LogRecord, type ResourceLogs } from "../../../core/otlp/model.ts";
import { encodeProtobuf } from "../../../core/otlp/protobuf.ts";
import { parseJson } from "../../../core/read/json.ts";
import { decodeOracle, encodeOracle, toGolden } from "../../support/oracle.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const SPAN_ID = "b7ad6b7169203331";

const text = fc.oneof(fc.string({ unit: "binary", maxLength: 20 }), fc.constantFrom("", "\ud800", "\udc00x", "\ufeffBOM", "x".repeat(200)));
const key = fc.oneof(fc.string({ unit: "binary", maxLength: 8 }), fc.constantFrom("", "__proto__", "constructor", "1", "long".repeat(40)));
const number = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.constantFrom(-0, 2 ** 53, -(2 ** 63), 2 ** 63, 1e300, 127, 128, 2 ** 28 - 1, 2 ** 28, 2 ** 31, 2 ** 32),
);
const { value: anyValue } = fc.letrec<{ value: AnyValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    text,
    number,
    number.map((double) => new Float64(double)),
    fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(key, fc.oneof(tie("value"), fc.constant(undefined)), { maxKeys: 5 }),
  ),
}));
const attributes: fc.Arbitrary<KeyValue[]> = fc.array(fc.record({ key, value: anyValue }), { maxLength: 5 });
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const hexId = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Buffer.from(bytes.with(0, 1)).toString("hex"));
const logRecord: fc.Arbitrary<LogRecord> = fc.record({
  timeUnixNano: optional(uint64),
  observedTimeUnixNano: optional(uint64),
  severityNumber: optional(fc.integer({ min: 0, max: 24 })),
  severityText: optional(text),
  body: optional(anyValue),
  attributes,
  droppedAttributesCount: optional(uint32),
  flags: optional(uint32),
  traceId: optional(hexId(16)),
  spanId: optional(hexId(8)),
  eventName: optional(text),
});
const scope = fc.record({ name: text, version: optional(text), attributes: optional(attributes) });
const scopeLogs = fc.record({ scope: optional(scope), logRecords: fc.array(logRecord, { maxLength: 3 }), schemaUrl: optional(text) });
const resourceLogs: fc.Arbitrary<ResourceLogs> = fc.record({
  resource: optional(fc.record({ attributes, droppedAttributesCount: optional(uint32) })),
  scopeLogs: fc.array(scopeLogs, { maxLength: 3 }),
  schemaUrl: optional(text),
});
const requests = fc.array(resourceLogs, { maxLength: 3 });

function decoded(bytes: Uint8Array): readonly ResourceLogs[] {
  const result = decodeProtobufLogs(bytes);
  if (!result.ok) throw new Error(result.error.detail);
  return result.value;
}

function decodedJson(payload: unknown): readonly ResourceLogs[] {
  const result = decodeJsonLogs(payload);
  if (!result.ok) throw new Error(result.error.detail);
  return result.value;
}

/** The only record of a request in JSON that holds `record` alone. */
function readRecord(record: unknown): LogRecord {
  const [item] = decodedJson({ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] });
  const read = item?.scopeLogs[0]?.logRecords[0];
  if (read === undefined) throw new Error("the record is lost");
  return read;
}

const readValue = (value: unknown): AnyValue | undefined => readRecord({ body: value }).body;
const asAttributes = (record: LogRecord) => Object.fromEntries(record.attributes.map(({ key, value }) => [key, value]));

function requestOf(record: LogRecord): readonly ResourceLogs[] {
  return [{ scopeLogs: [{ logRecords: [record] }] }];
}

function nested(depth: number, innermost: AnyValue): AnyValue {
  let value = innermost;
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

describe("decodeProtobufLogs", () => {
  test("reads what our encoder wrote so that it encodes to the same bytes", () => {
    fc.assert(
      fc.property(requests, (request) => {
        const bytes = encodeProtobuf(request);
        expect(Buffer.from(encodeProtobuf(decoded(bytes))).equals(bytes)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("reads a record as it was", () => {
    const record: LogRecord = {
      timeUnixNano: 1_687_828_751_789_045_558n,
      observedTimeUnixNano: 2n ** 64n - 1n,
      severityNumber: 17,
      severityText: "ERROR",
      body: { list: [1, -1, 1.5, new Float64(2), 2n ** 62n, true, null, "\ufeffé"], bytes: Uint8Array.of(0, 255) },
      attributes: [{ key: "__proto__", value: { ["__proto__"]: 1 } }],
      droppedAttributesCount: 3,
      flags: 1,
      traceId: TRACE_ID,
      spanId: SPAN_ID,
      eventName: "e",
    };
    const request = [
      {
        resource: { attributes: [{ key: "service.name", value: "api" }], droppedAttributesCount: 1 },
        scopeLogs: [{ scope: { name: "s", version: "1", attributes: [] }, logRecords: [record], schemaUrl: "b" }],
        schemaUrl: "a",
      },
    ];
    expect(decoded(encodeProtobuf(request))).toEqual(request);
  });

  test.each([
    { name: "an integral double stays a double", value: { case: "doubleValue", value: 5 }, expected: new Float64(5) },
    { name: "minus zero is a double", value: { case: "doubleValue", value: -0 }, expected: new Float64(-0) },
    { name: "NaN", value: { case: "doubleValue", value: Number.NaN }, expected: Number.NaN },
    { name: "the largest int64", value: { case: "intValue", value: 2n ** 63n - 1n }, expected: 2n ** 63n - 1n },
    { name: "the smallest int64", value: { case: "intValue", value: -(2n ** 63n) }, expected: -(2n ** 63n) },
    { name: "the largest safe integer", value: { case: "intValue", value: 2n ** 53n - 1n }, expected: 2 ** 53 - 1 },
    { name: "the first unsafe one", value: { case: "intValue", value: 2n ** 53n }, expected: 2n ** 53n },
    { name: "false", value: { case: "boolValue", value: false }, expected: false },
    { name: "an empty text", value: { case: "stringValue", value: "" }, expected: "" },
    { name: "an empty value", value: { case: undefined }, expected: null },
    { name: "no bytes", value: { case: "bytesValue", value: new Uint8Array() }, expected: new Uint8Array() },
  ] as const)("reads what another client wrote: $name", ({ value, expected }) => {
    const bytes = encodeOracle({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { value } }] }] }] });
    expect(decoded(bytes)[0]?.scopeLogs[0]?.logRecords[0]?.body).toEqual(expected);
  });

  test("an attribute without a value has the empty one", () => {
    const bytes = encodeOracle({ resourceLogs: [{ resource: { attributes: [{ key: "k" }] } }] });
    expect(decoded(bytes)[0]?.resource?.attributes).toEqual([{ key: "k", value: null }]);
  });

  test("passes over unknown fields of every wire type", () => {
    // Fields 99 to 102 in the request: a varint, a fixed64, bytes, a fixed32.
    const unknown = Buffer.from(`9806ffffffffffffffff7f9906${"00".repeat(8)}a20603616263ad0600000000`, "hex");
    const known = encodeProtobuf(requestOf({ body: "kept", attributes: [] }));
    expect(decoded(Buffer.concat([unknown, known, unknown]))).toEqual(decoded(known));
  });

  test("passes over the record name of OTLP before 2022", () => {
    const bytes = Buffer.from("0a09120712052203616263", "hex");
    expect(decoded(bytes)[0]?.scopeLogs[0]?.logRecords).toEqual([{ attributes: [], severityNumber: 0 }]);
  });

  test.each([
    ["a cut varint", "0a80"],
    ["a varint of eleven bytes", `9806${"ff".repeat(10)}01`],
    ["a varint beyond 64 bits", `9806${"ff".repeat(9)}02`],
    ["a length beyond the end", "0a05"],
    ["a negative length", "0affffffffffffffffff01"],
    ["a field beyond its message", "0a021a050000000000"],
    ["a fixed64 beyond its message", `0a06120412020900${"00".repeat(7)}`],
    ["a cut fixed64", "0a071205120309000000"],
    ["field number 0", "0200"],
    ["a field number beyond 29 bits", "8080808010"],
    ["a group", "a306a406"],
    ["wire type 7", "0f"],
    ["another wire type for a known field", "0801"],
    ["a text", Buffer.from("it is only text").toString("hex")],
    ["JSON", Buffer.from('{"resourceLogs":[]}').toString("hex")],
    ["a request of spans", `0a16121412120a10${"01".repeat(16)}`],
  ])("refuses %s", (_, hex) => {
    expect(decodeProtobufLogs(Buffer.from(hex, "hex"))).toEqual({
      ok: false,
      error: { reason: "unreadable", detail: "not an OTLP logs request in protobuf" },
    });
  });

  test("is total, and refuses any cut inside a request", () => {
    const bytes = encodeProtobuf(requestOf({ body: nested(10, "x"), attributes: [{ key: "k", value: 1 }], traceId: TRACE_ID }));
    for (let length = 1; length < bytes.length; length++) expect(decodeProtobufLogs(bytes.subarray(0, length)).ok).toBe(false);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (random) => typeof decodeProtobufLogs(random).ok === "boolean"));
    const flip = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(flip, ([at, mask]) => {
        const result = decodeProtobufLogs(bytes.map((byte, index) => (index === at ? byte ^ mask : byte)));
        if (result.ok) encodeProtobuf(result.value);
      }),
    );
  });

  test("agrees with the official descriptors on any request that both read", () => {
    fc.assert(
      fc.property(requests, (request) => {
        const bytes = encodeProtobuf(request);
        expect(toGolden(decodeOracle(encodeProtobuf(decoded(bytes))))).toEqual(toGolden(decodeOracle(bytes)));
      }),
      { numRuns: 50 },
    );
  });

  test("cuts values that are nested too deep, and no others", () => {
    const deepest = nested(MAX_VALUE_DEPTH + 1, "in");
    expect(decoded(encodeProtobuf(requestOf({ body: deepest, attributes: [] })))[0]?.scopeLogs[0]?.logRecords[0]?.body).toEqual(deepest);
    const arrays = Array.from({ length: 20_000 }, () => [0x0a, 0x2a]).flat();
    const request = wrapped(Buffer.from([0x0a, 0x01, 0x78]), [...arrays, 0x2a, 0x12, 0x12, 0x0a]);
    const body = decoded(request)[0]?.scopeLogs[0]?.logRecords[0]?.body;
    expect(JSON.stringify(body)).toBe(`${"[".repeat(MAX_VALUE_DEPTH + 1)}"[truncated: depth]"${"]".repeat(MAX_VALUE_DEPTH + 1)}`);
  });

  test("sets aside ids that are none and severities that nobody knows", () => {
    const ids = { traceId: Uint8Array.of(1, 2, 255), spanId: new Uint8Array(8) };
    const bytes = encodeOracle({
      resourceLogs: [
        {
          scopeLogs: [
            {
              logRecords: [
                { ...ids, severityNumber: 99 },
                { severityNumber: -1, severityText: "odd" },
              ],
            },
          ],
        },
      ],
    });
    const [first, second] = decoded(bytes)[0]?.scopeLogs[0]?.logRecords ?? [];
    expect(first).toEqual({
      severityText: "99",
      traceId: undefined,
      spanId: undefined,
      attributes: [
        { key: "otlp_drain.original_trace_id", value: "0102ff" },
        { key: "otlp_drain.original_span_id", value: "0000000000000000" },
      ],
    });
    expect(second).toEqual({ severityText: "odd", attributes: [{ key: "otlp_drain.original_severity_number", value: "-1" }] });
  });

  test("reads invalid UTF-8 as U+FFFD", () => {
    const bytes = Buffer.concat([1, 2, 3].map(() => Buffer.from("0a09120712052a030a01ff", "hex")));
    expect(decoded(bytes).map((item) => item.scopeLogs[0]?.logRecords[0]?.body)).toEqual(["\ufffd", "\ufffd", "\ufffd"]);
  });

  test("keeps no view of the payload", () => {
    const bytes = encodeProtobuf(requestOf({ body: Uint8Array.of(1, 2, 3), attributes: [] }));
    const request = decoded(bytes);
    bytes.fill(0);
    expect(request[0]?.scopeLogs[0]?.logRecords[0]?.body).toEqual(Uint8Array.of(1, 2, 3));
  });
});

/** `inner` as the content of a field with the first tag, that field as the content of one with the second, and so on. */
function wrapped(inner: Uint8Array, tags: readonly number[]): Uint8Array {
  const headers: number[][] = [];
  let total = inner.length;
  for (const tag of tags) {
    const header = [tag];
    let rest = total;
    for (; rest > 127; rest >>>= 7) header.push((rest & 127) | 128);
    header.push(rest);
    headers.push(header);
    total += header.length;
  }
  return Buffer.concat([Buffer.from(headers.reverse().flat()), inner]);
}

describe("decodeJsonLogs", () => {
  test("reads what our JSON encoder wrote so that it says the same in protobuf", () => {
    fc.assert(
      fc.property(requests, (request) => {
        const again = encodeJson(decodedJson(encodeJson(request)));
        expect(new TextDecoder().decode(again)).toBe(new TextDecoder().decode(encodeJson(request)));
      }),
      { numRuns: 300 },
    );
  });

  test("reads the same from bytes, from text and from a parsed value", () => {
    const json =
      '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":1687828751789045558,"body":{"intValue":9007199254740993}}]}]}]}';
    const request = decodedJson(json);
    expect(request[0]?.scopeLogs[0]?.logRecords[0]).toMatchObject({
      timeUnixNano: 1_687_828_751_789_045_558n,
      body: 9_007_199_254_740_993n,
    });
    expect(decodedJson(new TextEncoder().encode(json))).toEqual(request);
    expect(decodedJson(parseJson(json))).toEqual(request);
  });

  test.each([
    ["an array", (a: string, b: string) => `[${a},${b}]`],
    ["NDJSON", (a: string, b: string) => `${a}\n${b}\n`],
    ["concatenated objects", (a: string, b: string) => a + b],
  ])("merges the requests of %s", (_, join) => {
    const request = (body: string) =>
      JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: body } }] }] }] });
    const bodies = decodedJson(join(request("a"), request("b"))).map((item) => item.scopeLogs[0]?.logRecords[0]?.body);
    expect(bodies).toEqual(["a", "b"]);
  });

  test("reads a single ResourceLogs without its wrapper", () => {
    const json = '{"resource":{"attributes":[{"key":"k","value":{"boolValue":false}}]},"scopeLogs":[{"logRecords":[{}]}],"schemaUrl":"s"}';
    const [item] = decodedJson(json);
    expect(item?.resource?.attributes).toEqual([{ key: "k", value: false }]);
    expect(item?.scopeLogs[0]?.logRecords).toHaveLength(1);
    expect(item?.schemaUrl).toBe("s");
  });

  test.each(["", " \n", "{}", "[]", '{"resourceLogs":[]}', '{"resourceLogs":null}', '{"content":"test"}', '{"resource_logs":[{}]}'])(
    "reads %j as an empty request",
    (payload) => expect(decodedJson(payload)).toEqual([]),
  );

  test.each([
    ["test", "not JSON"],
    ['{"resourceLogs":[', "not JSON"],
    ["null", "not an OTLP logs request in JSON"],
    ["1", "not an OTLP logs request in JSON"],
    ['{"resourceLogs":{}}', "not an OTLP logs request in JSON"],
    ['{"resourceLogs":[1]}', "not an OTLP logs request in JSON"],
    ['{"resourceLogs":[{"resource":[]}]}', "not an OTLP logs request in JSON"],
    ['{"resourceLogs":[{"resource":{"attributes":5}}]}', "not an OTLP logs request in JSON"],
    ['{"resourceLogs":[{"scopeLogs":[{"scope":"s"}]}]}', "not an OTLP logs request in JSON"],
    ['{"resourceLogs":[{"scopeLogs":[{"logRecords":{}}]}]}', "not an OTLP logs request in JSON"],
  ])("refuses %j", (payload, detail) => {
    expect(decodeJsonLogs(payload)).toEqual({ ok: false, error: { reason: "unreadable", detail } });
  });

  test.each([
    ["not JSON", "{broken", (a: string, b: string, broken: string) => `${a}\n${broken}\n${b}`],
    ["not an OTLP logs request in JSON", "5", (a: string, b: string, broken: string) => `[${a},${broken},${b}]`],
    ["not an OTLP logs request in JSON", '{"resourceLogs":[1]}', (a: string, b: string, broken: string) => `${a}\n${broken}\n${b}`],
    [
      "these are traces: send them to /v1/traces",
      '{"resourceSpans":[{}]}',
      (a: string, b: string, broken: string) => `[${a},${b},${broken}]`,
    ],
    ["these are metrics: send them to /v1/metrics", '{"scopeMetrics":[]}', (a: string, b: string, broken: string) => `${broken}${a}\n${b}`],
  ])("what is %s stays as a raw record beside requests", (reason, broken, join) => {
    const request = (body: string) =>
      JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: body } }] }] }] });
    const records = decodedJson(join(request("a"), request("b"), broken)).flatMap((item) => item.scopeLogs[0]?.logRecords ?? []);
    expect(records.map(({ body }) => body)).toEqual(["a", "b", broken]);
    expect(asAttributes(records[2] as LogRecord)).toEqual({ "otlp_drain.decode_error": reason });
  });

  test.each([
    ['[{"resourceSpans":[{}]}]', "these are traces: send them to /v1/traces"],
    ['{"resourceSpans":[{}]}\n{"resourceSpans":[{}]}', "these are traces: send them to /v1/traces"],
    ['{"scopeSpans":[{}]}', "these are traces: send them to /v1/traces"],
    ['{"resourceMetrics":[{}]}\n{broken', "these are metrics: send them to /v1/metrics"],
    ["{broken\n{broken", "not JSON"],
  ])("refuses %j, in which no request is", (payload, detail) => {
    expect(decodeJsonLogs(payload)).toEqual({ ok: false, error: { reason: "unreadable", detail } });
  });

  test("ids are hex in any case; what is no id is set aside", () => {
    expect(readRecord({ traceId: TRACE_ID.toUpperCase(), spanId: SPAN_ID.toUpperCase() })).toMatchObject({
      traceId: TRACE_ID,
      spanId: SPAN_ID,
    });
    const record = readRecord({ traceId: "CvdlGRbNQ92ESOshHIAxnA==", spanId: "0000000000000000" });
    expect([record.traceId, record.spanId]).toEqual([undefined, undefined]);
    expect(asAttributes(record)).toEqual({
      "otlp_drain.original_trace_id": "CvdlGRbNQ92ESOshHIAxnA==",
      "otlp_drain.original_span_id": "0000000000000000",
    });
    expect(readRecord({ traceId: "", spanId: "" }).attributes).toEqual([]);
  });

  test.each([
    ["1687828751789045558", 1_687_828_751_789_045_558n],
    [1_687_828_751_789_045_558n, 1_687_828_751_789_045_558n],
    [1_687_828_751_789, 1_687_828_751_789n],
    ["18446744073709551615", 2n ** 64n - 1n],
    ["2023-06-27T01:19:11.789045558Z", 1_687_828_751_789_045_558n],
    ["0", undefined],
    [0, undefined],
    [null, undefined],
  ])("reads the time %o", (timeUnixNano, expected) => {
    const record = readRecord({ timeUnixNano, observedTimeUnixNano: timeUnixNano });
    expect([record.timeUnixNano, record.observedTimeUnixNano, record.attributes]).toEqual([expected, expected, []]);
  });

  test.each(["yesterday", "18446744073709551616", -1, 1.5, true])("sets aside the time %j", (timeUnixNano) => {
    const record = readRecord({ timeUnixNano });
    expect(record.timeUnixNano).toBeUndefined();
    expect(asAttributes(record)).toEqual({ "otlp_drain.original_time": timeUnixNano });
  });

  test.each([
    [9, 9, undefined],
    ["17", 17, undefined],
    ["SEVERITY_NUMBER_INFO", 9, undefined],
    ["SEVERITY_NUMBER_WARN3", 15, undefined],
    ["SEVERITY_NUMBER_UNSPECIFIED", undefined, undefined],
    [0, undefined, undefined],
    ["SEVERITY_NUMBER_LOUD", undefined, "SEVERITY_NUMBER_LOUD"],
    [25, undefined, "25"],
  ])("reads the severity %j", (severityNumber, expected, severityText) => {
    const record = readRecord({ severityNumber });
    expect([record.severityNumber, record.severityText]).toEqual([expected, severityText]);
  });

  test("an unknown severity stays beside a severity text", () => {
    const record = readRecord({ severityNumber: "LOUD", severityText: "loud" });
    expect(record.severityText).toBe("loud");
    expect(asAttributes(record)).toEqual({ "otlp_drain.original_severity_number": "LOUD" });
  });

  test.each([
    [{ intValue: "5" }, 5],
    [{ intValue: 5 }, 5],
    [{ intValue: "-9223372036854775808" }, -(2n ** 63n)],
    [{ intValue: "9223372036854775808" }, "9223372036854775808"],
    [{ intValue: 2n ** 60n }, 2n ** 60n],
    [{ intValue: "five" }, "five"],
    [{ intValue: 1.5 }, 1.5],
    [{ doubleValue: 5 }, new Float64(5)],
    [{ doubleValue: 1.5 }, 1.5],
    [{ doubleValue: "1.5" }, 1.5],
    [{ doubleValue: "NaN" }, Number.NaN],
    [{ doubleValue: "Infinity" }, Number.POSITIVE_INFINITY],
    [{ doubleValue: "-Infinity" }, Number.NEGATIVE_INFINITY],
    [{ doubleValue: "1e400" }, "1e400"],
    [{ doubleValue: "" }, ""],
    [{ doubleValue: 2n ** 60n }, new Float64(2 ** 60)],
    [{ bytesValue: "AP8=" }, Uint8Array.of(0, 255)],
    [{ bytesValue: "-_8" }, Uint8Array.of(251, 255)],
    [{ bytesValue: "no base64!" }, "no base64!"],
    [{ boolValue: true }, true],
    [{ stringValue: "" }, ""],
    [{}, null],
    [{ arrayValue: {} }, []],
    [{ arrayValue: { values: [{ intValue: "1" }, {}, { arrayValue: { values: [] } }] } }, [1, null, []]],
    [{ kvlistValue: { values: [{ key: "a", value: { stringValue: "b" } }, { key: "c" }] } }, { a: "b", c: null }],
    ["bare", "bare"],
    [7, 7],
    [
      ["x", { intValue: "1" }],
      ["x", { intValue: "1" }],
    ],
    [{ message: "a map" }, { message: "a map" }],
  ] as [unknown, AnyValue][])("reads the value %o", (value, expected) => expect(readValue(value)).toEqual(expected));

  test("takes the plain object that stands for attributes", () => {
    expect(readRecord({ attributes: { a: 1, b: { stringValue: "x" } } }).attributes).toEqual([
      { key: "a", value: 1 },
      { key: "b", value: "x" },
    ]);
  });

  test("unknown fields and snake_case names are passed over", () => {
    expect(readRecord({ time_unix_nano: "5", unknown: { deep: [1] }, body: { stringValue: "b" } })).toMatchObject({
      body: "b",
      attributes: [],
    });
  });

  test("a record that is none becomes a raw record beside the good ones", () => {
    const records = [
      '"text"',
      '{"attributes":7,"body":{"stringValue":"kept"}}',
      '{"body":{"stringValue":"good"}}',
      `${"[".repeat(20_000)}${"]".repeat(20_000)}`,
    ];
    const [item] = decodedJson(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[${records.join(",")}]}]}]}`);
    const read = item?.scopeLogs[0]?.logRecords ?? [];
    expect(read.slice(0, 3).map(({ body, attributes }) => [body, attributes.length])).toEqual([
      ["text", 1],
      [records[1], 1],
      ["good", 0],
    ]);
    expect(read[3]?.attributes).toEqual([{ key: "otlp_drain.decode_error", value: "not an OTLP log record" }]);
  });

  test("cuts values that are nested too deep", () => {
    const json = `${'{"arrayValue":{"values":['.repeat(5_000)}{"intValue":"1"}${"]}}".repeat(5_000)}`;
    const [item] = decodedJson(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":${json}}]}]}]}`);
    expect(JSON.stringify(item?.scopeLogs[0]?.logRecords[0]?.body)).toContain("[truncated: depth]");
  });

  test("is total", () => {
    fc.assert(fc.property(fc.anything(), (payload) => typeof decodeJsonLogs(payload).ok === "boolean"));
    const odd = fc.json({ maxDepth: 3 }).map((json) => JSON.parse(json) as unknown);
    const fields = [
      "timeUnixNano",
      "severityNumber",
      "severityText",
      "body",
      "attributes",
      "droppedAttributesCount",
      "flags",
      "traceId",
      "spanId",
    ];
    const records = fc.record(Object.fromEntries(fields.map((field) => [field, odd])), { requiredKeys: [] });
    fc.assert(fc.property(records, (record) => encodeProtobuf(requestOf(readRecord(record))).length > 0));
  });
});
