// Walks text that is known to be JSON and says where its members and elements stand, without reading them.
import { findValueEnd, skipBlank } from "../../read/json-scan.ts";

/** A value's bytes: the first one, and the one behind the last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Member extends Span {
  readonly name: string;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const decoder = new TextDecoder();

/** The members of the object that begins at the span's first byte that is no blank; none when it is no object. */
export function* membersOf(bytes: Uint8Array, object: Span): Generator<Member, void, undefined> {
  let position = skipBlank(bytes, object.start);
  if (bytes[position] !== OPEN_OBJECT) return;
  position = skipBlank(bytes, position + 1);
  while (position < object.end && bytes[position] === QUOTE) {
    const nameEnd = stringEnd(bytes, position);
    const name = readString(bytes, { start: position, end: nameEnd }) ?? "";
    position = skipBlank(bytes, nameEnd);
    if (bytes[position] !== COLON) return;
    const start = skipBlank(bytes, position + 1);
    const end = valueEnd(bytes, start);
    yield { name, start, end };
    position = skipBlank(bytes, end);
    if (bytes[position] !== COMMA) return;
    position = skipBlank(bytes, position + 1);
  }
}

/** The elements of the array that begins at the span's first byte. */
export function* elementsOf(bytes: Uint8Array, array: Span): Generator<Span, void, undefined> {
  if (bytes[array.start] !== OPEN_ARRAY) return;
  let start = skipBlank(bytes, array.start + 1);
  while (start < array.end && bytes[start] !== CLOSE_ARRAY) {
    const end = valueEnd(bytes, start);
    yield { start, end };
    start = skipBlank(bytes, end);
    if (bytes[start] !== COMMA) return;
    start = skipBlank(bytes, start + 1);
  }
}

/** The text of a string; undefined for a value of another kind. */
export function readString(bytes: Uint8Array, { start, end }: Span): string | undefined {
  if (bytes[start] !== QUOTE) return undefined;
  const literal = decoder.decode(bytes.subarray(start, end));
  return literal.includes("\\") ? (JSON.parse(literal) as string) : literal.slice(1, -1);
}

function valueEnd(bytes: Uint8Array, start: number): number {
  const first = bytes[start];
  if (first === QUOTE) return stringEnd(bytes, start);
  if (first === OPEN_OBJECT || first === OPEN_ARRAY) {
    const end = findValueEnd(bytes, start, bytes.length);
    return end < 0 ? bytes.length : end;
  }
  let end = start;
  for (; end < bytes.length; end++) {
    const byte = bytes[end] as number;
    if (byte === COMMA || byte === CLOSE_OBJECT || byte === CLOSE_ARRAY || byte <= 0x20) break;
  }
  // Text that is not JSON after all must not be walked for ever.
  return Math.max(end, start + 1);
}

function stringEnd(bytes: Uint8Array, start: number): number {
  let position = start + 1;
  for (; position < bytes.length && bytes[position] !== QUOTE; position++) if (bytes[position] === BACKSLASH) position++;
  return Math.min(position + 1, bytes.length);
}
