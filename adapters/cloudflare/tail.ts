// The tail consumer. A tail event has no answer and comes only once, so everything is tried before the handler ends, and nothing is left
// to do afterwards: https://developers.cloudflare.com/workers/runtime-apis/handlers/tail/
import type { Failure, Source } from "../../core/source.ts";
import { createCloudflareTailSource, type TraceItemLike } from "../../core/sources/cloudflare-tail.ts";
import { reportToConsole } from "../report.ts";
import type { WorkerEnv } from "./platform.ts";
import { type Started, startWorker } from "./start.ts";

/** After 30 s the runtime may end a handler without a word. */
const BUDGET_MS = 25_000;
/** Of it, what a queue gets when the destination did not take the records. */
const QUEUE_BUDGET_MS = 5_000;

const sources = new WeakMap<Started, Source<readonly TraceItemLike[]>>();

/** Never rejects: nobody would hear of it. */
export async function tail(items: readonly TraceItemLike[], env: WorkerEnv): Promise<void> {
  const started = startWorker(env);
  if (!started.ok) {
    reportNotDelivered("cloudflare-tail", { reason: "refused", detail: started.error.detail });
    return;
  }
  const { config } = started.value;
  let source = sources.get(started.value);
  if (source === undefined) {
    source = createCloudflareTailSource({ ...config.cloudflare, ownEndpoint: config.otlp.endpoint });
    sources.set(started.value, source);
  }
  await deliverOnce(source, items, started.value);
}

/** Delivers what comes only once: to the destination, else into the queue, else one line tells of it. */
export async function deliverOnce<Payload>(
  source: Source<Payload>,
  payload: Payload,
  { drain, queueDrain, watch }: Started,
): Promise<void> {
  try {
    const outcome = await drain.deliver(source, payload, { budgetMs: queueDrain === undefined ? BUDGET_MS : BUDGET_MS - QUEUE_BUDGET_MS });
    if (outcome.ok || queueDrain === undefined) {
      watch(source.name, outcome);
      return;
    }
    const queued = await queueDrain.deliver(source, payload, { budgetMs: QUEUE_BUDGET_MS });
    const { reason, detail } = outcome.error;
    if (!queued.ok) {
      reportNotDelivered(source.name, { reason, detail: `${detail}; ${queued.error.detail}` });
      return;
    }
    const { delivered, rejected } = queued.value;
    reportToConsole({ level: "warn", message: "queued", drain: source.name, reason, detail, queued: delivered, rejected });
  } catch (error) {
    // Only a bug of ours ends here.
    reportToConsole({
      level: "error",
      message: "internal error",
      drain: source.name,
      error: error instanceof Error ? error.name : "unknown",
    });
  }
}

export function reportNotDelivered(drain: string, { reason, detail }: Pick<Failure, "reason" | "detail">): void {
  reportToConsole({ level: "error", message: "not delivered", drain, reason, detail });
}
