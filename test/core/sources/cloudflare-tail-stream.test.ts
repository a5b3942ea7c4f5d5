import type { TailStream } from "@cloudflare/workers-types";
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  type CloudflareTailStreamOptions,
  createCloudflareTailStreamSource,
  type TailStreamEvent,
} from "../../../core/sources/cloudflare-tail-stream.ts";
import { describeSourceConformance } from "../../support/conformance.ts";
import type { Consumed, Leaf } from "../../support/leaves.ts";
import { decode, printed, textOfAll } from "./cloudflare-decode.ts";

/** The captures spell out what JSON cannot hold: a `Date` as ISO text, a bigint with its `n`. */
function revive(key: string, value: unknown): unknown {
  if ((key === "timestamp" || key === "scheduledTime") && typeof value === "string") return new Date(value);
  return key === "value" && typeof value === "string" && /^\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value;
}

function typeOf({ item }: Leaf): string {
  return (item as { event: { type: string } }).event.type;
}

const consumed: Consumed = {
  "event/type": "the kind of a stream event is that of its record",
  "event/info/type": ({ text }) => [{ hibernatableWebSocket: "websocket" }[text] ?? text],
  "event/info/headers/*/name": "header values are handed on by an allow-list",
  "event/info/headers/*/value": (leaf) => (leaf.text === "sess/req" ? leaf.text.split("/") : []),
  "event/info/url": ({ text }) => [text.split("/").slice(0, 3).join("/")],
  "event/info/cfJson/httpProtocol": () => ["http", "1.1"],
  "event/info/cfJson/tlsVersion": () => ["tls", "1.3"],
  "event/info/cfJson/regionCode": ({ text }) => [`US-${text}`],
  "event/info/cfJson/**": (leaf) => (/\/(?:asn|colo|city|country|continent)$/.test(leaf.path) ? undefined : []),
  "event/message/*/traceFlags": "trace flags are a field of the record",
  "event/message/**": (leaf) => {
    if (typeOf(leaf) !== "log" || leaf.kind !== "number") return undefined;
    return printed((leaf.item as { event: { message: unknown } }).event.message, leaf.path.split("/").slice(2));
  },
  timestamp: (leaf) => (["return", "outcome"].includes(typeOf(leaf)) ? [] : undefined),
  sequence: (leaf) => (["onset", "return", "outcome"].includes(typeOf(leaf)) ? [] : undefined),
  "**": (leaf) => {
    // The ids of a caller's span, and spans themselves, are traces.
    if (typeOf(leaf) === "onset") return leaf.path === "spanContext/spanId" ? [] : undefined;
    return /^(?:spanOpen|spanClose|attributes|diagnosticChannel)$/.test(typeOf(leaf)) ? [] : undefined;
  },
};

describeSourceConformance<readonly TailStreamEvent[]>({
  source: createCloudflareTailStreamSource(),
  payloadOf: (bytes) => JSON.parse(new TextDecoder().decode(bytes), revive),
  consumed,
});

const TRACE_ID = "768e5386b40416af687b0cd2c65af336";
const ROOT = "5700f65d42569749";
const CHILD = "908bb0cf7bb71d83";

function streamEvent(event: unknown, sequence: number, spanId: string | undefined = ROOT): TailStreamEvent {
  const spanContext = { traceId: TRACE_ID, spanId, traceFlags: 1 };
  return { invocationId: "ce10abd52eed42ff5ff41ae0ee4941dc", spanContext, timestamp: new Date(1795213241869 + sequence), sequence, event };
}

