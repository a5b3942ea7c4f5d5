import type { TraceItem } from "@cloudflare/workers-types";
import { describe, expect, expectTypeOf, test, vi } from "vitest";
import { createCloudflareTailSource, type TraceItemLike } from "../../../core/sources/cloudflare-tail.ts";
import { describeSourceConformance } from "../../support/conformance.ts";
import { listCases, textOf } from "../../support/fixtures.ts";
import type { Consumed } from "../../support/leaves.ts";
import { decode, decodeItems, log, printed, requestItem, traceItem } from "./cloudflare-decode.ts";

const consumed: Consumed = {
  "event/request/headers/x-highlight-request": ({ text }) => text.split("/"),
  "event/request/headers/*": "header values are handed on by an allow-list",
  "event/request/cf/httpProtocol": ({ text }) => text.toLowerCase().split("/"),
  "event/request/cf/tlsVersion": ({ text }) => text.toLowerCase().split("v"),
  "event/request/cf/regionCode": ({ text }) => [text === "TX" ? "US-TX" : `NL-${text}`],
  "event/request/cf/**": (leaf) => (/\/(?:asn|colo|city|country|continent)$/.test(leaf.path) ? undefined : []),
  "event/scheduledTime": ({ text }) => [Number.isNaN(Number(text)) ? text : new Date(Number(text)).toISOString()],
  "logs/*/message/*/traceFlags": "trace flags are a field of the record",
  "logs/*/message/**": ({ path, kind, item }) => {
    const [, index, , ...place] = path.split("/");
    const { logs } = item as { readonly logs: readonly { readonly message: unknown }[] };
    return kind === "number" ? printed(logs[Number(index)]?.message, place) : undefined;
  },
  "diagnosticsChannelEvents/**": "off by default",
  // Invocations of tail workers are skipped.
  "**": ({ item }) => ("consumedEvents" in ((item as { readonly event: object | null }).event ?? {}) ? [] : undefined),
};

describeSourceConformance<readonly TraceItemLike[]>({
  source: createCloudflareTailSource(),
  payloadOf: (bytes) => JSON.parse(new TextDecoder().decode(bytes)),
  consumed,
});

const ENDPOINT = "https://otlp.example.com/v1/logs";

