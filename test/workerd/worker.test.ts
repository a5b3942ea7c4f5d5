import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { deliveriesTo, expectSmoke, smokeEnv } from "../anywhere/smoke.ts";
import type { FlatRecord } from "../support/oracle.ts";
import { ok, type Receiver, startReceiver, status } from "../support/receiver.ts";
import { startWorkers, type Workers, type WorkersOptions } from "./workers.ts";

const TOKEN = "a-token-nobody-can-guess";
const cleanUps: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function openReceiver(options: Parameters<typeof startReceiver>[0] = {}): Promise<Receiver> {
  const receiver = await startReceiver(options);
  cleanUps.push(async () => {
    await receiver.close();
    expect(receiver.violations).toEqual([]);
  });
  return receiver;
}

async function open(options: WorkersOptions): Promise<Workers> {
  const workers = await startWorkers(options);
  cleanUps.push(() => workers.stop());
  return workers;
}

function endpoint({ url }: Pick<Receiver, "url">): Record<string, string> {
  return { OTEL_EXPORTER_OTLP_ENDPOINT: url.href };
}

/** The record with this body, as soon as it has arrived. */
async function arrival(receiver: Receiver, body: string): Promise<FlatRecord> {
  return await expect
    .poll(() => receiver.accepted.find((record) => record.body === body), { timeout: 15_000, interval: 20 })
    .toBeDefined()
    .then(() => receiver.accepted.find((record) => record.body === body) as FlatRecord);
}

