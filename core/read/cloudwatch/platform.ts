// What the Lambda platform itself writes around an invocation, as text lines or as JSON: starts, reports, time-outs, crashes.
// https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
import { putAttribute, readAttribute } from "../attributes.ts";
import { isObject } from "../broken.ts";
import { END_LINE, parseXrayHeader, putReport, REPORT_LINE, START_LINE } from "../lambda-platform.ts";
import { readUnixNano } from "../time.ts";
import type { Origin } from "./origin.ts";
import { type Fields, type PlatformLine, putMapped, type Reading } from "./reading.ts";

const INFO = { number: 9 } as const;
const WARN = { number: 13 } as const;
const ERROR = { number: 17 } as const;
const INVOCATION_ID = "faas.invocation_id";

const TIMEOUT_LINE = /^(\d{4}-\d\d-\d\dT[\d:.]{8,20}Z) ([0-9a-f-]{36}) Task timed out after ([\d.]{1,16}) seconds\s*$/;
const MAX_TIMEOUT_LENGTH = 160;
const EXIT_LINE = /^RequestId: ([0-9a-f-]{36}) (?:Error: ([^\n]*)(?:\n(Runtime\.\w+))?|Process exited before completing request)$/;
const INIT_START_LINE = /^INIT_START Runtime Version: (\S+)\s+Runtime Version ARN: (\S+)\s*$/;
const INIT_PHASE = /\bPhase: (\w+)/;
/** `EXTENSION\tName: ...`; the words alone could be an app's. */
const OTHER_LINE = /^(?:EXTENSION|TELEMETRY|LOGS_DROPPED|RESTORE_START|RESTORE_REPORT)\s/;

/** Phrases that a runtime prints when its memory is used up; each is whole enough not to be prose. */
const OUT_OF_MEMORY = [
  "fatal error: runtime: out of memory",
  "java.lang.OutOfMemoryError",
  "JavaScript heap out of memory",
  "failed to allocate memory (NoMemoryError)",
  "Runtime exited with error: signal: killed",
] as const;

/** Reads a line of the platform; says whether it was one. */
export function readPlatformText(reading: Reading, text: string, { kind }: Origin): boolean {
  const line = readLine(reading, text, kind === "lambda" || kind === "unknown");
  if (line === undefined) return false;
  const status = readAttribute(reading.attributes, "aws.lambda.status");
  const failed = line === "failure" || status === "timeout" || status === "error";
  reading.severity ??= failed ? ERROR : INFO;
  reading.platformLine = failed ? "failure" : line;
  reading.body = text.trimEnd();
  return true;
}

function readLine(reading: Reading, text: string, mayBeLambda: boolean): PlatformLine | undefined {
  switch (text.charCodeAt(0)) {
    case 0x53: // START
      return text.startsWith("START RequestId: ") ? readStart(reading, text) : undefined;
    case 0x45: // END, EXTENSION
      return text.startsWith("END RequestId: ") ? readEnd(reading, text) : mayBeLambda && OTHER_LINE.test(text) ? "routine" : undefined;
    case 0x52: // REPORT, RequestId, RESTORE
      if (text.startsWith("REPORT RequestId: ")) return readReport(reading, text);
      if (text.startsWith("RequestId: ")) return readExit(reading, text);
      if (!mayBeLambda || !OTHER_LINE.test(text)) return undefined;
      reading.trace = putReport(reading.attributes, text);
      return "routine";
    case 0x49: // INIT_START, INIT_REPORT
      return text.startsWith("INIT_") ? readInit(reading, text) : undefined;
    case 0x4c: // LOGS_DROPPED: something was lost for good before it reached CloudWatch
      if (!mayBeLambda || !OTHER_LINE.test(text)) return undefined;
      reading.severity = WARN;
      return "failure";
    case 0x54: // TELEMETRY
      return mayBeLambda && OTHER_LINE.test(text) ? "routine" : undefined;
    case 0x58: // XRAY TraceId, once cut off its REPORT line
      if (!mayBeLambda || !text.startsWith("XRAY TraceId: ")) return undefined;
      reading.trace = putReport(reading.attributes, text);
      return "report";
    default:
      return text.charCodeAt(10) === 0x54 && text.length <= MAX_TIMEOUT_LENGTH ? readTimeout(reading, text) : undefined;
  }
}

function readStart(reading: Reading, text: string): PlatformLine | undefined {
  const match = START_LINE.exec(text);
  if (match === null) return undefined;
  putAttribute(reading.attributes, INVOCATION_ID, match[1]);
  putAttribute(reading.attributes, "faas.version", match[2]);
  return "routine";
}

function readEnd(reading: Reading, text: string): PlatformLine | undefined {
  const match = END_LINE.exec(text);
  if (match === null) return undefined;
  putAttribute(reading.attributes, INVOCATION_ID, match[1]);
  return "routine";
}

