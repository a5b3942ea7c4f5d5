import { JsonTraceSerializer, ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Stamp } from "../../../core/enrich.ts";
import { encodeJson } from "../../../core/otlp/json.ts";
import { readOtlpRequest, stampOtlpRequest } from "../../../core/otlp/pass-through.ts";
import { encodeProtobuf } from "../../../core/otlp/protobuf.ts";
import type { Encoding, Signal } from "../../../core/otlp/signal.ts";
import { makeLogs, makeResource } from "../../support/log-records.ts";
import { decodeOracle, encodeOracle, flatten } from "../../support/oracle.ts";

const STAMP: Stamp = {
  winning: [{ key: "highlight.project_id", value: "1jdkoe52" }],
  filling: [
    { key: "deployment.environment.name", value: "production" },
    { key: "service.name", value: "unnamed" },
  ],
};
const NOTHING: Stamp = { winning: [], filling: [] };

function bytesOf(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
}

/** A length-delimited field of the wire. */
function field(number: number, ...contents: (Uint8Array | string)[]): Uint8Array {
  const content = Buffer.concat(contents.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
  const length: number[] = [];
  let rest = content.length;
  for (; rest > 127; rest >>= 7) length.push((rest & 127) | 128);
  return Uint8Array.from([(number << 3) | 2, ...length, rest, ...content]);
}

function attribute(key: string, value: string): Uint8Array {
  return field(1, field(1, key), field(2, field(1, value)));
}

function read(bytes: Uint8Array, signal: Signal = "logs", encoding: Encoding = "protobuf") {
  const result = readOtlpRequest(bytes, signal, encoding);
  if (!result.ok) throw new Error(result.error.detail);
  if (result.value.kind !== "request") throw new Error("not a plain request");
  return result.value.request;
}

function stamped(bytes: Uint8Array, stamp: Stamp, signal: Signal = "logs", encoding: Encoding = "protobuf"): Uint8Array {
  const result = stampOtlpRequest(read(bytes, signal, encoding), stamp);
  if (!result.ok) throw new Error(result.error.detail);
  return result.value.bytes;
}

function stampedText(text: string, stamp: Stamp = STAMP, signal: Signal = "logs"): string {
  return new TextDecoder().decode(stamped(bytesOf(text), stamp, signal, "json"));
}

const PROJECT = '{"key":"highlight.project_id","value":{"stringValue":"1jdkoe52"}}';
const ENVIRONMENT = '{"key":"deployment.environment.name","value":{"stringValue":"production"}}';
const SERVICE = '{"key":"service.name","value":{"stringValue":"unnamed"}}';

describe("a protobuf request", () => {
  const project = attribute("highlight.project_id", "1jdkoe52");
  const environment = attribute("deployment.environment.name", "production");
  const service = attribute("service.name", "unnamed");
  const own = attribute("service.name", "shop");
  /** Field 99 of wire type 0, and what newer protos put behind the attributes: nobody here knows them. */
  const unknown = Uint8Array.from([0x98, 0x06, 0x2a]);
  const entity = field(3, field(2, "service"));
  const scope = field(2, field(1, field(1, "lib")), field(2, unknown, Uint8Array.from([0x49, 1, 2, 3, 4, 5, 6, 7, 8])), field(3, "schema"));

  test("gets what its resource lacks, behind its own attributes, and keeps every other byte", () => {
    const request = Buffer.concat([unknown, field(1, field(1, own, Uint8Array.from([0x10, 3]), entity), scope, field(3, "url"), unknown)]);
    expect(stamped(request, STAMP)).toEqual(
      Uint8Array.from(
        Buffer.concat([
          unknown,
          field(1, field(1, own, Uint8Array.from([0x10, 3]), entity, project, environment), scope, field(3, "url"), unknown),
        ]),
      ),
    );
  });

  test("gets a resource where it has none", () => {
    expect(stamped(field(1, scope), STAMP)).toEqual(field(1, field(1, project, environment, service), scope));
  });

  test("has what wins in the place of its own", () => {
    const theirs = attribute("highlight.project_id", "theirs");
    expect(stamped(field(1, field(1, theirs, own), scope), STAMP)).toEqual(field(1, field(1, project, own, environment), scope));
  });

  test("with a resource in two parts gets one, as parsers join them", () => {
    const request = field(1, field(3, "url"), field(1, own), scope, field(1, environment));
    expect(stamped(request, STAMP)).toEqual(field(1, field(3, "url"), field(1, own, environment, project), scope));
  });

  test("with several items has each of them stamped", () => {
    const request = Buffer.concat([field(1, field(1, own), scope), field(1, scope)]);
    expect(stamped(request, STAMP)).toEqual(
      Uint8Array.from(
        Buffer.concat([field(1, field(1, own, project, environment), scope), field(1, field(1, project, environment, service), scope)]),
      ),
    );
  });

  test("to which nothing is added is the same bytes", () => {
    const request = field(1, field(1, own), scope);
    expect(stamped(request, NOTHING)).toBe(request);
  });

  test("with a resource that is none is left for its destination to refuse", () => {
    const request = field(1, field(1, Uint8Array.from([0x0a, 0x7f])), scope);
    expect(stamped(request, STAMP)).toEqual(request);
  });

  test("reads as it did, but for its resources, whatever is in it", () => {
    const value = fc.oneof(fc.string(), fc.boolean(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.double());
    const records = fc.array(fc.record({ body: value, attributes: fc.array(fc.record({ key: fc.string(), value })) }));
    fc.assert(
      fc.property(fc.array(records, { maxLength: 4 }), fc.dictionary(fc.string(), fc.string()), (items, resource) => {
        const logs = items.flatMap((logRecords) => makeLogs(logRecords, makeResource(resource)));
        const before = encodeProtobuf(logs);
        const after = stamped(before, STAMP);
        expect(flatten(decodeOracle(after))).toEqual(
          flatten(decodeOracle(before)).map((record) => ({
            ...record,
            resource: {
              "service.name": "unnamed",
              "deployment.environment.name": "production",
              ...record.resource,
              "highlight.project_id": "1jdkoe52",
            },
          })),
        );
        expect(read(after).records).toBe(items.flat().length);
      }),
    );
  });

  test.each<[string, Uint8Array]>([
    ["text", bytesOf("not protobuf")],
    ["a truncated item", Uint8Array.from([0x0a, 5, 0x12])],
    ["a scope of another wire type", field(1, Uint8Array.from([0x10, 1]))],
    ["a group", Uint8Array.from([0x13, 0x14])],
  ])("that is %s is unreadable", (_, bytes) => {
    expect(readOtlpRequest(bytes, "logs", "protobuf")).toEqual({
      ok: false,
      error: { reason: "unreadable", detail: "not an OTLP logs request in protobuf" },
    });
  });

  test("never throws, and what it can read it can stamp", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom<Signal>("logs", "traces", "metrics"), (bytes, signal) => {
        const result = readOtlpRequest(bytes, signal, "protobuf");
        if (result.ok && result.value.kind === "request") expect(stampOtlpRequest(result.value.request, STAMP).ok).toBe(true);
      }),
    );
  });

  test("of very many empty items is not blown up beyond the cap", () => {
    const result = stampOtlpRequest({ signal: "logs", encoding: "protobuf", records: 1, bytes: fill([0x0a, 0], 1_000_000) }, STAMP);
    expect(result).toMatchObject({ ok: false, error: { reason: "too-large" } });
  });
});

