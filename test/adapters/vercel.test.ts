import { createHmac } from "node:crypto";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { describeDelivery } from "../support/delivery.ts";
import { createHttpSubject, createTestApp, type Env, type TestApp, watchedBody } from "../support/http-app.ts";
import { hang, html200, ok, partialSuccess, type Receiver, redirect, startReceiver, status } from "../support/receiver.ts";

const SECRET = "a_very_long_and_very_well_specified_secret";
const CODE = "0123456789abcdef0123456789abcdef";
const ENV: Env = { VERCEL_DRAIN_SECRET: SECRET, VERCEL_VERIFY: CODE };
const JSON_TYPE = { "content-type": "application/json" };
const GOOD =
  '[{"id":"1","message":"first confidential","timestamp":1763700000000},{"id":"2","message":"second","timestamp":1763700000001}]';

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

function sign(body: string | Uint8Array, secret = SECRET): string {
  return createHmac("sha1", secret).update(body).digest("hex");
}

type Body = string | Uint8Array<ArrayBuffer>;

function post(body: Body, headers: Record<string, string> = {}, path = "/vercel"): Promise<Response> {
  return app.request(path, { method: "POST", body, headers: { ...JSON_TYPE, "x-vercel-signature": sign(body), ...headers } });
}

function postUnsigned(body: Body, headers: Record<string, string> = {}): Promise<Response> {
  return app.request("/vercel", { method: "POST", body, headers: { ...JSON_TYPE, ...headers } });
}

function bodies(): unknown[] {
  return receiver.accepted.map(({ body }) => body);
}

describeDelivery(
  createHttpSubject({
    name: "the Vercel drain",
    env: { ...ENV, OTLP_DRAIN_MAX_BODY_BYTES: "1000000" },
    toRequest({ ids, brokenItemAt }) {
      const lines = ids.map((id) =>
        JSON.stringify({ id, message: `message ${id}`, timestamp: 1763700000000, level: "info", projectName: "shop" }),
      );
      if (brokenItemAt !== undefined) lines.splice(brokenItemAt, 0, '{"id":"broken",');
      const body = gzipSync(lines.join("\n"));
      const headers = { "content-type": "application/x-ndjson", "content-encoding": "gzip", "x-vercel-signature": sign(body) };
      return { path: "/vercel", init: { method: "POST", body, headers } };
    },
    isRetried: (code) => code === 429 || code >= 500,
  }),
);

describe("a signed delivery", () => {
  test("is answered 200, without remarks, when the destination has it", async () => {
    await open();
    const response = await post(GOOD);
    expect(response.status).toBe(200);
    expect(response.headers.get("x-vercel-verify")).toBe(CODE);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.text()).toBe("{}");
    expect(bodies()).toEqual(["first confidential", "second"]);
    expect(app.lines).toEqual([]);
  });

  test.each<[string, string, string, unknown[]]>([
    ["a JSON array", '[{"message":"a"},{"message":"b"}]', "application/json", ["a", "b"]],
    ["with a charset", '[{"message":"a"}]', "application/json; charset=utf-8", ["a"]],
    ["NDJSON with blank lines and a trailing one", '{"message":"a"}\n\n{"message":"b"}\r\n\n', "application/x-ndjson", ["a", "b"]],
    ["concatenated objects called JSON", '{"message":"a"}\n{"message":"b"}', "application/json", ["a", "b"]],
    ["a single object", '{"message":"a"}', "application/json", ["a"]],
    ["of no media type that anybody knows", '[{"message":"a"}]', "text/x-anything", ["a"]],
  ])("%s is read", async (_, body, contentType, expected) => {
    await open();
    expect((await post(body, { "content-type": contentType })).status).toBe(200);
    expect(bodies()).toEqual(expected);
  });

  test("by PUT is read too", async () => {
    await open();
    const response = await app.request("/vercel", { method: "PUT", body: GOOD, headers: { "x-vercel-signature": sign(GOOD) } });
    expect(response.status).toBe(200);
    expect(receiver.accepted.length).toBe(2);
  });

  test("with one broken line among good ones is all delivered, the broken one raw and marked", async () => {
    await open();
    const response = await post('{"message":"a"}\n{"message": broken\n{"message":"c"}', { "content-type": "application/x-ndjson" });
    expect(response.status).toBe(200);
    expect(bodies()).toEqual(["a", '{"message": broken', "c"]);
    expect(receiver.accepted[1]?.attributes["otlp_drain.decode_error"]).toEqual(expect.any(String));
    expect(receiver.requests.length).toBe(1);
    expect(app.lines).toEqual([
      {
        level: "warn",
        message: "delivered with remarks",
        drain: "vercel",
        delivered: 3,
        rejected: 0,
        malformed: 1,
        filtered: 0,
        notes: [],
      },
    ]);
  });

  test("that is no JSON at all is delivered raw", async () => {
    await open();
    expect((await post("this is not JSON", { "content-type": "text/plain" })).status).toBe(200);
    expect(bodies()).toEqual(["this is not JSON"]);
    expect(receiver.accepted[0]?.attributes).toHaveProperty(["otlp_drain.decode_error"]);
  });

  test("of another schema is answered 200 and counted, told once", async () => {
    await open();
    const body = '[{"schema":"vercel.speed_insights.v1","timestamp":"2025-11-21T00:00:00Z"},{"message":"a"}]';
    for (let time = 0; time < 3; time++) expect((await post(body)).status).toBe(200);
    expect(bodies()).toEqual(["a", "a", "a"]);
    expect(app.lines).toEqual([
      expect.objectContaining({ level: "warn", filtered: 1, notes: ["schema vercel.speed_insights.v1 is not a log"] }),
    ]);
  });
});

