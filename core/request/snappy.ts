// Decodes snappy: the block format that Vector and Loki clients send, and the framed format of other OTLP clients.
// Sources: github.com/google/snappy, format_description.txt and framing_format.txt.
import type { Result } from "../source.ts";

type Decoded = Result<Uint8Array, "too-large" | "damaged">;

/** The stream identifier chunk. As a block it would copy from before its own start, so no valid block begins like this. */
const STREAM_IDENTIFIER = [0xff, 0x06, 0x00, 0x00, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59];
/** The best a block can do: a copy of 64 bytes from an element of 3. */
const MAX_RATIO = 64 / 3;
const DAMAGED: Decoded = { ok: false, error: "damaged" };
const TOO_LARGE: Decoded = { ok: false, error: "too-large" };

/**
 * Decodes a snappy block, or a framed stream when the bytes start with its identifier. The size that the data claims is
 * checked against `maxBytes` and against what so few bytes can hold at all before anything is allocated.
 * @returns the decoded bytes; `too-large` past the cap; `damaged` also when truncated
 */
export function decodeSnappy(bytes: Uint8Array, maxBytes: number): Decoded {
  return STREAM_IDENTIFIER.every((byte, index) => bytes[index] === byte) ? decodeFramed(bytes, maxBytes) : decodeWhole(bytes, maxBytes);
}

function decodeWhole(bytes: Uint8Array, maxBytes: number): Decoded {
  const preamble = readPreamble(bytes, 0);
  if (preamble === undefined) return DAMAGED;
  if (preamble.length > maxBytes) return TOO_LARGE;
  if (preamble.length > bytes.length * MAX_RATIO) return DAMAGED;
  const output = new Uint8Array(preamble.length);
  return decodeBlock(bytes, preamble.end, bytes.length, output, 0, output.length) ? { ok: true, value: output } : DAMAGED;
}

/** Chunks are walked twice, without a list of them: for the sizes that they claim, then, under the cap, for their content. */
function decodeFramed(bytes: Uint8Array, maxBytes: number): Decoded {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let length = 0;
  for (let position = 0; position < bytes.length; ) {
    const chunk = readChunk(bytes, view, position);
    if (chunk === undefined) return DAMAGED;
    length += chunk.length;
    if (length > maxBytes) return TOO_LARGE;
    position = chunk.end;
  }
  const output = new Uint8Array(length);
  let written = 0;
  for (let position = 0; position < bytes.length; ) {
    const chunk = readChunk(bytes, view, position);
    if (chunk === undefined) return DAMAGED;
    position = chunk.end;
    if (chunk.kind === "skipped") continue;
    const limit = written + chunk.length;
    if (chunk.kind === "plain") output.set(bytes.subarray(chunk.start, chunk.end), written);
    else if (!decodeBlock(bytes, chunk.start, chunk.end, output, written, limit)) return DAMAGED;
    if (maskedCrc32c(output, written, limit) !== chunk.checksum) return DAMAGED;
    written = limit;
  }
  return { ok: true, value: output };
}

interface Chunk {
  readonly kind: "compressed" | "plain" | "skipped";
  /** Where the block's elements or the plain bytes stand; the next chunk begins at `end`. */
  readonly start: number;
  readonly end: number;
  /** Size when decoded, bytes. */
  readonly length: number;
  readonly checksum: number;
}

function readChunk(bytes: Uint8Array, view: DataView, position: number): Chunk | undefined {
  if (position + 4 > bytes.length) return undefined;
  const head = view.getUint32(position, true);
  const type = head & 0xff;
  const start = position + 4;
  const end = start + (head >>> 8);
  if (end > bytes.length) return undefined;
  // Padding, repeated identifiers and extensions; 0x02 to 0x7f are extensions that a reader must not skip.
  if (type >= 0x80) return { kind: "skipped", start, end, length: 0, checksum: 0 };
  if (type > 1 || start + 4 > end) return undefined;
  const checksum = view.getUint32(start, true);
  const content = type === 0 ? readPreamble(bytes, start + 4) : { length: end - start - 4, end: start + 4 };
  if (content === undefined || content.end > end) return undefined;
  return { kind: type === 0 ? "compressed" : "plain", start: content.end, end, length: content.length, checksum };
}

/** The decoded size before a block: a little-endian varint of 32 bits. */
function readPreamble(bytes: Uint8Array, start: number): { readonly length: number; readonly end: number } | undefined {
  let length = 0;
  for (let index = 0; index < 5; index++) {
    const byte = bytes[start + index];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return length < 2 ** 32 ? { length, end: start + index + 1 } : undefined;
  }
  return undefined;
}

/** Decodes the elements in `[position, end)` into exactly `[from, limit)` of the output; false when they do not fit. */
function decodeBlock(bytes: Uint8Array, start: number, end: number, output: Uint8Array, from: number, limit: number): boolean {
  let input = start;
  let written = from;
  const byteAt = (index: number): number => (index < end ? (bytes[index] ?? 0) : 0);
  while (input < end) {
    const tag = byteAt(input++);
    const kind = tag & 3;
    if (kind === 0) {
      let length = tag >>> 2;
      if (length >= 60) {
        const lengthBytes = length - 59;
        length = 0;
        for (let index = 0; index < lengthBytes; index++) length += byteAt(input + index) * 2 ** (8 * index);
        input += lengthBytes;
      }
      length += 1;
      if (input + length > end || written + length > limit) return false;
      output.set(bytes.subarray(input, input + length), written);
      input += length;
      written += length;
      continue;
    }
    let length = (tag >>> 2) + 1;
    let offset: number;
    if (kind === 1) {
      length = ((tag >>> 2) & 7) + 4;
      offset = ((tag >>> 5) << 8) | byteAt(input);
      input += 1;
    } else if (kind === 2) {
      offset = byteAt(input) | (byteAt(input + 1) << 8);
      input += 2;
    } else {
      offset = byteAt(input) + byteAt(input + 1) * 2 ** 8 + byteAt(input + 2) * 2 ** 16 + byteAt(input + 3) * 2 ** 24;
      input += 4;
    }
    if (input > end || offset === 0 || offset > written - from || written + length > limit) return false;
    // A copy may overlap what it writes (offset < length repeats a pattern), so only a distant one goes in one piece.
    if (offset >= length) output.copyWithin(written, written - offset, written - offset + length);
    else for (let index = 0; index < length; index++) output[written + index] = output[written + index - offset] ?? 0;
    written += length;
  }
  return written === limit;
}

const CRC32C_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** CRC-32C of the plain bytes, rotated and offset as the framing format asks. */
function maskedCrc32c(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0xffffffff;
  for (let index = start; index < end; index++) crc = (crc >>> 8) ^ (CRC32C_TABLE[(crc ^ (bytes[index] ?? 0)) & 0xff] ?? 0);
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
