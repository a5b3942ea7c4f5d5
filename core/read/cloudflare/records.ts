// The records of an invocation that hold the platform's own words: the invocation itself, its uncaught exceptions, its
// diagnostics channels. The same for batched tail, streaming tail and Logpush.
import type { AnyValue, KeyValue, LogRecord, SeverityNumber } from "../../otlp/model.ts";
import { pushAttribute, putAppAttributes, readAttribute } from "../attributes.ts";
import { brokenRecord } from "../broken.ts";
import type { TraceContext } from "../trace-context.ts";
import { toAnyValue } from "../value.ts";
import { exceptionHead, pushException } from "./exception.ts";
import type { Handler } from "./handlers.ts";
import { type Invocation, SEQUENCE } from "./invocation.ts";
import { invocationSeverity } from "./outcome.ts";
import { pushTime, readMember } from "./platform-object.ts";

const ERROR = 17;
const WARN = 13;
const DEBUG = 5;

export interface EndFields {
  readonly time: unknown;
  readonly outcome: unknown;
  readonly hasExceptions: boolean;
  readonly status?: number | undefined;
  readonly cpuTime: unknown;
  readonly wallTime: unknown;
}

/** @param extra what the source found beside the handler's own facts */
export function invocationRecord(invocation: Invocation, end: EndFields, handler: Handler, extra: readonly KeyValue[] = []): LogRecord {
  const attributes = [...invocation.attributes, ...handler.attributes];
  pushAttribute(attributes, "cloudflare.cpu_time", end.cpuTime);
  pushAttribute(attributes, "cloudflare.wall_time", end.wallTime);
  const severity = invocationSeverity(end.outcome, end.hasExceptions, end.status);
  const record = platformRecord(invocation, attributes, end.time, severity, handler.body, invocation.trace, "cloudflare.invocation");
  // The same fact comes as a number here and as a bigint there.
  const unsaid = extra.filter(({ key, value }) => String(readAttribute(attributes, key)) !== String(value));
  return unsaid.length === 0 ? record : { ...record, droppedAttributesCount: putAppAttributes(attributes, unsaid) };
}

/** An uncaught exception. It ended a handler, not a process: ERROR, not FATAL. */
export function exceptionRecord(
  invocation: Invocation,
  exception: unknown,
  time: unknown,
  sequence: unknown,
  trace: TraceContext | undefined = invocation.trace,
): LogRecord {
  const attributes = invocation.attributes.slice();
  pushAttribute(attributes, SEQUENCE, sequence);
  pushException(attributes, exception);
  pushAttribute(attributes, "cloudflare.exception.code", readMember(exception, "code"));
  const eventName = invocation.handlerType === "fetch" ? "http.server.request.exception" : "faas.invocation.exception";
  return platformRecord(invocation, attributes, time, ERROR, exceptionHead(exception), trace, eventName);
}

/** What the app published on a diagnostics channel: a structured clone, so it may hold maps and dates. */
export function diagnosticsRecord(
  invocation: Invocation,
  event: { readonly time: unknown; readonly channel: unknown; readonly message: unknown },
  sequence: unknown,
  trace: TraceContext | undefined = invocation.trace,
): LogRecord {
  const attributes = invocation.attributes.slice();
  pushAttribute(attributes, SEQUENCE, sequence);
  pushAttribute(attributes, "cloudflare.diagnostics_channel.name", event.channel);
  const severity = event.channel === "workerd.LimitExceeded" ? WARN : DEBUG;
  return platformRecord(invocation, attributes, event.time, severity, toAnyValue(event.message), trace, undefined);
}

/** The platform's word that the stream itself is not whole: `{diagnosticsType: "droppedEvents", count}`. */
export function noticeRecord(
  invocation: Invocation,
  diagnostic: unknown,
  time: unknown,
  sequence: unknown,
  trace: TraceContext | undefined = invocation.trace,
): LogRecord {
  const attributes = invocation.attributes.slice();
  pushAttribute(attributes, SEQUENCE, sequence);
  pushAttribute(attributes, "cloudflare.stream_diagnostic", diagnostic);
  const body = toAnyValue(readMember(diagnostic, "diagnosticsType"));
  return platformRecord(invocation, attributes, time, WARN, body, trace, "cloudflare.stream_diagnostic");
}

/** A record without words of the app: nothing in it is read any further. */
function platformRecord(
  invocation: Invocation,
  attributes: KeyValue[],
  time: unknown,
  severityNumber: SeverityNumber,
  body: AnyValue | undefined,
  trace: TraceContext | undefined,
  eventName: string | undefined,
): LogRecord {
  const { observedTimeUnixNano, correlation } = invocation;
  const timeUnixNano = pushTime(attributes, time);
  attributes.push(...correlation);
  return {
    timeUnixNano,
    observedTimeUnixNano,
    severityNumber,
    body,
    attributes,
    flags: trace?.flags,
    traceId: trace?.traceId,
    spanId: trace?.spanId,
    eventName,
  };
}

/** A part of an invocation that has the wrong shape. */
export function brokenPart(invocation: Invocation, value: unknown, reason: string): LogRecord {
  return brokenRecord(toAnyValue(value) ?? String(value), reason, invocation.observedTimeUnixNano, invocation.attributes);
}
