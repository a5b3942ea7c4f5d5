import { gzipSync } from "node:zlib";
import { fromBinary, fromJsonString } from "@bufbuild/protobuf";
import { JsonMetricsSerializer, JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import { afterEach, describe, expect, test } from "vitest";
import { encodeJson } from "../../core/otlp/json.ts";
import type { LogRecord } from "../../core/otlp/model.ts";
import { encodeProtobuf } from "../../core/otlp/protobuf.ts";
import { describeDelivery } from "../support/delivery.ts";
import { createHttpSubject, createTestApp, type Env, type TestApp } from "../support/http-app.ts";
import { makeLogs, makeRecord, makeResource } from "../support/log-records.ts";
import { decodeOracle, encodeOracle } from "../support/oracle.ts";
import { responseSchema, statusSchema } from "../support/otlp-messages.ts";
import { type RawReceiver, startRawReceiver } from "../support/raw-receiver.ts";
import { ok, partialSuccess, type Receiver, rejectIf, startReceiver, status, tooLargeIf } from "../support/receiver.ts";

const TOKEN = "a-token-nobody-can-guess";
const ENV: Env = { OTLP_INTAKE_TOKEN: TOKEN };
const BEARER = { authorization: `Bearer ${TOKEN}` };
const JSON_TYPE = "application/json";
const PROTOBUF_TYPE = "application/x-protobuf";

let receiver: Receiver | undefined;
let raw: RawReceiver | undefined;
let app: TestApp;

afterEach(async () => {
  await Promise.all([receiver?.close(), raw?.close()]);
  expect(receiver?.violations ?? []).toEqual([]);
  receiver = raw = undefined;
});

async function open(env: Env = {}, behaviour: Parameters<Receiver["behave"]>[0] = ok(), budgetMs = 5_000): Promise<Receiver> {
  receiver = await startReceiver({ behaviour });
  app = createTestApp({ ...ENV, ...env }, receiver.url, { budgetMs });
  return receiver;
}

/** To a destination that takes anything. */
async function openRaw(env: Env = {}): Promise<RawReceiver> {
  raw = await startRawReceiver();
  app = createTestApp({ ...ENV, ...env }, raw.url, { budgetMs: 2_000 });
  return raw;
}

type Body = string | Uint8Array;

function post(body: Body, contentType: string | undefined, headers: Record<string, string> = {}, path = "/v1/logs"): Promise<Response> {
  const type: Record<string, string> = contentType === undefined ? {} : { "content-type": contentType };
  return app.request(path, { method: "POST", body: Buffer.from(body as Uint8Array), headers: { ...BEARER, ...type, ...headers } });
}

function texts(...bodies: readonly string[]): LogRecord[] {
  return bodies.map((body) => makeRecord(body));
}

const PROTOBUF = encodeProtobuf(makeLogs(texts("one", "two")));
const JSON_TEXT = new TextDecoder().decode(encodeJson(makeLogs(texts("one", "two"))));

/** Success and error answers must be OTLP's own, in the encoding of the request. */
async function readAnswer(response: Response): Promise<Record<string, unknown>> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const schema = response.ok ? responseSchema : statusSchema;
  const message =
    response.headers.get("content-type") === PROTOBUF_TYPE
      ? fromBinary(schema, bytes)
      : fromJsonString(schema, new TextDecoder().decode(bytes));
  return { status: response.status, ...(message as object) };
}

describeDelivery(
  createHttpSubject({
    name: "the OTLP drain, in JSON",
    env: ENV,
    toRequest({ ids, brokenItemAt }) {
      const request = JSON.parse(new TextDecoder().decode(encodeJson(makeLogs(texts(...ids))))) as {
        resourceLogs: [{ scopeLogs: [{ logRecords: unknown[] }] }];
      };
      if (brokenItemAt !== undefined) request.resourceLogs[0].scopeLogs[0].logRecords.splice(brokenItemAt, 0, "no log record");
      return {
        path: "/v1/logs",
        init: { method: "POST", body: JSON.stringify(request), headers: { ...BEARER, "content-type": JSON_TYPE } },
      };
    },
    isRetried: (code) => [429, 502, 503, 504].includes(code),
  }),
);

