import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createOtlpExporter, type OtlpExporterOptions } from "../../../core/export/deliver.ts";
import type { DeadLetter, Exporter, ExportOptions } from "../../../core/export/exporter.ts";
import { MAX_REQUEST_BYTES, TARGET_REQUEST_BYTES } from "../../../core/limits.ts";
import type { ResourceLogs } from "../../../core/otlp/model.ts";
import { VERSION } from "../../../core/version.ts";
import { makeBodies, makeLogs, makeRecord, makeResource, TEST_SCOPE, toAttributes } from "../../support/log-records.ts";
import { decodeOracle, type FlatRecord, flatten } from "../../support/oracle.ts";
import {
  type Behaviour,
  delay,
  hang,
  html200,
  ok,
  partialSuccess,
  type Receiver,
  redirect,
  rejectIf,
  startReceiver,
  status,
  tooLargeIf,
} from "../../support/receiver.ts";

const BUDGET_MS = 10_000;
/** How much later a busy machine may be. */
const SLACK_MS = 1_500;
const receivers: Receiver[] = [];

afterEach(async () => {
  vi.restoreAllMocks();
  for (const receiver of receivers.splice(0)) {
    await receiver.close();
    expect(receiver.violations).toEqual([]);
  }
});

async function open(behaviour: Parameters<Receiver["behave"]>[0] = ok()): Promise<Receiver> {
  const receiver = await startReceiver({ behaviour });
  receivers.push(receiver);
  return receiver;
}

function exporterTo({ logsUrl }: Receiver, options: Partial<OtlpExporterOptions> = {}): Exporter {
  return createOtlpExporter({
    endpoint: logsUrl.href,
    now: Date.now,
    retryDelayMs: 5,
    gzip: async (bytes) => Uint8Array.from(gzipSync(bytes, { level: 1 })),
    ...options,
  });
}

function send(
  receiver: Receiver,
  batches: Iterable<readonly ResourceLogs[]>,
  options: Partial<OtlpExporterOptions> = {},
  { budgetMs = BUDGET_MS, ...rest }: Partial<ExportOptions> & { budgetMs?: number } = {},
) {
  return exporterTo(receiver, options).export(batches, { deadlineMs: Date.now() + budgetMs, ...rest });
}

function bodies(records: readonly FlatRecord[]): unknown[] {
  return records.map(({ body }) => body);
}

/** Text that gzip cannot make small for free, and that no two records share. */
function filler(length: number, seed: number): string {
  return `${seed}:`.padEnd(length, `${(seed * 7919) % 10_007},`);
}

