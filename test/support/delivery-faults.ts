// One destination fault per check: what the adapter answers while the fault lasts, how often it tried, and that everything arrives
// once the destination is well again.
import { expect } from "vitest";
import {
  arrivedIds,
  type DeliveryCheck,
  type DeliverySubject,
  expectCount,
  idOf,
  makeIds,
  send,
  sendUntilAcked,
  withReceiver,
} from "./delivery-run.ts";
import type { FlatRecord } from "./oracle.ts";
import {
  type Behaviour,
  delay,
  halfClose,
  hang,
  html200,
  ok,
  type Receiver,
  redirect,
  rejectIf,
  reset,
  resetAfterAccept,
  startReceiver,
  status,
  tooLargeIf,
  truncatedResponse,
} from "./receiver.ts";

/** How much later than its budget an adapter may answer on a busy machine. */
const SLACK_MS = 1_500;

/** Retried inside the budget: the fault may pass. */
const PASSING_FAULTS: Readonly<Record<string, () => Behaviour>> = {
  "429": () => status(429),
  "502": () => status(502),
  "503": () => status(503),
  "504": () => status(504),
  "a reset connection": reset,
  "a half-closed connection": halfClose,
  "a truncated answer": truncatedResponse,
  "a reset after it took the records": resetAfterAccept,
};

/** Not retried inside: the same bytes would meet the same, until somebody mends it. The sender keeps the data. */
const LASTING_FAULTS: Readonly<Record<string, () => Behaviour>> = {
  "500": () => status(500),
  "401": () => status(401),
  "403": () => status(403),
  "404": () => status(404),
  "a page of HTML with 200": html200,
  "301 to elsewhere": () => redirect(301, "/elsewhere"),
  "302 to elsewhere": () => redirect(302, "/elsewhere"),
};

const passingChecks = Object.entries(PASSING_FAULTS).flatMap(([name, fault], index): DeliveryCheck[] => [
  {
    title: `${name}, once: retried inside the budget, and acknowledged`,
    run: (subject) =>
      withReceiver([fault()], async (receiver) => {
        const { outcome } = await send(subject, receiver, { ids: makeIds(`once${index}`, 2) });
        expect(outcome).toBe("acked");
        expect(receiver.requests.length).toBe(2);
      }),
  },
  {
    title: `${name}, all the time: the sender is asked to send again, inside the budget (D2, D10)`,
    run: (subject) => withReceiver(fault, (receiver) => expectKept(subject, receiver, makeIds(`always${index}`, 2))),
  },
]);

const lastingChecks = Object.entries(LASTING_FAULTS).map(
  ([name, fault], index): DeliveryCheck => ({
    title: `${name}: the sender is asked to send again, after one request`,
    run: (subject) =>
      withReceiver(fault, async (receiver) => {
        await expectKept(subject, receiver, makeIds(`lasting${index}`, 2), () => expect(receiver.requests.length).toBe(1));
      }),
  }),
);

