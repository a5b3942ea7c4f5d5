// What the HTTP app must do wherever it runs: one delivery of every platform, as the platform sends it, arrives at a real OTLP receiver;
// a forged one does not; and while the destination refuses, the sender keeps its data.
import { expect } from "vitest";
import { DEMO_DELIVERIES, DEMO_SECRETS, type DemoDelivery } from "../demo/deliveries.ts";
import { ok, type Receiver, startReceiver, status } from "../support/receiver.ts";

export interface Smoke {
  /** Delivers at `<base>/vercel`, `<base>/fly`, ... */
  readonly base: string;
  readonly receiver: Receiver;
  /** Those whose drains are there. Default: all. */
  readonly deliveries?: readonly DemoDelivery[] | undefined;
}

/** The environment of an app under test: every secret, the destination, a free port. */
export function smokeEnv(destination: string): Record<string, string> {
  return { ...DEMO_SECRETS, OTEL_EXPORTER_OTLP_ENDPOINT: destination, PORT: "0" };
}

/** The deliveries of the drains at these paths. */
export function deliveriesTo(...paths: readonly string[]): readonly DemoDelivery[] {
  return DEMO_DELIVERIES.filter(({ path }) => paths.includes(path));
}

/** Starts a receiver, has `run` use it, and closes it. */
export async function withSmokeReceiver(run: (receiver: Receiver) => Promise<void>): Promise<void> {
  const receiver = await startReceiver();
  try {
    await run(receiver);
  } finally {
    await receiver.close();
  }
}

export async function expectSmoke({ base, receiver, deliveries = DEMO_DELIVERIES }: Smoke): Promise<void> {
  expect(deliveries.length).toBeGreaterThan(0);
  for (const delivery of deliveries) await expectArrival(base, receiver, delivery);
  expect(receiver.violations).toEqual([]);
}

async function expectArrival(base: string, receiver: Receiver, { platform, path, records, send }: DemoDelivery): Promise<void> {
  const before = receiver.accepted.length;
  const forged = await fetch(base + path, { method: "POST", body: '[{"message":"forged"}]' });
  expect([401, 403], `${platform}, forged`).toContain(forged.status);
  receiver.behave(status(401));
  expect(await send(base), `${platform}, while the destination refuses`).toMatch(/^503/);
  expect(receiver.accepted.length, `${platform}: arrived too early`).toBe(before);
  receiver.behave(ok());
  expect(await send(base), platform).toBe("200");
  expect(receiver.accepted.length - before, `${platform}: records that arrived`).toBe(records);
}