describe("a request", () => {
  test("is gzip-compressed protobuf with our name on it, and the configured headers", async () => {
    const receiver = await open();
    await send(receiver, [makeLogs(["one"])], { headers: { authorization: "Bearer x", "x-tenant": "a" } });
    const [request] = receiver.requests;
    expect(request?.headers).toMatchObject({
      "content-type": "application/x-protobuf",
      "content-encoding": "gzip",
      "user-agent": `otlp-drain/${VERSION}`,
      authorization: "Bearer x",
      "x-tenant": "a",
    });
    expect(request?.wireBytes.slice(0, 2)).toEqual(Uint8Array.of(0x1f, 0x8b));
  });

  test("is compressed by the runtime's own stream where no better gzip is given", async () => {
    const receiver = await open();
    await send(receiver, [makeLogs(makeBodies(100))], { gzip: undefined });
    expect(receiver.requests[0]?.headers["content-encoding"]).toBe("gzip");
    expect(receiver.accepted.length).toBe(100);
  });

  test("goes without compression where none is wanted", async () => {
    const receiver = await open();
    await send(receiver, [makeLogs(["one"])], { compression: "none" });
    expect(receiver.requests[0]?.headers["content-encoding"]).toBeUndefined();
    expect(receiver.accepted.length).toBe(1);
  });

  test("is JSON where that is wanted, and the same message", async () => {
    const record = makeRecord("é ✓ \u0007", {
      severityText: "warn",
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: "b7ad6b7169203331",
      attributes: toAttributes({ int: 7, big: 2n ** 62n, double: 0.5, yes: true, list: ["a", 1], map: { a: null }, none: null }),
    });
    const asProtobuf = await open();
    const asJson = await open();
    await send(asProtobuf, [makeLogs([record, "two"])]);
    await send(asJson, [makeLogs([record, "two"])], { protocol: "http/json" });
    expect(asJson.requests[0]?.encoding).toBe("json");
    expect(asJson.requests[0]?.headers["content-type"]).toBe("application/json");
    expect(asJson.accepted.length).toBe(2);
    expect(asJson.accepted).toEqual(asProtobuf.accepted);
  });

  test("goes again without compression when the destination takes no gzip, and so do the next ones", async () => {
    const receiver = await open(({ headers }) => (headers["content-encoding"] === "gzip" ? status(415) : ok()));
    const large = [makeLogs([filler(TARGET_REQUEST_BYTES, 1)]), makeLogs(["last"])];
    expect(await send(receiver, large)).toEqual({ ok: true, value: { delivered: 2, rejected: 0, notes: [] } });
    expect(receiver.accepted.length).toBe(2);
    const before = receiver.requests.length;
    expect(before).toBeLessThanOrEqual(4);
  });

  test("carries the headers of its delivery, which win over the configured ones and never over what describes the body", async () => {
    const receiver = await open();
    const headers = { "x-highlight-project": "42", authorization: "Bearer mine", "content-type": "text/plain", "user-agent": "other" };
    await send(receiver, [makeLogs(["one"])], { headers: { authorization: "Bearer x", "x-tenant": "a" } }, { headers });
    expect(receiver.requests[0]?.headers).toMatchObject({
      "x-highlight-project": "42",
      authorization: "Bearer mine",
      "x-tenant": "a",
      "content-type": "application/x-protobuf",
      "user-agent": `otlp-drain/${VERSION}`,
    });
  });

  test("is not made for nothing", async () => {
    const receiver = await open();
    const nothing = [[], makeLogs([]), [{ scopeLogs: [] }], [{ scopeLogs: [{ logRecords: [] }] }]];
    expect(await send(receiver, nothing)).toEqual({ ok: true, value: { delivered: 0, rejected: 0, notes: [] } });
    expect(await send(receiver, [])).toMatchObject({ ok: true });
    expect(receiver.requests.length).toBe(0);
  });
});

