// The items of a JSON payload, whatever framing its sender chose: an array, NDJSON, one object (pretty-printed too),
// concatenated objects, arrays one a line. Content types lie, so the first byte decides. A broken item stays beside the good ones.
import { parseJson } from "./json.ts";
import { findElementEnd, findNextElement, findValueEnd, type SearchBudget, skipBlank } from "./json-scan.ts";

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
/** How often a payload may be searched for the end of values that have none: a body of such values stays linear. */
const MAX_SEARCHES = 4;
/** Lines that are decoded at once. Their text is gone before the next, and one character beyond Latin-1 makes little of it twice as wide. */
const STRETCH_BYTES = 8 * 1024;
const NOT_JSON = "not JSON";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

const LINE_FEED = 0x0a;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;

/** What is being read: items not handed out yet, where the first of them begins, and what may still be searched. */
interface Reading {
  items: Item[];
  start: number;
  readonly batchBytes: number;
  readonly budget: SearchBudget;
}

/**
 * Reads a payload lazily.
 * @param batchBytes payload bytes after which an array of items is handed out
 * @returns arrays of items in payload order, none empty; a payload of blanks gives none. Invalid UTF-8 reads as U+FFFD.
 */
export function* readJsonItems(bytes: Uint8Array, batchBytes: number): Generator<readonly Item[], void, undefined> {
  let position = skipBlank(bytes, startsWithByteOrderMark(bytes) ? 3 : 0);
  const reading: Reading = { items: [], start: position, batchBytes, budget: { bytes: MAX_SEARCHES * bytes.length } };
  if (bytes[position] === OPEN_ARRAY) {
    const isLong = bytes.length - position > MAX_WHOLE_ARRAY_BYTES;
    const whole = isLong ? undefined : parseJson(decoder.decode(bytes.subarray(position)));
    if (Array.isArray(whole)) {
      const perBatch = Math.max(1, Math.floor((whole.length * batchBytes) / (bytes.length - position)));
      for (let index = 0; index < whole.length; index += perBatch) yield whole.slice(index, index + perBatch);
      return;
    }
    if (isLong || beginsArray(bytes, position)) position = yield* readArray(bytes, position, reading);
  }
  // Up to here a line was tried as one value: what is left of it is not tried again.
  let lineEnd = -1;
  const stretchBytes = Math.min(STRETCH_BYTES, batchBytes >> 2);
  // Up to here lines are read one by one, because one of them was no value.
  let stretchEnd = position;
  while ((position = skipBlank(bytes, position)) < bytes.length) {
    if (position >= stretchEnd && position > lineEnd) {
      stretchEnd = position + bytes.subarray(position, position + stretchBytes).lastIndexOf(LINE_FEED) + 1;
      const end = readStretch(bytes, position, stretchEnd, reading.items);
      if (end > position) {
        position = end;
        if (position - reading.start >= batchBytes) yield* takeItems(reading, position);
        continue;
      }
    }
    let value: unknown;
    if (position > lineEnd) {
      const lineFeed = bytes.indexOf(LINE_FEED, position);
      lineEnd = lineFeed < 0 ? bytes.length : lineFeed;
      value = parseJson(decoder.decode(bytes.subarray(position, lineEnd)));
    }
    if (value !== undefined) {
      pushValue(reading.items, value);
      position = lineEnd + 1;
    } else if (beginsArray(bytes, position)) {
      // An array whose bracket is alone on its line goes on over many lines; any other ends with its own.
      const limit = skipBlank(bytes, position + 1) >= lineEnd ? bytes.length : lineEnd;
      position = yield* readArray(bytes.subarray(0, limit), position, reading);
    } else {
      position = readBrokenLine(bytes, position, lineEnd, reading);
    }
    if (position - reading.start >= batchBytes) yield* takeItems(reading, position);
  }
  yield* takeItems(reading, position);
}

/**
 * Reads lines that are one value each. Their text is decoded at once: a call for every line costs a quarter as much as its parsing.
 * @returns the position behind the last such line
 */
function readStretch(bytes: Uint8Array, start: number, end: number, items: Item[]): number {
  const text = decoder.decode(bytes.subarray(start, end));
  let lines = 0;
  for (let from = 0; from < text.length; lines++) {
    const to = text.indexOf("\n", from);
    const value = parseJson(text.slice(from, to));
    if (value === undefined) break;
    pushValue(items, value);
    from = to + 1;
    if (from === text.length) return end;
  }
  let position = start;
  for (; lines > 0; lines--) position = bytes.indexOf(LINE_FEED, position) + 1;
  return position;
}

function* takeItems(reading: Reading, position: number): Generator<readonly Item[], void, undefined> {
  const { items } = reading;
  reading.start = position;
  if (items.length === 0) return;
  reading.items = [];
  yield items;
}

/** An array on a line of its own is a batch of items, not an item. */
function pushValue(items: Item[], value: unknown): void {
  if (Array.isArray(value)) for (const element of value) items.push(element);
  else items.push(value);
}

/** `[` before an object, an array or the end of one. Before anything else it is more likely text: `[ERROR] ...`. */
function beginsArray(bytes: Uint8Array, position: number): boolean {
  if (bytes[position] !== OPEN_ARRAY) return false;
  const next = bytes[skipBlank(bytes, position + 1)];
  return next === undefined || next === OPEN_OBJECT || next === OPEN_ARRAY || next === CLOSE_ARRAY || next === COMMA;
}

/** What is not one value a line: several on one line, an object over several lines, or text. Reads one item; returns the position behind it. */
function readBrokenLine(bytes: Uint8Array, start: number, lineEnd: number, { items, budget }: Reading): number {
  let end = -1;
  if (bytes[start] === OPEN_OBJECT) {
    end = findValueEnd(bytes, start, lineEnd);
    if (end < 0) end = findValueEnd(bytes, start, bytes.length, budget);
  }
  const value = end < 0 ? undefined : parseJson(decoder.decode(bytes.subarray(start, end)));
  if (value !== undefined) {
    items.push(value);
    return end;
  }
  // A broken object takes no good one on its line with it.
  const isAlone = end < 0 || end > lineEnd || bytes[skipBlank(bytes, end)] !== OPEN_OBJECT;
  const brokenEnd = isAlone ? lineEnd : end;
  items.push(new BrokenItem(decoder.decode(bytes.subarray(start, brokenEnd)).trim(), NOT_JSON));
  return brokenEnd;
}

/** Reads the elements of the array that begins at `start`; returns the position behind it. */
function* readArray(bytes: Uint8Array, start: number, reading: Reading): Generator<readonly Item[], number, undefined> {
  let position = start + 1;
  for (;;) {
    position = skipBlank(bytes, position);
    const byte = bytes[position];
    if (byte === COMMA) {
      position++;
      continue;
    }
    if (byte === CLOSE_ARRAY || byte === undefined) break;
    let end = findElementEnd(bytes, position, bytes.length, reading.budget);
    if (end < 0) {
      // An element without an end, or no budget to find it with: it reaches to the next one at most.
      const next = findNextElement(bytes, position);
      end = findElementEnd(bytes, position, next);
      if (end < 0) end = next;
    }
    const text = decoder.decode(bytes.subarray(position, end)).trim();
    const value = parseJson(text);
    reading.items.push(value === undefined ? new BrokenItem(text, NOT_JSON) : value);
    position = end;
    if (position - reading.start >= reading.batchBytes) yield* takeItems(reading, position);
  }
  return Math.min(position + 1, bytes.length);
}

function startsWithByteOrderMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}
