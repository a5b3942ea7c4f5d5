// The real bundle on AWS's real runtime client.
import { mkdtemp, rm } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { buildLambdaBundle, type LambdaRuntime, startLambdaRuntime } from "../support/lambda-runtime.ts";
import { hang, ok, type Receiver, startReceiver, status } from "../support/receiver.ts";

const FREEZE_MS = 500;

let folder: string;
let bundle: string;
let built: Awaited<ReturnType<typeof buildLambdaBundle>>;
let receiver: Receiver | undefined;
let runtime: LambdaRuntime | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "otlp-drain-lambda-"));
  bundle = join(folder, "aws-lambda.mjs");
  built = await buildLambdaBundle(bundle);
});

afterAll(async () => await rm(folder, { recursive: true, force: true }));

afterEach(async () => {
  await runtime?.close();
  await receiver?.close();
  expect(receiver?.violations ?? []).toEqual([]);
});

async function open(behaviour?: Parameters<Receiver["behave"]>[0], options: { env?: Record<string, string>; freezeMs?: number } = {}) {
  receiver = await startReceiver(behaviour === undefined ? {} : { behaviour });
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.href, ...options.env };
  runtime = await startLambdaRuntime({ bundle, env, freezeMs: options.freezeMs });
  await runtime.ready;
  return { receiver, runtime };
}

function subscription(...messages: string[]) {
  const logEvents = messages.map((message, index) => ({ id: `3620${index}`, timestamp: 1_795_213_380_610, message: `${message}\n` }));
  const logGroup = "/aws/lambda/checkout";
  const logStream = "2026/11/20/[$LATEST]b31f2f5c0d8e4b64a5a7c1f0f1c2d3e4";
  const payload = { messageType: "DATA_MESSAGE", owner: "123456789012", logGroup, logStream, subscriptionFilters: ["drain"], logEvents };
  return { awslogs: { data: gzipSync(JSON.stringify(payload)).toString("base64") } };
}

describe("an invocation", () => {
  test("is answered when every record has arrived, and prints nothing", async () => {
    const { receiver, runtime } = await open();
    expect(await runtime.invoke(subscription("[ERROR] one", "two"))).toEqual({ kind: "response", body: null });
    expect(receiver.accepted.map(({ body }) => body)).toEqual(["[ERROR] one", "two"]);
    expect(receiver.accepted[0]?.resource).toMatchObject({ "service.name": "checkout", "cloud.region": "us-east-1" });
    expect(runtime.output()).toBe("");
  });

  test.each(["Text", "JSON"])(
    "that the destination does not take ends as an error of the runtime, with its reason (%s logs)",
    async (format) => {
      const { receiver, runtime } = await open(() => status(503, { retryAfter: 60 }), { env: { AWS_LAMBDA_LOG_FORMAT: format } });
      expect(await runtime.invoke(subscription("confidential"))).toEqual({
        kind: "error",
        errorType: "NotDelivered",
        errorMessage: "retryable: the destination answered 503: scripted",
      });
      receiver.behave(status(401));
      expect(await runtime.invoke(subscription("confidential"))).toMatchObject({
        errorMessage: "refused: the destination answered 401: scripted",
      });
      expect(receiver.accepted).toEqual([]);
      expect(runtime.output().trim().split("\n")).toHaveLength(2);
      expect(runtime.output()).not.toContain("confidential");
      receiver.behave(status(200));
      expect((await runtime.invoke(subscription("again"))).kind).toBe("error");
    },
  );

  test("whose records the destination refuses with 400 is no error, and the poison is told in one line each", async () => {
    const { runtime } = await open(() => status(400));
    expect(await runtime.invoke(subscription("confidential"))).toEqual({ kind: "response", body: null });
    const lines = runtime.output().trim().split("\n");
    expect(lines.map((line) => JSON.parse(line.slice(line.indexOf("{"))))).toMatchObject([
      { level: "error", message: "dead letter", status: 400, service: "checkout", uid: "36200" },
      { level: "warn", message: "delivered with remarks", drain: "cloudwatch", delivered: 0, rejected: 1 },
    ]);
    expect(runtime.output()).not.toContain("confidential");
  });

  test("ends before the function's time-out does, whatever the destination does", async () => {
    const { runtime } = await open(hang());
    const startedAt = performance.now();
    const answer = await runtime.invoke(subscription("one"), 1_600);
    expect(answer).toMatchObject({ kind: "error", errorType: "NotDelivered", errorMessage: expect.stringContaining("no answer within") });
    expect(performance.now() - startedAt).toBeLessThan(1_600);
  });

  test("of Kinesis names the record from which to deliver again", async () => {
    const { receiver, runtime } = await open(status(401));
    const data = subscription("one").awslogs.data;
    const event = {
      Records: [
        { eventSource: "aws:kinesis", kinesis: { sequenceNumber: "4959033827149025660855969253836157109592157598913658889", data } },
      ],
    };
    const checkpoint = { itemIdentifier: "4959033827149025660855969253836157109592157598913658889" };
    expect(await runtime.invoke(event)).toEqual({ kind: "response", body: { batchItemFailures: [checkpoint] } });
    receiver.behave(ok());
    expect(await runtime.invoke(event)).toEqual({ kind: "response", body: { batchItemFailures: [] } });
  });

  test("by HTTP is answered by the same drains as anywhere else", async () => {
    const { receiver, runtime } = await open(ok(), { env: { FLY_DRAIN_TOKEN: "a-token-nobody-can-guess" } });
    const event = {
      version: "2.0",
      rawPath: "/vector",
      rawQueryString: "",
      headers: { authorization: "Bearer a-token-nobody-can-guess", "content-encoding": "gzip" },
      requestContext: { http: { method: "POST" }, stage: "$default" },
      body: gzipSync(JSON.stringify([{ message: "by HTTP" }])).toString("base64"),
      isBase64Encoded: true,
    };
    expect(await runtime.invoke(event)).toMatchObject({ kind: "response", body: { statusCode: 200, body: "{}" } });
    expect(receiver.accepted.map(({ body }) => body)).toEqual(["by HTTP"]);
    expect(runtime.output()).toBe("");
  });
});

