import { randomBytes } from "node:crypto";
import { request as httpRequest } from "node:http";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { startServer } from "../../adapters/node.ts";
import { describeDelivery } from "../support/delivery.ts";
import { createHttpSubject, createTestApp, type Env, readTestConfig, type TestApp, watchedBody } from "../support/http-app.ts";
import { hang, html200, ok, partialSuccess, type Receiver, startReceiver, status } from "../support/receiver.ts";
import { CONTROL, message, pack } from "./aws-lambda-events.ts";

const KEY = "an-access-key-nobody-can-guess";
const ENV: Env = { FIREHOSE_ACCESS_KEY: KEY };
const REQUEST_ID = "ed4acda5-034f-9f42-bba1-f29aea6d7d8f";
const ARN = "arn:aws:firehose:eu-west-1:123456789012:deliverystream/logs-to-otlp";

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

function toBody(data: readonly unknown[], requestId = REQUEST_ID): string {
  return JSON.stringify({ requestId, timestamp: 1_578_090_901_599, records: data.map((one) => (one === undefined ? {} : { data: one })) });
}

function base64(content: string | Uint8Array): string {
  return Buffer.from(content).toString("base64");
}

const HEADERS: Readonly<Record<string, string>> = {
  "content-type": "application/json",
  "user-agent": "Amazon Kinesis Data Firehose Agent/1.0",
  "x-amz-firehose-protocol-version": "1.0",
  "x-amz-firehose-request-id": REQUEST_ID,
  "x-amz-firehose-source-arn": ARN,
  "x-amz-firehose-access-key": KEY,
};

function without(...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(HEADERS).filter(([name]) => !names.includes(name)));
}

