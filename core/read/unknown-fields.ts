// Which fields of a payload object have no place in a source's mapping table, and where they go, so that none is lost.
import { MAX_ATTRIBUTES, MAX_KEY_LENGTH } from "../limits.ts";
import type { KeyValue } from "../otlp/model.ts";
import { readAttribute } from "./attributes.ts";
import { toSnakeCase } from "./snake-case.ts";
import { toAnyValue, truncate } from "./value.ts";

/**
 * @returns a function that names the members of an object which `known` lacks. Records of one sender repeat their
 * fields, so the answer for the last sequence of names is kept: comparing 30 interned names costs far less than looking them up.
 */
export function createUnknownFields(known: ReadonlySet<string>): (object: Readonly<Record<string, unknown>>) => readonly string[] {
  let names: readonly string[] = [];
  let unknown: readonly string[] = [];
  return (object) => {
    let index = 0;
    let same = true;
    for (const name in object) {
      if (name !== names[index++]) {
        same = false;
        break;
      }
    }
    if (!same || index !== names.length) {
      names = Object.keys(object);
      unknown = names.filter((name) => !known.has(name));
    }
    return unknown;
  };
}

/** Up to here comparing with every attribute costs less than a set of their keys. */
const MAX_COMPARED = 8;

/**
 * Appends the members `names` of `object`, which have no place in a mapping table, as `<namespace><snake_case name>`; where that is
 * taken, by the table or by another spelling, as `<namespace><name>`, else as `<namespace>other.<name>`. Null and "" are absent.
 * @param namespace with its dot; a name that begins with it keeps it
 * @returns how many were dropped because the record holds MAX_ATTRIBUTES already, or every name was taken
 */
export function putUnknownFields(
  attributes: KeyValue[],
  object: Readonly<Record<string, unknown>>,
  names: readonly string[],
  namespace: string,
): number {
  if (names.length === 0) return 0;
  const keys = names.length > MAX_COMPARED ? new Set(attributes.map(({ key }) => key)) : undefined;
  const isTaken = (key: string) => (keys === undefined ? readAttribute(attributes, key) !== undefined : keys.has(key));
  let dropped = 0;
  for (const name of names) {
    const value = toAnyValue(object[name]);
    if (value === undefined || value === null || value === "") continue;
    let key = truncate(name.startsWith(namespace) ? name : namespace + toSnakeCase(name), MAX_KEY_LENGTH);
    if (isTaken(key)) key = truncate(namespace + name, MAX_KEY_LENGTH);
    if (isTaken(key)) key = truncate(`${namespace}other.${name}`, MAX_KEY_LENGTH);
    if (attributes.length >= MAX_ATTRIBUTES || isTaken(key)) {
      dropped++;
      continue;
    }
    keys?.add(key);
    attributes.push({ key, value });
  }
  return dropped;
}
