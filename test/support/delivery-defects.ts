// The defects found in peers that any adapter could have, one check each; the numbers are those of the delivery contract.
import { setImmediate as turn } from "node:timers/promises";
import { expect } from "vitest";
import { arrivedIds, type DeliveryCheck, expectCount, idOf, makeIds, send, sendUntilAcked, withReceiver } from "./delivery-run.ts";
import { type Behaviour, delay, hang, ok, partialSuccess, rejectIf, startReceiver, status } from "./receiver.ts";

export const defectChecks: readonly DeliveryCheck[] = [
  {
    title: "D1: a destination that dies in the middle of a request gets no acknowledgement",
    run: async (subject) => {
      const ids = makeIds("dies", 2);
      const dying = await startReceiver();
      dying.behave(() => {
        void dying.close();
        return hang();
      });
      expect((await send(subject, dying, { ids })).outcome).toBe("retry");
      await withReceiver(ok(), (receiver) => sendUntilAcked(subject, receiver, { ids }));
    },
  },
  {
    title: "D7: one unreadable item among good ones: all three arrive, in one request",
    applies: ({ brokenItem }) => brokenItem,
    run: (subject) =>
      withReceiver(ok(), async (receiver) => {
        const { outcome } = await send(subject, receiver, { ids: makeIds("goodbadgood", 2), brokenItemAt: 1 });
        expect(outcome).toBe("acked");
        expect(receiver.accepted.length).toBe(3);
        expect(receiver.requests.length).toBe(1);
        expectCount(subject, receiver, "malformed", 1);
      }),
  },
  {
    title: "D9: no acknowledgement before the destination's own",
    run: async (subject) => {
      const gate = Promise.withResolvers<void>();
      await withReceiver(
        async () => {
          await gate.promise;
          return ok();
        },
        async (receiver) => {
          let settled = false;
          const sending = send(subject, receiver, { ids: makeIds("gate", 2) }).finally(() => {
            settled = true;
          });
          await Promise.race([receiver.waitForRequests(1), sending]);
          for (let turns = 0; turns < 20; turns++) await turn();
          expect(settled, "answered while the destination had not").toBe(false);
          gate.resolve();
          expect((await sending).outcome).toBe("acked");
        },
      );
    },
  },
  {
    title: "D11: two deliveries at once to a failing destination are both to be sent again",
    run: (subject) =>
      withReceiver(
        () => status(503),
        async (receiver) => {
          const sends = [makeIds("twoa", 2), makeIds("twob", 2)].map((ids) => send(subject, receiver, { ids }));
          expect((await Promise.all(sends)).map(({ outcome }) => outcome)).toEqual(["retry", "retry"]);
        },
      ),
  },
  {
    title: "D11: forty deliveries at once are all delivered",
    run: (subject) =>
      withReceiver(
        // Slow, so that they are in flight together.
        () => delay(Math.min(50, subject.budgetMs / 4)),
        async (receiver) => {
          const ids = makeIds("forty", 40);
          await Promise.all(ids.map((id) => sendUntilAcked(subject, receiver, { ids: [id] })));
          // Not "once": on a busy machine a budget may end while the destination is still answering.
          expect([...arrivedIds(subject, receiver).keys()].sort()).toEqual([...ids].sort());
        },
      ),
  },
  {
    title: "D12: a partial success is acknowledged, counted, and never sent again",
    run: (subject) =>
      withReceiver(partialSuccess(1), async (receiver) => {
        const ids = makeIds("partial", 3);
        expect((await send(subject, receiver, { ids }, (id) => id === ids[2])).outcome).toBe("acked");
        expect(receiver.requests.length).toBe(1);
        expectCount(subject, receiver, "rejected", 1);
      }),
  },
  {
    title: "D14: when one part fails and another is refused for good, the whole is to be sent again",
    run: (subject) => {
      const ids = makeIds("parts", 4);
      const isPoison = (id: string | undefined) => id === ids[0];
      const poisoned = (then: Behaviour) => rejectIf((record) => isPoison(idOf(subject, record)), 400, then);
      return withReceiver(
        () => poisoned(status(503)),
        async (receiver) => {
          expect((await send(subject, receiver, { ids }, isPoison)).outcome).toBe("retry");
          receiver.behave(() => poisoned(ok()));
          await sendUntilAcked(subject, receiver, { ids }, isPoison);
        },
      );
    },
  },
];