describe("batches", () => {
  test("are joined to one request while it is small, in order", async () => {
    const receiver = await open();
    const resource = makeResource();
    const result = await send(receiver, [makeLogs(["a", "b"], resource), makeLogs([]), makeLogs(["c"], resource)]);
    expect(result).toEqual({ ok: true, value: { delivered: 3, rejected: 0, notes: [] } });
    expect(receiver.requests.length).toBe(1);
    expect(bodies(receiver.accepted)).toEqual(["a", "b", "c"]);
    expect(receiver.requests[0]?.message.resourceLogs.length).toBe(1);
  });

  test.each(["http/protobuf", "http/json"] as const)("become several requests of about 1 MiB (%s), every record once", async (protocol) => {
    const receiver = await open();
    const batches = Array.from({ length: 40 }, (_, index) => makeLogs([`${index}|${filler(100_000, index)}`]));
    expect(await send(receiver, batches, { protocol })).toMatchObject({ ok: true, value: { delivered: 40 } });
    expect(receiver.requests.length).toBeGreaterThanOrEqual(4);
    for (const { bytes } of receiver.requests) expect(bytes.length).toBeLessThan(TARGET_REQUEST_BYTES + 200_000);
    // The first one is under way while the others are encoded.
    expect(Math.min(...receiver.requests.slice(0, 3).map(({ bytes }) => bytes.length))).toBeLessThan(TARGET_REQUEST_BYTES / 2);
    const indexes = bodies(receiver.accepted).map((body) => Number(String(body).split("|")[0]));
    expect(indexes.sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, index) => index));
  });

  test.each(["gzip", "none"] as const)(
    "keep their bytes until they are sent, also when the answer comes first (%s)",
    async (compression) => {
      const bodies: Uint8Array<ArrayBuffer>[] = [];
      const answerFirst = async (_url: unknown, init?: { readonly body?: unknown }) => {
        bodies.push(init?.body as Uint8Array<ArrayBuffer>);
        return new Response();
      };
      const exporter = createOtlpExporter({
        endpoint: "http://localhost/v1/logs",
        now: Date.now,
        compression,
        gzip: async (bytes) => Uint8Array.from(gzipSync(bytes)),
        fetch: answerFirst as typeof fetch,
      });
      const texts: string[] = [];
      for (const size of [120_000, 90, 150_000]) {
        const own = Array.from({ length: 9 }, () => filler(size, texts.length));
        texts.push(...own);
        const batches = own.map((text) => makeLogs([text]));
        const exported = await exporter.export(batches, { deadlineMs: Date.now() + BUDGET_MS });
        expect(exported).toMatchObject({ ok: true, value: { delivered: 9 } });
      }
      const sent = bodies.flatMap((body) => flatten(decodeOracle(compression === "gzip" ? gunzipSync(body) : body)));
      expect(bodies.length).toBeGreaterThan(5);
      expect(sent.map(({ body }) => body).join("\n") === texts.join("\n")).toBe(true);
    },
  );

  test("are asked for no faster than the destination takes them: three requests at once, no more", async () => {
    const gate = Promise.withResolvers<Behaviour>();
    const receiver = await open(() => gate.promise);
    let asked = 0;
    function* batches() {
      for (; asked < 12; ) yield makeLogs([filler(1_100_000, asked++)]);
    }
    const sending = send(receiver, batches());
    await receiver.waitForRequests(3);
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect(receiver.requests.length).toBe(3);
    expect(asked).toBe(3);
    gate.resolve(ok());
    expect(await sending).toMatchObject({ ok: true, value: { delivered: 12 } });
    expect(receiver.requests.length).toBe(12);
  });

  test("are not asked for after a failure", async () => {
    const receiver = await open(() => status(401));
    let asked = 0;
    let ended = false;
    function* batches() {
      try {
        for (; asked < 50; ) yield makeLogs([filler(1_100_000, asked++)]);
      } finally {
        ended = true;
      }
    }
    expect(await send(receiver, batches())).toMatchObject({ ok: false, error: { reason: "refused" } });
    expect(asked).toBeLessThanOrEqual(6);
    expect(receiver.requests.length).toBeLessThanOrEqual(6);
    expect(ended).toBe(true);
  });

  test("fail together when one of their requests fails", async () => {
    const receiver = await open(({ records }) => (String(records[0]?.body).startsWith("4:") ? status(500) : ok()));
    const batches = Array.from({ length: 6 }, (_, index) => makeLogs([filler(1_100_000, index)]));
    expect(await send(receiver, batches)).toEqual({
      ok: false,
      error: { reason: "refused", detail: "the destination answered 500: scripted" },
    });
  });

  test("fail as refused when one request is refused and another only could not be sent", async () => {
    const receiver = await open(({ records }, index) => {
      if (String(records[0]?.body).startsWith("0:")) return index === 0 ? status(503, { retryAfter: 3_600 }) : ok();
      return delay(50, status(403));
    });
    const batches = [0, 1].map((index) => makeLogs([filler(1_100_000, index)]));
    expect(await send(receiver, batches)).toMatchObject({
      ok: false,
      error: { reason: "refused", detail: expect.stringContaining("403") },
    });
  });
});

