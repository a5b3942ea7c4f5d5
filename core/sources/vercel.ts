// Vercel drains: log records (JSON array, NDJSON or single objects) and audit-log records -> OTLP.
// A superset of what Elastic's Vercel encoding writes, with the same attribute names. https://vercel.com/docs/drains/reference/logs
import { MAX_BATCH_BYTES } from "../limits.ts";
import { ResourceGroups } from "../otlp/group.ts";
import type { KeyValue, LogRecord, Scope } from "../otlp/model.ts";
import { pushAttribute, putAppAttributes, putAttribute } from "../read/attributes.ts";
import { brokenRecord, isObject, ORIGINAL_TIME } from "../read/broken.ts";
import { BrokenItem, type Item, readJsonItems } from "../read/json-items.ts";
import { toJsonText } from "../read/json-text.ts";
import { chooseTrace, type Message, readMessage } from "../read/message.ts";
import { decodeRawText } from "../read/raw-text.ts";
import { httpStatusSeverity, readSeverity, type Severity } from "../read/severity.ts";
import { millisToUnixNano, readUnixNano } from "../read/time.ts";
import type { TraceContext } from "../read/trace-context.ts";
import { createUnknownFields, putUnknownFields } from "../read/unknown-fields.ts";
import type { Batch, DecodeContext, Source } from "../source.ts";
import { VERSION } from "../version.ts";
import { AUDIT_SCHEMA, AUDIT_SCOPE, auditRecord, auditResource } from "./vercel/audit.ts";
import { type Envelope, type MessagePart, readEnvelope } from "./vercel/envelope.ts";
import { readIds } from "./vercel/ids.ts";
import { ProxyReader, putRequestLine, toInteger, toRequestLine } from "./vercel/request.ts";

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
const FATAL = 21;
const ERROR = 17;
/** Vercel's `statusCode` of a function that crashed without an answer, which is no HTTP status. */
const CRASHED = -1;

function* decodeBatches(payload: Uint8Array, context: DecodeContext): Generator<Batch, void, undefined> {
  const state = { groups: new ResourceGroups(), proxies: new ProxyReader() };
  for (const items of readJsonItems(payload, MAX_BATCH_BYTES)) yield decodeItems(items, state, context);
}

/** Lives as long as one payload. */
interface State {
  readonly groups: ResourceGroups;
  readonly proxies: ProxyReader;
}