function fill(pattern: readonly number[], times: number): Uint8Array {
  const bytes = new Uint8Array(pattern.length * times);
  for (let index = 0; index < bytes.length; index++) bytes[index] = pattern[index % pattern.length] as number;
  return bytes;
}

describe("a JSON request", () => {
  const scopes = '"scopeLogs":[{"logRecords":[{"timeUnixNano":"1700000000123456789","body":{"doubleValue":1.50e0}, "unknown":[1,  2]}]}]';

  test("gets what its resource lacks, and every other character stays, blanks and spelling of numbers included", () => {
    const text = `{ "resourceLogs" : [ {\n"resource":{"attributes": [{"key":"service.name","value":{"stringValue":"shop"}}],"x":1e2}, ${scopes}} ] , "y":12345678901234567890}`;
    expect(stampedText(text)).toBe(text.replace('"shop"}}]', `"shop"}},${PROJECT},${ENVIRONMENT}]`));
  });

  test.each<[string, string, string]>([
    ["no resource", `{${scopes}}`, `{"resource":{"attributes":[${PROJECT},${ENVIRONMENT},${SERVICE}]},${scopes}}`],
    ["nothing at all", "{}", `{"resource":{"attributes":[${PROJECT},${ENVIRONMENT},${SERVICE}]}}`],
    ["null for a resource", `{"resource":null,${scopes}}`, `{"resource":{"attributes":[${PROJECT},${ENVIRONMENT},${SERVICE}]},${scopes}}`],
    ["an empty resource", `{${scopes},"resource":{ }}`, `{${scopes},"resource":{"attributes":[${PROJECT},${ENVIRONMENT},${SERVICE}] }}`],
    ["no attributes", `{"resource":{"x":[]}}`, `{"resource":{"attributes":[${PROJECT},${ENVIRONMENT},${SERVICE}],"x":[]}}`],
    ["null for attributes", `{"resource":{"attributes":null}}`, `{"resource":{"attributes":[${PROJECT},${ENVIRONMENT},${SERVICE}]}}`],
    ["no attribute", `{"resource":{"attributes":[ ]}}`, `{"resource":{"attributes":[ ${PROJECT},${ENVIRONMENT},${SERVICE}]}}`],
    [
      "what wins, in another's words",
      `{"resource":{"attributes":[{"value":{"stringValue":"theirs"},"key":"highlight.project_id"},${SERVICE}]}}`,
      `{"resource":{"attributes":[${PROJECT},${SERVICE},${ENVIRONMENT}]}}`,
    ],
    [
      "keys spelled with escapes",
      String.raw`{"resou\u0072ce":{"attributes":[{"key":"service\u002ename","value":{"stringValue":"\"},{"}}]}}`,
      String.raw`{"resou\u0072ce":{"attributes":[{"key":"service\u002ename","value":{"stringValue":"\"},{"}},${PROJECT},${ENVIRONMENT}]}}`,
    ],
  ])("with %s in an item gets what it lacks there", (_, item, expected) => {
    expect(stampedText(`{"resourceLogs":[${item}]}`)).toBe(`{"resourceLogs":[${expected}]}`);
  });

  test("reads as it did, but for its resources, whatever is in it", () => {
    fc.assert(
      fc.property(fc.json(), fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }), (junk, resource) => {
        const item = new TextDecoder()
          .decode(encodeJson(makeLogs(["one", junk], makeResource(resource))))
          .slice('{"resourceLogs":['.length, -2);
        const before = `{"junk":${junk},"resourceLogs":[${item},{"junk":${junk}}]}`;
        const after = JSON.parse(stampedText(before, { winning: [], filling: [{ key: "added", value: '\u00e4"' }] })) as RequestTree;
        const expected = JSON.parse(before) as RequestTree;
        for (const entry of expected.resourceLogs) {
          const attributes = ((entry.resource ??= { attributes: [] }).attributes ??= []);
          if (!attributes.some(({ key }) => key === "added")) attributes.push({ key: "added", value: { stringValue: '\u00e4"' } });
        }
        expect(after).toEqual(expected);
      }),
    );
  });

  interface RequestTree {
    resourceLogs: { resource?: { attributes?: { key: string; value: unknown }[] } }[];
  }

  test.each<[string, unknown]>([
    ["an array of requests", [{ resourceLogs: [] }]],
    ["requests one a line", '{"resourceLogs":[]}\n{"resourceLogs":[]}'],
    ["an item without its request", { scopeLogs: [] }],
    ["a record that is none", { resourceLogs: [{ scopeLogs: [{ logRecords: ["oops"] }] }] }],
    ["a body without its AnyValue", { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: "text" }] }] }] }],
    ["a severity by name", { resourceLogs: [{ scopeLogs: [{ logRecords: [{ severityNumber: "SEVERITY_NUMBER_INFO" }] }] }] }],
    ["a time as a date", { resourceLogs: [{ scopeLogs: [{ logRecords: [{ timeUnixNano: "2026-11-20T00:00:00Z" }] }] }] }],
    ["attributes as an object", { resourceLogs: [{ resource: { attributes: { a: 1 } } }] }],
    ["no JSON", "<html>"],
  ])("of logs that is %s is left to the lenient reader, and of other signals unreadable", (_, value) => {
    expect(readOtlpRequest(bytesOf(value), "logs", "json")).toEqual({ ok: true, value: { kind: "other" } });
    const text = (typeof value === "string" ? value : JSON.stringify(value)).replaceAll("resourceLogs", "resourceSpans");
    const spans = text.replaceAll("scopeLogs", "scopeSpans").replaceAll("logRecords", "spans");
    // What is inside a span is its destination's business.
    if (/body|severity|timeUnix/.test(spans)) expect(readOtlpRequest(bytesOf(spans), "traces", "json").ok).toBe(true);
    else expect(readOtlpRequest(bytesOf(spans), "traces", "json")).toMatchObject({ ok: false, error: { reason: "unreadable" } });
  });

  test.each<[Signal, object, string]>([
    ["logs", { resourceSpans: [] }, "these are traces: send them to /v1/traces"],
    ["traces", { resourceMetrics: [] }, "these are metrics: send them to /v1/metrics"],
    ["metrics", { resourceLogs: [] }, "these are logs: send them to /v1/logs"],
  ])("at the address of the %s that holds %j is told where it belongs", (signal, value, detail) => {
    expect(readOtlpRequest(bytesOf(value), signal, "json")).toEqual({ ok: false, error: { reason: "unreadable", detail } });
  });
});

