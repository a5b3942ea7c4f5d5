// Events as Lambda receives them, and a handler that delivers to a destination of the test's choice.
import { gzipSync } from "node:zlib";
import type { CloudWatchLogsEvent, KinesisStreamEvent, SQSEvent } from "aws-lambda";
import { createLambdaHandler, type LambdaContext, type LambdaHandler } from "../../adapters/aws-lambda/handler.ts";
import { createConfiguredDrain } from "../../adapters/configured.ts";
import { createNodeFetch } from "../../adapters/node-fetch.ts";
import { gzipFast } from "../../adapters/node-gzip.ts";
import { type ReportLine, reportDeadLetter } from "../../adapters/report.ts";
import { createOtlpExporter } from "../../core/export/deliver.ts";
import { type Env, readTestConfig } from "../support/http-app.ts";

const LOG_STREAM = "2026/11/20/[$LATEST]b31f2f5c0d8e4b64a5a7c1f0f1c2d3e4";
const EVENT_TIME_MS = 1_795_213_380_610;

export interface TestHandler {
  readonly handler: LambdaHandler;
  /** Everything that was reported so far. */
  readonly lines: ReportLine[];
}

/** What Lambda sets. */
const LAMBDA_ENV: Env = { AWS_REGION: "us-east-1", AWS_LAMBDA_LOG_GROUP_NAME: "/aws/lambda/otlp-drain" };

export function createTestHandler(destination: URL, env: Env = {}): TestHandler {
  const config = readTestConfig({ ...LAMBDA_ENV, OTEL_EXPORTER_OTLP_ENDPOINT: destination.href, ...env });
  const { endpoint = "", ...otlp } = config.otlp;
  const lines: ReportLine[] = [];
  const report = (line: ReportLine) => void lines.push(line);
  const onDeadLetter = reportDeadLetter(report);
  const exporter = createOtlpExporter({
    ...otlp,
    endpoint,
    now: Date.now,
    gzip: gzipFast,
    fetch: createNodeFetch(endpoint),
    retryDelayMs: 5,
    onDeadLetter,
  });
  return { handler: createLambdaHandler({ config, drain: createConfiguredDrain(config, exporter, { now: Date.now }), report }), lines };
}

/** @param timeoutMs what is left of the invocation's time */
export function contextOf(timeoutMs = 10_000): LambdaContext {
  const endsAt = Date.now() + timeoutMs;
  return { getRemainingTimeInMillis: () => endsAt - Date.now() };
}

/** A decoded subscription message. */
export function message(texts: readonly string[], fields: object = {}): object {
  return {
    messageType: "DATA_MESSAGE",
    owner: "123456789012",
    logGroup: "/aws/lambda/checkout",
    logStream: LOG_STREAM,
    subscriptionFilters: ["drain"],
    logEvents: texts.map((text, index) => ({
      id: `3620532140500000000000000000000000${index}`,
      timestamp: EVENT_TIME_MS + index,
      message: text,
    })),
    ...fields,
  };
}

export const CONTROL = message(["CWL CONTROL MESSAGE: Checking health of destination Lambda."], {
  messageType: "CONTROL_MESSAGE",
  owner: "CloudwatchLogs",
  logGroup: "",
  logStream: "",
  subscriptionFilters: [],
});

/** Base64 of gzip. */
export function pack(content: object | string | Uint8Array): string {
  const bytes = content instanceof Uint8Array ? content : Buffer.from(typeof content === "string" ? content : JSON.stringify(content));
  return gzipSync(bytes).toString("base64");
}

export function subscriptionEvent(data: string): CloudWatchLogsEvent {
  return { awslogs: { data } };
}

/** The sequence number of the record at this index; a text of 56 digits that no number holds. */
export function sequenceNumber(index: number): string {
  return `49590338271490256608559692538361571095921575989136588${String(index).padStart(3, "0")}`;
}

/** @param data base64 each; tests of bad input pass anything */
export function kinesisEvent(data: readonly unknown[]): KinesisStreamEvent {
  return {
    Records: data.map((one, index) => ({
      kinesis: {
        kinesisSchemaVersion: "1.0",
        partitionKey: "a3b1",
        sequenceNumber: sequenceNumber(index),
        data: one as string,
        approximateArrivalTimestamp: 1_795_213_380.61,
      },
      eventSource: "aws:kinesis",
      eventVersion: "1.0",
      eventID: `shardId-000000000006:${sequenceNumber(index)}`,
      eventName: "aws:kinesis:record",
      invokeIdentityArn: "arn:aws:iam::123456789012:role/lambda-role",
      awsRegion: "us-east-2",
      eventSourceARN: "arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream",
    })),
  };
}

export function onFailureEvent(requestPayload: object): object {
  return {
    version: "1.0",
    timestamp: "2026-11-20T22:23:00.754Z",
    requestContext: {
      requestId: "e4b46cbf-b738-xmpl-8880-a18cdf61200e",
      functionArn: "arn:aws:lambda:us-east-1:123456789012:function:otlp-drain:$LATEST",
      condition: "RetriesExhausted",
      approximateInvokeCount: 3,
    },
    requestPayload,
    responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
    responsePayload: { errorType: "NotDelivered", errorMessage: "retryable: the destination answered 503", trace: [] },
  };
}

export function queueEvent(bodies: readonly (object | string)[]): SQSEvent {
  return {
    Records: bodies.map((body, index) => ({
      messageId: `059f36b4-87a3-44ab-83d2-66197572${index}`,
      receiptHandle: "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
      body: typeof body === "string" ? body : JSON.stringify(body),
      attributes: {
        ApproximateReceiveCount: "1",
        SentTimestamp: "1545082649183",
        SenderId: "AIDAIENQZJOLO23YVJ4VO",
        ApproximateFirstReceiveTimestamp: "1545082649185",
      },
      messageAttributes: {},
      md5OfBody: "e4e68fb7bd0e697a0ae8f1bb342846b3",
      eventSource: "aws:sqs",
      eventSourceARN: "arn:aws:sqs:us-east-1:123456789012:otlp-drain-failed",
      awsRegion: "us-east-1",
    })),
  };
}
