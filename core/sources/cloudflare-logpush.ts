// Cloudflare Logpush: newline-delimited JSON of any dataset -> OTLP. `workers_trace_events` gives the same records as a Tail
// Worker; a row of any other dataset is one record. https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/
import { MAX_BATCH_BYTES } from "../limits.ts";
import { ResourceGroups } from "../otlp/group.ts";
import type { KeyValue, Scope } from "../otlp/model.ts";
import { pushAttribute } from "../read/attributes.ts";
import { brokenRecord, isObject } from "../read/broken.ts";
import { CLOUD_PROVIDER, resourceKey } from "../read/cloudflare/worker-resource.ts";
import { parseJson } from "../read/json.ts";
import { BrokenItem, type Item, readJsonItems } from "../read/json-items.ts";
import { isBinary } from "../read/raw-text.ts";
import type { Batch, DecodeContext, Failure, Source } from "../source.ts";
import { VERSION } from "../version.ts";
import { rowRecord } from "./cloudflare-logpush/row.ts";
import { isTraceEvent, pushTraceEvent, traceEventResource } from "./cloudflare-logpush/trace-event.ts";

export interface CloudflareLogpushOptions {
  /** Name of the dataset, when the request says it (`?dataset=http_requests`). Without it the fields tell. */
  readonly dataset?: string | undefined;
  /** One record per Worker invocation, beside what it logged. Default true. */
  readonly invocationLogs?: boolean | undefined;
  /** Whether a console text that is a JSON object is read like one. Default true. */
  readonly parseJsonMessages?: boolean | undefined;
}

const SCOPE: Scope = { name: "otlp-drain/cloudflare-logpush", version: VERSION };
const TRACE_EVENTS = "workers_trace_events";
const NOT_NDJSON: Failure = {
  reason: "unsupported",
  detail:
    'the body is no newline-delimited JSON: set "output_type" to "ndjson" in the Logpush job\'s output_options, without prefixes or templates',
};

/** The payload is an inflated body that is not the validation upload (`isLogpushValidation`). */
export function createCloudflareLogpushSource(options: CloudflareLogpushOptions = {}): Source<Uint8Array> {
  return {
    name: "cloudflare-logpush",
    decode(payload, context) {
      if (isBinary(payload)) return { ok: false, error: { reason: "unreadable", detail: "the body is neither JSON nor text" } };
      if (!hasJsonLine(payload)) return { ok: false, error: NOT_NDJSON };
      return { ok: true, value: { batches: decodeBatches(payload, options, context) } };
    },
  };
}

const MAX_VALIDATION_BYTES = 256;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/**
 * Whether a body is the test file that Cloudflare uploads when a job is created: `test`, `tests`, `{"content":"test"}`,
 * `{"content":"tests"}` or nothing. It is to be answered with 200 and not to be handed on.
 * @param bytes inflated, whatever `Content-Encoding` said
 */
export function isLogpushValidation(bytes: Uint8Array): boolean {
  if (bytes.length > MAX_VALIDATION_BYTES) return false;
  const text = new TextDecoder().decode(bytes).trim();
  if (text === "") return true;
  const value = parseJson(text) ?? text;
  const word = isObject(value) && Object.keys(value).length === 1 ? value["content"] : value;
  return word === "test" || word === "tests";
}

/** One broken line does not make a body csv: it is enough that some line begins like JSON. A blank body is no csv either. */
function hasJsonLine(payload: Uint8Array): boolean {
  let isBlank = true;
  for (let position = 0; position < payload.length; position++) {
    const byte = payload[position] as number;
    if (byte <= 0x20 || (position < 3 && byte === BYTE_ORDER_MARK[position])) continue;
    if (byte === 0x7b || byte === 0x5b) return true;
    isBlank = false;
    position = payload.indexOf(0x0a, position);
    if (position < 0) break;
  }
  return isBlank;
}

function* decodeBatches(payload: Uint8Array, options: CloudflareLogpushOptions, context: DecodeContext): Generator<Batch, void, undefined> {
  const groups = new ResourceGroups();
  for (const items of readJsonItems(payload, MAX_BATCH_BYTES)) yield decodeItems(items, groups, options, context);
}

function decodeItems(items: readonly Item[], groups: ResourceGroups, options: CloudflareLogpushOptions, context: DecodeContext): Batch {
  const { dataset, invocationLogs = true, parseJsonMessages = true } = options;
  const { observedTimeUnixNano } = context;
  let malformed = 0;
  let filtered = 0;
  for (const item of items) {
    if (item instanceof BrokenItem || !isObject(item)) {
      malformed++;
      const [value, reason] = item instanceof BrokenItem ? [item.text, item.reason] : [item, "not a JSON object"];
      groups.records("", SCOPE, () => zoneResource(undefined, context)).push(brokenRecord(value, reason, observedTimeUnixNano));
    } else if (dataset === undefined ? isTraceEvent(item) : dataset === TRACE_EVENTS) {
      const resource = traceEventResource(item, context);
      const records = groups.records(resourceKey(resource), SCOPE, () => resource);
      const before = records.length;
      malformed += pushTraceEvent(records, item, { invocationLogs, parseJsonMessages }, observedTimeUnixNano);
      if (records.length === before) filtered++;
    } else {
      const zone = item["ZoneName"];
      const name = typeof zone === "string" && zone !== "" ? zone : undefined;
      groups.records(name ?? "", SCOPE, () => zoneResource(name, context)).push(rowRecord(item, dataset, observedTimeUnixNano));
    }
  }
  return { resourceLogs: groups.takeResourceLogs(), malformed, filtered };
}

function zoneResource(zone: string | undefined, { defaultServiceName }: DecodeContext): readonly KeyValue[] {
  const attributes: KeyValue[] = [];
  pushAttribute(attributes, "service.name", zone ?? defaultServiceName ?? "cloudflare");
  attributes.push(CLOUD_PROVIDER);
  pushAttribute(attributes, "cloudflare.zone", zone);
  return attributes;
}
