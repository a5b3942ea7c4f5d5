import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { appFields, decodeItems, decodeLog, log, textOfAll, traceItem } from "./cloudflare-decode.ts";

const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN_ID = "00f067aa0ba902b7";

describe("the body of a console call", () => {
  test.each([
    [["hello"], "hello"],
    [["plain", 1, true, null, null], "plain 1 true null null"],
    [["dbg %s %d", "fmt", 42], "dbg %s %d fmt 42"],
    [[42], "42"],
    [[-0.5], "-0.5"],
    [[true], "true"],
    [[null], "null"],
    [[""], ""],
    [[], undefined],
    [[[1, [2]]], [1, [2]]],
    [["batch", "my-queue", 2, [{ hello: "queue" }, "second"]], 'batch my-queue 2 [{"hello":"queue"},"second"]'],
    [[{}], {}],
    [["circular", {}], "circular {}"],
    [["\u001b[31mred\u001b[0m"], "red"],
    [["lone \ud800 surrogate"], "lone \ufffd surrogate"],
  ])("of %j is %j", (args, body) => {
    expect(decodeLog(log("log", ...args)).body).toEqual(body);
  });

  test("is never [object Object], whatever the arguments are", () => {
    const argument = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.object(), fc.array(fc.object()));
    fc.assert(
      fc.property(fc.array(argument, { maxLength: 5 }), (args) => {
        const record = decodeLog(log("log", ...args));
        if (!JSON.stringify(args).includes("[object")) expect(textOfAll(record.body)).not.toContain("[object");
      }),
      { numRuns: 200, seed: 20_261_120 },
    );
  });

  test("of one object is its message, and the rest are fields with their types", () => {
    const record = decodeLog(log("log", { level: "info", msg: "structured", user: { id: 7, tags: ["a", "b"] }, ok: true, ms: 1.5 }));
    expect(record).toMatchObject({ body: "structured", severityNumber: 9, severityText: "info" });
    expect(appFields(record)).toEqual({ user: { id: 7, tags: ["a", "b"] }, ok: true, ms: 1.5 });
  });

  test("of one object without a message is the object, whose members are fields too", () => {
    const record = decodeLog(log("log", { orderId: 7, nested: { a: [1] } }));
    expect(record.body).toEqual({ orderId: 7, nested: { a: [1] } });
    expect(appFields(record)).toEqual({ orderId: 7, nested: { a: [1] } });
  });

  test("of a text and objects is the text; the members are fields, a message among them", () => {
    const record = decodeLog(log("log", "order", "placed", { orderId: 7 }, { message: "thanks", items: [1, 2] }));
    expect(record.body).toBe("order placed");
    expect(appFields(record)).toEqual({ orderId: 7, items: [1, 2], message: "thanks" });
  });

  test("takes an object whose field would be lost to another's", () => {
    const record = decodeLog(log("log", "moved", { x: 1, y: 2 }, { x: 3, y: 4 }, { z: 5 }));
    expect(record.body).toBe('moved {"x":3,"y":4}');
    expect(appFields(record)).toEqual({ x: 1, y: 2, z: 5 });
  });

  test("of objects alone is all of them, and the fields of each", () => {
    const record = decodeLog(log("log", { a: 1 }, { b: 2 }));
    expect(record.body).toEqual([{ a: 1 }, { b: 2 }]);
    expect(appFields(record)).toEqual({ a: 1, b: 2 });
  });

  test("of two objects with levels and traces loses neither", () => {
    const record = decodeLog(log("log", { msg: "first", level: "warn", trace_id: TRACE_ID }, { level: "error", trace_id: "f".repeat(32) }));
    expect(record).toMatchObject({
      body: `first {"level":"error","trace_id":"${"f".repeat(32)}"}`,
      severityText: "warn",
      traceId: TRACE_ID,
    });
  });

  test("of a JSON text is read like an object's, unless that is switched off", () => {
    const text = `{"severity":"WARNING","message":"json string","ms":812,"trace_id":"${TRACE_ID}","span_id":"${SPAN_ID}"}`;
    const record = decodeLog(log("info", text));
    expect(record).toMatchObject({ body: "json string", severityText: "WARNING", severityNumber: 13, traceId: TRACE_ID, spanId: SPAN_ID });
    expect(appFields(record)).toEqual({ ms: 812 });
    expect(decodeLog(log("info", text), { parseJsonMessages: false })).toMatchObject({ body: text, severityText: "info", traceId: "" });
    expect(decodeLog(log("info", "[ERROR] text"), { parseJsonMessages: false })).toMatchObject({ severityText: "ERROR" });
  });
});

describe("the severity of a console call", () => {
  test.each([
    ["debug", 5],
    ["info", 9],
    ["log", 9],
    ["warn", 13],
    ["error", 17],
    ["trace", 1],
    ["shout", 0],
  ])("of console.%s is %i, under that very word", (level, number) => {
    expect(decodeLog(log(level, "text"))).toMatchObject({ severityNumber: number, severityText: level });
  });

  test("is that of a level inside, and the method's own word stays beside it", () => {
    const record = decodeLog(log("error", "slow", { level: "warn" }));
    expect(record).toMatchObject({ severityNumber: 13, severityText: "warn", attributes: { "cloudflare.log.level": "error" } });
    expect(decodeLog(log("log", "[WARN] disk nearly full"))).toMatchObject({
      severityNumber: 13,
      attributes: { "cloudflare.log.level": "log" },
    });
    expect(decodeLog(log("info", { level: "info", msg: "m" })).attributes).not.toHaveProperty("cloudflare.log.level");
  });

  test("is not that of a word that nobody knows, which stays a field", () => {
    expect(decodeLog(log("error", { msg: "promoted", level: "gold" }))).toMatchObject({
      severityNumber: 17,
      attributes: { level: "gold" },
    });
    expect(decodeLog(log("warn", "level up", { level: 5 }))).toMatchObject({ severityNumber: 13, attributes: { level: 5 } });
  });
});

