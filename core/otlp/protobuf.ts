// ResourceLogs[] -> ExportLogsServiceRequest bytes in one pass and without intermediate objects: lengths are guessed,
// then back-patched. The bytes are canonical (minimal varints, fields in order), as any protobuf library would write them.
import { MAX_VALUE_DEPTH } from "../limits.ts";
import type { AnyValue, AnyValueMap, KeyValue, LogRecord, RequestEncoder, Resource, ResourceLogs, Scope, ScopeLogs } from "./model.ts";
import { countRecords, Float64 } from "./model.ts";

/** Up to here a loop over the characters beats the fixed cost of a `TextEncoder` call (about 60 ns). */
const MAX_LOOPED_LENGTH = 36;
/** Keys repeat on every record, so their bytes are kept; a sender with endless keys must not fill the memory. */
const MAX_CACHED_KEYS = 4096;
const MAX_CACHED_KEY_LENGTH = 64;
/** A buffer that is too small grows by this factor: fresh memory costs more than the copy, and most requests need it once or twice. */
const GROWTH_FACTOR = 4;
/** Most requests are 16 KiB to 2 MiB: their ResourceLogs need three bytes for the length. */
const OPEN_LENGTH_BYTES = 3;
const DEPTH_MARK = "[truncated: depth]";

const encoder = new TextEncoder();
/** key -> its `KeyValue.key` field: tag, length, UTF-8. */
const keyFields = new Map<string, Uint8Array>();

/** What is allocated first for one record; a wrong guess costs a copy, not correctness. */
const ESTIMATED_RECORD_BYTES = 1280;

/**
 * Encodes a request for `POST /v1/logs` with `Content-Type: application/x-protobuf`.
 * Lone surrogates become U+FFFD; NaN and infinities become their names as strings, as in the JSON encoding.
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/v1.7.0/opentelemetry/proto/logs/v1/logs.proto
 */
export function encodeProtobuf(resourceLogs: readonly ResourceLogs[]): Uint8Array<ArrayBuffer> {
  const request = createProtobufRequest(4096 + countRecords(resourceLogs) * ESTIMATED_RECORD_BYTES);
  request.append(resourceLogs);
  return request.finish();
}

/**
 * A request that grows batch by batch. Batches that go on with the resource and scope (the same objects) of the last one
 * go on with its ResourceLogs.
 * @param capacity bytes to allocate first
 */
export function createProtobufRequest(capacity: number): RequestEncoder {
  const writer = new Writer(capacity);
  return {
    contentType: "application/x-protobuf",
    append: (resourceLogs) => writer.append(resourceLogs),
    size: () => writer.position,
    finish: () => writer.finish(),
  };
}

class Writer {
  bytes: Uint8Array<ArrayBuffer>;
  view: DataView;
  position = 0;

