// ResourceLogs[] -> ExportLogsServiceRequest bytes in one pass and without intermediate objects.
import {
  countRecords,
  type KeyValue,
  type LogRecord,
  type RequestEncoder,
  type Resource,
  type ResourceLogs,
  type Scope,
  type ScopeLogs,
} from "./model.ts";
import { ValueWriter } from "./protobuf-value.ts";

/** Most requests are 16 KiB to 2 MiB: their ResourceLogs need three bytes for the length. */
const OPEN_LENGTH_BYTES = 3;
/** What is allocated first for one record; a wrong guess costs a copy, not correctness. */
const ESTIMATED_RECORD_BYTES = 1280;
const NO_ATTRIBUTES: readonly KeyValue[] = [];

/**
 * Encodes a request for `POST /v1/logs` with `Content-Type: application/x-protobuf`.
 * Lone surrogates become U+FFFD; NaN and infinities become their names as strings, as in the JSON encoding.
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/v1.7.0/opentelemetry/proto/logs/v1/logs.proto
 */
export function encodeProtobuf(resourceLogs: readonly ResourceLogs[]): Uint8Array<ArrayBuffer> {
  const request = createProtobufRequest(new Uint8Array(4096 + countRecords(resourceLogs) * ESTIMATED_RECORD_BYTES));
  request.append(resourceLogs);
  return request.finish();
}

/**
 * A request that grows batch by batch. Batches that go on with the resource and scope (the same objects) of the last one
 * go on with its ResourceLogs.
 * @param buffer written to as long as the request fits into it
 */
export function createProtobufRequest(buffer: Uint8Array<ArrayBuffer>): RequestEncoder {
  const writer = new LogsWriter(buffer);
  return {
    contentType: "application/x-protobuf",
    append: (resourceLogs) => writer.append(resourceLogs),
    size: () => writer.position,
    finish: () => writer.finish(),
  };
}

class LogsWriter extends ValueWriter {
  /** Attributes of the record before, and where each of them begins; one more position is where the last one ends. */
  before: readonly KeyValue[] = NO_ATTRIBUTES;
  readonly beforeAt: number[] = [];

  /** Where the ResourceLogs begins that `append` may go on with; 0 when none is open. */
  openResourceAt = 0;
  openScopeAt = 0;
  openResource: Resource | undefined;
  openScope: Scope | undefined;

  append(resourceLogs: readonly ResourceLogs[]): void {
    for (const item of resourceLogs) {
      const [scopeLogs, second] = item.scopeLogs;
      if (scopeLogs === undefined || second !== undefined || item.schemaUrl || scopeLogs.schemaUrl) {
        this.finish();
        this.resourceLogs(item);
        continue;
      }
      if (this.openResourceAt === 0 || item.resource !== this.openResource || scopeLogs.scope !== this.openScope) {
        this.finish();
        this.openResource = item.resource;
        this.openScope = scopeLogs.scope;
        this.openResourceAt = this.open(0x0a, OPEN_LENGTH_BYTES);
        if (item.resource !== undefined) this.resource(item.resource);
        this.openScopeAt = this.open(0x12, OPEN_LENGTH_BYTES);
        if (scopeLogs.scope !== undefined) this.scope(scopeLogs.scope);
      }
      for (const record of scopeLogs.logRecords) this.logRecord(record);
    }
  }

  /** Ends what `append` left open; the bytes so far are a whole request, and more may follow. */
  finish(): Uint8Array<ArrayBuffer> {
    if (this.openResourceAt !== 0) {
      this.closeLogs(this.openScopeAt);
      this.closeLogs(this.openResourceAt);
      this.openResourceAt = 0;
    }
    return this.bytes.subarray(0, this.position);
  }

  resourceLogs(item: ResourceLogs): void {
    const start = this.open(0x0a, OPEN_LENGTH_BYTES);
    if (item.resource !== undefined) this.resource(item.resource);
    for (const scopeLogs of item.scopeLogs) this.scopeLogs(scopeLogs);
    if (item.schemaUrl) this.string(0x1a, item.schemaUrl);
    this.closeLogs(start);
  }

  resource({ attributes, droppedAttributesCount }: Resource): void {
    const start = this.open(0x0a, 2);
    this.attributes(0x0a, attributes);
    if (droppedAttributesCount) this.unsigned(0x10, droppedAttributesCount);
    this.close(start, 2);
  }

  scopeLogs(item: ScopeLogs): void {
    const start = this.open(0x12, OPEN_LENGTH_BYTES);
    if (item.scope !== undefined) this.scope(item.scope);
    for (const record of item.logRecords) this.logRecord(record);
    if (item.schemaUrl) this.string(0x1a, item.schemaUrl);
    this.closeLogs(start);
  }

  scope({ name, version, attributes, droppedAttributesCount }: Scope): void {
    const start = this.open(0x0a, 1);
    if (name) this.string(0x0a, name);
    if (version) this.string(0x12, version);
    if (attributes !== undefined) this.attributes(0x1a, attributes);
    if (droppedAttributesCount) this.unsigned(0x20, droppedAttributesCount);
    this.close(start, 1);
  }

  logRecord(record: LogRecord): void {
    const start = this.open(0x12, 2);
    this.reserve(64);
    if (record.timeUnixNano) this.fixed64(0x09, record.timeUnixNano);
    if (record.severityNumber) this.unsigned(0x10, record.severityNumber);
    if (record.severityText) this.string(0x1a, record.severityText);
    if (record.body !== undefined) this.value(0x2a, record.body, 0);
    this.recordAttributes(record.attributes);
    this.reserve(64);
    if (record.droppedAttributesCount) this.unsigned(0x38, record.droppedAttributesCount);
    if (record.flags) {
      this.bytes[this.position] = 0x45;
      this.view.setUint32(this.position + 1, record.flags, true);
      this.position += 5;
    }
    if (record.traceId) this.hex(0x4a, record.traceId);
    if (record.spanId) this.hex(0x52, record.spanId);
    if (record.observedTimeUnixNano) this.fixed64(0x59, record.observedTimeUnixNano);
    if (record.eventName) this.string(0x62, record.eventName);
    if (this.close(start, 2)) this.before = NO_ATTRIBUTES;
  }

  /** Lines of one request say much of the same: attributes that the record before has at the same place, as the same objects, are copied. */
  recordAttributes(attributes: readonly KeyValue[]): void {
    const { before, beforeAt } = this;
    const { length } = attributes;
    const common = Math.min(length, before.length);
    for (let index = 0; index < length; ) {
      if (index < common && attributes[index] === before[index]) {
        const from = beforeAt[index] as number;
        const distance = this.position - from;
        for (; index < common && attributes[index] === before[index]; index++) beforeAt[index] = (beforeAt[index] as number) + distance;
        this.repeat(from, beforeAt[index] as number);
      } else {
        const { key, value } = attributes[index] as KeyValue;
        beforeAt[index++] = this.position;
        this.keyValue(0x32, key, value, 0);
      }
    }
    beforeAt[length] = this.position;
    this.before = attributes;
  }

  /** Ends a message that holds records. */
  closeLogs(start: number): void {
    if (this.close(start, OPEN_LENGTH_BYTES)) this.before = NO_ATTRIBUTES;
  }
}
