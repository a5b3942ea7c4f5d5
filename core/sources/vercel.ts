// Vercel drains: log records (JSON array, NDJSON or single objects) and audit-log records -> OTLP.
// A superset of what Elastic's Vercel encoding writes, with the same attribute names. https://vercel.com/docs/drains/reference/logs
import { MAX_BATCH_BYTES } from "../limits.ts";
import { ResourceGroups } from "../otlp/group.ts";
import type { AnyValue, KeyValue, LogRecord, Scope } from "../otlp/model.ts";
import { pushAttribute, putAppAttributes, putAttribute } from "../read/attributes.ts";
import { brokenRecord, isObject, ORIGINAL_TIME } from "../read/broken.ts";
import { BrokenItem, type Item, readJsonItems } from "../read/json-items.ts";
import { chooseTrace, type Message, readMessage } from "../read/message.ts";
import { decodeRawText } from "../read/raw-text.ts";
import { httpStatusSeverity, readSeverity, type Severity } from "../read/severity.ts";
import { toSnakeCase } from "../read/snake-case.ts";
import { millisToUnixNano, readUnixNano } from "../read/time.ts";
import { readSpanId, readTraceId, type TraceContext } from "../read/trace-context.ts";
import { createUnknownFields } from "../read/unknown-fields.ts";
import { defineMember, toAnyValue } from "../read/value.ts";
import type { Batch, DecodeContext, Source } from "../source.ts";
import { VERSION } from "../version.ts";
import { AUDIT_SCHEMA, AUDIT_SCOPE, auditRecord, auditResource } from "./vercel/audit.ts";
import { type MessagePart, putPath, putRequestLine, readEnvelope } from "./vercel/envelope.ts";

/** Every field is optional and may be null or of another type: that is how they are really sent. */
type VercelFields = Readonly<Record<string, unknown>>;

export const vercel: Source<Uint8Array> = {
  name: "vercel",
  decode(payload, context) {
    const raw = decodeRawText(payload, SCOPE, unknownResource(context), context);
    if (raw !== undefined) return raw;
    return { ok: true, value: { batches: decodeBatches(payload, context) } };
  },
};

const SCOPE: Scope = { name: "otlp-drain/vercel", version: VERSION, attributes: [{ key: "encoding.format", value: "vercel.logs" }] };
const CLOUD_PROVIDER: KeyValue = { key: "cloud.provider", value: "vercel" };

/** Fields that `logRecord` or `logResource` place by hand; any other becomes `vercel.<snake_case>`. */
const unknownFields = createUnknownFields(
  new Set(
    (
      "id deploymentId source host timestamp projectId level message buildId entrypoint destination path type statusCode requestId environment " +
      "branch projectName executionRegion ja3Digest ja4Digest edgeType traceId spanId trace.id span.id invocationId instanceId schema proxy"
    ).split(" "),
  ),
);
const unknownProxyFields = createUnknownFields(
  new Set(
    (
      "timestamp method host path userAgent referer region statusCode clientIp scheme responseByteSize cacheId pathType pathTypeVariant vercelId " +
      "vercelCache lambdaRegion wafAction wafRuleId"
    ).split(" "),
  ),
);
const FATAL = 21;
const ERROR = 17;

function* decodeBatches(payload: Uint8Array, context: DecodeContext): Generator<Batch, void, undefined> {
  const groups = new ResourceGroups();
  for (const items of readJsonItems(payload, MAX_BATCH_BYTES)) yield decodeItems(items, groups, context);
}

