// One event -> one record: a line of an app, of Fly.io itself, of any other Vector source, or an app's own fields merged
// into the event. Three voices may speak in it: the line (`message`), the fields beside it, and the platform around both.
import type { AnyValue, KeyValue, LogRecord } from "../../otlp/model.ts";
import { stripAnsi } from "../../read/ansi.ts";
import { pushAttribute, putAppAttributes, putAttribute, putFields } from "../../read/attributes.ts";
import { isObject, ORIGINAL_TIME } from "../../read/broken.ts";
import { toJsonText } from "../../read/json-text.ts";
import { chooseTrace, type Message, readFields, readMessage } from "../../read/message.ts";
import { readSeverity, type Severity } from "../../read/severity.ts";
import { readUnixNano } from "../../read/time.ts";
import type { TraceContext } from "../../read/trace-context.ts";
import { createUnknownFields } from "../../read/unknown-fields.ts";
import { defineMember, toAnyValue } from "../../read/value.ts";
import type { Fields } from "./framing.ts";
import { DETAIL_FIELDS, EVENT_FIELDS, putPlatform } from "./platform.ts";

const ERROR = 17;
/** https://fly.io/docs/monitoring/error-codes/ */
const PROXY_ERROR = /^\[(P[PUCTMAER]\d\d)\]/;
const TIME_FIELDS = ["timestamp", "dt", "@timestamp", "time"] as const;

/** The fields beside the line that are the app's or the user's. `timestamp` and `message` always find a place. */
const plainFields = createUnknownFields(new Set(["timestamp", "message"]));
const mergedFields = createUnknownFields(new Set(["timestamp", "message", ...EVENT_FIELDS]));
const flyFields = createUnknownFields(new Set(["timestamp", "message", ...EVENT_FIELDS, ...DETAIL_FIELDS]));

/** @param used names of fields that the resource says; gets those that are placed here */
export function eventRecord(event: Fields, used: string[], observedTimeUnixNano: bigint): LogRecord {
  const attributes: KeyValue[] = [];
  const { message, fly } = event;
  const isFly = isObject(fly);
  const provider = isFly ? readMember(event["event"], "provider") : undefined;
  // What the platform itself says is text; only an app's line is read for more.
  const isAppLine = typeof provider !== "string" || provider === "" || provider === "app";
  const hasMessage = message !== undefined && message !== null && message !== "";
  // Without a message the app's own fields were merged into the event.
  const isMerged = isAppLine && !hasMessage;

  const rest = isFly ? putPlatform(attributes, event, fly, !isMerged) : undefined;
  const ownTime = readTime(event, used, attributes);
  const line = hasMessage ? readLine(message, isAppLine, ownTime === undefined) : undefined;
  const timeUnixNano = ownTime ?? line?.timeUnixNano;
  const names = (isFly ? (isMerged ? mergedFields : flyFields) : plainFields)(event);
  const beside = readBeside(event, names, used, line, timeUnixNano === undefined);

  const proxyError = provider === "proxy" && typeof line?.body === "string" ? PROXY_ERROR.exec(line.body)?.[1] : undefined;
  if (proxyError !== undefined) putAttribute(attributes, "fly.error.code", proxyError);
  const level = readLevel(isFly ? readMember(event["log"], "level") : undefined);
  const severity = chooseSeverity(isAppLine, line?.severity, beside?.severity, level, attributes);
  // All of these codes are errors, whatever the platform's level says.
  const isRaised = proxyError !== undefined && (severity?.number ?? 0) < ERROR;
  const trace = readTrace(line, beside, attributes);

  let dropped = rest === undefined ? 0 : putFields(attributes, rest);
  if (line !== undefined) dropped += line.dropped + putAppAttributes(attributes, line.fields);
  if (beside !== undefined) dropped += beside.dropped + putAppAttributes(attributes, beside.fields);
  return {
    timeUnixNano: timeUnixNano ?? beside?.timeUnixNano,
    observedTimeUnixNano,
    severityNumber: isRaised ? ERROR : severity?.number,
    severityText: isRaised ? undefined : severity?.text,
    body: hasMessage ? line?.body : beside?.body,
    attributes,
    droppedAttributesCount: dropped,
    flags: trace?.flags,
    traceId: trace?.traceId,
    spanId: trace?.spanId,
  };
}

