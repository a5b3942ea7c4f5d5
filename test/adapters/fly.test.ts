import { deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { describeDelivery } from "../support/delivery.ts";
import { createHttpSubject, createTestApp, type Env, type TestApp, watchedBody } from "../support/http-app.ts";
import { hang, html200, ok, partialSuccess, type Receiver, redirect, startReceiver, status } from "../support/receiver.ts";

const TOKEN = "a-token-nobody-can-guess";
const ENV: Env = { FLY_DRAIN_TOKEN: TOKEN };
const BEARER = { authorization: `Bearer ${TOKEN}` };
const TIMESTAMP = "2023-06-27T01:19:11.789045558Z";

let receiver: Receiver;
let app: TestApp;

afterEach(async () => {
  await receiver?.close();
  expect(receiver?.violations ?? []).toEqual([]);
});

async function open(env: Env = ENV, behaviour: Parameters<Receiver["behave"]>[0] = ok(), budgetMs = 5_000): Promise<void> {
  receiver = await startReceiver({ behaviour });
  app = createTestApp(env, receiver.url, { budgetMs });
}

/** An event as the log shipper hands it on. */
function event(message: string, appName = "restless-moon-8905"): Record<string, unknown> {
  return {
    event: { provider: "app" },
    fly: { app: { instance: "4d891d77b05118", name: appName }, region: "lax" },
    host: "f442",
    log: { level: "info" },
    message,
    timestamp: TIMESTAMP,
  };
}

const GOOD = JSON.stringify([event("first confidential"), event("second")]);

type Body = string | Uint8Array<ArrayBuffer>;

function post(body: Body, headers: Record<string, string> = {}, path = "/fly"): Promise<Response> {
  return app.request(path, {
    method: "POST",
    body,
    headers: { "content-type": "application/json", "user-agent": "Vector/0.29.1", ...BEARER, ...headers },
  });
}

function bodies(): unknown[] {
  return receiver.accepted.map(({ body }) => body);
}

/** Raw snappy of one literal: what Vector's codec writes for text that it cannot make smaller. */
function snappyLiteral(text: string): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.from(text);
  const length = bytes.length - 1;
  return Uint8Array.from([(bytes.length & 0x7f) | 0x80, bytes.length >> 7, 61 << 2, length & 0xff, length >> 8, ...bytes]);
}

describeDelivery(
  createHttpSubject({
    name: "the Fly.io drain",
    // The other encoding than the Vercel drain's, so that the suite sees both.
    env: { ...ENV, OTEL_EXPORTER_OTLP_PROTOCOL: "http/json", OTEL_EXPORTER_OTLP_COMPRESSION: "none" },
    toRequest({ ids, brokenItemAt }) {
      const lines = ids.map((id) => JSON.stringify(event(`message ${id}`)));
      if (brokenItemAt !== undefined) lines.splice(brokenItemAt, 0, '{"message": broken');
      const headers = { ...BEARER, "content-type": "application/x-ndjson", "content-encoding": "gzip", "user-agent": "Vector/0.57.0" };
      return { path: "/fly", init: { method: "POST", body: gzipSync(lines.join("\n")), headers } };
    },
    // Vector's http sink: everything else is deleted.
    isRetried: (code) => code === 408 || code === 429 || (code >= 500 && code !== 501),
  }),
);

