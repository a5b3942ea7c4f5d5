// Decoding for the tests of the Cloudflare sources: through the real encoder and the oracle, to plain records.
import { expect } from "vitest";
import { encodeProtobuf } from "../../../core/otlp/protobuf.ts";
import type { Batch, Source } from "../../../core/source.ts";
import { type CloudflareTailOptions, createCloudflareTailSource } from "../../../core/sources/cloudflare-tail.ts";
import { OBSERVED_TIME_UNIX_NANO } from "../../support/conformance.ts";
import { decodeOracle, type FlatRecord, flatten } from "../../support/oracle.ts";

export interface Outcome {
  readonly records: readonly FlatRecord[];
  readonly batches: readonly Batch[];
  readonly malformed: number;
  readonly filtered: number;
}

/** Decodes a payload that must not be refused as a whole. */
export function decode<Payload>(source: Source<Payload>, payload: Payload, defaultServiceName?: string): Outcome {
  const result = source.decode(payload, { observedTimeUnixNano: OBSERVED_TIME_UNIX_NANO, defaultServiceName });
  if (!result.ok) throw new Error(result.error.detail);
  const batches = [...result.value.batches];
  return {
    records: flatten(decodeOracle(encodeProtobuf(batches.flatMap(({ resourceLogs }) => resourceLogs)))),
    batches,
    malformed: batches.reduce((sum, { malformed }) => sum + malformed, 0),
    filtered: batches.reduce((sum, { filtered }) => sum + filtered, 0),
  };
}

/** A console call made at 1795213241870 ms. */
export function log(level: string, ...message: readonly unknown[]): Record<string, unknown> {
  return { timestamp: 1795213241870, level, message };
}

export function traceItem(fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    event: {
      request: { url: "https://shop.example.com/cart", method: "GET", headers: { "cf-ray": "57d55f210d7b95f3-SJC" } },
      response: { status: 200 },
    },
    eventTimestamp: 1795213241869,
    logs: [],
    exceptions: [],
    diagnosticsChannelEvents: [],
    scriptName: "shop",
    outcome: "ok",
    executionModel: "stateless",
    truncated: false,
    cpuTime: 3,
    wallTime: 41,
    ...fields,
  };
}

/** An item of a request with these headers. */
export function requestItem(
  headers: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return traceItem({
    event: { request: { url: "https://shop.example.com/cart", method: "GET", headers }, response: { status: 200 } },
    ...fields,
  });
}

/** The records of items, the invocation's own included. */
export function decodeItems(items: readonly unknown[], options?: CloudflareTailOptions): Outcome {
  return decode(createCloudflareTailSource(options), items as Parameters<ReturnType<typeof createCloudflareTailSource>["decode"]>[0]);
}

/** The one record of a console call. */
export function decodeLog(call: Readonly<Record<string, unknown>>, options: CloudflareTailOptions = {}): FlatRecord {
  const { records } = decodeItems([traceItem({ logs: [call] })], { invocationLogs: false, ...options });
  expect(records).toHaveLength(1);
  return records[0] as FlatRecord;
}

/** All that a value says, as one text to search in. */
export function textOfAll(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => (typeof member === "bigint" ? String(member) : member)) ?? "";
}

/** An app's own fields of a record: what is left without the platform's. */
export function appFields({ attributes }: FlatRecord): Record<string, unknown> {
  return Object.fromEntries(Object.entries(attributes).filter(([key]) => !/^(?:cloudflare|faas)\./.test(key)));
}

/** Numbers of a leaf's item are kept as they were written. */
function toPlain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, member) => {
    const isNumber = typeof member === "object" && member !== null && Object.keys(member).join() === "text";
    return isNumber ? Number((member as { text: string }).text) : member;
  });
}

/**
 * What must stand in the body for one argument of a console call (a `Consumed` rule): the words up to it, as a terminal shows them.
 * @param place of the leaf inside `message`; undefined for what stands elsewhere, the only argument and the members of objects
 */
export function printed(message: unknown, place: readonly string[]): readonly string[] | undefined {
  const args = toPlain(message) as readonly unknown[];
  const words = args.slice(0, Number(place[0]) + 1);
  if (args.length === 1 || words.some((word) => typeof word === "object" && word !== null && !Array.isArray(word))) return undefined;
  return [words.map((word) => (Array.isArray(word) ? JSON.stringify(word) : String(word))).join(" ")];
}