describe("a tail payload", () => {
  test("is what the runtime's own types say", () => {
    expectTypeOf<TraceItem[]>().toExtend<readonly TraceItemLike[]>();
  });

  test("of many items keeps them all, one resource per script, version, entrypoint and namespace", () => {
    const worker = { scriptName: "shop", scriptVersion: { id: "v-1" }, logs: [log("log", "a")] };
    const items = [
      worker,
      { ...worker, entrypoint: "Counter" },
      { ...worker, scriptVersion: { id: "v-2", tag: "blue" } },
      { ...worker, dispatchNamespace: "customers" },
      { ...worker, scriptName: "dispatcher" },
      worker,
    ].map((fields) => traceItem(fields));
    const { batches, records } = decodeItems(items);
    expect(batches.flatMap(({ resourceLogs }) => resourceLogs).map(({ scopeLogs }) => scopeLogs[0]?.logRecords.length)).toEqual([
      4, 2, 2, 2, 2,
    ]);
    expect(records).toHaveLength(12);
    expect(records.map(({ resource }) => resource["service.version"])).toContain("blue");
  });

  test("of more items than a batch holds joins them by the same resource objects", () => {
    const items = Array.from({ length: 600 }, () => traceItem({ logs: [log("log", "a")] }));
    const { batches, records } = decodeItems(items);
    expect(batches.length).toBeGreaterThan(1);
    expect(records).toHaveLength(1200);
    expect(new Set(batches.flatMap(({ resourceLogs }) => resourceLogs).map(({ resource }) => resource)).size).toBe(1);
  });

  test("names the service by the script, else by the configuration, else says that it is unknown", () => {
    const nameOf = (scriptName: unknown, configured?: string) => {
      const source = createCloudflareTailSource();
      return decode(source, [traceItem({ scriptName })], configured).records[0]?.resource["service.name"];
    };
    expect(nameOf("shop", "configured")).toBe("shop");
    expect(nameOf(null, "configured")).toBe("configured");
    expect(nameOf(null)).toBe("unknown_service");
  });

  test("describes the Worker as Cloudflare's own traces do", () => {
    const worker = {
      scriptName: "shop",
      scriptVersion: { id: "4c1c0a52-6a7e-4c6e-9a53-5f0d7f0a2b11", tag: "v2", message: "hotfix" },
      scriptTags: ["team:web", "eu"],
      dispatchNamespace: "customers",
      entrypoint: "Checkout",
      preview: { id: "p1", slug: "fix-cart", name: "Fix cart" },
    };
    expect(decodeItems([traceItem(worker)]).records[0]?.resource).toEqual({
      "service.name": "shop",
      "service.version": "v2",
      "cloud.provider": "cloudflare",
      "cloud.platform": "cloudflare.workers",
      "faas.name": "shop",
      "faas.version": "4c1c0a52-6a7e-4c6e-9a53-5f0d7f0a2b11",
      "cloudflare.script_name": "shop",
      "cloudflare.script_version.id": "4c1c0a52-6a7e-4c6e-9a53-5f0d7f0a2b11",
      "cloudflare.script_version.tag": "v2",
      "cloudflare.script_version.message": "hotfix",
      "cloudflare.script_tags": ["team:web", "eu"],
      "cloudflare.dispatch_namespace": "customers",
      "cloudflare.entrypoint": "Checkout",
      "cloudflare.preview.id": "p1",
      "cloudflare.preview.slug": "fix-cart",
      "cloudflare.preview.name": "Fix cart",
    });
  });

  test("that is no array is refused as a whole", () => {
    const result = createCloudflareTailSource().decode({} as never, { observedTimeUnixNano: 1n });
    expect(result).toMatchObject({ ok: false, error: { reason: "unreadable" } });
  });

  test("keeps broken items and parts raw, marked, beside the good ones", () => {
    const item = traceItem({ logs: [log("log", "good"), "bad", null], exceptions: 7 });
    const { records, malformed } = decodeItems([null, "text", item], { invocationLogs: false });
    expect(malformed).toBe(5);
    expect(records.map(({ body }) => body)).toEqual(["null", "text", "good", "bad", "null", "7"]);
    expect(records.filter(({ attributes }) => "otlp_drain.decode_error" in attributes)).toHaveLength(5);
    expect(records.at(-1)?.attributes["cloudflare.ray_id"]).toBe("57d55f210d7b95f3-SJC");
  });
});

