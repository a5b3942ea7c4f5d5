import { afterEach, describe, expect, test } from "vitest";
import { describeClosed, HTTP_DRAINS } from "../../adapters/http.ts";
import { retryAfterSeconds } from "../../adapters/http-drain.ts";
import { createWatch, type ReportLine } from "../../adapters/report.ts";
import { SECRET_VARIABLES } from "../../core/config.ts";
import type { Drain } from "../../core/drain.ts";
import { MAX_CONCURRENT_DELIVERIES } from "../../core/limits.ts";
import type { Failure } from "../../core/source.ts";
import { createTestApp, readTestConfig, type TestApp } from "../support/http-app.ts";
import { delay, partialSuccess, type Receiver, startReceiver, status } from "../support/receiver.ts";

const NOWHERE = new URL("http://127.0.0.1:9");
const ENV = { FLY_DRAIN_TOKEN: "a-token-nobody-can-guess" };
const HEADERS = { authorization: "Bearer a-token-nobody-can-guess" };
let receiver: Receiver | undefined;

afterEach(async () => {
  await receiver?.close();
  receiver = undefined;
});

function post(app: TestApp, message = "hello"): Promise<Response> {
  return app.request("/fly", { method: "POST", body: JSON.stringify({ message }), headers: HEADERS });
}

describe("the app", () => {
  test("says that it runs", async () => {
    const response = await createTestApp({}, NOWHERE).request("/healthz");
    expect([response.status, await response.json()]).toEqual([200, { status: "ok" }]);
  });

  test("lists its drains, which are open, how to open the others, and how to set them up", async () => {
    const response = await createTestApp({ ...ENV, VERCEL_VERIFY: "code-of-mine" }, NOWHERE).request("/");
    const page = await response.text();
    expect(response.status).toBe(200);
    expect(page).toContain("/fly, /vector (open)");
    expect(page).toContain("/vercel (closed, set VERCEL_DRAIN_SECRET)");
    for (const { setup } of HTTP_DRAINS) expect(page).toContain(setup);
    expect(page).not.toMatch(/nobody-can-guess|code-of-mine/);
    const open = await (await createTestApp({ OTLP_DRAIN_INSECURE: "1" }, NOWHERE).request("/")).text();
    expect(open).not.toContain("closed");
  });

  test.each(["/nowhere", "/vercel", "/fly/other", "/healthz/x", "//fly"])("answers 404 at %s, which is no open drain", async (path) => {
    const response = await createTestApp(ENV, NOWHERE).request(`http://drain.example${path}`, {
      method: "POST",
      body: "[]",
      headers: HEADERS,
    });
    expect([response.status, await response.json()]).toEqual([404, { error: "no open drain at this path" }]);
  });

  test("answers 503 to a fault of ours, so that every sender keeps its data, and tells the fault's name alone", async () => {
    const drain: Drain = { deliver: () => Promise.reject(new TypeError("secret payload")) };
    const app = createTestApp(ENV, NOWHERE, { drain });
    const response = await post(app);
    expect([response.status, response.headers.get("retry-after"), await response.json()]).toEqual([503, "5", { error: "internal error" }]);
    expect(app.lines).toEqual([{ level: "error", message: "internal error", error: "TypeError" }]);
  });
});

describe("the table of drains", () => {
  test("gives every drain a name, paths and a secret of its own", () => {
    const paths = HTTP_DRAINS.flatMap((drain) => drain.paths);
    expect(new Set(paths).size).toBe(paths.length);
    for (const path of paths) expect(path).toMatch(/^(?:\/[a-z][a-z0-9-]*)+$/);
    expect(new Set(HTTP_DRAINS.map(({ name }) => name)).size).toBe(HTTP_DRAINS.length);
    for (const { secretVariable, budgetMs } of HTTP_DRAINS) {
      expect(SECRET_VARIABLES).toContain(secretVariable);
      expect(budgetMs).toBeGreaterThanOrEqual(4_000);
      expect(budgetMs).toBeLessThanOrEqual(150_000);
    }
  });

  test("names the variable of every closed drain once", () => {
    expect(describeClosed(readTestConfig({}))).toEqual(
      HTTP_DRAINS.map(({ paths, secretVariable }) => `${paths[0]} is closed: set ${secretVariable}`),
    );
    expect(describeClosed(readTestConfig(ENV)).join()).not.toContain("/fly");
    expect(describeClosed(readTestConfig({ OTLP_DRAIN_INSECURE: "1" }))).toEqual([]);
  });
});

