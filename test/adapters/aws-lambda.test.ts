import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { Handler } from "aws-lambda";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { startLambda } from "../../adapters/aws-lambda/handler.ts";
import { describeDelivery } from "../support/delivery.ts";
import type { Env } from "../support/http-app.ts";
import { hang, ok, partialSuccess, type Receiver, startReceiver, status } from "../support/receiver.ts";
import {
  CONTROL,
  contextOf,
  createTestHandler,
  kinesisEvent,
  message,
  onFailureEvent,
  pack,
  queueEvent,
  sequenceNumber,
  subscriptionEvent,
  type TestHandler,
} from "./aws-lambda-events.ts";

let receiver: Receiver;
let lambda: TestHandler;

afterEach(async () => {
  await receiver?.close();
  expect(receiver?.violations ?? []).toEqual([]);
});

async function open(behaviour: Parameters<Receiver["behave"]>[0] = ok(), env: Env = {}): Promise<void> {
  receiver = await startReceiver({ behaviour });
  lambda = createTestHandler(receiver.url, env);
}

function invoke(event: unknown, timeoutMs?: number): ReturnType<TestHandler["handler"]> {
  return lambda.handler(event, contextOf(timeoutMs));
}

function bodies(): unknown[] {
  return receiver.accepted.map(({ body }) => body);
}

const SUBJECT_BUDGET_MS = 700;
/** What the handler keeps for itself. */
const MARGIN_MS = 1_000;

/** Several events: each way that a payload comes. A throw, or a checkpoint, is what a retry follows. */
const DOORS: Readonly<Record<string, (data: readonly string[]) => object>> = {
  "a CloudWatch Logs subscription": ([data = ""]) => subscriptionEvent(data),
  "a replay from the queue of failed invocations": (data) => queueEvent(data.map((one) => onFailureEvent(subscriptionEvent(one)))),
  "a Kinesis stream": (data) => kinesisEvent(data),
};

for (const [name, toEvent] of Object.entries(DOORS)) {
  const handlers = new Map<string, TestHandler>();
  const handlerFor = (destination: URL): TestHandler => {
    const handler = handlers.get(destination.href) ?? createTestHandler(destination);
    handlers.set(destination.href, handler);
    return handler;
  };
  const sumOf = (destination: URL, field: string) =>
    handlerFor(destination).lines.reduce((sum, line) => sum + (typeof line[field] === "number" ? line[field] : 0), 0);
  describeDelivery({
    name,
    budgetMs: SUBJECT_BUDGET_MS,
    brokenItem: true,
    retryAfter: false,
    async deliver({ ids, brokenItemAt }, destination) {
      const texts = ids.map((id) => JSON.stringify(message([`message ${id}`])));
      if (brokenItemAt !== undefined) texts.splice(brokenItemAt, 0, '{"messageType":"DATA_MESSAGE","logEvents":[broken');
      // A subscription is one piece; the other doors carry many.
      const data = name.includes("subscription") ? [pack(texts.join("\n"))] : texts.map((text) => pack(text));
      try {
        const answer = await handlerFor(destination).handler(toEvent(data), contextOf(SUBJECT_BUDGET_MS + MARGIN_MS));
        const failures = answer !== undefined && "batchItemFailures" in answer ? answer.batchItemFailures : [];
        return failures.length === 0 ? "acked" : "retry";
      } catch {
        return "retry";
      }
    },
    counts: (destination) => ({ rejected: sumOf(destination, "rejected"), malformed: sumOf(destination, "malformed") }),
  });
}

test("the handler has two parameters, as AWS types them: the Node 24 runtime refuses a third", async () => {
  await open();
  const handler: Handler = lambda.handler;
  expect(handler.length).toBe(2);
});

