import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { JsonLogsSerializer, ProtobufLogsSerializer } from "@opentelemetry/otlp-transformer";
import {
  ConsoleLogRecordExporter,
  InMemoryLogRecordExporter,
  type LogRecordExporter,
  type ReadableLogRecord,
} from "@opentelemetry/sdk-logs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createDrain } from "../../../core/drain.ts";
import type { DeadLetter } from "../../../core/export/exporter.ts";
import { type AnyValue, Float64, type LogRecord, type ResourceLogs } from "../../../core/otlp/model.ts";
import { encodeProtobuf } from "../../../core/otlp/protobuf.ts";
import { createConverter, createSdkExporter } from "../../../core/otlp/sdk.ts";
import { vercel } from "../../../core/sources/vercel.ts";
import { vercelLines } from "../../bench/vercel-lines.ts";
import { batchSource, makeBodies, makeLogs, makeRecord, makeResource, TEST_SCOPE, toAttributes } from "../../support/log-records.ts";
import { decodeOracle, type FlatRecord, flatten, parseJson } from "../../support/oracle.ts";
import { hang, ok, type Receiver, rejectIf, startReceiver, status } from "../../support/receiver.ts";

const SUCCESS = { code: 0 };
type Result = Parameters<Parameters<LogRecordExporter["export"]>[1]>[0];
let receiver: Receiver | undefined;

afterEach(async () => {
  vi.restoreAllMocks();
  await receiver?.close();
  receiver = undefined;
});

/** An SDK exporter that does as the function says. */
function exporterOf(
  act: (records: ReadableLogRecord[], call: number) => Result | Promise<Result>,
): LogRecordExporter & { calls: ReadableLogRecord[][] } {
  const calls: ReadableLogRecord[][] = [];
  return {
    calls,
    export(records, done) {
      calls.push(records);
      const result = act(records, calls.length - 1);
      if (result instanceof Promise) void result.then(done);
      else done(result);
    },
    forceFlush: async () => {},
    shutdown: async () => {},
  };
}

function failure(code: unknown): Result {
  return { code: 1, error: Object.assign(new Error("secret payload"), { code, data: "secret payload" }) };
}

function send(
  exporter: LogRecordExporter,
  batches: Iterable<readonly ResourceLogs[]>,
  budgetMs = 5_000,
  onDeadLetter?: (letter: DeadLetter) => void,
) {
  return createSdkExporter(exporter, { now: Date.now, onDeadLetter }).export(batches, { deadlineMs: Date.now() + budgetMs });
}

function convert(resourceLogs: readonly ResourceLogs[]): ReadableLogRecord[] {
  const toReadable = createConverter();
  return resourceLogs.flatMap(({ resource, scopeLogs }) =>
    scopeLogs.flatMap(({ scope, logRecords }) => logRecords.map((record) => toReadable(record, resource, scope))),
  );
}

/** What the SDK's serializers make of our records, against what our encoder makes of them. */
function throughSdk(resourceLogs: readonly ResourceLogs[]): { ours: FlatRecord[]; protobuf: FlatRecord[]; json: FlatRecord[] } {
  const readable = convert(resourceLogs);
  return {
    ours: flatten(decodeOracle(encodeProtobuf(resourceLogs))),
    protobuf: flatten(decodeOracle(ProtobufLogsSerializer.serializeRequest(readable) as Uint8Array)),
    json: flatten(parseJson(new TextDecoder().decode(JsonLogsSerializer.serializeRequest(readable)))),
  };
}

const FULL: LogRecord = makeRecord("é ✓ 😀", {
  observedTimeUnixNano: 1_700_000_000_999_999_999n,
  severityNumber: 13,
  severityText: "warning",
  attributes: toAttributes({
    text: "t",
    empty: "",
    yes: true,
    no: false,
    int: -7,
    zero: 0,
    safe: Number.MAX_SAFE_INTEGER,
    bigSafe: 123n,
    double: 0.25,
    list: ["a", 1, true, null, ["deep"]],
    map: { a: { b: { c: 1 } }, none: null, list: [{}] },
    none: null,
    bytes: Uint8Array.of(0, 1, 255),
    emptyList: [],
    emptyMap: {},
  }),
  droppedAttributesCount: 3,
  flags: 1,
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  eventName: "vercel.audit",
});

