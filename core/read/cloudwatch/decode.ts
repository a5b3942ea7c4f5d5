// CloudWatch items -> batches of records: the walk that both doors share. Total per item: a broken one becomes a marked raw
// record, and nothing that one event holds can cost another event anything.
import type { Batch, DecodeContext } from "../../source.ts";
import { isObject } from "../broken.ts";
import { BrokenItem } from "../json-items.ts";
import { toJsonText } from "../json-text.ts";
import { readJsonObject } from "../message.ts";
import { BatchBuilder } from "./batch.ts";
import { type CloudWatchSubscription, isSubscription, ParsedItem } from "./envelope.ts";
import { startEvent } from "./event.ts";
import { isFireLensObject } from "./firelens.ts";
import { readCloudWatchObject, readCloudWatchText } from "./message.ts";
import type { CloudWatchSettings, Door } from "./options.ts";
import { type ObjectEvent, PartialLines } from "./parts.ts";
import type { Fields } from "./reading.ts";
import { BARE_STRETCH, readStretch, type Stretch } from "./stretch.ts";

interface Decoding {
  readonly settings: CloudWatchSettings;
  readonly batch: BatchBuilder;
  readonly lines: PartialLines;
}

const NO_EVENT: Fields = {};

/**
 * Decodes the items of one payload.
 * @param items subscriptions, other JSON objects (`ParsedItem`), bare lines, `BrokenItem`s; anything else is kept raw
 */
export function* decodeCloudWatch(
  items: Iterable<unknown>,
  settings: CloudWatchSettings,
  door: Door,
  context: DecodeContext,
): Generator<Batch, void, undefined> {
  const batch = new BatchBuilder(door, context, settings.platformLogs);
  const decoding = { settings, batch, lines: new PartialLines() };
  for (const item of items) {
    if (isSubscription(item)) {
      yield* decodeSubscription(decoding, item);
      continue;
    }
    decodeBare(decoding, item);
    if (batch.isFull) yield batch.take();
  }
  for (const piece of decoding.lines.rest()) {
    pushObject(decoding, piece);
    if (batch.isFull) yield batch.take();
  }
  if (!batch.isEmpty) yield batch.take();
}

function decodeBare(decoding: Decoding, item: unknown): void {
  if (item instanceof ParsedItem) {
    decodeObject(decoding, { stretch: BARE_STRETCH, event: NO_EVENT, object: item.object, text: item.text });
  } else if (typeof item === "string") {
    decodeText(decoding, BARE_STRETCH, NO_EVENT, item);
  } else if (item instanceof BrokenItem) {
    decoding.batch.pushBroken(BARE_STRETCH, item.text, item.reason);
  } else if (isObject(item) && item["messageType"] === undefined) {
    decodeObject(decoding, { stretch: BARE_STRETCH, event: NO_EVENT, object: item, text: toJsonText(item) });
  } else {
    decoding.batch.pushBroken(BARE_STRETCH, item, "not a CloudWatch Logs subscription");
  }
}

function* decodeSubscription(decoding: Decoding, subscription: CloudWatchSubscription): Generator<Batch, void, undefined> {
  const { batch, settings } = decoding;
  const { messageType, logEvents } = subscription;
  if (messageType === "CONTROL_MESSAGE") {
    batch.skip(1);
    return;
  }
  const stretch = readStretch(subscription);
  const isKnown = messageType === "DATA_MESSAGE" || messageType === undefined;
  if (!isKnown || !Array.isArray(logEvents)) {
    batch.pushBroken(stretch, subscription, isKnown ? "no logEvents" : "unknown messageType");
    return;
  }
  const { logGroup, logStream } = stretch.origin;
  if ((logGroup !== undefined && logGroup === settings.ownLogGroup) || !settings.filter.passesOrigin(logGroup, logStream)) {
    batch.skip(logEvents.length);
    return;
  }
  for (const event of logEvents) {
    decodeEvent(decoding, stretch, event);
    if (batch.isFull) yield batch.take();
  }
}

function decodeEvent(decoding: Decoding, stretch: Stretch, event: unknown): void {
  if (!isObject(event)) {
    decoding.batch.pushBroken(stretch, event, "not a log event");
    return;
  }
  const { message } = event;
  if (typeof message === "string") decodeText(decoding, stretch, event, message);
  else if (isObject(message)) decodeObject(decoding, { stretch, event, object: message, text: toJsonText(message) });
  else if (message === undefined || message === null) decoding.batch.pushBroken(stretch, event, "no message");
  else decodeText(decoding, stretch, event, toJsonText(message));
}

function decodeText(decoding: Decoding, stretch: Stretch, event: Fields, message: string): void {
  const text = stripLineBreak(message);
  const object = readJsonObject(text);
  if (object !== undefined) {
    decodeObject(decoding, { stretch, event, object, text });
    return;
  }
  if (!passes(decoding, text, 1)) return;
  const reading = startEvent(stretch, event);
  readCloudWatchText(reading, text, stretch.origin);
  decoding.batch.push(stretch, event, reading, text.length);
}

function decodeObject(decoding: Decoding, objectEvent: ObjectEvent): void {
  const isPiece = objectEvent.object["partial_id"] !== undefined && isFireLensObject(objectEvent.object);
  const whole = isPiece ? decoding.lines.add(objectEvent) : objectEvent;
  if (whole !== undefined) pushObject(decoding, whole);
}

function pushObject(decoding: Decoding, { stretch, event, object, text, count = 1 }: ObjectEvent & { readonly count?: number }): void {
  if (!passes(decoding, text, count)) return;
  const reading = startEvent(stretch, event);
  readCloudWatchObject(reading, object, text, stretch.origin);
  decoding.batch.push(stretch, event, reading, text.length);
}

function passes({ settings, batch }: Decoding, text: string, count: number): boolean {
  const { passesMessage } = settings.filter;
  if (passesMessage === undefined || passesMessage(text)) return true;
  batch.skip(count);
  return false;
}

/** Lambda ends its lines with a line feed, and JSON loggers do. */
function stripLineBreak(message: string): string {
  let end = message.length;
  while (end > 0 && (message.charCodeAt(end - 1) === 0x0a || message.charCodeAt(end - 1) === 0x0d)) end--;
  return end === message.length ? message : message.slice(0, end);
}
