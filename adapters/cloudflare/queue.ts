// The consumer of the durable retry: every message is acknowledged when the destination has it, and else comes again later.
import type { Receipt } from "../../core/drain.ts";
import type { Exporter } from "../../core/export/exporter.ts";
import type { Failure, Result } from "../../core/source.ts";
import { reportToConsole } from "../report.ts";
import type { QueueBatch, QueueMessage, WorkerEnv } from "./platform.ts";
import { readQueueMessage } from "./queue-message.ts";
import { startWorker } from "./start.ts";

/** For one message, retries included. A consumer has 15 minutes. */
const BUDGET_MS = 25_000;
const MIN_DELAY_S = 15;
const MAX_DELAY_S = 3_600;
const DRAIN = "cloudflare-queue";

/** Never rejects: that would bring the acknowledged ones back too. */
export async function queue({ messages }: QueueBatch, env: WorkerEnv): Promise<void> {
  const started = startWorker(env);
  if (!started.ok) {
    reportToConsole({ level: "error", message: "not delivered", drain: DRAIN, reason: "refused", detail: started.error.detail });
    for (const message of messages) retryLater(message, undefined);
    return;
  }
  const { exporter, watch } = started.value;
  let failure: Failure | undefined;
  for (const message of messages) {
    // A destination that is away is asked once a batch.
    const outcome: Result<Receipt, Failure> = failure === undefined ? await deliver(message, exporter) : { ok: false, error: failure };
    if (outcome.ok) {
      message.ack();
      watch(DRAIN, outcome);
      continue;
    }
    retryLater(message, outcome.error);
    if (failure === undefined) watch(DRAIN, outcome);
    if (outcome.error.reason !== "unreadable") failure = outcome.error;
  }
}

async function deliver({ body }: QueueMessage, exporter: Exporter): Promise<Result<Receipt, Failure>> {
  const read = await readQueueMessage(body);
  if (!read.ok) return { ok: false, error: { reason: "unreadable", detail: read.error } };
  const { request, headers } = read.value;
  const exported = await exporter.forward?.(request, { deadlineMs: Date.now() + BUDGET_MS, headers });
  if (exported === undefined) return { ok: false, error: { reason: "refused", detail: "this way out forwards nothing" } };
  return exported.ok ? { ok: true, value: { ...exported.value, malformed: 0, filtered: 0 } } : exported;
}

/** What cannot be read is not acknowledged either: the queue hands it to its dead letter queue. */
function retryLater(message: QueueMessage, failure: Failure | undefined): void {
  const askedS = failure?.reason === "retryable" ? Math.ceil((failure.retryAfterMs ?? 0) / 1000) : 0;
  const doubledS = MIN_DELAY_S * 2 ** Math.min(message.attempts - 1, 10);
  message.retry({ delaySeconds: Math.min(MAX_DELAY_S, Math.max(askedS, doubledS)) });
}
