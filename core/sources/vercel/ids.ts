// Trace and span of a Vercel log record. Each id is sent twice, the second time under a literal dotted name.
import type { KeyValue } from "../../otlp/model.ts";
import { pushAttribute } from "../../read/attributes.ts";
import { readSpanId, readTraceId, type TraceContext } from "../../read/trace-context.ts";

/** The record's own ids; what is no id, or lost to the message's id, stays as an attribute. */
export function readIds(
  item: Readonly<Record<string, unknown>>,
  messageTrace: TraceContext | undefined,
  attributes: KeyValue[],
): TraceContext | undefined {
  const { traceId: plain, spanId: plainSpan } = item;
  const dotted = item["trace.id"];
  const dottedSpan = item["span.id"];
  if (dotted === undefined && plain === undefined && plainSpan === undefined && dottedSpan === undefined) return undefined;
  const dottedTraceId = readTraceId(dotted);
  const plainTraceId = plain === dotted ? dottedTraceId : readTraceId(plain);
  const traceId = dottedTraceId ?? plainTraceId;
  // A span id counts only beside the trace id of its own spelling.
  let spanId: string | undefined;
  if (traceId !== undefined && dottedTraceId === traceId) spanId = readSpanId(dottedSpan);
  if (traceId !== undefined && plainTraceId === traceId) spanId ??= readSpanId(plainSpan);
  const isUsed = messageTrace === undefined || messageTrace.traceId === traceId;
  keepIds(attributes, "vercel.trace.id", "vercel.trace_id", dotted, plain, isUsed ? traceId : undefined);
  keepIds(attributes, "vercel.span.id", "vercel.span_id", dottedSpan, plainSpan, messageTrace === undefined ? spanId : messageTrace.spanId);
  return traceId === undefined ? undefined : { traceId, spanId };
}

/** Of an id that is sent under two names, keeps what the record's own id does not say. */
function keepIds(attributes: KeyValue[], key: string, plainKey: string, dotted: unknown, plain: unknown, id: string | undefined): void {
  const isDottedSaid = isSameId(dotted, id);
  if (!isDottedSaid) pushAttribute(attributes, key, dotted);
  if (plain !== dotted && !isSameId(plain, id)) pushAttribute(attributes, isDottedSaid ? key : plainKey, plain);
}

/** Absent, or the same but for its case. */
function isSameId(value: unknown, id: string | undefined): boolean {
  if (value === undefined || value === null || value === "" || value === id) return true;
  return typeof value === "string" && value.length === id?.length && value.toLowerCase() === id;
}
