// OTLP/JSON in: text, bytes or a parsed value -> ResourceLogs[]. Strict about structure, lenient about scalars: hand-made
// clients write numbers for strings, enum names, bare values. A record that is none stays as a raw record beside the good ones.
import { MAX_VALUE_DEPTH } from "../limits.ts";
import { brokenRecord, isObject } from "../read/broken.ts";
import { BrokenItem, readJsonItems } from "../read/json-items.ts";
import { readSeverity } from "../read/severity.ts";
import { readUnixNano } from "../read/time.ts";
import { defineMember, toAnyValue } from "../read/value.ts";
import type { Failure, Result } from "../source.ts";
import { DEPTH_MARK, keepOriginal, keepUnknownSeverity, type RecordDraft, setIds } from "./incoming.ts";
import {
  type AnyValue,
  Float64,
  type KeyValue,
  type LogRecord,
  type Resource,
  type ResourceLogs,
  type Scope,
  type ScopeLogs,
} from "./model.ts";
import { describeMisplaced, findOtherSignal } from "./signal.ts";
import { narrowInt64 } from "./wire.ts";

type Fields = Readonly<Record<string, unknown>>;

const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;
const MAX_UINT32 = 0xffff_ffff;

/**
 * Reads one request, several (an array, NDJSON, concatenated) that are merged, or a single ResourceLogs without its wrapper.
 * Names are lowerCamelCase only; unknown fields are passed over, so `{}` is an empty request. What a scalar field cannot hold becomes
 * an `otlp_drain.original_*` attribute; a log record of the wrong structure, or what stands beside a request and is none, becomes a raw
 * record marked `otlp_drain.decode_error`, without an observed time.
 * @param payload bytes or text, or what `parseJson` made of it (which keeps the digits of big integers)
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export function decodeJsonLogs(payload: unknown): Result<readonly ResourceLogs[], Failure> {
  const resourceLogs: ResourceLogs[] = [];
  const logRecords: LogRecord[] = [];
  let fault: string | undefined;
  let hasRequest = false;
  for (const item of listItems(payload)) {
    const read = readRequest(item);
    if (read.ok) {
      hasRequest = true;
      for (const one of read.value) resourceLogs.push(one);
    } else {
      fault ??= read.error;
      logRecords.push(brokenRecord(item instanceof BrokenItem ? item.text : item, read.error, 0n));
    }
  }
  if (fault !== undefined && !hasRequest) return { ok: false, error: { reason: "unreadable", detail: fault } };
  if (logRecords.length > 0) resourceLogs.push({ scopeLogs: [{ logRecords }] });
  return { ok: true, value: resourceLogs };
}

/** @returns why it is none, in words of ours */
function readRequest(item: unknown): Result<readonly ResourceLogs[], string> {
  if (item instanceof BrokenItem) return { ok: false, error: "not JSON" };
  const misplaced = isObject(item) ? findOtherSignal(item, "logs") : undefined;
  if (misplaced !== undefined) return { ok: false, error: describeMisplaced(misplaced) };
  const read = isObject(item) ? readList(listResourceLogs(item), readResourceLogs) : undefined;
  return read === undefined ? { ok: false, error: "not an OTLP logs request in JSON" } : { ok: true, value: read };
}

function listItems(payload: unknown): Iterable<unknown> {
  if (typeof payload === "string") return listItems(new TextEncoder().encode(payload));
  if (payload instanceof Uint8Array) return [...readJsonItems(payload, payload.length + 1)].flat();
  return Array.isArray(payload) ? payload : [payload];
}

/** What stands in a request, or for one. */
function listResourceLogs(item: Fields): unknown {
  if (item["resourceLogs"] === undefined && item["scopeLogs"] !== undefined) return [item];
  return item["resourceLogs"] ?? [];
}

/** @returns undefined when it is no list, or an element is no message; absent and null are the empty list */
function readList<T>(value: unknown, readElement: (element: Fields) => T | undefined): T[] | undefined {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return undefined;
  const list: T[] = [];
  for (const element of value) {
    const read = isObject(element) ? readElement(element) : undefined;
    if (read === undefined) return undefined;
    list.push(read);
  }
  return list;
}

