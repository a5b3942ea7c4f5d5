// An OTLP/JSON request of any signal: how many records it holds, and the same text with attributes added to its resources.
// The text is edited where the resources stand and copied everywhere else, so that no number, no order and no blank changes.
import type { Stamp } from "../../enrich.ts";
import { isObject } from "../../read/broken.ts";
import { attributeJson } from "../json.ts";
import type { KeyValue } from "../model.ts";
import { SIGNALS, type Signal } from "../signal.ts";
import { elementsOf, membersOf, readString, type Span } from "./json-text.ts";

type Fields = Readonly<Record<string, unknown>>;

const METRIC_DATA = ["gauge", "sum", "histogram", "exponentialHistogram", "summary"] as const;
const OPEN_OBJECT = 0x7b;
const OPEN_ARRAY = 0x5b;

/**
 * @returns log records, spans or data points; undefined when the text is not one request in OTLP/JSON's own spelling, as far as
 *   the layers around the records go, and for logs the records' own fields
 */
export function countJson(request: unknown, signal: Signal): number | undefined {
  const { items, scopes, records } = SIGNALS[signal];
  const list = isObject(request) ? readList(request[items]) : undefined;
  if (list === undefined) return undefined;
  let count = 0;
  for (const item of list) {
    const scopeList = isObject(item) && isAttributed(item["resource"]) ? readList(item[scopes]) : undefined;
    if (scopeList === undefined) return undefined;
    for (const scope of scopeList) {
      const recordList = isObject(scope) && isAttributed(scope["scope"]) ? readList(scope[records]) : undefined;
      if (recordList === undefined) return undefined;
      for (const record of recordList) {
        if (!isObject(record) || (signal === "logs" && !isPlainRecord(record))) return undefined;
        count += signal === "metrics" ? countPoints(record) : 1;
      }
    }
  }
  return count;
}

/** Absent and null are the empty list. */
function readList(value: unknown): readonly unknown[] | undefined {
  return value === undefined || value === null ? [] : Array.isArray(value) ? value : undefined;
}

/** A resource or a scope. */
function isAttributed(value: unknown): boolean {
  return value === undefined || value === null || (isObject(value) && isAttributes(value["attributes"]));
}

function isAttributes(value: unknown): boolean {
  return readList(value)?.every((attribute) => isObject(attribute) && isText(attribute["key"]) && isMessage(attribute["value"])) ?? false;
}

/** What hand-made clients write otherwise is decoded instead, and so mended. */
function isPlainRecord(record: Fields): boolean {
  return (
    isMessage(record["body"]) &&
    isAttributes(record["attributes"]) &&
    isInteger(record["timeUnixNano"]) &&
    isInteger(record["observedTimeUnixNano"]) &&
    isNumber(record["severityNumber"]) &&
    isText(record["severityText"]) &&
    isText(record["traceId"]) &&
    isText(record["spanId"])
  );
}

function isMessage(value: unknown): boolean {
  return value === undefined || value === null || isObject(value);
}

function isText(value: unknown): boolean {
  return value === undefined || value === null || typeof value === "string";
}

function isNumber(value: unknown): boolean {
  return value === undefined || value === null || typeof value === "number";
}

/** Nanoseconds as a JSON number lose their last digits in many a parser. */
function isInteger(value: unknown): boolean {
  if (typeof value === "string") return /^\d{1,20}$/.test(value);
  return value === undefined || value === null || Number.isSafeInteger(value);
}

/** A metric of a kind that is not known here counts as one point: it is not nothing. */
function countPoints(metric: Fields): number {
  let points = 0;
  for (const name of METRIC_DATA) {
    const data = metric[name];
    if (isObject(data) && Array.isArray(data["dataPoints"])) points += data["dataPoints"].length;
  }
  return Math.max(1, points);
}

/** Text in the place of a stretch of the request. */
interface Edit extends Span {
  readonly text: string;
}

/**
 * @param bytes whose text `countJson` could read
 * @param maxBytes of the result: adding to very many small resources must not fill the memory
 * @returns undefined past the cap
 */