function decodeItems(items: readonly Item[], groups: ResourceGroups, context: DecodeContext): Batch {
  let malformed = 0;
  let filtered = 0;
  const notes = new Set<string>();
  let last: VercelFields = {};
  let records: LogRecord[] | undefined;
  for (const item of items) {
    if (!isObject(item) || item instanceof BrokenItem) {
      malformed++;
      const record =
        item instanceof BrokenItem
          ? brokenRecord(item.text, item.reason, context.observedTimeUnixNano)
          : brokenRecord(item, "not a JSON object", context.observedTimeUnixNano);
      groups.records("", SCOPE, () => unknownResource(context)).push(record);
    } else if (item["schema"] === undefined || item["schema"] === null) {
      if (records === undefined || !sameResource(item, last)) {
        records = groups.records(resourceKey(item), SCOPE, () => logResource(item, context));
        last = item;
      }
      pushLogRecords(records, item, context.observedTimeUnixNano);
    } else if (item["schema"] === AUDIT_SCHEMA) {
      const key = `audit ${JSON.stringify([item["teamId"], item["projectId"]], bigintText)}`;
      groups.records(key, AUDIT_SCOPE, () => auditResource(item)).push(auditRecord(item, context.observedTimeUnixNano));
    } else {
      filtered++;
      notes.add(`schema ${schemaName(item["schema"])} is not a log`);
    }
  }
  return { resourceLogs: groups.takeResourceLogs(), malformed, filtered, notes: [...notes] };
}

/** A schema's name comes from the payload: only a name that looks like one is repeated. */
function schemaName(schema: unknown): string {
  return typeof schema === "string" && /^[\w.-]{1,64}$/.test(schema) ? schema : "(unknown)";
}

function sameResource(a: VercelFields, b: VercelFields): boolean {
  return (
    a["deploymentId"] === b["deploymentId"] &&
    a["projectId"] === b["projectId"] &&
    a["projectName"] === b["projectName"] &&
    a["environment"] === b["environment"] &&
    a["branch"] === b["branch"]
  );
}

function resourceKey({ deploymentId, projectId, projectName, environment, branch }: VercelFields): string {
  return JSON.stringify([deploymentId, projectId, projectName, environment, branch], bigintText);
}

function bigintText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

function unknownResource({ defaultServiceName }: DecodeContext): readonly KeyValue[] {
  return [{ key: "service.name", value: defaultServiceName ?? "vercel" }, CLOUD_PROVIDER];
}

function logResource(item: VercelFields, { defaultServiceName }: DecodeContext): readonly KeyValue[] {
  const { projectName, projectId, deploymentId, environment, branch } = item;
  const attributes: KeyValue[] = [];
  const name = [projectName, defaultServiceName, projectId].find((candidate) => typeof candidate === "string" && candidate !== "");
  pushAttribute(attributes, "service.name", name ?? "vercel");
  // `@vercel/otel` sets both on traces, so that logs and traces join.
  pushAttribute(attributes, "service.version", deploymentId);
  pushAttribute(attributes, "deployment.id", deploymentId);
  pushAttribute(attributes, "deployment.environment.name", environment);
  pushAttribute(attributes, "vercel.project.id", projectId);
  pushAttribute(attributes, "vercel.project.name", projectName);
  pushAttribute(attributes, "vcs.ref.head.name", branch);
  attributes.push(CLOUD_PROVIDER);
  return attributes;
}

function pushLogRecords(records: LogRecord[], item: VercelFields, observedTimeUnixNano: bigint): void {
  const { message } = item;
  const envelope = typeof message === "string" ? readEnvelope(message) : undefined;
  if (envelope === undefined) {
    records.push(
      logRecord(item, observedTimeUnixNano, typeof message === "string" ? { text: message } : undefined, 0, undefined, undefined),
    );
    return;
  }
  for (const [index, part] of envelope.parts.entries()) {
    records.push(logRecord(item, observedTimeUnixNano, part, index, envelope.attributes, envelope.trace));
  }
}

/**
 * @param part the message or the part of it that this record is for
 * @param index of the part: the first keeps the record's id as its uid, the next get `<id>:1`, `<id>:2`, ...
 */