function readResourceLogs(item: Fields): ResourceLogs | undefined {
  const resource = readResource(item["resource"]);
  const scopeLogs = readList(item["scopeLogs"], readScopeLogs);
  if (resource === null || scopeLogs === undefined) return undefined;
  return { resource, scopeLogs, schemaUrl: readText(item["schemaUrl"]) };
}

/** `null` is a fault here, since `undefined` is an absent resource. */
function readResource(value: unknown): Resource | undefined | null {
  if (value === undefined || value === null) return undefined;
  const attributes = isObject(value) ? readAttributes(value["attributes"], 0) : undefined;
  if (!isObject(value) || attributes === undefined) return null;
  return { attributes, droppedAttributesCount: readUint32(value["droppedAttributesCount"]) };
}

function readScopeLogs(item: Fields): ScopeLogs | undefined {
  const scope = readScope(item["scope"]);
  const records = item["logRecords"] ?? [];
  if (scope === null || !Array.isArray(records)) return undefined;
  const logRecords = records.map((record) => readLogRecord(record) ?? brokenRecord(record, "not an OTLP log record", 0n));
  return { scope, logRecords, schemaUrl: readText(item["schemaUrl"]) };
}

function readScope(value: unknown): Scope | undefined | null {
  if (value === undefined || value === null) return undefined;
  const attributes = isObject(value) ? readAttributes(value["attributes"], 0) : undefined;
  if (!isObject(value) || attributes === undefined) return null;
  const droppedAttributesCount = readUint32(value["droppedAttributesCount"]);
  return { name: readText(value["name"]) ?? "", version: readText(value["version"]), attributes, droppedAttributesCount };
}

function readLogRecord(value: unknown): LogRecord | undefined {
  if (!isObject(value)) return undefined;
  const attributes = readAttributes(value["attributes"], 0);
  if (attributes === undefined) return undefined;
  const { body } = value;
  const record: RecordDraft = { attributes };
  record.timeUnixNano = readTime(record, "time", value["timeUnixNano"]);
  record.observedTimeUnixNano = readTime(record, "observed_time", value["observedTimeUnixNano"]);
  record.severityText = readTextField(record, "severity_text", value["severityText"]);
  readSeverityNumber(record, value["severityNumber"]);
  if (body !== undefined && body !== null) record.body = readAnyValue(body, 0);
  record.droppedAttributesCount = readCount(record, "dropped_attributes_count", value["droppedAttributesCount"]);
  record.flags = readCount(record, "flags", value["flags"]);
  record.eventName = readTextField(record, "event_name", value["eventName"]);
  setIds(record, value["traceId"], value["spanId"]);
  return record;
}

/** KeyValues, or the plain object that hand-made clients write for them. */
function readAttributes(value: unknown, depth: number): KeyValue[] | undefined {
  if (isObject(value)) return Object.entries(value).map(([key, member]) => ({ key, value: readAnyValue(member, depth) }));
  return readList(value, (element) => {
    const { key } = element;
    if (key !== undefined && key !== null && typeof key !== "string") return undefined;
    return { key: key ?? "", value: readAnyValue(element["value"], depth) };
  });
}

/** The value of an AnyValue; a bare value, and an object that is no AnyValue, count as themselves. */
function readAnyValue(value: unknown, depth: number): AnyValue {
  if (!isObject(value)) return toAnyValue(value) ?? null;
  let names = 0;
  for (const name in value) {
    const content = value[name];
    switch (name) {
      case "stringValue":
      case "boolValue":
        return toAnyValue(content) ?? null;
      case "intValue":
        return readInt64(content);
      case "doubleValue":
        return readDouble(content);
      case "bytesValue":
        return typeof content === "string" ? (fromBase64(content) ?? content) : (toAnyValue(content) ?? null);
      case "arrayValue":
        return readArray(content, depth);
      case "kvlistValue":
        return readMap(content, depth);
    }
    names++;
  }
  return names === 0 ? null : (toAnyValue(value) ?? null);
}

