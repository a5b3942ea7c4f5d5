// An OTLP request of any signal in protobuf: how many records it holds, and the same request with attributes added to its resources.
// Only the resources are rewritten; every other byte is copied, fields that nobody here knows included.
import type { Stamp } from "../../enrich.ts";
import type { KeyValue } from "../model.ts";
import { encodeProtobuf } from "../protobuf.ts";
import type { Signal } from "../signal.ts";
import { END, WireReader } from "../wire.ts";

const FIRST = 0x0a;
const SECOND = 0x12;
const THIRD = 0x1a;
/** `Metric.data` is one of these fields: gauge 5, sum 7, histogram 9, exponential_histogram 10, summary 11. */
const METRIC_DATA: ReadonlySet<number> = new Set([0x2a, 0x3a, 0x4a, 0x52, 0x5a]);

/** @returns log records, spans or data points; undefined when the bytes are no OTLP request */
export function countProtobuf(bytes: Uint8Array, signal: Signal): number | undefined {
  const reader = new WireReader(bytes);
  let records = 0;
  for (let tag = reader.next(bytes.length); tag !== END; tag = reader.next(bytes.length)) {
    if (tag !== FIRST) {
      reader.skip(tag, bytes.length, 1);
      continue;
    }
    forEachRecord(reader, reader.open(bytes.length), (end) => {
      if (signal === "metrics") records += countPoints(reader, reader.open(end));
      else {
        reader.data(end);
        records++;
      }
    });
  }
  return reader.failed ? undefined : records;
}

function forEachRecord(reader: WireReader, itemEnd: number, read: (end: number) => void): void {
  for (let tag = reader.next(itemEnd); tag !== END; tag = reader.next(itemEnd)) {
    if (tag !== SECOND) {
      skipKnown(reader, tag, itemEnd);
      continue;
    }
    const end = reader.open(itemEnd);
    for (let inner = reader.next(end); inner !== END; inner = reader.next(end)) {
      if (inner === SECOND) read(end);
      else skipKnown(reader, inner, end);
    }
  }
}

/** Of items and scopes the first three fields are length-delimited. */
function skipKnown(reader: WireReader, tag: number, end: number): void {
  if (tag === FIRST || tag === SECOND || tag === THIRD) reader.data(end);
  else reader.skip(tag, end, 3);
}

/** A metric of a kind that is not known here counts as one point: it is not nothing. */
function countPoints(reader: WireReader, end: number): number {
  let points = 0;
  for (let tag = reader.next(end); tag !== END; tag = reader.next(end)) {
    if (!METRIC_DATA.has(tag)) {
      reader.skip(tag, end, 0);
      continue;
    }
    const dataEnd = reader.open(end);
    for (let inner = reader.next(dataEnd); inner !== END; inner = reader.next(dataEnd)) {
      if (inner === FIRST) points++;
      reader.skip(inner, dataEnd, 0);
    }
  }
  return Math.max(1, points);
}

interface EncodedStamp {
  readonly winning: ReadonlyMap<string, Uint8Array>;
  readonly filling: ReadonlyMap<string, Uint8Array>;
}

/**
 * @param bytes that `countProtobuf` could read
 * @param maxBytes of the result: adding to very many small resources must not fill the memory
 * @returns undefined past the cap
 */
export function stampProtobuf(bytes: Uint8Array, stamp: Stamp, maxBytes: number): Uint8Array<ArrayBuffer> | undefined {
  const encoded: EncodedStamp = { winning: encodeAll(stamp.winning), filling: encodeAll(stamp.filling) };
  const reader = new WireReader(bytes);
  const output = new Pieces();
  let copied = 0;
  let start = reader.position;
  for (let tag = reader.next(bytes.length); tag !== END; tag = reader.next(bytes.length)) {
    if (tag === FIRST) {
      const item = stampItem(bytes, reader, reader.open(bytes.length), encoded);
      output.add(bytes.subarray(copied, start));
      output.addField(FIRST, item);
      copied = reader.position;
      if (output.length > maxBytes) return undefined;
    } else {
      reader.skip(tag, bytes.length, 1);
    }
    start = reader.position;
  }
  output.add(bytes.subarray(copied));
  return output.length > maxBytes ? undefined : output.join();
}