describe("a record in the SDK's form", () => {
  test.each<[string, LogRecord]>([
    ["with everything", FULL],
    ["with a body only", { body: "alone", attributes: [] }],
    ["with a map as its body", makeRecord({ MESSAGE: "a <b" })],
    ["without a time, observed now", makeRecord("body", { timeUnixNano: undefined })],
    ["with a trace but no span", makeRecord("body", { traceId: "0af7651916cd43dd8448eb211c80319c" })],
    ["with the last possible time", makeRecord("body", { timeUnixNano: 0xffff_ffff_ffff_ffffn })],
  ])("%s becomes the message that our own encoder writes", (_, record) => {
    const { ours, protobuf, json } = throughSdk(makeLogs([record]));
    expect(protobuf).toEqual(ours);
    expect(json).toEqual(ours);
  });

  test.each<[string, AnyValue, unknown]>([
    ["an integer beyond 2^53", 2n ** 62n, "4611686018427387904"],
    ["an integral double beyond 2^63", 1e300, "1e+300"],
    ["NaN", Number.NaN, "NaN"],
    ["Infinity", Number.POSITIVE_INFINITY, "Infinity"],
    ["a double that is integral", new Float64(2), 2],
    ["a lone surrogate", "a\ud800b", "a\ufffdb"],
  ])("tells %s, which the SDK's serializers break, as text or a neighbour", (_, value, expected) => {
    const { protobuf, json } = throughSdk(
      makeLogs([makeRecord(value, { attributes: toAttributes({ key: value, deep: { list: [value] } }) })]),
    );
    for (const [record] of [protobuf, json]) {
      expect(record?.body).toEqual(expected);
      expect(record?.attributes).toEqual({ key: expected, deep: { list: [expected] } });
    }
  });

  test("keeps keys that are no ordinary ones", () => {
    const attributes = [
      { key: "__proto__", value: "x" },
      { key: "constructor", value: "y" },
      { key: "lone\ud800", value: "z" },
    ];
    const { protobuf, json } = throughSdk(makeLogs([makeRecord("body", { attributes })], { attributes: attributes.slice(1) }));
    for (const [record] of [protobuf, json]) {
      expect(Object.entries(record?.attributes ?? {})).toEqual([
        ["__proto__", "x"],
        ["constructor", "y"],
        ["lone\ufffd", "z"],
      ]);
      expect(record?.resource).toEqual({ constructor: "y", "lone\ufffd": "z" });
    }
  });

  test("without any field stays empty, but for the empty body that the SDK's JSON gives it", () => {
    const { ours, protobuf, json } = throughSdk(makeLogs([{ attributes: [] }]));
    expect(protobuf).toEqual(ours);
    expect(json).toEqual(ours.map((record) => ({ ...record, body: null })));
  });

  test("keeps what its resource holds: as it is where the SDK knows the kind, else as text", () => {
    const plain = { "service.name": "shop", yes: true, int: 7, list: ["a", "b"], numbers: [1, 2.5], none: [] };
    const resource = makeResource({
      ...plain,
      map: { a: [1, { b: null }] },
      mixed: [1, "two"],
      big: 2n ** 62n,
      bytes: Uint8Array.of(1),
      null: null,
    });
    const { protobuf, json } = throughSdk(makeLogs(["a"], resource));
    for (const [record] of [protobuf, json]) {
      expect(record?.resource).toEqual({
        ...plain,
        map: '{"a":[1,{"b":null}]}',
        mixed: '[1,"two"]',
        big: String(2n ** 62n),
        bytes: "AQ==",
      });
    }
  });

  test("keeps its scope", () => {
    const scope = { ...TEST_SCOPE, attributes: toAttributes({ "encoding.format": "vercel.logs" }) };
    const resourceLogs = [{ resource: makeResource(), scopeLogs: [{ scope, logRecords: [makeRecord("a")] }] }];
    const scopeOf = (bytes: Uint8Array) => decodeOracle(bytes).resourceLogs[0]?.scopeLogs[0]?.scope;
    expect(scopeOf(ProtobufLogsSerializer.serializeRequest(convert(resourceLogs)) as Uint8Array)).toEqual(
      scopeOf(encodeProtobuf(resourceLogs)),
    );
  });

  test("needs neither resource nor scope", () => {
    const { ours, protobuf } = throughSdk([{ scopeLogs: [{ logRecords: [makeRecord("a")] }] }]);
    expect(protobuf).toEqual(ours);
  });

  test("shares its resource and its scope with its neighbours, by which the SDK groups", () => {
    const shop = makeResource();
    const records = convert([
      ...makeLogs(["a"], shop),
      ...makeLogs(["b"], makeResource({ "service.name": "other" })),
      ...makeLogs(["c"], shop),
    ]);
    expect(records[0]?.resource).toBe(records[2]?.resource);
    expect(records[0]?.resource).not.toBe(records[1]?.resource);
    expect(new Set(records.map(({ instrumentationScope }) => instrumentationScope)).size).toBe(1);
    const message = decodeOracle(ProtobufLogsSerializer.serializeRequest(records) as Uint8Array);
    expect(message.resourceLogs.map(({ scopeLogs }) => scopeLogs[0]?.logRecords.length)).toEqual([2, 1]);
  });
});