function readArray(value: unknown, depth: number): AnyValue {
  if (depth > MAX_VALUE_DEPTH) return DEPTH_MARK;
  const values = isObject(value) ? (value["values"] ?? []) : value;
  return Array.isArray(values) ? values.map((element) => readAnyValue(element, depth + 1)) : (toAnyValue(value) ?? null);
}

function readMap(value: unknown, depth: number): AnyValue {
  if (depth > MAX_VALUE_DEPTH) return DEPTH_MARK;
  const members = isObject(value) ? readAttributes(value["values"], depth + 1) : undefined;
  if (members === undefined) return toAnyValue(value) ?? null;
  const map: Record<string, AnyValue | undefined> = {};
  for (const member of members) defineMember(map, member.key, member.value);
  return map;
}

/** A number beyond 2^53 arrives as a bigint or as its digits. */
function readInt64(value: unknown): AnyValue {
  const exact = typeof value === "string" && /^[+-]?\d{1,20}$/.test(value) ? BigInt(value) : value;
  if (typeof exact !== "bigint") return toAnyValue(exact) ?? null;
  return exact === BigInt.asIntN(64, exact) ? narrowInt64(exact) : String(exact);
}

function readDouble(value: unknown): AnyValue {
  const double = typeof value === "bigint" ? Number(value) : typeof value === "string" ? parseDouble(value) : value;
  if (typeof double !== "number") return toAnyValue(double) ?? null;
  return Number.isInteger(double) ? new Float64(double) : double;
}

/** The text itself when it is no number, or one too large. */
function parseDouble(text: string): number | string {
  if (text === "NaN" || text === "Infinity" || text === "-Infinity") return Number(text);
  const double = text.trim() === "" ? Number.NaN : Number(text);
  return Number.isFinite(double) ? double : text;
}

/** Both alphabets, with or without padding, as protojson reads them; undefined when it is neither. */
function fromBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (unit) => unit.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function readTime(record: RecordDraft, field: string, value: unknown): bigint | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  // A hand-made client may write RFC 3339 where nanoseconds belong: that is no less clear.
  const time = readUint64(value) ?? (typeof value === "string" ? readUnixNano(value) : undefined);
  if (time === undefined) keepOriginal(record, field, value);
  return time === 0n ? undefined : time;
}

function readUint64(value: unknown): bigint | undefined {
  const integer = Number.isInteger(value) || (typeof value === "string" && /^\d{1,20}$/.test(value));
  if (!integer && typeof value !== "bigint") return undefined;
  const exact = BigInt(value as number | string | bigint);
  return exact >= 0n && exact <= MAX_UINT64 ? exact : undefined;
}

function readUint32(value: unknown): number | undefined {
  const exact = readUint64(value);
  return exact === undefined || exact > MAX_UINT32 ? undefined : Number(exact);
}

function readCount(record: RecordDraft, field: string, value: unknown): number | undefined {
  const count = readUint32(value);
  if (count === undefined) keepOriginal(record, field, value);
  return count;
}

/** A number, its digits, or the name that protojson writes (`SEVERITY_NUMBER_INFO`). */
function readSeverityNumber(record: RecordDraft, value: unknown): void {
  if (value === undefined || value === null || value === "SEVERITY_NUMBER_UNSPECIFIED") return;
  if (typeof value === "object" || typeof value === "boolean") {
    keepOriginal(record, "severity_number", value);
    return;
  }
  const { number, text } = readSeverity(value, "otel");
  if (number > 0) record.severityNumber = number;
  else if (text !== undefined) keepUnknownSeverity(record, text);
}

function readTextField(record: RecordDraft, field: string, value: unknown): string | undefined {
  const text = readText(value);
  if (text === undefined) keepOriginal(record, field, value);
  return text;
}

function readText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "bigint" || typeof value === "boolean" ? String(value) : undefined;
}