describe("the signature", () => {
  test.each<[string, Uint8Array<ArrayBuffer>, string]>([
    ["UTF-8", Uint8Array.from(Buffer.from('[{"id":"1","message":"héllo ✓"}]')), "f817724142f09d237ff6d629d6b1d31634e9de59"],
    ["NDJSON", Uint8Array.from(Buffer.from('{"id":"1"}\n{"id":"2"}\n')), "caa64ca70dbe9ef00c8715d5cc959876d2b5993b"],
    [
      "bytes that are no UTF-8",
      Uint8Array.of(...Buffer.from('{"m":"'), 0xff, 0xfe, ...Buffer.from('"}')),
      "da63ada589f5582d867d85c03031372a3fec4958",
    ],
  ])("of Vercel's over %s is accepted, and over nothing else", async (_, body, signature) => {
    await open();
    expect((await post(body, { "x-vercel-signature": signature })).status).toBe(200);
    expect(receiver.requests.length).toBe(1);
    const changed = Uint8Array.from([...body, 0x20]);
    expect((await post(changed, { "x-vercel-signature": signature })).status).toBe(403);
    expect(receiver.requests.length).toBe(1);
  });

  test("over the text re-encoded as UTF-8 is refused", async () => {
    await open();
    const body = Uint8Array.of(...Buffer.from('{"m":"'), 0xff, 0xfe, ...Buffer.from('"}'));
    expect((await post(body, { "x-vercel-signature": "cac2843e56fa6ddfb80800dcc64369e41b303deb" })).status).toBe(403);
  });

  test.each<[string, (right: string) => Record<string, string>]>([
    ["missing", () => ({})],
    ["empty", () => ({ "x-vercel-signature": "" })],
    ["of another secret", () => ({ "x-vercel-signature": sign(GOOD, "another") })],
    ["of another body", () => ({ "x-vercel-signature": sign("[]") })],
    ["cut short", (right) => ({ "x-vercel-signature": right.slice(1) })],
    ["too long", (right) => ({ "x-vercel-signature": `${right}0` })],
    ["prefixed", (right) => ({ "x-vercel-signature": `sha1=${right}` })],
    ["no hex", (right) => ({ "x-vercel-signature": right.replace(/.$/, "g") })],
    ["the secret itself as a token", () => ({ authorization: `Bearer ${SECRET}` })],
  ])("that is %s is answered 403, and nothing of it is delivered or told", async (_, headers) => {
    await open();
    const response = await postUnsigned(GOOD, headers(sign(GOOD)));
    expect(response.status).toBe(403);
    expect(response.headers.get("x-vercel-verify")).toBeNull();
    const answer = await response.text();
    expect(JSON.parse(answer)).toEqual({ code: "invalid_signature", error: "signature didn't match" });
    expect(receiver.requests.length).toBe(0);
    expect(app.lines).toEqual([
      { level: "warn", message: "not delivered", drain: "vercel", reason: "unauthorized", detail: "missing or wrong credentials" },
    ]);
    expect(JSON.stringify([answer, app.lines])).not.toMatch(/confidential|very_long/);
  });

  test("may be of any of several secrets, while they rotate", async () => {
    const other = "another_long_and_well_specified_secret_too";
    await open({ VERCEL_DRAIN_SECRET: `${SECRET},${other}` });
    for (const secret of [SECRET, other]) expect((await post(GOOD, { "x-vercel-signature": sign(GOOD, secret) })).status).toBe(200);
    expect((await post(GOOD, { "x-vercel-signature": sign(GOOD, `${SECRET},${other}`) })).status).toBe(403);
    expect(receiver.accepted.length).toBe(4);
  });

  test("of a compressed body may be over the bytes as sent, or as inflated", async () => {
    await open();
    const zipped = gzipSync(GOOD);
    for (const signed of [zipped, GOOD]) {
      const response = await post(zipped, { "content-encoding": "gzip", "x-vercel-signature": sign(signed) });
      expect(response.status).toBe(200);
    }
    expect(receiver.accepted.length).toBe(4);
    expect((await post(zipped, { "content-encoding": "gzip", "x-vercel-signature": sign("other") })).status).toBe(403);
    expect(receiver.accepted.length).toBe(4);
  });
});