describe("a subscription's invocation", () => {
  test("as AWS documents it is delivered, without a line", async () => {
    await open();
    const data =
      "H4sIAAAAAAAAAHWPwQqCQBCGX0Xm7EFtK+smZBEUgXoLCdMhFtKV3akI8d0bLYmibvPPN3wz00CJxmQnTO41whwWQRIctmEcB6sQbFC3CjW3XW8kxpOpP+OC22d1Wml1qZkQGtoMsScxaczKN3plG8zlaHIta5KqWsozoTYw3/djzwhpLwivWFGHGpAFe7DL68JlBUk+l7KSN7tCOEJ4M3/qOI49vMHj+zCKdlFqLaU2ZHV2a4Ct/an0/ivdX8oYc1UVX860fQDQiMdxRQEAAA==";
    expect(await invoke(subscriptionEvent(data))).toBeUndefined();
    expect(receiver.accepted).toMatchObject([
      {
        body: "[ERROR] First test message",
        timeUnixNano: 1_440_442_987_000_000_000n,
        attributes: { "log.record.uid": "eventId1", "aws.log.subscription_filter.names": ["testFilter"] },
        resource: { "cloud.account.id": "123456789123", "cloud.region": "us-east-1", "aws.log.group.names": ["testLogGroup"] },
      },
      { body: "[ERROR] Second test message", timeUnixNano: 1_440_442_987_001_000_000n },
    ]);
    expect(lambda.lines).toEqual([]);
  });

  test.each([
    ["a control message", CONTROL],
    ["a message without log events", message([])],
    ["the function's own log group", message(["loop"], { logGroup: "/aws/lambda/otlp-drain" })],
  ])("of %s is a success that sends nothing and says nothing", async (_, content) => {
    await open(() => status(500));
    expect(await invoke(subscriptionEvent(pack(content)))).toBeUndefined();
    expect(receiver.requests.length).toBe(0);
    expect(lambda.lines).toEqual([]);
  });

  test("keeps line breaks inside, drops the last one, restores lone carriage returns, and replaces invalid UTF-8", async () => {
    await open();
    const bytes = Buffer.concat([
      Buffer.from(JSON.stringify(message(["one\ntwo\n", "stack\r    at a\r    at b", "CUT"])).split("CUT")[0] as string),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}]}'),
    ]);
    await invoke(subscriptionEvent(pack(bytes)));
    expect(bodies()).toEqual(["one\ntwo", "stack\n    at a\n    at b", "\ufffd\ufffd"]);
  });

  test("of two accounts keeps them apart", async () => {
    await open();
    const event = (account: string, region: string) => ({
      id: account,
      timestamp: 1_795_213_380_610,
      message: account,
      extractedFields: { "@aws.account": account, "@aws.region": region },
    });
    const logEvents = [event("111111111111", "eu-west-1"), event("222222222222", "ap-south-1"), event("111111111111", "eu-west-1")];
    await invoke(subscriptionEvent(pack(message([], { logEvents }))));
    const places = receiver.accepted.map(({ body, resource }) => [body, resource["cloud.account.id"], resource["cloud.region"]]);
    expect(places.sort()).toEqual([
      ["111111111111", "111111111111", "eu-west-1"],
      ["111111111111", "111111111111", "eu-west-1"],
      ["222222222222", "222222222222", "ap-south-1"],
    ]);
    expect(receiver.requests.length).toBe(1);
  });

  test("of 10,000 events arrives whole, in a few requests", async () => {
    await open();
    const texts = Array.from({ length: 10_000 }, (_, index) => `${index} ${"x".repeat(500)}`);
    await invoke(subscriptionEvent(pack(message(texts))), 60_000);
    const numbers = bodies().map((body) => Number(String(body).split(" ")[0]));
    // Requests are under way side by side.
    expect(numbers.sort((a, b) => a - b)).toEqual(texts.map((_, index) => index));
    expect(receiver.requests.length).toBeLessThan(12);
  });

  test("counts its own deadline from the time that is left", async () => {
    await open(hang());
    const startedAt = performance.now();
    await expect(invoke(subscriptionEvent(pack(message(["one"]))), MARGIN_MS + 300)).rejects.toThrow("retryable: no answer within");
    expect(performance.now() - startedAt).toBeLessThan(MARGIN_MS);
  });

  test("with no time left throws, and sends nothing", async () => {
    await open();
    await expect(invoke(subscriptionEvent(pack(message(["one"]))), 500)).rejects.toThrow("retryable: ");
    expect(receiver.requests.length).toBe(0);
  });

  test.each<[number, string]>([
    [503, "retryable"],
    [401, "refused"],
    [403, "refused"],
    [404, "refused"],
    [500, "refused"],
  ])("throws when the destination answers %i, with the reason and without the payload", async (code, reason) => {
    await open(() => status(code, { retryAfter: 60 }));
    const thrown = await invoke(subscriptionEvent(pack(message(["confidential"])))).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(Error);
    const { name, message: text, stack } = thrown as Error;
    expect([name, text]).toEqual(["NotDelivered", expect.stringMatching(new RegExp(`^${reason}: the destination answered ${code}`))]);
    expect(stack).toBe(`${name}: ${text}`);
    expect(JSON.stringify(lambda.lines)).not.toContain("confidential");
  });

  test.each([400, 413, 415, 422])(
    "does not throw when the destination refuses the records for good with %i, and counts them",
    async (code) => {
      await open(() => status(code));
      expect(await invoke(subscriptionEvent(pack(message(["one", "two"]))))).toBeUndefined();
      expect(lambda.lines.at(-1)).toMatchObject({
        level: "warn",
        message: "delivered with remarks",
        drain: "cloudwatch",
        delivered: 0,
        rejected: 2,
      });
    },
  );

  test("tells of a partial success", async () => {
    await open(partialSuccess(1, "too old"));
    expect(await invoke(subscriptionEvent(pack(message(["one", "two"]))))).toBeUndefined();
    expect(lambda.lines).toMatchObject([{ message: "delivered with remarks", delivered: 1, rejected: 1 }]);
  });

  test("beside others at the same time keeps its own outcome", async () => {
    await open(({ records }) => status(String(records[0]?.body).startsWith("bad") ? 401 : 200));
    receiver.behave(({ records }) => (String(records[0]?.body).startsWith("bad") ? status(401) : ok()));
    const outcomes = await Promise.allSettled(
      ["good 1", "bad 2", "good 3", "bad 4"].map((text) => invoke(subscriptionEvent(pack(message([text]))))),
    );
    expect(outcomes.map(({ status: settled }) => settled)).toEqual(["fulfilled", "rejected", "fulfilled", "rejected"]);
    expect(bodies().sort()).toEqual(["good 1", "good 3"]);
  });
});