function decodeItems(items: readonly Item[], { groups, proxies }: State, context: DecodeContext): Batch {
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
      groups.records(resourceKey({}), SCOPE, () => unknownResource(context)).push(record);
    } else if (item["schema"] === undefined || item["schema"] === null || item["schema"] === "") {
      if (records === undefined || !sameResource(item, last)) {
        records = groups.records(resourceKey(item), SCOPE, () => logResource(item, context));
        last = item;
      }
      pushLogRecords(records, item, context.observedTimeUnixNano, proxies);
    } else if (item["schema"] === AUDIT_SCHEMA) {
      const key = `audit ${toJsonText([item["teamId"], item["projectId"]])}`;
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

/** Fields that are absent in any of Vercel's ways give the same key. */
function resourceKey({ deploymentId, projectId, projectName, environment, branch }: VercelFields): string {
  return toJsonText([deploymentId, projectId, projectName, environment, branch].map((value) => (value === "" ? null : value)));
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

function pushLogRecords(records: LogRecord[], item: VercelFields, observedTimeUnixNano: bigint, proxies: ProxyReader): void {
  const { message } = item;
  const text = typeof message === "string" || message === undefined || message === null ? message : toJsonText(message);
  const before = records[records.length - 1]?.attributes;
  const envelope = text ? readEnvelope(text) : undefined;
  if (envelope === undefined) {
    records.push(logRecord(item, observedTimeUnixNano, text ? { text } : undefined, 0, undefined, undefined, before, proxies));
    return;
  }
  for (const [index, part] of envelope.parts.entries()) {
    records.push(logRecord(item, observedTimeUnixNano, part, index, factsOf(envelope, part), envelope.trace, before, proxies));
  }
}

function factsOf({ attributes }: Envelope, { invocationId }: MessagePart): readonly KeyValue[] {
  return invocationId === undefined ? attributes : [{ key: "faas.invocation_id", value: invocationId }];
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
  before: readonly KeyValue[] | undefined,
  proxies: ProxyReader,
): LogRecord {
  const attributes: KeyValue[] = [];
  const { id, type, statusCode, level } = item;
  const proxy = isObject(item["proxy"]) ? item["proxy"] : undefined;
  pushText(attributes, "log.record.uid", "vercel.id", index > 0 && typeof id === "string" ? `${id}:${index}` : id, before);
  pushAttribute(attributes, "vercel.log.source", item["source"], before);
  pushAttribute(attributes, "vercel.log.type", type, before);
  if (type === "stdout" || type === "stderr") pushAttribute(attributes, "log.iostream", type, before);
  pushAttribute(attributes, "vercel.log.build.id", item["buildId"], before);
  pushAttribute(attributes, "vercel.log.entrypoint", item["entrypoint"], before);
  pushAttribute(attributes, "vercel.log.destination", item["destination"], before);
  pushAttribute(attributes, "vercel.log.request.id", item["requestId"], before);
  pushAttribute(attributes, "vercel.log.branch", item["branch"], before);
  pushAttribute(attributes, "vercel.log.edge.type", item["edgeType"], before);
  pushAttribute(attributes, "vercel.execution.region", item["executionRegion"], before);
  pushText(attributes, "server.address", "vercel.host", item["host"], before);
  pushText(attributes, "http.route", "vercel.path", item["path"], before);
  pushText(attributes, "tls.client.ja3", "vercel.ja3_digest", item["ja3Digest"], before);
  pushText(attributes, "tls.client.ja4", "vercel.ja4_digest", item["ja4Digest"], before);
  pushAttribute(attributes, "vercel.invocation_id", item["invocationId"], before);
  pushAttribute(attributes, "vercel.instance_id", item["instanceId"], before);

  const ownStatus = toInteger(statusCode);
  const status = ownStatus !== undefined && ownStatus >= 100 ? ownStatus : toHttpStatus(proxy?.["statusCode"]);
  if (status !== undefined) pushAttribute(attributes, "http.response.status_code", status, before);
  if (ownStatus === undefined || ownStatus < 100) pushAttribute(attributes, "vercel.log.status_code", ownStatus ?? statusCode, before);

  if (proxy !== undefined) proxies.push(attributes, proxy);
  else pushAttribute(attributes, "vercel.proxy", item["proxy"], before);
  if (extra !== undefined) attributes.push(...extra);

  const message = part !== undefined && part.text !== "" ? readMessage(part.text, { time: false }) : undefined;
  if (part !== undefined && (extra !== undefined || part.text.startsWith("["))) putRequestLine(attributes, part.text);
  const severity = chooseSeverity(message, part, level, type, ownStatus === CRASHED ? CRASHED : status, attributes);
  const timeUnixNano = readTime(item, part, proxy, attributes);
  const ids = readIds(item, message?.trace, attributes);
  let dropped = putUnknownFields(attributes, item, unknownFields(item), "vercel.");
  if (message !== undefined && message.fields.length > 0) dropped += message.dropped + putAppAttributes(attributes, message.fields);
  const trace = chooseTrace(message, ids ?? reportTrace, attributes);
  if (reportTrace !== undefined && trace?.traceId !== reportTrace.traceId)
    putAttribute(attributes, "aws.xray.trace_id", reportTrace.traceId);
  return {
    timeUnixNano,
    observedTimeUnixNano,
    severityNumber: severity?.number,
    severityText: severity?.text,
    body: message?.body ?? (proxy === undefined ? undefined : toRequestLine(proxy, status)),
    attributes,
    droppedAttributesCount: dropped,
    flags: trace?.flags,
    traceId: trace?.traceId,
    spanId: trace?.spanId,
  };
}

/** A name of the semantic conventions promises text; anything else stays under Vercel's own name. */
function pushText(attributes: KeyValue[], key: string, ownKey: string, value: unknown, before: readonly KeyValue[] | undefined): void {
  pushAttribute(attributes, typeof value === "string" ? key : ownKey, value, before);
}

function toHttpStatus(value: unknown): number | undefined {
  const status = toInteger(value);
  return status !== undefined && status >= 100 ? status : undefined;
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
  const inner = message?.severity !== undefined && message.severity.number > 0 ? message.severity : (part?.severity ?? message?.severity);
  const own = level === undefined || level === null || level === "" ? undefined : readSeverity(level, "vercel");
  // A word in the message that nobody knows is no level beside one that everybody does.
  if (inner !== undefined && (inner.number > 0 || own === undefined || own.number === 0)) {
    if (level !== inner.text) pushAttribute(attributes, "vercel.log.level", level);
    return inner;
  }
  if (own?.text !== undefined) return own;
  pushAttribute(attributes, "vercel.log.level", level);
  if (type === "fatal") return { number: FATAL };
  // What a function printed is not the request that it printed it for.
  if (status === undefined || type === "stdout" || type === "stderr") return undefined;
  return status === CRASHED ? { number: ERROR } : { number: httpStatusSeverity(status) };
}

function readTime(
  item: VercelFields,
  part: MessagePart | undefined,
  proxy: VercelFields | undefined,
  attributes: KeyValue[],
): bigint | undefined {
  const { timestamp } = item;
  if (part?.timeUnixNano !== undefined) {
    pushAttribute(attributes, "vercel.timestamp", timestamp);
    return part.timeUnixNano;
  }
  const time = readMillis(timestamp);
  if (time !== undefined) return time;
  pushAttribute(attributes, ORIGINAL_TIME, timestamp);
  return readMillis(proxy?.["timestamp"]);
}

/** Numbers are milliseconds; older drains and hand-made ones send ISO text. */
function readMillis(value: unknown): bigint | undefined {
  return typeof value === "number" ? millisToUnixNano(value) : readUnixNano(value);
}
