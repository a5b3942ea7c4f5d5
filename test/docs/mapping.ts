// Finds out where every field of a payload goes, by changing it: what differs in the OTLP afterwards is the field's place.
import { type AnyValue, Float64, type KeyValue, type ResourceLogs } from "../../core/otlp/model.ts";

/** Decodes a whole payload given as text. */
export type DecodeText = (text: string) => readonly ResourceLogs[];

/** The places of one field, over all payloads that have it. */
export interface Places {
  readonly resource: Set<string>;
  /** Fields of the LogRecord other than its attributes. */
  readonly record: Set<string>;
  readonly attributes: Set<string>;
}

/** By path: members joined by ".", elements as "[]", the inside of a text that is JSON after " > ". */
export type Mapping = Map<string, Places>;

/** Adds the fields of a payload (JSON, or NDJSON) to a mapping. A text that is neither has no fields. */
export function traceFields(text: string, decode: DecodeText, mapping: Mapping): void {
  const before = listRecords(decode(text));
  for (const { path, text: changed } of changesOf(text)) {
    const places = mapping.get(path) ?? { resource: new Set(), record: new Set(), attributes: new Set() };
    mapping.set(path, places);
    addDifferences(before, listRecords(decode(changed)), places);
  }
}

/** A record with what stands around it: its values, as text, by place. */
type FlatRecord = ReadonlyMap<string, string>;

/** Separates the kind of a place from its name. */
const KIND = "\n";

function listRecords(resourceLogs: readonly ResourceLogs[]): FlatRecord[] {
  return resourceLogs.flatMap(({ resource, scopeLogs, schemaUrl: resourceSchemaUrl }) =>
    scopeLogs.flatMap(({ logRecords, scope, schemaUrl }) =>
      logRecords.map(({ attributes, ...fields }) => {
        const flat = new Map<string, string>();
        addAttributes(flat, "resource", resource?.attributes ?? []);
        const around = { "scope name": scope?.name, "scope version": scope?.version, "schema URL": resourceSchemaUrl ?? schemaUrl };
        for (const [name, value] of Object.entries({ ...around, ...fields })) {
          if (value !== undefined) addValue(flat, `record${KIND}${toSnakeCase(name)}`, value);
        }
        addAttributes(flat, "attributes", attributes);
        return flat;
      }),
    ),
  );
}

function addAttributes(flat: Map<string, string>, kind: keyof Places, attributes: readonly KeyValue[]): void {
  for (const { key, value } of attributes) addValue(flat, `${kind}${KIND}${key}`, value);
}

function addValue(flat: Map<string, string>, place: string, value: AnyValue): void {
  if (Array.isArray(value)) {
    for (const element of value as readonly AnyValue[]) addValue(flat, `${place}[]`, element);
  } else if (typeof value === "object" && value !== null && !(value instanceof Uint8Array) && !(value instanceof Float64)) {
    for (const [key, member] of Object.entries(value)) if (member !== undefined) addValue(flat, `${place} > ${key}`, member);
  } else {
    const text =
      value instanceof Uint8Array ? Buffer.from(value).toString("base64") : String(value instanceof Float64 ? value.value : value);
    // Elements of an array share their place.
    flat.set(place, `${flat.get(place) ?? ""}${KIND}${text}`);
  }
}

/** Records that are the same before and after say nothing; the others are compared in their order. */
function addDifferences(before: readonly FlatRecord[], after: readonly FlatRecord[], places: Places): void {
  if (before.length !== after.length) {
    places.record.add("(which records there are)");
    return;
  }
  const left = without(before, after);
  const right = without(after, before);
  for (const [index, one] of left.entries()) {
    const other = right[index];
    for (const place of new Set([...one.keys(), ...(other?.keys() ?? [])])) {
      if (one.get(place) === other?.get(place)) continue;
      const [kind = "", name = ""] = place.split(KIND);
      places[kind as keyof Places].add(name);
    }
  }
}

function without(records: readonly FlatRecord[], others: readonly FlatRecord[]): FlatRecord[] {
  const left = others.map(keyOf);
  return records.filter((record) => {
    const found = left.indexOf(keyOf(record));
    if (found >= 0) left.splice(found, 1);
    return found < 0;
  });
}

