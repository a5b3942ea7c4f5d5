// An app's own log line -> what OTLP has a place for: body, severity, time, ids, exception; every other field stays an
// attribute. One reader for every source, and a conservative one: what it does not know for sure stays in the body.
import { MAX_STRING_LENGTH } from "../limits.ts";
import type { AnyValue, KeyValue } from "../otlp/model.ts";
import { stripAnsi } from "./ansi.ts";
import { putAttribute, putFields, readAttribute } from "./attributes.ts";
import { parseJson } from "./json.ts";
import { readLevelPrefix } from "./level-prefix.ts";
import { parseLogfmt } from "./logfmt.ts";
import { chooseNumericDialect, readSeverity, type Severity } from "./severity.ts";
import { type Exception, parseStackTrace, putException, readErrorObject, readStack, readTextException } from "./stack-trace.ts";
import { readUnixNano } from "./time.ts";
import { parseHighlightRequest, parseTraceparent, readSpanId, readTraceId, type TraceContext } from "./trace-context.ts";
import { truncate } from "./value.ts";

export interface Message {
  readonly body: AnyValue | undefined;
  /** Found inside the message; undefined when the message names no level. A word that nobody knows is number 0, and stays a field. */
  readonly severity: Severity | undefined;
  /** Found inside the message, ns since the Unix epoch; only looked for when asked. */
  readonly timeUnixNano: bigint | undefined;
  /** The line's own ids: they beat those of the platform's record. */
  readonly trace: TraceContext | undefined;
  /** A trace id that came with `x-highlight-request`: it counts when the platform's record has none. */
  readonly requestTrace: TraceContext | undefined;
  /** The app's own fields under their own names, and `exception.*`, `highlight.*`. */
  readonly fields: readonly KeyValue[];
  /** Fields beyond the cap of a record. */
  readonly dropped: number;
}

