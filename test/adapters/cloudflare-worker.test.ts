// What the runtime itself need not be there for; `test/workerd` runs the same Worker in it.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ExportedHandler } from "@cloudflare/workers-types";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import worker from "../../adapters/cloudflare-worker.ts";
import type { TraceItemLike } from "../../core/sources/cloudflare-tail.ts";
import type { TailStreamEvent } from "../../core/sources/cloudflare-tail-stream.ts";
import { delay, ok, partialSuccess, type Receiver, startReceiver, status } from "../support/receiver.ts";

// Whatever the platform's types say of a handler, ours must fit.
worker satisfies Pick<ExportedHandler<object>, "tail" | "queue">;

let receiver: Receiver;
let lines: Record<string, unknown>[];

beforeEach(async () => {
  lines = [];
  receiver = await startReceiver();
  vi.spyOn(console, "error").mockImplementation((line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>));
});

afterEach(async () => {
  vi.restoreAllMocks();
  await receiver.close();
  expect(receiver.violations).toEqual([]);
});

function createEnv(more: object = {}): object {
  return { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.href, OTLP_DRAIN_INVOCATION_LOGS: "off", ...more };
}

function item(message: string, more: object = {}): TraceItemLike {
  return {
    event: { request: { method: "GET", url: "https://shop.example/", headers: {} }, response: { status: 200 } },
    eventTimestamp: 1_763_683_200_283,
    logs: [{ timestamp: 1_763_683_200_283, level: "log", message: [message] }],
    exceptions: [],
    outcome: "ok",
    scriptName: "shop",
    ...more,
  };
}

const SWITCHED = {
  OTLP_DRAIN_DIAGNOSTICS_CHANNELS: "on",
  OTLP_DRAIN_TRACEPARENT: "off",
  OTLP_DRAIN_PARSE_JSON: "off",
  OTLP_DRAIN_CLIENT_ADDRESS: "on",
  OTLP_DRAIN_REQUEST_HEADERS: "X-Request-Id",
};

function bodies(): unknown[] {
  return receiver.accepted.map(({ body }) => body);
}

describe("tail", () => {
  test("delivers every item of a call in one request, those of a tail worker and of our own endpoint left out", async () => {
    const own = { event: { request: { method: "POST", url: receiver.logsUrl.href, headers: {} }, response: { status: 200 } } };
    await worker.tail(
      [item("one"), item("of a tail", { event: { consumedEvents: [{ scriptName: "otlp-drain" }] } }), item("two"), item("of ours", own)],
      createEnv(),
    );
    expect(bodies()).toEqual(["one", "two"]);
    expect(receiver.requests.length).toBe(1);
    expect(lines).toEqual([]);
  });

  test("has the record of each invocation, unless it is switched off", async () => {
    await worker.tail([item("one")], createEnv({ OTLP_DRAIN_INVOCATION_LOGS: "on" }));
    expect(receiver.accepted.map(({ eventName }) => eventName)).toEqual(["cloudflare.invocation", ""]);
  });

  test("says more or less as its switches want", async () => {
    const headers = {
      traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      "cf-connecting-ip": "203.0.113.7",
      "x-request-id": "r-1",
    };
    const chatty = item('{"msg":"structured"}', {
      event: { request: { method: "GET", url: "https://shop.example/", headers }, response: { status: 200 } },
      diagnosticsChannelEvents: [{ timestamp: 1_763_683_200_283, channel: "my", message: "published" }],
    });
    await worker.tail([chatty], createEnv({ OTLP_DRAIN_INVOCATION_LOGS: "on" }));
    await worker.tail([chatty], createEnv({ OTLP_DRAIN_INVOCATION_LOGS: "on", ...SWITCHED }));
    const [before, ...more] = [receiver.accepted.slice(0, 2), ...receiver.accepted.slice(2)];
    expect(before).toMatchObject([{ traceId: "4bf92f3577b34da6a3ce929d0e0e4736" }, { body: "structured" }]);
    expect(before[0]?.attributes).not.toHaveProperty(["client.address"]);
    expect(before[0]?.attributes).not.toHaveProperty(["http.request.header.x-request-id"]);
    expect(more).toMatchObject([
      { traceId: "", attributes: { "client.address": "203.0.113.7", "http.request.header.x-request-id": ["r-1"] } },
      { traceId: "", body: '{"msg":"structured"}' },
      { traceId: "", body: "published", attributes: { "cloudflare.diagnostics_channel.name": "my" } },
    ]);
  });

  test("reads items that are no plain objects without cloning them", async () => {
    const guarded = new Proxy(item("guarded") as object, { ownKeys: () => [] });
    await worker.tail([guarded], createEnv());
    expect(bodies()).toEqual(["guarded"]);
  });

  test("settles only when the destination has answered", async () => {
    const gate = Promise.withResolvers<void>();
    receiver.behave(async () => {
      await gate.promise;
      return ok();
    });
    let settled = false;
    const tailing = worker.tail([item("one")], createEnv()).then(() => {
      settled = true;
    });
    await receiver.waitForRequests(1);
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect(settled).toBe(false);
    gate.resolve();
    await tailing;
    expect(bodies()).toEqual(["one"]);
  });

  test("tells of a delivery that failed in one line without its payload, and never rejects", async () => {
    receiver.behave(status(401));
    await worker.tail([item("confidential")], createEnv());
    expect(lines).toMatchObject([
      { app: "otlp-drain", level: "error", message: "not delivered", drain: "cloudflare-tail", reason: "refused" },
    ]);
    expect(JSON.stringify(lines)).not.toContain("confidential");
  });

  test("tells of records that were refused for good", async () => {
    receiver.behave(partialSuccess(1, "too old"));
    await worker.tail([item("one")], createEnv());
    expect(lines).toMatchObject([{ level: "warn", message: "delivered with remarks", rejected: 1 }]);
  });

  test("of something else than items is no exception either", async () => {
    await worker.tail("items" as unknown as TraceItemLike[], createEnv());
    await worker.tail([undefined as unknown as TraceItemLike], createEnv());
    expect(lines).toMatchObject([{ reason: "unreadable" }, { message: "delivered with remarks", malformed: 1 }]);
  });

  test("keeps what comes through the configuration apart by its bindings", async () => {
    const [one, two] = [createEnv({ OTEL_SERVICE_NAME: "one" }), createEnv({ OTEL_SERVICE_NAME: "two" })];
    for (const env of [one, two, one]) await worker.tail([item("x")], env);
    expect(receiver.accepted.map(({ resource }) => resource["service.name"])).toEqual(["one", "two", "one"]);
  });
});