describe("without a signature", () => {
  test("no more of a body is read than a probe has", async () => {
    await open();
    const { body, pulled } = watchedBody(64, 1_000);
    const response = await app.request("/vercel", { method: "POST", body, duplex: "half" } as RequestInit);
    expect(response.status).toBe(403);
    expect(pulled()).toBeLessThanOrEqual(3);
  });

  test("nothing is read of a body that says it is longer", async () => {
    await open();
    const { body, pulled } = watchedBody(1_000, 1_000);
    const headers = { "content-length": "1000000" };
    const response = await app.request("/vercel", { method: "POST", body, headers, duplex: "half" } as RequestInit);
    expect(response.status).toBe(403);
    expect(pulled()).toBe(0);
  });

  test("a bomb is not inflated", async () => {
    await open();
    const bomb = gzipSync(" ".repeat(1_000));
    expect(bomb.length).toBeLessThan(64);
    expect((await postUnsigned(bomb, { "content-encoding": "gzip" })).status).toBe(403);
  });

  test("neither an encoding nor a media type gets another answer than 403", async () => {
    await open();
    expect((await postUnsigned(GOOD, { "content-encoding": "unheard-of" })).status).toBe(403);
    expect((await postUnsigned(GOOD, { "content-type": "application/x-protobuf" })).status).toBe(403);
    expect((await postUnsigned(gzipSync(GOOD).subarray(0, 20), { "content-encoding": "gzip" })).status).toBe(403);
  });
});

describe("the ownership check", () => {
  test.each(["GET", "HEAD", "OPTIONS"])("by %s is answered 200 with the code", async (method) => {
    await open();
    const response = await app.request("/vercel", { method });
    expect(response.status).toBe(200);
    expect(response.headers.get("x-vercel-verify")).toBe(CODE);
    expect((await response.text()).replace("{}", "")).toBe("");
    expect(receiver.requests.length).toBe(0);
    expect(app.lines).toEqual([]);
  });

  test.each(["{}", "[]", "", " \n{ }\r\n", "\t[ ]"])("by a POST of %j, signed or not, is answered 200 with the code", async (body) => {
    await open();
    const wrong = { "x-vercel-signature": "0".repeat(40) };
    for (const response of [await postUnsigned(body), await post(body), await post(body, wrong)]) {
      expect(response.status).toBe(200);
      expect(response.headers.get("x-vercel-verify")).toBe(CODE);
    }
    expect(receiver.requests.length).toBe(0);
    expect(app.lines).toEqual([]);
  });

  test("of an empty compressed body is answered as well", async () => {
    await open();
    for (const body of [gzipSync("{}"), gzipSync("")]) expect((await postUnsigned(body, { "content-encoding": "gzip" })).status).toBe(200);
  });

  test.each(["{} {}", '{"a":1}', "null", "[{}]", '"{}"'])("is not met by an unsigned %s", async (body) => {
    await open();
    expect((await postUnsigned(body)).status).toBe(403);
    expect(receiver.requests.length).toBe(0);
  });

  test("shows no code where none is configured, and none on a failure", async () => {
    await open({ VERCEL_DRAIN_SECRET: SECRET }, () => status(401));
    expect((await app.request("/vercel")).headers.has("x-vercel-verify")).toBe(false);
    await receiver.close();
    await open(ENV, () => status(401));
    const failed = await post(GOOD);
    expect([failed.status, failed.headers.has("x-vercel-verify")]).toEqual([503, false]);
    const tooLarge = await post(GOOD, { "content-encoding": "unheard-of" });
    expect([tooLarge.status, tooLarge.headers.has("x-vercel-verify")]).toEqual([415, false]);
  });

  test.each(["DELETE", "PATCH", "PROPFIND"])("by %s is no check", async (method) => {
    await open();
    const response = await app.request("/vercel", { method });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toContain("POST");
    expect(response.headers.has("x-vercel-verify")).toBe(false);
  });
});

