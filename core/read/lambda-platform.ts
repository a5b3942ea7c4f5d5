// The lines that the Lambda platform itself writes around an invocation. CloudWatch delivers them one by one,
// Vercel joins them around a function's output.
import type { KeyValue } from "../otlp/model.ts";
import { putAttribute } from "./attributes.ts";
import { readSpanId, readTraceId, type TraceContext } from "./trace-context.ts";

export const START_LINE = /^START RequestId: (\S+)(?:[ \t]+Version: (\S+))?\s*$/;
export const END_LINE = /^END RequestId: (\S+)\s*$/;
export const REPORT_LINE = /^REPORT RequestId: (\S+)(?:\s|$)/;

/** Separators are tabs, double or single spaces: match `Key: value` pairs instead of splitting. Longest names first. */
const REPORT_VALUES =
  /(Billed Restore Duration|Restore Duration|Billed Duration|Init Duration|Duration|Memory Size|Max Memory Used|XRAY TraceId|SegmentId|Sampled|Status|Error Type): (\S+)(?: (ms|MB))?/g;

/** The header itself is at most 256 characters; customers append to it. */
const MAX_XRAY_HEADER_LENGTH = 2048;

const REPORT_ATTRIBUTES: Readonly<Record<string, string>> = {
  Duration: "aws.lambda.duration_ms",
  "Billed Duration": "aws.lambda.billed_duration_ms",
  "Memory Size": "aws.lambda.memory_size_mb",
  "Max Memory Used": "aws.lambda.max_memory_used_mb",
  "Init Duration": "aws.lambda.init_duration_ms",
  "Restore Duration": "aws.lambda.restore_duration_ms",
  "Billed Restore Duration": "aws.lambda.billed_restore_duration_ms",
  Status: "aws.lambda.status",
  "Error Type": "aws.lambda.error_type",
};

/**
 * Puts the values of a REPORT line into attributes: durations in ms and memory in MB, unrounded.
 * @returns the X-Ray trace of the line, if it carries one
 */
export function putReport(attributes: KeyValue[], report: string): TraceContext | undefined {
  let trace: string | undefined;
  let segment: string | undefined;
  let sampled: string | undefined;
  for (const [, name = "", text = "", unit] of report.matchAll(REPORT_VALUES)) {
    if (name === "XRAY TraceId") trace = text;
    else if (name === "SegmentId") segment = text;
    else if (name === "Sampled") sampled = text;
    const attribute = REPORT_ATTRIBUTES[name];
    if (attribute === undefined) continue;
    const number = Number(text);
    putAttribute(attributes, attribute, unit !== undefined && Number.isFinite(number) ? number : text);
    if (name === "Init Duration") putAttribute(attributes, "faas.coldstart", true);
  }
  const traceId = parseXrayTraceId(trace);
  if (traceId === undefined) return undefined;
  return { traceId, spanId: readSpanId(segment), flags: sampled === "true" ? 1 : sampled === "false" ? 0 : undefined };
}

/** X-Ray `1-5759e988-bd862e3fe1be46a994272793` -> W3C `5759e988bd862e3fe1be46a994272793`; undefined for anything else. */
export function parseXrayTraceId(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const match = /^1-([0-9a-fA-F]{8})-([0-9a-fA-F]{24})$/.exec(value);
  return match === null ? undefined : readTraceId(`${match[1]}${match[2]}`);
}

/**
 * `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1` (`X-Amzn-Trace-Id`). `Self=1-...`, which a load
 * balancer puts first, is no root.
 * @see https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
 */
export function parseXrayHeader(value: unknown): TraceContext | undefined {
  if (typeof value !== "string" || value.length > MAX_XRAY_HEADER_LENGTH || !value.includes("Root=")) return undefined;
  const members = new Map(value.split(";").map((member) => member.trim().split("=", 2) as [string, string | undefined]));
  const traceId = parseXrayTraceId(members.get("Root"));
  if (traceId === undefined) return undefined;
  const sampled = members.get("Sampled");
  return { traceId, spanId: readSpanId(members.get("Parent")), flags: sampled === "1" ? 1 : sampled === "0" ? 0 : undefined };
}