function readMember(value: unknown, key: string): unknown {
  return isObject(value) ? value[key] : undefined;
}

/** The first readable time; what stands in a field before it and is none is kept. */
function readTime(event: Fields, used: string[], attributes: KeyValue[]): bigint | undefined {
  let unreadable: string | undefined;
  let time: bigint | undefined;
  for (const field of TIME_FIELDS) {
    const value = event[field];
    if (value === undefined || value === null || value === "") continue;
    time = readUnixNano(value);
    if (time !== undefined) {
      used.push(field);
      break;
    }
    unreadable ??= field;
  }
  if (unreadable !== undefined) {
    used.push(unreadable);
    pushAttribute(attributes, ORIGINAL_TIME, event[unreadable]);
  }
  return time;
}

/** The `message`: text, or what a transform made of it. */
function readLine(message: unknown, isAppLine: boolean, time: boolean): Message {
  if (isAppLine && typeof message === "string") return readMessage(message, { time });
  const text =
    typeof message === "string" ? stripAnsi(message) : isObject(message) || Array.isArray(message) ? toJsonText(message) : String(message);
  if (isAppLine && isObject(message)) return readFields(message, toAnyValue(text), { time });
  return {
    body: toAnyValue(text),
    severity: undefined,
    timeUnixNano: undefined,
    trace: undefined,
    requestTrace: undefined,
    fields: [],
    dropped: 0,
  };
}

/** The fields beside the line; undefined when there is none. */
function readBeside(
  event: Fields,
  names: readonly string[],
  used: readonly string[],
  line: Message | undefined,
  time: boolean,
): Message | undefined {
  let fields: Record<string, AnyValue | undefined> | undefined;
  for (const name of names) {
    if (used.includes(name)) continue;
    // Where there is a line, no other field is the message.
    fields ??= line === undefined ? {} : { message: "" };
    defineMember(fields, name, event[name] as AnyValue);
  }
  return fields === undefined ? undefined : readFields(fields, undefined, { time });
}

function readLevel(level: unknown): Severity | undefined {
  if (level === undefined) return undefined;
  const severity = readSeverity(level, "generic");
  return severity.number === 0 && severity.text === undefined ? undefined : severity;
}

/** An app's line > the fields beside it > the platform's level, which knows nothing of an app's line. A word that nobody knows comes last. */
function chooseSeverity(
  isAppLine: boolean,
  line: Severity | undefined,
  beside: Severity | undefined,
  platform: Severity | undefined,
  attributes: KeyValue[],
): Severity | undefined {
  const order = isAppLine ? [line, beside, platform] : [platform, beside];
  const chosen =
    order.find((severity) => severity !== undefined && severity.number > 0) ?? order.find((severity) => severity !== undefined);
  // `fly.log.level` keeps the platform's word, the line itself its own.
  if (beside !== undefined && beside.number > 0 && beside.text !== chosen?.text) putFields(attributes, { level: beside.text });
  return chosen;
}

/** The line's ids > those beside it > a Highlight request. Ids that lost stay. */
function readTrace(line: Message | undefined, beside: Message | undefined, attributes: KeyValue[]): TraceContext | undefined {
  const trace = chooseTrace(line, beside?.trace, attributes);
  if (beside === undefined) return trace;
  if (beside.trace !== undefined && beside.trace.traceId !== trace?.traceId) {
    putFields(attributes, { trace_id: beside.trace.traceId, span_id: beside.trace.spanId });
  }
  return chooseTrace({ ...beside, trace: undefined }, trace, attributes);
}
