// Writes the protobuf wire format forwards, into one buffer: the length of a nested message is guessed when it begins and corrected
// when it ends. https://protobuf.dev/programming-guides/encoding/
import { MAX_BATCH_BYTES, TARGET_REQUEST_BYTES } from "../limits.ts";

/** Up to here a loop over the characters beats the fixed cost of a `TextEncoder` call (about 60 ns). */
const MAX_LOOPED_LENGTH = 36;
/** What a buffer that is too small grows to: a request and the batch that ends it. Pages that are never written to cost nothing. */
const GROWN_BYTES = TARGET_REQUEST_BYTES + 2 * MAX_BATCH_BYTES;

const encoder = new TextEncoder();

export class WireWriter {
  bytes: Uint8Array<ArrayBuffer>;
  view: DataView;
  position = 0;
  #capacity: number;

  /** @param buffer written to as long as it is large enough; what it holds does not matter */
  constructor(buffer: Uint8Array<ArrayBuffer>) {
    this.#capacity = buffer.length;
    this.bytes = buffer;
    this.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  }

  /** Makes room for `size` more bytes. Every writer below calls it for its worst case before it writes. */
  reserve(size: number): void {
    if (this.position + size > this.#capacity) this.#grow(this.position + size);
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(Math.max(GROWN_BYTES, needed * 2));
    grown.set(this.bytes.subarray(0, this.position));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
    this.#capacity = grown.length;
  }

  /** UTF-8 of `value` at `at`; returns the number of bytes. Room for three bytes a character must be reserved. */
  text(value: string, at: number): number {
    const { bytes } = this;
    const { length } = value;
    if (length <= MAX_LOOPED_LENGTH) {
      const { view } = this;
      let index = 0;
      // Four at a time: one store and one comparison for them.
      for (; index + 4 <= length; index += 4) {
        const first = value.charCodeAt(index);
        const second = value.charCodeAt(index + 1);
        const third = value.charCodeAt(index + 2);
        const fourth = value.charCodeAt(index + 3);
        if ((first | second | third | fourth) > 0x7f) break;
        view.setInt32(at + index, first | (second << 8) | (third << 16) | (fourth << 24), true);
      }
      for (; index < length; index++) {
        const code = value.charCodeAt(index);
        if (code > 0x7f) break;
        bytes[at + index] = code;
      }
      if (index === length) return length;
    }
    return encoder.encodeInto(value, bytes.subarray(at)).written;
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

  /** Writes the bytes from `from` to `to` once more. */
  repeat(from: number, to: number): void {
    this.reserve(to - from);
    this.bytes.copyWithin(this.position, from, to);
    this.position += to - from;
  }

  /** Starts a nested message whose length will probably take `lengthBytes`; returns where its content begins. */
  open(tag: number, lengthBytes: number): number {
    this.reserve(8);
    this.bytes[this.position] = tag;
    this.position += 1 + lengthBytes;
    return this.position;
  }

  /** Ends the message begun by `open`: writes its length. Says whether the guess was wrong, and the content was moved. */
  close(start: number, lengthBytes: number): boolean {
    const length = this.position - start;
    const size = varintSize(length);
    if (size !== lengthBytes) {
      this.reserve(8);
      this.bytes.copyWithin(start - lengthBytes + size, start, this.position);
    }
    this.position = start - lengthBytes;
    this.varint(length);
    this.position += length;
    return size !== lengthBytes;
  }
}

/** Bytes of a non-negative safe integer as a varint. */
export function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  if (value < 0x10000000) return 4;
  let size = 4;
  for (let rest = Math.floor(value / 0x10000000); rest > 0; rest = Math.floor(rest / 128)) size++;
  return size;
}
