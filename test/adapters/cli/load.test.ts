import { expect, test } from "vitest";
import { type Outcome, percentiles, runLoad } from "../../../adapters/cli/load.ts";

const never = new AbortController().signal;

function outcome(answer: string, latencyMs = 1): Outcome {
  return { answer, accepted: answer === "200", latencyMs };
}

test("sends as many as rate and duration say, each with a number of its own, and counts the answers", async () => {
  const serials: number[] = [];
  const report = await runLoad({
    rate: 200,
    seconds: 0.25,
    signal: never,
    async deliver(serial) {
      serials.push(serial);
      return outcome(serial % 5 === 0 ? "503" : "200", serial);
    },
  });
  expect(serials).toEqual(Array.from({ length: 50 }, (_, index) => index));
  expect(report).toMatchObject({ sent: 50, accepted: 40, heldBack: 0, answers: { "200": 40, "503": 10 } });
  expect(Object.keys(report.answers)).toEqual(["200", "503"]);
  expect(report.latencyMs).toEqual({ p50: 24, p90: 44, p99: 49, max: 49 });
});

test("keeps its pace: the last delivery is not sent before its time", async () => {
  const startedAt = performance.now();
  let lastAt = 0;
  await runLoad({
    rate: 20,
    seconds: 0.5,
    signal: never,
    async deliver() {
      lastAt = performance.now();
      return outcome("200");
    },
  });
  expect(lastAt - startedAt).toBeGreaterThan(440);
});

test("a drain that does not answer holds back what would pile up, and it is counted", async () => {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  let started = 0;
  const running = runLoad({
    rate: 1000,
    seconds: 0.3,
    signal: never,
    async deliver() {
      if (++started === 256) setTimeout(release, 500);
      await gate;
      return outcome("200");
    },
  });
  const report = await running;
  expect(report.sent + report.heldBack).toBe(300);
  expect(report.heldBack).toBeGreaterThan(0);
});

test("ends when it is interrupted, and waits for what is under way", async () => {
  const interrupt = new AbortController();
  let finished = 0;
  const report = await runLoad({
    rate: 10,
    seconds: 3600,
    signal: interrupt.signal,
    async deliver(serial) {
      if (serial === 1) interrupt.abort();
      await Promise.resolve();
      finished++;
      return outcome("200");
    },
  });
  expect(report.sent).toBe(2);
  expect(finished).toBe(2);
});

test("percentiles are by nearest rank", () => {
  expect(percentiles([])).toEqual({ p50: 0, p90: 0, p99: 0, max: 0 });
  expect(percentiles([7])).toEqual({ p50: 7, p90: 7, p99: 7, max: 7 });
  expect(percentiles([10, 9, 8, 7, 6, 5, 4, 3, 2, 1])).toEqual({ p50: 5, p90: 9, p99: 10, max: 10 });
  expect(percentiles([100, 20])).toEqual({ p50: 20, p90: 100, p99: 100, max: 100 });
});
