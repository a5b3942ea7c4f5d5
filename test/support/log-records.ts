// Records for tests of the way out, and a source that hands them on: the smallest payload format there is.
import type { AnyValue, KeyValue, LogRecord, Resource, ResourceLogs, Scope } from "../../core/otlp/model.ts";
import type { Batch, Source } from "../../core/source.ts";

export const TEST_SCOPE: Scope = { name: "otlp-drain/test", version: "1.0.0" };
export const TEST_TIME_UNIX_NANO = 1_700_000_000_123_456_789n;

/** Attributes from a plain object. */
export function toAttributes(members: Readonly<Record<string, AnyValue>>): KeyValue[] {
  return Object.entries(members).map(([key, value]) => ({ key, value }));
}

export function makeResource(members: Readonly<Record<string, AnyValue>> = { "service.name": "shop" }): Resource {
  return { attributes: toAttributes(members) };
}

/** A record with a body, and whatever else is given. */
export function makeRecord(body: AnyValue | undefined, rest: Partial<LogRecord> = {}): LogRecord {
  return { timeUnixNano: TEST_TIME_UNIX_NANO, observedTimeUnixNano: TEST_TIME_UNIX_NANO, severityNumber: 9, body, attributes: [], ...rest };
}

/** One batch of records under one resource; a text is a record with that body. */
export function makeLogs(records: readonly (string | LogRecord)[], resource: Resource = makeResource()): readonly ResourceLogs[] {
  const logRecords = records.map((record) => (typeof record === "string" ? makeRecord(record) : record));
  return [{ resource, scopeLogs: [{ scope: TEST_SCOPE, logRecords }] }];
}

/** The bodies `<label>-0`, `<label>-1`, ... */
export function makeBodies(count: number, label = "record"): string[] {
  return Array.from({ length: count }, (_, index) => `${label}-${index}`);
}

/** Its payload is the batches themselves. */
export const batchSource: Source<Iterable<Partial<Batch>>> = {
  name: "test",
  decode: (payload) => ({ ok: true, value: { batches: complete(payload) } }),
};

function* complete(payload: Iterable<Partial<Batch>>): Generator<Batch, void, undefined> {
  for (const batch of payload) yield { resourceLogs: [], malformed: 0, filtered: 0, ...batch };
}
