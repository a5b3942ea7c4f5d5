// The suite that every adapter passes: an acknowledgement means that the destination has the records, whatever the destination does.
import { describe, test } from "vitest";
import { contractChecks } from "./delivery-contract.ts";
import { defectChecks } from "./delivery-defects.ts";
import { faultChecks } from "./delivery-faults.ts";
import type { DeliveryCheck, DeliverySubject } from "./delivery-run.ts";

export type { DeliveryPayload, DeliverySubject } from "./delivery-run.ts";

export const deliveryChecks: readonly DeliveryCheck[] = [...contractChecks, ...faultChecks, ...defectChecks];

/** Registers the suite. Its checks run side by side, each against a receiver of its own, unless the subject is `sequential`. */
export function describeDelivery(subject: DeliverySubject): void {
  const suite = subject.sequential ? describe : describe.concurrent;
  suite(`delivery through ${subject.name}`, () => {
    for (const { title, applies, run } of deliveryChecks) {
      if (applies?.(subject) ?? true) test(title, () => run(subject));
    }
  });
}
