// Vercel audit logs (`schema: "vercel.audit_log.v1"`, Enterprise): who did what in a team.
// https://vercel.com/docs/drains/reference/audit-logs
import type { AnyValue, Draft, KeyValue, LogRecord, Scope } from "../../otlp/model.ts";
import { pushAttribute } from "../../read/attributes.ts";
import { isObject, ORIGINAL_TIME } from "../../read/broken.ts";
import { toSnakeCase } from "../../read/snake-case.ts";
import { readUnixNano } from "../../read/time.ts";
import { defineMember, toAnyValue } from "../../read/value.ts";
import { VERSION } from "../../version.ts";

export const AUDIT_SCHEMA = "vercel.audit_log.v1";
export const AUDIT_SCOPE: Scope = {
  name: "otlp-drain/vercel",
  version: VERSION,
  attributes: [{ key: "encoding.format", value: "vercel.auditlog.v1" }],
};

const INFO = 9;
const DIRECT: Readonly<Record<string, string>> = {
  id: "log.record.uid",
  ipAddress: "client.address",
  userAgent: "user_agent.original",
  requestId: "vercel.request.id",
  tokenId: "vercel.token.id",
};
const ACTOR: Readonly<Record<string, string>> = { type: "vercel.actor.type", id: "user.id", name: "user.name", email: "user.email" };
const ELSEWHERE = new Set(["schema", "teamId", "projectId", "action", "timestamp", "actor", "via", "payload"]);

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
    record.eventName = action;
    record.body = action;
  } else {
    pushAttribute(attributes, "vercel.audit_log.action", action);
  }
  for (const [field, attribute] of Object.entries(DIRECT)) pushAttribute(attributes, attribute, audit[field]);
  if (isObject(actor)) {
    for (const field of Object.keys(actor)) pushAttribute(attributes, ACTOR[field] ?? `vercel.actor.${toSnakeCase(field)}`, actor[field]);
  } else {
    pushAttribute(attributes, "vercel.actor", actor);
  }
  if (!Array.isArray(via) || via.length > 0) pushAttribute(attributes, "vercel.via", via);
  if (!isObject(payload) || Object.keys(payload).length > 0)
    pushAttribute(attributes, "vercel.audit_log.payload", snakeCaseKeys(toAnyValue(payload)));
  for (const field of Object.keys(audit)) {
    if (!ELSEWHERE.has(field) && DIRECT[field] === undefined)
      pushAttribute(attributes, `vercel.audit_log.${toSnakeCase(field)}`, audit[field]);
  }
  return record;
}

/** Recursive and safe: `toAnyValue` bounded the depth before. Of two names that become one, the second keeps its own. */
function snakeCaseKeys(value: AnyValue | undefined): AnyValue | undefined {
  if (Array.isArray(value)) return (value as readonly AnyValue[]).map((element) => snakeCaseKeys(element) ?? null);
  if (!isObject(value) || value instanceof Uint8Array) return value;
  const renamed: Record<string, AnyValue | undefined> = {};
  for (const [key, member] of Object.entries(value)) {
    const name = toSnakeCase(key);
    defineMember(renamed, Object.hasOwn(renamed, name) ? key : name, snakeCaseKeys(member as AnyValue));
  }
  return renamed;
}