describe("a real delivery", () => {
  const lines = vercelLines(700);

  test("through OTLPLogExporter is the same records as through our exporter", async () => {
    receiver = await startReceiver();
    const exporter = createSdkExporter(new OTLPLogExporter({ url: receiver.logsUrl.href }), { now: () => 1_763_700_000_000 });
    const drain = createDrain({ exporter, now: () => 1_763_700_000_000 });
    expect(await drain.deliver(vercel, lines, { budgetMs: 10_000 })).toMatchObject({ ok: true, value: { delivered: 700, rejected: 0 } });
    // The SDK's own batch size.
    expect(receiver.requests.map(({ records }) => records.length)).toEqual([512, 188]);
    expect(receiver.violations).toEqual([]);
    const decoded = vercel.decode(lines, { observedTimeUnixNano: 1_763_700_000_000_000_000n });
    if (!decoded.ok) throw new Error("no Vercel payload");
    const ours = [...decoded.value.batches].flatMap(({ resourceLogs }) => flatten(decodeOracle(encodeProtobuf(resourceLogs))));
    const byId = (records: readonly FlatRecord[]) => new Map(records.map((record) => [record.attributes["log.record.uid"], record]));
    expect(byId(receiver.accepted)).toEqual(byId(ours));
  });

  test("through InMemoryLogRecordExporter is all there", async () => {
    const exporter = new InMemoryLogRecordExporter();
    const drain = createDrain({ exporter: createSdkExporter(exporter, { now: Date.now }), now: Date.now });
    expect(await drain.deliver(vercel, lines, { budgetMs: 5_000 })).toMatchObject({ ok: true, value: { delivered: 700 } });
    expect(exporter.getFinishedLogRecords().length).toBe(700);
  });

  test("through ConsoleLogRecordExporter is printed", async () => {
    const dir = vi.spyOn(console, "dir").mockReturnValue();
    expect(await send(new ConsoleLogRecordExporter(), [makeLogs([FULL, "two"])])).toMatchObject({ ok: true, value: { delivered: 2 } });
    expect(dir.mock.calls.map(([printed]) => (printed as { body: unknown }).body)).toEqual(["é ✓ 😀", "two"]);
  });

  test("to a stopped exporter is a failure", async () => {
    const exporter = new InMemoryLogRecordExporter();
    await exporter.shutdown();
    expect(await send(exporter, [makeLogs(["a"])])).toMatchObject({ ok: false, error: { reason: "retryable" } });
  });

  test("of nothing exports nothing", async () => {
    const exporter = exporterOf(() => SUCCESS);
    expect(await send(exporter, [[], makeLogs([])])).toEqual({ ok: true, value: { delivered: 0, rejected: 0, notes: [] } });
    expect(exporter.calls.length).toBe(0);
  });
});