export function stampJson(bytes: Uint8Array, signal: Signal, stamp: Stamp, maxBytes: number): Uint8Array<ArrayBuffer> | undefined {
  const edits: Edit[] = [];
  let length = bytes.length;
  for (const list of membersOf(bytes, { start: 0, end: bytes.length })) {
    if (list.name !== SIGNALS[signal].items || bytes[list.start] !== OPEN_ARRAY) continue;
    for (const item of elementsOf(bytes, list)) {
      for (const edit of editItem(bytes, item, stamp)) {
        edits.push(edit);
        length += edit.text.length;
      }
      if (length > maxBytes) return undefined;
    }
  }
  const stamped = applyEdits(bytes, edits);
  return stamped.length > maxBytes ? undefined : stamped;
}

function editItem(bytes: Uint8Array, item: Span, stamp: Stamp): readonly Edit[] {
  const resources = [...membersOf(bytes, item)].filter(({ name }) => name === "resource");
  // Of a name that comes twice parsers take the last, or the first: so each gets it.
  return resources.length === 0
    ? [insertMember(bytes, item, "resource", newResource(stamp))]
    : resources.flatMap((resource) => editResource(bytes, resource, stamp));
}

function editResource(bytes: Uint8Array, resource: Span, stamp: Stamp): readonly Edit[] {
  if (bytes[resource.start] !== OPEN_OBJECT) return [replace(resource, newResource(stamp))];
  const lists = [...membersOf(bytes, resource)].filter(({ name }) => name === "attributes");
  return lists.length === 0
    ? [insertMember(bytes, resource, "attributes", listJson(added(stamp, new Set())))]
    : lists.flatMap((list) => editAttributes(bytes, list, stamp));
}

function editAttributes(bytes: Uint8Array, list: Span, stamp: Stamp): readonly Edit[] {
  if (bytes[list.start] !== OPEN_ARRAY) return [replace(list, listJson(added(stamp, new Set())))];
  const edits: Edit[] = [];
  const keys = new Set<string>();
  let isEmpty = true;
  for (const element of elementsOf(bytes, list)) {
    isEmpty = false;
    for (const { name, ...value } of membersOf(bytes, element)) {
      const key = name === "key" ? readString(bytes, value) : undefined;
      if (key === undefined) continue;
      keys.add(key);
      const winner = stamp.winning.find((attribute) => attribute.key === key);
      if (winner !== undefined) edits.push(replace(element, attributeJson(winner)));
    }
  }
  const missing = added(stamp, keys).map(attributeJson).join(",");
  if (missing !== "") edits.push({ start: list.end - 1, end: list.end - 1, text: isEmpty ? missing : `,${missing}` });
  return edits;
}

/** What a resource with these keys still lacks. */
function added({ winning, filling }: Stamp, keys: ReadonlySet<string>): readonly KeyValue[] {
  const known = new Set(keys);
  return [...winning, ...filling].filter(({ key }) => !known.has(key) && known.add(key));
}

function newResource(stamp: Stamp): string {
  return `{"attributes":${listJson(added(stamp, new Set()))}}`;
}

function listJson(attributes: readonly KeyValue[]): string {
  return `[${attributes.map(attributeJson).join(",")}]`;
}

function replace({ start, end }: Span, text: string): Edit {
  return { start, end, text };
}

function insertMember(bytes: Uint8Array, object: Span, name: string, value: string): Edit {
  const at = object.start + 1;
  const isEmpty = membersOf(bytes, object).next().done;
  return { start: at, end: at, text: `"${name}":${value}${isEmpty ? "" : ","}` };
}

/** @param edits in order, none over another */
function applyEdits(bytes: Uint8Array, edits: readonly Edit[]): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const texts = edits.map(({ text }) => encoder.encode(text));
  const removed = edits.reduce((sum, { start, end }) => sum + end - start, 0);
  const edited = new Uint8Array(bytes.length - removed + texts.reduce((sum, { length }) => sum + length, 0));
  let from = 0;
  let to = 0;
  const copy = (piece: Uint8Array): void => {
    edited.set(piece, to);
    to += piece.length;
  };
  for (const [index, { start, end }] of edits.entries()) {
    copy(bytes.subarray(from, start));
    copy(texts[index] as Uint8Array);
    from = end;
  }
  copy(bytes.subarray(from));
  return edited;
}
