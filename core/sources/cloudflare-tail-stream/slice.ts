// The events of one invocation, or a slice of them: what they say of the invocation as a whole.
import type { KeyValue } from "../../otlp/model.ts";
import { pushAttribute, putAttribute } from "../../read/attributes.ts";
import {
  alarmHandler,
  emailHandler,
  fetchHandler,
  type Handler,
  hibernateHandler,
  jsrpcHandler,
  otherHandler,
  queueHandler,
  scheduledHandler,
  webSocketHandler,
} from "../../read/cloudflare/handlers.ts";
import { readMember, readText, restOf } from "../../read/cloudflare/platform-object.ts";
import { isSecretHeader, REDACTED, redactUrl } from "../../read/cloudflare/redaction.ts";
import type { Headers, RequestOptions } from "../../read/cloudflare/request.ts";
import { splitUrl, withoutCredentials } from "../../read/cloudflare/url.ts";
import { readSpanId, readTraceId, type TraceContext } from "../../read/trace-context.ts";

export interface Slice {
  /** The first event, with its ids and time, when it is an onset. */
  readonly onset: unknown;
  readonly events: readonly unknown[];
}

/** One slice per onset; events before the first onset are one without. */
export function splitInvocations(events: readonly unknown[]): readonly Slice[] {
  const slices: { onset: unknown; events: unknown[] }[] = [];
  for (const event of events) {
    const last = slices.at(-1);
    if (eventType(event) === "onset") slices.push({ onset: event, events: [event] });
    else if (last === undefined) slices.push({ onset: undefined, events: [event] });
    else last.events.push(event);
  }
  return slices;
}

function eventType(event: unknown): unknown {
  return readMember(readMember(event, "event"), "type");
}

export interface Summary {
  /** The `outcome` event: undefined when the slice ends before it. */
  readonly end: unknown;
  readonly status: unknown;
  readonly hasExceptions: boolean;
  /** Attributes of the invocation's own span. */
  readonly attributes: readonly KeyValue[];
}

export function summarize({ onset, events }: Slice): Summary {
  const rootSpan = readText(readMember(onset, "event"), "spanId");
  const attributes: KeyValue[] = [];
  putAttributes(attributes, readMember(readMember(onset, "event"), "attributes"));
  let end: unknown;
  let status: unknown;
  let hasExceptions = readMember(onset, "hadExceptions") === true;
  for (const envelope of events) {
    const event = readMember(envelope, "event");
    switch (readMember(event, "type")) {
      case "outcome":
        end = event;
        break;
      case "return":
        status = readMember(readMember(event, "info"), "statusCode");
        break;
      case "exception":
        hasExceptions = true;
        break;
      case "attributes":
        if (isOfSpan(envelope, rootSpan)) putAttributes(attributes, readMember(event, "info"));
        break;
    }
  }
  return { end, status, hasExceptions, attributes };
}

/** Whether an event belongs to the span of the invocation itself. */
export function isOfSpan(envelope: unknown, spanId: unknown): boolean {
  return typeof spanId === "string" && readMember(readMember(envelope, "spanContext"), "spanId") === spanId;
}

/** More than these are no annotations. */
const MAX_SPAN_ATTRIBUTES = 128;

/** `{name, value}` each; a value may be a bigint. */
function putAttributes(attributes: KeyValue[], list: unknown): void {
  if (!Array.isArray(list)) return;
  for (const attribute of list) {
    const name = readText(attribute, "name");
    if (name !== undefined && attributes.length < MAX_SPAN_ATTRIBUTES) putAttribute(attributes, name, readMember(attribute, "value"));
  }
}

/** The active span of an event; the span of its invocation for an onset. */
export function readSpan(envelope: unknown): TraceContext | undefined {
  const context = readMember(envelope, "spanContext");
  const traceId = readTraceId(readMember(context, "traceId"));
  if (traceId === undefined) return undefined;
  const flags = readMember(context, "traceFlags");
  const own = eventType(envelope) === "onset" ? readMember(readMember(envelope, "event"), "spanId") : undefined;
  return {
    traceId,
    spanId: readSpanId(own ?? readMember(context, "spanId")),
    flags: typeof flags === "number" && flags >= 0 && flags <= 0xff && Number.isInteger(flags) ? flags : undefined,
  };
}