describe("a delivery with its token", () => {
  test("as the stock log shipper sends it is answered 200, without remarks, when the destination has it", async () => {
    await open();
    const response = await post(GOOD);
    expect([response.status, await response.text()]).toEqual([200, "{}"]);
    expect(receiver.accepted).toMatchObject([
      {
        body: "first confidential",
        timeUnixNano: 1_687_828_751_789_045_558n,
        severityNumber: 9,
        resource: { "service.name": "restless-moon-8905", "cloud.region": "lax" },
      },
      { body: "second" },
    ]);
    expect(app.lines).toEqual([]);
  });

  test.each(["/fly", "/vector", "/fly/", "/vector/"])("is taken at %s", async (path) => {
    await open();
    expect((await post(GOOD, {}, path)).status).toBe(200);
    expect(receiver.accepted.length).toBe(2);
  });

  const [one, two] = [event("one"), event("two")].map((item) => JSON.stringify(item)) as [string, string];
  test.each<[string, string, string | undefined]>([
    ["an array of one batch", `[${one},${two}]`, "application/json"],
    ["NDJSON without a last newline", `${one}\n${two}`, "application/x-ndjson"],
    ["NDJSON with a charset and blank lines", `\n${one}\n\n${two}\n`, "application/x-ndjson; charset=utf-8"],
    ["an array wrapped in a prefix and a suffix", `{"data":[${one},${two}]}`, "application/json"],
    ["a codec without a media type", `[${one},${two}]`, undefined],
    ["a media type of another kind", `[${one},${two}]`, "text/plain"],
    ["text lines", "one\ntwo", "text/plain"],
  ])("in the framing of %s is read", async (_, body, contentType) => {
    await open();
    const headers: Record<string, string> = { ...BEARER, ...(contentType === undefined ? {} : { "content-type": contentType }) };
    const response = await app.request("/fly", { method: "POST", body: Buffer.from(body), headers });
    expect(response.status).toBe(200);
    expect(bodies()).toEqual(["one", "two"]);
  });

  test("of a single object is read", async () => {
    await open();
    expect((await post(one)).status).toBe(200);
    expect(bodies()).toEqual(["one"]);
  });

  test("of OTLP requests by Vector's opentelemetry sink is merged and passed on", async () => {
    await open();
    const request = (body: string) => ({
      resourceLogs: [{ resource: { attributes: [] }, scopeLogs: [{ logRecords: [{ body: { stringValue: body } }] }] }],
    });
    expect((await post(JSON.stringify([request("one"), request("two")]))).status).toBe(200);
    expect(bodies()).toEqual(["one", "two"]);
    expect(receiver.requests.length).toBe(1);
  });

  test.each<[string, Body]>([
    ["gzip", gzipSync(GOOD)],
    ["deflate", deflateSync(GOOD)],
    ["zstd", zstdCompressSync(GOOD)],
    ["snappy", snappyLiteral(GOOD)],
    ["identity", GOOD],
  ])("compressed with %s is read", async (encoding, body) => {
    await open();
    expect((await post(body, { "content-encoding": encoding })).status).toBe(200);
    expect(receiver.accepted.length).toBe(2);
  });

  test("with one broken line among good ones is all delivered, in one request", async () => {
    await open();
    expect((await post(`${one}\n{"message": broken\n${two}`)).status).toBe(200);
    // The broken one names no app, so it stands under a resource of its own.
    expect(bodies().sort()).toEqual(["one", "two", '{"message": broken']);
    const [broken] = receiver.accepted.filter(({ body }) => body === '{"message": broken');
    expect(broken?.attributes["otlp_drain.decode_error"]).toEqual(expect.any(String));
    expect(receiver.requests.length).toBe(1);
    expect(app.lines).toMatchObject([{ drain: "fly", malformed: 1 }]);
  });

  test("that is no JSON at all is delivered raw: a 4xx would come back as a log line", async () => {
    await open();
    expect((await post("<html>not JSON</html>")).status).toBe(200);
    expect(bodies()).toEqual(["<html>not JSON</html>"]);
  });

  test("that is neither text nor JSON is answered 400", async () => {
    await open();
    const response = await post(Uint8Array.from([0, 159, 146, 150, 255, 254, 0, 1, 2, 3]));
    expect(response.status).toBe(400);
    expect(receiver.requests.length).toBe(0);
  });

  test("of ignored apps is answered 200, and nothing of it arrives", async () => {
    await open({ ...ENV, FLY_IGNORE_APPS: "my-log-*", FLY_APP_NAME: "the-drain" });
    const items = [event("a", "my-log-shipper"), event("b", "the-drain"), event("c", "my-app")];
    expect((await post(JSON.stringify(items))).status).toBe(200);
    expect(bodies()).toEqual(["c"]);
    expect((await post(JSON.stringify(items.slice(0, 2)))).status).toBe(200);
    expect(receiver.requests.length).toBe(1);
    expect(app.lines).toEqual([]);
  });

  test.each(["", "[]", " [ ]\n", "{}"])("of nothing (%j) is answered 200, and makes no request", async (body) => {
    await open(ENV, () => status(500));
    expect((await post(body)).status).toBe(200);
    expect(receiver.requests.length).toBe(0);
  });
});