  /** Where the ResourceLogs begins that `append` may go on with; 0 when none is open. */
  openResourceAt = 0;
  openScopeAt = 0;
  openResource: Resource | undefined;
  openScope: Scope | undefined;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Makes room for `size` more bytes. Every writer below calls it for its worst case before it writes. */
  reserve(size: number): void {
    const needed = this.position + size;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * GROWTH_FACTOR, needed));
    grown.set(this.bytes.subarray(0, this.position));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

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
      this.close(this.openScopeAt, OPEN_LENGTH_BYTES);
      this.close(this.openResourceAt, OPEN_LENGTH_BYTES);
      this.openResourceAt = 0;
    }
    return this.bytes.subarray(0, this.position);
  }

  resourceLogs(item: ResourceLogs): void {
    const start = this.open(0x0a, OPEN_LENGTH_BYTES);
    if (item.resource !== undefined) this.resource(item.resource);
    for (const scopeLogs of item.scopeLogs) this.scopeLogs(scopeLogs);
    if (item.schemaUrl) this.string(0x1a, item.schemaUrl);
    this.close(start, OPEN_LENGTH_BYTES);
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
    this.close(start, OPEN_LENGTH_BYTES);
  }

  scope({ name, version, attributes }: Scope): void {
    const start = this.open(0x0a, 1);
    if (name) this.string(0x0a, name);
    if (version) this.string(0x12, version);
    if (attributes !== undefined) this.attributes(0x1a, attributes);
    this.close(start, 1);
  }

  logRecord(record: LogRecord): void {
    const start = this.open(0x12, 2);
    this.reserve(64);
    if (record.timeUnixNano) this.fixed64(0x09, record.timeUnixNano);
    if (record.severityNumber) this.unsigned(0x10, record.severityNumber);
    if (record.severityText) this.string(0x1a, record.severityText);
    if (record.body !== undefined) this.value(0x2a, record.body, 0);
    this.attributes(0x32, record.attributes);
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
    this.close(start, 2);
  }

  attributes(tag: number, attributes: readonly KeyValue[]): void {
    for (let index = 0; index < attributes.length; index++) {
      const { key, value } = attributes[index] as KeyValue;
      this.keyValue(tag, key, value, 0);
    }
  }

  keyValue(tag: number, key: string, value: AnyValue, depth: number): void {
    const keyField = keyFields.get(key) ?? encodeKeyField(key);
    if (typeof value === "string") {
      if (!this.shortKeyValue(tag, keyField, value)) this.anyKeyValue(tag, keyField, value, depth);
    } else if (typeof value === "number" && value >= 0 && Number.isSafeInteger(value)) {
      this.intKeyValue(tag, keyField, value);
    } else {
      this.anyKeyValue(tag, keyField, value, depth);
    }
  }

  /** ASCII, every length in one byte. Writes nothing and says so when the value is another one. */
  shortKeyValue(tag: number, keyField: Uint8Array, value: string): boolean {
    const { length } = value;
    const total = keyField.length + length + 4;
    if (total > 0x7f) return false;
    // Room for three bytes a character, in case they are not ASCII.
    this.reserve(total + 2 + length * 2);
    const { bytes } = this;
    let position = this.position;
    bytes[position] = tag;
    bytes[position + 1] = total;
    bytes.set(keyField, position + 2);
    position += 2 + keyField.length;
    bytes[position] = 0x12;
    bytes[position + 1] = length + 2;
    bytes[position + 2] = 0x0a;
    bytes[position + 3] = length;
    position += 4;
    if (this.text(value, position) !== length) return false;
    this.position = position + length;
    return true;
  }

  /** A non-negative safe integer. */
  intKeyValue(tag: number, keyField: Uint8Array, value: number): void {
    const size = varintSize(value);
    const total = keyField.length + size + 3;
    this.reserve(total + 6);
    this.bytes[this.position++] = tag;
    this.varint(total);
    this.bytes.set(keyField, this.position);
    this.position += keyField.length;
    this.bytes[this.position] = 0x12;
    this.bytes[this.position + 1] = size + 1;
    this.bytes[this.position + 2] = 0x18;
    this.position += 3;
    this.varint(value);
  }

  anyKeyValue(tag: number, keyField: Uint8Array, value: AnyValue, depth: number): void {
    const start = this.open(tag, 1);
    this.reserve(keyField.length);
    this.bytes.set(keyField, this.position);
    this.position += keyField.length;
    this.value(0x12, value, depth);
    this.close(start, 1);
  }

  /** An AnyValue as field `tag`. */
  value(tag: number, value: AnyValue, depth: number): void {
    if (typeof value === "string") {
      this.stringValue(tag, value);
      return;
    }
    this.reserve(24);
    const { bytes } = this;
    switch (typeof value) {
      case "boolean":
        bytes[this.position++] = tag;
        bytes[this.position++] = 2;
        bytes[this.position++] = 0x10;
        bytes[this.position++] = value ? 1 : 0;
        return;
      case "number":
        if (Number.isSafeInteger(value) && value >= 0) this.intValue(tag, value);
        else if (Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63) this.bigintValue(tag, BigInt(value));
        else this.doubleValue(tag, value);
        return;
      case "bigint":
        if (value === BigInt.asIntN(64, value)) this.bigintValue(tag, value);
        else this.stringValue(tag, value.toString());
        return;
    }
    if (value === null) {
      bytes[this.position++] = tag;
      bytes[this.position++] = 0;
    } else if (value instanceof Uint8Array) {
      const start = this.open(tag, 1);
      this.reserve(value.length + 6);
      this.bytes[this.position++] = 0x3a;
      this.varint(value.length);
      this.bytes.set(value, this.position);
      this.position += value.length;
      this.close(start, 1);
    } else if (value instanceof Float64) {
      this.doubleValue(tag, value.value);
    } else if (depth > MAX_VALUE_DEPTH) {
      this.stringValue(tag, DEPTH_MARK);
    } else if (Array.isArray(value)) {
      const outer = this.open(tag, 1);
      const inner = this.open(0x2a, 1);
      for (const element of value as readonly AnyValue[]) this.value(0x0a, element, depth + 1);
      this.close(inner, 1);
      this.close(outer, 1);
    } else {
      const outer = this.open(tag, 1);
      const inner = this.open(0x32, 1);
      const map = value as AnyValueMap;
      // `for in` reads the members of a plain object by their index, twice as fast as by their names.
      for (const key in map) {
        const member = map[key];
        if (member !== undefined) this.keyValue(0x0a, key, member, depth + 1);
      }
      this.close(inner, 1);
      this.close(outer, 1);
    }
  }

  stringValue(tag: number, value: string): void {
    // Lengths as if ASCII; when it was not, what was written moves to make room for the longer lengths.
    const { length } = value;
    const inner = varintSize(length);
    const outer = varintSize(length + inner + 1);
    this.reserve(length * 3 + 16);
    const start = this.position;
    const written = this.text(value, start + 2 + inner + outer);
    const actualInner = varintSize(written);
    const actualOuter = varintSize(written + actualInner + 1);
    if (actualInner + actualOuter !== inner + outer) {
      const from = start + 2 + inner + outer;
      this.bytes.copyWithin(start + 2 + actualInner + actualOuter, from, from + written);
    }
    this.bytes[this.position++] = tag;
    this.varint(written + actualInner + 1);
    this.bytes[this.position++] = 0x0a;
    this.varint(written);
    this.position += written;
  }

  /** A string field (not an AnyValue). */
  string(tag: number, value: string): void {
    const { length } = value;
    const size = varintSize(length);
    this.reserve(length * 3 + 8);
    const start = this.position;
    const written = this.text(value, start + 1 + size);
    const actual = varintSize(written);
    if (actual !== size) this.bytes.copyWithin(start + 1 + actual, start + 1 + size, start + 1 + size + written);
    this.bytes[this.position++] = tag;
    this.varint(written);
    this.position += written;
  }

  /** UTF-8 of `value` at `at`; returns the number of bytes. Room for three bytes a character must be reserved. */
  text(value: string, at: number): number {
    const { bytes } = this;
    const { length } = value;
    if (length <= MAX_LOOPED_LENGTH) {
      let index = 0;
      for (; index < length; index++) {
        const code = value.charCodeAt(index);
        if (code > 0x7f) break;
        bytes[at + index] = code;
      }
      if (index === length) return length;
    }
    return encoder.encodeInto(value, bytes.subarray(at)).written;
  }

  intValue(tag: number, value: number): void {
    const { bytes } = this;
    bytes[this.position++] = tag;
    if (value < 128) {
      bytes[this.position++] = 2;
      bytes[this.position++] = 0x18;
      bytes[this.position++] = value;
      return;
    }
    bytes[this.position++] = varintSize(value) + 1;
    bytes[this.position++] = 0x18;
    this.varint(value);
  }

  bigintValue(tag: number, value: bigint): void {
    let rest = BigInt.asUintN(64, value);
    const { bytes } = this;
    bytes[this.position++] = tag;
    const lengthAt = this.position++;
    bytes[this.position++] = 0x18;
    while (rest > 0x7fn) {
      bytes[this.position++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    bytes[this.position++] = Number(rest);
    bytes[lengthAt] = this.position - lengthAt - 1;
  }

  doubleValue(tag: number, value: number): void {
    if (!Number.isFinite(value)) {
      this.stringValue(tag, String(value));
      return;
    }
    this.bytes[this.position++] = tag;
    this.bytes[this.position++] = 9;
    this.bytes[this.position++] = 0x21;
    this.view.setFloat64(this.position, value, true);
    this.position += 8;
  }

  unsigned(tag: number, value: number): void {
    this.reserve(12);
    this.bytes[this.position++] = tag;
    this.varint(value);
  }

  fixed64(tag: number, value: bigint): void {
    this.bytes[this.position] = tag;
    this.view.setBigUint64(this.position + 1, value, true);
    this.position += 9;
  }

  hex(tag: number, digits: string): void {
    const { bytes } = this;
    const length = digits.length >> 1;
    let position = this.position;
    bytes[position] = tag;
    bytes[position + 1] = length;
    position += 2;
    for (let index = 0; index < length; index++) {
      const high = digits.charCodeAt(index * 2);
      const low = digits.charCodeAt(index * 2 + 1);
      // Digits are 0x30-0x39, letters 0x61-0x66 (or 0x41-0x46): bit 6 adds the nine that letters lack.
      bytes[position + index] = (((high & 0x0f) + (high >> 6) * 9) << 4) | ((low & 0x0f) + (low >> 6) * 9);
    }
    this.position = position + length;
  }

  /** A non-negative safe integer. */
  varint(value: number): void {
    const { bytes } = this;
    let rest = value;
    while (rest > 0x7f) {
      bytes[this.position++] = rest > 0x7fffffff ? (rest % 128) | 0x80 : (rest & 0x7f) | 0x80;
      rest = rest > 0x7fffffff ? Math.floor(rest / 128) : rest >>> 7;
    }
    bytes[this.position++] = rest;
  }

  /** Starts a nested message whose length will probably take `lengthBytes`; returns where its content begins. */
  open(tag: number, lengthBytes: number): number {
    this.reserve(8);
    this.bytes[this.position] = tag;
    this.position += 1 + lengthBytes;
    return this.position;
  }

  /** Ends the message begun by `open`: writes its length, moving the content when the guess was wrong. */
  close(start: number, lengthBytes: number): void {
    const length = this.position - start;
    const size = varintSize(length);
    if (size !== lengthBytes) {
      this.reserve(8);
      this.bytes.copyWithin(start - lengthBytes + size, start, this.position);
    }
    this.position = start - lengthBytes;
    this.varint(length);
    this.position += length;
  }
}

function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  if (value < 0x10000000) return 4;
  let size = 4;
  for (let rest = Math.floor(value / 0x10000000); rest > 0; rest = Math.floor(rest / 128)) size++;
  return size;
}

function encodeKeyField(key: string): Uint8Array {
  // Canonical protobuf leaves out a field with its default value.
  if (key === "") return new Uint8Array();
  const text = encoder.encode(key);
  const field = new Uint8Array(text.length + 1 + varintSize(text.length));
  let position = 0;
  field[position++] = 0x0a;
  let rest = text.length;
  for (; rest > 0x7f; rest >>>= 7) field[position++] = (rest & 0x7f) | 0x80;
  field[position++] = rest;
  field.set(text, position);
  if (key.length <= MAX_CACHED_KEY_LENGTH && keyFields.size < MAX_CACHED_KEYS) keyFields.set(key, field);
  return field;
}
