// Highlight and its successor, LaunchDarkly Observability, read only part of a LogRecord: severity text but not number,
// string bodies, flat string attributes under names of which some are taken. This shape moves what they would lose or
// misread to where they read it. Used only when HIGHLIGHT_PROJECT_ID is set; every other destination gets plain OTLP.
import type { Shape } from "../drain.ts";
import { toBase64 } from "../otlp/json.ts";
import type { AnyValue, AnyValueMap, KeyValue, LogRecord, Resource, ResourceLogs } from "../otlp/model.ts";
import { APP_PREFIX, putAttribute, readAttribute } from "../read/attributes.ts";
import { isObject } from "../read/broken.ts";
import { toRfc3339 } from "../read/time.ts";
import { TRUNCATION_MARK } from "../read/value.ts";
import { toText } from "./text.ts";

export interface HighlightOptions {
  /** Self-hosted Highlight cuts a body at " <"; wrapped bodies survive. Whether LaunchDarkly does is not known. */
  readonly wrapBodies: boolean;
  readonly now: () => number;
}

/** It cuts longer values itself, inside a character if it must. */
const MAX_VALUE_BYTES = 65_536;
/** Times further away than this are replaced by the arrival. */
const MAX_TIME_DISTANCE_NANOS = 30n * 24n * 3600n * 1_000_000_000n;
const SEVERITY_NAMES = ["trace", "debug", "info", "warn", "error", "fatal"] as const;

/** Consumed or overriding there: data of a user or a platform must not sit under these names on a record. */
const RESERVED_ON_RECORDS: ReadonlySet<string> = new Set([
  "highlight.project_id",
  "highlight.source",
  "highlight_project_id",
  "highlight_session_id",
  "launchdarkly.project_id",
  "Source",
  "x-highlight-project",
  "level",
  "severity",
  "log.severity",
  "message",
  "log.message",
  "metric.name",
  "metric.value",
  "URL",
  "deployment.environment",
  "environment",
  "service.name",
  "service.version",
  "fluent.tag",
]);
/** On resources these are what they are meant to be. */
const KEPT_ON_RESOURCES: ReadonlySet<string> = new Set([
  "highlight.project_id",
  "launchdarkly.project_id",
  "deployment.environment",
  "service.name",
  "service.version",
]);

export function createHighlightShape({ wrapBodies, now }: HighlightOptions): Shape {
  return () => {
    let sequence = 0;
    const nowNanos = BigInt(Math.trunc(now())) * 1_000_000n;
    const resources = new Map<Resource, Resource>();
    const shapeRecord = (record: LogRecord): LogRecord => {
      const attributes = shapeAttributes(record.attributes, RESERVED_ON_RECORDS);
      const name = severityName(record.severityNumber);
      if (record.severityText && record.severityText.toLowerCase() !== name)
        putAttribute(attributes, "log.record.severity.original", record.severityText);
      const distance = record.timeUnixNano === undefined ? 0n : record.timeUnixNano - nowNanos;
      if (record.timeUnixNano !== undefined && (distance > MAX_TIME_DISTANCE_NANOS || -distance > MAX_TIME_DISTANCE_NANOS)) {
        putAttribute(attributes, "log.time.original", toRfc3339(record.timeUnixNano));
      }
      if (record.spanId !== undefined) putAttribute(attributes, "span_id", record.spanId);
      // Times are stored in whole seconds; this keeps the order inside one.
      putAttribute(attributes, "log.sequence", sequence++);
      completeException(attributes);
      return { ...record, severityText: name, body: shapeBody(record.body, wrapBodies), attributes };
    };
    return (resourceLogs): readonly ResourceLogs[] =>
      resourceLogs.map((item) => ({
        ...item,
        resource: item.resource === undefined ? undefined : shapeResource(item.resource, resources),
        scopeLogs: item.scopeLogs.map((scoped) => ({ ...scoped, logRecords: scoped.logRecords.map(shapeRecord) })),
      }));
  };
}