describe("the count of records", () => {
  const span = {
    name: "s",
    kind: 0,
    spanContext: () => ({ traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: 1 }),
    startTime: [1_700_000_000, 0],
    endTime: [1_700_000_001, 0],
    status: { code: 0 },
    attributes: { a: 1 },
    links: [],
    events: [],
    duration: [1, 0],
    ended: true,
    resource: { attributes: { "service.name": "shop" } },
    instrumentationScope: { name: "lib" },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  } as unknown as Parameters<typeof ProtobufTraceSerializer.serializeRequest>[0][number];

  test("is that of the spans which the OpenTelemetry SDK wrote, in both encodings, stamped or not", () => {
    const protobuf = ProtobufTraceSerializer.serializeRequest([span, span]) ?? new Uint8Array();
    const json = JsonTraceSerializer.serializeRequest([span, span]) ?? new Uint8Array();
    expect(read(protobuf, "traces").records).toBe(2);
    expect(read(json, "traces", "json").records).toBe(2);
    expect(read(stamped(protobuf, STAMP, "traces"), "traces").records).toBe(2);
    const [item] = (JSON.parse(new TextDecoder().decode(stamped(json, STAMP, "traces", "json"))) as { resourceSpans: [unknown] })
      .resourceSpans;
    expect(item).toMatchObject({
      resource: { attributes: [{ key: "service.name" }, { key: "highlight.project_id" }, { key: "deployment.environment.name" }] },
    });
  });

  test("of metrics is that of their data points, and one for a kind that is not known", () => {
    const points = field(5, field(1, "point"), field(1, "point"));
    const metrics = field(1, field(2, field(2, field(1, "m"), points), field(2, field(13, field(1, "?")))));
    expect(read(metrics, "metrics").records).toBe(3);
    const json = {
      resourceMetrics: [{ scopeMetrics: [{ metrics: [{ sum: { dataPoints: [{}, {}] } }, { newKind: { dataPoints: [] } }] }] }],
    };
    expect(read(bytesOf(json), "metrics", "json").records).toBe(3);
  });

  test.each([
    {},
    { resourceLogs: [] },
    { resourceLogs: null },
    { resourceLogs: [{}] },
    { resourceLogs: [{ scopeLogs: [{ logRecords: [] }] }] },
  ])("of %j is none", (value) => {
    expect(read(bytesOf(value), "logs", "json").records).toBe(0);
    expect(read(encodeOracle(value as object)).records).toBe(0);
  });
});
