// What started an invocation, by the names that Cloudflare's own traces use for it -> its type, and the body and the attributes
// of its invocation record. Batched tail, streaming tail and Logpush spell the same facts in three ways; here they meet.
import type { AnyValue, KeyValue } from "../../otlp/model.ts";
import { pushAttribute, putAttribute } from "../attributes.ts";
import { toAnyValue } from "../value.ts";
import { readTime, toIsoMillis } from "./platform-object.ts";
import { type Headers, pushRequest, type RequestOptions } from "./request.ts";
import { splitUrl, withoutCredentials } from "./url.ts";

/** What an invocation record says beside how it ended. */
export interface Handler {
  readonly body: AnyValue | undefined;
  readonly attributes: readonly KeyValue[];
}

/** The semantic conventions' `faas.trigger` for a `cloudflare.handler_type`. */
export function faasTrigger(handlerType: unknown): "http" | "timer" | "pubsub" | "other" {
  switch (handlerType) {
    case "fetch":
      return "http";
    case "scheduled":
    case "alarm":
      return "timer";
    case "queue":
      return "pubsub";
    default:
      return "other";
  }
}

export interface FetchFields {
  readonly method: unknown;
  readonly url: unknown;
  readonly headers: Headers;
  readonly cf: unknown;
  readonly status: unknown;
}

export function fetchHandler(request: FetchFields, options: RequestOptions): Handler {
  const attributes: KeyValue[] = [];
  pushRequest(attributes, request, options);
  const { method, url } = request;
  const parts = typeof url === "string" ? splitUrl(url) : undefined;
  const target = typeof url === "string" && parts !== undefined ? withoutCredentials(url, parts) : url;
  const words = [method, target].filter((word) => typeof word === "string" && word !== "");
  return { body: words.length === 0 ? undefined : words.join(" "), attributes };
}

/** @param scheduledTime milliseconds, a `Date` or ISO text */
export function scheduledHandler(cron: unknown, scheduledTime: unknown): Handler {
  const attributes: KeyValue[] = [];
  pushAttribute(attributes, "faas.cron", cron);
  const time = pushScheduledTime(attributes, scheduledTime);
  pushAttribute(attributes, "faas.time", time);
  return { body: toAnyValue(cron), attributes };
}

export function alarmHandler(scheduledTime: unknown): Handler {
  const attributes: KeyValue[] = [];
  const time = pushScheduledTime(attributes, scheduledTime);
  return { body: time ?? "alarm", attributes };
}

/** @returns the time as ISO text, when it is readable */
function pushScheduledTime(attributes: KeyValue[], scheduledTime: unknown): string | undefined {
  const unixNano = readTime(scheduledTime);
  const time = unixNano === undefined ? undefined : toIsoMillis(unixNano);
  putAttribute(attributes, "cloudflare.scheduled_time", time ?? scheduledTime);
  return time;
}

export function queueHandler(queue: unknown, batchSize: unknown): Handler {
  const attributes: KeyValue[] = [];
  pushAttribute(attributes, "cloudflare.queue.name", queue);
  pushAttribute(attributes, "cloudflare.queue.batch_size", batchSize);
  pushAttribute(attributes, "messaging.destination.name", queue);
  pushAttribute(attributes, "messaging.batch.message_count", batchSize);
  return { body: toAnyValue(queue), attributes };
}

export function emailHandler(from: unknown, to: unknown, size: unknown): Handler {
  const attributes: KeyValue[] = [];
  pushAttribute(attributes, "cloudflare.email.from", from);
  pushAttribute(attributes, "cloudflare.email.to", to);
  pushAttribute(attributes, "cloudflare.email.size", size);
  return { body: toAnyValue(to), attributes };
}

/** @param method undefined when the platform does not say it */
export function jsrpcHandler(method: unknown): Handler {
  const attributes: KeyValue[] = [];
  pushAttribute(attributes, "cloudflare.jsrpc.method", method);
  pushAttribute(attributes, "rpc.method", method);
  return { body: toAnyValue(method) ?? "jsrpc", attributes };
}

export function webSocketHandler(type: unknown, code: unknown, wasClean: unknown): Handler {
  const attributes: KeyValue[] = [];
  pushAttribute(attributes, "cloudflare.websocket.event", type);
  pushAttribute(attributes, "cloudflare.websocket.code", code);
  pushAttribute(attributes, "cloudflare.websocket.was_clean", wasClean);
  return { body: toAnyValue(type) ?? "websocket", attributes };
}

export function hibernateHandler(reason: unknown): Handler {
  const attributes: KeyValue[] = [];
  pushAttribute(attributes, "cloudflare.on_hibernate.reason", reason);
  return { body: toAnyValue(reason), attributes };
}

/** A handler of which nothing is known but its name, or one that is newer than this code. */
export function otherHandler(handlerType: string): Handler {
  return { body: handlerType, attributes: [] };
}