describe("an Error that was logged", () => {
  const error = { name: "TypeError", message: "bad type", stack: "    at Object.fetch (worker.js:30:30)" };

  test("brings its type, message and rebuilt stack, at the severity of the call", () => {
    const record = decodeLog({ ...log("warn", "err", "TypeError: bad type"), errorInfo: [null, error] });
    expect(record).toMatchObject({ body: "err TypeError: bad type", severityNumber: 13, severityText: "warn", eventName: "" });
    expect(appFields(record)).toEqual({
      "exception.type": "TypeError",
      "exception.message": "bad type",
      "exception.stacktrace": "TypeError: bad type\n    at Object.fetch (worker.js:30:30)",
    });
  });

  test("is no level, though its name may be one: node-postgres calls its errors `error`", () => {
    const record = decodeLog({ ...log("log", "error: no such relation"), errorInfo: [{ name: "error", message: "no such relation" }] });
    expect(record).toMatchObject({ severityNumber: 9, severityText: "log", body: "error: no such relation" });
    expect(decodeLog(log("log", "error: no such relation"))).toMatchObject({ severityNumber: 17, severityText: "error" });
  });

  test("beside others costs none of their stacks", () => {
    const record = decodeLog({
      ...log("error", "TypeError: bad type", "RangeError: r"),
      errorInfo: [error, { name: "RangeError", message: "r", stack: "    at g (w.js:2:2)" }],
    });
    expect(record.attributes["cloudflare.log.error_info"]).toEqual([
      { name: "RangeError", message: "r", stack: "RangeError: r\n    at g (w.js:2:2)" },
    ]);
  });

  test("beside an object keeps both", () => {
    const record = decodeLog({
      ...log("error", "failed", "Error: x", { orderId: 7 }),
      errorInfo: [null, { name: "Error", message: "x" }, null],
    });
    expect(record.body).toBe("failed Error: x");
    expect(appFields(record)).toEqual({ "exception.type": "Error", "exception.message": "x", orderId: 7 });
  });
});

describe("fields of a console call", () => {
  test("do not take the place of the platform's", () => {
    const record = decodeLog(log("log", "text", { "cloudflare.ray_id": "mine", "faas.trigger": "me", other: 1 }));
    expect(record.attributes).toMatchObject({
      "cloudflare.ray_id": "57d55f210d7b95f3-SJC",
      "faas.trigger": "http",
      "app.cloudflare.ray_id": "mine",
      "app.faas.trigger": "me",
      other: 1,
    });
  });

  test("keep numbers, booleans and lists what they are", () => {
    const record = decodeLog(log("log", "text", { int: 7, float: 1.5, flag: false, list: ["a", 1], none: null }));
    expect(appFields(record)).toEqual({ int: 7, float: 1.5, flag: false, list: ["a", 1] });
  });

  test("are bounded in depth and number, and the rest is counted", () => {
    let deep: unknown = "bottom";
    for (let level = 0; level < 5000; level++) deep = { deep };
    const wide = Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`key${index}`, index]));
    const record = decodeLog(log("log", "text", { deep }, wide));
    expect(Object.keys(record.attributes).length).toBeLessThanOrEqual(1024);
    expect(JSON.stringify(record.attributes["deep"])).toContain("[truncated: depth]");
    expect(record.droppedAttributesCount).toBeGreaterThan(0);
  });
});

describe("times", () => {
  test("are exact to the nanosecond that a millisecond is", () => {
    // 1795213241870 * 1e6 as a double is off by 64 ns.
    expect(decodeLog(log("log", "a")).timeUnixNano).toBe(1795213241870000000n);
    expect(decodeLog({ ...log("log", "a"), timestamp: 1795213241869.25 }).timeUnixNano).toBe(1795213241869250000n);
    expect(decodeLog({ ...log("log", "a"), timestamp: new Date(1795213241870) }).timeUnixNano).toBe(1795213241870000000n);
  });

  test("that cannot be read stay, as what they are", () => {
    for (const timestamp of ["yesterday", -1, new Date(Number.NaN)]) {
      const record = decodeLog({ ...log("log", "a"), timestamp });
      expect(record.timeUnixNano).toBe(0n);
      expect(record.observedTimeUnixNano).toBe(1_700_000_000_000_000_000n);
    }
    expect(decodeLog({ ...log("log", "a"), timestamp: "yesterday" }).attributes["otlp_drain.original_time"]).toBe("yesterday");
  });
});

test("1,000 calls of one invocation all arrive, in order", () => {
  const logs = Array.from({ length: 1000 }, (_, index) => log("log", `line ${index}`, { index }));
  const { records } = decodeItems([traceItem({ logs })], { invocationLogs: false });
  expect(records.map(({ attributes }) => attributes["index"])).toEqual(Array.from({ length: 1000 }, (_, index) => index));
  expect(records.map(({ attributes }) => attributes["cloudflare.invocation.sequence.number"])).toEqual(records.map((_, index) => index));
});
