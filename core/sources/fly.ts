// Fly.io logs as the log shipper (Vector) sends them, and what any other Vector `http` sink sends: JSON in every framing, text
// lines, untouched NATS messages, merged app fields, OTLP requests. https://fly.io/docs/monitoring/exporting-logs/
import { decodeJsonLogs } from "../otlp/decode.ts";
import { ResourceGroups } from "../otlp/group.ts";
import type { LogRecord, Scope } from "../otlp/model.ts";
import { brokenRecord, isObject } from "../read/broken.ts";
import { createGlobMatcher } from "../read/glob.ts";
import { BrokenItem, type Item } from "../read/json-items.ts";
import { readJsonObject } from "../read/message.ts";
import { isBinary } from "../read/raw-text.ts";
import type { Batch, DecodeContext, Source } from "../source.ts";
import { VERSION } from "../version.ts";
import { eventRecord } from "./fly/event.ts";
import { type Fields, readItems } from "./fly/framing.ts";
import { isSameOrigin, NOWHERE, type Origin, originAttributes, originKey, readOrigin } from "./fly/origin.ts";
import { OtlpGroups } from "./fly/otlp.ts";

export interface FlyOptions {
  /** Apps whose events are left out, as globs (`*`): the log shipper itself, and whatever logs what it delivers. */
  readonly ignoreApps?: readonly string[] | undefined;
}

const SCOPE: Scope = { name: "otlp-drain/fly", version: VERSION };

/** Reads the inflated body of a Vector `http` sink. A body that is no text is `unreadable`. */
export function createFlySource({ ignoreApps = [] }: FlyOptions = {}): Source<Uint8Array> {
  const isIgnored = createGlobMatcher(ignoreApps);
  return {
    name: "fly",
    decode(payload, context) {
      if (isBinary(payload)) return { ok: false, error: { reason: "unreadable", detail: "the body is neither JSON nor text" } };
      return { ok: true, value: { batches: decodeBatches(payload, context, isIgnored) } };
    },
  };
}

export const fly: Source<Uint8Array> = createFlySource();

function* decodeBatches(
  payload: Uint8Array,
  context: DecodeContext,
  isIgnored: (app: string) => boolean,
): Generator<Batch, void, undefined> {
  const decoder = new ItemDecoder(context, isIgnored);
  for (const items of readItems(payload)) {
    for (const item of items) decoder.decode(item);
    yield decoder.takeBatch();
  }
}

/** Reads the items of one payload, one after the other. */
class ItemDecoder {
  readonly #context: DecodeContext;
  readonly #isIgnored: (app: string) => boolean;
  readonly #groups = new ResourceGroups();
  readonly #otlpGroups: OtlpGroups;
  #malformed = 0;
  #filtered = 0;
  /** Neighbours mostly share their origin, and so their list. */
  #lastOrigin: Origin = NOWHERE;
  #lastRecords: LogRecord[] | undefined;

  constructor(context: DecodeContext, isIgnored: (app: string) => boolean) {
    this.#context = context;
    this.#isIgnored = isIgnored;
    this.#otlpGroups = new OtlpGroups(context.observedTimeUnixNano);
  }

  decode(item: Item): void {
    if (item instanceof BrokenItem) this.#pushBroken(item.text, item.reason);
    else if (!isObject(item)) this.#pushBroken(item, "not a JSON object");
    else if (isOtlp(item)) this.#decodeOtlp(item);
    // An object of nothing says nothing.
    else if (Object.keys(item).length === 0) this.#filtered++;
    else this.#decodeEvent(unwrapNats(item));
  }

  #decodeEvent(event: Fields): void {
    const used: string[] = [];
    const origin = readOrigin(event, used);
    if (origin.isFly && origin.name !== undefined && this.#isIgnored(origin.name)) this.#filtered++;
    else this.#records(origin).push(eventRecord(event, used, this.#context.observedTimeUnixNano));
  }

  #decodeOtlp(item: Fields): void {
    const decoded = decodeJsonLogs(item);
    if (!decoded.ok) {
      this.#pushBroken(item, decoded.error.detail);
      return;
    }
    const { records, malformed } = this.#otlpGroups.append(decoded.value);
    this.#malformed += malformed;
    if (records === 0) this.#filtered++;
  }

  #pushBroken(value: unknown, reason: string): void {
    this.#malformed++;
    this.#records(NOWHERE).push(brokenRecord(value, reason, this.#context.observedTimeUnixNano));
  }

  #records(origin: Origin): LogRecord[] {
    if (this.#lastRecords === undefined || !isSameOrigin(origin, this.#lastOrigin)) {
      this.#lastRecords = this.#groups.records(originKey(origin), SCOPE, () => originAttributes(origin, this.#context));
      this.#lastOrigin = origin;
    }
    return this.#lastRecords;
  }

  /** What was read since the last call. */
  takeBatch(): Batch {
    const resourceLogs = [...this.#groups.takeResourceLogs(), ...this.#otlpGroups.takeResourceLogs()];
    const batch: Batch = { resourceLogs, malformed: this.#malformed, filtered: this.#filtered };
    this.#malformed = 0;
    this.#filtered = 0;
    this.#lastRecords = undefined;
    return batch;
  }
}

/** A request, or a ResourceLogs, of Vector's `opentelemetry` sink. */
function isOtlp(item: Fields): boolean {
  return Array.isArray(item["resourceLogs"]) || (Array.isArray(item["scopeLogs"]) && item["message"] === undefined);
}

/** A Vector that does not parse what it takes from NATS hands on Fly.io's whole event as the text of a `message`. */
function unwrapNats(item: Fields): Fields {
  const { message, subject, timestamp } = item;
  if (item["fly"] !== undefined || typeof subject !== "string" || typeof message !== "string" || !message.startsWith("{")) return item;
  const event = readJsonObject(message);
  if (event === undefined || event["fly"] === undefined) return item;
  return { ...item, message: undefined, timestamp: undefined, "nats.timestamp": timestamp, ...event };
}