describe("an answer that may be better next time", () => {
  test.each([429, 502, 503, 504])("%i is tried again with the same bytes", async (code) => {
    const receiver = await open([status(code), status(code)]);
    expect(await send(receiver, [makeLogs(["one", "two"])])).toMatchObject({ ok: true, value: { delivered: 2, rejected: 0, notes: [] } });
    expect(receiver.requests.length).toBe(3);
    const [first, ...others] = receiver.requests.map(({ wireBytes }) => Buffer.from(wireBytes).toString("hex"));
    expect(others).toEqual([first, first]);
  });

  test("is not tried again at once, even when Retry-After says 0", async () => {
    const receiver = await open([status(503, { retryAfter: 0 }), status(429, { retryAfter: "0" })]);
    const startedAt = performance.now();
    expect((await send(receiver, [makeLogs(["one"])])).ok).toBe(true);
    // Timers may be a ms early.
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(98);
  });

  test("is not tried again before its Retry-After", async () => {
    const receiver = await open([status(429, { retryAfter: 1 })]);
    const startedAt = performance.now();
    expect((await send(receiver, [makeLogs(["one"])])).ok).toBe(true);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(998);
  });

  test("is not waited for when its Retry-After ends after the deadline, and the sender is told", async () => {
    const receiver = await open(() => status(503, { retryAfter: 12 }));
    const startedAt = performance.now();
    expect(await send(receiver, [makeLogs(["one"])], {}, { budgetMs: 5_000 })).toEqual({
      ok: false,
      error: { reason: "retryable", detail: "the destination answered 503: scripted", retryAfterMs: 12_000 },
    });
    expect(receiver.requests.length).toBe(1);
    expect(performance.now() - startedAt).toBeLessThan(4_000);
  });

  test("is tried again until the deadline and not beyond", async () => {
    const receiver = await open(() => status(503));
    const startedAt = performance.now();
    expect(await send(receiver, [makeLogs(["one"])], {}, { budgetMs: 400 })).toMatchObject({ ok: false, error: { reason: "retryable" } });
    expect(receiver.requests.length).toBeGreaterThanOrEqual(2);
    expect(performance.now() - startedAt).toBeLessThan(400 + SLACK_MS);
  });

  test("backs off: the delays double from the configured one to the cap, with full jitter", async () => {
    const receiver = await open();
    let answers = 0;
    const failing: typeof fetch = async () => new Response(null, { status: ++answers <= 6 ? 503 : 200 });
    const delays: number[] = [];
    const { setTimeout: original } = globalThis;
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    vi.spyOn(globalThis, "setTimeout").mockImplementation(((callback: () => void, ms: number, ...rest: unknown[]) => {
      // An attempt's own time, and what earlier connections wait for.
      if (ms === 1_234 || ms > 10_000) return original(callback, ms, ...rest);
      delays.push(ms);
      return original(callback, 0);
    }) as typeof setTimeout);
    const result = await send(receiver, [makeLogs(["one"])], { fetch: failing, retryDelayMs: 800, timeoutMs: 1_234 }, { budgetMs: 60_000 });
    vi.restoreAllMocks();
    expect(result.ok).toBe(true);
    expect(delays).toEqual([400, 800, 1_600, 2_500, 2_500, 2_500]);
  });
});

describe("an answer that the same bytes would get again", () => {
  test.each<[string, () => Behaviour]>([
    ["500", () => status(500)],
    ["401", () => status(401)],
    ["404", () => status(404)],
    ["501", () => status(501)],
    ["HTML", html200],
    ["a redirect", () => redirect(302, "/elsewhere")],
  ])("%s: the sender keeps the data, after one request", async (_, behaviour) => {
    const receiver = await open(behaviour);
    expect(await send(receiver, [makeLogs(["one"])])).toMatchObject({ ok: false, error: { reason: "refused" } });
    expect(receiver.requests.length).toBe(1);
  });
});