function readReport(reading: Reading, text: string): PlatformLine | undefined {
  const match = REPORT_LINE.exec(text);
  if (match === null) return undefined;
  putAttribute(reading.attributes, INVOCATION_ID, match[1]);
  reading.trace = putReport(reading.attributes, text);
  return "report";
}

function readInit(reading: Reading, text: string): PlatformLine | undefined {
  const start = INIT_START_LINE.exec(text);
  if (start !== null) {
    putAttribute(reading.attributes, "aws.lambda.runtime_version", start[1]);
    putAttribute(reading.attributes, "aws.lambda.runtime_version_arn", start[2]);
    return "routine";
  }
  if (!text.startsWith("INIT_REPORT ")) return undefined;
  putReport(reading.attributes, text);
  putAttribute(reading.attributes, "aws.lambda.phase", INIT_PHASE.exec(text)?.[1]);
  return "routine";
}

function readTimeout(reading: Reading, text: string): PlatformLine | undefined {
  const match = text.includes(" Task timed out after ") ? TIMEOUT_LINE.exec(text) : null;
  if (match === null) return undefined;
  reading.timeUnixNano = readUnixNano(match[1]);
  putAttribute(reading.attributes, INVOCATION_ID, match[2]);
  return "failure";
}

function readExit(reading: Reading, text: string): PlatformLine | undefined {
  const match = EXIT_LINE.exec(text.trimEnd());
  if (match === null) return undefined;
  putAttribute(reading.attributes, INVOCATION_ID, match[1]);
  putAttribute(reading.attributes, "aws.lambda.error_type", match[3]);
  return "failure";
}

/** `{"time":...,"type":"platform.report","record":{...}}`. */
export function isPlatformObject({ time, type, record }: Fields): boolean {
  return (
    typeof type === "string" &&
    type.startsWith("platform.") &&
    (isObject(record) || (typeof record === "string" && typeof time === "string"))
  );
}

const RECORD: Readonly<Record<string, string>> = {
  requestId: INVOCATION_ID,
  version: "faas.version",
  functionName: "faas.name",
  functionVersion: "faas.version",
  metrics: "",
  tracing: "",
};
const METRICS: Readonly<Record<string, string>> = {
  durationMs: "aws.lambda.duration_ms",
  billedDurationMs: "aws.lambda.billed_duration_ms",
  memorySizeMB: "aws.lambda.memory_size_mb",
  maxMemoryUsedMB: "aws.lambda.max_memory_used_mb",
  initDurationMs: "aws.lambda.init_duration_ms",
  restoreDurationMs: "aws.lambda.restore_duration_ms",
  billedRestoreDurationMs: "aws.lambda.billed_restore_duration_ms",
};
const INIT_METRICS = { ...METRICS, durationMs: "aws.lambda.init_duration_ms" };

/** Every metric is optional: managed instances report the duration alone. */
export function readPlatformObject(reading: Reading, object: Fields, text: string): void {
  const { attributes } = reading;
  const type = object["type"] as string;
  // A fault is told as the line of the text format.
  const line = typeof object["record"] === "string" ? object["record"] : undefined;
  const record = line === undefined ? (object["record"] as Fields) : {};
  if (line !== undefined) readExit(reading, line);
  const { metrics, tracing, status } = record;
  reading.timeUnixNano = readUnixNano(object["time"]);
  putAttribute(attributes, "aws.lambda.event.type", type);
  putMapped(reading, record, isObject(metrics) ? RECORD : { ...RECORD, metrics: "aws.lambda.metrics" }, "aws.lambda");
  if (isObject(metrics)) putMapped(reading, metrics, type === "platform.initReport" ? INIT_METRICS : METRICS, "aws.lambda");
  if (typeof readAttribute(attributes, "aws.lambda.init_duration_ms") === "number") putAttribute(attributes, "faas.coldstart", true);
  if (isObject(tracing)) {
    reading.trace = parseXrayHeader(tracing["value"]);
    putMapped(reading, tracing, reading.trace === undefined ? {} : { value: "", type: "" }, "aws.lambda.tracing");
  } else {
    putMapped(reading, { tracing }, {}, "aws.lambda");
  }
  putMapped(reading, object, { type: "", record: "", ...(reading.timeUnixNano === undefined ? {} : { time: "" }) }, "aws.lambda");
  const failed = type === "platform.fault" || (typeof status === "string" && status !== "success");
  reading.severity = failed ? ERROR : type === "platform.logsDropped" ? WARN : INFO;
  reading.platformLine = reading.severity !== INFO ? "failure" : type === "platform.report" ? "report" : "routine";
  reading.body = line ?? text.trimEnd();
}

/** A runtime that dies of memory says so without a level. */
export function isOutOfMemory(text: string): boolean {
  if (!text.includes("emory") && !text.includes("killed")) return false;
  return OUT_OF_MEMORY.some((phrase) => text.includes(phrase)) || /^(?:\[ERROR\] )?MemoryError\b/.test(text);
}