describe("the tail consumer in workerd", () => {
  test("delivers what every kind of handler logs, with its invocation", async () => {
    const receiver = await openReceiver();
    const workers = await open({ env: { ...endpoint(receiver), OTEL_SERVICE_NAME: "shop" } });
    const session = { "x-highlight-request": "sess1/x7Yt09QpLm", traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" };

    await workers.request("/plain", session);
    expect(await arrival(receiver, "/plain")).toMatchObject({
      severityNumber: 9,
      traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
      resource: { "service.name": "shop", "cloud.platform": "cloudflare.workers" },
      attributes: { "highlight.session_id": "sess1", "highlight.trace_id": "x7Yt09QpLm", "cloudflare.handler_type": "fetch" },
      scope: "otlp-drain/cloudflare-tail",
    });
    // RFC 1952, XFL: the fastest algorithm. `CompressionStream` has no level.
    expect(receiver.requests[0]?.wireBytes[8]).toBe(4);
    expect(await arrival(receiver, "GET http://shop.example/plain")).toMatchObject({
      eventName: "cloudflare.invocation",
      attributes: { "http.response.status_code": 200, "http.request.method": "GET" },
    });

    await workers.request("/throw");
    expect(await arrival(receiver, "TypeError: kaboom")).toMatchObject({
      severityNumber: 17,
      attributes: { "exception.type": "TypeError", "exception.message": "kaboom", "cloudflare.outcome": "exception" },
    });
    expect((await arrival(receiver, "TypeError: kaboom")).attributes["exception.stacktrace"]).toMatch(/^TypeError: kaboom\n {4}at /);
    await arrival(receiver, "about to throw");

    await workers.request("/console");
    expect(await arrival(receiver, "low stock RangeError: inner")).toMatchObject({
      severityNumber: 13,
      severityText: "warn",
      attributes: { sku: "a-1", left: 2, "exception.type": "RangeError", "exception.message": "inner" },
    });
    expect(await arrival(receiver, "structured")).toMatchObject({ severityNumber: 21, severityText: "fatal", attributes: { orderId: 7 } });

    await workers.scheduled("*/5 * * * *");
    expect(await arrival(receiver, "*/5 * * * *")).toMatchObject({
      attributes: { "cloudflare.handler_type": "scheduled", "faas.cron": "*/5 * * * *" },
    });

    await workers.queue([{ a: 1 }, { a: 2 }]);
    expect(await arrival(receiver, "orders")).toMatchObject({
      attributes: { "cloudflare.handler_type": "queue", "cloudflare.queue.batch_size": 2 },
    });

    await workers.request("/object");
    expect(await arrival(receiver, "in the object")).toMatchObject({
      attributes: { "cloudflare.execution_model": "durableObject", "cloudflare.entrypoint": "Counter" },
    });
    expect(await arrival(receiver, "alarm rings")).toMatchObject({
      severityNumber: 13,
      attributes: { "cloudflare.handler_type": "alarm", "faas.trigger": "timer" },
    });

    await workers.request("/rpc");
    await expect
      .poll(() => receiver.accepted.some(({ attributes }) => attributes["rpc.method"] === "hello"), { timeout: 15_000 })
      .toBe(true);

    await workers.say("hi");
    await expect
      .poll(() => receiver.accepted.some(({ attributes }) => attributes["cloudflare.websocket.event"] === "message"), { timeout: 15_000 })
      .toBe(true);
    expect(workers.lines).toEqual([]);
  }, 60_000);

  test("delivers every one of many invocations at once, each once", async () => {
    const receiver = await openReceiver();
    const workers = await open({ env: { ...endpoint(receiver), OTLP_DRAIN_INVOCATION_LOGS: "off" } });
    await Promise.all(Array.from({ length: 50 }, (_, index) => workers.request(`/n/${index}`)));
    await expect.poll(() => receiver.accepted.length, { timeout: 15_000 }).toBe(50);
    expect(new Set(receiver.accepted.map(({ body }) => body)).size).toBe(50);
  }, 30_000);

  test("tries again while the destination is down, and delivers when it is back", async () => {
    const { port, close } = await reservePort();
    await close();
    const workers = await open({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` } });
    await workers.request("/early");
    // Down for three seconds, as long as a restart takes: this wait is the subject, not a guess.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const receiver = await openReceiver({ port });
    await arrival(receiver, "/early");
    expect(workers.lines).toEqual([]);
  }, 40_000);

  test("tells of a destination that does not take anything in one line, and goes on", async () => {
    // A delay beyond the budget ends the tries at once.
    const receiver = await openReceiver({ behaviour: status(503, { retryAfter: 600 }) });
    const workers = await open({ env: endpoint(receiver) });
    await workers.request("/lost");
    await expect.poll(() => workers.lines.length, { timeout: 15_000 }).toBe(1);
    expect(workers.lines).toMatchObject([{ level: "error", message: "not delivered", drain: "cloudflare-tail", reason: "retryable" }]);
    expect(JSON.stringify(workers.lines)).not.toContain("/lost");
    receiver.behave(ok());
    await workers.request("/next");
    await arrival(receiver, "/next");
  }, 30_000);

  test("puts what the destination does not take into the queue, which delivers it later", async () => {
    let refusing = true;
    const receiver = await openReceiver({ behaviour: () => (refusing ? status(401) : ok()) });
    const workers = await open({ env: endpoint(receiver), queue: true });
    await workers.request("/kept");
    await expect.poll(() => workers.lines.map(({ message }) => message), { timeout: 15_000 }).toContain("queued");
    refusing = false;
    await arrival(receiver, "/kept");
  }, 60_000);

  test("says which variable is missing, and crashes nothing", async () => {
    const workers = await open({ env: {} });
    await workers.request("/nowhere");
    await expect.poll(() => workers.lines.length, { timeout: 15_000 }).toBeGreaterThan(0);
    expect(JSON.stringify(workers.lines)).toContain("OTEL_EXPORTER_OTLP_ENDPOINT");
    const response = await fetch(`${workers.url}/healthz`);
    expect([response.status, await response.text()]).toEqual([503, expect.stringContaining("OTEL_EXPORTER_OTLP_ENDPOINT")]);
  }, 30_000);
});

describe("the streaming tail consumer in workerd", () => {
  test("gives every record its real trace and span, and hides what the runtime does not", async () => {
    const receiver = await openReceiver();
    const workers = await open({ env: { ...endpoint(receiver), OTLP_DRAIN_STREAMING_TAIL: "1" }, streaming: true });
    await workers.request("/streamed", { authorization: "Bearer not-for-logs" });
    const record = await arrival(receiver, "/streamed");
    expect(record.scope).toBe("otlp-drain/cloudflare-tail-stream");
    expect(record.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(record.spanId).toMatch(/^[0-9a-f]{16}$/);
    await arrival(receiver, "GET http://shop.example/streamed");
    const sent = receiver.requests.map(({ bytes }) => Buffer.from(bytes).toString("latin1")).join("");
    expect(sent).not.toContain("not-for-logs");
  }, 30_000);
});

describe("the HTTP drains in workerd", () => {
  test("take what every platform sends, as everywhere", async () => {
    const receiver = await openReceiver();
    const workers = await open({ env: smokeEnv(receiver.url.href) });
    const deliveries = deliveriesTo("/vercel", "/fly", "/firehose", "/cloudflare/logpush", "/v1/logs");
    expect(deliveries.length).toBe(5);
    await expectSmoke({ base: workers.url, receiver, deliveries });
  }, 60_000);

  test("inflate what Node inflates, and no further than the cap", async () => {
    const receiver = await openReceiver();
    const workers = await open({ env: { ...endpoint(receiver), LOGPUSH_TOKEN: TOKEN, OTLP_DRAIN_MAX_DECODED_BYTES: "100000" } });
    const post = async (body: Uint8Array, coding: string): Promise<number> => {
      const headers = { authorization: `Bearer ${TOKEN}`, "content-encoding": coding };
      const answer = await fetch(`${workers.url}/cloudflare/logpush?dataset=audit_logs`, {
        method: "POST",
        body: Uint8Array.from(body),
        headers,
      });
      await answer.arrayBuffer();
      return answer.status;
    };
    const row = (id: string): string => `${JSON.stringify({ Datetime: "2026-11-20T00:00:00Z", id })}\n`;

    expect(await post(Buffer.concat([gzipSync(row("first")), gzipSync(row("second"))]), "gzip")).toBe(200);
    expect(await post(Buffer.concat([gzipSync(row("padded")), Buffer.alloc(512)]), "gzip")).toBe(200);
    expect(await post(deflateSync(row("deflate")), "deflate")).toBe(200);
    expect(await post(brotliCompressSync(row("br")), "br")).toBe(200);
    expect(await post(Buffer.concat([zstdCompressSync(row("zstd one")), zstdCompressSync(row("zstd two"))]), "zstd")).toBe(200);
    const sent = JSON.stringify(receiver.accepted, (_, value) => (typeof value === "bigint" ? String(value) : value));
    for (const id of ["first", "second", "padded", "deflate", "br", "zstd one", "zstd two"]) expect(sent).toContain(`"${id}"`);
    expect(receiver.accepted.length).toBe(7);

    const bomb = Buffer.alloc(50_000_000, 0x20);
    for (const [compress, coding] of [
      [gzipSync, "gzip"],
      [deflateSync, "deflate"],
      [brotliCompressSync, "br"],
      [zstdCompressSync, "zstd"],
    ] as const) {
      expect(await post(compress(bomb), coding), coding).toBe(413);
    }
    expect(await post(Buffer.concat([gzipSync(row("a")), Buffer.from("garbage")]), "gzip")).toBe(400);
    expect(await post(Buffer.concat([deflateSync(row("a")), Buffer.from("garbage")]), "deflate")).toBe(400);
    expect(await post(gzipSync(row("a")).subarray(0, -5), "gzip")).toBe(400);
    expect(receiver.accepted.length).toBe(7);
  }, 60_000);

  test("deliver without the runtime's zlib too", async () => {
    const receiver = await openReceiver();
    const workers = await open({ env: { ...endpoint(receiver), LOGPUSH_TOKEN: TOKEN }, compatibilityDate: "2026-08-03" });
    const headers = { authorization: `Bearer ${TOKEN}`, "content-encoding": "gzip" };
    const body = gzipSync('{"Datetime":"2026-11-20T00:00:00Z"}');
    expect((await fetch(`${workers.url}/cloudflare/logpush`, { method: "POST", body, headers })).status).toBe(200);
    expect(receiver.accepted.length).toBe(1);
  }, 30_000);
});

async function reservePort(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { port, close: () => new Promise((resolve) => void server.close(() => resolve())) };
}