describe("what cannot be read", () => {
  const good = pack(message(["good"]));

  test.each<[string, unknown, string]>([
    ["text that is no base64", "not base64!", "not base64"],
    ["base64 of a wrong length", "QUJDR", "not base64"],
    ["no text", 7, "not base64"],
    ["damaged gzip", pack(message(["confidential"])).slice(0, 100), "damaged gzip data"],
    ["gzip with garbage behind it", Buffer.concat([gzipSync("{}"), randomBytes(64)]).toString("base64"), "damaged gzip data"],
    ["a gzip bomb", gzipSync(Buffer.alloc(4_000_000)).toString("base64"), "inflated body over the cap of 1000000 bytes"],
    ["bytes that are no text", Buffer.from([0, 1, 2, 3]).toString("base64"), "neither JSON nor text"],
  ])("%s is counted in one line without a word of it, and never thrown", async (_, data, reason) => {
    await open(ok(), { OTLP_DRAIN_MAX_DECODED_BYTES: "1000000" });
    expect(await invoke({ awslogs: { data } })).toBeUndefined();
    expect(receiver.requests.length).toBe(0);
    expect(lambda.lines).toEqual([
      {
        level: "warn",
        message: "delivered with remarks",
        drain: "cloudwatch",
        delivered: 0,
        rejected: 0,
        malformed: 0,
        filtered: 0,
        skipped: 1,
        notes: [`skipped: ${reason}`],
      },
    ]);
    expect(await invoke(kinesisEvent([good, data, good]))).toEqual({ batchItemFailures: [] });
    expect(bodies()).toEqual(["good", "good"]);
    expect(lambda.lines.at(-1)).toMatchObject({ delivered: 2, skipped: 1 });
  });

  test.each([
    ["text that is no JSON", "<html>", "<html>", 0],
    ["a JSON object of another kind", '{"level":"warn","msg":"by a producer"}', "by a producer", 0],
    [
      "a subscription that was cut",
      '{"messageType":"DATA_MESSAGE","logEvents":[{"mess',
      '{"messageType":"DATA_MESSAGE","logEvents":[{"mess',
      1,
    ],
  ])("%s is delivered as it is", async (_, text, body, malformed) => {
    await open();
    await invoke(subscriptionEvent(pack(text)));
    expect(bodies()).toEqual([body]);
    expect(lambda.lines.map((line) => line["malformed"])).toEqual(malformed === 0 ? [] : [malformed]);
  });

  test("is never more than what was damaged: whatever happens to the bytes, the handler returns", async () => {
    await open();
    const bytes = Buffer.from(good, "base64");
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }), fc.nat(bytes.length), async (at, byte, length) => {
        const damaged = Buffer.from(bytes)
          .fill(byte, at, at + 1)
          .subarray(0, length);
        await invoke(subscriptionEvent(damaged.toString("base64")));
      }),
      { numRuns: 200 },
    );
  });
});