describe("a body", () => {
  const small: Env = { ...ENV, OTLP_DRAIN_MAX_BODY_BYTES: "1000", OTLP_DRAIN_MAX_DECODED_BYTES: "5000" };

  test("over the cap is answered 413, and no more than the cap is read", async () => {
    await open(small);
    const { body, pulled } = watchedBody(100, 1_000);
    const headers = { "x-vercel-signature": "0".repeat(40) };
    const response = await app.request("/vercel", { method: "POST", body, headers, duplex: "half" } as RequestInit);
    expect(response.status).toBe(413);
    expect(await response.json()).toEqual({ error: "body over the cap of 1000 bytes" });
    expect(pulled()).toBeLessThanOrEqual(12);
    expect((await post("x".repeat(1_001))).status).toBe(413);
    expect(receiver.requests.length).toBe(0);
  });

  test.each(["gzip", "deflate", "br"])("that inflates (%s) over the cap is answered 413", async (encoding) => {
    await open(small);
    const compress = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync }[encoding] as typeof gzipSync;
    expect((await post(compress("x".repeat(5_001)), { "content-encoding": encoding })).status).toBe(413);
    expect((await post(compress(`["${"x".repeat(4_900)}"]`), { "content-encoding": encoding })).status).toBe(200);
  });

  test("that is a bomb costs no memory", async () => {
    await open({ ...ENV, OTLP_DRAIN_MAX_DECODED_BYTES: "1000000" });
    const bomb = gzipSync(new Uint8Array(200 * 1024 * 1024), { level: 9 });
    const before = process.memoryUsage().rss;
    expect((await post(bomb, { "content-encoding": "gzip" })).status).toBe(413);
    expect(process.memoryUsage().rss - before).toBeLessThan(60 * 1024 * 1024);
  });

  test("in an encoding that nobody here reads is answered 415", async () => {
    await open();
    const response = await post(GOOD, { "content-encoding": "lzma" });
    expect(response.status).toBe(415);
    expect(await response.json()).toEqual({ error: expect.stringContaining("lzma") });
    expect(receiver.requests.length).toBe(0);
  });

  test("with damaged compression is answered 400", async () => {
    await open();
    const zipped = gzipSync(GOOD);
    for (const damaged of [zipped.subarray(0, zipped.length - 12), Uint8Array.from(Buffer.from("no gzip"))]) {
      const response = await post(Uint8Array.from(damaged), { "content-encoding": "gzip" });
      expect(response.status).toBe(400);
      expect(await response.json()).toEqual({ error: "damaged gzip data" });
    }
    expect(receiver.requests.length).toBe(0);
  });

  test.each(["application/x-protobuf", "application/protobuf", "Application/X-Protobuf; v=1"])(
    "of a trace drain (%s) is answered 415, naming the mistake",
    async (contentType) => {
      await open();
      const response = await post("\u0000", { "content-type": contentType });
      expect(response.status).toBe(415);
      expect(((await response.json()) as { error: string }).error).toMatch(/trace drain/);
    },
  );

  test("of a trace drain in JSON is answered 415 too, and none of its spans becomes a log", async () => {
    await open();
    const response = await post('{"resourceSpans":[{"scopeSpans":[]}]}');
    expect(response.status).toBe(415);
    expect(receiver.requests.length).toBe(0);
  });

  test("that breaks off is answered, and the server goes on", async () => {
    await open();
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error("hung up")) });
    const headers = { "x-vercel-signature": "0".repeat(40) };
    const response = await app.request("/vercel", { method: "POST", body, headers, duplex: "half" } as RequestInit);
    expect(response.status).toBe(400);
    expect((await post(GOOD)).status).toBe(200);
  });
});