describe("a partial success", () => {
  test("is counted, told, and never sent again", async () => {
    const receiver = await open(partialSuccess(2, "too old"));
    expect(await send(receiver, [makeLogs(makeBodies(5))])).toEqual({
      ok: true,
      value: { delivered: 3, rejected: 2, notes: ["the destination rejected records: too old"] },
    });
    expect(receiver.requests.length).toBe(1);
  });

  test("without rejected records is a warning", async () => {
    const receiver = await open(partialSuccess(0, "deprecated"));
    expect(await send(receiver, [makeLogs(["one"])])).toEqual({
      ok: true,
      value: { delivered: 1, rejected: 0, notes: ["the destination warns: deprecated"] },
    });
  });

  test("cannot reject more than was sent", async () => {
    const receiver = await open(partialSuccess(99, ""));
    expect(await send(receiver, [makeLogs(["one", "two"])])).toMatchObject({ ok: true, value: { delivered: 0, rejected: 2 } });
  });

  test("of several requests is added up, its message told once", async () => {
    const receiver = await open(() => partialSuccess(1, "too old"));
    const batches = Array.from({ length: 3 }, (_, index) => makeLogs([filler(1_100_000, index), "small"]));
    expect(await send(receiver, batches)).toEqual({
      ok: true,
      value: { delivered: 3, rejected: 3, notes: ["the destination rejected records: too old"] },
    });
  });
});

describe("a request that is too large", () => {
  test.each(["http/protobuf", "http/json"] as const)("is split until it fits (%s), in order, every record once", async (protocol) => {
    const receiver = await open(tooLargeIf(protocol === "http/json" ? 2_500 : 1_000));
    const result = await send(receiver, [makeLogs(makeBodies(64))], { protocol });
    expect(result).toEqual({ ok: true, value: { delivered: 64, rejected: 0, notes: [] } });
    expect(bodies(receiver.accepted)).toEqual(makeBodies(64));
  });

  test("is split although its records stand under many resources and scopes", async () => {
    const receiver = await open(tooLargeIf(300));
    const batches = Array.from({ length: 7 }, (_, index) => [
      ...makeLogs([`${index}-a`, `${index}-b`], makeResource({ "service.name": `service-${index}` })),
    ]);
    expect(await send(receiver, batches)).toMatchObject({ ok: true, value: { delivered: 14, rejected: 0 } });
    for (const { body, resource, scope } of receiver.accepted) {
      expect(resource["service.name"]).toBe(`service-${String(body)[0]}`);
      expect(scope).toBe(TEST_SCOPE.name);
    }
  });

  test.each(["http/protobuf", "http/json"] as const)(
    "is split before it is sent when no collector would take it (%s)",
    async (protocol) => {
      const receiver = await open();
      // One batch, because batches are joined to smaller requests anyway.
      const records = Array.from({ length: 24 }, (_, index) => filler(1_000_000, index));
      expect(await send(receiver, [makeLogs(records)], { protocol })).toMatchObject({ ok: true, value: { delivered: 24, rejected: 0 } });
      expect(receiver.requests.length).toBe(2);
      for (const { bytes } of receiver.requests) expect(bytes.length).toBeLessThanOrEqual(MAX_REQUEST_BYTES);
      expect(bodies(receiver.accepted)).toEqual(records);
    },
  );

  test("with one record alone is cut short, and says so", async () => {
    const receiver = await open(tooLargeIf(100_000));
    const attributes = toAttributes({ long: "y".repeat(50_000), short: "kept" });
    const record = makeRecord("é".repeat(200_000), { attributes, traceId: "0af7651916cd43dd8448eb211c80319c" });
    const letters: DeadLetter[] = [];
    const result = await send(receiver, [makeLogs(["small", record, "also small"])], { onDeadLetter: (letter) => letters.push(letter) });
    expect(result).toMatchObject({ ok: true, value: { delivered: 2, rejected: 1 } });
    // 65,536 two-byte characters are still too large for this destination.
    expect(letters.length).toBe(1);
    receiver.clear();
    receiver.behave(tooLargeIf(150_000));
    const second = await send(receiver, [makeLogs(["small", record, "also small"])]);
    expect(second).toEqual({
      ok: true,
      value: { delivered: 3, rejected: 0, notes: ["a record too large for the destination was delivered cut short"] },
    });
    expect(receiver.accepted.length).toBe(3);
    const [short] = receiver.accepted.filter(({ body }) => String(body).startsWith("é"));
    expect(short).toMatchObject({
      body: expect.stringMatching(/^é+\.\.\.\[truncated\]$/),
      traceId: "0af7651916cd43dd8448eb211c80319c",
      attributes: { short: "kept", "otlp_drain.reduced": expect.stringContaining("cut short") },
    });
    expect(String(short?.attributes["long"]).length).toBe(1_024);
  });

  test("with one record that no collector would take is cut short without being sent whole", async () => {
    const receiver = await open();
    const members = Object.fromEntries(Array.from({ length: 24 }, (_, index) => [`key${index}`, filler(1_000_000, index)]));
    const result = await send(receiver, [makeLogs([makeRecord("huge", { attributes: toAttributes(members) })])]);
    expect(result).toMatchObject({ ok: true, value: { delivered: 1, rejected: 0 } });
    expect(receiver.requests.length).toBe(1);
    expect(receiver.accepted[0]).toMatchObject({ body: "huge" });
  });

  test("comes to an end when nothing fits: every record is a dead letter", async () => {
    const receiver = await open(tooLargeIf(0));
    const letters: DeadLetter[] = [];
    const result = await send(receiver, [makeLogs(makeBodies(8))], { onDeadLetter: (letter) => letters.push(letter) });
    expect(result).toEqual({
      ok: true,
      value: { delivered: 0, rejected: 8, notes: ["the destination refused records with 413: the request is too large"] },
    });
    expect(letters.map(({ record, status: code }) => [record.body, code])).toEqual(makeBodies(8).map((body) => [body, 413]));
    expect(receiver.requests.length).toBeLessThanOrEqual(32);
  });
});

