import { afterEach, describe, expect, test } from "vitest";
import { createDrain, type DrainOptions } from "../../core/drain.ts";
import { createOtlpExporter } from "../../core/export/deliver.ts";
import type { ExportOptions } from "../../core/export/exporter.ts";
import { createHighlightShape } from "../../core/export/highlight.ts";
import type { ResourceLogs } from "../../core/otlp/model.ts";
import type { Batch, DecodeContext, Failure, Source } from "../../core/source.ts";
import { vercel } from "../../core/sources/vercel.ts";
import { batchSource, makeLogs, makeResource } from "../support/log-records.ts";
import { partialSuccess, type Receiver, startReceiver, status } from "../support/receiver.ts";

const NOW_MS = 1_763_700_000_123.9;
const OPTIONS = { budgetMs: 5_000 };
let receiver: Receiver | undefined;

afterEach(async () => {
  await receiver?.close();
  expect(receiver?.violations ?? []).toEqual([]);
  receiver = undefined;
});

async function drainTo(behaviour: Parameters<Receiver["behave"]>[0], options: Partial<DrainOptions> = {}) {
  receiver = await startReceiver({ behaviour });
  const exporter = createOtlpExporter({ endpoint: receiver.logsUrl.href, now: Date.now, retryDelayMs: 5 });
  return { drain: createDrain({ exporter, now: Date.now, ...options }), receiver };
}

/** An exporter of the library's user, which takes everything. */
function recordingExporter() {
  const calls: { batches: (readonly ResourceLogs[])[]; options: ExportOptions }[] = [];
  return {
    calls,
    exporter: {
      async export(batches: Iterable<readonly ResourceLogs[]>, options: ExportOptions) {
        const call = { batches: [...batches], options };
        calls.push(call);
        return { ok: true as const, value: { delivered: call.batches.length, rejected: 0, notes: ["from the exporter"] } };
      },
    },
  };
}

describe("a delivery", () => {
  test("counts what became of every record, and collects the notes of both sides", async () => {
    const { drain } = await drainTo(partialSuccess(1, "too old"));
    const payload: Partial<Batch>[] = [
      { resourceLogs: makeLogs(["a", "b"]), malformed: 1, notes: ["schema x is not a log"] },
      { resourceLogs: makeLogs([]), filtered: 2, notes: ["schema x is not a log"] },
      { resourceLogs: makeLogs(["c"]), malformed: 1, filtered: 1 },
    ];
    expect(await drain.deliver(batchSource, payload, OPTIONS)).toEqual({
      ok: true,
      value: {
        delivered: 2,
        rejected: 1,
        malformed: 2,
        filtered: 3,
        notes: ["schema x is not a log", "the destination rejected records: too old"],
      },
    });
  });

  test("of nothing makes no request", async () => {
    const { drain, receiver: destination } = await drainTo(status(500));
    expect(await drain.deliver(batchSource, [{ filtered: 3 }], OPTIONS)).toEqual({
      ok: true,
      value: { delivered: 0, rejected: 0, malformed: 0, filtered: 3, notes: [] },
    });
    expect(destination.requests.length).toBe(0);
  });

  test("of an unreadable whole is that failure, and makes no request", async () => {
    const { drain, receiver: destination } = await drainTo([]);
    const failure: Failure = { reason: "unreadable", detail: "no such payload" };
    const unreadable: Source<string> = { name: "unreadable", decode: () => ({ ok: false, error: failure }) };
    expect(await drain.deliver(unreadable, "payload", OPTIONS)).toEqual({ ok: false, error: failure });
    expect(destination.requests.length).toBe(0);
  });

  test("hands on the destination's failure", async () => {
    const { drain } = await drainTo(() => status(429, { retryAfter: 30 }));
    expect(await drain.deliver(batchSource, [{ resourceLogs: makeLogs(["a"]) }], OPTIONS)).toEqual({
      ok: false,
      error: { reason: "retryable", detail: "the destination answered 429: scripted", retryAfterMs: 30_000 },
    });
  });

  test("tells the source its arrival in whole ms and the default service, and the exporter its deadline", async () => {
    const { calls, exporter } = recordingExporter();
    let seen: DecodeContext | undefined;
    const source: Source<undefined> = {
      name: "watching",
      decode: (_, context) => {
        seen = context;
        return { ok: true, value: { batches: [] } };
      },
    };
    const drain = createDrain({ exporter, now: () => NOW_MS, defaultServiceName: "fallback" });
    await drain.deliver(source, undefined, { budgetMs: 1_000 });
    expect(seen).toEqual({ observedTimeUnixNano: 1_763_700_000_123_000_000n, defaultServiceName: "fallback" });
    expect(calls[0]?.options).toEqual({ deadlineMs: NOW_MS + 1_000, headers: undefined });
  });

  test("decodes no further than the destination takes", async () => {
    const { drain } = await drainTo(() => status(401));
    let decoded = 0;
    function* batches() {
      for (; decoded < 100; decoded++) yield { resourceLogs: makeLogs(["x".repeat(600_000)]) };
    }
    expect((await drain.deliver(batchSource, batches(), OPTIONS)).ok).toBe(false);
    expect(decoded).toBeLessThan(20);
  });

  test("through a real source, configuration and shape arrives as one message", async () => {
    const { drain, receiver: destination } = await drainTo([], {
      enrichment: { projectId: "42", attributes: [{ key: "team", value: "red" }] },
      shape: createHighlightShape({ wrapBodies: true, now: Date.now }),
    });
    const payload = new TextEncoder().encode(
      '[{"id":"1","message":"warn: a <b","level":"info","projectName":"shop"},{"id":"2","message":"two","projectName":"shop"}]',
    );
    expect(await drain.deliver(vercel, payload, OPTIONS)).toMatchObject({ ok: true, value: { delivered: 2 } });
    expect(destination.requests.length).toBe(1);
    expect(destination.requests[0]?.headers["x-highlight-project"]).toBe("42");
    expect(destination.accepted.map(({ body }) => body)).toEqual([{ MESSAGE: "warn: a <b" }, "two"]);
    expect(destination.accepted[0]?.resource).toMatchObject({ "service.name": "shop", "highlight.project_id": "42", team: "red" });
  });
});

