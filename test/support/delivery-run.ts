// What the delivery checks stand on: the adapter under test as a sender sees it, unique ids, a sender that sends again, and
// the question asked at the very moment of an acknowledgement: is it all there?
import { expect } from "vitest";
import type { FlatRecord } from "./oracle.ts";
import { type Behaviour, type Receiver, type Script, startReceiver } from "./receiver.ts";

/**
 * What the platform does after our answer: `acked` deletes its data as delivered, `retry` sends the same again,
 * `refused` deletes it as undeliverable. For a function platform a normal return is `acked` and a throw is `retry`.
 */
export type Outcome = "acked" | "retry" | "refused";

export interface Delivery {
  readonly outcome: Outcome;
  /** Seconds of `Retry-After`, where the answer had one. */
  readonly retryAfterS?: number | undefined;
}

export interface DeliveryPayload {
  /** One record each, in this order. The id is text that must reach the record's body. */
  readonly ids: readonly string[];
  /** Index at which one unreadable item stands between them; undefined for none. Only asked for when `brokenItem` is true. */
  readonly brokenItemAt?: number | undefined;
}

/** The adapter under test. */
export interface DeliverySubject {
  readonly name: string;
  /**
   * Hands one payload to the adapter, configured for this destination (its OTLP endpoint, without `/v1/logs`), as the platform does,
   * and tells what the platform would do next. Called concurrently. Rejects only for a fault of the test.
   */
  readonly deliver: (payload: DeliveryPayload, destination: URL) => Promise<Outcome | Delivery>;
  /** The time budget that the adapter is configured with, in-process retries included; some hundred ms keep the suite quick. */
  readonly budgetMs: number;
  /** Whether a payload can hold one unreadable item among good ones. */
  readonly brokenItem: boolean;
  /** Whether a `retry` answer carries `Retry-After`. */
  readonly retryAfter: boolean;
  /** What the adapter counted so far for this destination, from its receipts or its structured lines; left out where it cannot be seen. */
  readonly counts?: ((destination: URL) => { readonly rejected: number; readonly malformed: number }) | undefined;
  /** The id that a record carries. Default: the id found in its body, else in its attributes. */
  readonly recordId?: ((record: FlatRecord) => string | undefined) | undefined;
  /** Seed of the random scenarios. Default 1. */
  readonly seed?: number | undefined;
  /** Runs the checks one after the other, for an adapter that cannot serve two destinations at once. */
  readonly sequential?: boolean | undefined;
}

export interface DeliveryCheck {
  readonly title: string;
  /** False where the subject cannot show what is checked. */
  readonly applies?: ((subject: DeliverySubject) => boolean) | undefined;
  readonly run: (subject: DeliverySubject) => Promise<void>;
}

/** More sends of one payload than any scenario needs. */
const MAX_SENDS = 25;

/** Unique ids of one check. */
export function makeIds(label: string, count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) => `id-${label}-${from + index}`);
}

/** The id inside a record, wherever the source put the text that holds it. */
export function findRecordId({ body, attributes }: FlatRecord): string | undefined {
  for (const part of [body, attributes]) {
    const text = JSON.stringify(part ?? null, (_, value) => (typeof value === "bigint" ? String(value) : value));
    const id = /\bid-[a-z0-9]+-\d+\b/.exec(text)?.[0];
    if (id !== undefined) return id;
  }
  return undefined;
}

export function idOf({ recordId = findRecordId }: DeliverySubject, record: FlatRecord): string | undefined {
  return recordId(record);
}

/** Ids that the receiver has taken, with how often. */
export function arrivedIds(subject: DeliverySubject, receiver: Receiver): Map<string, number> {
  const arrived = new Map<string, number>();
  for (const record of receiver.accepted) {
    const id = idOf(subject, record) ?? "(a record without id)";
    arrived.set(id, (arrived.get(id) ?? 0) + 1);
  }
  return arrived;
}

/** Sends once. An acknowledgement counts only if everything but `lost` has arrived by now. */
export async function send(
  subject: DeliverySubject,
  receiver: Receiver,
  payload: DeliveryPayload,
  lost: (id: string) => boolean = () => false,
): Promise<Delivery> {
  const delivered = await subject.deliver(payload, receiver.url);
  const delivery = typeof delivered === "string" ? { outcome: delivered } : delivered;
  if (delivery.outcome === "acked") {
    const arrived = arrivedIds(subject, receiver);
    expect(
      payload.ids.filter((id) => !arrived.has(id) && !lost(id)),
      "ids acknowledged and missing",
    ).toEqual([]);
  }
  return delivery;
}

/** Sends until acknowledged, as a platform with patience does. A refusal is a loss, and fails. */
export async function sendUntilAcked(
  subject: DeliverySubject,
  receiver: Receiver,
  payload: DeliveryPayload,
  lost?: (id: string) => boolean,
): Promise<void> {
  for (let sends = 0; sends < MAX_SENDS; sends++) {
    const { outcome } = await send(subject, receiver, payload, lost);
    if (outcome === "acked") return;
    expect(outcome, "a good payload was refused, so the platform deletes it").toBe("retry");
  }
  expect.fail(`still asked to send again after ${MAX_SENDS} sends`);
}

/** What the adapter counted for this receiver, where it can be seen. */
export function expectCount(subject: DeliverySubject, receiver: Receiver, name: "rejected" | "malformed", count: number): void {
  if (subject.counts !== undefined) expect(subject.counts(receiver.url)[name], `records counted as ${name}`).toBe(count);
}

/** Runs a check against a receiver of its own, which must have seen only requests that a collector understands. */
export async function withReceiver(
  behaviour: Behaviour | readonly Behaviour[] | Script,
  check: (receiver: Receiver) => Promise<void>,
): Promise<void> {
  const receiver = await startReceiver({ behaviour });
  try {
    await check(receiver);
    expect(receiver.violations, "requests that a collector would refuse").toEqual([]);
  } finally {
    await receiver.close();
  }
}

/** A number in [0, 1) that depends on the seed and the text alone, and so not on which of two concurrent senders was first. */
export function draw(seed: number, text: string): number {
  // FNV-1a, then the finalizer of MurmurHash3.
  let hash = 0x811c9dc5 ^ seed;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
