// Reads the protobuf wire format, strictly: minimal checks on every field, no exceptions. The first error ends every
// message that is being read and stays visible in `failed`. https://protobuf.dev/programming-guides/encoding/

/** What `next` returns at the end of a message: no field has this tag. */
export const END = 0;

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

const MAX_VARINT_BYTES = 10;
const MAX_FIELD_TAG = 0xffff_ffff;

// A byte order mark is text like any other. Invalid UTF-8 reads as U+FFFD: one bad string must not cost the request.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export class WireReader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;
  /** The bytes are no protobuf message of the expected type; what was read is meaningless. */
  failed = false;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Where the next byte is read. */
  get position(): number {
    return this.#position;
  }

  /** The tag (field number and wire type) of the next field of the message that ends at `end`, or `END`. */
  next(end: number): number {
    if (this.#position >= end) return this.#position > end ? this.#fail() : END;
    const tag = this.int64();
    return typeof tag === "number" && tag >= 8 && tag <= MAX_FIELD_TAG ? tag : this.#fail();
  }

  /** Enters a length-delimited field of the message that ends at `end`; returns where the field itself ends. */
  open(end: number): number {
    const length = this.int64();
    if (typeof length !== "number" || length < 0 || length > end - this.#position) {
      this.#fail();
      return this.#position;
    }
    return this.#position + length;
  }

  /** The bytes of a length-delimited field, not copied. */
  data(end: number): Uint8Array {
    const stop = this.open(end);
    const data = this.bytes.subarray(this.#position, stop);
    this.#position = stop;
    return data;
  }

  text(end: number): string {
    return decoder.decode(this.data(end));
  }

  /** A varint as int64; a bigint when a number would round it. */
  int64(): number | bigint {
    const start = this.#position;
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.bytes[this.#position++];
      if (byte === undefined) return this.#fail();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return low;
    }
    this.#position = start;
    return this.#longVarint();
  }

  #longVarint(): number | bigint {
    let value = 0n;
    for (let index = 0; index < MAX_VARINT_BYTES; index++) {
      const byte = this.bytes[this.#position++];
      // The tenth byte holds the last bit of 64.
      if (byte === undefined || (index === MAX_VARINT_BYTES - 1 && byte > 1)) break;
      value |= BigInt(byte & 0x7f) << BigInt(index * 7);
      if (byte < 0x80) return narrowInt64(BigInt.asIntN(64, value));
    }
    return this.#fail();
  }

  uint32(): number {
    const value = this.int64();
    return typeof value === "number" ? value >>> 0 : Number(BigInt.asUintN(32, value));
  }

  fixed32(): number {
    return this.#take(4) ? this.#view.getUint32(this.#position - 4, true) : 0;
  }

  fixed64(): bigint {
    return this.#take(8) ? this.#view.getBigUint64(this.#position - 8, true) : 0n;
  }

  double(): number {
    return this.#take(8) ? this.#view.getFloat64(this.#position - 8, true) : 0;
  }

  /**
   * Passes over an unknown field.
   * @param known the highest field number that the caller reads: up to there the wire type is wrong, and so is the message
   */
  skip(tag: number, end: number, known: number): void {
    if (tag >>> 3 <= known) this.#fail();
    else if ((tag & 7) === VARINT) this.int64();
    else if ((tag & 7) === FIXED64) this.#take(8);
    else if ((tag & 7) === LENGTH_DELIMITED) this.data(end);
    else if ((tag & 7) === FIXED32) this.#take(4);
    // Groups (3, 4) were never part of proto3.
    else this.#fail();
  }

  #take(length: number): boolean {
    if (length > this.bytes.length - this.#position) {
      this.#fail();
      return false;
    }
    this.#position += length;
    return true;
  }

  /** Every message that is being read ends here. */
  #fail(): 0 {
    this.failed = true;
    this.#position = this.bytes.length;
    return END;
  }
}

/** An int64 as the number that it is when that is exact. */
export function narrowInt64(value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}