describe("a Kinesis batch", () => {
  const pieces = (...texts: string[]) => texts.map((text) => pack(message([text])));

  test("is delivered in one request, control messages and all, and nothing is to be sent again", async () => {
    await open();
    expect(await invoke(kinesisEvent([pack(CONTROL), ...pieces("one", "two", "three")]))).toEqual({ batchItemFailures: [] });
    expect(bodies()).toEqual(["one", "two", "three"]);
    expect(receiver.requests.length).toBe(1);
    expect(lambda.lines).toEqual([]);
  });

  test("of 10,000 records is a few requests and not 10,000", async () => {
    await open();
    const event = kinesisEvent(Array.from({ length: 10_000 }, (_, index) => pack(message([`record ${index}`]))));
    expect(await invoke(event, 60_000)).toEqual({ batchItemFailures: [] });
    expect(receiver.accepted.length).toBe(10_000);
    expect(receiver.requests.length).toBeLessThan(20);
  }, 60_000);

  test("that is not delivered is to be sent again from its first record with content, and lines say why and what is skipped", async () => {
    await open(() => status(401));
    const event = kinesisEvent(["", "poison!", ...pieces("one", "two")]);
    expect(await invoke(event)).toEqual({ batchItemFailures: [{ itemIdentifier: sequenceNumber(2) }] });
    expect(lambda.lines).toEqual([
      expect.objectContaining({ level: "warn", message: "delivered with remarks", drain: "cloudwatch", delivered: 0, skipped: 1 }),
      { level: "error", message: "not delivered", drain: "cloudwatch", reason: "refused", detail: expect.stringContaining("401") },
    ]);
  });

  test("that is not delivered counts nothing of what comes again", async () => {
    await open(() => status(401));
    const event = kinesisEvent([...pieces("one"), "poison!", ...pieces("two")]);
    expect(await invoke(event)).toEqual({ batchItemFailures: [{ itemIdentifier: sequenceNumber(0) }] });
    expect(lambda.lines).toMatchObject([{ level: "error", message: "not delivered" }]);
  });

  test("whose second half fails is to be sent again from there, and its first half is delivered", async () => {
    await open();
    // More than what goes into one delivery.
    const large = (name: string) => pack(message(Array.from({ length: 45 }, (_, index) => `${name} ${index} ${"x".repeat(100_000)}`)));
    receiver.behave(({ records }, index) =>
      String(records[0]?.body).startsWith("third") ? status(401) : index === 0 ? partialSuccess(1) : ok(),
    );
    const event = kinesisEvent([large("first"), large("second"), large("third"), large("fourth")]);
    expect(await invoke(event)).toEqual({ batchItemFailures: [{ itemIdentifier: sequenceNumber(2) }] });
    expect(new Set(bodies().map((body) => String(body).split(" ")[0]))).toEqual(new Set(["first", "second"]));
    // Only of what does not come again.
    expect(lambda.lines).toMatchObject([
      { level: "warn", message: "delivered with remarks", delivered: 89, rejected: 1 },
      { level: "error", message: "not delivered" },
    ]);
  });

  test("whose failed record has no sequence number throws: the whole batch is sent again", async () => {
    await open(() => status(401));
    const event = { Records: [{ eventSource: "aws:kinesis", kinesis: { data: pack(message(["one"])) } }] };
    await expect(invoke(event)).rejects.toThrow("refused: ");
  });

  test("with a record of no shape at all skips it", async () => {
    await open();
    const event: { Records: unknown[] } = kinesisEvent(pieces("one"));
    event.Records.push(null, { eventSource: "aws:kinesis" }, 7);
    expect(await invoke(event)).toEqual({ batchItemFailures: [] });
    expect(bodies()).toEqual(["one"]);
    expect(lambda.lines).toMatchObject([{ skipped: 3 }]);
  });

  test("of plain JSON, several messages concatenated, and bare lines is read", async () => {
    await open();
    const plain = (text: string) => Buffer.from(text).toString("base64");
    await invoke(
      kinesisEvent([
        plain(JSON.stringify(message(["plain"]))),
        pack(JSON.stringify(message(["one"])) + JSON.stringify(message(["two"]))),
        plain("a bare line\n"),
      ]),
    );
    expect(bodies().sort()).toEqual(["a bare line", "one", "plain", "two"]);
  });
});

