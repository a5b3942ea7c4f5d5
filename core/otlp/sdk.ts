// The bridge to the OpenTelemetry SDK: any `LogRecordExporter` (`OTLPLogExporter`, `ConsoleLogRecordExporter`,
// `InMemoryLogRecordExporter`, a vendor's) can be the way out of a drain. The result of every `export` call is used;
// a batch processor would hide it.
import type { HrTime, AnyValue as SdkValue, SeverityNumber } from "@opentelemetry/api";
import { resourceFromAttributes, type Resource as SdkResource } from "@opentelemetry/resources";
import type { LogRecordExporter, ReadableLogRecord } from "@opentelemetry/sdk-logs";
import { type DeadLetter, type Exporter, type ExportFailure, internalError } from "../export/exporter.ts";
import { toText } from "../export/text.ts";
import type { AnyValue, AnyValueMap, KeyValue, LogRecord, Resource, ResourceLogs, Scope } from "./model.ts";
import { Float64 } from "./model.ts";

export interface SdkExporterOptions {
  /** ms since the Unix epoch: `Date.now`. */
  readonly now: () => number;
  readonly onDeadLetter?: ((letter: DeadLetter) => void) | undefined;
}

/** The SDK's own batch size. */
const MAX_EXPORT_RECORDS = 512;
const MAX_BISECT_EXPORTS = 512;
/** Statuses that speak of the data. An exhausted retry has no status. */
const PERMANENT = new Set([400, 413, 415, 422]);
const RETRYABLE = new Set([429, 502, 503, 504]);

/** The SDK's `ExportResultCode.SUCCESS`. */
const SUCCESS = 0;

interface Pair {
  readonly resource: Resource | undefined;
  readonly record: LogRecord;
  readonly readable: ReadableLogRecord;
}

type Outcome =
  | { readonly kind: "delivered" }
  | { readonly kind: "permanent"; readonly status: number }
  | { readonly kind: "failed"; readonly failure: ExportFailure };

const GAVE_UP: Outcome = { kind: "failed", failure: { reason: "retryable", detail: "the exporter gave up" } };

/**
 * Makes an `Exporter` of an SDK exporter. Records that it refuses for good (400, 413, 415, 422) are bisected and given up
 * alone; what the destination rejected in a `partialSuccess` is invisible through this interface.
 */
export function createSdkExporter(exporter: LogRecordExporter, options: SdkExporterOptions): Exporter {
  return {
    async export(batches, { deadlineMs }) {
      // The SDK groups by object identity: one object a resource and a scope, for the whole delivery.
      const toReadable = createConverter();
      let delivered = 0;
      let rejected = 0;
      let bisects = 0;
      const notes = new Set<string>();

      async function send(pairs: readonly Pair[]): Promise<ExportFailure | undefined> {
        const outcome = await exportOnce(exporter, pairs, deadlineMs - options.now());
        if (outcome.kind === "failed") return outcome.failure;
        if (outcome.kind === "delivered") {
          delivered += pairs.length;
          return undefined;
        }
        bisects += 2;
        if (pairs.length === 1 || bisects > MAX_BISECT_EXPORTS) {
          rejected += pairs.length;
          notes.add(`the destination refused records${outcome.status === 0 ? "" : ` with ${outcome.status}`}`);
          for (const { resource, record } of pairs) options.onDeadLetter?.({ resource, record, status: outcome.status, message: "" });
          return undefined;
        }
        const half = pairs.length >> 1;
        return (await send(pairs.slice(0, half))) ?? (await send(pairs.slice(half)));
      }

      try {
        for (const pairs of inChunks(batches, toReadable)) {
          const failure = await send(pairs);
          if (failure !== undefined) return { ok: false, error: failure };
        }
      } catch (error) {
        return { ok: false, error: internalError(error) };
      }
      return { ok: true, value: { delivered, rejected, notes: [...notes] } };
    },
  };
}

function* inChunks(batches: Iterable<readonly ResourceLogs[]>, toReadable: Converter): Generator<readonly Pair[], void, undefined> {
  let pairs: Pair[] = [];
  for (const resourceLogs of batches) {
    for (const { resource, scopeLogs } of resourceLogs) {
      for (const { scope, logRecords } of scopeLogs) {
        for (const record of logRecords) {
          pairs.push({ resource, record, readable: toReadable(record, resource, scope) });
          if (pairs.length < MAX_EXPORT_RECORDS) continue;
          yield pairs;
          pairs = [];
        }
      }
    }
  }
  if (pairs.length > 0) yield pairs;
}