export interface MessageOptions {
  /** Lift the line's own time. Without it the time fields stay attributes: for platforms whose own time is the better one. */
  readonly time: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

const NO_FIELDS: readonly KeyValue[] = [];
const BODY_KEYS = ["message", "msg", "@message", "short_message", "@m", "RenderedMessage", "@mt", "MessageTemplate"] as const;
const LEVEL_KEYS = [
  "level",
  "severity",
  "lvl",
  "levelname",
  "level_name",
  "log.level",
  "@level",
  "severityText",
  "severity_text",
  "loglevel",
  "log_level",
  "@l",
  "Level",
] as const;
const LEVEL_NUMBER_KEYS = ["severityNumber", "severity_number", "levelno", "PRIORITY"] as const;
const TIME_KEYS = ["time", "timestamp", "@timestamp", "ts", "datetime", "@t", "Timestamp", "dt"] as const;
/** Trace and span keys come in pairs: a span id counts only beside the trace id of the same spelling. */
const ID_KEYS = [
  ["trace_id", "span_id"],
  ["traceId", "spanId"],
  ["traceID", "spanID"],
  ["trace.id", "span.id"],
  ["otel.trace_id", "otel.span_id"],
  ["@tr", "@sp"],
  ["dd.trace_id", "dd.span_id"],
] as const;
const SESSION_KEYS = ["highlight.session_id", "highlight_session_id", "secure_session_id"] as const;
const REQUEST_KEYS = ["x-highlight-request", "X-Highlight-Request"] as const;
const ERROR_KEYS = ["err", "error", "exception", "exc_info", "@x", "Exception"] as const;
const STACK_KEYS = ["stack", "stacktrace", "stackTrace", "stack_trace"] as const;

const BODY = 1;
const LEVEL = 2;
const TIME = 4;
const TRACE = 8;
const HIGHLIGHT = 16;
const ERROR = 32;
/** Name of a field -> the readings that look at it. */
const ROLES = new Map<string, number>();
for (const [role, keys] of [
  [BODY, BODY_KEYS],
  [LEVEL, [...LEVEL_KEYS, ...LEVEL_NUMBER_KEYS, "log", "status"]],
  [TIME, TIME_KEYS],
  [TRACE, [...ID_KEYS.map(([traceKey]) => traceKey), "trace", "traceparent"]],
  [HIGHLIGHT, [...SESSION_KEYS, ...REQUEST_KEYS, "highlight.trace_id"]],
  [ERROR, [...ERROR_KEYS, ...STACK_KEYS, "errorType"]],
] as const) {
  for (const key of keys) ROLES.set(key, (ROLES.get(key) ?? 0) | role);
}

/** Reads a message as the platform gave it: text that may hold JSON or logfmt. */
export function readMessage(message: string, options: MessageOptions): Message {
  const text = stripAnsi(message);
  const object = readJsonObject(text);
  if (object !== undefined) return readFields(object, truncate(text, MAX_STRING_LENGTH), options);
  const logfmt = parseLogfmt(text);
  if (logfmt !== undefined) return readFields(logfmt, text, options);
  return readText(text);
}

/** The object that a text is, when it is one JSON object and nothing else. */
export function readJsonObject(text: string): Fields | undefined {
  let start = 0;
  while (isSpace(text.charCodeAt(start))) start++;
  if (text.charCodeAt(start) !== 0x7b) return undefined;
  let end = text.length - 1;
  while (isSpace(text.charCodeAt(end))) end--;
  if (text.charCodeAt(end) !== 0x7d) return undefined;
  const value = parseJson(text);
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function readText(text: string): Message {
  const exception = readTextException(text);
  let fields = NO_FIELDS;
  if (exception !== undefined) {
    const list: KeyValue[] = [];
    putException(list, exception);
    fields = list;
  }
  return {
    body: truncate(text, MAX_STRING_LENGTH),
    severity: readLevelPrefix(text)?.severity,
    timeUnixNano: undefined,
    trace: undefined,
    requestTrace: undefined,
    fields,
    dropped: 0,
  };
}

/**
 * Reads the fields of a structured line.
 * @param fallbackBody the body when no field holds a message: the raw text, or undefined to leave the body unset
 */
export function readFields(object: Fields, fallbackBody: AnyValue | undefined, options: MessageOptions): Message {
  // One look at each name tells which of the readings below can find anything at all.
  let roles = 0;
  for (const key in object) roles |= ROLES.get(key) ?? 0;
  const used: string[] = [];
  const list: KeyValue[] = [];
  const body = roles & BODY ? readBody(object, used) : undefined;
  const severity = roles & LEVEL ? readLevel(object, used) : undefined;
  const timeUnixNano = roles & TIME && options.time ? readTime(object, used) : undefined;
  const trace = roles & TRACE ? readTrace(object, used) : undefined;
  const requestTrace = roles & HIGHLIGHT ? readHighlight(object, used, list) : undefined;
  if (roles & ERROR) readException(object, used, list);
  const dropped = putFields(list, object, used);
  return { body: body ?? fallbackBody, severity, timeUnixNano, trace, requestTrace, fields: list, dropped };
}

function readBody(object: Fields, used: string[]): string | undefined {
  for (const key of BODY_KEYS) {
    const value = object[key];
    if (typeof value !== "string") continue;
    used.push(key);
    return truncate(stripAnsi(value), MAX_STRING_LENGTH);
  }
  return undefined;
}

function readLevel(object: Fields, used: string[]): Severity | undefined {
  let number: string | undefined;
  let unknown: Severity | undefined;
  for (const key of LEVEL_KEYS) {
    const value = object[key] ?? (key === "log.level" ? readMember(object["log"], "level") : undefined);
    if (typeof value === "string" && value.trim() !== "" && !isDigits(value)) {
      const severity = readSeverity(value, wordDialect(object, key));
      // A word that nobody knows may be no level at all (`"level":"gold"`).
      if (severity.number === 0) unknown ??= severity;
      else {
        used.push(key);
        return severity;
      }
    }
    if (
      number === undefined &&
      (typeof value === "number" || typeof value === "bigint" || (typeof value === "string" && isDigits(value)))
    ) {
      number = key;
    }
  }
  // A word beside a number wins (Monolog, Python); the number alone needs the dialect that the other fields betray.
  for (const key of LEVEL_NUMBER_KEYS) if (number === undefined && object[key] !== undefined) number = key;
  if (number !== undefined) {
    const value = number === "log.level" ? (object[number] ?? readMember(object["log"], "level")) : object[number];
    const severity = readSeverity(value, chooseNumericDialect(object, number));
    if (severity.number > 0) {
      used.push(number);
      return severity;
    }
    if (severity.text !== undefined) unknown ??= severity;
  }
  if (unknown !== undefined) return unknown;
  // `status` names a level in some loggers and an HTTP status or a state in others: only a known word counts.
  const { status } = object;
  if (typeof status !== "string" || isDigits(status)) return undefined;
  const severity = readSeverity(status, "generic");
  if (severity.number === 0 || status.toLowerCase() === "ok" || status.toLowerCase() === "success") return undefined;
  used.push("status");
  return severity;
}

/** Serilog's Verbose is below its Debug; the words alone do not say so. */
function wordDialect(object: Fields, key: string): "serilog" | "generic" {
  return key === "@l" || (key === "Level" && object["MessageTemplate"] !== undefined) ? "serilog" : "generic";
}

function isDigits(text: string): boolean {
  return /^\s*-?\d+\s*$/.test(text);
}

function readTime(object: Fields, used: string[]): bigint | undefined {
  for (const key of TIME_KEYS) {
    const time = readUnixNano(object[key]);
    if (time === undefined) continue;
    used.push(key);
    return time;
  }
  return undefined;
}

function readMember(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Fields)[key] : undefined;
}

/** The line's own ids, else its traceparent. */
function readTrace(object: Fields, used: string[]): TraceContext | undefined {
  const ids = readIds(object, used);
  const parent = parseTraceparent(object["traceparent"]);
  if (parent === undefined || (ids !== undefined && ids.traceId !== parent.traceId)) return ids;
  const spanId = ids?.spanId ?? parent.spanId;
  if (spanId === parent.spanId) used.push("traceparent");
  return { traceId: parent.traceId, spanId, flags: ids?.flags ?? parent.flags };
}

/** Session and request of Highlight's browser SDK, wherever the app logged them. Returns a trace id that came with them. */
function readHighlight(object: Fields, used: string[], list: KeyValue[]): TraceContext | undefined {
  for (const key of SESSION_KEYS) {
    const session = object[key];
    if (typeof session !== "string" || session === "") continue;
    used.push(key);
    putAttribute(list, "highlight.session_id", session);
    break;
  }
  let traceId = readTraceId(object["highlight.trace_id"]);
  if (traceId !== undefined) used.push("highlight.trace_id");
  for (const key of REQUEST_KEYS) {
    const request = parseHighlightRequest(object[key]);
    if (request === undefined) continue;
    putAttribute(list, "highlight.session_id", request.sessionId);
    const own = object["highlight.trace_id"];
    const requestId = request.traceId ?? request.requestId;
    // The line's own ids win; a header that says something else then stays a field.
    const isKept = readAttribute(list, "highlight.session_id") === request.sessionId && (!own || !requestId || own === requestId);
    if (isKept) used.push(key);
    if (!own) {
      traceId = request.traceId;
      putAttribute(list, "highlight.trace_id", request.requestId);
    }
    break;
  }
  return traceId === undefined ? undefined : { traceId };
}

/**
 * Chooses the record's trace in the order line > platform > `x-highlight-request`. The last one, when it lost to another
 * id, stays as `highlight.trace_id`.
 */
export function chooseTrace(
  message: Message | undefined,
  platform: TraceContext | undefined,
  attributes: KeyValue[],
): TraceContext | undefined {
  const trace = message?.trace ?? platform;
  const requestTrace = message?.requestTrace;
  if (requestTrace === undefined) return trace;
  if (trace !== undefined && trace.traceId !== requestTrace.traceId) putAttribute(attributes, "highlight.trace_id", requestTrace.traceId);
  return trace ?? requestTrace;
}

function readIds(object: Fields, used: string[]): TraceContext | undefined {
  for (const [traceKey, spanKey] of ID_KEYS) {
    const traceId = readTraceId(object[traceKey]);
    if (traceId === undefined) continue;
    used.push(traceKey);
    const spanId = readSpanId(object[spanKey]);
    if (spanId !== undefined) used.push(spanKey);
    return { traceId, spanId, flags: readFlags(object, used) };
  }
  // ECS and some OTel bridges nest them: {"trace":{"id":...},"span":{"id":...}}. The maps stay attributes.
  const traceId = readTraceId(readMember(object["trace"], "id"));
  return traceId === undefined ? undefined : { traceId, spanId: readSpanId(readMember(object["span"], "id")) };
}

function readFlags(object: Fields, used: string[]): number | undefined {
  const flags = object["trace_flags"] ?? object["traceFlags"];
  const text = typeof flags === "number" ? flags.toString(16).padStart(2, "0") : flags;
  if (typeof text !== "string" || !/^[0-9a-f]{2}$/.test(text)) return undefined;
  used.push(object["trace_flags"] === undefined ? "traceFlags" : "trace_flags");
  return Number.parseInt(text, 16);
}

function readException(object: Fields, used: string[], list: KeyValue[]): void {
  for (const key of ERROR_KEYS) {
    const value = object[key];
    if (typeof value === "string") {
      // A bare error text is an attribute like any other; only a stack trace is sure to be an exception.
      const exception = readTextException(value);
      if (exception === undefined && key !== "@x") continue;
      used.push(key);
      putException(list, exception ?? parseStackTrace(value));
      return;
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) continue;
    const exception = readErrorObject(value as Fields);
    if (exception === undefined) continue;
    putException(list, exception);
    used.push(key);
    const rest = withoutKeys(value as Fields, ["type", "name", "message", "stack", "stackTrace", "stack_trace", "stacktrace"], exception);
    if (rest !== undefined) putAttribute(list, key, rest);
    return;
  }
  if (typeof object["errorType"] === "string" && typeof object["errorMessage"] === "string") {
    const { errorType: type, errorMessage: message } = object;
    const stackKey = STACK_KEYS.find((key) => readStack(object[key]) !== undefined);
    used.push("errorType", "errorMessage");
    if (stackKey !== undefined) used.push(stackKey);
    putException(list, { type, message, stacktrace: stackKey && readStack(object[stackKey]) });
    return;
  }
  for (const key of STACK_KEYS) {
    const stack = readStack(object[key]);
    if (stack === undefined || !stack.includes("\n")) continue;
    used.push(key);
    putException(list, parseStackTrace(stack));
    return;
  }
}

/** What of an error object `exception.*` does not say already; undefined when nothing is left. */
function withoutKeys(object: Fields, keys: readonly string[], exception: Exception): Fields | undefined {
  const said = new Set<unknown>(Object.values(exception));
  const rest = Object.entries(object).filter(([key, value]) => !(keys.includes(key) && said.has(readStack(value) ?? value)));
  return rest.length === 0 ? undefined : Object.fromEntries(rest);
}
