// The OTLP logs data model as plain readonly data (opentelemetry-proto v1.7.0, logs.proto and common.proto).
// Sources build it, encoders write it; nothing here has behaviour but `Float64`.

/**
 * An OTLP AnyValue as the JavaScript value a reader expects:
 * string, boolean, bytes and `null` (an AnyValue with no value set) are themselves;
 * a number that is integral and within int64, and a bigint within int64, is an `intValue`; any other number a `doubleValue`;
 * an array is an `arrayValue`; a plain object is a `kvlistValue` (members that are `undefined` are absent).
 * Numbers from JSON beyond 2^53 must arrive as bigint (see `core/read/json.ts`), or their digits are already gone.
 */
export type AnyValue = string | boolean | number | bigint | null | Uint8Array | Float64 | readonly AnyValue[] | AnyValueMap;

/** A `kvlistValue`. Any string is an ordinary key, `__proto__` and the empty one included. */
export interface AnyValueMap {
  readonly [key: string]: AnyValue | undefined;
}

/** A `doubleValue` that stays one although its value is integral (OTLP in, OTLP out). */
export class Float64 {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** One attribute. Keys are unique inside one list: use `putAttribute` of `core/read/attributes.ts` when unsure. */
export interface KeyValue {
  readonly key: string;
  readonly value: AnyValue;
}

/** OTLP SeverityNumber: 0 unspecified, 1-4 TRACE, 5-8 DEBUG, 9-12 INFO, 13-16 WARN, 17-20 ERROR, 21-24 FATAL. */
export type SeverityNumber = number;

export interface LogRecord {
  /** When it happened, ns since the Unix epoch; undefined when the payload does not say. */
  readonly timeUnixNano?: bigint | undefined;
  /** When we received it, ns since the Unix epoch. */
  readonly observedTimeUnixNano?: bigint | undefined;
  readonly severityNumber?: SeverityNumber | undefined;
  /** The source's own word. */
  readonly severityText?: string | undefined;
  readonly body?: AnyValue | undefined;
  readonly attributes: readonly KeyValue[];
  readonly droppedAttributesCount?: number | undefined;
  /** W3C trace flags (bit 0 sampled). */
  readonly flags?: number | undefined;
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId?: string | undefined;
  /** 16 lower-case hex digits, not all zero. */
  readonly spanId?: string | undefined;
  readonly eventName?: string | undefined;
}

export interface Resource {
  readonly attributes: readonly KeyValue[];
  readonly droppedAttributesCount?: number | undefined;
}

export interface Scope {
  readonly name: string;
  readonly version?: string | undefined;
  readonly attributes?: readonly KeyValue[] | undefined;
  readonly droppedAttributesCount?: number | undefined;
}

export interface ScopeLogs {
  readonly scope?: Scope | undefined;
  readonly logRecords: readonly LogRecord[];
  readonly schemaUrl?: string | undefined;
}

export interface ResourceLogs {
  readonly resource?: Resource | undefined;
  readonly scopeLogs: readonly ScopeLogs[];
  readonly schemaUrl?: string | undefined;
}

/** Same shape, writable: for the code that is still building a record. */
export type Draft<T> = { -readonly [K in keyof T]: T[K] };

/** Number of log records in a batch. */
export function countRecords(resourceLogs: readonly ResourceLogs[]): number {
  let count = 0;
  for (const { scopeLogs } of resourceLogs) for (const { logRecords } of scopeLogs) count += logRecords.length;
  return count;
}

/** An export request under construction, in one of OTLP's encodings. */
export interface RequestEncoder {
  readonly contentType: "application/x-protobuf" | "application/json";
  append(resourceLogs: readonly ResourceLogs[]): void;
  /** Bytes so far. */
  size(): number;
  finish(): Uint8Array<ArrayBuffer>;
}
