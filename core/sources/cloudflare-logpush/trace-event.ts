// A row of Logpush's `workers_trace_events` -> the records of its invocation: the same as a Tail Worker gives, without stacks and
// headers, which Logpush lacks. https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/account/workers_trace_events/
import { MAX_ATTRIBUTES } from "../../limits.ts";
import type { AnyValue, KeyValue, LogRecord } from "../../otlp/model.ts";
import { pushAttribute } from "../../read/attributes.ts";
import { isObject } from "../../read/broken.ts";
import { consoleRecord } from "../../read/cloudflare/console-record.ts";
import {
  alarmHandler,
  emailHandler,
  fetchHandler,
  type Handler,
  jsrpcHandler,
  otherHandler,
  queueHandler,
  scheduledHandler,
  webSocketHandler,
} from "../../read/cloudflare/handlers.ts";
import { type Invocation, invocationAttributes } from "../../read/cloudflare/invocation.ts";
import { readMember, restOf } from "../../read/cloudflare/platform-object.ts";
import { brokenPart, exceptionRecord, invocationRecord } from "../../read/cloudflare/records.ts";
import { workerResource } from "../../read/cloudflare/worker-resource.ts";
import type { DecodeContext } from "../../source.ts";

export type TraceEvent = Readonly<Record<string, unknown>>;

const FIELDS: ReadonlySet<string> = new Set(
  (
    "CPUTimeMs DispatchNamespace Entrypoint Event EventTimestampMs EventType Exceptions Logs Outcome ScriptName ScriptTags " +
    "ScriptVersion WallTimeMs"
  ).split(" "),
);
/** The job chooses the fields, so no one of them is sure to be there. */
export function isTraceEvent(item: TraceEvent): boolean {
  return (
    item["EventTimestampMs"] !== undefined ||
    item["ScriptName"] !== undefined ||
    Array.isArray(item["Logs"]) ||
    Array.isArray(item["Exceptions"])
  );
}

/** Cloudflare's samples spell members of the nested objects in capitals here and in small letters there. */
function read(object: unknown, name: string): unknown {
  return readMember(object, name) ?? readMember(object, name.charAt(0).toLowerCase() + name.slice(1));
}

export function traceEventResource(item: TraceEvent, context: DecodeContext): readonly KeyValue[] {
  const version = item["ScriptVersion"];
  const worker = {
    scriptName: item["ScriptName"],
    scriptVersion: isObject(version)
      ? { id: read(version, "Id") ?? readMember(version, "ID"), tag: read(version, "Tag"), message: read(version, "Message") }
      : version,
    scriptTags: item["ScriptTags"],
    dispatchNamespace: item["DispatchNamespace"],
    entrypoint: item["Entrypoint"],
  };
  return workerResource(worker, context);
}

export interface TraceEventOptions {
  readonly invocationLogs: boolean;
  readonly parseJsonMessages: boolean;
}

/** @returns how many of the records are raw */
export function pushTraceEvent(records: LogRecord[], item: TraceEvent, options: TraceEventOptions, observedTimeUnixNano: bigint): number {
  const event = item["Event"];
  const handlerType = handlerTypeOf(item["EventType"], event);
  const rayId = read(event, "RayID") ?? read(event, "RayId");
  const attributes = invocationAttributes({
    handlerType,
    invocationId: rayId,
    rayId,
    outcome: item["Outcome"],
    entrypoint: item["Entrypoint"],
  });
  const invocation: Invocation = { observedTimeUnixNano, handlerType, attributes, correlation: [], trace: undefined };
  if (options.invocationLogs) records.push(readInvocationRecord(item, invocation, event));
  return pushLogs(records, item, invocation, options) + pushExceptions(records, item, invocation);
}

const HANDLER_TYPES: Readonly<Record<string, string>> = { worker_rpc: "jsrpc", hibernatable_web_socket: "websocket" };

function handlerTypeOf(eventType: unknown, event: unknown): string {
  if (typeof eventType !== "string" || eventType === "") return read(event, "Request") === undefined ? "unknown" : "fetch";
  return Object.hasOwn(HANDLER_TYPES, eventType) ? (HANDLER_TYPES[eventType] as string) : eventType;
}

function readInvocationRecord(item: TraceEvent, invocation: Invocation, event: unknown): LogRecord {
  const exceptions = item["Exceptions"];
  const status = read(read(event, "Response"), "Status");
  const end = {
    time: item["EventTimestampMs"],
    outcome: item["Outcome"],
    hasExceptions: Array.isArray(exceptions) && exceptions.length > 0,
    status: typeof status === "number" ? status : undefined,
    cpuTime: item["CPUTimeMs"],
    wallTime: item["WallTimeMs"],
  };
  const extra: KeyValue[] = [];
  pushAttribute(extra, "cloudflare.trace_event", restOf(item, FIELDS));
  const { handler, rest } = readHandler(invocation.handlerType, event, status);
  pushAttribute(extra, "cloudflare.event", rest);
  return invocationRecord(invocation, end, handler, extra);
}

