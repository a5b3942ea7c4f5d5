// A record under construction: each reader of a format adds what it finds, the innermost words last. What an inner level or
// name beats stays as an attribute.
import { MAX_ATTRIBUTES, MAX_KEY_LENGTH } from "../../limits.ts";
import type { AnyValue, KeyValue } from "../../otlp/model.ts";
import { pushAttribute, putAppAttributes, putAttribute, readAttribute } from "../attributes.ts";
import type { Message } from "../message.ts";
import type { Severity } from "../severity.ts";
import { toSnakeCase } from "../snake-case.ts";
import type { TraceContext } from "../trace-context.ts";
import { truncate } from "../value.ts";
import type { ResourceHint } from "./resource.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** Lines that the Lambda platform writes itself: `failure` is one that tells of a fault, and is never dropped. */
export type PlatformLine = "routine" | "report" | "failure";

export interface Reading {
  readonly attributes: KeyValue[];
  body: AnyValue | undefined;
  severity: Severity | undefined;
  /** Where the outer level stays when an inner one beats it. */
  severityKey: string | undefined;
  timeUnixNano: bigint | undefined;
  /** Ids that the platform gives; those of `message` beat them. */
  trace: TraceContext | undefined;
  /** The app's own message, read last. */
  message: Message | undefined;
  dropped: number;
  hint: ResourceHint | undefined;
  platformLine: PlatformLine | undefined;
  /** Skipped on purpose, such as a health check. */
  skipped: boolean;
}

export function startReading(attributes: KeyValue[]): Reading {
  return {
    attributes,
    body: undefined,
    severity: undefined,
    severityKey: undefined,
    timeUnixNano: undefined,
    trace: undefined,
    message: undefined,
    dropped: 0,
    hint: undefined,
    platformLine: undefined,
    skipped: false,
  };
}

/** Where a level goes that an inner one beats, for a level that Lambda put before the app's line. */
export const LAMBDA_LEVEL = "aws.lambda.log.level";

/** Takes over what the app's own message says: its level, time and body are nearer to the truth than what stands around it. */
export function takeMessage(reading: Reading, message: Message): void {
  const { attributes } = reading;
  if (message.fields.length > 0) {
    // An outer error object was read before; the same error inside the text is no second one.
    const hasException =
      readAttribute(attributes, "exception.type") !== undefined || readAttribute(attributes, "exception.message") !== undefined;
    const fields = hasException ? message.fields.filter(({ key }) => !key.startsWith("exception.")) : message.fields;
    reading.dropped += putAppAttributes(attributes, fields);
  }
  reading.dropped += message.dropped;
  if (message.severity !== undefined) takeSeverity(reading, message.severity);
  reading.timeUnixNano = message.timeUnixNano ?? reading.timeUnixNano;
  reading.body = message.body ?? reading.body;
  const outer = reading.message;
  reading.message =
    outer?.trace === undefined && outer?.requestTrace === undefined
      ? message
      : { ...message, trace: message.trace ?? outer.trace, requestTrace: message.requestTrace ?? outer.requestTrace };
}

/** An unknown inner word does not beat a known outer level; it stays a field of the app. */
function takeSeverity(reading: Reading, inner: Severity): void {
  const outer = reading.severity;
  if (outer !== undefined && outer.number > 0 && inner.number === 0) return;
  if (outer?.text !== undefined && outer.text !== inner.text)
    putAttribute(reading.attributes, reading.severityKey ?? LAMBDA_LEVEL, outer.text);
  reading.severity = inner;
}

/**
 * Places the members of a platform's object.
 * @param table member -> attribute; "" for a member that has its place already; any other goes to `<namespace>.<snake_case>`
 */
export function putMapped(reading: Reading, object: Fields, table: Readonly<Record<string, string>>, namespace: string): void {
  const { attributes } = reading;
  for (const member of Object.keys(object)) {
    const mapped = Object.hasOwn(table, member) ? table[member] : undefined;
    const value = object[member];
    if (mapped === "" || isVoid(value)) continue;
    if (attributes.length >= MAX_ATTRIBUTES) reading.dropped++;
    else if (!putAttribute(attributes, mapped ?? truncate(`${namespace}.${toSnakeCase(member)}`, MAX_KEY_LENGTH), value)) {
      putAttribute(attributes, truncate(`${namespace}.${member}`, MAX_KEY_LENGTH), value);
    }
  }
}

/** Null, "" and an empty array or object say nothing. */
function isVoid(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

/** An object without some of its members; undefined when none is left. */
export function omit(object: Fields, members: readonly string[]): Fields | undefined {
  const rest: Record<string, unknown> = {};
  let count = 0;
  for (const key of Object.keys(object)) {
    if (members.includes(key)) continue;
    count++;
    if (key === "__proto__") Object.defineProperty(rest, key, { value: object[key], enumerable: true, configurable: true, writable: true });
    else rest[key] = object[key];
  }
  return count === 0 ? undefined : rest;
}

/** Appends `name/version` of an HTTP protocol as the two attributes that it is. */
export function putHttpVersion(attributes: KeyValue[], protocol: unknown): void {
  const [, name, version] = typeof protocol === "string" ? (/^([A-Za-z]{1,16})\/(\d(?:\.\d)?)$/.exec(protocol) ?? []) : [];
  if (name === undefined || version === undefined) {
    pushAttribute(attributes, "network.protocol.name", protocol);
    return;
  }
  pushAttribute(attributes, "network.protocol.name", name.toLowerCase());
  pushAttribute(attributes, "network.protocol.version", version);
}

/** An integer, or decimal text of one; anything else as it came. */
export function toIntegerValue(value: unknown): unknown {
  return typeof value === "string" && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
}