interface Sent {
  readonly body: unknown;
  readonly options: unknown;
}

/** A queue binding that keeps what it is given, as structured clones. */
function createQueue(refuses = false): { readonly sent: Sent[]; readonly binding: object } {
  const sent: Sent[] = [];
  const binding = {
    async send(body: unknown, options: unknown): Promise<void> {
      if (refuses) throw new TypeError("queue is full of confidential things");
      sent.push({ body: structuredClone(body), options });
    },
  };
  return { sent, binding };
}

interface Verdict {
  acked: boolean;
  delayS: number | undefined;
}

function createMessage(
  body: unknown,
  attempts = 1,
): { readonly verdict: Verdict; readonly message: Parameters<typeof worker.queue>[0]["messages"][number] } {
  const verdict: Verdict = { acked: false, delayS: undefined };
  const message = {
    body,
    attempts,
    ack: () => {
      verdict.acked = true;
    },
    retry: (options?: { readonly delaySeconds: number }) => {
      verdict.delayS = options?.delaySeconds ?? 0;
    },
  };
  return { verdict, message };
}

describe("the durable retry", () => {
  test("takes encoded requests that fit a message, with the project's header, and never the credentials", async () => {
    receiver.behave(status(401));
    const { sent, binding } = createQueue();
    const env = createEnv({
      OTLP_DRAIN_QUEUE: binding,
      HIGHLIGHT_PROJECT_ID: "1jdkoe52",
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer s3cret",
    });
    await worker.tail([item("kept")], env);
    expect(sent).toMatchObject([{ options: { contentType: "v8" }, body: { records: 1, headers: { "x-highlight-project": "1jdkoe52" } } }]);
    expect(JSON.stringify(sent)).not.toContain("s3cret");
    expect(lines).toMatchObject([{ level: "warn", message: "queued", queued: 1, rejected: 0, reason: "refused" }]);
  });

  test("delivers what it kept, stamped as it was, and acknowledges it", async () => {
    receiver.behave(status(401));
    const { sent, binding } = createQueue();
    const env = createEnv({ OTLP_DRAIN_QUEUE: binding, HIGHLIGHT_PROJECT_ID: "1jdkoe52" });
    await worker.tail([item("kept")], env);
    receiver.behave(ok());
    const { message, verdict } = createMessage(sent[0]?.body);
    await worker.queue({ messages: [message] }, env);
    expect(verdict).toEqual({ acked: true, delayS: undefined });
    expect(receiver.accepted).toMatchObject([{ body: "kept", resource: { "highlight.project_id": "1jdkoe52", "service.name": "shop" } }]);
    expect(receiver.requests.at(-1)?.headers["x-highlight-project"]).toBe("1jdkoe52");
  });

  test("splits what does not fit one message, and loses nothing of it", async () => {
    receiver.behave(status(401));
    const { sent, binding } = createQueue();
    const env = createEnv({ OTLP_DRAIN_QUEUE: binding });
    // Text that does not compress.
    const texts = Array.from({ length: 40 }, () => randomBytes(6_000).toString("hex"));
    await worker.tail(
      texts.map((text) => item(text)),
      env,
    );
    expect(sent.length).toBeGreaterThan(1);
    for (const { body } of sent) expect((body as { body: Uint8Array }).body.length).toBeLessThan(128_000);
    receiver.behave(ok());
    await worker.queue({ messages: sent.map(({ body }) => createMessage(body).message) }, env);
    expect(bodies().sort()).toEqual(texts.sort());
  });

  test("cuts a record short that is too large for any message", async () => {
    receiver.behave(status(401));
    const { sent, binding } = createQueue();
    const env = createEnv({ OTLP_DRAIN_QUEUE: binding });
    const huge = randomBytes(250_000).toString("base64");
    await worker.tail([item(huge)], env);
    expect(sent.length).toBe(1);
    receiver.behave(ok());
    await worker.queue({ messages: [createMessage(sent[0]?.body).message] }, env);
    expect(String(bodies()[0]).slice(0, 1_000)).toBe(huge.slice(0, 1_000));
    expect(receiver.accepted[0]?.attributes["otlp_drain.reduced"]).toEqual(expect.any(String));
  });

  test("that fails too is told in the one line", async () => {
    receiver.behave(status(401));
    await worker.tail([item("lost")], createEnv({ OTLP_DRAIN_QUEUE: createQueue(true).binding }));
    expect(lines).toMatchObject([{ message: "not delivered", detail: expect.stringContaining("the queue did not take it: TypeError") }]);
    expect(JSON.stringify(lines)).not.toMatch(/confidential|lost/);
  });

  test("asks a destination that is away once a batch, and has all of it come again, later each time", async () => {
    receiver.behave(status(401));
    const { sent, binding } = createQueue();
    const env = createEnv({ OTLP_DRAIN_QUEUE: binding });
    for (const text of ["one", "two"]) await worker.tail([item(text)], env);
    lines.length = 0;
    const before = receiver.requests.length;
    const messages = sent.map(({ body }, index) => createMessage(body, index === 0 ? 1 : 4));
    await worker.queue({ messages: messages.map(({ message }) => message) }, env);
    expect(receiver.requests.length - before).toBe(1);
    expect(messages.map(({ verdict }) => verdict)).toEqual([
      { acked: false, delayS: 15 },
      { acked: false, delayS: 120 },
    ]);
    expect(lines).toMatchObject([{ level: "error", message: "not delivered", drain: "cloudflare-queue" }]);
  });

  test("waits as long as the destination asks for", async () => {
    const { sent, binding } = createQueue();
    const env = createEnv({ OTLP_DRAIN_QUEUE: binding });
    receiver.behave(status(401));
    await worker.tail([item("one")], env);
    receiver.behave(status(503, { retryAfter: 300 }));
    const { message, verdict } = createMessage(sent[0]?.body);
    await worker.queue({ messages: [message] }, env);
    expect(verdict.delayS).toBe(300);
  });

  test.each<[string, unknown]>([
    ["text", "hello"],
    ["another's object", { format: "else" }],
    ["a damaged message", { format: "otlp-drain/1", body: Uint8Array.of(1, 2, 3), records: 1, headers: {} }],
    ["half a message", { format: "otlp-drain/1" }],
  ])("leaves %s to the dead letter queue, and delivers what stands behind it", async (_, body) => {
    const { sent, binding } = createQueue();
    const env = createEnv({ OTLP_DRAIN_QUEUE: binding });
    receiver.behave(status(401));
    await worker.tail([item("good")], env);
    receiver.behave(ok());
    const [strange, good] = [createMessage(body), createMessage(sent[0]?.body)];
    await worker.queue({ messages: [strange.message, good.message] }, env);
    expect([strange.verdict.acked, strange.verdict.delayS, good.verdict.acked]).toEqual([false, 15, true]);
    expect(bodies()).toEqual(["good"]);
  });

  test("without a destination keeps everything", async () => {
    const { message, verdict } = createMessage({});
    await worker.queue({ messages: [message] }, {});
    expect(verdict).toEqual({ acked: false, delayS: 15 });
  });
});

