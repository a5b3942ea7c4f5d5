// Deliveries at a steady rate, and what came of them. The clock sets the pace, not the answers: a slow drain gets no easier load. What would
// pile up beyond a bound is held back and counted.
import { setTimeout as sleep } from "node:timers/promises";

export interface LoadOptions {
  /** Deliveries a second. */
  readonly rate: number;
  readonly seconds: number;
  /** Never rejects. @param serial counts from 0 */
  readonly deliver: (serial: number) => Promise<Outcome>;
  /** Ends it before its time. */
  readonly signal: AbortSignal;
}

export interface Outcome {
  /** How it was answered, as it is to be counted: a status, or why there was none. */
  readonly answer: string;
  readonly accepted: boolean;
  /** From the first byte sent to the last received. */
  readonly latencyMs: number;
}

export interface LoadReport {
  readonly sent: number;
  readonly accepted: number;
  /** Not sent, because too many were under way. */
  readonly heldBack: number;
  readonly seconds: number;
  /** Deliveries by their answers, the most frequent first. */
  readonly answers: Readonly<Record<string, number>>;
  readonly latencyMs: Latency;
}

export interface Latency {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

const MAX_IN_FLIGHT = 256;

export async function runLoad({ rate, seconds, deliver, signal }: LoadOptions): Promise<LoadReport> {
  const total = Math.max(1, Math.floor(rate * seconds));
  const latencies: number[] = [];
  const answers = new Map<string, number>();
  const inFlight = new Set<Promise<void>>();
  let accepted = 0;
  let heldBack = 0;
  let due = 0;
  const startedAt = performance.now();
  const take = (outcome: Outcome) => {
    latencies.push(outcome.latencyMs);
    answers.set(outcome.answer, (answers.get(outcome.answer) ?? 0) + 1);
    if (outcome.accepted) accepted++;
  };
  while (due < total && !signal.aborted) {
    const dueAt = startedAt + (due * 1000) / rate;
    const waitMs = dueAt - performance.now();
    if (waitMs > 0) await sleep(waitMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) break;
    if (inFlight.size >= MAX_IN_FLIGHT) heldBack++;
    else {
      const sending = deliver(due)
        .then(take)
        .finally(() => inFlight.delete(sending));
      inFlight.add(sending);
    }
    due++;
  }
  await Promise.all(inFlight);
  return {
    sent: latencies.length,
    accepted,
    heldBack,
    seconds: toMicros((performance.now() - startedAt) / 1000),
    answers: Object.fromEntries([...answers].sort(([, a], [, b]) => b - a)),
    latencyMs: percentiles(latencies),
  };
}

/** By nearest rank. */
export function percentiles(latencies: readonly number[]): Latency {
  const sorted = Float64Array.from(latencies).sort();
  const at = (share: number) => toMicros(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0);
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

/** A thousandth is as much as these clocks mean. */
function toMicros(value: number): number {
  return Math.round(value * 1000) / 1000;
}
