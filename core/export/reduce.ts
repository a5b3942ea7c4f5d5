// Smaller forms of what a destination refuses: halves of a request, a record cut short, a record as its plain body.
import { type AnyValue, countRecords, Float64, type KeyValue, type LogRecord, type ResourceLogs } from "../otlp/model.ts";
import { readAttribute } from "../read/attributes.ts";
import { truncate } from "../read/value.ts";
import { toText } from "./text.ts";

/** Said on a record that did not arrive as it was. */
export const REDUCED = "otlp_drain.reduced";
/** Body of a record cut short, in UTF-16 units. */
const SHORT_BODY_LENGTH = 64 * 1024;
/** Every other string of a record cut short. */
const SHORT_STRING_LENGTH = 1024;
const MAX_SHORT_ATTRIBUTES = 64;
/** What a backend needs to file the record at all. */
const IDENTITY_KEYS = ["service.name", "highlight.project_id", "launchdarkly.project_id"] as const;

/** Two requests with half of the records each, order kept. For two records or more. */
export function splitHalves(resourceLogs: readonly ResourceLogs[]): readonly [readonly ResourceLogs[], readonly ResourceLogs[]] {
  const half = countRecords(resourceLogs) >> 1;
  return [sliceRecords(resourceLogs, 0, half), sliceRecords(resourceLogs, half, Number.POSITIVE_INFINITY)];
}

function sliceRecords(resourceLogs: readonly ResourceLogs[], from: number, to: number): readonly ResourceLogs[] {
  let offset = 0;
  const kept: ResourceLogs[] = [];
  for (const item of resourceLogs) {
    const scopeLogs = [];
    for (const scoped of item.scopeLogs) {
      const logRecords = scoped.logRecords.slice(Math.max(0, from - offset), Math.max(0, to - offset));
      offset += scoped.logRecords.length;
      if (logRecords.length > 0) scopeLogs.push({ ...scoped, logRecords });
    }
    if (scopeLogs.length > 0) kept.push({ ...item, scopeLogs });
  }
  return kept;
}

/** The record with every string cut and the later attributes left out and counted. */
export function toShortRecord(resourceLogs: readonly ResourceLogs[]): readonly ResourceLogs[] {
  return mapRecord(resourceLogs, (record) => {
    const kept = record.attributes.slice(0, MAX_SHORT_ATTRIBUTES);
    const attributes: KeyValue[] = kept.map(({ key, value }) => ({ key, value: shortValue(value) }));
    attributes.push({ key: REDUCED, value: "cut short: too large for the destination" });
    return {
      ...record,
      body: typeof record.body === "string" ? truncate(record.body, SHORT_BODY_LENGTH) : record.body && shortValue(record.body),
      attributes,
      droppedAttributesCount: (record.droppedAttributesCount ?? 0) + record.attributes.length - kept.length,
    };
  });
}

function shortValue(value: AnyValue): AnyValue {
  if (typeof value === "string") return truncate(value, SHORT_STRING_LENGTH);
  if (typeof value !== "object" || value === null || value instanceof Float64) return value;
  if (value instanceof Uint8Array) return `(${value.length} bytes)`;
  // Maps and lists may be large in a thousand ways; as text they are short in one.
  return truncate(toText(value), SHORT_STRING_LENGTH);
}

/** Body, times and severity only, on a resource that names just service and project: whatever offended is gone. */
export function toPlainRecord(resourceLogs: readonly ResourceLogs[]): readonly ResourceLogs[] {
  return resourceLogs.map(({ resource, scopeLogs }) => ({
    resource: {
      attributes: IDENTITY_KEYS.flatMap((key) => {
        const value = readAttribute(resource?.attributes ?? [], key);
        return typeof value === "string" ? [{ key, value: toPrintable(value) }] : [];
      }),
    },
    scopeLogs: scopeLogs.map(({ scope, logRecords }) => ({
      scope: scope === undefined ? undefined : { name: scope.name, version: scope.version },
      logRecords: logRecords.map(({ timeUnixNano, observedTimeUnixNano, severityNumber, severityText, body }) => ({
        timeUnixNano,
        observedTimeUnixNano,
        severityNumber,
        severityText: severityText && toPrintable(severityText),
        body: toPrintable(truncate(toText(body ?? ""), SHORT_BODY_LENGTH)),
        attributes: [{ key: REDUCED, value: "body only: refused by the destination" }],
      })),
    })),
  }));
}

function mapRecord(resourceLogs: readonly ResourceLogs[], change: (record: LogRecord) => LogRecord): readonly ResourceLogs[] {
  return resourceLogs.map((item) => ({
    ...item,
    scopeLogs: item.scopeLogs.map((scoped) => ({ ...scoped, logRecords: scoped.logRecords.map(change) })),
  }));
}

/** Control characters are what strict parsers stumble over most. */
function toPrintable(text: string): string {
  return text.toWellFormed().replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, " ");
}
