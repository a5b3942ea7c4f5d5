// An app's own log line -> what OTLP has a place for: body, severity, time, ids, exception; every other field stays an
// attribute. One reader for every source, and a conservative one: what it does not know for sure stays in the body.
import { MAX_STRING_LENGTH } from "../limits.ts";
import type { AnyValue, KeyValue } from "../otlp/model.ts";
import { stripAnsi } from "./ansi.ts";
import { putAttribute, putFields } from "./attributes.ts";
import { parseJson } from "./json.ts";
import { readLevelPrefix } from "./level-prefix.ts";
import { parseLogfmt } from "./logfmt.ts";
import { ERROR_NAMES, readException } from "./message/exception.ts";
import type { Fields } from "./message/fields.ts";
import { LEVEL_NAMES, readLevel } from "./message/level.ts";
import { HIGHLIGHT_NAMES, readHighlight, readTrace, TRACE_NAMES } from "./message/trace.ts";
import { readSeverity, type Severity } from "./severity.ts";
import { putException, readTextException } from "./stack-trace.ts";
import { readUnixNano } from "./time.ts";
import type { TraceContext } from "./trace-context.ts";
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

const NO_FIELDS: readonly KeyValue[] = [];
const BODY_KEYS = ["message", "msg", "@message", "short_message", "@m", "RenderedMessage", "@mt", "MessageTemplate"] as const;
const TIME_KEYS = ["time", "timestamp", "@timestamp", "ts", "datetime", "@t", "Timestamp", "dt"] as const;
/** What Lambda's Node runtime puts before a line: time, request id, level. https://docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html */
const LAMBDA_PREFIX = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)\t([\w-]{1,64})\t(TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\t/;
const LAMBDA_TIME_LENGTH = 24;
const TAB = 0x09;

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
  [LEVEL, LEVEL_NAMES],
  [TIME, TIME_KEYS],
  [TRACE, TRACE_NAMES],
  [HIGHLIGHT, HIGHLIGHT_NAMES],
  [ERROR, ERROR_NAMES],
] as const) {
  for (const key of keys) ROLES.set(key, (ROLES.get(key) ?? 0) | role);
}

/** Reads a message as the platform gave it: text that may hold JSON or logfmt, with or without the prefix of Lambda's Node runtime. */
export function readMessage(message: string, options: MessageOptions): Message {
  const text = stripAnsi(message);
  const prefix = text.charCodeAt(LAMBDA_TIME_LENGTH) === TAB ? LAMBDA_PREFIX.exec(text) : null;
  return prefix === null ? readLine(text, options) : readLambdaLine(text, prefix, options);
}

function readLine(text: string, options: MessageOptions): Message {
  const object = readJsonObject(text);
  if (object !== undefined) return readFields(object, truncate(text, MAX_STRING_LENGTH), options);
  const logfmt = parseLogfmt(text);
  return logfmt === undefined ? readText(text) : readFields(logfmt, text, options);
}

/** A level behind the prefix is the better one; what the record has no place for stays a field. */
function readLambdaLine(text: string, [prefix, time, id, level]: RegExpExecArray, options: MessageOptions): Message {
  const message = readLine(text.slice(prefix.length), options);
  const fields = [...message.fields];
  const { severity } = message;
  const hasLevel = severity !== undefined && severity.number > 0;
  if (id !== "undefined" && id !== "-") putAttribute(fields, "faas.invocation_id", id);
  if (hasLevel && severity.text !== level) putAttribute(fields, "aws.lambda.log.level", level);
  if (!options.time || message.timeUnixNano !== undefined) putAttribute(fields, "aws.lambda.log.time", time);
  return {
    ...message,
    severity: hasLevel ? severity : readSeverity(level, "lambda"),
    timeUnixNano: options.time ? (message.timeUnixNano ?? readUnixNano(time)) : undefined,
    fields,
  };
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

function readTime(object: Fields, used: string[]): bigint | undefined {
  for (const key of TIME_KEYS) {
    const time = readUnixNano(object[key]);
    if (time === undefined) continue;
    used.push(key);
    return time;
  }
  return undefined;
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
