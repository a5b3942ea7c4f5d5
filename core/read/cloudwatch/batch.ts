// The batch under construction: records find the list of their resource, and everything is counted.
import { MAX_BATCH_BYTES, MAX_STRING_LENGTH } from "../../limits.ts";
import { ResourceGroups } from "../../otlp/group.ts";
import type { KeyValue, LogRecord } from "../../otlp/model.ts";
import type { Batch, DecodeContext } from "../../source.ts";
import { brokenRecord, isObject } from "../broken.ts";
import { chooseTrace } from "../message.ts";
import { truncate } from "../value.ts";
import { ACCOUNT_FIELD, chooseTime, REGION_FIELD } from "./event.ts";
import type { Door, PlatformLogs } from "./options.ts";
import type { Fields, Reading } from "./reading.ts";
import { type ResourceHint, resourceAttributes } from "./resource.ts";
import { readName, type Stretch } from "./stretch.ts";

/** A record costs memory beside its message. */
const RECORD_OVERHEAD_BYTES = 64;
const NO_EVENT: Fields = {};

interface KeyedResource {
  readonly key: string;
  readonly attributes: readonly KeyValue[];
}

/** Lives as long as one payload. */
export class BatchBuilder {
  readonly #door: Door;
  readonly #context: DecodeContext;
  readonly #platformLogs: PlatformLogs;
  readonly #groups = new ResourceGroups();
  /** What is known of a sender -> its resource by value: different senders may come to the same attributes. */
  readonly #resources = new Map<string, KeyedResource>();
  /** Where the last record went, while the batch lasts. */
  #lastStretch: Stretch | undefined;
  #lastRecords: LogRecord[] | undefined;
  #count = 0;
  #malformed = 0;
  #filtered = 0;
  #bytes = 0;

  constructor(door: Door, context: DecodeContext, platformLogs: PlatformLogs) {
    this.#door = door;
    this.#context = context;
    this.#platformLogs = platformLogs;
  }

  get isFull(): boolean {
    return this.#bytes >= MAX_BATCH_BYTES;
  }

  get isEmpty(): boolean {
    return this.#count + this.#filtered === 0;
  }

  /** Hands out what was pushed since the last time. */
  take(): Batch {
    const batch = { resourceLogs: this.#groups.takeResourceLogs(), malformed: this.#malformed, filtered: this.#filtered };
    this.#count = this.#malformed = this.#filtered = this.#bytes = 0;
    this.#lastStretch = this.#lastRecords = undefined;
    return batch;
  }

  skip(count: number): void {
    this.#filtered += count;
  }

  /** @param length of the message that was read, for the size of the batch */
  push(stretch: Stretch, event: Fields, reading: Reading, length: number): void {
    if (reading.skipped || this.#dropsPlatformLine(reading)) {
      this.#filtered++;
      return;
    }
    const { attributes, severity, body } = reading;
    const trace = chooseTrace(reading.message, reading.trace, attributes);
    this.#findRecords(stretch, event, reading.hint).push({
      timeUnixNano: chooseTime(reading.timeUnixNano, event, attributes),
      observedTimeUnixNano: this.#context.observedTimeUnixNano,
      severityNumber: severity?.number,
      severityText: severity?.text,
      body: typeof body === "string" ? truncate(body, MAX_STRING_LENGTH) : body,
      attributes,
      droppedAttributesCount: reading.dropped,
      flags: trace?.flags,
      traceId: trace?.traceId,
      spanId: trace?.spanId,
    });
    this.#count++;
    this.#bytes += length + RECORD_OVERHEAD_BYTES;
  }

  /** Keeps what could not be read as a marked raw record. */
  pushBroken(stretch: Stretch, value: unknown, reason: string): void {
    const record = brokenRecord(value, reason, this.#context.observedTimeUnixNano);
    this.#findRecords(stretch, NO_EVENT, undefined).push(record);
    this.#malformed++;
    this.#count++;
    this.#bytes += RECORD_OVERHEAD_BYTES + (typeof record.body === "string" ? record.body.length : 0);
  }

  #dropsPlatformLine({ platformLine }: Reading): boolean {
    if (platformLine === undefined || this.#platformLogs === "keep") return false;
    return platformLine === "routine" || (platformLine === "report" && this.#platformLogs === "drop");
  }

  /** The list of the record's resource: that of the stretch, unless the event or its message says more. */
  #findRecords(stretch: Stretch, event: Fields, hint: ResourceHint | undefined): LogRecord[] {
    const { extractedFields } = event;
    const isPlain = hint === undefined && extractedFields === undefined;
    if (isPlain && this.#lastRecords !== undefined && this.#lastStretch === stretch) return this.#lastRecords;
    const system = isObject(extractedFields) ? extractedFields : NO_EVENT;
    const { key, attributes } = this.#findResource(stretch, readName(system[ACCOUNT_FIELD]), readName(system[REGION_FIELD]), hint);
    const records = this.#groups.records(key, this.#door.scope, () => attributes);
    if (isPlain) {
      this.#lastStretch = stretch;
      this.#lastRecords = records;
    }
    return records;
  }

  #findResource(
    { origin, accountId: owner, maxMemoryBytes }: Stretch,
    eventAccount: string | undefined,
    eventRegion: string | undefined,
    hint: ResourceHint | undefined,
  ): KeyedResource {
    const { logGroup, logStream } = origin;
    const senderKey = JSON.stringify([logGroup, logStream, owner, eventAccount, eventRegion, maxMemoryBytes, hint]);
    const known = this.#resources.get(senderKey);
    if (known !== undefined) return known;
    const door = this.#door;
    const accountId = eventAccount ?? owner ?? hint?.accountId;
    const region = eventRegion ?? hint?.region ?? door.regionOf(accountId);
    const sender = { origin, accountId, region, maxMemoryBytes, hint };
    const attributes = resourceAttributes(sender, door.givenAttributes, this.#context.defaultServiceName, door.lastServiceName);
    const resource = { key: JSON.stringify(attributes), attributes };
    this.#resources.set(senderKey, resource);
    return resource;
  }
}
