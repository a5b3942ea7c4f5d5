// What a Lambda runtime writes around a function's own line: a tab-separated prefix (Node, .NET, Python), Ruby's logger, or a
// JSON envelope. https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
import { pushAttribute, putAttribute } from "../attributes.ts";
import { isObject } from "../broken.ts";
import { toJsonText } from "../json-text.ts";
import { readJsonObject } from "../message.ts";
import { readSeverity } from "../severity.ts";
import { readUnixNano } from "../time.ts";
import { readAppObject, readAppText } from "./app.ts";
import type { Origin } from "./origin.ts";
import { type Fields, LAMBDA_LEVEL, omit, type Reading } from "./reading.ts";

const TAB = 0x09;
const INVOCATION_ID = "faas.invocation_id";
/** Longest prefix of any runtime; the patterns never look further. */
const MAX_HEAD_LENGTH = 512;

/** Only the first three tabs split: messages contain tabs. Outside an invocation the id is none: see `putInvocationId`. */
const TAB_PREFIX =
  /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)\t([0-9a-f-]{36}|undefined|-)\t(TRACE|DEBUG|INFO|WARN|ERROR|FATAL|trce|dbug|info|warn|fail|crit)\t/;
const PYTHON_PREFIX = /^\[([A-Z]{3,10})\]\t(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)\t([0-9a-f-]{36}|)\t/;
const PYTHON_ERROR = "[ERROR] ";
const PYTHON_TRACEBACK = "\nTraceback (most recent call last):";
/** An unhandled error: the class and its message, if it has one, come first, and the traceback ends without them. */
const PYTHON_UNHANDLED = /^([\w.]{1,256})(?:: (.*))?$/s;
const RUBY_PREFIX =
  /^[DIWEFA], \[([^\s\]]{1,40})\s{0,8}#(\d{1,10})\]\s{1,8}(DEBUG|INFO|WARN|ERROR|FATAL|ANY)\s{1,8}(?:([0-9a-f-]{36})\s{1,8})?--\s{0,8}([^:\n]{0,128}):\s/;
/** A line of the runtime itself about an error that nobody caught, as JSON behind its name. */
const RUNTIME_ERRORS = ["Invoke Error", "Init Error", "Uncaught Exception", "Unhandled Promise Rejection"] as const;

/** Reads a text line with any runtime's prefix; says whether it had one. A line without stays unread. */
export function readLambdaText(reading: Reading, text: string): boolean {
  const first = text.charCodeAt(0);
  if (first >= 0x30 && first <= 0x39) return text.charCodeAt(24) === TAB && readTabPrefix(reading, text);
  if (first === 0x5b) return readPython(reading, text);
  return text.charCodeAt(1) === 0x2c && text.charCodeAt(3) === 0x5b && readRuby(reading, text);
}

function readTabPrefix(reading: Reading, text: string): boolean {
  const match = TAB_PREFIX.exec(text);
  if (match === null) return false;
  const [prefix, time, id, level] = match;
  reading.timeUnixNano = readUnixNano(time);
  reading.severity = readSeverity(level, level === level?.toLowerCase() ? "dotnet" : "lambda");
  putInvocationId(reading, id);
  readRest(reading, toLineFeeds(text.slice(prefix.length)));
  return true;
}

/** While a function starts, Node's runtime prints `undefined` or `-` for the id, Python's nothing. */
function putInvocationId({ attributes }: Reading, id: unknown): void {
  if (id !== "undefined" && id !== "-" && id !== "") putAttribute(attributes, INVOCATION_ID, id);
}

/** `Invoke Error \t{...}` or the app's own words. */
function readRest(reading: Reading, rest: string): void {
  const first = rest.charCodeAt(0);
  const label = first === 0x49 || first === 0x55 ? RUNTIME_ERRORS.find((candidate) => rest.startsWith(candidate)) : undefined;
  const brace = label === undefined ? -1 : rest.indexOf("{", label.length);
  const error = brace < 0 || rest.slice(label?.length, brace).trim() !== "" ? undefined : readJsonObject(rest.slice(brace));
  if (error === undefined) {
    readAppText(reading, rest);
    return;
  }
  readAppObject(reading, error, rest.slice(brace));
  reading.body = `${label} ${reading.body}`;
}