describeDelivery({
  ...createHttpSubject({
    name: "the OTLP drain, in protobuf",
    env: { ...ENV, OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" },
    toRequest: ({ ids }) => ({
      path: "/v1/logs",
      init: {
        method: "POST",
        body: gzipSync(encodeProtobuf(makeLogs(texts(...ids)))),
        headers: { ...BEARER, "content-type": PROTOBUF_TYPE, "content-encoding": "gzip" },
      },
    }),
    isRetried: (code) => [429, 502, 503, 504].includes(code),
  }),
  // A protobuf message with one broken part is none.
  brokenItem: false,
});

describe("logs", () => {
  test.each<[string, Body, string]>([
    ["protobuf", PROTOBUF, PROTOBUF_TYPE],
    ["JSON", JSON_TEXT, JSON_TYPE],
  ])("in %s arrive as the very bytes that were sent, and the answer is the empty success", async (_, body, contentType) => {
    const { requests } = await openRaw();
    const response = await post(body, contentType);
    expect([response.status, response.headers.get("content-type"), await response.text()]).toEqual([
      200,
      contentType,
      contentType === JSON_TYPE ? "{}" : "",
    ]);
    expect(requests.map(({ path, bytes }) => [path, bytes])).toEqual([["/v1/logs", Uint8Array.from(Buffer.from(body))]]);
    expect(requests[0]?.headers["content-type"]).toBe(contentType);
    expect(app.lines).toEqual([]);
  });

  test.each<[string, Body, string]>([
    ["protobuf", PROTOBUF, PROTOBUF_TYPE],
    ["JSON", JSON_TEXT, JSON_TYPE],
  ])("in %s get what the configuration and the request add to resources, and the project's header", async (_, body, contentType) => {
    const { requests, accepted } = await open({
      HIGHLIGHT_PROJECT_ID: "1jdkoe52",
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=production,service.name=unnamed",
    });
    expect((await post(body, contentType, { "x-otlp-resource": "team=checkout" })).status).toBe(200);
    expect(accepted.map((record) => record.resource)).toEqual(
      accepted.map(() => ({
        "service.name": "shop",
        "highlight.project_id": "1jdkoe52",
        "deployment.environment.name": "production",
        team: "checkout",
      })),
    );
    expect(requests[0]?.headers["x-highlight-project"]).toBe("1jdkoe52");
  });

  test("without a service get the configured one, and OTEL_SERVICE_NAME names every one's", async () => {
    const nameless = encodeProtobuf(makeLogs(texts("one"), makeResource({})));
    let { accepted } = await open({ OTEL_RESOURCE_ATTRIBUTES: "service.name=unnamed" });
    await post(nameless, PROTOBUF_TYPE);
    expect(accepted[0]?.resource).toEqual({ "service.name": "unnamed" });
    await receiver?.close();
    ({ accepted } = await open({ OTEL_SERVICE_NAME: "named" }));
    await post(PROTOBUF, PROTOBUF_TYPE);
    expect(accepted[0]?.resource).toEqual({ "service.name": "named" });
  });

  test("keep severity 0, ids of a wrong length and fields from the future, for the destination to judge", async () => {
    const { requests } = await openRaw({ OTEL_RESOURCE_ATTRIBUTES: "a=b" });
    const record = '{"traceId":"0AF7","spanId":"","severityNumber":0,"flags":4294967295,"fromTheFuture":[1e400,-0]}';
    await post(`{"resourceLogs":[{"resource":{"attributes":[]},"scopeLogs":[{"logRecords":[${record}]}]}]}`, JSON_TYPE);
    expect(new TextDecoder().decode(requests[0]?.bytes)).toContain(`"scopeLogs":[{"logRecords":[${record}]}]`);
  });

  test("in gzip are read, with and without a header, and forwarded in gzip", async () => {
    const { requests } = await open();
    expect((await post(gzipSync(PROTOBUF), PROTOBUF_TYPE, { "content-encoding": "gzip" })).status).toBe(200);
    expect((await post(gzipSync(JSON_TEXT), JSON_TYPE)).status).toBe(200);
    expect(requests.map(({ headers, records }) => [headers["content-encoding"], records.length])).toEqual([
      ["gzip", 2],
      ["gzip", 2],
    ]);
  });

  const item = JSON_TEXT.slice('{"resourceLogs":['.length, -2);
  test.each<[string, string, number]>([
    ["an array of requests", `[${JSON_TEXT},${JSON_TEXT}]`, 4],
    ["a request a line", `${JSON_TEXT}\n${JSON_TEXT}\n`, 4],
    ["requests one behind the other", JSON_TEXT + JSON_TEXT, 4],
    ["an item without its request", item, 2],
    ["numbers for times", JSON_TEXT.replaceAll(/"(\d{19})"/g, "$1"), 2],
    ["names for severities", JSON_TEXT.replaceAll('"severityNumber":9', '"severityNumber":"SEVERITY_NUMBER_INFO"'), 2],
    ["bare texts for bodies", JSON_TEXT.replaceAll(/\{"stringValue":"(one|two)"\}/g, '"$1"'), 2],
  ])("spelled as hand-made clients do, %s, are understood, to the nanosecond, and stamped", async (_, body, records) => {
    const { accepted, requests } = await open({ HIGHLIGHT_PROJECT_ID: "1jdkoe52" });
    expect((await post(body, JSON_TYPE)).status).toBe(200);
    expect(requests.length).toBe(1);
    expect(accepted.length).toBe(records);
    for (const record of accepted) {
      expect(record).toMatchObject({ severityNumber: 9, timeUnixNano: 1_700_000_000_123_456_789n, resource: { "service.name": "shop" } });
      expect(record.resource["highlight.project_id"]).toBe("1jdkoe52");
      expect(["one", "two"]).toContain(record.body);
    }
  });

  test("that the destination finds too large are split, in either encoding", async () => {
    const many = makeLogs(Array.from({ length: 16 }, (_, index) => makeRecord(`record ${index} ${"x".repeat(200)}`)));
    const { accepted } = await open({}, () => tooLargeIf(2_000));
    for (const [body, type] of [
      [encodeProtobuf(many), PROTOBUF_TYPE],
      [encodeJson(many), JSON_TYPE],
    ] as const) {
      expect(await readAnswer(await post(body, type))).toMatchObject({ status: 200 });
    }
    expect(accepted.length).toBe(32);
  });

  test("of which one is poison are delivered but for that one, which the client is told of", async () => {
    const { accepted } = await open({}, () => rejectIf(({ body }) => body === "two", 400));
    receiver?.behave(() => rejectIf(({ body, attributes }) => body === "two" || "otlp_drain.reduced" in attributes, 400));
    const answer = await readAnswer(await post(PROTOBUF, PROTOBUF_TYPE));
    expect(answer).toMatchObject({ status: 200, partialSuccess: { rejectedLogRecords: 1n } });
    expect(accepted.map(({ body }) => body)).toEqual(["one"]);
  });

  test("in an encoding that the destination does not take are handed on in the configured one", async () => {
    const { accepted } = await open({}, ({ encoding }) => (encoding === "json" ? status(415) : ok()));
    expect((await post(JSON_TEXT, JSON_TYPE)).status).toBe(200);
    expect(accepted.length).toBe(2);
  });
});

describe("what the destination says", () => {
  test.each([
    ["protobuf", PROTOBUF, PROTOBUF_TYPE],
    ["JSON", JSON_TEXT, JSON_TYPE],
  ] as const)("of a partial success is handed on in %s, with its count and its words", async (_, body, contentType) => {
    await open({}, partialSuccess(1, "too old"));
    const response = await post(body, contentType);
    const { partialSuccess: partial } = await readAnswer(response);
    expect(partial).toMatchObject({ rejectedLogRecords: 1n, errorMessage: expect.stringContaining("too old") });
  });

  test("as a warning is handed on without a count", async () => {
    await open({}, partialSuccess(0, "deprecated"));
    expect(await (await post(JSON_TEXT, JSON_TYPE)).json()).toEqual({
      partialSuccess: { errorMessage: "the destination warns: deprecated" },
    });
  });

  test.each([429, 502, 503, 504])("by %i is 503 with its Retry-After", async (code) => {
    await open({}, () => status(code, { retryAfter: 9 }), 100);
    const response = await post(PROTOBUF, PROTOBUF_TYPE);
    expect(response.headers.get("retry-after")).toBe("9");
    expect(await readAnswer(response)).toMatchObject({ status: 503, code: 14, message: "the destination is not available" });
  });

  test.each([401, 403, 404, 500, 501])("by %i is 503, so that the client keeps its data", async (code) => {
    await open({}, () => status(code));
    const response = await post(JSON_TEXT, JSON_TYPE);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await readAnswer(response)).toMatchObject({ status: 503, message: "the destination refuses deliveries" });
  });
});

