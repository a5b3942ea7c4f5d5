import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createDrainRoute, createHttpAppFromEnv, firehoseDrain, flyDrain, type ReportLine, vercelDrain } from "../../adapters/embed.ts";
import type { Drain } from "../../core/drain.ts";
import { MAX_CONCURRENT_DELIVERIES } from "../../core/limits.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";

const TOKEN = "a-token-nobody-can-guess";
const SECRETS = { FLY_DRAIN_TOKEN: TOKEN };
const lines: ReportLine[] = [];
const report = (line: ReportLine) => void lines.push(line);
let receiver: Receiver;

beforeEach(async () => {
  lines.length = 0;
  receiver = await startReceiver();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await receiver.close();
});

function post(path = "/anywhere", init: RequestInit = {}): Request {
  const headers = { authorization: `Bearer ${TOKEN}` };
  return new Request(new URL(path, "http://my-app.example"), { method: "POST", body: '{"message":"hello"}', headers, ...init });
}

function env(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { ...SECRETS, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.href, ...more };
}

/** A drain that remembers how often it was asked, and holds every delivery back until `release` is called. */
function createHeldDrain(): { readonly drain: Drain; readonly release: () => void; readonly asked: () => number } {
  let asked = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const drain: Drain = {
    async deliver() {
      asked++;
      await promise;
      return { ok: true, value: { delivered: 1, rejected: 0, malformed: 0, filtered: 0, notes: [] } };
    },
  };
  return { drain, release: resolve, asked: () => asked };
}