function encodeAll(attributes: readonly KeyValue[]): ReadonlyMap<string, Uint8Array> {
  const encoded = new Map<string, Uint8Array>();
  for (const attribute of attributes) if (!encoded.has(attribute.key)) encoded.set(attribute.key, encodeAttribute(attribute));
  return encoded;
}

/** `Resource.attributes` with this one element, tag and length included. */
function encodeAttribute(attribute: KeyValue): Uint8Array {
  const bytes = encodeProtobuf([{ resource: { attributes: [attribute] }, scopeLogs: [] }]);
  const reader = new WireReader(bytes);
  for (let depth = 0; depth < 2; depth++) {
    reader.next(bytes.length);
    reader.open(bytes.length);
  }
  return bytes.subarray(reader.position);
}

/** An item with its resource at the place of the old one, or at its beginning. A resource in several parts is joined, as parsers read it. */
function stampItem(bytes: Uint8Array, reader: WireReader, end: number, stamp: EncodedStamp): Pieces {
  const before = new Pieces();
  const resource = new Pieces();
  const after = new Pieces();
  let target = before;
  for (let start = reader.position, tag = reader.next(end); tag !== END; start = reader.position, tag = reader.next(end)) {
    if (tag === FIRST) {
      resource.add(reader.data(end));
      target = after;
    } else {
      skipKnown(reader, tag, end);
      target.add(bytes.subarray(start, reader.position));
    }
  }
  const item = new Pieces();
  if (target === after) item.addAll(before);
  item.addField(FIRST, stampResource(resource.join(), stamp));
  item.addAll(target);
  return item;
}

function stampResource(resource: Uint8Array, { winning, filling }: EncodedStamp): Pieces {
  const reader = new WireReader(resource);
  const end = resource.length;
  const keys = new Set<string>();
  const output = new Pieces();
  for (let start = reader.position, tag = reader.next(end); tag !== END; start = reader.position, tag = reader.next(end)) {
    const key = tag === FIRST ? readKey(reader.data(end)) : undefined;
    if (tag !== FIRST) reader.skip(tag, end, 0);
    if (key !== undefined) keys.add(key);
    output.add((key === undefined ? undefined : winning.get(key)) ?? resource.subarray(start, reader.position));
  }
  // A resource that cannot be read stays as it is: its destination will say so.
  if (reader.failed) return new Pieces(resource);
  for (const attributes of [winning, filling]) {
    for (const [key, field] of attributes) {
      if (!keys.has(key)) output.add(field);
      keys.add(key);
    }
  }
  return output;
}

function readKey(keyValue: Uint8Array): string | undefined {
  const reader = new WireReader(keyValue);
  let key: string | undefined;
  for (let tag = reader.next(keyValue.length); tag !== END; tag = reader.next(keyValue.length)) {
    if (tag === FIRST) key = reader.text(keyValue.length);
    else reader.skip(tag, keyValue.length, 0);
  }
  return key;
}

/** Bytes in pieces, joined once. */
class Pieces {
  readonly #pieces: Uint8Array[] = [];
  length = 0;

  constructor(piece?: Uint8Array) {
    if (piece !== undefined) this.add(piece);
  }

  add(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.length += piece.length;
  }

  addAll(other: Pieces): void {
    for (const piece of other.#pieces) this.add(piece);
  }

  /** A length-delimited field. */
  addField(tag: number, content: Pieces): void {
    this.add(header(tag, content.length));
    this.addAll(content);
  }

  join(): Uint8Array<ArrayBuffer> {
    const joined = new Uint8Array(this.length);
    let position = 0;
    for (const piece of this.#pieces) {
      joined.set(piece, position);
      position += piece.length;
    }
    return joined;
  }
}

function header(tag: number, length: number): Uint8Array {
  const bytes = [tag];
  let rest = length;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