describe("an empty request", () => {
  test.each<[string, Body, string | undefined]>([
    ["no bytes of protobuf", "", PROTOBUF_TYPE],
    ["no bytes", "", undefined],
    ["{}", "{}", JSON_TYPE],
    ["an empty list", '{"resourceLogs":[]}', JSON_TYPE],
    ["an empty item", '{"resourceLogs":[{"resource":{},"scopeLogs":[{"logRecords":[]}]}]}', JSON_TYPE],
    ["Trigger.dev's batch of a run that is not sampled", encodeOracle({ resourceLogs: [] }), PROTOBUF_TYPE],
    ["an empty item of protobuf", encodeOracle({ resourceLogs: [{ resource: {}, scopeLogs: [{ logRecords: [] }] }] }), PROTOBUF_TYPE],
  ])("of %s is a success, and nothing is sent", async (_, body, contentType) => {
    const { requests } = await open();
    const response = await post(body, contentType);
    expect([response.status, await response.text()]).toEqual([200, contentType === PROTOBUF_TYPE ? "" : "{}"]);
    expect(requests.length).toBe(0);
  });
});

describe("Cloudflare's test of a new destination", () => {
  const contents = ["test", "tests", '{"content":"test"}', '{"content":"tests"}', ""];
  test.each(contents)("with %j is answered 200 and not handed on, whatever its media type, in gzip or not", async (content) => {
    const { requests } = await open();
    for (const contentType of [undefined, "text/plain", JSON_TYPE, "application/x-ndjson"]) {
      expect((await post(content, contentType)).status).toBe(200);
      expect((await post(gzipSync(content), contentType, { "content-encoding": "gzip" })).status).toBe(200);
      expect((await post(gzipSync(content), contentType)).status).toBe(200);
    }
    expect(requests.length).toBe(0);
  });

  test("is answered 401 without the token", async () => {
    await open();
    for (const content of contents) expect((await post(content, undefined, { authorization: "" })).status).toBe(401);
  });
});