function readPython(reading: Reading, text: string): boolean {
  const match = text.includes("]\t") ? PYTHON_PREFIX.exec(text) : null;
  if (match !== null) {
    const [prefix, level, time, id] = match;
    reading.timeUnixNano = readUnixNano(time);
    reading.severity = readSeverity(level, "lambda");
    putInvocationId(reading, id);
    readAppText(reading, toLineFeeds(text.slice(prefix.length)));
    return true;
  }
  if (!text.startsWith(PYTHON_ERROR)) return false;
  const lines = toLineFeeds(text);
  const headEnd = lines.indexOf(PYTHON_TRACEBACK);
  const error = headEnd < 0 ? null : PYTHON_UNHANDLED.exec(lines.slice(PYTHON_ERROR.length, headEnd));
  const stacktrace = lines.slice(headEnd + 1).trimEnd();
  if (error === null || endsWithError(stacktrace)) return false;
  const [, type, message] = error;
  pushAttribute(reading.attributes, "exception.type", type);
  pushAttribute(reading.attributes, "exception.message", message);
  pushAttribute(reading.attributes, "exception.stacktrace", stacktrace);
  readAppText(reading, lines);
  return true;
}

/** An app's own traceback ends with the error, so what stands before it is the app's message. The runtime's ends with a frame, indented. */
function endsWithError(stacktrace: string): boolean {
  const start = stacktrace.lastIndexOf("\n") + 1;
  return start > 0 && stacktrace.charAt(start).trim() !== "";
}

function readRuby(reading: Reading, text: string): boolean {
  const match = RUBY_PREFIX.exec(text.slice(0, MAX_HEAD_LENGTH));
  if (match === null) return false;
  const [prefix, time, pid, level, id, program = ""] = match;
  reading.timeUnixNano = readUnixNano(time);
  reading.severity = readSeverity(level, "ruby");
  putAttribute(reading.attributes, INVOCATION_ID, id);
  putAttribute(reading.attributes, "process.pid", Number(pid));
  if (program.trim() !== "") putAttribute(reading.attributes, "process.command", program.trim());
  readAppText(reading, toLineFeeds(text.slice(prefix.length)));
  return true;
}

/**
 * Whether an object is the envelope of Lambda's JSON log format. Its names are common ones, so outside a Lambda log group it
 * takes an id of the form that Lambda gives.
 */
export function isLambdaObject(object: Fields, { kind }: Origin): boolean {
  const { timestamp, level, requestId, AWSRequestId, message, errorType } = object;
  const id = requestId ?? AWSRequestId;
  if (typeof timestamp !== "string" || typeof level !== "string" || typeof id !== "string") return false;
  // Python's runtime writes an error that nobody caught without a message.
  if (message === undefined && typeof errorType !== "string") return false;
  return kind === "lambda" || (kind === "unknown" && /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(id));
}

/** Reads the envelope, and then its message, which may be text, JSON in text, or an object. */
export function readLambdaObject(reading: Reading, object: Fields, text: string): void {
  const { timestamp, level, message } = object;
  // Java's runtime has its own name for it.
  const idMember = object["requestId"] === undefined ? "AWSRequestId" : "requestId";
  reading.timeUnixNano = readUnixNano(timestamp);
  reading.severity = readSeverity(level, "lambda");
  putInvocationId(reading, object[idMember]);
  const used = ["level", idMember];
  if (reading.timeUnixNano !== undefined) used.push("timestamp");
  if (typeof message === "string" || isObject(message)) used.push("message");
  const rest = omit(object, used);
  if (rest !== undefined) readAppObject(reading, rest, undefined);
  reading.severityKey = LAMBDA_LEVEL;
  if (typeof message === "string") readAppText(reading, toLineFeeds(message));
  else if (isObject(message)) readAppObject(reading, message, toJsonText(message));
  reading.body ??= text;
}

/** On a runtime's standard output a line break inside a message is written as a carriage return. */
export function toLineFeeds(text: string): string {
  return text.includes("\r") ? text.replace(/\r(?!\n)/g, "\n") : text;
}