describe("the exporter's own result decides:", () => {
  test.each([401, 403, 404, 500, 501])("%i is the operator's fault", async (code) => {
    expect(
      await send(
        exporterOf(() => failure(code)),
        [makeLogs(["a"])],
      ),
    ).toEqual({
      ok: false,
      error: { reason: "refused", detail: `the destination answered ${code}` },
    });
  });

  test.each([429, 502, 503, 504, undefined, "ECONNREFUSED", "ERR_TLS", null, 301])("%j may be better next time", async (code) => {
    const result = await send(
      exporterOf(() => failure(code)),
      [makeLogs(["a"])],
    );
    expect(result).toMatchObject({ ok: false, error: { reason: "retryable" } });
    expect(JSON.stringify(result)).not.toContain("secret");
  });

  test("a failure without an error too", async () => {
    expect(
      await send(
        exporterOf(() => ({ code: 1 })),
        [makeLogs(["a"])],
      ),
    ).toMatchObject({ ok: false, error: { reason: "retryable" } });
  });

  test("the first failure ends the delivery", async () => {
    const exporter = exporterOf((_, call) => (call === 1 ? failure(503) : SUCCESS));
    let asked = 0;
    function* batches() {
      for (; asked < 10; asked++) yield makeLogs(makeBodies(512));
    }
    expect((await send(exporter, batches())).ok).toBe(false);
    expect(exporter.calls.length).toBe(2);
    expect(asked).toBeLessThan(3);
  });

  test.each([400, 413, 415, 422])("%i is bisected: the good records arrive once, the poison is a dead letter", async (code) => {
    const taken: unknown[] = [];
    const exporter = exporterOf((records) => {
      if (records.some(({ body }) => body === "bad")) return failure(code);
      taken.push(...records.map(({ body }) => body));
      return SUCCESS;
    });
    const letters: DeadLetter[] = [];
    const result = await send(exporter, [makeLogs([...makeBodies(9), "bad", "last"])], 5_000, (letter) => letters.push(letter));
    expect(result).toEqual({ ok: true, value: { delivered: 10, rejected: 1, notes: [`the destination refused records with ${code}`] } });
    expect(taken).toEqual([...makeBodies(9), "last"]);
    expect(letters).toMatchObject([{ status: code, message: "", record: { body: "bad" } }]);
  });

  test("a refusal of everything comes to an end", async () => {
    const exporter = exporterOf(() => failure(400));
    const letters: DeadLetter[] = [];
    const result = await send(exporter, [makeLogs(makeBodies(3_000))], 5_000, (letter) => letters.push(letter));
    expect(result).toMatchObject({ ok: true, value: { delivered: 0, rejected: 3_000 } });
    expect(letters.length).toBe(3_000);
    expect(exporter.calls.length).toBeLessThan(1_100);
  });

  test("a record that makes the exporter throw is given up alone", async () => {
    const exporter = exporterOf((records) => {
      if (records.some(({ body }) => body === "bad")) throw new TypeError("secret payload");
      return SUCCESS;
    });
    const result = await send(exporter, [makeLogs(["a", "bad", "b"])]);
    expect(result).toEqual({ ok: true, value: { delivered: 2, rejected: 1, notes: ["the destination refused records"] } });
  });

  test("an answer that comes later is waited for", async () => {
    const gate = Promise.withResolvers<Result>();
    let settled = false;
    const sending = send(
      exporterOf(() => gate.promise),
      [makeLogs(["a"])],
    ).finally(() => {
      settled = true;
    });
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    expect(settled).toBe(false);
    gate.resolve(SUCCESS);
    expect((await sending).ok).toBe(true);
  });

  test("no answer before the deadline is a failure, and leaves no timer", async () => {
    const set = vi.spyOn(globalThis, "setTimeout");
    const clear = vi.spyOn(globalThis, "clearTimeout");
    const never = exporterOf(() => new Promise(() => {}));
    expect(await send(never, [makeLogs(["a"])], 30)).toMatchObject({ ok: false, error: { reason: "retryable" } });
    expect(
      (
        await send(
          exporterOf(() => SUCCESS),
          [makeLogs(["a"])],
        )
      ).ok,
    ).toBe(true);
    const cleared = clear.mock.calls.map(([timer]) => timer);
    expect(set.mock.results.every(({ value }) => cleared.includes(value))).toBe(true);
  });

  test("after the deadline nothing is exported", async () => {
    const exporter = exporterOf(() => SUCCESS);
    expect(await send(exporter, [makeLogs(["a"])], -1)).toMatchObject({ ok: false, error: { reason: "retryable" } });
    expect(exporter.calls.length).toBe(0);
  });

  test("an asynchronous exporter that rejects is a failure, and no unhandled rejection", async () => {
    const exporter = exporterOf(() => SUCCESS);
    exporter.export = (async () => {
      throw new Error("secret payload");
    }) as LogRecordExporter["export"];
    const result = await send(exporter, [makeLogs(["a"])]);
    expect(result).toMatchObject({ ok: false, error: { reason: "retryable" } });
    expect(JSON.stringify(result)).not.toContain("secret");
  });

  test("batches that throw are a failure", async () => {
    function* batches() {
      yield makeLogs(["a"]);
      throw new RangeError("secret payload");
    }
    expect(
      await send(
        exporterOf(() => SUCCESS),
        batches(),
      ),
    ).toEqual({
      ok: false,
      error: { reason: "retryable", detail: "internal error: RangeError" },
    });
  });
});

