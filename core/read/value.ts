// Anything a platform may hand over -> an AnyValue that every encoder can write: bounded in depth, members and length,
// no exotic objects. What is safe already is returned as it is, without a copy.
import { MAX_STRING_LENGTH, MAX_VALUE_DEPTH, MAX_VALUE_MEMBERS } from "../limits.ts";
import { type AnyValue, Float64 } from "../otlp/model.ts";

/** In the place of a member whose getter throws. */
const UNREADABLE = "[unreadable]";
/** Where a string was cut. */
export const TRUNCATION_MARK = "...[truncated]";
/** Key of the member that counts what was cut from a map, and name of the empty key. */
const TRUNCATED_MEMBERS_KEY = "otlp_drain.truncated_members";
export const EMPTY_KEY = "otlp_drain.empty_key";

/**
 * Converts a parsed JSON value or any JavaScript value.
 * @returns undefined for what has no value (undefined, a function, a symbol); `null` stays null.
 */
export function toAnyValue(value: unknown): AnyValue | undefined {
  switch (typeof value) {
    case "string":
      return value.length <= MAX_STRING_LENGTH ? value : truncate(value, MAX_STRING_LENGTH);
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "boolean":
    case "bigint":
      return value;
    case "object":
      return value === null ? null : objectValue(value, 0, undefined);
    default:
      return undefined;
  }
}

/** Cuts to at most `maxLength` UTF-16 units, mark included, never inside a surrogate pair. */
export function truncate(value: string, maxLength: number): string {
  if (value.length <= maxLength) return value;
  let end = Math.max(0, maxLength - TRUNCATION_MARK.length);
  const last = value.charCodeAt(end - 1);
  if (last >= 0xd800 && last <= 0xdbff) end--;
  return value.slice(0, end) + TRUNCATION_MARK;
}

/** `ancestors` guards against cycles; it is only built below the top level. */
function objectValue(value: object, depth: number, ancestors: readonly object[] | undefined): AnyValue {
  if (value instanceof Uint8Array || value instanceof Float64) return value;
  if (ancestors?.includes(value)) return "[circular]";
  if (depth >= MAX_VALUE_DEPTH) return "[truncated: depth]";
  const path = ancestors === undefined ? [value] : [...ancestors, value];
  if (Array.isArray(value)) return arrayValue(value, depth, path);
  if (value instanceof Map) return mapValue(Object.fromEntries([...value].map(([key, member]) => [toKey(key), member])), depth, path);
  if (value instanceof Set) return arrayValue([...value], depth, path);
  if (value instanceof Error) return mapValue({ name: value.name, message: value.message, stack: value.stack }, depth, path);
  if ("toJSON" in value && typeof value.toJSON === "function") {
    const json = readToJson(value as { toJSON(): unknown });
    return typeof json === "object" && json !== null && json !== value
      ? objectValue(json, depth + 1, path)
      : ((json === value ? "[circular]" : toAnyValue(json)) ?? null);
  }
  return mapValue(value as Record<string, unknown>, depth, path);
}

/** An object may have no text of its own. */
function toKey(key: unknown): string {
  try {
    return String(key);
  } catch {
    return "[unreadable]";
  }
}

function readToJson(value: { toJSON(): unknown }): unknown {
  try {
    return value.toJSON();
  } catch {
    return UNREADABLE;
  }
}

function member(value: unknown, depth: number, path: readonly object[]): AnyValue | undefined {
  return typeof value === "object" && value !== null ? objectValue(value, depth + 1, path) : toAnyValue(value);
}

function arrayValue(array: readonly unknown[], depth: number, path: readonly object[]): AnyValue {
  const length = Math.min(array.length, MAX_VALUE_MEMBERS);
  let copy: AnyValue[] | undefined = array.length > length ? (array.slice(0, length) as AnyValue[]) : undefined;
  for (let index = 0; index < length; index++) {
    const element = array[index];
    // A hole or a function has a place in an array, so it keeps it, as in JSON.
    const safe = member(element, depth, path) ?? null;
    if (safe !== element) {
      copy ??= array.slice() as AnyValue[];
      copy[index] = safe;
    }
  }
  if (array.length > length) copy?.push(`[truncated: ${array.length - length} more]`);
  return copy ?? (array as readonly AnyValue[]);
}

function mapValue(map: Readonly<Record<string, unknown>>, depth: number, path: readonly object[]): AnyValue {
  const keys = Object.keys(map);
  const length = Math.min(keys.length, MAX_VALUE_MEMBERS);
  // An encoder walks a map with `for in`, which sees what a class puts on its prototype too.
  let copy = keys.length > length || !isPlain(map) ? copyMembers(map, keys.slice(0, length)) : undefined;
  for (let index = 0; index < length; index++) {
    const key = keys[index] as string;
    const value = readMember(map, key);
    const safe = member(value, depth, path);
    if (safe !== value || value === UNREADABLE || key === "") {
      copy ??= copyMembers(map, keys);
      if (key === "") delete copy[key];
      defineMember(copy, key === "" ? EMPTY_KEY : key, safe);
    }
  }
  if (keys.length > length) defineMember(copy ?? {}, TRUNCATED_MEMBERS_KEY, keys.length - length);
  return copy ?? (map as Record<string, AnyValue>);
}

function isPlain(map: object): boolean {
  const prototype = Object.getPrototypeOf(map);
  return prototype === Object.prototype || prototype === null;
}

/** A getter of a platform object may throw. */
function readMember(map: Readonly<Record<string, unknown>>, key: string): unknown {
  try {
    return map[key];
  } catch {
    return UNREADABLE;
  }
}

function copyMembers(map: Readonly<Record<string, unknown>>, keys: readonly string[]): Record<string, AnyValue | undefined> {
  const copy: Record<string, AnyValue | undefined> = {};
  for (const key of keys) defineMember(copy, key, readMember(map, key) as AnyValue);
  return copy;
}

/** Assignment to `__proto__` would set the prototype instead. */
export function defineMember(map: Record<string, AnyValue | undefined>, key: string, value: AnyValue | undefined): void {
  if (key === "__proto__") Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
  else map[key] = value;
}
