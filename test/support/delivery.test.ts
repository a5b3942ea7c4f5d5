// The delivery suite is judged as the conformance suite is: a small honest sender passes all of it, and each known way to lose data
// is caught by the check that names it.
import { setTimeout as sleep } from "node:timers/promises";
import { fromBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { type DeliveryPayload, type DeliverySubject, deliveryChecks, describeDelivery } from "./delivery.ts";
import { draw } from "./delivery-run.ts";
import { encodeOracle } from "./oracle.ts";
import { responseSchema } from "./otlp-messages.ts";

const BUDGET_MS = 500;
const RETRY_MS = 5;
const RETRIED: readonly number[] = [429, 502, 503, 504];

/** How the demo adapter departs from the contract. */
interface Faults {
  readonly acksAtOnce?: boolean;
  readonly swallowsFailures?: boolean;
  readonly neverRetries?: boolean;
  readonly retries500?: boolean;
  readonly followsRedirects?: boolean;
  readonly believesHtml?: boolean;
  readonly trustsTheStatusLine?: boolean;
  readonly dropsPoisonedBatch?: boolean;
  readonly refusesPoisonedBatch?: boolean;
  readonly ignoresPartialSuccess?: boolean;
  readonly resendsPartialSuccess?: boolean;
  readonly dropsTooLarge?: boolean;
  readonly losesBrokenItem?: boolean;
  readonly exportsEach?: boolean;
  readonly acksSecondAtOnce?: boolean;
  readonly limitsInFlight?: number;
  readonly sleepsThroughRetryAfter?: boolean;
  readonly hidesRetryAfter?: boolean;
  readonly changesRetries?: boolean;
}

type Answer =
  | { kind: "delivered"; rejected: number }
  | { kind: "retryable"; retryAfterS?: number }
  | { kind: "kept" | "bad" | "too-large" };

/** A platform's adapter in miniature: a payload of lines, delivered as the contract says, but for `faults`. */
function createDemo(faults: Faults = {}): DeliverySubject {
  const counters = new Map<string, { rejected: number; malformed: number }>();
  let inFlight = 0;

  async function post(lines: readonly string[], destination: URL, signal: AbortSignal, attempt: number): Promise<Answer> {
    const logRecords = lines.map((line) => ({
      body: { value: { case: "stringValue" as const, value: faults.changesRetries && attempt > 0 ? `${line} again` : line } },
    }));
    const body = encodeOracle({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
    let response: Response;
    let answer: ArrayBuffer;
    try {
      const headers = { "content-type": "application/x-protobuf" };
      const redirect = faults.followsRedirects ? "follow" : "manual";
      response = await fetch(new URL("/v1/logs", destination), { method: "POST", headers, body, signal, redirect });
      answer = faults.trustsTheStatusLine ? new ArrayBuffer(0) : await response.arrayBuffer();
    } catch {
      return { kind: "retryable" };
    }
    const { status } = response;
    if (RETRIED.includes(status) || (faults.retries500 && status === 500)) {
      const after = response.headers.get("retry-after");
      return { kind: "retryable", ...(after === null ? {} : { retryAfterS: Number(after) }) };
    }
    if (status === 413) return { kind: "too-large" };
    if (status === 400 || status === 422) return { kind: "bad" };
    if (faults.believesHtml && response.ok) return { kind: "delivered", rejected: 0 };
    if (status !== 200 || response.headers.get("content-type") !== "application/x-protobuf") return { kind: "kept" };
    const { partialSuccess } = fromBinary(responseSchema, new Uint8Array(answer));
    return { kind: "delivered", rejected: Number(partialSuccess?.rejectedLogRecords ?? 0) };
  }

  return {
    name: "the demo adapter",
    budgetMs: BUDGET_MS,
    brokenItem: true,
    retryAfter: true,
    counts: ({ href }) => counters.get(href) ?? { rejected: 0, malformed: 0 },
    deliver: async ({ ids, brokenItemAt }: DeliveryPayload, destination) => {
      const counter = counters.get(destination.href) ?? { rejected: 0, malformed: 0 };
      counters.set(destination.href, counter);
      const deadline = performance.now() + BUDGET_MS;
      const signal = AbortSignal.timeout(BUDGET_MS);
      const lines: string[] = [...ids];
      if (brokenItemAt !== undefined) counter.malformed++;
      if (brokenItemAt !== undefined && !faults.losesBrokenItem) lines.splice(brokenItemAt, 0, "{broken");
      let retryAfterS: number | undefined;

      /** False when the sender must keep the data. */
      async function exportLines(part: readonly string[]): Promise<boolean> {
        for (let attempt = 0; ; attempt++) {
          const answer = await post(part, destination, signal, attempt);
          if (answer.kind === "delivered") {
            if (answer.rejected > 0 && faults.resendsPartialSuccess) continue;
            if (!faults.ignoresPartialSuccess) counter.rejected += answer.rejected;
            return true;
          }
          if (answer.kind === "kept") return false;
          if (answer.kind === "retryable") {
            retryAfterS = answer.retryAfterS;
            const waitMs = (retryAfterS ?? 0) * 1000 + RETRY_MS;
            if (faults.neverRetries || signal.aborted) return false;
            if (performance.now() + waitMs > deadline && !faults.sleepsThroughRetryAfter) return false;
            await sleep(Math.min(waitMs, BUDGET_MS / 4));
          } else {
            if (part.length === 1 || faults.dropsPoisonedBatch || (answer.kind === "too-large" && faults.dropsTooLarge)) {
              counter.rejected += part.length;
              return true;
            }
            const half = part.length >> 1;
            const [first, second] = await Promise.all([exportLines(part.slice(0, half)), exportLines(part.slice(half))]);
            return first && second;
          }
        }
      }

      if (faults.refusesPoisonedBatch && (await post(lines, destination, signal, 0)).kind === "bad") return "refused";
      if (inFlight >= (faults.limitsInFlight ?? Number.POSITIVE_INFINITY)) return "refused";
      const alone = inFlight++ === 0;
      const parts = faults.exportsEach ? lines.map((line) => [line]) : [lines];
      const exporting = Promise.all(parts.map(exportLines)).finally(() => inFlight--);
      if (faults.acksAtOnce || (faults.acksSecondAtOnce && !alone)) return "acked";
      if ((await exporting).every(Boolean) || faults.swallowsFailures) return "acked";
      if (faults.hidesRetryAfter) return "retry";
      return { outcome: "retry", retryAfterS: Math.min(30, Math.max(1, retryAfterS ?? 1)) };
    },
  };
}

describeDelivery(createDemo());

describe.concurrent("a defect is caught by the check that names it:", () => {
  test.each<[string, Faults]>([
    ["D9", { acksAtOnce: true }],
    ["always_succeed", { acksAtOnce: true }],
    ["503, all the time", { swallowsFailures: true }],
    ["D14", { swallowsFailures: true }],
    ["D1:", { swallowsFailures: true }],
    ["nobody listens", { swallowsFailures: true }],
    ["random_retryable", { swallowsFailures: true }],
    ["a destination that never answers", { swallowsFailures: true }],
    ["503, once", { neverRetries: true }],
    ["500: the sender", { retries500: true }],
    ["301 to elsewhere", { followsRedirects: true }],
    ["HTML", { believesHtml: true }],
    ["a truncated answer, all", { trustsTheStatusLine: true }],
    ["400 for one poison", { dropsPoisonedBatch: true }],
    ["random_permanent", { dropsPoisonedBatch: true }],
    ["422 for one poison", { refusesPoisonedBatch: true }],
    ["mix", { refusesPoisonedBatch: true }],
    ["D12", { ignoresPartialSuccess: true }],
    ["D12", { resendsPartialSuccess: true }],
    ["413: the request is split", { dropsTooLarge: true }],
    ["D7", { losesBrokenItem: true }],
    ["D7", { exportsEach: true }],
    ["D11: two", { acksSecondAtOnce: true }],
    ["D11: forty", { limitsInFlight: 30 }],
    ["beyond the budget", { sleepsThroughRetryAfter: true }],
    ["when to come back", { hidesRetryAfter: true }],
    ["what arrives through faults", { changesRetries: true }],
  ])("%s catches %j", async (title, faults) => {
    const check = deliveryChecks.find((candidate) => candidate.title.includes(title));
    if (check === undefined) throw new Error(`no check is called ${title}`);
    await expect(check.run(createDemo(faults))).rejects.toThrow();
  });
});

test("every check has a title of its own", () => {
  expect(new Set(deliveryChecks.map(({ title }) => title)).size).toBe(deliveryChecks.length);
});

test("draw is the same for the same seed and text, and spread over [0, 1)", () => {
  const numbers = Array.from({ length: 1_000 }, (_, index) => draw(1, `id-${index}`));
  expect(numbers).toEqual(Array.from({ length: 1_000 }, (_, index) => draw(1, `id-${index}`)));
  expect(numbers.filter((number) => number < 0.5).length).toBeGreaterThan(400);
  expect(numbers.filter((number) => number < 0.5).length).toBeLessThan(600);
  expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
  expect(draw(2, "id-0")).not.toBe(draw(1, "id-0"));
});