describe("a request that is refused for what it holds", () => {
  const isPoison = (record: FlatRecord) => JSON.stringify(record.attributes).includes("poison");
  const poison = (body: string) =>
    makeRecord(body, {
      severityNumber: 17,
      severityText: "error",
      attributes: toAttributes({ field: "poison" }),
      traceId: "0af7651916cd43dd8448eb211c80319c",
    });

  test.each([
    [400, "http/protobuf"],
    [415, "http/protobuf"],
    [422, "http/json"],
    [409, "http/json"],
  ] as const)("with %i (%s) is bisected: the good records arrive as they are and once, the poison as its body", async (code, protocol) => {
    const receiver = await open(() => rejectIf(isPoison, code));
    const letters: DeadLetter[] = [];
    const records = [...makeBodies(11), poison("bad"), ...makeBodies(9, "later")];
    const result = await send(receiver, [makeLogs(records)], { protocol, onDeadLetter: (letter) => letters.push(letter) });
    expect(result).toEqual({
      ok: true,
      value: { delivered: 21, rejected: 0, notes: [`a record refused with ${code} was delivered as its body alone`] },
    });
    expect(bodies(receiver.accepted).sort()).toEqual([...makeBodies(11), "bad", ...makeBodies(9, "later")].sort());
    const [plain] = receiver.accepted.filter(({ body }) => body === "bad");
    expect(plain).toMatchObject({
      severityNumber: 17,
      timeUnixNano: 1_700_000_000_123_456_789n,
      resource: { "service.name": "shop" },
      scope: TEST_SCOPE.name,
      traceId: "",
    });
    expect(Object.keys(plain?.attributes ?? {})).toEqual(["otlp_drain.reduced"]);
    expect(letters).toEqual([]);
    // Two requests a level, and the last try.
    expect(receiver.requests.length).toBeLessThanOrEqual(2 * 5 + 2);
  });

  test("in every form is a dead letter, alone, with what the destination said", async () => {
    const receiver = await open(() => rejectIf(({ body }) => body === "bad"));
    const letters: DeadLetter[] = [];
    const result = await send(receiver, [makeLogs(["a", "b", poison("bad"), "c"])], { onDeadLetter: (letter) => letters.push(letter) });
    expect(result).toEqual({
      ok: true,
      value: { delivered: 3, rejected: 1, notes: ["the destination refused records with 400: a record is invalid"] },
    });
    expect(bodies(receiver.accepted)).toEqual(["a", "b", "c"]);
    expect(letters).toMatchObject([
      {
        status: 400,
        message: "a record is invalid",
        record: { body: "bad", severityText: "error" },
        resource: { attributes: [{ key: "service.name" }] },
      },
    ]);
  });

  test("keeps several poisons apart", async () => {
    const receiver = await open(() => rejectIf(({ body }) => String(body).startsWith("bad")));
    const records = Array.from({ length: 40 }, (_, index) => (index % 13 === 5 ? `bad-${index}` : `good-${index}`));
    expect(await send(receiver, [makeLogs(records)])).toMatchObject({ ok: true, value: { delivered: 37, rejected: 3 } });
    expect(bodies(receiver.accepted)).toEqual(records.filter((body) => body.startsWith("good")));
  });

  test("because of a resource costs only the records under it", async () => {
    const receiver = await open(() => rejectIf(({ resource }) => resource["owner"] === "poison"));
    const batch = [
      ...makeLogs(["a"]),
      ...makeLogs(["b"], makeResource({ "service.name": "bad", owner: "poison", "highlight.project_id": "7" })),
      ...makeLogs(["c"]),
    ];
    expect(await send(receiver, [batch])).toMatchObject({ ok: true, value: { delivered: 3, rejected: 0 } });
    const [plain] = receiver.accepted.filter(({ body }) => body === "b");
    expect(plain?.resource).toEqual({ "service.name": "bad", "highlight.project_id": "7" });
  });

  test("when a partial success refuses even the plain body is counted as rejected, and nothing says it was delivered", async () => {
    const receiver = await open(({ records }) => (records.some(isPoison) ? status(400) : partialSuccess(1, "no")));
    expect(await send(receiver, [makeLogs([poison("bad")])])).toEqual({
      ok: true,
      value: { delivered: 0, rejected: 1, notes: ["the destination rejected records: no"] },
    });
  });

  test("by a destination that refuses everything comes to an end: each record counted, not each one asked about", async () => {
    const receiver = await open(() => status(400));
    const letters = new Set<unknown>();
    const result = await send(
      receiver,
      [makeLogs(makeBodies(3_000))],
      { compression: "none", onDeadLetter: ({ record }) => letters.add(record.body) },
      { budgetMs: 20_000 },
    );
    expect(result).toMatchObject({ ok: true, value: { delivered: 0, rejected: 3_000 } });
    expect(letters.size).toBe(3_000);
    expect(receiver.requests.length).toBeLessThan(1_200);
  });

  test("is kept by the sender when the destination fails in the middle", async () => {
    const receiver = await open((_, index) => (index < 3 ? rejectBad : index === 3 ? status(503, { retryAfter: 60 }) : ok()));
    const rejectBad = rejectIf(({ body }) => body === "bad");
    const result = await send(receiver, [makeLogs([...makeBodies(6), "bad", "last"])]);
    expect(result).toMatchObject({ ok: false, error: { reason: "retryable", retryAfterMs: 60_000 } });
    expect(receiver.requests.length).toBe(4);
  });

  test("is kept by the sender when the time runs out in the middle", async () => {
    let nowMs = 1_000_000;
    const receiver = await open(() => {
      nowMs += 10_000;
      return status(400);
    });
    const exporter = exporterTo(receiver, { now: () => nowMs });
    const result = await exporter.export([makeLogs(makeBodies(64))], { deadlineMs: nowMs + 45_000 });
    expect(result).toEqual({
      ok: false,
      error: { reason: "retryable", detail: expect.stringContaining("deadline"), retryAfterMs: undefined },
    });
    expect(receiver.requests.length).toBe(5);
  });
});