describe("an invocation", () => {
  const events: readonly [string, unknown, Record<string, unknown>, string][] = [
    [
      "scheduled",
      { scheduledTime: 1795213248880, cron: "*/5 * * * *" },
      {
        "faas.trigger": "timer",
        "faas.cron": "*/5 * * * *",
        "faas.time": "2026-11-20T22:20:48.880Z",
        "cloudflare.scheduled_time": "2026-11-20T22:20:48.880Z",
      },
      "*/5 * * * *",
    ],
    [
      "alarm",
      { scheduledTime: new Date(1795213248880) },
      { "faas.trigger": "timer", "cloudflare.scheduled_time": "2026-11-20T22:20:48.880Z" },
      "2026-11-20T22:20:48.880Z",
    ],
    [
      "queue",
      { queue: "jobs", batchSize: 5 },
      {
        "faas.trigger": "pubsub",
        "cloudflare.queue.name": "jobs",
        "cloudflare.queue.batch_size": 5,
        "messaging.destination.name": "jobs",
        "messaging.batch.message_count": 5,
      },
      "jobs",
    ],
    [
      "email",
      { mailFrom: "a@example.com", rcptTo: "b@example.com", rawSize: 812 },
      {
        "faas.trigger": "other",
        "cloudflare.email.from": "a@example.com",
        "cloudflare.email.to": "b@example.com",
        "cloudflare.email.size": 812,
      },
      "b@example.com",
    ],
    ["jsrpc", { rpcMethod: "hello" }, { "faas.trigger": "other", "cloudflare.jsrpc.method": "hello", "rpc.method": "hello" }, "hello"],
    [
      "websocket",
      { getWebSocketEvent: { webSocketEventType: "close", code: 1001, wasClean: false } },
      {
        "faas.trigger": "other",
        "cloudflare.websocket.event": "close",
        "cloudflare.websocket.code": 1001,
        "cloudflare.websocket.was_clean": false,
      },
      "close",
    ],
    ["on_hibernate", { reason: "inactive" }, { "faas.trigger": "other", "cloudflare.on_hibernate.reason": "inactive" }, "inactive"],
    ["connect", new (class ConnectEventInfo {})(), { "faas.trigger": "other" }, "connect"],
    ["custom", {}, { "faas.trigger": "other" }, "custom"],
    ["custom", { workflowName: "billing", step: { n: 2 } }, { "cloudflare.event": { workflow_name: "billing", step: { n: 2 } } }, "custom"],
    ["unknown", null, { "faas.trigger": "other" }, "unknown"],
  ];
  test.each(events)("of type %s is known by its members", (type, event, attributes, body) => {
    const { records } = decodeItems([traceItem({ event, logs: [log("log", "inside")] })]);
    expect(records[0]).toMatchObject({ body, eventName: "cloudflare.invocation", timeUnixNano: 1795213241869000000n, severityNumber: 9 });
    expect(records[0]?.attributes).toMatchObject({ "cloudflare.handler_type": type, ...attributes });
    expect(records[1]).toMatchObject({ body: "inside", attributes: { "cloudflare.handler_type": type } });
  });

  test("says on each record what ran it, and numbers its parts", () => {
    const item = traceItem({
      entrypoint: "Counter",
      executionModel: "durableObject",
      durableObjectId: "1f7b",
      tailAttributes: { tier: "gold", shard: 3, canary: false },
      truncated: true,
      logs: [log("log", "a"), log("log", "b")],
      exceptions: [{ timestamp: 1795213241871, name: "Error", message: "late" }],
    });
    const { records } = decodeItems([item]);
    for (const { attributes } of records) {
      expect(attributes).toMatchObject({
        "faas.invocation_id": "57d55f210d7b95f3-SJC",
        "cloudflare.ray_id": "57d55f210d7b95f3-SJC",
        "cloudflare.outcome": "ok",
        "cloudflare.execution_model": "durableObject",
        "cloudflare.entrypoint": "Counter",
        "cloudflare.durable_object.id": "1f7b",
        "cloudflare.truncated": true,
        "cloudflare.tail_attributes.tier": "gold",
        "cloudflare.tail_attributes.shard": 3,
        "cloudflare.tail_attributes.canary": false,
      });
    }
    expect(records.map(({ attributes }) => attributes["cloudflare.invocation.sequence.number"])).toEqual([undefined, 0, 1, 2]);
    expect(decodeItems([traceItem()]).records[0]?.attributes).not.toHaveProperty("cloudflare.truncated");
  });

  test("keeps what a newer runtime says about it", () => {
    const { records } = decodeItems([traceItem({ coldStart: true, gpu: { ms: 3 } })]);
    expect(records[0]?.attributes["cloudflare.trace_item"]).toEqual({ cold_start: true, gpu: { ms: 3 } });
  });

  test("has no record of its own when those are off, and then may have nothing to say", () => {
    expect(decodeItems([traceItem({ logs: [log("log", "a")] })], { invocationLogs: false }).records.map(({ body }) => body)).toEqual(["a"]);
    expect(decodeItems([traceItem()], { invocationLogs: false })).toMatchObject({ records: [], filtered: 1, malformed: 0 });
  });

  test.each([
    ["ok", 0, 200, 9],
    ["ok", 0, 302, 9],
    ["ok", 0, 404, 13],
    ["ok", 0, 500, 17],
    ["ok", 1, 200, 17],
    ["canceled", 0, undefined, 9],
    ["responseStreamDisconnected", 0, 200, 9],
    ["canceled", 0, 500, 17],
    ["exception", 1, undefined, 17],
    ["exceededCpu", 0, undefined, 17],
    ["killSwitch", 0, 200, 17],
    ["a word of tomorrow", 0, 200, 17],
    [undefined, 0, 404, 13],
    [undefined, 0, undefined, 0],
  ])("of outcome %s with %i exceptions and status %s is of severity %i", (outcome, count, status, severity) => {
    const exceptions = Array.from({ length: count }, () => ({ timestamp: 1, name: "Error", message: "x" }));
    const event = { request: { url: "https://a.example/", method: "GET", headers: {} }, ...(status && { response: { status } }) };
    expect(decodeItems([traceItem({ event, outcome, exceptions })]).records[0]?.severityNumber).toBe(severity);
  });
});