const HANDLER_TYPES: Readonly<Record<string, string>> = { onHibernate: "on_hibernate", hibernatableWebSocket: "websocket", trace: "tail" };

/** The `cloudflare.handler_type` of an onset's `info`. */
export function handlerTypeOf(info: unknown): string {
  const type = readText(info, "type");
  return type === undefined ? "unknown" : Object.hasOwn(HANDLER_TYPES, type) ? (HANDLER_TYPES[type] as string) : type;
}

/** @param headers of a fetch event, already picked */
export function readHandler(info: unknown, handlerType: string, headers: Headers, summary: Summary, options: RequestOptions): Handler {
  const read = (name: string): unknown => readMember(info, name);
  switch (handlerType) {
    case "fetch": {
      const url = read("url");
      const request = { method: read("method"), url: typeof url === "string" ? redactUrl(url) : url, headers, cf: read("cfJson") };
      return fetchHandler({ ...request, status: summary.status }, options);
    }
    case "scheduled":
      return scheduledHandler(read("cron"), read("scheduledTime"));
    case "queue":
      return queueHandler(read("queueName"), read("batchSize"));
    case "email":
      return emailHandler(read("mailFrom"), read("rcptTo"), read("rawSize"));
    case "jsrpc":
      return jsrpcHandler(summary.attributes.find(({ key }) => key === RPC_METHOD)?.value);
    case "websocket": {
      const socket = read("info");
      return webSocketHandler(readMember(socket, "type"), readMember(socket, "code"), readMember(socket, "wasClean"));
    }
    case "on_hibernate":
      return hibernateHandler(read("reason"));
    case "alarm":
      return alarmHandler(read("scheduledTime"));
    default:
      return otherHandler(handlerType);
  }
}

/** The method is not in the onset: it follows as an attribute. */
const RPC_METHOD = "jsrpc.method";
const INFO_FIELDS: ReadonlySet<string> = new Set(
  "type method url cfJson headers cron scheduledTime queueName batchSize mailFrom rcptTo rawSize info reason".split(" "),
);
const ONSET_FIELDS: ReadonlySet<string> = new Set(
  (
    "type attributes spanId dispatchNamespace entrypoint executionModel durableObjectId scriptName scriptTags scriptVersion preview " +
    "tailAttributes info"
  ).split(" "),
);

/** Attributes are not redacted either. */
function redactAttribute({ key, value }: KeyValue): KeyValue {
  if (typeof value === "string" && (key.startsWith("url.") || key === "http.url")) return { key, value: redactWholeUrl(value) };
  const header = /^http\.(?:request|response)\.header\.(.+)$/.exec(key)?.[1];
  return header !== undefined && isSecretHeader(header.toLowerCase()) ? { key, value: REDACTED } : { key, value };
}

/** As the request's own URL comes out. */
function redactWholeUrl(url: string): string {
  const redacted = redactUrl(url);
  const parts = splitUrl(redacted);
  return parts === undefined ? redacted : withoutCredentials(redacted, parts);
}

/** The attributes of the invocation's span, and what a newer runtime says and this code has no name for. */
export function extraAttributes(onset: unknown, { attributes }: Summary): readonly KeyValue[] {
  const extra = attributes.filter(({ key }) => key !== RPC_METHOD).map(redactAttribute);
  const fields: KeyValue[] = [];
  pushAttribute(fields, "cloudflare.onset", restOf(onset, ONSET_FIELDS));
  pushAttribute(fields, "cloudflare.event", restOf(readMember(onset, "info"), INFO_FIELDS));
  for (const { key, value } of fields) putAttribute(extra, key, value);
  return extra;
}
