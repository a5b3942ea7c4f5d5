// What could not be decoded still arrives: as a raw record, marked, beside the good ones.
import type { KeyValue, LogRecord } from "../otlp/model.ts";
import { toJsonText } from "./json-text.ts";
import { toAnyValue } from "./value.ts";

/** Why an item became a raw record: a short reason of ours, never an excerpt. */
export const DECODE_ERROR = "otlp_drain.decode_error";
/** The text of a time that could not be read. */
export const ORIGINAL_TIME = "otlp_drain.original_time";

/** @param value the item as it came: its text, or the parsed value that has the wrong shape */
export function brokenRecord(
  value: unknown,
  reason: string,
  observedTimeUnixNano: bigint,
  attributes: readonly KeyValue[] = [],
): LogRecord {
  const text = typeof value === "string" ? value : toJsonText(value);
  return {
    observedTimeUnixNano,
    body: toAnyValue(text) ?? null,
    attributes: [...attributes, { key: DECODE_ERROR, value: reason }],
  };
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