async function exportOnce(exporter: LogRecordExporter, pairs: readonly Pair[], leftMs: number): Promise<Outcome> {
  const late: Outcome = { kind: "failed", failure: { reason: "retryable", detail: "no answer before the sender's deadline" } };
  if (leftMs <= 0) return late;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<Outcome>((resolve) => {
    timer = setTimeout(() => resolve(late), leftMs);
  });
  const exported = new Promise<Outcome>((resolve) => {
    try {
      const returned: unknown = exporter.export(
        pairs.map(({ readable }) => readable),
        ({ code, error }) => resolve(Number(code) === SUCCESS ? { kind: "delivered" } : toOutcome(error)),
      );
      // An asynchronous one may reject instead of calling back.
      if (returned instanceof Promise) returned.catch(() => resolve(GAVE_UP));
    } catch {
      // Serialisers throw on values they do not know: that is the record's fault.
      resolve({ kind: "permanent", status: 0 });
    }
  });
  try {
    return await Promise.race([exported, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** An exporter's error may hold the response body: only its status is used. */
function toOutcome(error: Error | undefined): Outcome {
  const status = Number((error as { code?: unknown } | undefined)?.code);
  if (PERMANENT.has(status)) return { kind: "permanent", status };
  if (!Number.isInteger(status) || status < 400) return GAVE_UP;
  const reason = RETRYABLE.has(status) ? "retryable" : "refused";
  return { kind: "failed", failure: { reason, detail: `the destination answered ${status}` } };
}

type Converter = (record: LogRecord, resource: Resource | undefined, scope: Scope | undefined) => ReadableLogRecord;

/** A converter that gives equal objects for the same resource and scope. */
export function createConverter(): Converter {
  const resources = new Map<Resource | undefined, SdkResource>();
  const scopes = new Map<Scope | undefined, ReadableLogRecord["instrumentationScope"]>();
  return (record, resource, scope) => {
    const sdkResource = intern(resources, resource, () =>
      resourceFromAttributes(toResourceAttributes(resource?.attributes ?? []) as Record<string, string>),
    );
    const sdkScope = intern(scopes, scope, () => ({
      name: scope?.name ?? "",
      ...(scope?.version === undefined ? {} : { version: scope.version }),
      ...(scope?.attributes === undefined ? {} : { attributes: toAttributes(scope.attributes) as Record<string, string> }),
    }));
    const { traceId, spanId, severityText, eventName, body } = record;
    return {
      hrTime: toHrTime(record.timeUnixNano),
      hrTimeObserved: toHrTime(record.observedTimeUnixNano),
      resource: sdkResource,
      instrumentationScope: sdkScope,
      attributes: toAttributes(record.attributes) as Record<string, string>,
      droppedAttributesCount: record.droppedAttributesCount ?? 0,
      severityNumber: (record.severityNumber ?? 0) as SeverityNumber,
      ...(severityText === undefined ? {} : { severityText: severityText.toWellFormed() }),
      ...(eventName === undefined ? {} : { eventName: eventName.toWellFormed() }),
      ...(body === undefined ? {} : { body: toSdkValue(body) }),
      ...(traceId === undefined ? {} : { spanContext: { traceId, spanId: spanId ?? "", traceFlags: record.flags ?? 0 } }),
    };
  };
}

function intern<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

function toHrTime(unixNano: bigint | undefined): HrTime {
  if (unixNano === undefined) return [0, 0];
  return [Number(unixNano / 1_000_000_000n), Number(unixNano % 1_000_000_000n)];
}

function toAttributes(attributes: readonly KeyValue[]): Record<string, SdkValue> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key.toWellFormed(), toSdkValue(value)]));
}

/** On resources the SDK has plain values and lists of one kind of them, and drops all else: that becomes text. */
function toResourceAttributes(attributes: readonly KeyValue[]): Record<string, SdkValue> {
  return toAttributes(
    attributes.flatMap(({ key, value }) => (value === null ? [] : [{ key, value: isPlain(toSdkValue(value)) ? value : toText(value) }])),
  );
}

function isPlain(value: SdkValue): boolean {
  const kinds = new Set((Array.isArray(value) ? value : [value]).map((element) => typeof element));
  return kinds.size <= 1 && !kinds.has("object");
}

/** The SDK's serialisers know no bigint, and write integers beyond 2^53 and infinities as broken JSON: those become text. */
function toSdkValue(value: AnyValue): SdkValue {
  switch (typeof value) {
    case "string":
      return value.toWellFormed();
    case "boolean":
      return value;
    case "number":
      return toSdkNumber(value);
    case "bigint":
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  }
  if (value === null || value instanceof Uint8Array) return value;
  if (value instanceof Float64) return toSdkNumber(value.value);
  if (Array.isArray(value)) return (value as readonly AnyValue[]).map(toSdkValue);
  const members = Object.entries(value as AnyValueMap).flatMap(([key, member]) =>
    member === undefined ? [] : [[key.toWellFormed(), toSdkValue(member)] as const],
  );
  return Object.fromEntries(members);
}

function toSdkNumber(value: number): SdkValue {
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value)) ? value : String(value);
}
