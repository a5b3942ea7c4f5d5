import { describe, expect, test } from "vitest";
import { type ConsoleExporterOptions, createConsoleExporter } from "../../adapters/console-exporter.ts";
import { Float64, type LogRecord, type ResourceLogs } from "../../core/otlp/model.ts";
import { makeLogs, makeRecord, makeResource, TEST_TIME_UNIX_NANO, toAttributes } from "../support/log-records.ts";
import { flatten, parseJsonStrict } from "../support/oracle.ts";

/** What is written, and the exporter that writes it. */
function createPrinter(options: Partial<ConsoleExporterOptions> = {}) {
  const written: string[] = [];
  const write = async (text: string) => void written.push(text);
  const exporter = createConsoleExporter({ write, pretty: false, colors: false, now: Date.now, ...options });
  return {
    text: () => written.join(""),
    print: (batches: Iterable<readonly ResourceLogs[]>, budgetMs = 1_000) =>
      exporter.export(batches, { deadlineMs: Date.now() + budgetMs }),
  };
}

async function pretty(record: LogRecord, resource = makeResource(), colors = false): Promise<string> {
  const printer = createPrinter({ pretty: true, colors });
  await printer.print([makeLogs([record], resource)]);
  return printer.text();
}

describe("for a pipe", () => {
  test("every record is one line of OTLP/JSON, with all that stands around it", async () => {
    const { print, text } = createPrinter();
    const rich = makeRecord("line one\nline two", {
      attributes: toAttributes({ a: 1, b: { c: [true] } }),
      traceId: "0af7651916cd43dd8448eb211c80319c",
    });
    const batches = [[...makeLogs([rich, "two"]), ...makeLogs(["three"], makeResource({ "service.name": "other" }))], makeLogs(["four"])];
    expect(await print(batches)).toEqual({ ok: true, value: { delivered: 4, rejected: 0, notes: [] } });
    const lines = text().split("\n");
    expect(lines.pop()).toBe("");
    expect(lines.flatMap((line) => flatten(parseJsonStrict(line)))).toMatchObject([
      {
        body: "line one\nline two",
        attributes: { a: 1, b: { c: [true] } },
        traceId: "0af7651916cd43dd8448eb211c80319c",
        scope: "otlp-drain/test",
      },
      { body: "two", resource: { "service.name": "shop" } },
      { body: "three", resource: { "service.name": "other" } },
      { body: "four" },
    ]);
  });
});

describe("for a terminal", () => {
  test("a record is a line of time, level, service and body, and one of its attributes", async () => {
    const record = makeRecord("hello\nworld", {
      severityNumber: 13,
      traceId: "0af7651916cd43dd8448eb211c80319c",
      attributes: toAttributes({
        text: "t",
        int: 7,
        list: [1, "a"],
        map: { big: 2n ** 62n, double: new Float64(1) },
        bytes: new Uint8Array(3),
        whole: new Float64(2),
      }),
    });
    expect(await pretty(record)).toBe(
      "2023-11-14T22:13:20.123456789Z WARN  shop hello\nworld\n" +
        '  trace_id=0af7651916cd43dd8448eb211c80319c text=t int=7 list=[1,"a"] map={"big":"4611686018427387904","double":1} bytes=(3 bytes) whole=2\n',
    );
  });

  test.each<[number | undefined, string]>([
    [undefined, "-    "],
    [0, "-    "],
    [1, "TRACE"],
    [4, "TRACE"],
    [5, "DEBUG"],
    [9, "INFO "],
    [12, "INFO "],
    [16, "WARN "],
    [17, "ERROR"],
    [21, "FATAL"],
    [24, "FATAL"],
    [99, "FATAL"],
  ])("severity %j is %j", async (severityNumber, name) => {
    expect(await pretty(makeRecord("x", { severityNumber }))).toBe(`2023-11-14T22:13:20.123456789Z ${name} shop x\n`);
  });

  test("what is missing is a dash, an unknown time the arrival, a missing body the event's name", async () => {
    expect(await pretty({ attributes: [] }, { attributes: [] })).toBe("- -     - \n");
    const audit = { observedTimeUnixNano: TEST_TIME_UNIX_NANO, eventName: "project.created", attributes: [] };
    expect(await pretty(audit)).toBe("2023-11-14T22:13:20.123456789Z -     shop project.created\n");
  });

  test("colours are used where they are wanted, and nowhere else", async () => {
    const coloured = await pretty(makeRecord("x", { severityNumber: 17, attributes: toAttributes({ a: 1 }) }), makeResource(), true);
    expect(coloured).toContain("\u001b[31mERROR\u001b[0m");
    expect(await pretty(makeRecord("x", { severityNumber: 17 }))).not.toContain("\u001b");
  });

  test("nothing of a record can steer the terminal", async () => {
    const evil = "\u001b]0;title\u0007\u001b[2J\u009b31m\r\u0000\u007f";
    const record = makeRecord(evil, {
      attributes: [...toAttributes({ a: evil, map: { [evil]: evil } }), { key: evil, value: 1 }],
      eventName: evil,
    });
    const text = await pretty(record, makeResource({ "service.name": evil }));
    expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
    expect(text).toContain("\ufffd]0;title");
  });
});

describe("a delivery", () => {
  test("of nothing writes nothing", async () => {
    const { print, text } = createPrinter();
    expect(await print([])).toMatchObject({ ok: true, value: { delivered: 0 } });
    expect(text()).toBe("");
  });

  test("waits until the text is handed over, batch by batch", async () => {
    const gate = Promise.withResolvers<void>();
    let asked = 0;
    const printer = createPrinter({ write: () => gate.promise });
    function* batches() {
      for (; asked < 3; asked++) yield makeLogs(["x"]);
    }
    let settled = false;
    const printing = printer.print(batches(), 5_000).finally(() => {
      settled = true;
    });
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    expect([settled, asked]).toEqual([false, 0]);
    gate.resolve();
    expect(await printing).toMatchObject({ ok: true, value: { delivered: 3 } });
  });

  test("to a closed pipe is a failure", async () => {
    const printer = createPrinter({ write: () => Promise.reject(new Error("EPIPE")) });
    expect(await printer.print([makeLogs(["x"])])).toEqual({
      ok: false,
      error: { reason: "retryable", detail: "the terminal or pipe is closed" },
    });
  });

  test("to a pipe that nobody reads ends before the deadline", async () => {
    const printer = createPrinter({ write: () => new Promise(() => {}) });
    const startedAt = performance.now();
    expect(await printer.print([makeLogs(["x"])], 50)).toEqual({
      ok: false,
      error: { reason: "retryable", detail: "the terminal or pipe is full" },
    });
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  test("whose batches throw is a failure", async () => {
    function* batches() {
      yield makeLogs(["x"]);
      throw new RangeError("secret payload");
    }
    expect(await createPrinter().print(batches())).toEqual({
      ok: false,
      error: { reason: "retryable", detail: "internal error: RangeError" },
    });
  });
});
