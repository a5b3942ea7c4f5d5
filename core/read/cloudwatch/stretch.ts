// The stretch of a payload that shares log group, stream and account: what its envelope says, read once for all its events.
import type { KeyValue } from "../../otlp/model.ts";
import { pushAttribute } from "../attributes.ts";
import { isObject } from "../broken.ts";
import { toJsonText } from "../json-text.ts";
import { createUnknownFields } from "../unknown-fields.ts";
import type { CloudWatchSubscription } from "./envelope.ts";
import { type Origin, readOrigin } from "./origin.ts";
import { type Fields, putMapped, startReading } from "./reading.ts";

export interface Stretch {
  readonly origin: Origin;
  readonly accountId: string | undefined;
  readonly maxMemoryBytes: number | undefined;
  /** Attributes of each of its records, and how many there is no room for. */
  readonly attributes: readonly KeyValue[];
  readonly dropped: number;
}

/** Of what came without an envelope. */
export const BARE_STRETCH: Stretch = {
  origin: readOrigin(undefined, undefined),
  accountId: undefined,
  maxMemoryBytes: undefined,
  attributes: [],
  dropped: 0,
};

/** Members that have their place; any other goes to `aws.log.*`. */
const ENVELOPE_FIELDS = { messageType: "", owner: "", logGroup: "", logStream: "", subscriptionFilters: "", logEvents: "" } as const;
const unknownFields = createUnknownFields(new Set(Object.keys(ENVELOPE_FIELDS)));
/** They stand on every record, so there is room for a few only. */
const MAX_ENVELOPE_ATTRIBUTES = 32;
const MEMORY = /(?:Memory Size: |"memorySizeMB": ?)(\d{1,6})\b/;

export function readStretch(subscription: CloudWatchSubscription): Stretch {
  const { owner, logGroup, logStream, subscriptionFilters, logEvents } = subscription;
  const origin = readOrigin(readName(logGroup), readName(logStream));
  const reading = startReading([]);
  if (!Array.isArray(subscriptionFilters) || subscriptionFilters.length > 0) {
    pushAttribute(reading.attributes, "aws.log.subscription_filter.names", subscriptionFilters);
  }
  if (unknownFields(subscription as Fields).length > 0) putMapped(reading, subscription as Fields, ENVELOPE_FIELDS, "aws.log");
  const attributes = reading.attributes.slice(0, MAX_ENVELOPE_ATTRIBUTES);
  return {
    origin,
    accountId: readName(owner),
    maxMemoryBytes: origin.kind === "lambda" && Array.isArray(logEvents) ? findMaxMemory(logEvents) : undefined,
    attributes,
    dropped: reading.dropped + reading.attributes.length - attributes.length,
  };
}

/** A name of any type as text; undefined when it is absent or "". */
export function readName(value: unknown): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  if (value === undefined || value === null) return undefined;
  return typeof value === "object" ? toJsonText(value) : String(value);
}

/** A stream is one instance of a function, so any REPORT in it tells the memory of all. */
function findMaxMemory(events: readonly unknown[]): number | undefined {
  for (const event of events) {
    const message = isObject(event) ? event["message"] : undefined;
    if (typeof message !== "string") continue;
    const isReport = message.startsWith("REPORT RequestId: ") || (message.startsWith("{") && message.includes('"platform.report"'));
    const megabytes = isReport ? MEMORY.exec(message)?.[1] : undefined;
    if (megabytes !== undefined) return Number(megabytes) * 1024 * 1024;
  }
  return undefined;
}