describe("too many deliveries at once", () => {
  test("are sent away with 503 before anything of them is read, and let in again afterwards", async () => {
    const gate = Promise.withResolvers<void>();
    const drain: Drain = {
      deliver: async () => {
        await gate.promise;
        return { ok: true, value: { delivered: 1, rejected: 0, malformed: 0, filtered: 0, notes: [] } };
      },
    };
    const app = createTestApp(ENV, NOWHERE, { drain });
    const under = Array.from({ length: MAX_CONCURRENT_DELIVERIES }, () => post(app));
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    const response = await post(app);
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
    expect((await app.request("/healthz")).status).toBe(200);
    gate.resolve();
    expect((await Promise.all(under)).map((answer) => answer.status)).toEqual(under.map(() => 200));
    expect((await post(app)).status).toBe(200);
  });

  test("are counted only once they are authenticated: strangers who dribble their bodies keep nobody out", async () => {
    const app = createTestApp({ ...ENV, VERCEL_DRAIN_SECRET: "s".repeat(32) }, NOWHERE, {
      drain: { deliver: async () => ({ ok: true, value: { delivered: 1, rejected: 0, malformed: 0, filtered: 0, notes: [] } }) },
    });
    const never = () => new ReadableStream<Uint8Array>({ pull: () => new Promise(() => undefined) });
    const dribble = { method: "POST", headers: { "x-vercel-signature": "0".repeat(40) }, duplex: "half" } as RequestInit;
    for (let time = 0; time < MAX_CONCURRENT_DELIVERIES; time++) void app.request("/vercel", { ...dribble, body: never() });
    expect((await post(app)).status).toBe(200);
  });

  test("are no more after failures, probes and refusals", async () => {
    const app = createTestApp(ENV, NOWHERE, { drain: { deliver: () => Promise.reject(new Error("boom")) } });
    for (let time = 0; time < MAX_CONCURRENT_DELIVERIES + 1; time++) {
      await post(app);
      await app.request("/fly", { method: "HEAD" });
      await app.request("/fly", { method: "POST", body: "x" });
    }
    expect((await app.request("/fly", { method: "HEAD" })).status).toBe(200);
  });
});

describe("the lines for the operator", () => {
  test("are one a delivery that was not plain success, and none for the others", async () => {
    receiver = await startReceiver({ behaviour: [partialSuccess(1, "too old"), partialSuccess(1, "too old"), status(401)] });
    const app = createTestApp(ENV, receiver.url);
    for (let time = 0; time < 4; time++) await post(app);
    expect(app.lines).toMatchObject([
      { level: "warn", message: "delivered with remarks", rejected: 1, delivered: 0 },
      { level: "warn", message: "delivered with remarks", rejected: 1, delivered: 0 },
      { level: "error", message: "not delivered", reason: "refused" },
    ]);
  });

  test("repeat a warning of the destination only when it is a new one", async () => {
    const warnings = ["slow down", "slow down", "deprecated", "slow down"];
    receiver = await startReceiver({ behaviour: (_, index) => partialSuccess(0, warnings[index] ?? "") });
    const app = createTestApp(ENV, receiver.url);
    for (const _ of warnings) await post(app);
    expect(app.lines.map(({ notes }) => notes)).toEqual([["the destination warns: slow down"], ["the destination warns: deprecated"]]);
  });

  test("tell of strangers once a minute, or they could fill the log", () => {
    const lines: ReportLine[] = [];
    let nowMs = 1_000_000;
    const watch = createWatch(
      (line) => void lines.push(line),
      () => nowMs,
    );
    const stranger = { ok: false, error: { reason: "unauthorized", detail: "" } } as const;
    for (let time = 0; time < 5; time++) watch("fly", stranger);
    watch("vercel", stranger);
    expect(lines.map(({ drain }) => drain)).toEqual(["fly", "vercel"]);
    nowMs += 60_000;
    watch("fly", stranger);
    expect(lines.map(({ drain }) => drain)).toEqual(["fly", "vercel", "fly"]);
  });

  test("are warnings for a sender's fault and errors for a destination's", async () => {
    receiver = await startReceiver({ behaviour: () => delay(1, status(503, { retryAfter: 60 })) });
    const app = createTestApp(ENV, receiver.url);
    await post(app);
    await app.request("/fly", { method: "POST", body: "x" });
    await app.request("/fly", { method: "POST", body: "x", headers: { ...HEADERS, "content-encoding": "lzma" } });
    expect(app.lines.map(({ level, reason }) => [level, reason])).toEqual([
      ["error", "retryable"],
      ["warn", "unauthorized"],
      ["warn", "unsupported"],
    ]);
  });
});

describe("Retry-After", () => {
  test.each<[Failure, number]>([
    [{ reason: "retryable", detail: "" }, 1],
    [{ reason: "retryable", detail: "", retryAfterMs: 0 }, 1],
    [{ reason: "retryable", detail: "", retryAfterMs: 1_001 }, 2],
    [{ reason: "retryable", detail: "", retryAfterMs: 29_500 }, 30],
    [{ reason: "retryable", detail: "", retryAfterMs: 3_600_000 }, 30],
    [{ reason: "refused", detail: "" }, 15],
  ])("after %j is %i s", (failure, seconds) => {
    expect(retryAfterSeconds(failure)).toBe(seconds);
  });
});
