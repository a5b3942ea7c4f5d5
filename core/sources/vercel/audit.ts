// Vercel audit logs (`schema: "vercel.audit_log.v1"`, Enterprise): who did what in a team.
// https://vercel.com/docs/drains/reference/audit-logs
import { MAX_STRING_LENGTH } from "../../limits.ts";
import type { AnyValue, Draft, KeyValue, LogRecord, Scope } from "../../otlp/model.ts";
import { pushAttribute } from "../../read/attributes.ts";
import { isObject, ORIGINAL_TIME } from "../../read/broken.ts";
import { toSnakeCase } from "../../read/snake-case.ts";
import { readUnixNano } from "../../read/time.ts";
import { createUnknownFields, putUnknownFields } from "../../read/unknown-fields.ts";
import { defineMember, toAnyValue, truncate } from "../../read/value.ts";
import { VERSION } from "../../version.ts";

export const AUDIT_SCHEMA = "vercel.audit_log.v1";
export const AUDIT_SCOPE: Scope = {
  name: "otlp-drain/vercel",
  version: VERSION,
  attributes: [{ key: "encoding.format", value: "vercel.auditlog.v1" }],
};

const INFO = 9;
const DIRECT = new Map([
  ["id", "log.record.uid"],
  ["ipAddress", "client.address"],
  ["userAgent", "user_agent.original"],
  ["requestId", "vercel.request.id"],
  ["tokenId", "vercel.token.id"],
]);
const ACTOR = new Map([
  ["type", "vercel.actor.type"],
  ["id", "user.id"],
  ["name", "user.name"],
  ["email", "user.email"],
]);
const unknownFields = createUnknownFields(
  new Set([...DIRECT.keys(), "schema", "teamId", "projectId", "action", "timestamp", "actor", "via", "payload"]),
);
const unknownActorFields = createUnknownFields(new Set(ACTOR.keys()));

type Audit = Readonly<Record<string, unknown>>;

export function auditResource({ teamId, projectId }: Audit): readonly KeyValue[] {
  const attributes: KeyValue[] = [];
  pushAttribute(attributes, "service.name", "vercel");
  pushAttribute(attributes, "cloud.provider", "vercel");
  pushAttribute(attributes, "vercel.team.id", teamId);
  pushAttribute(attributes, "vercel.project.id", projectId);
  return attributes;
}

export function auditRecord(audit: Audit, observedTimeUnixNano: bigint): LogRecord {
  const attributes: KeyValue[] = [];
  const record: Draft<LogRecord> = { observedTimeUnixNano, severityNumber: INFO, attributes };
  record.timeUnixNano = readUnixNano(audit["timestamp"]);
  if (record.timeUnixNano === undefined) pushAttribute(attributes, ORIGINAL_TIME, audit["timestamp"]);
  const { action, actor, via, payload } = audit;
  if (typeof action === "string" && action !== "") {
    record.eventName = truncate(action, MAX_STRING_LENGTH);
    record.body = record.eventName;
  } else {
    pushAttribute(attributes, "vercel.audit_log.action", action);
  }
  pushTexts(attributes, DIRECT, audit, "vercel.audit_log.");
  if (isObject(actor)) pushTexts(attributes, ACTOR, actor, "vercel.actor.");
  else pushAttribute(attributes, "vercel.actor", actor);
  if (!Array.isArray(via) || via.length > 0) pushAttribute(attributes, "vercel.via", via);
  if (!isObject(payload) || Object.keys(payload).length > 0)
    pushAttribute(attributes, "vercel.audit_log.payload", snakeCaseKeys(toAnyValue(payload)));
  let dropped = putUnknownFields(attributes, audit, unknownFields(audit), "vercel.audit_log.");
  if (isObject(actor)) dropped += putUnknownFields(attributes, actor, unknownActorFields(actor), "vercel.actor.");
  record.droppedAttributesCount = dropped;
  return record;
}

/** Names of the semantic conventions promise text; anything else stays under Vercel's own name. */
function pushTexts(attributes: KeyValue[], names: ReadonlyMap<string, string>, object: Audit, namespace: string): void {
  for (const [field, attribute] of names) {
    const value = object[field];
    pushAttribute(attributes, typeof value === "string" ? attribute : namespace + toSnakeCase(field), value);
  }
}

/** Recursive and safe: `toAnyValue` bounded the depth before. A name whose snake_case is taken stays as it came. */
function snakeCaseKeys(value: AnyValue | undefined): AnyValue | undefined {
  if (Array.isArray(value)) return (value as readonly AnyValue[]).map((element) => snakeCaseKeys(element) ?? null);
  if (!isObject(value) || value instanceof Uint8Array) return value;
  const renamed: Record<string, AnyValue | undefined> = {};
  for (const [key, member] of Object.entries(value)) {
    const name = toSnakeCase(key);
    const isTaken = name !== key && (Object.hasOwn(value, name) || Object.hasOwn(renamed, name));
    defineMember(renamed, isTaken ? key : name, snakeCaseKeys(member as AnyValue));
  }
  return renamed;
}