describe("a request that cannot be taken", () => {
  test.each<[string, Body, string | undefined, number, number]>([
    ["of another media type", JSON_TEXT, "text/plain", 415, 3],
    ["of gRPC", PROTOBUF, "application/grpc", 415, 3],
    ["of protobuf without a media type", PROTOBUF, undefined, 415, 3],
    ["of protobuf under the name of JSON", PROTOBUF, JSON_TYPE, 400, 3],
    ["of JSON under the name of protobuf", JSON_TEXT, PROTOBUF_TYPE, 400, 3],
    ["of half a request", JSON_TEXT.slice(0, 40), JSON_TYPE, 400, 3],
    ["of half a message", PROTOBUF.subarray(0, 40), PROTOBUF_TYPE, 400, 3],
    ["of another kind of JSON", '{"resourceLogs":"none"}', JSON_TYPE, 400, 3],
    ["of traces", '{"resourceSpans":[{}]}', JSON_TYPE, 400, 3],
    ["of traces, line by line", '{"resourceSpans":[{}]}\n{"resourceSpans":[{}]}', JSON_TYPE, 400, 3],
    ["of traces in a list", '[{"resourceSpans":[{}]}]', JSON_TYPE, 400, 3],
    ["of a bare item of traces", '{"scopeSpans":[{}]}', JSON_TYPE, 400, 3],
  ])("%s is refused in its own encoding, and nothing is sent", async (_, body, contentType, code, rpcCode) => {
    const { requests } = await open();
    const response = await post(body, contentType);
    expect(await readAnswer(response)).toMatchObject({ status: code, code: rpcCode });
    expect(requests.length).toBe(0);
  });

  test("without a media type is read when it begins like JSON", async () => {
    const { accepted } = await open();
    expect((await post(JSON_TEXT, undefined)).status).toBe(200);
    expect((await post(JSON_TEXT, "application/json; charset=utf-8")).status).toBe(200);
    expect(accepted.length).toBe(4);
  });

  test("with a method of another kind is answered 405", async () => {
    await open();
    const response = await app.request("/v1/logs", { method: "DELETE", headers: BEARER });
    expect([response.status, response.headers.get("allow")]).toEqual([405, expect.stringContaining("POST")]);
  });

  test("over the cap is answered 413", async () => {
    await open({ OTLP_DRAIN_MAX_BODY_BYTES: "100" });
    expect(await readAnswer(await post(PROTOBUF, PROTOBUF_TYPE))).toMatchObject({ status: 413, code: 8 });
  });

  test.each([PROTOBUF_TYPE, JSON_TYPE])("without the token is answered 401 in %s before it is read", async (contentType) => {
    const { requests } = await open();
    for (const authorization of ["", "Bearer another", "Basic !"]) {
      const response = await post("not even OTLP", contentType, { authorization });
      expect(response.headers.get("content-type")).toBe(contentType);
      expect(await readAnswer(response)).toMatchObject({ status: 401, code: 16 });
    }
    expect(requests.length).toBe(0);
  });
});