describe("credentials", () => {
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });

  test.each<[string, Record<string, string>]>([
    ["a bearer token", BEARER],
    ["a bearer token with another case", { authorization: `bearer ${TOKEN}` }],
    ["a password", basic(`vector:${TOKEN}`)],
    ["a password without a user", basic(`:${TOKEN}`)],
    ["a user alone, as in a URL", basic(TOKEN)],
    ["a header of its own", { "x-drain-token": TOKEN }],
    ["a header of its own beside another authorization", { "x-drain-token": TOKEN, authorization: "Bearer other" }],
  ])("may be %s", async (_, headers) => {
    await open();
    const response = await app.request("/fly", { method: "POST", body: GOOD, headers });
    expect(response.status).toBe(200);
    expect(receiver.accepted.length).toBe(2);
  });

  test.each<[string, Record<string, string>]>([
    ["missing", {}],
    ["empty", { authorization: "" }],
    ["a scheme alone", { authorization: "Bearer " }],
    ["another token", { authorization: "Bearer another" }],
    ["the token and more", { authorization: `Bearer ${TOKEN}x` }],
    ["a part of the token", { authorization: `Bearer ${TOKEN.slice(1)}` }],
    ["the token as the user of another password", basic(`${TOKEN}:other`)],
    ["damaged base64", { authorization: "Basic %%%" }],
    ["an empty header of its own", { "x-drain-token": "" }],
  ])("that are %s are answered 401, and nothing is read, delivered or told", async (_, headers) => {
    await open();
    const { body, pulled } = watchedBody(64, 1_000);
    const response = await app.request("/fly", { method: "POST", body, headers, duplex: "half" } as RequestInit);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe("Bearer");
    const answer = await response.text();
    expect(JSON.parse(answer)).toEqual({ error: "missing or wrong credentials" });
    expect(pulled()).toBe(0);
    expect(receiver.requests.length).toBe(0);
    expect(app.lines).toMatchObject([{ level: "warn", drain: "fly", reason: "unauthorized" }]);
    expect(JSON.stringify([answer, app.lines])).not.toContain("nobody-can-guess");
  });

  test("come before everything else: no other answer tells a stranger anything", async () => {
    await open();
    const wrong = { authorization: "Bearer wrong" };
    for (const headers of [
      { "content-encoding": "lzma" },
      { "content-type": "application/x-protobuf" },
      { "content-length": "99999999999" },
    ]) {
      expect((await post(GOOD, { ...wrong, ...headers })).status).toBe(401);
    }
    expect((await post("{}", wrong)).status).toBe(401);
  });

  test("may be any of several tokens, while they rotate", async () => {
    await open({ FLY_DRAIN_TOKEN: `${TOKEN} the-next-token-of-all` });
    expect((await post(GOOD)).status).toBe(200);
    expect((await post(GOOD, { authorization: "Bearer the-next-token-of-all" })).status).toBe(200);
    expect((await post(GOOD, { authorization: `Bearer ${TOKEN} the-next-token-of-all` })).status).toBe(401);
  });
});

describe("Vector's health check", () => {
  test.each(["GET", "HEAD", "OPTIONS"])("by %s is answered exactly 200, with or without a token", async (method) => {
    await open();
    for (const headers of [{}, BEARER]) {
      const response = await app.request("/fly", { method, headers });
      expect(response.status).toBe(200);
      if (method !== "GET") expect(await response.text()).toBe("");
    }
    expect(app.lines).toEqual([]);
  });

  test("finds a closed drain closed", async () => {
    await open({});
    expect((await app.request("/fly", { method: "HEAD" })).status).toBe(404);
    expect((await app.request("/vector", { method: "POST", body: GOOD, headers: BEARER })).status).toBe(404);
  });

  test("finds an insecure drain open, but for one that has a token", async () => {
    await open({ OTLP_DRAIN_INSECURE: "1" });
    expect((await app.request("/fly", { method: "POST", body: GOOD })).status).toBe(200);
    expect(receiver.accepted.length).toBe(2);
    await receiver.close();
    await open({ ...ENV, OTLP_DRAIN_INSECURE: "1" });
    expect((await app.request("/fly", { method: "POST", body: GOOD })).status).toBe(401);
  });
});

