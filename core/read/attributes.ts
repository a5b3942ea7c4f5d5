// Building an attribute list whose keys stay unique, without losing the value that came second.
import { MAX_ATTRIBUTES, MAX_KEY_LENGTH, MAX_STRING_LENGTH } from "../limits.ts";
import type { AnyValue, KeyValue } from "../otlp/model.ts";
import { EMPTY_KEY, toAnyValue, truncate } from "./value.ts";

/** Where an app's own field goes whose name the platform's attribute already has. */
export const APP_PREFIX = "app.";

/**
 * Appends an attribute that no other step of the caller writes. Nothing is appended for undefined, null and "".
 * The fast way for a platform's own fields; `value` is whatever the payload holds there.
 */
export function pushAttribute(attributes: KeyValue[], key: string, value: unknown): void {
  if (typeof value === "string") {
    if (value !== "") attributes.push({ key, value: truncate(value, MAX_STRING_LENGTH) });
    return;
  }
  if (value === undefined || value === null) return;
  const safe = toAnyValue(value);
  if (safe !== undefined) attributes.push({ key, value: safe });
}

/** The value of `key`, or undefined; looks at the first `length` attributes. */
export function readAttribute(attributes: readonly KeyValue[], key: string, length: number = attributes.length): AnyValue | undefined {
  for (let index = 0; index < length; index++) {
    const attribute = attributes[index] as KeyValue;
    if (attribute.key === key) return attribute.value;
  }
  return undefined;
}

/** Appends unless the key is taken; says whether it did. Unlike `pushAttribute` it keeps "". */
export function putAttribute(attributes: KeyValue[], key: string, value: unknown): boolean {
  if (value === undefined || value === null || readAttribute(attributes, key) !== undefined) return false;
  const safe = toAnyValue(value);
  if (safe === undefined || safe === null) return false;
  attributes.push({ key, value: safe });
  return true;
}

/**
 * Appends an app's own fields, as parsed: a member that is null or has no value is absent, one whose name is taken by
 * another value becomes `app.<name>`. The fields' names are unique among themselves, so only what stood before is compared.
 * @param skip names that found their place elsewhere
 * @returns how many were dropped because the record holds MAX_ATTRIBUTES already
 */
export function putFields(attributes: KeyValue[], fields: Readonly<Record<string, unknown>>, skip: readonly string[] = []): number {
  const before = attributes.length;
  let dropped = 0;
  for (const name of Object.keys(fields)) {
    if (skip.includes(name)) continue;
    const value = toAnyValue(fields[name]);
    if (value === undefined || value === null) continue;
    if (attributes.length >= MAX_ATTRIBUTES) dropped++;
    else appendField(attributes, before, name === "" ? EMPTY_KEY : truncate(name, MAX_KEY_LENGTH), value);
  }
  return dropped;
}

/** The same for fields that are attributes already. */
export function putAppAttributes(attributes: KeyValue[], fields: readonly KeyValue[]): number {
  const before = attributes.length;
  let dropped = 0;
  for (const { key, value } of fields) {
    if (attributes.length >= MAX_ATTRIBUTES) dropped++;
    else appendField(attributes, before, key, value);
  }
  return dropped;
}

function appendField(attributes: KeyValue[], before: number, key: string, value: AnyValue): void {
  const existing = readAttribute(attributes, key, before);
  if (existing === undefined) attributes.push({ key, value });
  else if (existing !== value) putAttribute(attributes, APP_PREFIX + key, value);
}
