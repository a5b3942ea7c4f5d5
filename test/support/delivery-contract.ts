// The consume contract, after the OpenTelemetry Collector's receivertest: four senders at once, a destination that fails at random,
// and at the end every id is delivered, or was refused by the destination for good and counted.
import { expect } from "vitest";
import { arrivedIds, type DeliveryCheck, type DeliverySubject, draw, idOf, makeIds, sendUntilAcked, withReceiver } from "./delivery-run.ts";
import { type Behaviour, halfClose, ok, type ReceivedRequest, reset, resetAfterAccept, status, truncatedResponse } from "./receiver.ts";

const SENDERS = 4;
const PAYLOADS_PER_SENDER = 4;
const RECORDS_PER_PAYLOAD = 5;
const RETRYABLE_SHARE = 0.4;
/** After so many faults in a row a request gets through, so that every sender comes to an end. */
const MAX_FAULTS = 4;
const POISON_SHARE = 0.15;

interface Scenario {
  readonly name: string;
  readonly retryable: boolean;
  readonly permanent: boolean;
}

const SCENARIOS: readonly Scenario[] = [
  { name: "always_succeed", retryable: false, permanent: false },
  { name: "random_retryable", retryable: true, permanent: false },
  { name: "random_permanent", retryable: false, permanent: true },
  { name: "mix", retryable: true, permanent: true },
];

/**
 * The first are worth a retry inside the budget, the next two only ask the sender to send again. All lose the records of their request
 * but the last two, which the destination took: only the answer is lost there.
 */
const RETRYABLE_FAULTS: readonly (() => Behaviour)[] = [
  () => status(429),
  () => status(502),
  () => status(503),
  () => status(504),
  reset,
  halfClose,
  () => status(500),
  () => status(503, { retryAfter: 3_600 }),
  resetAfterAccept,
  truncatedResponse,
];

export const contractChecks: readonly DeliveryCheck[] = SCENARIOS.map((scenario) => ({
  title: `consume contract, ${scenario.name}: every id is delivered, or rejected and counted`,
  run: (subject) => runScenario(subject, scenario),
}));

async function runScenario(subject: DeliverySubject, { name, retryable, permanent }: Scenario): Promise<void> {
  const { seed = 1 } = subject;
  const label = name.replaceAll("_", "");
  const isPoison = (id: string) => permanent && draw(seed, `poison ${id}`) < POISON_SHARE;
  const faults = new Map<string, number>();

  function behave({ records }: ReceivedRequest): Behaviour {
    const ids = records.map((record) => idOf(subject, record) ?? "");
    const key = ids.join();
    const fault = faults.get(key) ?? 0;
    if (retryable && fault < MAX_FAULTS && draw(seed, `${key} ${fault}`) < RETRYABLE_SHARE) {
      faults.set(key, fault + 1);
      const chosen = RETRYABLE_FAULTS[Math.floor(draw(seed, `fault ${key} ${fault}`) * RETRYABLE_FAULTS.length)] as () => Behaviour;
      // Poison is poison whatever happens to the answer.
      if (!ids.some(isPoison) || (chosen !== resetAfterAccept && chosen !== truncatedResponse)) return chosen();
    }
    return ids.some(isPoison) ? status(400) : ok();
  }

  await withReceiver(behave, async (receiver) => {
    const payloads = Array.from({ length: SENDERS * PAYLOADS_PER_SENDER }, (_, index) => ({
      ids: makeIds(label, RECORDS_PER_PAYLOAD, index * RECORDS_PER_PAYLOAD),
    }));
    const sender = async (first: number) => {
      for (let index = first; index < payloads.length; index += SENDERS) {
        await sendUntilAcked(subject, receiver, payloads[index] as (typeof payloads)[number], isPoison);
      }
    };
    await Promise.all(Array.from({ length: SENDERS }, (_, index) => sender(index)));

    const ids = payloads.flatMap((payload) => payload.ids);
    const arrived = arrivedIds(subject, receiver);
    const poison = ids.filter(isPoison);
    expect([...arrived.keys()].sort(), "ids at the destination").toEqual(ids.filter((id) => !isPoison(id)).sort());
    if (!retryable && !permanent) {
      expect(
        [...arrived].filter(([, times]) => times > 1),
        "ids delivered twice by a destination that never failed",
      ).toEqual([]);
    }
    if (permanent) {
      // Otherwise the seed proves nothing.
      expect(poison.length).toBeGreaterThan(0);
      const rejected = subject.counts?.(receiver.url).rejected;
      // A payload that was sent again may have its poison counted at each send.
      if (rejected !== undefined && retryable) expect(rejected).toBeGreaterThanOrEqual(poison.length);
      else if (rejected !== undefined) expect(rejected).toBe(poison.length);
    }
  });
}