const SPANS = new TextDecoder().decode(
  JsonTraceSerializer.serializeRequest([
    {
      name: "GET /",
      kind: 1,
      spanContext: () => ({ traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: 1 }),
      startTime: [1_700_000_000, 1],
      endTime: [1_700_000_001, 2],
      status: { code: 0 },
      attributes: { "http.response.status_code": 200 },
      links: [],
      events: [],
      duration: [1, 1],
      ended: true,
      resource: { attributes: { "service.name": "shop" } },
      instrumentationScope: { name: "lib" },
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    } as unknown as Parameters<typeof JsonTraceSerializer.serializeRequest>[0][number],
  ]),
);
const METRICS = JSON.stringify({
  resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: "m", gauge: { dataPoints: [{ asDouble: 1.5, timeUnixNano: "1" }] } }] }] }],
});
const PROJECT = '{"key":"highlight.project_id","value":{"stringValue":"1jdkoe52"}}';

describe("traces and metrics", () => {
  test.each([
    ["/v1/traces", SPANS, SPANS.replace('"stringValue":"shop"}}', `"stringValue":"shop"}},${PROJECT}`)],
    ["/v1/metrics", METRICS, METRICS.replace('{"scopeMetrics"', `{"resource":{"attributes":[${PROJECT}]},"scopeMetrics"`)],
  ])("posted to %s are handed on there, with nothing changed but the resource", async (path, body, expected) => {
    const { requests } = await openRaw({ HIGHLIGHT_PROJECT_ID: "1jdkoe52" });
    const response = await post(body, JSON_TYPE, {}, path);
    expect([response.status, await response.text()]).toEqual([200, "{}"]);
    expect(requests.map((request) => [request.path, new TextDecoder().decode(request.bytes)])).toEqual([[path, expected]]);
    expect(requests[0]?.headers["x-highlight-project"]).toBe("1jdkoe52");
  });

  test("have the count of what was refused handed on under its own name", async () => {
    const { answer } = await openRaw();
    answer({ body: '{"partialSuccess":{"rejectedSpans":"1","errorMessage":"too old"}}' });
    expect(await (await post(SPANS, JSON_TYPE, {}, "/v1/traces")).json()).toMatchObject({ partialSuccess: { rejectedSpans: "1" } });
    answer({ body: '{"partialSuccess":{"rejectedDataPoints":1}}' });
    expect(await (await post(METRICS, JSON_TYPE, {}, "/v1/metrics")).json()).toMatchObject({ partialSuccess: { rejectedDataPoints: "1" } });
    expect(app.lines).toMatchObject([
      { drain: "otlp", rejected: 1 },
      { drain: "otlp", rejected: 1 },
    ]);
  });

  test.each([
    [400, 400, 1],
    // Once more without compression, which may be what is not supported.
    [415, 415, 2],
    [422, 400, 1],
    [413, 413, 1],
    [401, 503, 1],
    [500, 503, 1],
  ])("that the destination refuses with %i are refused with %i", async (theirs, ours, asked) => {
    const { answer, requests } = await openRaw();
    answer(...Array.from({ length: asked }, () => ({ status: theirs })));
    const response = await post(SPANS, JSON_TYPE, {}, "/v1/traces");
    expect(response.status).toBe(ours);
    expect(requests.length).toBe(asked);
  });

  test("are tried again inside the budget", async () => {
    const { answer, requests } = await openRaw();
    answer({ status: 503 }, { status: 502 }, {});
    expect((await post(SPANS, JSON_TYPE, {}, "/v1/traces")).status).toBe(200);
    expect(requests.length).toBe(3);
  });

  test("go to endpoints of their own, with headers of their own", async () => {
    const { requests, url } = await openRaw();
    app = createTestApp(
      {
        ...ENV,
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${url.href}traces-in?k=1`,
        OTEL_EXPORTER_OTLP_TRACES_HEADERS: "x-key=t",
        OTEL_EXPORTER_OTLP_LOGS_HEADERS: "x-key=l",
      },
      url,
    );
    await post(SPANS, JSON_TYPE, {}, "/v1/traces/");
    expect(requests.map(({ path, headers }) => [path, headers["x-key"]])).toEqual([["/traces-in?k=1", "t"]]);
  });

  test("without a destination are answered 503 with what to set, and reported", async () => {
    const { url, requests } = await openRaw();
    app = createTestApp({ ...ENV, OTEL_EXPORTER_OTLP_ENDPOINT: "", OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: `${url.href}v1/logs` }, url);
    const answer = await readAnswer(await post(SPANS, JSON_TYPE, {}, "/v1/traces"));
    expect(answer).toMatchObject({ status: 503, message: expect.stringContaining("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") });
    expect(app.lines).toMatchObject([{ level: "error", reason: "refused", detail: expect.stringContaining("no destination for traces") }]);
    expect((await post(METRICS, JSON_TYPE, {}, "/v1/metrics")).status).toBe(503);
    expect((await post(PROTOBUF, PROTOBUF_TYPE)).status).toBe(200);
    expect(requests.length).toBe(1);
  });

  test("that are none are answered 400", async () => {
    await openRaw();
    expect((await post("{", JSON_TYPE, {}, "/v1/traces")).status).toBe(400);
    expect((await post(JSON_TEXT, JSON_TYPE, {}, "/v1/metrics")).status).toBe(400);
  });
});

test("metrics that the OpenTelemetry SDK wrote are counted by their points", async () => {
  const { answer } = await openRaw();
  const request = JsonMetricsSerializer.serializeRequest({ resource: { attributes: {} }, scopeMetrics: [] } as never) ?? new Uint8Array();
  answer({ status: 500 });
  // No point, no request.
  expect((await post(request, JSON_TYPE, {}, "/v1/metrics")).status).toBe(200);
});

test("a way out that takes records alone gets logs, and tells that it takes no traces", async () => {
  const bodies: unknown[] = [];
  const { url } = await openRaw();
  app = createTestApp(ENV, url, {
    drain: {
      async deliver(source, payload) {
        const decoded = source.decode(payload, { observedTimeUnixNano: 5n });
        if (!decoded.ok) return decoded;
        for (const { resourceLogs } of decoded.value.batches)
          bodies.push(
            ...resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords.map(({ body }) => body))),
          );
        return { ok: true, value: { delivered: 2, rejected: 0, malformed: 0, filtered: 0, notes: [] } };
      },
    },
  });
  expect((await post(PROTOBUF, PROTOBUF_TYPE)).status).toBe(200);
  expect((await post(JSON_TEXT, JSON_TYPE)).status).toBe(200);
  expect(bodies).toEqual(["one", "two", "one", "two"]);
  expect((await post(SPANS, JSON_TYPE, {}, "/v1/traces")).status).toBe(503);
});

test("protobuf that was stamped is what the official parser reads", async () => {
  const { requests } = await openRaw({ OTEL_RESOURCE_ATTRIBUTES: "a=b" });
  await post(PROTOBUF, PROTOBUF_TYPE);
  const [item] = decodeOracle(requests[0]?.bytes ?? new Uint8Array()).resourceLogs;
  expect(item?.resource?.attributes.map(({ key }) => key)).toEqual(["service.name", "a"]);
});