describe("an uncaught exception", () => {
  test("is an ERROR with type, message and a stack that begins with both", () => {
    const exceptions = [{ timestamp: 1795213241871, name: "TypeError", message: "kaboom", stack: "    at Object.fetch (worker.js:37:59)" }];
    const { records } = decodeItems([traceItem({ outcome: "exception", exceptions })]);
    expect(records[1]).toMatchObject({
      timeUnixNano: 1795213241871000000n,
      severityNumber: 17,
      body: "TypeError: kaboom",
      eventName: "http.server.request.exception",
      attributes: {
        "exception.type": "TypeError",
        "exception.message": "kaboom",
        "exception.stacktrace": "TypeError: kaboom\n    at Object.fetch (worker.js:37:59)",
      },
    });
  });

  test("without a stack invents none, and a whole stack is left alone", () => {
    const exceptions = [
      { timestamp: 1, name: "Error", message: "a string" },
      { timestamp: 1, name: "Error", message: "m", stack: "Error: m\n    at f (w.js:1:1)" },
    ];
    const { records } = decodeItems([traceItem({ event: { cron: "* * * * *", scheduledTime: 1795213248880 }, exceptions })]);
    expect(records[1]?.attributes).not.toHaveProperty("exception.stacktrace");
    expect(records[2]?.attributes["exception.stacktrace"]).toBe("Error: m\n    at f (w.js:1:1)");
    expect(records[1]?.eventName).toBe("faas.invocation.exception");
  });

  test("with outcome ok is there all the same, and so are all of several", () => {
    const exceptions = [1, 2, 3].map((n) => ({ timestamp: 1795213241871, name: "Error", message: `waitUntil ${n}` }));
    const { records } = decodeItems([traceItem({ exceptions })], { invocationLogs: false });
    expect(records.map(({ body }) => body)).toEqual(["Error: waitUntil 1", "Error: waitUntil 2", "Error: waitUntil 3"]);
  });
});

describe("diagnostics channels", () => {
  const diagnosticsChannelEvents = [
    {
      timestamp: 1795213241870,
      channel: "my-channel",
      message: new Map<string, unknown>([
        ["at", new Date(0)],
        ["ids", new Set([1, 2])],
      ]),
    },
    { timestamp: 1795213241870, channel: "workerd.LimitExceeded", message: { limit: "log" } },
  ];
  test("are left out by default", () => {
    expect(decodeItems([traceItem({ diagnosticsChannelEvents })]).records).toHaveLength(1);
  });
  test("become records when asked for, maps, sets and dates included", () => {
    const { records } = decodeItems([traceItem({ diagnosticsChannelEvents })], { diagnosticsChannels: true, invocationLogs: false });
    expect(records.map(({ body, severityNumber }) => ({ body, severityNumber }))).toEqual([
      { body: { at: "1970-01-01T00:00:00.000Z", ids: [1, 2] }, severityNumber: 5 },
      { body: { limit: "log" }, severityNumber: 13 },
    ]);
    expect(records[0]?.attributes["cloudflare.diagnostics_channel.name"]).toBe("my-channel");
  });
});