describe("what the request adds", () => {
  test("wins over what the configuration adds, for this delivery alone", async () => {
    const { calls, exporter } = recordingExporter();
    const drain = createDrain({ exporter, now: Date.now, enrichment: { serviceName: "configured", projectId: "1" } });
    const payload = [{ resourceLogs: makeLogs(["a"], makeResource({ "service.name": "payload" })) }];
    await drain.deliver(batchSource, payload, { ...OPTIONS, enrichment: { serviceName: "asked", projectId: "2" } });
    await drain.deliver(batchSource, payload, OPTIONS);
    const attributes = calls.map(({ batches }) => batches[0]?.[0]?.resource?.attributes);
    expect(attributes).toEqual([
      [
        { key: "service.name", value: "asked" },
        { key: "highlight.project_id", value: "2" },
      ],
      [
        { key: "service.name", value: "configured" },
        { key: "highlight.project_id", value: "1" },
      ],
    ]);
    expect(calls.map(({ options }) => options.headers)).toEqual([{ "x-highlight-project": "2" }, { "x-highlight-project": "1" }]);
  });
});

describe("a fault of ours is a failure that keeps the data with the sender, and tells nothing of them:", () => {
  const good = { resourceLogs: makeLogs(["a"]) };
  const boom = () => {
    throw new RangeError("secret payload");
  };
  function* breaking() {
    yield good;
    boom();
  }
  const cases: [string, Source<undefined>, Partial<DrainOptions>][] = [
    ["a source that throws", { name: "throwing", decode: boom }, {}],
    ["batches that throw", { name: "breaking", decode: () => batchSource.decode(breaking(), { observedTimeUnixNano: 1n }) }, {}],
    [
      "a shape that throws",
      { name: "fine", decode: () => batchSource.decode([good], { observedTimeUnixNano: 1n }) },
      { shape: () => boom },
    ],
    [
      "an exporter that rejects",
      { name: "fine", decode: () => batchSource.decode([good], { observedTimeUnixNano: 1n }) },
      { exporter: { export: () => Promise.reject(new RangeError("secret payload")) } },
    ],
  ];

  test.each(cases)("%s", async (_, source, options) => {
    const { drain } = await drainTo([], options);
    const result = await drain.deliver(source, undefined, OPTIONS);
    expect(result).toEqual({ ok: false, error: { reason: "retryable", detail: "internal error: RangeError" } });
  });
});

test("deliveries at once keep their counts apart", async () => {
  const { drain } = await drainTo([]);
  const payloads = Array.from({ length: 10 }, (_, index) => [
    { resourceLogs: makeLogs(Array.from({ length: index }, String)), malformed: index },
  ]);
  const results = await Promise.all(payloads.map((payload) => drain.deliver(batchSource, payload, OPTIONS)));
  expect(results.map((result) => (result.ok ? [result.value.delivered, result.value.malformed] : result))).toEqual(
    payloads.map((_, index) => [index, index]),
  );
});