const request = {
  type: "fetch",
  method: "GET",
  url: "http://example.com/redact/4bf92f3577b34da6a3ce929d0e0e4736?token=aB3dE5fG7hI9jK1lM2nO4p&plain=short",
  cfJson: { colo: "DFW" },
  headers: [
    { name: "authorization", value: "Bearer z" },
    { name: "cookie", value: "a=b" },
    { name: "cf-ray", value: "57d55f210d7b95f3-SJC" },
    { name: "x-request-id", value: "r-1" },
    { name: "x-highlight-request", value: "sess/req" },
    { name: "traceparent", value: `00-${"f".repeat(32)}-00f067aa0ba902b7-01` },
  ],
};
const onset = (info: unknown = request, fields: object = {}) =>
  streamEvent({ type: "onset", spanId: ROOT, executionModel: "stateless", scriptName: "shop", info, ...fields }, 0, undefined);
const outcome = streamEvent({ type: "outcome", outcome: "ok", cpuTime: 3, wallTime: 41 }, 9);
const returned = streamEvent({ type: "return", info: { type: "fetch", statusCode: 404 } }, 8);

function decodeEvents(events: readonly unknown[], options?: CloudflareTailStreamOptions) {
  return decode(createCloudflareTailStreamSource(options), events as readonly TailStreamEvent[]);
}

