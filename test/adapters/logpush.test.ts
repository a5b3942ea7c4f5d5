import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { describeDelivery } from "../support/delivery.ts";
import { createHttpSubject, createTestApp, type Env, type TestApp } from "../support/http-app.ts";
import { ok, partialSuccess, type Receiver, startReceiver, status } from "../support/receiver.ts";

const TOKEN = "a-token-nobody-can-guess";
const ENV: Env = { LOGPUSH_TOKEN: TOKEN };
const BEARER = { authorization: `Bearer ${TOKEN}` };
const FIXTURES = new URL("../fixtures/cloudflare-logpush/", import.meta.url);

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

type Body = string | Uint8Array<ArrayBuffer>;

/** As Logpush sends: no media type worth the name. */
function post(body: Body, headers: Record<string, string> = BEARER, query = ""): Promise<Response> {
  return app.request(`/cloudflare/logpush${query}`, { method: "POST", body: typeof body === "string" ? Buffer.from(body) : body, headers });
}

function bodies(): unknown[] {
  return receiver.accepted.map(({ body }) => body);
}

function traceEvent(message: string): Record<string, unknown> {
  return {
    EventTimestampMs: 1_763_683_200_283,
    EventType: "fetch",
    Outcome: "ok",
    ScriptName: "shop",
    Event: { RayID: "8f2a", Request: { Method: "GET", URL: "https://shop.example/" }, Response: { Status: 200 } },
    Logs: [{ Level: "log", Message: [message], TimestampMs: 1_763_683_200_284 }],
    Exceptions: [],
  };
}

const ROW = { RayID: "8f2a", EdgeStartTimestamp: 1_763_683_200_283_123_456n, ClientRequestMethod: "GET", EdgeResponseStatus: 503 };
const HTTP_ROW = JSON.stringify(ROW, (_, value) => (typeof value === "bigint" ? "#" : value)).replace(
  '"#"',
  String(ROW.EdgeStartTimestamp),
);

describeDelivery(
  createHttpSubject({
    name: "the Logpush drain",
    env: { ...ENV, OTLP_DRAIN_INVOCATION_LOGS: "off" },
    toRequest({ ids, brokenItemAt }) {
      const lines = ids.map((id) => JSON.stringify(traceEvent(`message ${id}`)));
      if (brokenItemAt !== undefined) lines.splice(brokenItemAt, 0, '{"EventTimestampMs": broken');
      return {
        path: "/cloudflare/logpush?dataset=workers_trace_events",
        init: { method: "POST", body: gzipSync(lines.join("\n")), headers: { ...BEARER, "content-encoding": "gzip" } },
      };
    },
    // Cloudflare says no more than that anything else is tried again for a while.
    isRetried: (code) => code !== 200,
  }),
);

describe("an upload with its token", () => {
  test("is answered 200, without remarks, when the destination has it, to the nanosecond", async () => {
    await open();
    const response = await post(gzipSync(`${HTTP_ROW}\n`), { ...BEARER, "content-encoding": "gzip" }, "?dataset=http_requests");
    expect([response.status, await response.text()]).toEqual([200, "{}"]);
    expect(receiver.accepted).toMatchObject([
      {
        timeUnixNano: 1_763_683_200_283_123_456n,
        severityNumber: 17,
        attributes: { "cloudflare.ray_id": "8f2a", "http.request.method": "GET", "http.response.status_code": 503 },
      },
    ]);
    expect(app.lines).toEqual([]);
  });

  test("of trace events is what a tail worker tells: the invocation and its logs", async () => {
    await open();
    expect((await post(JSON.stringify(traceEvent("hello")))).status).toBe(200);
    expect(receiver.accepted).toMatchObject([
      { eventName: "cloudflare.invocation", body: "GET https://shop.example/" },
      { eventName: "", body: "hello", severityNumber: 9, resource: { "service.name": "shop" } },
    ]);
  });

  test("has no records of invocations where they are switched off", async () => {
    await open({ ...ENV, OTLP_DRAIN_INVOCATION_LOGS: "off" });
    expect((await post(JSON.stringify(traceEvent("hello")))).status).toBe(200);
    expect(bodies()).toEqual(["hello"]);
  });

  test("has console texts as they were where JSON is not to be read", async () => {
    await open({ ...ENV, OTLP_DRAIN_INVOCATION_LOGS: "off", OTLP_DRAIN_PARSE_JSON: "off" });
    expect((await post(JSON.stringify(traceEvent('{"msg":"structured"}')))).status).toBe(200);
    expect(bodies()).toEqual(['{"msg":"structured"}']);
  });

  test.each<[string, Body, Record<string, string>]>([
    ["plain", HTTP_ROW, {}],
    ["gzip", gzipSync(HTTP_ROW), { "content-encoding": "gzip" }],
    ["gzip that no header tells of", gzipSync(HTTP_ROW), {}],
    ["gzip with a media type of something else", gzipSync(HTTP_ROW), { "content-type": "text/plain" }],
  ])("in %s is read", async (_, body, headers) => {
    await open();
    expect((await post(body, { ...BEARER, ...headers })).status).toBe(200);
    expect(receiver.accepted.length).toBe(1);
  });

  test("names its dataset in the query, whose other words change nothing", async () => {
    await open();
    const row = JSON.stringify({ Datetime: "2026-11-20T00:00:00Z", Action: "block" });
    expect((await post(row, BEARER, "?dataset=firewall_events&tags=a")).status).toBe(200);
    expect((await post(row, BEARER, "?dataset=%3Cscript%3E")).status).toBe(200);
    expect(receiver.accepted.map(({ attributes }) => attributes["cloudflare.logpush.dataset"])).toEqual(["firewall_events", undefined]);
  });

  test("with broken lines among good ones is all delivered, in one request", async () => {
    await open();
    const file = readFileSync(new URL("one_broken_line_among_good.ndjson", FIXTURES));
    expect((await post(Uint8Array.from(file))).status).toBe(200);
    expect([receiver.requests.length, receiver.accepted.length]).toEqual([1, 5]);
    expect(app.lines).toMatchObject([{ level: "warn", message: "delivered with remarks", drain: "logpush", malformed: 2 }]);
  });

  test("of csv is refused with what to do about it, and nothing of it in the answer", async () => {
    await open();
    const response = await post("RayID,ClientIP\n8f2a,203.0.113.7\n");
    const text = await response.text();
    expect(response.status).toBe(415);
    expect(text).toContain("ndjson");
    expect(text).not.toContain("203.0.113.7");
    expect(receiver.requests.length).toBe(0);
  });

  test.each<[string, Body, Record<string, string>, number]>([
    ["of bytes that are no text", Uint8Array.from([0, 1, 2, 255, 254, 0, 0]), {}, 400],
    ["of broken gzip", gzipSync(HTTP_ROW).subarray(0, 30), { "content-encoding": "gzip" }, 400],
    ["in an unknown coding", HTTP_ROW, { "content-encoding": "lzma" }, 415],
  ])("%s is answered %s", async (_, body, headers, code) => {
    await open();
    expect((await post(body, { ...BEARER, ...headers })).status).toBe(code);
    expect(receiver.requests.length).toBe(0);
  });

  test("that grows beyond the cap when inflated is answered 413", async () => {
    await open({ ...ENV, OTLP_DRAIN_MAX_DECODED_BYTES: "100000" });
    expect((await post(gzipSync(Buffer.alloc(50_000_000, 0x20)), { ...BEARER, "content-encoding": "gzip" })).status).toBe(413);
  });

  test("is asked for again while the destination is away", async () => {
    await open(ENV, () => status(503, { retryAfter: 12 }), 100);
    const response = await post(HTTP_ROW);
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "12"]);
  });

  test("of which the destination refuses a part is acknowledged and told of", async () => {
    await open(ENV, partialSuccess(1, "too old"));
    expect((await post(`${HTTP_ROW}\n${HTTP_ROW}`)).status).toBe(200);
    expect(app.lines).toMatchObject([{ message: "delivered with remarks", rejected: 1, delivered: 1 }]);
  });
});