describe("a cold start", () => {
  test("serves its first invocation, every time", async () => {
    for (let start = 0; start < 3; start++) {
      const { receiver, runtime } = await open();
      expect((await runtime.invoke(subscription(`start ${start}`))).kind).toBe("response");
      expect(receiver.accepted.map(({ body }) => body)).toEqual([`start ${start}`]);
      await runtime.close();
      await receiver.close();
    }
  });

  test.each<[string, Record<string, string>, string]>([
    ["no destination", {}, "OTEL_EXPORTER_OTLP_ENDPOINT is not set, so there is nowhere to deliver to"],
    [
      "faulty variables",
      { OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318", OTLP_DRAIN_PLATFORM_LOGS: "none" },
      'OTEL_EXPORTER_OTLP_ENDPOINT has no scheme, write http://collector:4318 or https://collector:4318; accepted: an http or https URL such as https://collector.example:4318; OTLP_DRAIN_PLATFORM_LOGS is "none"; accepted: keep, report, drop',
    ],
    [
      "a way out that Lambda does not have",
      { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318", OTLP_DRAIN_EXPORTER: "sdk" },
      'OTLP_DRAIN_EXPORTER is "sdk", which does not run on Lambda; accepted there: otlp',
    ],
  ])("with %s is refused, and says why in one line", async (_, env, message) => {
    runtime = await startLambdaRuntime({ bundle, env });
    await expect(runtime.ready).rejects.toThrow(`ConfigurationError: ${message}`);
  });
});

test("a freeze after the answer stops nothing that was still to do: each invocation's records are there before it", async () => {
  const { receiver, runtime } = await open(ok(), { freezeMs: FREEZE_MS });
  for (let invocation = 1; invocation <= 3; invocation++) {
    const messages = Array.from({ length: 50 }, (_, index) => `invocation ${invocation} record ${index}`);
    expect((await runtime.invoke(subscription(...messages))).kind).toBe("response");
    const requests = receiver.requests.length;
    expect(receiver.accepted.slice(-messages.length).map(({ body }) => body)).toEqual(messages);
    // Frozen, thawed, and back for more.
    await runtime.idle();
    expect(receiver.requests.length).toBe(requests);
  }
  receiver.behave(status(401));
  expect((await runtime.invoke(subscription("refused"))).kind).toBe("error");
  const requests = receiver.requests.length;
  await runtime.idle();
  expect(receiver.requests.length).toBe(requests);
});

describe("the bundle", () => {
  test("is one module that needs nothing but Node", () => {
    expect(built.imports.length).toBeGreaterThan(0);
    expect(built.imports.filter((name) => !isBuiltin(name))).toEqual([]);
  });

  test("holds none of the OpenTelemetry SDK, and no module that loads the runtime's own fetch at the start", () => {
    expect(built.inputs).toContain("adapters/firehose.ts");
    expect(built.inputs.filter((path) => path.includes("@opentelemetry"))).toEqual([]);
    expect(built.imports.filter((name) => /^(?:node:)?(?:https?|util)$/.test(name))).toEqual([]);
  });
});
