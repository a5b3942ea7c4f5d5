// Reading the runtime's own objects, whose properties are lazy getters, and the plain objects that stand in for them:
// members by name, never by enumeration of a prototype, and never an exception.
import type { AnyValue, AnyValueMap, KeyValue } from "../../otlp/model.ts";
import { putAttribute } from "../attributes.ts";
import { ORIGINAL_TIME } from "../broken.ts";
import { toSnakeCase } from "../snake-case.ts";
import { millisToUnixNano, readUnixNano, toRfc3339 } from "../time.ts";
import { defineMember, toAnyValue } from "../value.ts";

/** What a getter that threw is worth: it has to be seen, not to pass for absent. */
const UNREADABLE = "[unreadable]";

/** The member of an object; undefined when there is no such member or no object. */
export function readMember(object: unknown, name: string): unknown {
  if (typeof object !== "object" || object === null) return undefined;
  try {
    return (object as Readonly<Record<string, unknown>>)[name];
  } catch {
    return UNREADABLE;
  }
}

/** The member when it is a text with something in it. */
export function readText(object: unknown, name: string): string | undefined {
  const value = readMember(object, name);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The names of an object's own enumerable members. */
export function namesOf(object: unknown): readonly string[] {
  if (typeof object !== "object" || object === null) return [];
  try {
    return Object.keys(object);
  } catch {
    return [];
  }
}

/** The members that `known` lacks, in snake case and without those that say nothing; undefined when there are none. */
export function restOf(object: unknown, known: ReadonlySet<string>): AnyValueMap | undefined {
  let rest: Record<string, AnyValue | undefined> | undefined;
  for (const name of namesOf(object)) {
    if (known.has(name)) continue;
    const value = toAnyValue(readMember(object, name));
    if (value === undefined || value === null || value === "") continue;
    rest ??= {};
    const key = toSnakeCase(name);
    defineMember(rest, Object.hasOwn(rest, key) ? name : key, value);
  }
  return rest;
}

/** ns since the Unix epoch: from a `Date` (whatever realm it is of), milliseconds as a number, or ISO text. */
export function readTime(value: unknown): bigint | undefined {
  if (typeof value === "number") return millisToUnixNano(value);
  if (typeof value !== "object" || value === null) return readUnixNano(value);
  const getTime = readMember(value, "getTime");
  if (typeof getTime !== "function") return undefined;
  try {
    const millis: unknown = getTime.call(value);
    return typeof millis === "number" ? millisToUnixNano(millis) : undefined;
  } catch {
    return undefined;
  }
}

/** Reads a record's time; keeps as an attribute what cannot be read as one. */
export function pushTime(attributes: KeyValue[], time: unknown): bigint | undefined {
  const unixNano = readTime(time);
  if (unixNano === undefined && time !== "") putAttribute(attributes, ORIGINAL_TIME, time);
  return unixNano;
}

/** As `Date.prototype.toISOString` writes it, which is how the runtime spells its scheduled times: `2026-11-20T22:20:45.219Z`. */
export function toIsoMillis(unixNano: bigint): string {
  return `${toRfc3339(unixNano).slice(0, 23)}Z`;
}
