// The items of a JSON payload, whatever framing its sender chose: an array, NDJSON, one object (pretty-printed too),
// concatenated objects, arrays one a line. Content types lie, so the first byte decides. A broken item stays beside the good ones.
import { parseJson } from "./json.ts";

/** Text that should have been an item and is none. */
export class BrokenItem {
  readonly text: string;
  readonly reason: string;
  constructor(text: string, reason: string) {
    this.text = text;
    this.reason = reason;
  }
}

/** A parsed JSON value, or what could not be parsed. */
export type Item = unknown;

/** An array up to here is parsed at once, which is fastest; a larger one is cut into elements first, to keep memory flat. */
const MAX_WHOLE_ARRAY_BYTES = 4 * 1024 * 1024;
const NOT_JSON = "not JSON";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

const LINE_FEED = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Reads a payload lazily.
 * @param batchBytes payload bytes after which an array of items is handed out
 * @returns arrays of items in payload order; a payload of blanks gives none. Invalid UTF-8 reads as U+FFFD.
 */
export function* readJsonItems(bytes: Uint8Array, batchBytes: number): Generator<readonly Item[], void, undefined> {
  let position = startsWithByteOrderMark(bytes) ? 3 : 0;
  let items: Item[] = [];
  let batchStart = position;
  // How far a broken object may be searched for its end over several lines: bounded, so that a body of broken lines stays linear.
  let searchBudget = bytes.length + batchBytes;
  while ((position = skipBlank(bytes, position)) < bytes.length) {
    const first = bytes[position];
    if (first === 0x5b && (items.length === 0 || bytes.length - position > MAX_WHOLE_ARRAY_BYTES)) {
      if (items.length > 0) yield items;
      items = [];
      position = yield* readArray(bytes, position, batchBytes);
      batchStart = position;
      continue;
    }
    const lineFeed = bytes.indexOf(LINE_FEED, position);
    const lineEnd = lineFeed < 0 ? bytes.length : lineFeed;
    const line = decoder.decode(bytes.subarray(position, lineEnd));
    const value = parseJson(line);
    if (value !== undefined) {
      pushValue(items, value);
      position = lineEnd + 1;
    } else {
      // Not one value a line: an object over several lines, or several on this one.
      const end = first === 0x7b && searchBudget > 0 ? findValueEnd(bytes, position, Math.min(bytes.length, position + searchBudget)) : -1;
      const found = end < 0 ? undefined : parseJson(decoder.decode(bytes.subarray(position, end)));
      if (end > lineEnd || end < 0) searchBudget -= (end < 0 ? bytes.length : end) - position;
      if (found === undefined) {
        items.push(new BrokenItem(line.trim(), NOT_JSON));
        position = lineEnd + 1;
      } else {
        items.push(found);
        position = end;
      }
    }
    if (position - batchStart >= batchBytes) {
      yield items;
      items = [];
      batchStart = position;
    }
  }
  if (items.length > 0) yield items;
}

/** An array on a line of its own is a batch of items, not an item. */
function pushValue(items: Item[], value: unknown): void {
  if (Array.isArray(value)) for (const element of value) items.push(element);
  else items.push(value);
}

/** Yields the elements of the array that begins at `start`; returns the position behind it. */
function* readArray(bytes: Uint8Array, start: number, batchBytes: number): Generator<readonly Item[], number, undefined> {
  if (bytes.length - start <= MAX_WHOLE_ARRAY_BYTES) {
    const value = parseJson(decoder.decode(bytes.subarray(start)));
    if (Array.isArray(value)) {
      const perBatch = Math.max(1, Math.floor((value.length * batchBytes) / (bytes.length - start)));
      for (let index = 0; index < value.length; index += perBatch) yield value.slice(index, index + perBatch);
      return bytes.length;
    }
  }
  let items: Item[] = [];
  let position = start + 1;
  let batchStart = start;
  // An element that never closes is searched to the end; a body of such elements must stay linear.
  let searchBudget = 4 * bytes.length;
  for (;;) {
    position = skipBlank(bytes, position);
    const byte = bytes[position];
    if (byte === 0x2c) {
      position++;
      continue;
    }
    if (byte === 0x5d || byte === undefined) break;
    let end = searchBudget > 0 ? findElementEnd(bytes, position) : bytes.length;
    if (end < 0) {
      searchBudget -= bytes.length - position;
      end = findNextElement(bytes, position);
    }
    const text = decoder.decode(bytes.subarray(position, end)).trim();
    const value = parseJson(text);
    items.push(value === undefined ? new BrokenItem(text, NOT_JSON) : value);
    position = end;
    if (position - batchStart >= batchBytes) {
      yield items;
      items = [];
      batchStart = position;
    }
  }
  if (items.length > 0) yield items;
  return position + 1;
}

/** At the comma or bracket that ends the element begun at `start`; -1 when the element has an open end. */
function findElementEnd(bytes: Uint8Array, start: number): number {
  let depth = 0;
  for (let position = start; position < bytes.length; position++) {
    const byte = bytes[position];
    if (byte === QUOTE) {
      position = findStringEnd(bytes, position);
      if (position < 0) return -1;
    } else if (byte === 0x7b || byte === 0x5b) {
      depth++;
    } else if (byte === 0x7d || byte === 0x5d) {
      if (depth > 0) depth--;
      else if (byte === 0x5d) return position;
    } else if (byte === 0x2c && depth === 0) {
      return position;
    }
  }
  return -1;
}

/** An element whose string or bracket never closes ends before the next `},{` or line, so that it takes no good one with it. */
function findNextElement(bytes: Uint8Array, from: number): number {
  for (let position = bytes.indexOf(0x7b, from + 1); position > 0; position = bytes.indexOf(0x7b, position + 1)) {
    let before = position - 1;
    while (before > from && isBlank(bytes[before] as number)) before--;
    if (bytes[before] !== 0x2c) continue;
    const comma = before--;
    while (before > from && isBlank(bytes[before] as number)) before--;
    if (bytes[before] === 0x7d) return comma;
  }
  return bytes.length;
}

/** Behind the balanced value that begins at `start`; -1 when it does not close before `limit`. */
function findValueEnd(bytes: Uint8Array, start: number, limit: number): number {
  let depth = 0;
  for (let position = start; position < limit; position++) {
    const byte = bytes[position];
    if (byte === QUOTE) {
      position = findStringEnd(bytes, position);
      if (position < 0) return -1;
    } else if (byte === 0x7b || byte === 0x5b) {
      depth++;
    } else if ((byte === 0x7d || byte === 0x5d) && --depth === 0) {
      return position + 1;
    }
  }
  return -1;
}

/** At the closing quote; -1 when there is none on this line: a JSON string holds no raw line feed. */
function findStringEnd(bytes: Uint8Array, start: number): number {
  for (let position = start + 1; position < bytes.length; position++) {
    const byte = bytes[position];
    if (byte === BACKSLASH) position++;
    else if (byte === QUOTE) return position;
    else if (byte === LINE_FEED) return -1;
  }
  return -1;
}

function skipBlank(bytes: Uint8Array, from: number): number {
  let position = from;
  while (position < bytes.length && isBlank(bytes[position] as number)) position++;
  return position;
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === LINE_FEED || byte === 0x0d || byte === 0x09;
}

function startsWithByteOrderMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}