/** Hands the events of a capture to the streaming tail, as the runtime does. */
async function stream(events: readonly TailStreamEvent[], env: object): Promise<boolean> {
  const waiting: Promise<unknown>[] = [];
  const [onset, ...rest] = events as readonly [TailStreamEvent, ...TailStreamEvent[]];
  const handler = worker.tailStream(onset, env, { waitUntil: (promise) => void waiting.push(promise) });
  for (const event of rest) handler?.(event);
  await Promise.all(waiting);
  return handler !== undefined;
}

describe("tailStream", () => {
  const events = JSON.parse(
    readFileSync(new URL("../fixtures/cloudflare-tail-stream/fetch-ok.json", import.meta.url), "utf8"),
  ) as TailStreamEvent[];

  test("ends the stream at once unless it is switched on", async () => {
    expect(await stream(events, createEnv())).toBe(false);
    expect(await stream(events, {})).toBe(false);
    expect(receiver.requests.length).toBe(0);
  });

  test("delivers an invocation in one request when it ends", async () => {
    expect(await stream(events, createEnv({ OTLP_DRAIN_STREAMING_TAIL: "1", OTLP_DRAIN_INVOCATION_LOGS: "on" }))).toBe(true);
    expect(receiver.requests.length).toBe(1);
    expect(receiver.accepted.map(({ scope }) => scope)).toContain("otlp-drain/cloudflare-tail-stream");
    expect(receiver.accepted.filter(({ eventName }) => eventName === "cloudflare.invocation").length).toBe(1);
  });

  test("delivers a long invocation bit by bit, each record once, and knows its end's status", async () => {
    const log = events.find(({ event }) => (event as { type?: string }).type === "log") as TailStreamEvent;
    const at = events.indexOf(log);
    const many = Array.from({ length: 1_200 }, (_, index) => ({
      ...log,
      event: { type: "log", level: "log", message: [`line ${index}`] },
    }));
    const long = [...events.slice(0, at), ...many, ...events.slice(at + 1)];
    await stream(long, createEnv({ OTLP_DRAIN_STREAMING_TAIL: "1", OTLP_DRAIN_INVOCATION_LOGS: "on" }));
    expect(receiver.requests.length).toBe(3);
    const texts = bodies().filter((body) => String(body).startsWith("line "));
    expect([texts.length, new Set(texts).size]).toEqual([1_200, 1_200]);
    expect(receiver.accepted.filter(({ eventName }) => eventName === "cloudflare.invocation")).toMatchObject([
      { attributes: { "http.response.status_code": 200 } },
    ]);
  });

  const STREAMING = { OTLP_DRAIN_STREAMING_TAIL: "1", OTLP_DRAIN_INVOCATION_LOGS: "on" };
  const [onset] = events as [TailStreamEvent];
  const { spanId: rootSpan } = onset.event as { readonly spanId: string };
  const streamed = (event: object, spanId = rootSpan): TailStreamEvent => ({
    ...onset,
    spanContext: { ...(onset.spanContext as object), spanId },
    event,
  });
  const lines600 = Array.from({ length: 600 }, (_, index) => streamed({ type: "log", level: "log", message: [`line ${index}`] }));
  const outcome = streamed({ type: "outcome", outcome: "ok", cpuTime: 1, wallTime: 2 });
  const returned = streamed({ type: "return", info: { type: "fetch", statusCode: 404 } });

  test("knows at the end of a long invocation of an exception long before, which is delivered once", async () => {
    const exception = streamed({ type: "exception", name: "Error", message: "early" });
    await stream([onset, exception, ...lines600, outcome], createEnv(STREAMING));
    expect(receiver.requests.length).toBe(2);
    expect(receiver.accepted.filter(({ body }) => body === "Error: early").length).toBe(1);
    expect(receiver.accepted.filter(({ eventName }) => eventName === "cloudflare.invocation")).toMatchObject([{ severityNumber: 17 }]);
  });

  test("without an exception ends as its outcome says", async () => {
    await stream([onset, ...lines600, outcome], createEnv(STREAMING));
    expect(receiver.accepted.filter(({ eventName }) => eventName === "cloudflare.invocation")).toMatchObject([{ severityNumber: 9 }]);
  });

  test("knows the status and its own attributes after those of very many spans", async () => {
    const children = Array.from({ length: 300 }, (_, index) =>
      streamed({ type: "attributes", info: [{ name: `child.${index}`, value: index }] }, "908bb0cf7bb71d83"),
    );
    const own = streamed({ type: "attributes", info: [{ name: "own", value: 1 }] });
    await stream([onset, ...children, own, returned, ...lines600, outcome], createEnv(STREAMING));
    const [record, ...more] = receiver.accepted.filter(({ eventName }) => eventName === "cloudflare.invocation");
    expect(more).toEqual([]);
    expect(record).toMatchObject({ severityNumber: 13, attributes: { "http.response.status_code": 404, own: 1 } });
    expect(record?.attributes).not.toHaveProperty(["child.0"]);
  });

  test("says more or less as its switches want", async () => {
    const info = onset.event as { readonly info: object };
    const asked = {
      ...onset,
      spanContext: undefined,
      event: {
        ...info,
        info: {
          ...info.info,
          headers: [
            { name: "traceparent", value: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" },
            { name: "cf-connecting-ip", value: "203.0.113.7" },
            { name: "x-request-id", value: "r-1" },
          ],
        },
      },
    };
    const said = [
      { type: "log", level: "log", message: ['{"msg":"structured"}'] },
      { type: "diagnosticChannel", channel: "my", message: "published" },
      { type: "outcome", outcome: "ok" },
    ].map((event) => ({ ...asked, event }));
    await stream([asked, ...said], createEnv(STREAMING));
    expect(receiver.accepted).toMatchObject([{ traceId: "4bf92f3577b34da6a3ce929d0e0e4736" }, { body: "structured" }]);
    await stream([asked, ...said], createEnv({ ...STREAMING, ...SWITCHED }));
    expect(receiver.accepted.slice(2)).toMatchObject([
      { traceId: "", attributes: { "client.address": "203.0.113.7", "http.request.header.x-request-id": ["r-1"] } },
      { traceId: "", body: '{"msg":"structured"}' },
      { traceId: "", body: "published" },
    ]);
  });
});

describe("a Worker that is not configured", () => {
  test.each<[object, string, string]>([
    [{}, "not configured: OTEL_EXPORTER_OTLP_ENDPOINT is not set", "OTEL_EXPORTER_OTLP_ENDPOINT"],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "s3cret:4318" }, "not configured: faulty: OTEL_EXPORTER_OTLP_ENDPOINT", "has no scheme"],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: "http://x", OTLP_DRAIN_EXPORTER: "console" },
      "not configured: faulty: OTLP_DRAIN_EXPORTER",
      "does not run in a Worker",
    ],
  ])("as by %j answers 503 that names the variable, and tells the operator once", async (env, answer, detail) => {
    for (const path of ["/", "/healthz", "/v1/logs"]) {
      const response = await worker.fetch(new Request(`https://drain.example${path}`), env);
      expect([response.status, response.headers.get("retry-after"), await response.json()]).toEqual([503, "30", { error: answer }]);
    }
    expect(lines).toMatchObject([{ level: "error", message: expect.stringContaining(detail) }]);
  });

  test("tells at every tail event that records are lost", async () => {
    const env = {};
    for (const text of ["one", "two"]) await worker.tail([item(text)], env);
    expect(lines.map(({ message, detail }) => [message, detail])).toEqual([
      ["not delivered", expect.stringContaining("OTEL_EXPORTER_OTLP_ENDPOINT")],
      ["not delivered", expect.stringContaining("OTEL_EXPORTER_OTLP_ENDPOINT")],
    ]);
  });
});

describe("fetch", () => {
  test("serves the app, with no limit of its own on deliveries at once", async () => {
    const env = createEnv({ OTLP_INTAKE_TOKEN: "a-token-nobody-can-guess" });
    receiver.behave(() => delay(20));
    const post = (index: number) =>
      worker.fetch(
        new Request("https://drain.example/v1/logs", {
          method: "POST",
          headers: { authorization: "Bearer a-token-nobody-can-guess", "content-type": "application/json" },
          body: JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: `record ${index}` } }] }] }] }),
        }),
        env,
      );
    const answers = await Promise.all(Array.from({ length: 100 }, (_, index) => post(index)));
    expect(new Set(answers.map(({ status: code }) => code))).toEqual(new Set([200]));
    expect(new Set(bodies()).size).toBe(100);
    expect((await worker.fetch(new Request("https://drain.example/healthz"), env)).status).toBe(200);
  });

  test("tells of doubtful variables once", async () => {
    const env = createEnv({ OTLP_INTAKE_TOKEN: "short" });
    for (let time = 0; time < 2; time++) await worker.fetch(new Request("https://drain.example/"), env);
    expect(lines).toMatchObject([{ level: "warn", message: expect.stringContaining("OTLP_INTAKE_TOKEN") }]);
  });
});
