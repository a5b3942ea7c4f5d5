// A row of a Logpush dataset (`http_requests`, `firewall_events`, `dns_logs`, audit logs, ...) -> one record. Fields that the
// semantic conventions know get their names, every other becomes `cloudflare.<snake_case>` with its type kept.
import { MAX_ATTRIBUTES, MAX_KEY_LENGTH } from "../../limits.ts";
import type { KeyValue, LogRecord } from "../../otlp/model.ts";
import { pushAttribute } from "../../read/attributes.ts";
import { ORIGINAL_TIME } from "../../read/broken.ts";
import { pushRequestFields, REQUEST_FIELDS } from "../../read/cloudflare/logpush-request.ts";
import { httpStatusSeverity } from "../../read/severity.ts";
import { toSnakeCase } from "../../read/snake-case.ts";
import { readUnixNano } from "../../read/time.ts";
import { createUnknownFields } from "../../read/unknown-fields.ts";
import { truncate } from "../../read/value.ts";

export type Row = Readonly<Record<string, unknown>>;

/** Any of `timestamp_format`: nanoseconds, seconds, RFC 3339 with or without a fraction. The first that is readable counts. */
const TIME_FIELDS = [
  "EventTimestampMs",
  "EdgeStartTimestamp",
  "Timestamp",
  "CreatedAt",
  "Datetime",
  // Audit logs, v1 and v2; CASB findings; network sessions.
  "When",
  "ActionTimestamp",
  "DetectedTimestamp",
  "SessionStartTime",
] as const;

/** Fields that keep their value under another name. */
const RENAMED: Readonly<Record<string, string>> = {
  RayID: "cloudflare.ray_id",
  ClientRequestMethod: "http.request.method",
  ClientRequestHost: "server.address",
  ClientRequestScheme: "url.scheme",
  ClientRequestUserAgent: "user_agent.original",
  ClientIP: "client.address",
  ClientSrcPort: "client.port",
  ClientASN: "cloudflare.asn",
  ClientCity: "geo.locality.name",
  ClientRequestBytes: "http.request.size",
  EdgeResponseBytes: "http.response.size",
  EdgeResponseBodyBytes: "http.response.body.size",
  EdgeColoCode: "cloudflare.colo",
  ClientSSLCipher: "tls.cipher",
  JA3Hash: "tls.client.ja3",
  JA4: "tls.client.ja4",
};
const RENAMED_FIELDS = Object.entries(RENAMED);
const DATASET = "cloudflare.logpush.dataset";
const TAKEN: ReadonlySet<string> = new Set([
  ...Object.values(RENAMED),
  ...[...REQUEST_FIELDS, ...TIME_FIELDS].map((field) => `cloudflare.${toSnakeCase(field)}`),
  DATASET,
]);
/** What a person would call the row, in this order, where there is no request line. */
const WORDS = ["Action", "ActionType", "ResourceType", "QueryName", "HTTPMethod", "URL", "Description", "Message"] as const;

const ACTIONS: ReadonlySet<string> = new Set(["Action", "ActionType"]);

const otherFields = createUnknownFields(new Set<string>([...Object.keys(RENAMED), ...REQUEST_FIELDS, ...TIME_FIELDS]));
/** The last answer of `otherFields`, which is the same array as long as the fields are, and the attributes that they become. */
let layout: { readonly names: readonly string[]; readonly keys: readonly string[] } = { names: [], keys: [] };

/** @param dataset its name, when known */
export function rowRecord(row: Row, dataset: string | undefined, observedTimeUnixNano: bigint): LogRecord {
  const attributes: KeyValue[] = [];
  pushAttribute(attributes, DATASET, dataset);
  for (const [field, key] of RENAMED_FIELDS) if (row[field] !== undefined) pushAttribute(attributes, key, row[field]);
  const { target, status, trace } = pushRequestFields(attributes, row);
  const timeUnixNano = pushTimes(attributes, row);
  const dropped = pushOthers(attributes, row);
  return {
    timeUnixNano,
    observedTimeUnixNano,
    severityNumber: status === undefined ? undefined : httpStatusSeverity(status),
    body: sentence(row, target) ?? dataset,
    attributes,
    droppedAttributesCount: dropped,
    flags: trace?.flags,
    traceId: trace?.traceId,
    spanId: trace?.spanId,
  };
}

/** The first readable time is the record's; the other ones stay attributes, and so does an unreadable first. */
function pushTimes(attributes: KeyValue[], row: Row): bigint | undefined {
  let time: bigint | undefined;
  let original: unknown;
  for (const field of TIME_FIELDS) {
    const value = row[field];
    if (value === undefined || value === null || value === "") continue;
    const unixNano = time === undefined ? readUnixNano(value) : undefined;
    if (unixNano !== undefined) time = unixNano;
    else if (time === undefined && original === undefined) original = value;
    else pushAttribute(attributes, `cloudflare.${toSnakeCase(field)}`, value);
  }
  pushAttribute(attributes, ORIGINAL_TIME, original);
  return time;
}

/** @returns how many fields did not fit */
function pushOthers(attributes: KeyValue[], row: Row): number {
  const names = otherFields(row);
  if (names !== layout.names) layout = { names, keys: keysOf(names) };
  const { keys } = layout;
  let dropped = 0;
  for (let index = 0; index < names.length; index++) {
    const value = row[names[index] as string];
    if (isEmpty(value)) continue;
    if (attributes.length < MAX_ATTRIBUTES) pushAttribute(attributes, keys[index] as string, value);
    else dropped++;
  }
  return dropped;
}

/** Unique, and none that a field with a place of its own may take. */
function keysOf(names: readonly string[]): readonly string[] {
  const taken = new Set(TAKEN);
  return names.map((name) => {
    const plain = truncate(`cloudflare.${toSnakeCase(name.replace(/IDs(?![a-z])/g, "Ids"))}`, MAX_KEY_LENGTH);
    const key = taken.has(plain) ? `cloudflare.logpush.${name}` : plain;
    taken.add(key);
    return key;
  });
}

/** Most rows hold a dozen empty lists and maps. */
function isEmpty(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return value.length === 0;
  for (const _key in value) return false;
  return true;
}

/** `GET https://example.com/path`, after what was done about it, or whatever else names the row. */
function sentence(row: Row, target: string | undefined): string | undefined {
  const line = WORDS.map((field) => (target !== undefined && !ACTIONS.has(field) ? undefined : row[field])).concat(
    target === undefined ? [] : [row["ClientRequestMethod"], target],
  );
  const words = line.filter((word) => typeof word === "string" && word !== "");
  return words.length === 0 ? undefined : words.join(" ");
}
