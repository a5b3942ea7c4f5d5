// Decodes a payload of an AWS source to flat records, through the real encoder and the oracle, with the counts of all batches.
import { encodeProtobuf } from "../../../core/otlp/protobuf.ts";
import type { CloudWatchOptions } from "../../../core/read/cloudwatch/options.ts";
import type { Source } from "../../../core/source.ts";
import { createCloudWatchSource } from "../../../core/sources/cloudwatch.ts";
import { OBSERVED_TIME_UNIX_NANO } from "../../support/conformance.ts";
import { decodeOracle, type FlatRecord, flatten } from "../../support/oracle.ts";

export interface DecodedAll {
  readonly records: readonly FlatRecord[];
  readonly malformed: number;
  readonly filtered: number;
  readonly batches: number;
}

export function decodeAll<Payload>(source: Source<Payload>, payload: Payload, defaultServiceName?: string): DecodedAll {
  const result = source.decode(payload, { observedTimeUnixNano: OBSERVED_TIME_UNIX_NANO, defaultServiceName });
  if (!result.ok) throw new Error(`decodes to a failure: ${result.error.reason}, ${result.error.detail}`);
  const batches = [...result.value.batches];
  return {
    records: batches.flatMap(({ resourceLogs }) => flatten(decodeOracle(encodeProtobuf(resourceLogs)))),
    malformed: batches.reduce((sum, { malformed }) => sum + malformed, 0),
    filtered: batches.reduce((sum, { filtered }) => sum + filtered, 0),
    batches: batches.length,
  };
}

/** ms since the Unix epoch of every event that a test does not give another time. */
export const EVENT_TIME_MS = 1_795_213_380_610;

/** A subscription object whose events hold these messages. */
export function subscription(messages: readonly unknown[], fields: object = {}): object {
  return {
    messageType: "DATA_MESSAGE",
    owner: "123456789012",
    logGroup: "/shop/web",
    logStream: "stream",
    subscriptionFilters: ["drain"],
    logEvents: messages.map((message, index) => ({ id: String(index), timestamp: EVENT_TIME_MS + index, message })),
    ...fields,
  };
}

/** The records of these messages in one log group. */
export function decodeMessages(logGroup: string, messages: readonly unknown[], options: CloudWatchOptions = {}): DecodedAll {
  const logStream = logGroup.startsWith("/aws/lambda/") ? "2026/11/20/[$LATEST]b31f2f5c0d8e4b64a5a7c1f0f1c2d3e4" : "stream";
  return decodeAll(createCloudWatchSource({ region: "us-west-2", ...options }), subscription(messages, { logGroup, logStream }));
}

/** The only record of one message. */
export function decodeMessage(logGroup: string, message: unknown, options: CloudWatchOptions = {}): FlatRecord {
  const { records } = decodeMessages(logGroup, [message], options);
  if (records.length !== 1) throw new Error(`${records.length} records`);
  return records[0] as FlatRecord;
}