describe("a streamed invocation", () => {
  test("is what the runtime's own types say", () => {
    expectTypeOf<TailStream.TailEvent<TailStream.EventType>[]>().toExtend<readonly TailStreamEvent[]>();
  });

  test("gives each record the trace and the span that were active", () => {
    const events = [
      onset(),
      streamEvent({ type: "spanOpen", name: "my-span", spanId: CHILD }, 1),
      streamEvent({ type: "log", level: "warn", message: ["in span"] }, 2, CHILD),
      streamEvent({ type: "exception", name: "Error", message: "x", code: "E_CODE" }, 3, CHILD),
      returned,
      outcome,
    ];
    const { records, filtered, malformed } = decodeEvents(events);
    expect(records.map(({ body, traceId, spanId, flags }) => [body, traceId, spanId, flags])).toEqual([
      ["GET http://example.com/redact/REDACTED?token=REDACTED&plain=short", TRACE_ID, ROOT, 1],
      ["in span", TRACE_ID, CHILD, 1],
      ["Error: x", TRACE_ID, CHILD, 1],
    ]);
    expect(records[0]).toMatchObject({ severityNumber: 17, timeUnixNano: 1795213241869000000n });
    expect(records[0]?.attributes).toMatchObject({
      "http.response.status_code": 404,
      "cloudflare.cpu_time": 3,
      "cloudflare.outcome": "ok",
    });
    expect(records[2]?.attributes).toMatchObject({ "cloudflare.exception.code": "E_CODE", "cloudflare.invocation.sequence.number": 3 });
    expect(records[1]?.attributes).toMatchObject({
      "faas.invocation_id": "ce10abd52eed42ff5ff41ae0ee4941dc",
      "cloudflare.ray_id": "57d55f210d7b95f3-SJC",
      "highlight.session_id": "sess",
      "highlight.trace_id": "req",
    });
    expect({ filtered, malformed }).toEqual({ filtered: 1, malformed: 0 });
  });

  test("shows no secret of the request, in no record", () => {
    const attributes = [
      { name: "url.full", value: request.url },
      { name: "http.request.header.authorization", value: "Bearer z" },
      { name: "user.id", value: "u1" },
    ];
    const events = [onset(request, { attributes }), streamEvent({ type: "log", level: "log", message: ["a"] }, 1), returned, outcome];
    const { records } = decodeEvents(events, { headerAllowList: ["authorization", "cookie", "x-request-id"] });
    expect(textOfAll(records)).not.toMatch(/4bf92f3577b34da6a3ce929d0e0e4736|aB3dE5fG7hI9jK1lM2nO4p|Bearer z|a=b/);
    expect(records[0]?.attributes).toMatchObject({
      "url.full": "http://example.com/redact/REDACTED?token=REDACTED&plain=short",
      "http.request.header.authorization": ["REDACTED"],
      "http.request.header.cookie": ["REDACTED"],
      "http.request.header.x-request-id": ["r-1"],
      "user.id": "u1",
    });
  });

  test("shows no credentials of a URL among its attributes", () => {
    const url = "https://bob:hunter2@shop.example/redact/4bf92f3577b34da6a3ce929d0e0e4736";
    const attributes = ["url.full", "http.url", "url.original"].map((name) => ({ name, value: url }));
    const { records } = decodeEvents([onset({ type: "jsrpc" }, { attributes }), outcome]);
    const redacted = "https://REDACTED:REDACTED@shop.example/redact/REDACTED";
    expect(records[0]?.attributes).toMatchObject({ "url.full": redacted, "http.url": redacted, "url.original": redacted });
    expect(textOfAll(records)).not.toMatch(/bob|hunter2|4bf92f3577b34da6a3ce929d0e0e4736/);
  });

  test("takes the attributes of its own span, bigints among them, and not those of others", () => {
    const events = [
      onset({ type: "jsrpc" }),
      streamEvent(
        {
          type: "attributes",
          info: [
            { name: "jsrpc.method", value: "hello" },
            { name: "rows", value: 9007199254740993n },
            { name: "ids", value: [1n, 2n] },
          ],
        },
        1,
      ),
      streamEvent({ type: "attributes", info: [{ name: "http.response.status_code", value: 200n }] }, 2, CHILD),
      outcome,
    ];
    const { records, filtered } = decodeEvents(events);
    expect(records[0]).toMatchObject({ body: "hello", severityNumber: 9 });
    expect(records[0]?.attributes).toMatchObject({
      "rpc.method": "hello",
      "cloudflare.jsrpc.method": "hello",
      rows: 9007199254740993n,
      ids: [1, 2],
    });
    expect(records[0]?.attributes).not.toHaveProperty(["http.response.status_code"]);
    expect(filtered).toBe(1);
  });

  test("says the same fact once, though it comes as a number and as a bigint", () => {
    const attributes = streamEvent({ type: "attributes", info: [{ name: "http.response.status_code", value: 404n }] }, 1);
    const { records } = decodeEvents([onset(), attributes, returned, outcome]);
    expect(Object.keys(records[0]?.attributes ?? {}).filter((key) => key.endsWith("http.response.status_code"))).toHaveLength(1);
  });

  test("in slices is one invocation, whose own record comes with the outcome", () => {
    const first = decodeEvents([onset(), streamEvent({ type: "log", level: "log", message: ["a"] }, 1)]);
    const last = decodeEvents([onset(), streamEvent({ type: "log", level: "log", message: ["b"] }, 2), returned, outcome]);
    expect(first.records.map(({ body }) => body)).toEqual(["a"]);
    expect(last.records.map(({ eventName, body }) => eventName || body)).toEqual(["cloudflare.invocation", "b"]);
    expect(decodeEvents([onset()])).toMatchObject({ records: [], filtered: 1 });
  });

  test("in slices is at fault when an earlier one held an exception", () => {
    expect(decodeEvents([onset(), outcome]).records).toMatchObject([{ severityNumber: 9 }]);
    expect(decodeEvents([{ ...onset(), hadExceptions: true }, outcome]).records).toMatchObject([{ severityNumber: 17 }]);
  });

  test("without ids of the platform has the trace of its traceparent, unless that is switched off", () => {
    const [first, end] = [onset(), outcome].map((event) => ({ ...event, spanContext: undefined }));
    expect(decodeEvents([first, end]).records).toMatchObject([{ traceId: "f".repeat(32) }]);
    expect(decodeEvents([first, end], { traceparent: false }).records).toMatchObject([{ traceId: "" }]);
  });

  test("of which the onset is missing keeps its records and their ids", () => {
    const { records } = decodeEvents([streamEvent({ type: "log", level: "log", message: ["a"] }, 1, CHILD)]);
    expect(records[0]).toMatchObject({ body: "a", traceId: TRACE_ID, spanId: CHILD, attributes: { "cloudflare.handler_type": "unknown" } });
  });

  test("keeps a message that the platform cut, and says so", () => {
    const text = `["${"y".repeat(1000)}`;
    const { records } = decodeEvents([onset(), streamEvent({ type: "log", level: "log", message: text, truncated: true }, 1)]);
    expect(records[0]).toMatchObject({ body: text, attributes: { "cloudflare.truncated": true } });
  });

  test("of which the platform dropped events says so", () => {
    const { records } = decodeEvents([
      onset(),
      streamEvent({ type: "streamDiagnostic", diagnostic: { diagnosticsType: "droppedEvents", count: 12 } }, 1),
    ]);
    expect(records[0]).toMatchObject({
      body: "droppedEvents",
      severityNumber: 13,
      eventName: "cloudflare.stream_diagnostic",
      attributes: { "cloudflare.stream_diagnostic": { diagnosticsType: "droppedEvents", count: 12 } },
    });
  });

  test("keeps events that it does not know, raw and marked", () => {
    const { records, malformed } = decodeEvents([onset(), streamEvent({ type: "teleport", to: "mars" }, 1), null, 7]);
    expect(malformed).toBe(3);
    expect(records[0]?.body).toContain('"to":"mars"');
  });

  test("hands on diagnostics channels when asked", () => {
    const event = streamEvent({ type: "diagnosticChannel", channel: "my", message: new Map([["a", 1]]) }, 1);
    expect(decodeEvents([onset(), event]).records).toEqual([]);
    expect(decodeEvents([onset(), event], { diagnosticsChannels: true }).records[0]).toMatchObject({ body: { a: 1 }, severityNumber: 5 });
  });

  test.each([
    [{ type: "scheduled", cron: "0 0 * * *", scheduledTime: new Date(1795213248880) }, "scheduled", "0 0 * * *"],
    [{ type: "alarm", scheduledTime: new Date(1795213248880) }, "alarm", "2026-11-20T22:20:48.880Z"],
    [{ type: "queue", queueName: "jobs", batchSize: 2 }, "queue", "jobs"],
    [{ type: "email", mailFrom: "a@example.com", rcptTo: "b@example.com", rawSize: 1 }, "email", "b@example.com"],
    [{ type: "hibernatableWebSocket", info: { type: "message" } }, "websocket", "message"],
    [{ type: "onHibernate", reason: "system" }, "on_hibernate", "system"],
    [{ type: "connect" }, "connect", "connect"],
    [{ type: "custom" }, "custom", "custom"],
    [{ type: "workflow", step: 2 }, "workflow", "workflow"],
    [undefined, "unknown", "unknown"],
  ])("of %j is of type %s", (info, type, body) => {
    const onsetEvent = streamEvent({ type: "onset", spanId: ROOT, info }, 0, undefined);
    const { records } = decodeEvents([onsetEvent, outcome]);
    expect(records[0]).toMatchObject({ body, attributes: { "cloudflare.handler_type": type } });
  });

  test("of a tail worker, or to our own endpoint, is skipped", () => {
    const logged = streamEvent({ type: "log", level: "error", message: ["export failed"] }, 1);
    expect(decodeEvents([onset({ type: "trace", traces: [null] }), logged, outcome])).toMatchObject({ records: [], filtered: 3 });
    const own = onset({ type: "fetch", method: "POST", url: "https://otlp.example.com/v1/logs", headers: [] });
    expect(decodeEvents([own, logged], { ownEndpoint: "https://otlp.example.com" })).toMatchObject({ records: [], filtered: 2 });
  });

  test("may be one of several in a payload", () => {
    const logged = streamEvent({ type: "log", level: "log", message: ["a"] }, 1);
    const { records } = decodeEvents([onset(), logged, onset(request, { scriptName: "pay" }), logged]);
    expect(records.map(({ resource }) => resource["service.name"])).toEqual(["shop", "pay"]);
  });
});
