// What both ways of reading OTLP share: fields that hold no valid value are set aside as attributes, so that the record
// can be handed on without a collector refusing the whole request for it, and nothing of it is lost.
import { readSpanId, readTraceId } from "../read/trace-context.ts";
import { toAnyValue } from "../read/value.ts";
import type { Draft, KeyValue, LogRecord } from "./model.ts";

/** In place of a map or a list that is nested deeper than `MAX_VALUE_DEPTH`. */
export const DEPTH_MARK = "[truncated: depth]";
export const MAX_SEVERITY_NUMBER = 24;

/** A record under construction. */
export interface RecordDraft extends Draft<LogRecord> {
  readonly attributes: KeyValue[];
}

/** Keeps what stood in a field as `otlp_drain.original_<field>`. */
export function keepOriginal(record: RecordDraft, field: string, value: unknown): void {
  const kept = toAnyValue(value);
  if (kept !== undefined && kept !== null && kept !== "") record.attributes.push({ key: `otlp_drain.original_${field}`, value: kept });
}

/** Sets the ids from their hex digits; one that is no W3C id is kept aside. */
export function setIds(record: RecordDraft, traceId: unknown, spanId: unknown): void {
  record.traceId = readTraceId(traceId);
  record.spanId = readSpanId(spanId);
  if (record.traceId === undefined) keepOriginal(record, "trace_id", traceId);
  if (record.spanId === undefined) keepOriginal(record, "span_id", spanId);
}

/** A severity number that OTLP does not know is 0; it stays as the record's text, or beside it. */
export function keepUnknownSeverity(record: RecordDraft, severity: string): void {
  if (record.severityText === undefined || record.severityText === "") record.severityText = severity;
  else keepOriginal(record, "severity_number", severity);
}