/** The same object for the same object, by which the encoder joins batches. */
function shapeResource(resource: Resource, shaped: Map<Resource, Resource>): Resource {
  let result = shaped.get(resource);
  if (result === undefined) {
    const attributes = shapeAttributes(resource.attributes, new Set([...RESERVED_ON_RECORDS].filter((key) => !KEPT_ON_RESOURCES.has(key))));
    const environment = readAttribute(attributes, "deployment.environment.name");
    if (environment !== undefined) putAttribute(attributes, "deployment.environment", environment);
    result = { ...resource, attributes };
    shaped.set(resource, result);
  }
  return result;
}

function severityName(number: number | undefined): string | undefined {
  return number === undefined || number < 1 || number > 24 ? undefined : SEVERITY_NAMES[Math.floor((number - 1) / 4)];
}

function shapeAttributes(attributes: readonly KeyValue[], reserved: ReadonlySet<string>): KeyValue[] {
  const shaped: KeyValue[] = [];
  for (const { key, value } of attributes) {
    const readable = toReadable(value);
    if (readable !== undefined) shaped.push({ key: reserved.has(key) ? toAppKey(key, attributes) : key, value: readable });
  }
  return shaped;
}

/** `app.<key>`, with one more `app.` where that is taken: a key must not come twice. */
function toAppKey(key: string, attributes: readonly KeyValue[]): string {
  let appKey = APP_PREFIX + key;
  while (readAttribute(attributes, appKey) !== undefined) appKey = APP_PREFIX + appKey;
  return appKey;
}

/** Booleans, bytes, null and empty values are dropped there: the first two become text, the rest is left out here. */
function toReadable(value: AnyValue): AnyValue | undefined {
  if (typeof value === "string") return value === "" ? undefined : cutBytes(value);
  if (typeof value === "boolean") return String(value);
  if (value === null) return undefined;
  if (value instanceof Uint8Array) return value.length === 0 ? undefined : cutBytes(toBase64(value));
  if (Array.isArray(value)) {
    const elements = (value as readonly AnyValue[]).map(toReadable).filter((element) => element !== undefined);
    return elements.length === 0 ? undefined : elements;
  }
  if (!isObject(value) || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const members = Object.entries(value as AnyValueMap).flatMap(([key, member]) => {
    const readable = member === undefined ? undefined : toReadable(member);
    return readable === undefined ? [] : [[key, readable] as const];
  });
  return members.length === 0 ? undefined : Object.fromEntries(members);
}

/** A stack trace without type and message is lost there. */
function completeException(attributes: KeyValue[]): void {
  const stacktrace = readAttribute(attributes, "exception.stacktrace");
  if (typeof stacktrace !== "string" || readAttribute(attributes, "exception.type") !== undefined) return;
  putAttribute(attributes, "exception.message", stacktrace.trim().split("\n", 1)[0]?.trim());
}

function shapeBody(body: AnyValue | undefined, wrapBodies: boolean): AnyValue | undefined {
  if (body === undefined || body === null) return body;
  const text = cutBytes(toText(body));
  return wrapBodies && text.includes(" <") && !text.startsWith("<") ? { MESSAGE: text } : text;
}

/** At most MAX_VALUE_BYTES of UTF-8, mark included, cut between characters. */
function cutBytes(text: string): string {
  // No character needs more than three bytes a UTF-16 unit.
  if (text.length * 3 <= MAX_VALUE_BYTES) return text;
  const bytes = new Uint8Array(MAX_VALUE_BYTES);
  const encoder = new TextEncoder();
  if (encoder.encodeInto(text, bytes).read === text.length) return text;
  const { read } = encoder.encodeInto(text, bytes.subarray(0, MAX_VALUE_BYTES - TRUNCATION_MARK.length));
  return text.slice(0, read) + TRUNCATION_MARK;
}