describe("the deadline", () => {
  test("ends a destination that never answers", async () => {
    const receiver = await open(hang());
    const startedAt = performance.now();
    expect(await send(receiver, [makeLogs(["one"])], {}, { budgetMs: 250 })).toMatchObject({ ok: false, error: { reason: "retryable" } });
    expect(performance.now() - startedAt).toBeLessThan(250 + SLACK_MS);
  });

  test("leaves room for another try after an attempt that timed out", async () => {
    const receiver = await open([hang()]);
    expect(await send(receiver, [makeLogs(["one"])], { timeoutMs: 200 })).toMatchObject({ ok: true, value: { delivered: 1 } });
    expect(receiver.requests.length).toBeGreaterThanOrEqual(2);
  });

  test("that has passed already allows no request", async () => {
    const receiver = await open();
    expect(await send(receiver, [makeLogs(["one"])], {}, { budgetMs: -1 })).toMatchObject({ ok: false, error: { reason: "retryable" } });
    expect(receiver.requests.length).toBe(0);
  });
});

describe("a fault of ours", () => {
  const internal = { ok: false, error: { reason: "retryable", detail: expect.stringContaining("internal error") } };

  test("in the batches becomes a failure, after what is under way has ended", async () => {
    const receiver = await open(() => delay(50));
    function* batches() {
      for (let index = 0; index < 4; index++) yield makeLogs([filler(1_100_000, index)]);
      throw new TypeError("secret payload");
    }
    const result = await send(receiver, batches());
    expect(result).toEqual(internal);
    expect(JSON.stringify(result)).not.toContain("secret");
    expect(receiver.accepted.length).toBeGreaterThanOrEqual(3);
    expect(receiver.requests.length).toBe(receiver.accepted.length);
  });

  test("in the compression becomes a failure, of many requests too", async () => {
    const receiver = await open();
    const batches = Array.from({ length: 8 }, (_, index) => makeLogs([filler(1_100_000, index)]));
    const gzip = async () => {
      throw new Error("secret payload");
    };
    const result = await send(receiver, batches, { gzip });
    expect(result).toEqual(internal);
    expect(JSON.stringify(result)).not.toContain("secret");
  });

  test("in the dead-letter hook becomes a failure, lest the record be lost unseen", async () => {
    const receiver = await open(() => status(400));
    const onDeadLetter = () => {
      throw new Error("secret payload");
    };
    expect(await send(receiver, [makeLogs(["one"])], { onDeadLetter })).toEqual(internal);
  });

  test("such as a header that no request can hold keeps the data with the sender, and shows nothing of it", async () => {
    const receiver = await open();
    const result = await send(receiver, [makeLogs(["one"])], { headers: { "x-tenant": "ключ" } }, { budgetMs: 200 });
    expect(result).toMatchObject({ ok: false });
    expect(JSON.stringify(result)).not.toContain("ключ");
  });
});

test("two deliveries of one exporter know nothing of each other", async () => {
  const receiver = await open(({ records }) =>
    records.some(({ body }) => body === "bad") ? status(401) : delay(20, partialSuccess(1, "no")),
  );
  const exporter = exporterTo(receiver);
  const options = { deadlineMs: Date.now() + BUDGET_MS };
  const [bad, good] = await Promise.all([
    exporter.export([makeLogs(["bad"])], options),
    exporter.export([makeLogs(["good", "also good"])], options),
  ]);
  expect(bad).toMatchObject({ ok: false, error: { reason: "refused" } });
  expect(good).toMatchObject({ ok: true, value: { delivered: 1, rejected: 1 } });
});

test("no delivery leaves a timer behind that would keep a process awake", async () => {
  const receiver = await open([status(503), ok(), status(400), ok(), hang()]);
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  await sleep(0);
  const before = timers();
  await send(receiver, [makeLogs(["one"])]);
  await send(receiver, [makeLogs(["one"])]);
  await send(receiver, [makeLogs(["one"])], {}, { budgetMs: 100 });
  expect(timers()).toBeLessThanOrEqual(before);
});