describe("the upload that tests a new job", () => {
  const contents = ["test", "tests", '{"content":"test"}', '{"content":"tests"}', "", "\n", "{}", "[]"];

  test.each(contents)("%j is answered 200 and not delivered, in gzip or not", async (content) => {
    await open();
    for (const [body, headers] of [
      [content, {}],
      [gzipSync(content), { "content-encoding": "gzip" }],
      [gzipSync(content), {}],
    ] as const) {
      expect((await post(body, { ...BEARER, ...headers })).status).toBe(200);
    }
    expect(receiver.requests.length).toBe(0);
    expect(app.lines).toEqual([]);
  });

  test("is answered 401 without the token", async () => {
    await open();
    for (const content of contents) expect((await post(content, {})).status).toBe(401);
  });
});

describe("the token", () => {
  test.each<[string, Record<string, string>]>([
    ["Authorization: Bearer", BEARER],
    ["Authorization: bearer, in lower case", { authorization: `bearer ${TOKEN}` }],
    ["Authorization as it stands", { authorization: TOKEN }],
    ["X-CF-Secret", { "X-CF-Secret": TOKEN }],
    ["X-CF-Secret beside another Authorization", { "x-cf-secret": TOKEN, authorization: "Bearer other" }],
  ])("is taken from %s", async (_, headers) => {
    await open();
    expect((await post(HTTP_ROW, headers)).status).toBe(200);
  });

  test.each<[string, Record<string, string>]>([
    ["none", {}],
    ["an empty one", { authorization: "Bearer " }],
    ["another one", { authorization: "Bearer another" }],
    ["half of it", { authorization: `Bearer ${TOKEN.slice(0, 10)}` }],
    ["it in another header", { "x-token": TOKEN }],
    ["another secret", { "x-cf-secret": "another" }],
  ])("is missing with %s: 401, nothing decoded", async (_, headers) => {
    await open();
    const response = await post(HTTP_ROW, headers);
    expect([response.status, response.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    expect(receiver.requests.length).toBe(0);
  });

  test("may be one of two while they rotate", async () => {
    await open({ LOGPUSH_TOKEN: `${TOKEN}, a-newer-token-nobody-can-guess` });
    expect((await post(HTTP_ROW, { authorization: "Bearer a-newer-token-nobody-can-guess" })).status).toBe(200);
  });

  test("that is not configured closes the drain, unless the operator insists", async () => {
    await open({});
    expect((await post(HTTP_ROW)).status).toBe(404);
    await receiver.close();
    await open({ OTLP_DRAIN_INSECURE: "1" });
    expect((await post(HTTP_ROW, {})).status).toBe(200);
  });
});

test.each(["GET", "HEAD", "OPTIONS"])("%s is answered 200: somebody asks whether anyone is there", async (method) => {
  await open();
  expect((await app.request("/cloudflare/logpush", { method })).status).toBe(200);
});
