// Where a JSON value ends, found by brackets and quotes alone: what cuts a payload into items before, or without, parsing it.

const LINE_FEED = 0x0a;
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Bytes that may still be searched in vain: what was, is taken off. */
export interface SearchBudget {
  bytes: number;
}

/** At the comma or bracket that ends the element begun at `start`; -1 when it has no end before `limit` or within the budget. */
export function findElementEnd(bytes: Uint8Array, start: number, limit: number, budget?: SearchBudget): number {
  const stop = budget === undefined ? limit : Math.min(limit, start + budget.bytes);
  let depth = 0;
  let position = start;
  for (; position < stop; position++) {
    const byte = bytes[position];
    if (byte === QUOTE) {
      position = findStringEnd(bytes, position, stop);
      if (bytes[position] !== QUOTE) break;
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      depth++;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      if (depth > 0) depth--;
      else if (byte === CLOSE_ARRAY) return position;
    } else if (byte === COMMA && depth === 0) {
      return position;
    }
  }
  if (budget !== undefined) budget.bytes -= position - start;
  return -1;
}

/**
 * Where the next element begins, or the comma before it: an element whose string or bracket never closes ends before the next
 * `},{`, or before an object that begins a line, so that it takes no good one with it.
 */
export function findNextElement(bytes: Uint8Array, from: number): number {
  for (let position = bytes.indexOf(OPEN_OBJECT, from + 1); position > 0; position = bytes.indexOf(OPEN_OBJECT, position + 1)) {
    let isLineStart = false;
    let before = position - 1;
    for (; before > from && isBlank(bytes[before] as number); before--) isLineStart ||= bytes[before] === LINE_FEED;
    if (bytes[before] !== COMMA && isLineStart) return position;
    if (bytes[before] !== COMMA) continue;
    const comma = before--;
    while (before > from && isBlank(bytes[before] as number)) before--;
    if (isLineStart || bytes[before] === CLOSE_OBJECT) return comma;
  }
  return bytes.length;
}

/** Behind the balanced value that begins at `start`; -1 when it does not close before `limit` or within the budget. */
export function findValueEnd(bytes: Uint8Array, start: number, limit: number, budget?: SearchBudget): number {
  const stop = budget === undefined ? limit : Math.min(limit, start + budget.bytes);
  let depth = 0;
  let position = start;
  for (; position < stop; position++) {
    const byte = bytes[position];
    if (byte === QUOTE) {
      position = findStringEnd(bytes, position, stop);
      if (bytes[position] !== QUOTE) break;
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      depth++;
    } else if ((byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) && --depth === 0) {
      return position + 1;
    }
  }
  if (budget !== undefined) budget.bytes -= position - start;
  return -1;
}

/** At the closing quote, or where the string breaks off: at the end of the line (a JSON string holds no raw line feed) or at `limit`. */
function findStringEnd(bytes: Uint8Array, start: number, limit: number): number {
  let position = start + 1;
  for (; position < limit; position++) {
    const byte = bytes[position];
    if (byte === BACKSLASH) position++;
    else if (byte === QUOTE || byte === LINE_FEED) return position;
  }
  return limit;
}

/** The position of the next byte that is no JSON white space. */
export function skipBlank(bytes: Uint8Array, from: number): number {
  let position = from;
  while (position < bytes.length && isBlank(bytes[position] as number)) position++;
  return position;
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === LINE_FEED || byte === 0x0d || byte === 0x09;
}
