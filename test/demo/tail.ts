// A Worker that logs, throws nothing and is tailed by ours, both in real workerd.
import type { Receiver } from "../support/receiver.ts";
import { startWorkers } from "../workerd/workers.ts";

/** The invocation itself, and what it logged. */
const RECORDS = 3;

/** @param receiver where the Worker delivers to: a tail event has no answer, so its arrival is waited for */
export function createTailDelivery(receiver: Receiver) {
  return {
    platform: "Cloudflare Worker, tail consumer",
    wire: "tail() in workerd",
    records: RECORDS,
    async send(): Promise<string> {
      const before = receiver.requests.length;
      const workers = await startWorkers({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.href, OTEL_SERVICE_NAME: "shop" } });
      await workers.request("/console");
      await receiver.waitForRequests(before + 1);
      await workers.stop();
      return "-";
    },
  };
}
