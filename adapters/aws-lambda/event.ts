// Tells by its shape what an invocation is: the log data in it, an HTTP request, nothing to do, or a shape that is not handled and how
// it is called. https://docs.aws.amazon.com/lambda/latest/dg/lambda-services.html
import { isObject } from "../../core/read/broken.ts";
import { parseJson } from "../../core/read/json.ts";
import { type HttpEvent, isHttpEvent } from "./http-event.ts";

/** One compressed subscription message, or what stands in its place. */
export interface Piece {
  /** Base64, if it is what it should be. */
  readonly data: unknown;
  /** Of a Kinesis record. */
  readonly sequenceNumber?: string | undefined;
}

export type Invocation =
  /** A failure is told by throwing: Lambda tries again, then keeps the event in the on-failure queue. */
  | { readonly kind: "logs"; readonly pieces: readonly Piece[]; readonly unhandled: readonly string[] }
  /** A failure is told by the sequence number from which Kinesis delivers again. */
  | { readonly kind: "kinesis"; readonly pieces: readonly Piece[] }
  | { readonly kind: "http"; readonly event: HttpEvent }
  | { readonly kind: "nothing" }
  | { readonly kind: "unhandled"; readonly shape: string };

type Fields = Readonly<Record<string, unknown>>;

export function readInvocation(event: unknown): Invocation {
  if (!isObject(event)) return unhandled("an event that is no object");
  const logs = readLogs(event);
  if (logs !== undefined) return { kind: "logs", pieces: [logs], unhandled: [] };
  const { Records: records } = event;
  const first: unknown = Array.isArray(records) ? records[0] : undefined;
  if (Array.isArray(records) && isObject(first)) {
    if (first["eventSource"] === "aws:kinesis") return { kind: "kinesis", pieces: records.map(readKinesisRecord) };
    if (first["eventSource"] === "aws:sqs") return readMessages(records);
  }
  if (isHttpEvent(event)) return { kind: "http", event };
  return isNothing(event) ? { kind: "nothing" } : unhandled(nameShape(event));
}

/** The data of a subscription, as it came or in the record of an invocation that failed. */
function readLogs(event: Fields): Piece | undefined {
  const { requestPayload } = event;
  for (const { awslogs } of isObject(requestPayload) ? [event, requestPayload] : [event]) {
    if (isObject(awslogs)) return { data: awslogs["data"] };
  }
  return undefined;
}

function readKinesisRecord(record: unknown): Piece {
  const kinesis = isObject(record) && isObject(record["kinesis"]) ? record["kinesis"] : {};
  const { data, sequenceNumber } = kinesis;
  return { data, sequenceNumber: typeof sequenceNumber === "string" ? sequenceNumber : undefined };
}

/** The messages of a queue of failed invocations. What is none of ours stays in the queue, but holds up none that is. */
function readMessages(records: readonly unknown[]): Invocation {
  const pieces: Piece[] = [];
  const shapes = new Set<string>();
  for (const record of records) {
    const body = isObject(record) ? record["body"] : undefined;
    const event = typeof body === "string" ? parseJson(body) : undefined;
    const logs = isObject(event) ? readLogs(event) : undefined;
    if (logs !== undefined) pieces.push(logs);
    else if (!isObject(event)) shapes.add("a queue message that is no JSON object");
    else if (!isNothing(event)) shapes.add(`a queue message with ${nameShape(event)}`);
  }
  return { kind: "logs", pieces, unhandled: [...shapes] };
}

/** An empty batch, and what S3 sends once when a notification is configured. */
function isNothing({ Records: records, Service: service, Event: name }: Fields): boolean {
  return (Array.isArray(records) && records.length === 0) || (service === "Amazon S3" && name === "s3:TestEvent");
}

function unhandled(shape: string): Invocation {
  return { kind: "unhandled", shape };
}

/** What the operator has connected, in words of ours alone. */
function nameShape(event: Fields): string {
  const { Records: records } = event;
  const first: unknown = Array.isArray(records) ? records[0] : undefined;
  if (isObject(first)) {
    if ("s3" in first) return "an S3 notification: reading objects is not supported";
    if ("Sns" in first) return "an SNS notification: subscribe the log group to this function itself";
    if ("dynamodb" in first) return "a DynamoDB stream batch";
    return "records of an unknown source";
  }
  if ("deliveryStreamArn" in event && Array.isArray(event["records"]))
    return "a Firehose transformation: have the stream deliver to the HTTP endpoint /firehose of the drain instead";
  if ("KinesisBatchInfo" in event || "DDBStreamBatchInfo" in event)
    return "a description of a failed stream batch, which holds no records: read them from the stream again";
  if (isObject(event["requestContext"]) && "condition" in event["requestContext"] && !("requestPayload" in event))
    return "an on-failure record without its event, which was too large for the queue";
  if ("requestPayload" in event) return "the on-failure record of an invocation that was no CloudWatch Logs subscription";
  if (event["Type"] === "Notification" && "TopicArn" in event)
    return "an SNS notification: subscribe the log group to this function itself";
  if ("detail-type" in event) return "an EventBridge event";
  if ("httpMethod" in event)
    return "an HTTP request of a REST API or a load balancer: use a Function URL or an HTTP API (payload version 2.0)";
  return "an event of an unknown shape";
}
