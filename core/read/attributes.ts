// Building an attribute list whose keys stay unique, without losing the value that came second.
import { MAX_ATTRIBUTES, MAX_KEY_LENGTH, MAX_STRING_LENGTH } from "../limits.ts";
import type { AnyValue, KeyValue } from "../otlp/model.ts";
import { EMPTY_KEY, toAnyValue, truncate } from "./value.ts";

/** Where an app's own field goes whose name the platform's attribute already has. */
export const APP_PREFIX = "app.";
/** Namespace of what we say about a record; no app may speak in it. */
const OWN_PREFIX = "otlp_drain.";

/**
 * Appends an attribute that no other step of the caller writes. Nothing is appended for undefined, null and "".
 * The fast way for a platform's own fields; `value` is whatever the payload holds there.
 * @param before the attributes of the record before: where one says the same at the same place it is used again, as the same object,
 * which an encoder tells at a glance
 */
export function pushAttribute(attributes: KeyValue[], key: string, value: unknown, before?: readonly KeyValue[]): void {
  if (before !== undefined && attributes.length < before.length) {
    const candidate = before[attributes.length] as KeyValue;
    if (candidate.key === key && candidate.value === value) {
      attributes.push(candidate);
      return;
    }
  }
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
 * @returns how many were dropped because the record holds MAX_ATTRIBUTES already, or both names were taken
 */
export function putFields(attributes: KeyValue[], fields: Readonly<Record<string, unknown>>, skip: readonly string[] = []): number {
  const before = attributes.length;
  let dropped = 0;
  for (const name of Object.keys(fields)) {
    if (skip.includes(name)) continue;
    const value = toAnyValue(fields[name]);
    if (value === undefined || value === null) continue;
    if (attributes.length >= MAX_ATTRIBUTES || !appendField(attributes, before, name, value)) dropped++;
  }
  return dropped;
}

/** The same for fields that are attributes already. */
export function putAppAttributes(attributes: KeyValue[], fields: readonly KeyValue[]): number {
  const before = attributes.length;
  let dropped = 0;
  for (const { key, value } of fields) {
    if (attributes.length >= MAX_ATTRIBUTES || !appendField(attributes, before, key, value)) dropped++;
  }
  return dropped;
}

/** @returns false when the value found no name */
function appendField(attributes: KeyValue[], before: number, name: string, value: AnyValue): boolean {
  let key = name;
  let compared = before;
  if (name === "" || name.length > MAX_KEY_LENGTH || name.startsWith(APP_PREFIX) || name.startsWith(OWN_PREFIX)) {
    // Names that we change, or make ourselves, may meet others of the same list.
    compared = attributes.length;
    if (name === "") key = EMPTY_KEY;
    else key = truncate(name.startsWith(OWN_PREFIX) && name !== EMPTY_KEY ? APP_PREFIX + name : name, MAX_KEY_LENGTH);
  }
  const existing = readAttribute(attributes, key, compared);
  if (existing === undefined) {
    attributes.push({ key, value });
    return true;
  }
  return existing === value || putAttribute(attributes, APP_PREFIX + key, value);
}
