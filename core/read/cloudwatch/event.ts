// One log event's own members -> the attributes and the time of its record.
import type { KeyValue } from "../../otlp/model.ts";
import { pushAttribute, putAttribute } from "../attributes.ts";
import { isObject, ORIGINAL_TIME } from "../broken.ts";
import { toJsonText } from "../json-text.ts";
import { millisToUnixNano, readUnixNano } from "../time.ts";
import { createUnknownFields } from "../unknown-fields.ts";
import type { CloudWatchLogEvent } from "./envelope.ts";
import { type Fields, omit, putMapped, type Reading, startReading } from "./reading.ts";
import type { Stretch } from "./stretch.ts";

/** Members that have their place; any other goes to `aws.log.event.*`. */
const EVENT_FIELDS = { id: "", timestamp: "", message: "", extractedFields: "" } as const;
const unknownFields = createUnknownFields(new Set(Object.keys(EVENT_FIELDS)));
export const ACCOUNT_FIELD = "@aws.account";
export const REGION_FIELD = "@aws.region";

const SECOND_NANOS = 1_000_000_000n;
/** The message's time and CloudWatch's lie within this; further apart one clock or zone is wrong, and both are kept. */
const MAX_DRIFT_NANOS = 60n * SECOND_NANOS;
const EVENT_TIME = "aws.log.event.timestamp";

/** Begins the record of an event: its id, which is the same in every delivery, and what surrounds it. */
export function startEvent(stretch: Stretch, event: Fields & CloudWatchLogEvent): Reading {
  const attributes: KeyValue[] = [];
  const reading = startReading(attributes);
  const { id, extractedFields } = event;
  pushAttribute(attributes, "log.record.uid", typeof id === "number" || typeof id === "bigint" ? String(id) : id);
  for (const attribute of stretch.attributes) attributes.push(attribute);
  reading.dropped = stretch.dropped;
  if (extractedFields !== undefined) putExtractedFields(attributes, extractedFields);
  if (unknownFields(event).length > 0) putMapped(reading, event, EVENT_FIELDS, "aws.log.event");
  return reading;
}

/** What a filter pattern took out of the message; the system fields among them are part of the resource. */
function putExtractedFields(attributes: KeyValue[], extractedFields: unknown): void {
  const fields = isObject(extractedFields) ? omit(extractedFields, [ACCOUNT_FIELD, REGION_FIELD]) : extractedFields;
  putAttribute(attributes, "aws.log.extracted_fields", fields);
}

/**
 * The message's own time, else CloudWatch's; what cannot be read, or contradicts, stays as an attribute. A message that tells
 * whole seconds (Python's JSON format, RDS) gets CloudWatch's milliseconds of that very second, or its lines would lose their order.
 */
export function chooseTime(messageTime: bigint | undefined, event: CloudWatchLogEvent, attributes: KeyValue[]): bigint | undefined {
  const { timestamp, message } = event;
  if (timestamp === undefined || timestamp === null) return messageTime;
  const eventTime = typeof timestamp === "number" ? millisToUnixNano(timestamp) : readUnixNano(timestamp);
  if (eventTime === undefined) {
    const text = typeof timestamp === "string" ? timestamp : toJsonText(timestamp);
    // The message may have an unreadable time of its own there already.
    if (!putAttribute(attributes, ORIGINAL_TIME, text)) putAttribute(attributes, EVENT_TIME, timestamp);
    return messageTime;
  }
  if (messageTime === undefined) return eventTime;
  const drift = eventTime - messageTime;
  if (drift > 0n && drift < SECOND_NANOS && messageTime % SECOND_NANOS === 0n && !tellsMillis(message, messageTime)) return eventTime;
  if (drift > MAX_DRIFT_NANOS || drift < -MAX_DRIFT_NANOS) putAttribute(attributes, EVENT_TIME, timestamp);
  return messageTime;
}

/** Whether the message writes the milliseconds of a whole second: `:05.000`, `:05,000` or the number. */
function tellsMillis(message: unknown, unixNano: bigint): boolean {
  if (typeof message !== "string") return false;
  const millis = String(unixNano / 1_000_000n);
  const second = `:${String((unixNano / SECOND_NANOS) % 60n).padStart(2, "0")}`;
  return [millis, `${second}.000`, `${second},000`].some((text) => message.includes(text));
}