describe("a route", () => {
  test("delivers at whatever path it is mounted", async () => {
    const route = createDrainRoute(flyDrain, env(), { report });
    expect((await route(post("/some/where?service=checkout"))).status).toBe(200);
    expect(receiver.accepted).toMatchObject([{ body: "hello", resource: { "service.name": "checkout" } }]);
    expect(lines).toEqual([]);
  });

  test("refuses strangers and answers probes as the drain does in the app", async () => {
    const route = createDrainRoute(flyDrain, env(), { report });
    expect((await route(post("/", { headers: {} }))).status).toBe(401);
    expect((await route(new Request("http://my-app.example/", { method: "HEAD" }))).status).toBe(200);
    expect(receiver.requests).toHaveLength(0);
  });

  test("reads its environment at the first request, so that a build can import it without", async () => {
    const read: string[] = [];
    const watched = new Proxy(env(), {
      get(target, name: string) {
        read.push(name);
        return target[name];
      },
    });
    const route = createDrainRoute(flyDrain, watched, { report });
    expect(read).toEqual([]);
    await route(post());
    expect(read).toContain("FLY_DRAIN_TOKEN");
  });

  test("without its secret is not there, and says once what opens it", async () => {
    const route = createDrainRoute(vercelDrain, env(), { report });
    for (let time = 0; time < 2; time++) expect((await route(post())).status).toBe(404);
    expect(lines).toEqual([{ level: "warn", message: "vercel is closed: set VERCEL_DRAIN_SECRET" }]);
  });

  test.each([
    ["a faulty variable", { OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" }, /^OTEL_EXPORTER_OTLP_ENDPOINT has no scheme/],
    ["no destination", { OTEL_EXPORTER_OTLP_ENDPOINT: "" }, /^OTEL_EXPORTER_OTLP_ENDPOINT is not set/],
    ["a way out that only the local server has", { OTLP_DRAIN_EXPORTER: "sdk" }, /^OTLP_DRAIN_EXPORTER is "sdk"/],
  ])("with %s leaves the data with the sender, and says once why", async (_, wrong, message) => {
    const route = createDrainRoute(flyDrain, env(wrong), { report });
    for (let time = 0; time < 2; time++) {
      const response = await route(post());
      expect([response.status, response.headers.get("retry-after")]).toEqual([503, "30"]);
    }
    expect(lines).toEqual([{ level: "error", drain: "fly", message: expect.stringMatching(message) }]);
  });

  test("tells of doubtful settings", async () => {
    const route = createDrainRoute(flyDrain, env({ HIGHLIGHT_PROJECT_ID: "?" }), { report });
    await route(post());
    expect(lines).toMatchObject([{ level: "warn", message: expect.stringContaining("HIGHLIGHT_PROJECT_ID") }]);
  });

  test("gives a drain of one's own what arrives, whatever the destination", async () => {
    const held = createHeldDrain();
    held.release();
    const route = createDrainRoute(flyDrain, SECRETS, { report, drain: held.drain });
    expect((await route(post())).status).toBe(200);
    expect(held.asked()).toBe(1);
  });

  test("has a limit of deliveries at once, and recovers", async () => {
    const held = createHeldDrain();
    const route = createDrainRoute(flyDrain, SECRETS, { report, drain: held.drain });
    const under = Array.from({ length: MAX_CONCURRENT_DELIVERIES }, () => route(post()));
    await vi.waitFor(() => expect(held.asked()).toBe(MAX_CONCURRENT_DELIVERIES));
    expect((await route(post())).status).toBe(503);
    held.release();
    expect(new Set((await Promise.all(under)).map(({ status }) => status))).toEqual(new Set([200]));
    expect((await route(post())).status).toBe(200);
  });

  test("answers 503 to a fault of ours, and tells its name alone", async () => {
    const drain: Drain = { deliver: () => Promise.reject(new TypeError("secret payload")) };
    const response = await createDrainRoute(flyDrain, SECRETS, { report, drain })(post());
    expect([response.status, lines]).toEqual([503, [{ level: "error", message: "internal error", error: "TypeError" }]]);
  });

  test("uses the inflaters and the gzip that it is given", async () => {
    const inflated = new TextEncoder().encode('{"message":"inflated by hand"}');
    const gzip = vi.fn(async (bytes: Uint8Array<ArrayBuffer>) => new Uint8Array(await new Response(compress(bytes)).arrayBuffer()));
    const route = createDrainRoute(flyDrain, env(), { report, gzip, inflaters: { rot: async () => ({ ok: true, value: inflated }) } });
    const headers = { authorization: `Bearer ${TOKEN}`, "content-encoding": "rot" };
    expect((await route(post("/", { headers }))).status).toBe(200);
    expect(receiver.accepted.map(({ body }) => body)).toEqual(["inflated by hand"]);
    expect(gzip).toHaveBeenCalledOnce();
  });

  test("prints records where it is asked to, one OTLP/JSON request a line", async () => {
    const printed = vi.spyOn(console, "log").mockImplementation(() => {});
    const route = createDrainRoute(flyDrain, { ...SECRETS, OTLP_DRAIN_EXPORTER: "console" }, { report });
    expect((await route(post())).status).toBe(200);
    expect(printed.mock.calls.map(([line]) => JSON.parse(line))).toMatchObject([
      { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: "hello" } }] }] }] },
    ]);
  });
});

describe("the app of an environment", () => {
  test("has the drains whose secrets are set, and tells of the others", async () => {
    const app = createHttpAppFromEnv(env(), { report });
    expect((await app.fetch(post("/fly"))).status).toBe(200);
    expect((await app.fetch(post("/vercel"))).status).toBe(404);
    expect(receiver.accepted).toHaveLength(1);
    expect(lines).toContainEqual({ level: "warn", message: `${firehoseDrain.paths[0]} is closed: set FIREHOSE_ACCESS_KEY` });
  });

  test.each([
    [
      { PORT: "x", OTLP_DRAIN_INSECURE: "maybe" },
      /PORT is "x".*OTLP_DRAIN_INSECURE is "maybe"|OTLP_DRAIN_INSECURE is "maybe".*PORT is "x"/,
    ],
    [{}, /OTEL_EXPORTER_OTLP_ENDPOINT is not set/],
  ])("does not start on a configuration that could only lose logs: %j", (wrong, message) => {
    expect(() => createHttpAppFromEnv({ ...SECRETS, ...wrong }, { report })).toThrow(message);
  });
});

function compress(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array> {
  return new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
}