function post(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Response> {
  return app.request("/firehose", { method: "POST", body, headers: { ...HEADERS, ...headers } });
}

function bodies(): unknown[] {
  return receiver.accepted.map(({ body }) => body);
}

/** Every answer must be one that Firehose reads: JSON with the request's id, of a stated length, uncompressed, and never 413. */
async function expectAnswer(response: Response, code: number, requestId = REQUEST_ID): Promise<Record<string, unknown>> {
  const text = await response.text();
  const answer = JSON.parse(text) as Record<string, unknown>;
  expect(response.status, text).toBe(code);
  expect(response.headers.get("content-type")).toBe("application/json");
  expect(response.headers.get("content-length")).toBe(String(Buffer.byteLength(text)));
  expect(response.headers.has("content-encoding")).toBe(false);
  expect(answer["requestId"]).toBe(requestId);
  expect(Number.isInteger(answer["timestamp"])).toBe(true);
  expect(Math.abs((answer["timestamp"] as number) - Date.now())).toBeLessThan(60_000);
  expect(Object.keys(answer).sort()).toEqual(code === 200 ? ["requestId", "timestamp"] : ["errorMessage", "requestId", "timestamp"]);
  return answer;
}

describeDelivery(
  createHttpSubject({
    name: "the Firehose drain",
    env: ENV,
    toRequest({ ids, brokenItemAt }) {
      const data = ids.map((id) => pack(message([`message ${id}`])));
      if (brokenItemAt !== undefined) data.splice(brokenItemAt, 0, "not base64!");
      const headers = { ...HEADERS, "content-encoding": "gzip" };
      return { path: "/firehose", init: { method: "POST", body: gzipSync(toBody(data)), headers } };
    },
    // 413 alone destroys the batch.
    isRetried: (code) => code !== 413,
  }),
);

describe("a delivery with its access key", () => {
  test("is answered 200 with the request's id when the destination has it, and nothing is said", async () => {
    await open();
    await expectAnswer(await post(toBody([pack(message(["one", "two"])), pack(message(["three"]))])), 200);
    expect(bodies()).toEqual(["one", "two", "three"]);
    expect(receiver.accepted[0]).toMatchObject({
      scope: "otlp-drain/firehose",
      resource: { "service.name": "checkout", "cloud.region": "eu-west-1", "aws.firehose.delivery_stream.arn": ARN },
    });
    expect(receiver.requests.length).toBe(1);
    expect(app.lines).toEqual([]);
  });

  test.each<[string, unknown, readonly string[]]>([
    ["gzip of a subscription message", pack(message(["one"])), ["one"]],
    ["gzip of several, concatenated", pack(JSON.stringify(message(["one"])) + JSON.stringify(message(["two"]))), ["one", "two"]],
    ["several gzip members", base64(Buffer.concat([gzipSync(`${JSON.stringify(message(["one"]))}\n`), gzipSync("two\n")])), ["one", "two"]],
    ["a subscription message, plain", base64(JSON.stringify(message(["one"]))), ["one"]],
    ["a producer's own JSON", base64('{"level":"warn","msg":"one"}\n{"msg":"two"}'), ["one", "two"]],
    ["bare lines", base64("one\ntwo\n"), ["one", "two"]],
    ["nothing", "", []],
    ["a control message", pack(CONTROL), []],
  ])("reads a record that holds %s", async (_, data, expected) => {
    await open();
    await expectAnswer(await post(toBody([data])), 200);
    expect(bodies().sort()).toEqual([...expected].sort());
    expect(app.lines).toEqual([]);
  });

  test("may be compressed as a whole", async () => {
    await open();
    await expectAnswer(await post(gzipSync(toBody([pack(message(["one"]))])), { "content-encoding": "gzip" }), 200);
    expect(bodies()).toEqual(["one"]);
  });

  test("delivers what is good beside what is broken, and counts the broken: an error would have it all sent again for hours", async () => {
    await open({ ...ENV, OTLP_DRAIN_MAX_DECODED_BYTES: "100000" });
    const broken = [
      ["not base64!", "not base64!", "not base64"],
      [undefined, "", "no data"],
      [pack(message(["lost"])).slice(0, 60), "", "damaged gzip data"],
      [base64(gzipSync(Buffer.alloc(1_000_000))), "", "inflated body over the cap of 100000 bytes"],
      [base64(randomBytes(64).fill(0, 3, 5)), "", "neither JSON nor text"],
    ] as const;
    const data = broken.flatMap(([one], index) => [pack(message([`good ${index}`])), one]);
    await expectAnswer(await post(toBody(data)), 200);
    expect(
      bodies()
        .filter((body) => String(body).startsWith("good"))
        .sort(),
    ).toEqual(broken.map((_, index) => `good ${index}`));
    const marked = receiver.accepted.filter(({ attributes }) => attributes["otlp_drain.decode_error"] !== undefined);
    expect(marked.map(({ body, attributes }) => [body, attributes["otlp_drain.decode_error"]])).toEqual(broken.map(([, ...rest]) => rest));
    expect(app.lines).toMatchObject([{ level: "warn", drain: "firehose", delivered: 10, malformed: 5 }]);
  });

  test("has its common attributes on every resource, a Highlight project among them", async () => {
    await open();
    const commonAttributes = { commonAttributes: { "deployment.environment.name": "prod", "x-highlight-project": "1jdkoe52" } };
    await post(toBody([pack(message(["one"])), base64("two")]), { "x-amz-firehose-common-attributes": JSON.stringify(commonAttributes) });
    const expected = { "deployment.environment.name": "prod", "highlight.project_id": "1jdkoe52" };
    expect(receiver.accepted).toMatchObject([{ resource: expected }, { resource: expected }]);
  });

  test("whose common attributes cannot be read is delivered without them, and the operator hears of it", async () => {
    await open();
    await expectAnswer(await post(toBody([base64("one")]), { "x-amz-firehose-common-attributes": "{broken" }), 200);
    expect(bodies()).toEqual(["one"]);
    expect(app.lines).toMatchObject([{ notes: ["X-Amz-Firehose-Common-Attributes could not be read"] }]);
  });

  test("leaves out the drain's own log group and what the filters exclude", async () => {
    await open({ ...ENV, AWS_LAMBDA_LOG_GROUP_NAME: "/aws/lambda/otlp-drain", OTLP_DRAIN_EXCLUDE_MESSAGE: "DEBUG*" });
    const own = message(["loop"], { logGroup: "/aws/lambda/otlp-drain" });
    await expectAnswer(await post(toBody([pack(own), pack(message(["DEBUG x", "kept"]))])), 200);
    expect(bodies()).toEqual(["kept"]);
  });

  test("is of the stream's region and not of the drain's own", async () => {
    await open({ ...ENV, AWS_REGION: "ap-south-1" });
    await expectAnswer(await post(toBody([pack(message(["one"]))])), 200);
    expect(receiver.accepted[0]?.resource["cloud.region"]).toBe("eu-west-1");
  });

  test("larger than what stands in memory at once goes out in several deliveries, and is a success only when all of them are", async () => {
    await open();
    const large = (name: string) => pack(message(Array.from({ length: 50 }, (_, index) => `${name} ${index} ${"x".repeat(100_000)}`)));
    const body = toBody([large("first"), large("second"), large("third"), pack(message(["last"]))]);
    await expectAnswer(await post(body), 200);
    expect(receiver.accepted.length).toBe(151);
    receiver.behave(({ records }) => (records.some(({ body: text }) => text === "last") ? status(401) : ok()));
    await expectAnswer(await post(body), 503);
  });
});

describe("the access key", () => {
  test.each<[string, Record<string, string>]>([
    ["missing", without("x-amz-firehose-access-key")],
    ["empty", { ...HEADERS, "x-amz-firehose-access-key": "" }],
    ["another", { ...HEADERS, "x-amz-firehose-access-key": `${KEY}x` }],
    ["in another header", { ...without("x-amz-firehose-access-key"), authorization: `Bearer ${KEY}` }],
  ])("that is %s is answered 401, and nothing is read, delivered or repeated", async (_, headers) => {
    await open();
    const { body, pulled } = watchedBody(64, 1_000);
    const response = await app.request("/firehose", { method: "POST", body, headers, duplex: "half" } as RequestInit);
    const answer = await expectAnswer(response, 401);
    expect(pulled()).toBe(0);
    expect(receiver.requests.length).toBe(0);
    expect(app.lines).toMatchObject([{ level: "warn", drain: "firehose", reason: "unauthorized" }]);
    expect(JSON.stringify([answer, app.lines])).not.toContain("nobody-can-guess");
  });

  test("may be any of several, while they rotate", async () => {
    await open({ FIREHOSE_ACCESS_KEY: `${KEY},the-next-access-key-of-all` });
    for (const key of [KEY, "the-next-access-key-of-all"]) {
      await expectAnswer(await post(toBody([base64("one")]), { "x-amz-firehose-access-key": key }), 200);
    }
  });

  test("that is not configured closes the drain, unless the operator insists", async () => {
    await open({});
    expect((await post(toBody([base64("one")]))).status).toBe(404);
    await receiver.close();
    await open({ OTLP_DRAIN_INSECURE: "1" });
    const headers = without("x-amz-firehose-access-key");
    expect((await app.request("/firehose", { method: "POST", body: toBody([base64("one")]), headers })).status).toBe(200);
  });
});

describe("the request's id", () => {
  test("of the header is in every answer, and one that the body contradicts is answered 400", async () => {
    await open();
    await expectAnswer(await post(toBody([base64("one")], "another")), 400);
    expect(receiver.requests.length).toBe(0);
  });

  test("of the body alone is enough", async () => {
    await open();
    const headers = without("x-amz-firehose-request-id");
    const send = () => app.request("/firehose", { method: "POST", body: toBody([base64("one")]), headers });
    await expectAnswer(await send(), 200);
    receiver.behave(status(401));
    await expectAnswer(await send(), 503);
  });
});

describe("a body", () => {
  test.each<[string, string | Uint8Array<ArrayBuffer>, Record<string, string>]>([
    ["no JSON", "not JSON", {}],
    ["JSON of another kind", '["a"]', {}],
    ["without an id", '{"records":[]}', {}],
    ["without records", `{"requestId":"${REQUEST_ID}"}`, {}],
    ["of a damaged compression", gzipSync("x").subarray(0, 8), { "content-encoding": "gzip" }],
    ["of an unknown compression", "x", { "content-encoding": "lzma" }],
    ["over the cap", "x".repeat(2_001), {}],
    ["over the cap after inflating", gzipSync("x".repeat(20_001)), { "content-encoding": "gzip" }],
  ])("that is %s is answered 400, as Firehose reads it, so that it goes to the backup and not to nowhere", async (_, body, headers) => {
    await open({ ...ENV, OTLP_DRAIN_MAX_BODY_BYTES: "2000", OTLP_DRAIN_MAX_DECODED_BYTES: "20000" });
    const answer = await expectAnswer(await post(body, headers), 400);
    expect(String(answer["errorMessage"]).length).toBeLessThan(200);
    expect(receiver.requests.length).toBe(0);
  });

  test("of nothing, and every question whether anyone is there, is answered 200", async () => {
    await open(ENV, () => status(500));
    await expectAnswer(await post(""), 200);
    await expectAnswer(await post(toBody([])), 200);
    await expectAnswer(await app.request("/firehose", { method: "GET", headers: HEADERS }), 200);
    expect((await app.request("/firehose", { method: "HEAD", headers: HEADERS })).status).toBe(200);
    expect(receiver.requests.length).toBe(0);
  });
});

describe("a destination that fails", () => {
  test.each<[string, Parameters<Receiver["behave"]>[0], number]>([
    ["401", () => status(401), 5_000],
    ["500", () => status(500), 5_000],
    ["HTML", html200(), 5_000],
    ["503", () => status(503, { retryAfter: 3_600 }), 5_000],
    ["no answer", hang(), 200],
  ])("with %s is answered 503 as Firehose reads it", async (_, behaviour, budgetMs) => {
    await open(ENV, behaviour, budgetMs);
    const response = await post(toBody([pack(message(["confidential"]))]));
    expect(response.headers.get("retry-after")).toMatch(/^(?:[1-9]|[12]\d|30)$/);
    const answer = await expectAnswer(response, 503);
    expect(JSON.stringify([answer, app.lines])).not.toMatch(/confidential|nobody-can-guess/);
    expect(app.lines).toMatchObject([{ level: "error", message: "not delivered", drain: "firehose" }]);
  });

  test("by refusing records for good is answered 200, and the records are counted", async () => {
    await open(ENV, partialSuccess(1));
    await expectAnswer(await post(toBody([pack(message(["one", "two"]))])), 200);
    expect(app.lines).toMatchObject([{ delivered: 1, rejected: 1 }]);
  });
});

test("over a real connection that offers compression the answer is uncompressed, with its length", async () => {
  receiver = await startReceiver();
  const config = readTestConfig({ ...ENV, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.href, PORT: "0" });
  const server = await startServer(config, () => {});
  try {
    const body = gzipSync(toBody([pack(message(["one"]))]));
    const headers = { ...HEADERS, "content-encoding": "gzip", "accept-encoding": "gzip, deflate", "content-length": String(body.length) };
    const answer = await new Promise<{ status: number | undefined; headers: NodeJS.Dict<string | string[]>; text: string }>(
      (resolve, reject) => {
        const request = httpRequest(`${server.url}/firehose`, { method: "POST", headers }, (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (chunk: string) => {
            text += chunk;
          });
          response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text }));
        });
        request.on("error", reject).end(body);
      },
    );
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({ "content-type": "application/json", "content-length": String(answer.text.length) });
    expect(answer.headers["content-encoding"]).toBeUndefined();
    expect(answer.headers["transfer-encoding"]).toBeUndefined();
    expect(JSON.parse(answer.text)).toEqual({ requestId: REQUEST_ID, timestamp: expect.any(Number) });
  } finally {
    await server.close();
  }
});