describe("a replay", () => {
  const failed = (text: string) => onFailureEvent(subscriptionEvent(pack(message([text]))));

  test("of an on-failure record delivers what had failed", async () => {
    await open();
    expect(await invoke(failed("again"))).toBeUndefined();
    expect(bodies()).toEqual(["again"]);
  });

  test("from the queue takes on-failure records and bare events", async () => {
    await open();
    expect(await invoke(queueEvent([failed("one"), subscriptionEvent(pack(message(["two"])))]))).toBeUndefined();
    expect(bodies()).toEqual(["one", "two"]);
    expect(lambda.lines).toEqual([]);
  });

  test("throws when the destination still fails, so that the messages stay in the queue", async () => {
    await open(() => status(401));
    await expect(invoke(queueEvent([failed("one")]))).rejects.toThrow("refused: ");
  });

  test("of what cannot be read takes it out of the queue", async () => {
    await open();
    expect(await invoke(queueEvent([onFailureEvent(subscriptionEvent("poison!"))]))).toBeUndefined();
    expect(lambda.lines).toMatchObject([{ skipped: 1 }]);
  });

  test("delivers what it can beside messages of another shape, then names these, and they stay in the queue", async () => {
    await open();
    const s3 = { Records: [{ eventSource: "aws:s3", s3: { bucket: { name: "confidential" } } }] };
    const event = queueEvent([s3, failed("good"), "no JSON", { Service: "Amazon S3", Event: "s3:TestEvent" }]);
    await expect(invoke(event)).rejects.toThrow(
      "this function does not handle a queue message with an S3 notification: reading objects is not supported; a queue message that is no JSON object",
    );
    expect(bodies()).toEqual(["good"]);
  });
});

describe("an event of another shape", () => {
  test.each<[string, unknown, string]>([
    ["S3", { Records: [{ eventSource: "aws:s3", s3: { bucket: {}, object: {} } }] }, "an S3 notification"],
    ["SNS", { Records: [{ EventSource: "aws:sns", Sns: { Message: "confidential" } }] }, "an SNS notification"],
    ["SNS without an envelope", { Type: "Notification", TopicArn: "arn", Message: "confidential" }, "an SNS notification"],
    ["DynamoDB", { Records: [{ eventSource: "aws:dynamodb", dynamodb: {} }] }, "a DynamoDB stream batch"],
    ["other records", { Records: [{ eventSource: "aws:codecommit" }] }, "records of an unknown source"],
    [
      "Firehose transformation",
      { invocationId: "i", deliveryStreamArn: "arn", region: "us-east-1", records: [{ recordId: "1", data: "Y29uZmlkZW50aWFs" }] },
      "a Firehose transformation: have the stream deliver to the HTTP endpoint /firehose of the drain instead",
    ],
    ["a failed stream batch", { requestContext: {}, KinesisBatchInfo: { shardId: "s" } }, "a description of a failed stream batch"],
    [
      "the failure of something else",
      onFailureEvent({ Records: [] }),
      "the on-failure record of an invocation that was no CloudWatch Logs",
    ],
    [
      "a failure without its event",
      { version: "1.0", requestContext: { condition: "RetriesExhausted" } },
      "an on-failure record without its event, which was too large for the queue",
    ],
    ["EventBridge", { "detail-type": "Object Created", detail: { bucket: {} } }, "an EventBridge event"],
    ["a REST API", { httpMethod: "POST", path: "/vercel", body: "confidential" }, "an HTTP request of a REST API or a load balancer"],
    ["a test of the console", { key1: "confidential" }, "an event of an unknown shape"],
    ["no object", ["confidential"], "an event that is no object"],
    ["nothing", null, "an event that is no object"],
  ])("(%s) is refused by its name", async (_, event, shape) => {
    await open();
    const thrown = (await invoke(event).catch((error: unknown) => error)) as Error;
    expect([thrown.name, thrown.message]).toEqual(["UnhandledEvent", expect.stringContaining(`this function does not handle ${shape}`)]);
    expect(thrown.message).not.toContain("confidential");
    expect(receiver.requests.length).toBe(0);
  });

  test.each<[string, unknown]>([
    ["the test of S3", { Service: "Amazon S3", Event: "s3:TestEvent", Bucket: "b" }],
    ["an empty batch", { Records: [] }],
  ])("(%s) asks for nothing", async (_, event) => {
    await open();
    expect(await invoke(event)).toBeUndefined();
    expect(lambda.lines).toEqual([]);
  });
});