const otherFaults: readonly DeliveryCheck[] = [
  {
    title: "a destination that never answers: the sender is asked to send again, inside the budget",
    run: (subject) => withReceiver(hang, (receiver) => expectKept(subject, receiver, makeIds("hang", 2))),
  },
  {
    title: "a slow destination is waited for, inside the budget",
    run: (subject) =>
      withReceiver([delay(Math.min(100, subject.budgetMs / 4))], async (receiver) => {
        expect((await send(subject, receiver, { ids: makeIds("slow", 2) })).outcome).toBe("acked");
        expect(receiver.requests.length).toBe(1);
      }),
  },
  {
    title: "nobody listens: the sender is asked to send again",
    run: async (subject) => {
      const gone = await startReceiver();
      await gone.close();
      expect((await send(subject, gone, { ids: makeIds("gone", 2) })).outcome).toBe("retry");
    },
  },
  {
    title: "a Retry-After beyond the budget ends the retries at once",
    run: (subject) =>
      withReceiver(
        () => status(503, { retryAfter: 3_600 }),
        async (receiver) => {
          await expectKept(subject, receiver, makeIds("later", 2), () => expect(receiver.requests.length).toBe(1));
        },
      ),
  },
  {
    title: "the sender is told when to come back: the destination's Retry-After, in whole seconds from 1 to 30",
    applies: ({ retryAfter }) => retryAfter,
    run: async (subject) => {
      for (const [told, least] of [
        [undefined, 1],
        [7, 7],
        [3_600, 30],
      ] as const) {
        await withReceiver(
          () => status(503, { retryAfter: told }),
          async (receiver) => {
            const { outcome, retryAfterS } = await send(subject, receiver, { ids: makeIds("when", 1) });
            expect(outcome).toBe("retry");
            expect(Number.isInteger(retryAfterS)).toBe(true);
            expect(retryAfterS).toBeGreaterThanOrEqual(least);
            expect(retryAfterS).toBeLessThanOrEqual(30);
          },
        );
      }
    },
  },
  {
    title: "what arrives through faults is what arrives without them",
    run: async (subject) => {
      const ids = makeIds("same", 3);
      const baseline = new Map<string, unknown>();
      await withReceiver(ok(), async (receiver) => {
        await sendUntilAcked(subject, receiver, { ids });
        for (const record of receiver.accepted) baseline.set(idOf(subject, record) ?? "", withoutArrival(record));
      });
      await withReceiver([resetAfterAccept(), status(503), truncatedResponse(), reset()], async (receiver) => {
        await sendUntilAcked(subject, receiver, { ids });
        expect(receiver.accepted.length).toBeGreaterThanOrEqual(ids.length);
        for (const record of receiver.accepted) expect(withoutArrival(record)).toEqual(baseline.get(idOf(subject, record) ?? ""));
      });
    },
  },
  {
    title: "413: the request is split until it fits, and every record arrives once",
    run: async (subject) => {
      const ids = makeIds("split", 8);
      let wholeBytes = 0;
      await withReceiver(ok(), async (receiver) => {
        await sendUntilAcked(subject, receiver, { ids });
        wholeBytes = Math.max(...receiver.requests.map(({ bytes }) => bytes.length));
      });
      await withReceiver(
        () => tooLargeIf(Math.floor(wholeBytes * 0.7)),
        async (receiver) => {
          expect((await send(subject, receiver, { ids })).outcome).toBe("acked");
          expect(arrivedIds(subject, receiver)).toEqual(new Map(ids.map((id) => [id, 1])));
        },
      );
    },
  },
  {
    title: "413 for everything comes to an end: acknowledged, every record counted as rejected",
    run: (subject) =>
      withReceiver(
        () => tooLargeIf(0),
        async (receiver) => {
          const ids = makeIds("toolarge", 4);
          expect((await send(subject, receiver, { ids }, () => true)).outcome).toBe("acked");
          expect(receiver.requests.length).toBeLessThanOrEqual(8 * ids.length);
          expectCount(subject, receiver, "rejected", ids.length);
        },
      ),
  },
  ...[400, 422].map(
    (code): DeliveryCheck => ({
      title: `${code} for one poison record: every other record arrives once, the poison is counted`,
      run: (subject) => {
        const ids = makeIds(`poison${code}`, 8);
        const isPoison = (id: string | undefined) => id === ids[5];
        return withReceiver(
          () => rejectIf((record) => isPoison(idOf(subject, record)), code),
          async (receiver) => {
            expect((await send(subject, receiver, { ids }, isPoison)).outcome).toBe("acked");
            expect(arrivedIds(subject, receiver)).toEqual(new Map(ids.filter((id) => !isPoison(id)).map((id) => [id, 1])));
            expectCount(subject, receiver, "rejected", 1);
          },
        );
      },
    }),
  ),
];

export const faultChecks: readonly DeliveryCheck[] = [...passingChecks, ...lastingChecks, ...otherFaults];

/** While the fault lasts: `retry`, in time. Afterwards: all of it arrives. */
async function expectKept(
  subject: DeliverySubject,
  receiver: Receiver,
  ids: readonly string[],
  whileItLasts: () => void = () => {},
): Promise<void> {
  const startedAt = performance.now();
  // A fault may have let the records through and only lost the answer; even so nothing but a success is an acknowledgement.
  const { outcome } = await send(subject, receiver, { ids });
  expect(outcome).toBe("retry");
  expect(performance.now() - startedAt, "ms until the answer").toBeLessThan(subject.budgetMs + SLACK_MS);
  whileItLasts();
  receiver.behave(ok());
  await sendUntilAcked(subject, receiver, { ids });
}

/** Two deliveries of one record differ in their arrival only. */
function withoutArrival({ observedTimeUnixNano: _, ...record }: FlatRecord): Omit<FlatRecord, "observedTimeUnixNano"> {
  return record;
}