describe("OTLPLogExporter's failures, as they really are:", () => {
  async function deliver(behaviour: Parameters<Receiver["behave"]>[0], budgetMs = 5_000, timeoutMillis = 300) {
    receiver = await startReceiver({ behaviour });
    const exporter = createSdkExporter(new OTLPLogExporter({ url: receiver.logsUrl.href, timeoutMillis }), { now: Date.now });
    const drain = createDrain({ exporter, now: Date.now });
    return drain.deliver(batchSource, [{ resourceLogs: makeLogs(["a", "bad", "c"]) }], { budgetMs });
  }

  test("503, retried in vain, is to be sent again", async () => {
    expect(await deliver(() => status(503))).toMatchObject({ ok: false, error: { reason: "retryable" } });
  });

  test.each([401, 500])("%i is refused", async (code) => {
    expect(await deliver(() => status(code))).toEqual({
      ok: false,
      error: { reason: "refused", detail: `the destination answered ${code}` },
    });
  });

  test("400 for one record costs this record", async () => {
    expect(await deliver(() => rejectIf(({ body }) => body === "bad"))).toMatchObject({ ok: true, value: { delivered: 2, rejected: 1 } });
    expect(receiver?.accepted.map(({ body }) => body)).toEqual(["a", "c"]);
  });

  test("a redirect is not followed, and is to be sent again", async () => {
    const result = await deliver({ kind: "status", code: 301, headers: { location: "/elsewhere" } });
    expect(result).toMatchObject({ ok: false });
    expect(receiver?.requests.length).toBe(1);
  });

  test("a destination that never answers is to be sent again before the deadline", async () => {
    const startedAt = performance.now();
    expect(await deliver(() => hang(), 200, 60_000)).toMatchObject({ ok: false, error: { reason: "retryable" } });
    expect(performance.now() - startedAt).toBeLessThan(1_500);
  });

  test("nobody listening is to be sent again", async () => {
    receiver = await startReceiver({ behaviour: ok() });
    const { logsUrl } = receiver;
    await receiver.close();
    const exporter = new OTLPLogExporter({ url: logsUrl.href, timeoutMillis: 300 });
    expect(await send(exporter, [makeLogs(["a"])])).toMatchObject({ ok: false, error: { reason: "retryable" } });
  });
});