describe("skipped, and counted as filtered", () => {
  test("is the invocation of a tail worker, with all that it logged", () => {
    const event = { consumedEvents: [{ scriptName: null }] };
    const items = [traceItem({ event, logs: [log("error", "export failed")] }), traceItem({ logs: [log("log", "kept")] })];
    expect(decodeItems(items)).toMatchObject({ filtered: 1, malformed: 0, records: [{}, { body: "kept" }] });
  });

  test.each([
    [ENDPOINT, "https://otlp.example.com/v1/logs"],
    [ENDPOINT, "https://OTLP.example.com:443/v1/logs?x=1"],
    ["https://otlp.example.com", "https://otlp.example.com/v1/logs"],
    ["https://otlp.example.com/", "https://otlp.example.com/v1/logs"],
    ["https://otlp.example.com/collect/", "https://otlp.example.com/collect/v1/logs"],
    ["https://otlp.example.com/t/4bf92f3577b34da6a3ce929d0e0e4736/v1/logs", "https://otlp.example.com/t/REDACTED/v1/logs"],
  ])("is a request to our own endpoint %s: %s", (ownEndpoint, url) => {
    const item = traceItem({ event: { request: { url, method: "POST", headers: {} } }, logs: [log("log", "received")] });
    expect(decodeItems([item], { ownEndpoint })).toMatchObject({ filtered: 1, records: [] });
    expect(decodeItems([item]).records).toHaveLength(2);
  });

  test.each([
    ["https://otlp.example.com", "https://otlp.example.com/"],
    ["https://otlp.example.com", "https://otlp.example.com/cart"],
    [ENDPOINT, "https://otlp.example.com/v1/logs2"],
    [ENDPOINT, "https://otlp.example.com:8443/v1/logs"],
    [ENDPOINT, "http://otlp.example.com/v1/logs"],
    [ENDPOINT, "https://other.example.com/v1/logs"],
    ["not a URL", "https://other.example.com/v1/logs"],
  ])("is not any other request beside the endpoint %s: %s", (ownEndpoint, url) => {
    const item = traceItem({ event: { request: { url, method: "POST", headers: {} } } });
    expect(decodeItems([item], { ownEndpoint }).records).toHaveLength(1);
  });
});

describe("the runtime's objects", () => {
  /** Members are getters, prototypes have members of their own, and a request can tell its secrets. */
  function platform(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(platform);
    if (typeof value !== "object" || value === null) return value;
    const object = Object.create({
      get inherited(): never {
        throw new Error("a prototype was enumerated");
      },
      getUnredacted(): never {
        throw new Error("a request was unredacted");
      },
    });
    for (const [key, member] of Object.entries(value)) {
      Object.defineProperty(object, key, { get: () => platform(member), enumerable: true, configurable: true });
    }
    return object;
  }

  test.each(listCases("cloudflare-tail").map((fixture) => ({ name: fixture.name, fixture })))(
    "give the records that plain ones give, and are neither cloned, enumerated nor unredacted: $name",
    ({ fixture }) => {
      const clone = vi.spyOn(globalThis, "structuredClone");
      const items = JSON.parse(textOf(fixture)) as Record<string, unknown>[];
      // Arguments of console calls are ordinary values.
      const lazy = items.map((item) =>
        Object.defineProperty(platform(item) as object, "logs", { get: () => item["logs"], enumerable: true }),
      );
      expect(decodeItems(lazy).records).toEqual(decodeItems(items).records);
      expect(clone).not.toHaveBeenCalled();
      clone.mockRestore();
    },
  );

  test("whose getters throw cost no more than the member", () => {
    const broken = (name: string, object: object) =>
      Object.defineProperty(object, name, {
        enumerable: true,
        get() {
          throw new Error("Illegal invocation");
        },
      });
    const items = [
      broken("logs", traceItem({ logs: undefined })),
      traceItem({ logs: [broken("message", { timestamp: 1795213241870, level: "log" }), log("log", "next")] }),
      broken("event", traceItem({ event: undefined, logs: [log("log", "no event")] })),
      traceItem({ event: { request: broken("headers", { url: "https://a.example/", method: "GET" }) } }),
    ];
    const { records } = decodeItems(items);
    expect(records.map(({ body }) => body)).toEqual([
      "GET https://shop.example.com/cart",
      "[unreadable]",
      "GET https://shop.example.com/cart",
      "[unreadable]",
      "next",
      "unknown",
      "no event",
      "GET https://a.example/",
    ]);
  });

  test("without getUnredacted, from another process, are read like any", () => {
    const { records } = decodeItems([requestItem({ "user-agent": "curl/8" })]);
    expect(records[0]?.attributes["user_agent.original"]).toBe("curl/8");
  });
});
