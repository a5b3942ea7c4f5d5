// A Vercel function's request record carries the whole Lambda invocation in one message: START, the app's lines, END and
// REPORT. The envelope's facts become attributes, every other line stays.
import type { KeyValue } from "../../otlp/model.ts";
import { putAttribute } from "../../read/attributes.ts";
import { END_LINE, putReport, REPORT_LINE, START_LINE } from "../../read/lambda-platform.ts";
import { readSeverity, type Severity } from "../../read/severity.ts";
import { readUnixNano } from "../../read/time.ts";
import type { TraceContext } from "../../read/trace-context.ts";

/** Vercel's "Test" deliveries put this before the START line. */
const SAMPLE_PREFIX = "SAMPLE MESSAGE: ";
const ENVELOPE = /(?:^|\n|\\n)(?:SAMPLE MESSAGE: )?(?:START|END|REPORT) RequestId: /;
/** Lambda's own text format for Node, written by Vercel's runtime up to 2020. */
const LOG_LINE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)\t(\S+)\t(TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\t(.*)$/;
const REQUEST_LINE = /^\[([A-Z]+)\] (?:\[middleware: "[^"]*"\] )?(\S+) status=(-?\d+)$/m;

/** One record's worth of a message. */
export interface MessagePart {
  readonly text: string;
  readonly timeUnixNano?: bigint | undefined;
  readonly severity?: Severity | undefined;
}

export interface Envelope {
  readonly parts: readonly MessagePart[];
  readonly attributes: readonly KeyValue[];
  readonly trace: TraceContext | undefined;
}

/** @returns undefined for a message without an envelope, which then stays as it is */
export function readEnvelope(message: string): Envelope | undefined {
  if (!message.includes("RequestId: ") || !ENVELOPE.test(message)) return undefined;
  // The Test button sends line feeds and tabs as backslashes and letters.
  const text = message.includes("\n") ? message : message.replace(/\\+n/g, "\n").replace(/\\+t/g, "\t");
  const attributes: KeyValue[] = [];
  const rest: string[] = [];
  let started = false;
  let trace: TraceContext | undefined;
  for (const line of text.split("\n")) {
    const start = START_LINE.exec(line.startsWith(SAMPLE_PREFIX) ? line.slice(SAMPLE_PREFIX.length) : line);
    const id = start?.[1] ?? END_LINE.exec(line)?.[1] ?? REPORT_LINE.exec(line)?.[1];
    if (id !== undefined) {
      putAttribute(attributes, "faas.invocation_id", id);
      if (start !== null) {
        started = true;
        putAttribute(attributes, "faas.version", start[2]);
      } else if (line.startsWith("REPORT")) {
        trace = putReport(attributes, line) ?? trace;
      }
    } else if (line.startsWith("XRAY TraceId: ")) {
      trace = putReport(attributes, line) ?? trace;
    } else {
      rest.push(line);
    }
  }
  if (!started) putAttribute(attributes, "vercel.log.truncated", true);
  return { parts: splitLogLines(rest), attributes, trace };
}

/** Lines with Lambda's prefix are records of their own; lines without one belong to the record before them. */
function splitLogLines(lines: readonly string[]): readonly MessagePart[] {
  const parts: { lines: string[]; timeUnixNano?: bigint | undefined; severity?: Severity | undefined }[] = [];
  for (const line of lines) {
    const match = LOG_LINE.exec(line);
    const last = parts.at(-1);
    if (match !== null) {
      parts.push({ lines: [match[4] as string], timeUnixNano: readUnixNano(match[1]), severity: readSeverity(match[3], "lambda") });
    } else if (last !== undefined) {
      last.lines.push(line);
    } else if (line !== "") {
      parts.push({ lines: [line] });
    }
  }
  if (parts.length === 0) return [{ text: "" }];
  return parts.map(({ lines, timeUnixNano, severity }) => ({ text: lines.join("\n").trimEnd(), timeUnixNano, severity }));
}

/** `[GET] /api/x?y=1 status=200`, alone or among an invocation's lines, fills what the record itself does not say. */
export function putRequestLine(attributes: KeyValue[], text: string): void {
  if (!text.includes(" status=")) return;
  const match = REQUEST_LINE.exec(text);
  if (match === null) return;
  const [, method, target = "", status] = match;
  putAttribute(attributes, "http.request.method", method);
  if (target.startsWith("/")) putPath(attributes, target);
  if (Number(status) >= 100) putAttribute(attributes, "http.response.status_code", Number(status));
}

/** A path with its query, split at the first `?`, encoding untouched. */
export function putPath(attributes: KeyValue[], target: string): void {
  const query = target.indexOf("?");
  if (query < 0) {
    putAttribute(attributes, "url.path", target);
  } else if (putAttribute(attributes, "url.path", target.slice(0, query))) {
    putAttribute(attributes, "url.query", target.slice(query + 1));
  }
}