describe("a body", () => {
  test("over the cap, before or after inflating, is answered 413", async () => {
    await open({ ...ENV, OTLP_DRAIN_MAX_BODY_BYTES: "1000", OTLP_DRAIN_MAX_DECODED_BYTES: "5000" });
    expect((await post("x".repeat(1_001))).status).toBe(413);
    for (const [encoding, body] of [
      ["gzip", gzipSync("x".repeat(5_001))],
      ["zstd", zstdCompressSync("x".repeat(5_001))],
      ["deflate", deflateSync("x".repeat(5_001))],
    ] as const) {
      expect((await post(body, { "content-encoding": encoding })).status, encoding).toBe(413);
    }
    expect(receiver.requests.length).toBe(0);
  });

  test("of Vector's default batch of 10 MB is taken whole", async () => {
    await open();
    const items = Array.from({ length: 10_000 }, (_, index) => event(`${index} ${"x".repeat(800)}`));
    const body = JSON.stringify(items);
    expect(body.length).toBeGreaterThan(10_000_000);
    expect((await post(body)).status).toBe(200);
    expect(receiver.accepted.length).toBe(10_000);
    expect(receiver.requests.length).toBeGreaterThan(3);
  });

  test("in an encoding that nobody here reads, or a framing of snappy's own, is no success", async () => {
    await open();
    expect((await post(GOOD, { "content-encoding": "lzma" })).status).toBe(415);
    expect((await post(gzipSync(GOOD).subarray(0, 50), { "content-encoding": "gzip" })).status).toBe(400);
    expect((await post(Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0xff]), { "content-encoding": "snappy" })).status).toBe(400);
    expect(receiver.requests.length).toBe(0);
  });

  test("in codec otlp is answered 415, naming where it belongs", async () => {
    await open();
    const response = await post("\n", { "content-type": "application/x-protobuf" });
    expect(response.status).toBe(415);
    expect(await response.json()).toEqual({ error: expect.stringContaining("/v1/logs") });
  });
});

describe("a destination that fails", () => {
  test.each<[string, Parameters<Receiver["behave"]>[0], string]>([
    ["401", () => status(401), "401"],
    ["404", () => status(404), "404"],
    ["500", () => status(500), "500"],
    ["501", () => status(501), "501"],
    ["HTML", html200(), "no OTLP answer"],
    ["a redirect", () => redirect(302, "/elsewhere"), "302, a redirect"],
    ["503", () => status(503, { retryAfter: 3_600 }), "503"],
    ["no answer", hang(), "no answer"],
  ])("with %s is answered 503 with Retry-After, and one line names the cause", async (_, behaviour, cause) => {
    await open(ENV, behaviour, cause === "no answer" ? 200 : 5_000);
    const response = await post(GOOD);
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toMatch(/^(?:[1-9]|[12]\d|30)$/);
    const answer = await response.text();
    // Vector logs the answer, and the shipper ships it.
    expect(answer.length).toBeLessThan(100);
    expect(app.lines).toEqual([
      { level: "error", message: "not delivered", drain: "fly", reason: expect.any(String), detail: expect.stringContaining(cause) },
    ]);
    expect(JSON.stringify([answer, app.lines])).not.toMatch(/confidential|nobody-can-guess|127\.0\.0\.1/);
  });

  test("with a partial success is answered 200, and a line holds the count", async () => {
    await open(ENV, partialSuccess(1, "too old"));
    expect((await post(GOOD)).status).toBe(200);
    expect(app.lines).toMatchObject([{ level: "warn", drain: "fly", delivered: 1, rejected: 1 }]);
  });
});

describe("routing", () => {
  test("of an authenticated request names service, project and resource", async () => {
    await open();
    const headers = { "x-highlight-service": "shop", "x-otlp-resource": "team=red" };
    expect((await post(GOOD, headers, "/fly?project=42")).status).toBe(200);
    expect(receiver.accepted[0]?.resource).toMatchObject({
      "service.name": "shop",
      "fly.app.name": "restless-moon-8905",
      "highlight.project_id": "42",
      team: "red",
    });
  });

  test("of anybody else does nothing", async () => {
    await open();
    expect((await post(GOOD, { authorization: "Bearer wrong", "x-highlight-project": "42" })).status).toBe(401);
    expect(receiver.requests.length).toBe(0);
  });
});