describe("a destination that fails", () => {
  test.each<[string, Parameters<Receiver["behave"]>[0], string]>([
    ["401", () => status(401), "401"],
    ["403", () => status(403), "403"],
    ["404", () => status(404), "404"],
    ["500", () => status(500), "500"],
    ["HTML", html200(), "no OTLP answer"],
    ["a redirect", () => redirect(301, "/elsewhere"), "301, a redirect"],
    ["503", () => status(503, { retryAfter: 3_600 }), "503"],
    ["429", () => status(429, { retryAfter: 3_600 }), "429"],
    ["no answer", hang(), "no answer"],
  ])("with %s is answered 503 with Retry-After, and one line names the cause", async (_, behaviour, cause) => {
    await open(ENV, behaviour, cause === "no answer" ? 200 : 5_000);
    const response = await post(GOOD);
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toMatch(/^(?:[1-9]|[12]\d|30)$/);
    const answer = await response.text();
    expect(JSON.parse(answer)).toEqual({ error: expect.stringMatching(/^the destination (?:is not available|refuses deliveries)$/) });
    expect(app.lines).toEqual([
      { level: "error", message: "not delivered", drain: "vercel", reason: expect.any(String), detail: expect.stringContaining(cause) },
    ]);
    expect(JSON.stringify([answer, app.lines])).not.toMatch(/confidential|very_long|127\.0\.0\.1/);
  });

  test("with a partial success is answered 200, and a line holds the count", async () => {
    await open(ENV, partialSuccess(1, "too old"));
    expect((await post(GOOD)).status).toBe(200);
    expect(app.lines).toEqual([expect.objectContaining({ level: "warn", drain: "vercel", delivered: 1, rejected: 1 })]);
    expect(receiver.requests.length).toBe(1);
  });

  test("with 400 whatever it gets is answered 200, and every record is a dead letter by its name alone", async () => {
    await open(ENV, () => status(400));
    expect((await post(GOOD)).status).toBe(200);
    expect(app.lines.filter(({ message }) => message === "dead letter")).toEqual([
      {
        level: "error",
        message: "dead letter",
        status: 400,
        detail: "scripted",
        service: "vercel",
        uid: "1",
        time: "2025-11-21T04:40:00.000000000Z",
      },
      {
        level: "error",
        message: "dead letter",
        status: 400,
        detail: "scripted",
        service: "vercel",
        uid: "2",
        time: "2025-11-21T04:40:00.001000000Z",
      },
    ]);
    expect(app.lines.at(-1)).toMatchObject({ delivered: 0, rejected: 2 });
    expect(JSON.stringify(app.lines)).not.toContain("confidential");
  });
});

describe("a drain", () => {
  test("without a secret is closed: 404, whatever comes", async () => {
    await open({ VERCEL_VERIFY: CODE });
    for (const init of [
      {},
      { method: "HEAD" },
      { method: "POST", body: "{}" },
      { method: "POST", body: GOOD, headers: { "x-vercel-signature": sign(GOOD, "") } },
    ]) {
      const response = await app.request("/vercel", init);
      expect(response.status).toBe(404);
      expect(response.headers.has("x-vercel-verify")).toBe(false);
    }
    expect(receiver.requests.length).toBe(0);
  });

  test("without a secret is open to anybody only where the operator says so", async () => {
    await open({ OTLP_DRAIN_INSECURE: "1" });
    expect((await postUnsigned(GOOD)).status).toBe(200);
    expect((await postUnsigned("{}")).status).toBe(200);
    expect(receiver.accepted.length).toBe(2);
  });

  test("with a secret asks for it even where the others are open", async () => {
    await open({ ...ENV, OTLP_DRAIN_INSECURE: "1" });
    expect((await postUnsigned(GOOD)).status).toBe(403);
    expect((await post(GOOD)).status).toBe(200);
  });
});

describe("routing", () => {
  const routed = { "x-highlight-project": "42", "x-otlp-resource": "team=red" };

  test("of a signed request names service, project and resource", async () => {
    await open();
    expect((await post(GOOD, routed, "/vercel?service=shop&project=7")).status).toBe(200);
    expect(receiver.accepted[0]?.resource).toMatchObject({ "service.name": "shop", "highlight.project_id": "42", team: "red" });
    expect(receiver.requests[0]?.headers["x-highlight-project"]).toBe("42");
  });

  test("of an unsigned request does nothing", async () => {
    await open();
    expect((await postUnsigned(GOOD, routed)).status).toBe(403);
    expect(receiver.requests.length).toBe(0);
  });

  test("ends with its request", async () => {
    await open();
    await post(GOOD, routed);
    receiver.clear();
    await post(GOOD);
    expect(receiver.accepted[0]?.resource).not.toHaveProperty(["highlight.project_id"]);
    expect(receiver.requests[0]?.headers["x-highlight-project"]).toBeUndefined();
  });
});