function logRecord(
  item: VercelFields,
  observedTimeUnixNano: bigint,
  part: MessagePart | undefined,
  index: number,
  extra: readonly KeyValue[] | undefined,
  reportTrace: TraceContext | undefined,
): LogRecord {
  const attributes: KeyValue[] = [];
  const { id, type, statusCode, level } = item;
  const proxy = isObject(item["proxy"]) ? item["proxy"] : undefined;
  pushAttribute(attributes, "log.record.uid", index === 0 ? id : typeof id === "string" ? `${id}:${index}` : undefined);
  pushAttribute(attributes, "vercel.log.source", item["source"]);
  pushAttribute(attributes, "vercel.log.type", type);
  if (type === "stdout" || type === "stderr") attributes.push({ key: "log.iostream", value: type });
  pushAttribute(attributes, "vercel.log.build.id", item["buildId"]);
  pushAttribute(attributes, "vercel.log.entrypoint", item["entrypoint"]);
  pushAttribute(attributes, "vercel.log.destination", item["destination"]);
  pushAttribute(attributes, "vercel.log.request.id", item["requestId"]);
  pushAttribute(attributes, "vercel.log.branch", item["branch"]);
  pushAttribute(attributes, "vercel.log.edge.type", item["edgeType"]);
  pushAttribute(attributes, "vercel.execution.region", item["executionRegion"]);
  pushAttribute(attributes, "server.address", item["host"]);
  pushAttribute(attributes, "http.route", item["path"]);
  pushAttribute(attributes, "tls.client.ja3", item["ja3Digest"]);
  pushAttribute(attributes, "tls.client.ja4", item["ja4Digest"]);
  pushAttribute(attributes, "vercel.invocation_id", item["invocationId"]);
  pushAttribute(attributes, "vercel.instance_id", item["instanceId"]);

  const ownStatus = toInteger(statusCode);
  const status = ownStatus !== undefined && ownStatus >= 100 ? ownStatus : toHttpStatus(proxy?.["statusCode"]);
  if (status !== undefined) attributes.push({ key: "http.response.status_code", value: status });
  // -1 is Vercel's word for "crashed without an answer", which is no HTTP status.
  if (ownStatus === undefined || ownStatus < 100) pushAttribute(attributes, "vercel.log.status_code", ownStatus ?? statusCode);

  if (proxy !== undefined) pushProxy(attributes, proxy);
  else pushAttribute(attributes, "vercel.proxy", item["proxy"]);
  if (extra !== undefined) attributes.push(...extra);
  for (const field of unknownFields(item))
    putAttribute(attributes, field.startsWith("vercel.") ? field : `vercel.${toSnakeCase(field)}`, item[field]);

  const message = part !== undefined && part.text !== "" ? readMessage(part.text, { time: false }) : undefined;
  if (part !== undefined && (extra !== undefined || part.text.startsWith("["))) putRequestLine(attributes, part.text);
  let dropped = 0;
  if (message !== undefined && message.fields.length > 0) dropped = message.dropped + putAppAttributes(attributes, message.fields);

  const severity = chooseSeverity(message, part, level, type, ownStatus ?? status, attributes);
  const trace = chooseTrace(message, readIds(item, message?.trace, attributes) ?? reportTrace, attributes);
  return {
    timeUnixNano: part?.timeUnixNano ?? readTime(item, proxy, attributes),
    observedTimeUnixNano,
    severityNumber: severity?.number,
    severityText: severity?.text,
    body: message?.body ?? readBody(item["message"], proxy, status),
    attributes,
    droppedAttributesCount: dropped,
    flags: trace?.flags,
    traceId: trace?.traceId,
    spanId: trace?.spanId,
  };
}

function pushProxy(attributes: KeyValue[], proxy: VercelFields): void {
  const { method, path, userAgent, referer } = proxy;
  pushAttribute(attributes, "http.request.method", method);
  pushAttribute(attributes, "url.scheme", proxy["scheme"]);
  if (typeof path === "string" && path !== "") putPath(attributes, path);
  pushAttribute(attributes, "client.address", proxy["clientIp"]);
  pushAttribute(attributes, "http.response.body.size", toInteger(proxy["responseByteSize"]) ?? proxy["responseByteSize"]);
  // A user agent is sent cut at its commas.
  const joined = Array.isArray(userAgent) && userAgent.every((text) => typeof text === "string") ? userAgent.join(", ") : userAgent;
  pushAttribute(attributes, "user_agent.original", joined);
  if (typeof referer === "string" && referer !== "") attributes.push({ key: "http.request.header.referer", value: [referer] });
  // One literal for all records: members that are absent stay undefined, which keeps the shape and the speed.
  const map: Record<string, AnyValue | undefined> = {
    timestamp: toMember(proxy["timestamp"]),
    host: toMember(proxy["host"]),
    path: toMember(path),
    referer: toMember(referer),
    region: toMember(proxy["region"]),
    status_code: toMember(proxy["statusCode"]),
    cache_id: toMember(proxy["cacheId"]),
    path_type: toMember(proxy["pathType"]),
    path_type_variant: toMember(proxy["pathTypeVariant"]),
    vercel_id: toMember(proxy["vercelId"]),
    vercel_cache: toMember(proxy["vercelCache"]),
    lambda_region: toMember(proxy["lambdaRegion"]),
    waf_action: toMember(proxy["wafAction"]),
    waf_rule_id: toMember(proxy["wafRuleId"]),
  };
  for (const field of unknownProxyFields(proxy)) defineMember(map, toSnakeCase(field), toMember(proxy[field]));
  attributes.push({ key: "vercel.proxy", value: map });
}

