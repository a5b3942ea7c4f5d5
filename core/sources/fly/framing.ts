// What a Vector `http` sink's body holds, item by item: JSON in any framing, text lines (`codec text`), and the shapes in
// which an item stands inside another one. Content types lie, so the bytes decide.
import { MAX_BATCH_BYTES } from "../../limits.ts";
import type { AnyValue } from "../../otlp/model.ts";
import { APP_PREFIX } from "../../read/attributes.ts";
import { isObject } from "../../read/broken.ts";
import { parseJson } from "../../read/json.ts";
import { BrokenItem, type Item, readJsonItems } from "../../read/json-items.ts";
import { readJsonObject } from "../../read/message.ts";
import { beginsLikeJson } from "../../read/raw-text.ts";
import { defineMember } from "../../read/value.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** A wrapper is parsed at once and may hold a whole batch of the sender (10 MB): its items are handed on in pieces. */
const MAX_UNWRAPPED_ITEMS = 256;
const LINE_FEED = 0x0a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

const decoder = new TextDecoder("utf-8");

/** Items in payload order, lazily, in stretches of about MAX_BATCH_BYTES. A text line is an item with a `message`. */
export function* readItems(payload: Uint8Array): Generator<readonly Item[], void, undefined> {
  const isJson = beginsLikeJson(payload) || isWholeArray(payload);
  for (const items of isJson ? readJsonItems(payload, MAX_BATCH_BYTES) : readTextLines(payload)) {
    if (!items.some(isWrapped)) {
      yield items;
      continue;
    }
    const unwrapped = items.flatMap((item) => (isWrapped(item) ? unwrap(item) : [item]));
    for (let start = 0; start < unwrapped.length; start += MAX_UNWRAPPED_ITEMS) yield unwrapped.slice(start, start + MAX_UNWRAPPED_ITEMS);
  }
}

/** `[null,{...}]`: a bare word behind the bracket mostly means text (`[info] ...`), unless the whole is an array after all. */
function isWholeArray(payload: Uint8Array): boolean {
  let end = payload.length - 1;
  while (end > 0 && (payload[end] as number) <= 0x20) end--;
  const start = payload.findIndex((byte) => byte > 0x20);
  if (payload[start] !== OPEN_ARRAY || payload[end] !== CLOSE_ARRAY) return false;
  return Array.isArray(parseJson(decoder.decode(payload)));
}

/** `codec text` and its like: one record a line. Among them a JSON line is still an item of its own. */
function* readTextLines(payload: Uint8Array): Generator<readonly Item[], void, undefined> {
  let items: Item[] = [];
  let batchStart = 0;
  for (let position = 0; position < payload.length; ) {
    const lineFeed = payload.indexOf(LINE_FEED, position);
    const end = lineFeed < 0 ? payload.length : lineFeed;
    const line = decoder.decode(payload.subarray(position, end)).trimEnd();
    if (line !== "") items.push(readJsonObject(line) ?? { message: line });
    position = end + 1;
    if (position - batchStart < MAX_BATCH_BYTES) continue;
    if (items.length > 0) yield items;
    items = [];
    batchStart = position;
  }
  if (items.length > 0) yield items;
}

/** Members that only an item of its own has. */
const ITEM_FIELDS = ["fly", "message", "subject", "timestamp", "resourceLogs", "scopeLogs"] as const;

/**
 * Whether the object holds items instead of being one: the only array, of nothing but objects, inside what `payload_prefix` and
 * `payload_suffix` put around it; or the `log` of `codec native_json`.
 */
function isWrapped(item: Item): item is Fields {
  if (!isObject(item) || item instanceof BrokenItem || ITEM_FIELDS.some((field) => item[field] !== undefined)) return false;
  return isNativeLog(item) || findItems(item) !== undefined;
}

function isNativeLog(item: Fields): boolean {
  const { log } = item;
  return isObject(log) && (log["message"] !== undefined || log["timestamp"] !== undefined) && Object.keys(item).length === 1;
}

/** The name of the member that holds the items. */
function findItems(wrapper: Fields): string | undefined {
  let found: string | undefined;
  for (const name in wrapper) {
    if (!Array.isArray(wrapper[name])) continue;
    if (found !== undefined) return undefined;
    found = name;
  }
  const items = found === undefined ? [] : (wrapper[found] as readonly unknown[]);
  if (items.length === 0 || !items.every(isObject)) return undefined;
  // Beside other members it may be a list inside an ordinary event, unless its elements are events themselves.
  const isAlone = Object.keys(wrapper).length === 1;
  return isAlone || items.every((element) => isObject(element["fly"]) || typeof element["message"] === "string") ? found : undefined;
}

/** What stands beside the items of a wrapper belongs to each of them. */
function unwrap(wrapper: Fields): readonly Item[] {
  const name = findItems(wrapper);
  if (name === undefined) return [wrapper["log"]];
  const items = wrapper[name] as readonly Fields[];
  const beside = Object.keys(wrapper).filter((key) => key !== name);
  if (beside.length === 0) return items;
  return items.map((element) => {
    const item = { ...element } as Record<string, AnyValue | undefined>;
    for (const key of beside) defineMember(item, Object.hasOwn(element, key) ? APP_PREFIX + key : key, wrapper[key] as AnyValue);
    return item;
  });
}