describe("the configuration", () => {
  test("filters groups, streams and messages, and counts what it filtered where there is something to tell", async () => {
    await open(partialSuccess(1), {
      OTLP_DRAIN_INCLUDE_LOG_GROUPS: "/aws/lambda/*, /shop/*",
      OTLP_DRAIN_EXCLUDE_LOG_GROUPS: "/aws/lambda/noisy",
      OTLP_DRAIN_EXCLUDE_LOG_STREAMS: "*[1]*",
      OTLP_DRAIN_EXCLUDE_MESSAGE: "*GET /health 200*,DEBUG*",
    });
    const groups = ["/aws/lambda/checkout", "/shop/web", "/other", "/aws/lambda/noisy"];
    const contents = [
      ...groups.map((logGroup) => message([logGroup, "DEBUG x", "\tGET /health 200 OK"], { logGroup })),
      message(["stream"], { logStream: "2026/11/20/[1]b31f2f5c0d8e4b64a5a7c1f0f1c2d3e4" }),
    ];
    await invoke(kinesisEvent(contents.map((content) => pack(content))));
    expect(bodies()).toEqual(["/aws/lambda/checkout"]);
    expect(receiver.rejected.map(({ body }) => body)).toEqual(["/shop/web"]);
    expect(lambda.lines).toMatchObject([{ delivered: 1, rejected: 1, filtered: 2 * 2 + 2 * 3 + 1 }]);
  });

  const platform = [
    "START RequestId: 3f8e1d5c-0b1a-4c2d-9e3f-5a6b7c8d9e0f Version: $LATEST\n",
    "REPORT RequestId: 3f8e1d5c-0b1a-4c2d-9e3f-5a6b7c8d9e0f\tDuration: 1.00 ms\tBilled Duration: 1 ms\tMemory Size: 128 MB\tMax Memory Used: 70 MB\t\n",
    "app\n",
  ];
  test.each([
    [undefined, 3],
    ["keep", 3],
    ["report", 2],
    ["drop", 1],
  ])("with OTLP_DRAIN_PLATFORM_LOGS=%s leaves %i of three lines", async (value, count) => {
    await open(ok(), value === undefined ? {} : { OTLP_DRAIN_PLATFORM_LOGS: value });
    await invoke(subscriptionEvent(pack(message(platform))));
    expect(receiver.accepted.length).toBe(count);
    expect(bodies()).toContain("app");
    expect(lambda.lines).toEqual([]);
  });

  test("that is doubtful is told at the start, once", () => {
    const lines: unknown[] = [];
    startLambda({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4317" }, (line) => lines.push(line));
    expect(lines).toEqual([{ level: "warn", message: expect.stringContaining("port 4317") }]);
  });

  test("without a destination does not start", () => {
    const start = () => startLambda({ FLY_DRAIN_TOKEN: "a-token-nobody-can-guess" }, () => {});
    expect(start).toThrow("OTEL_EXPORTER_OTLP_ENDPOINT is not set, so there is nowhere to deliver to");
  });
});

describe("an HTTP request", () => {
  const TOKEN = "a-token-nobody-can-guess";
  const ENV: Env = { FLY_DRAIN_TOKEN: TOKEN, FIREHOSE_ACCESS_KEY: TOKEN };
  const httpEvent = (fields: object = {}, headers: object = {}) => ({
    version: "2.0",
    routeKey: "$default",
    rawPath: "/fly",
    rawQueryString: "",
    headers: { authorization: `Bearer ${TOKEN}`, host: "abc.lambda-url.us-east-1.on.aws", ...headers },
    requestContext: { http: { method: "POST", path: "/fly" }, stage: "$default" },
    body: JSON.stringify([{ message: "by HTTP" }]),
    isBase64Encoded: false,
    ...fields,
  });

  test("of a Function URL is answered by the drains", async () => {
    await open(ok(), ENV);
    expect(await invoke(httpEvent({ rawQueryString: "service=named%20here" }))).toEqual({
      statusCode: 200,
      headers: { "content-type": "application/json" },
      body: "{}",
      isBase64Encoded: false,
    });
    expect(receiver.accepted).toMatchObject([{ body: "by HTTP", resource: { "service.name": "named here" } }]);
    expect(lambda.lines).toEqual([]);
  });

  test("with a binary body is decoded", async () => {
    await open(ok(), ENV);
    const body = gzipSync(JSON.stringify([{ message: "zipped" }])).toString("base64");
    expect(await invoke(httpEvent({ body, isBase64Encoded: true }, { "content-encoding": "gzip" }))).toMatchObject({ statusCode: 200 });
    expect(bodies()).toEqual(["zipped"]);
  });

  test("of an HTTP API with a stage finds its path", async () => {
    await open(ok(), ENV);
    const event = httpEvent({ rawPath: "/prod/fly", requestContext: { http: { method: "POST" }, stage: "prod" } });
    expect(await invoke(event)).toMatchObject({ statusCode: 200 });
  });

  test.each([
    ["GET", "/healthz", 200],
    ["GET", "/", 200],
    ["HEAD", "/fly", 200],
    ["POST", "/nowhere", 404],
    ["POST", "/vercel", 404],
    ["DELETE", "/fly", 405],
  ])("%s %s is answered %i", async (method, rawPath, statusCode) => {
    await open(ok(), ENV);
    expect(await invoke(httpEvent({ rawPath, requestContext: { http: { method } }, body: undefined }))).toMatchObject({ statusCode });
  });

  test("with the wrong token is answered 401, with odd headers it is read all the same", async () => {
    await open(ok(), ENV);
    expect(await invoke(httpEvent({}, { authorization: "Bearer no" }))).toMatchObject({ statusCode: 401 });
    expect(await invoke(httpEvent({}, { "x-odd": "\u2603", "bad name": "x", "x-number": 7 }))).toMatchObject({ statusCode: 200 });
    expect(await invoke(httpEvent({ headers: undefined }))).toMatchObject({ statusCode: 401 });
  });

  test("to a destination that hangs is answered 503 before the invocation ends, and does not throw", async () => {
    await open(hang(), ENV);
    const startedAt = performance.now();
    const answer = await invoke(httpEvent(), MARGIN_MS + 300);
    expect(answer).toMatchObject({ statusCode: 503, headers: { "retry-after": expect.any(String) } });
    expect(performance.now() - startedAt).toBeLessThan(MARGIN_MS);
  });

  test("of Firehose is answered as Firehose wants it", async () => {
    await open(ok(), ENV);
    const body = JSON.stringify({ requestId: "r-1", timestamp: 1, records: [{ data: pack(message(["by Firehose", "own"])) }] });
    const headers = { "x-amz-firehose-access-key": TOKEN, "x-amz-firehose-request-id": "r-1", "content-type": "application/json" };
    const answer = await invoke(httpEvent({ rawPath: "/firehose", body }, headers));
    expect(answer).toMatchObject({ statusCode: 200, headers: { "content-type": "application/json" } });
    expect(bodies()).toEqual(["by Firehose", "own"]);
  });
});
