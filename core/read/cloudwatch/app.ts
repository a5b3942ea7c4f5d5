// The app's own line: text, logfmt or JSON of any logger, with what AWS's loggers add to it (Powertools, X-Ray ids, EMF) and
// what a container's log router wraps around it (`{"log":"...","stream":"stderr"}`).
import { pushAttribute, putAttribute, readAttribute } from "../attributes.ts";
import { isObject } from "../broken.ts";
import { parseXrayHeader, parseXrayTraceId } from "../lambda-platform.ts";
import { type MessageOptions, readFields, readJsonObject, readMessage } from "../message.ts";
import { readUnixNano } from "../time.ts";
import type { TraceContext } from "../trace-context.ts";
import { type Fields, omit, type Reading, takeMessage } from "./reading.ts";

const WITH_TIME: MessageOptions = { time: true };

/** The id of a Datadog span, which is no W3C one: decimal, 64 bits. */
const DATADOG_PREFIX = /^\[dd\.trace_id=(\d{1,39}) dd\.span_id=(\d{1,20})\]/;
const TRACEBACK = "Traceback (most recent call last):\n";
/** The last line of a Python traceback: a dotted class name, then its message. */
const PYTHON_ERROR = /^([A-Za-z_][\w.]*)(?:: ([^\n]*))?$/;
const XRAY_KEYS = ["xray_trace_id", "xrayTraceId"] as const;
const XRAY_HEADER_KEYS = ["x-amzn-trace-id", "X-Amzn-Trace-Id", "_X_AMZN_TRACE_ID"] as const;
/** Whether one of these names stands in an object decides if it can be anything but a plain app line. */
const HOOKS: ReadonlySet<string> = new Set([...XRAY_KEYS, ...XRAY_HEADER_KEYS, "function_request_id", "_aws", "log", "tag", "errorType"]);

/** Reads a line that the app wrote. */
export function readAppText(reading: Reading, text: string): void {
  const object = readJsonObject(text);
  if (object !== undefined) {
    readAppObject(reading, object, text);
    return;
  }
  if (text.startsWith("[dd.")) putDatadogIds(reading, text);
  const message = readMessage(text, WITH_TIME);
  takeMessage(reading, message);
  if (text.includes(TRACEBACK)) putTraceback(reading, text);
}

/**
 * Reads a JSON line that the app wrote.
 * @param text the body when no member holds a message; undefined leaves it to the caller
 */
export function readAppObject(reading: Reading, object: Fields, text: string | undefined): void {
  let hooked = false;
  for (const key in object) {
    if (HOOKS.has(key)) {
      hooked = true;
      break;
    }
  }
  if (!hooked) {
    takeMessage(reading, readFields(object, text, WITH_TIME));
    return;
  }
  if (object["tag"] === "firelens-healthcheck") reading.skipped = true;
  const used: string[] = [];
  readPowertools(reading, object, used);
  const { log, stream } = object;
  const wrapped = typeof log === "string" && typeof object["message"] !== "string" && typeof object["msg"] !== "string";
  if (wrapped) {
    used.push("log");
    if (stream === "stdout" || stream === "stderr") {
      used.push("stream");
      putAttribute(reading.attributes, "log.iostream", stream);
    }
  }
  readTracedFields(reading, object, used, wrapped ? undefined : (errorBody(object) ?? text));
  if (reading.timeUnixNano === undefined && isObject(object["_aws"])) reading.timeUnixNano = readUnixNano(object["_aws"]["Timestamp"]);
  if (wrapped) {
    reading.severityKey = "level";
    readInner(reading, log.replace(/\n$/, ""));
  }
}

/** The fields but those in `used`, and the X-Ray id among them. */
function readTracedFields(reading: Reading, object: Fields, used: string[], fallbackBody: string | undefined): void {
  const trace = readXray(object);
  if (trace?.key !== undefined) used.push(trace.key);
  const rest = used.length === 0 ? object : omit(object, used);
  const message = readFields(rest ?? {}, fallbackBody, WITH_TIME);
  takeMessage(reading, message);
  if (trace !== undefined && message.trace === undefined) reading.trace = trace.context;
  else if (trace?.key !== undefined && message.trace?.traceId !== trace.context.traceId) {
    pushAttribute(reading.attributes, trace.key, object[trace.key]);
  }
}

/** What a router wrapped: one level deep, so that a line cannot nest itself without end. */
function readInner(reading: Reading, text: string): void {
  const object = readJsonObject(text);
  if (object !== undefined) {
    const used: string[] = [];
    readPowertools(reading, object, used);
    readTracedFields(reading, object, used, errorBody(object) ?? text);
    return;
  }
  takeMessage(reading, readMessage(text, WITH_TIME));
  if (text.includes(TRACEBACK)) putTraceback(reading, text);
}

/** An error object without a message of its own reads as errors print: its type and its text. The stack is `exception.stacktrace`. */
function errorBody({ errorType, errorMessage }: Fields): string | undefined {
  return typeof errorType === "string" && typeof errorMessage === "string" ? `${errorType}: ${errorMessage}` : undefined;
}

/** https://docs.aws.amazon.com/powertools/typescript/latest/features/logger/#standard-structured-keys */
function readPowertools(reading: Reading, object: Fields, used: string[]): void {
  const { function_request_id: requestId, cold_start: coldStart } = object;
  if (typeof requestId !== "string" || requestId === "") return;
  const known = readAttribute(reading.attributes, "faas.invocation_id");
  if (known === undefined || known === requestId) used.push("function_request_id");
  putAttribute(reading.attributes, "faas.invocation_id", requestId);
  if (typeof coldStart !== "boolean") return;
  used.push("cold_start");
  putAttribute(reading.attributes, "faas.coldstart", coldStart);
}

/** X-Ray ids in an app's or a service's object. @returns the member that the trace replaces; a header says more than that and stays */
export function readXray(object: Fields): { readonly key?: string; readonly context: TraceContext } | undefined {
  for (const key of XRAY_KEYS) {
    const traceId = parseXrayTraceId(object[key]);
    if (traceId !== undefined) return { key, context: { traceId } };
    const context = parseXrayHeader(object[key]);
    if (context !== undefined) return { context };
  }
  for (const key of XRAY_HEADER_KEYS) {
    const context = parseXrayHeader(object[key]);
    if (context !== undefined) return { context };
  }
  return undefined;
}

function putDatadogIds(reading: Reading, text: string): void {
  const [, traceId, spanId] = DATADOG_PREFIX.exec(text) ?? [];
  putAttribute(reading.attributes, "dd.trace_id", traceId);
  putAttribute(reading.attributes, "dd.span_id", spanId);
}

/** A traceback at the end of a line: `logger.exception(...)`, and what Python's runtime prints for an unhandled error. */
function putTraceback(reading: Reading, text: string): void {
  const start = text.lastIndexOf(TRACEBACK);
  if (start > 0 && text.charCodeAt(start - 1) !== 0x0a) return;
  if (readAttribute(reading.attributes, "exception.type") !== undefined) return;
  const stacktrace = text.slice(start).trimEnd();
  const [, type, message] = PYTHON_ERROR.exec(stacktrace.slice(stacktrace.lastIndexOf("\n") + 1)) ?? [];
  pushAttribute(reading.attributes, "exception.type", type);
  pushAttribute(reading.attributes, "exception.message", message);
  pushAttribute(reading.attributes, "exception.stacktrace", stacktrace);
}