function keyOf(record: FlatRecord): string {
  return [...record]
    .map((entry) => entry.join(KIND))
    .sort()
    .join(KIND);
}

interface Change {
  readonly path: string;
  readonly text: string;
}

/** The payload again and again, each time with one field changed. */
function* changesOf(text: string): Generator<Change, void, undefined> {
  const whole = parse(text);
  if (whole !== undefined) {
    for (const { path, value } of changesOfValue(whole, "")) yield { path: withoutBatch(path), text: JSON.stringify(value) };
    return;
  }
  const lines = text.split("\n");
  for (const [index, line] of lines.entries()) {
    const item = parse(line);
    if (typeof item !== "object") continue;
    for (const { path, value } of changesOfValue(item, ""))
      yield { path: withoutBatch(path), text: lines.with(index, JSON.stringify(value)).join("\n") };
  }
}

/** A payload's items may come in an array. */
function withoutBatch(path: string): string {
  return path.replace(/^\[\]\.?/, "");
}

interface ChangedValue {
  readonly path: string;
  readonly value: unknown;
}

function* changesOfValue(value: unknown, path: string): Generator<ChangedValue, void, undefined> {
  if (Array.isArray(value)) {
    for (const [index, element] of value.entries()) {
      for (const change of changesOfValue(element, `${path}[]`)) yield { ...change, value: value.with(index, change.value) };
    }
  } else if (typeof value === "string") {
    const inner = /^\s*[[{]/.test(value) ? parse(value) : undefined;
    if (typeof inner === "object") {
      for (const change of changesOfValue(inner, `${path} > `)) yield { ...change, value: JSON.stringify(change.value) };
    } else if (value.trim() !== "") yield { path, value: changeText(value) };
  } else if (typeof value === "boolean") {
    yield { path, value: !value };
  } else if (isRawNumber(value)) {
    for (const changed of changeNumber(value.rawJSON)) yield { path, value: toRawNumber(changed) };
  } else if (typeof value === "object" && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      const inside = path === "" || path.endsWith(" > ") ? `${path}${key}` : `${path}.${key}`;
      for (const change of changesOfValue(member, inside)) yield { ...change, value: { ...value, [key]: change.value } };
    }
  }
}

/** Another text of the same form: its last digit, or of a text without a date its last letter or digit, is another one. */
function changeText(text: string): string {
  const last = /\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? /\d(?=\D*$)/ : /[\p{L}\p{N}](?=[^\p{L}\p{N}]*$)/u;
  const changed = text.replace(last, (character) => {
    // A hexadecimal digit stays one.
    if (/[0-8a-eg-y]/i.test(character)) return String.fromCodePoint((character.codePointAt(0) ?? 0) + 1);
    return character === "9" ? "0" : character === character.toUpperCase() ? "A" : "a";
  });
  return changed === text ? `${text}x` : changed;
}

/** Another last digit, and another size: a status of another class is another severity. */
function changeNumber(digits: string): readonly string[] {
  const last = digits.replace(/\d(?=\D*$)/, (digit) => String((Number(digit) + 1) % 10));
  const first = digits.replace(/\d/, (digit) => (digit === "5" ? "4" : "5"));
  return [last, first];
}

interface RawNumber {
  readonly rawJSON: string;
}

const RawJson = JSON as unknown as { rawJSON(text: string): RawNumber; isRawJSON(value: unknown): value is RawNumber };
const toRawNumber = (digits: string): RawNumber => RawJson.rawJSON(digits);
const isRawNumber = (value: unknown): value is RawNumber => RawJson.isRawJSON(value);

/** With all the digits of its numbers; undefined when it is no JSON. */
function parse(text: string): unknown {
  const reviver = (_key: string, value: unknown, context?: { source?: string }) =>
    typeof value === "number" ? toRawNumber(context?.source ?? String(value)) : value;
  try {
    return JSON.parse(text, reviver);
  } catch {
    return undefined;
  }
}

function toSnakeCase(name: string): string {
  return name.replace(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
