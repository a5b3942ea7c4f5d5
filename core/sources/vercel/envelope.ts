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
const LOG_LINE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)\t(\S+)\t(TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\t(.*)$/s;

/** One record's worth of a message. */
export interface MessagePart {
  readonly text: string;
  readonly timeUnixNano?: bigint | undefined;
  readonly severity?: Severity | undefined;
  /** When it differs from the envelope's: Lambda prints what an earlier invocation left behind. */
  readonly invocationId?: string | undefined;
}

export interface Envelope {
  readonly parts: readonly MessagePart[];
  readonly attributes: readonly KeyValue[];
  readonly trace: TraceContext | undefined;
}

/** @returns undefined for a message without an envelope, which then stays as it is */
export function readEnvelope(message: string): Envelope | undefined {
  if (!message.includes("RequestId: ") || !ENVELOPE.test(message)) return undefined;
  const isOneLine = !message.includes("\n");
  // In a structured message `\n` is JSON's own spelling, and what follows it a part of some value.
  if (isOneLine && message.startsWith("{")) return undefined;
  // The Test button sends line feeds and tabs as backslashes and letters.
  const text = isOneLine ? message.replace(/(?<!\\)\\+n/g, "\n").replace(/(?<!\\)\\+t/g, "\t") : message;
  const attributes: KeyValue[] = [];
  const rest: string[] = [];
  let invocationId: string | undefined;
  let started = false;
  let trace: TraceContext | undefined;
  for (const prefixed of text.split("\n")) {
    const line = prefixed.startsWith(SAMPLE_PREFIX) ? prefixed.slice(SAMPLE_PREFIX.length) : prefixed;
    const start = START_LINE.exec(line);
    const id = start?.[1] ?? END_LINE.exec(line)?.[1] ?? REPORT_LINE.exec(line)?.[1];
    invocationId ??= id;
    if (id !== undefined && id === invocationId) {
      if (start !== null) {
        started = true;
        putAttribute(attributes, "faas.version", start[2]);
      } else if (line.startsWith("REPORT")) {
        trace = putReport(attributes, line) ?? trace;
      }
    } else {
      const xray = line.startsWith("XRAY TraceId: ") ? putReport(attributes, line) : undefined;
      if (xray === undefined) rest.push(prefixed);
      trace = xray ?? trace;
    }
  }
  if (invocationId === undefined) return undefined;
  attributes.unshift({ key: "faas.invocation_id", value: invocationId });
  if (!started) attributes.push({ key: "vercel.log.truncated", value: true });
  return { parts: splitLogLines(rest, invocationId), attributes, trace };
}

/** Lines with Lambda's prefix are records of their own; lines without one belong to the record before them. */
function splitLogLines(lines: readonly string[], invocationId: string): readonly MessagePart[] {
  const parts: (Omit<MessagePart, "text"> & { readonly lines: string[] })[] = [];
  for (const line of lines) {
    const match = LOG_LINE.exec(line);
    const last = parts.at(-1);
    if (match !== null) {
      const [, time, id, level, text = ""] = match;
      parts.push({
        lines: [text],
        timeUnixNano: readUnixNano(time),
        severity: readSeverity(level, "lambda"),
        invocationId: id === invocationId || id === "undefined" ? undefined : id,
      });
    } else if (last !== undefined) {
      last.lines.push(line);
    } else if (line !== "") {
      parts.push({ lines: [line] });
    }
  }
  if (parts.length === 0) return [{ text: "" }];
  return parts.map(({ lines: own, ...part }) => ({ text: own.join("\n").trimEnd(), ...part }));
}