/** The members of `Event` beside a fetch are not documented: those that have no place here stay together. */
function readHandler(handlerType: string, event: unknown, status: unknown): { readonly handler: Handler; readonly rest: unknown } {
  const used = new Set(["RayID", "rayID", "RayId", "rayId"]);
  const take = (name: string): unknown => {
    used.add(name).add(name.charAt(0).toLowerCase() + name.slice(1));
    return read(event, name);
  };
  const handler = takeHandler(handlerType, take, status);
  return { handler, rest: isObject(event) ? restOf(event, used) : event };
}

function takeHandler(handlerType: string, take: (name: string) => unknown, status: unknown): Handler {
  switch (handlerType) {
    case "fetch": {
      const request = take("Request");
      take("Response");
      return fetchHandler({ method: read(request, "Method"), url: readUrl(request), headers: new Map(), cf: undefined, status }, {});
    }
    case "scheduled":
      return scheduledHandler(take("Cron"), take("ScheduledTimeMs") ?? take("ScheduledTime"));
    case "alarm":
      return alarmHandler(take("ScheduledTimeMs") ?? take("ScheduledTime"));
    case "queue":
      return queueHandler(take("Queue") ?? take("QueueName"), take("BatchSize"));
    case "email":
      return emailHandler(take("MailFrom"), take("RcptTo"), take("RawSize"));
    case "jsrpc":
      return jsrpcHandler(take("RpcMethod") ?? take("RPCMethod"));
    case "websocket":
      return webSocketHandler(take("WebSocketEventType"), take("Code"), take("WasClean"));
    default:
      return otherHandler(handlerType);
  }
}

function readUrl(request: unknown): unknown {
  return readMember(request, "URL") ?? read(request, "Url");
}

const LOG_FIELDS: ReadonlySet<string> = new Set("Level Message TimestampMs level message timestampMs timestamp".split(" "));
const EXCEPTION_FIELDS: ReadonlySet<string> = new Set(
  "Name Message Stack TimestampMs Code name message stack timestampMs timestamp code".split(" "),
);

function pushLogs(records: LogRecord[], item: TraceEvent, invocation: Invocation, { parseJsonMessages }: TraceEventOptions): number {
  return pushParts(records, item["Logs"], "a log of another shape", invocation, (log, sequence) => {
    const message = read(log, "Message");
    const call = {
      time: readPartTime(log),
      level: read(log, "Level"),
      message,
      errorInfo: undefined,
      truncated: hasMark(message, "<<<Logpush: messages truncated>>>"),
    };
    return withField(consoleRecord(invocation, call, sequence, parseJsonMessages), "cloudflare.log.fields", restOf(log, LOG_FIELDS));
  });
}

function pushExceptions(records: LogRecord[], item: TraceEvent, invocation: Invocation): number {
  const { Logs: logs } = item;
  const offset = Array.isArray(logs) ? logs.length : 0;
  return pushParts(records, item["Exceptions"], "an exception of another shape", invocation, (part, index) => {
    const exception = { name: read(part, "Name"), message: read(part, "Message"), stack: read(part, "Stack"), code: read(part, "Code") };
    const record = exceptionRecord(invocation, exception, readPartTime(part), offset + index);
    const isCut = hasMark(exception.message, "<<<Logpush: exception messages truncated>>>");
    return withField(
      withField(record, "cloudflare.truncated", isCut ? true : undefined),
      "cloudflare.exception.fields",
      restOf(part, EXCEPTION_FIELDS),
    );
  });
}

function pushParts(
  records: LogRecord[],
  parts: unknown,
  reason: string,
  invocation: Invocation,
  toRecord: (part: object, index: number) => LogRecord,
): number {
  if (parts === undefined || parts === null) return 0;
  let malformed = 0;
  for (const [index, part] of (Array.isArray(parts) ? parts : [parts]).entries()) {
    if (isObject(part) && Array.isArray(parts)) {
      records.push(toRecord(part, index));
    } else {
      records.push(brokenPart(invocation, part, reason));
      malformed++;
    }
  }
  return malformed;
}

function readPartTime(part: object): unknown {
  return read(part, "TimestampMs") ?? readMember(part, "timestamp");
}

/** Logpush cuts what is longer than 16,384 characters and leaves a mark. */
function hasMark(message: unknown, mark: string): boolean {
  if (typeof message === "string") return message.includes(mark);
  return Array.isArray(message) && message.some((argument) => typeof argument === "string" && argument.includes(mark));
}

function withField(record: LogRecord, key: string, value: AnyValue | undefined): LogRecord {
  if (value === undefined) return record;
  const { attributes, droppedAttributesCount = 0 } = record;
  return attributes.length < MAX_ATTRIBUTES
    ? { ...record, attributes: [...attributes, { key, value }] }
    : { ...record, droppedAttributesCount: droppedAttributesCount + 1 };
}
