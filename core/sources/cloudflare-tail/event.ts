// The event of a batched trace item. It has no discriminant: what handler ran shows in the members that it has.
import type { KeyValue } from "../../otlp/model.ts";
import { pushAttribute } from "../../read/attributes.ts";
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
import { readMember, restOf } from "../../read/cloudflare/platform-object.ts";
import type { Headers, RequestOptions } from "../../read/cloudflare/request.ts";

/** In this order: an alarm has a `scheduledTime` like a cron run, but no `cron`. */
const HANDLER_TYPES = [
  ["request", "fetch"],
  ["cron", "scheduled"],
  ["queue", "queue"],
  ["mailFrom", "email"],
  ["rpcMethod", "jsrpc"],
  ["consumedEvents", "tail"],
  ["getWebSocketEvent", "websocket"],
  ["reason", "on_hibernate"],
  ["scheduledTime", "alarm"],
] as const;

/** The `cloudflare.handler_type` of an event; `custom` for one with members of its own, `unknown` for none. */
export function handlerTypeOf(event: unknown): string {
  if (typeof event !== "object" || event === null) return "unknown";
  for (const [member, type] of HANDLER_TYPES) if (readMember(event, member) !== undefined) return type;
  // Both are empty objects; only the runtime's class tells them apart.
  const type = readMember(event, "constructor");
  return typeof type === "function" && String(type.name).includes("Connect") ? "connect" : "custom";
}

/** @param headers of a fetch event, already picked */
export function readHandler(event: unknown, handlerType: string, headers: Headers, options: RequestOptions): Handler {
  const read = (name: string): unknown => readMember(event, name);
  switch (handlerType) {
    case "fetch": {
      const request = read("request");
      const status = readMember(read("response"), "status");
      const [method, url, cf] = ["method", "url", "cf"].map((name) => readMember(request, name));
      return fetchHandler({ method, url, headers, cf, status }, options);
    }
    case "scheduled":
      return scheduledHandler(read("cron"), read("scheduledTime"));
    case "queue":
      return queueHandler(read("queue"), read("batchSize"));
    case "email":
      return emailHandler(read("mailFrom"), read("rcptTo"), read("rawSize"));
    case "jsrpc":
      return jsrpcHandler(read("rpcMethod"));
    case "websocket": {
      const socket = read("getWebSocketEvent");
      return webSocketHandler(readMember(socket, "webSocketEventType"), readMember(socket, "code"), readMember(socket, "wasClean"));
    }
    case "on_hibernate":
      return hibernateHandler(read("reason"));
    case "alarm":
      return alarmHandler(read("scheduledTime"));
    default:
      return otherHandler(handlerType);
  }
}

const ITEM_FIELDS: ReadonlySet<string> = new Set(
  (
    "event eventTimestamp logs exceptions diagnosticsChannelEvents scriptName entrypoint scriptVersion dispatchNamespace scriptTags " +
    "tailAttributes preview durableObjectId outcome executionModel truncated cpuTime wallTime"
  ).split(" "),
);
const EVENT_FIELDS: ReadonlySet<string> = new Set(
  "request response cron scheduledTime queue batchSize mailFrom rcptTo rawSize rpcMethod getWebSocketEvent reason".split(" "),
);

/** What a newer runtime says and this code has no name for, as maps: `cloudflare.trace_item` and `cloudflare.event`. */
export function unknownFields(item: unknown, event: unknown): readonly KeyValue[] {
  const fields: KeyValue[] = [];
  pushAttribute(fields, "cloudflare.trace_item", restOf(item, ITEM_FIELDS));
  pushAttribute(fields, "cloudflare.event", typeof event === "object" ? restOf(event, EVENT_FIELDS) : event);
  return fields;
}
