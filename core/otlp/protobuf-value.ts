// Attributes and AnyValues in protobuf. The bytes are canonical (minimal varints, fields in order), as any protobuf library would write them.
import { MAX_VALUE_DEPTH } from "../limits.ts";
import { type AnyValue, type AnyValueMap, Float64, type KeyValue } from "./model.ts";
import { varintSize, WireWriter } from "./wire-writer.ts";

/** Keys repeat on every record, so their bytes are kept; a sender with endless keys must not fill the memory. */
const MAX_CACHED_KEYS = 4096;
const MAX_CACHED_KEY_LENGTH = 64;
const WORD_BYTES = 4;
const DEPTH_MARK = "[truncated: depth]";

/** The field `KeyValue.key` of one key: tag, length, UTF-8. */
interface KeyField {
  /** Bytes. */
  readonly length: number;
  /** Its bytes, little-endian: copied word by word, which a call to `set` takes several times as long for. */
  readonly words: Int32Array;
}

const keyFields = new Map<string, KeyField>();

export class ValueWriter extends WireWriter {
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
  shortKeyValue(tag: number, keyField: KeyField, value: string): boolean {
    const { length } = value;
    const total = keyField.length + length + 4;
    if (total > 0x7f) return false;
    // Room for three bytes a character, in case they are not ASCII.
    this.reserve(total + WORD_BYTES + 2 + length * 2);
    const { bytes } = this;
    let { position } = this;
    bytes[position] = tag;
    bytes[position + 1] = total;
    this.key(keyField, position + 2);
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
  intKeyValue(tag: number, keyField: KeyField, value: number): void {
    const size = varintSize(value);
    const total = keyField.length + size + 3;
    this.reserve(total + WORD_BYTES + 6);
    this.bytes[this.position++] = tag;
    this.varint(total);
    this.key(keyField, this.position);
    this.position += keyField.length;
    this.bytes[this.position] = 0x12;
    this.bytes[this.position + 1] = size + 1;
    this.bytes[this.position + 2] = 0x18;
    this.position += 3;
    this.varint(value);
  }

  /** The last word may reach beyond the field: what follows is written over it. */
  key({ words }: KeyField, at: number): void {
    const { view } = this;
    for (let index = 0; index < words.length; index++) view.setInt32(at + index * WORD_BYTES, words[index] as number, true);
  }

  anyKeyValue(tag: number, keyField: KeyField, value: AnyValue, depth: number): void {
    const start = this.open(tag, 1);
    this.reserve(keyField.length + WORD_BYTES);
    this.key(keyField, this.position);
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
}

function encodeKeyField(key: string): KeyField {
  // Canonical protobuf leaves out a field with its default value.
  if (key === "") return { length: 0, words: new Int32Array() };
  const writer = new WireWriter(new Uint8Array(key.length * 3 + WORD_BYTES + 8));
  writer.string(0x0a, key);
  const length = writer.position;
  const words = new Int32Array(Math.ceil(length / WORD_BYTES));
  for (let index = 0; index < words.length; index++) words[index] = writer.view.getInt32(index * WORD_BYTES, true);
  const keyField = { length, words };
  if (key.length <= MAX_CACHED_KEY_LENGTH && keyFields.size < MAX_CACHED_KEYS) keyFields.set(key, keyField);
  return keyField;
}