/** Null and "" are Vercel's ways to say absent. */
function toMember(value: unknown): AnyValue | undefined {
  return value === null || value === "" ? undefined : toAnyValue(value);
}

/** Level inside the message > level of the record > `type: "fatal"` > HTTP status. `type: "stderr"` says nothing: build tools write progress there. */
function chooseSeverity(
  message: Message | undefined,
  part: MessagePart | undefined,
  level: unknown,
  type: unknown,
  status: number | undefined,
  attributes: KeyValue[],
): Severity | undefined {
  const inner = message?.severity ?? part?.severity;
  if (inner !== undefined) {
    if (level !== inner.text) pushAttribute(attributes, "vercel.log.level", level);
    return inner;
  }
  if (level !== undefined && level !== null && level !== "") {
    const severity = readSeverity(level, "vercel");
    if (severity.text === undefined) pushAttribute(attributes, "vercel.log.level", level);
    else return severity;
  }
  if (type === "fatal") return { number: FATAL };
  if (status === undefined) return undefined;
  return { number: status < 100 ? ERROR : httpStatusSeverity(status) };
}

/** The record's own ids; what is no id, or lost to the message's id, stays as an attribute. */
function readIds(item: VercelFields, messageTrace: TraceContext | undefined, attributes: KeyValue[]): TraceContext | undefined {
  const dotted = item["trace.id"];
  const plain = item["traceId"];
  if (dotted === undefined && plain === undefined && item["spanId"] === undefined && item["span.id"] === undefined) return undefined;
  const traceId = readTraceId(dotted) ?? readTraceId(plain);
  const spanText = item["span.id"] ?? item["spanId"];
  const spanId = readSpanId(spanText);
  const used = traceId !== undefined && (messageTrace === undefined || messageTrace.traceId === traceId);
  if (!used) pushAttribute(attributes, "vercel.trace.id", traceId ?? dotted ?? plain);
  if (!used || spanId === undefined) pushAttribute(attributes, "vercel.span.id", spanText);
  return traceId === undefined ? undefined : { traceId, spanId };
}

function readTime(item: VercelFields, proxy: VercelFields | undefined, attributes: KeyValue[]): bigint | undefined {
  const { timestamp } = item;
  const time = readMillis(timestamp);
  if (time !== undefined) return time;
  pushAttribute(attributes, ORIGINAL_TIME, timestamp);
  return readMillis(proxy?.["timestamp"]);
}

/** Numbers are milliseconds; older drains and hand-made ones send ISO text. */
function readMillis(value: unknown): bigint | undefined {
  return typeof value === "number" ? millisToUnixNano(value) : readUnixNano(value);
}

function readBody(message: unknown, proxy: VercelFields | undefined, status: number | undefined): AnyValue | undefined {
  if (typeof message === "object" && message !== null) return JSON.stringify(message, bigintText);
  if (typeof message === "number" || typeof message === "boolean" || typeof message === "bigint") return String(message);
  if (proxy === undefined) return undefined;
  const { method, path } = proxy;
  const target = typeof path === "string" ? path.split("?", 1)[0] : undefined;
  const line = [method, target, status].filter((word) => word !== undefined && word !== null && word !== "").join(" ");
  return line === "" ? undefined : line;
}

function toHttpStatus(value: unknown): number | undefined {
  const status = toInteger(value);
  return status !== undefined && status >= 100 ? status : undefined;
}

/** An integer, or decimal text of one. */
function toInteger(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isInteger(value) ? value : undefined;
  return typeof value === "string" && /^-?\d{1,15}$/.test(value) ? Number(value) : undefined;
}
