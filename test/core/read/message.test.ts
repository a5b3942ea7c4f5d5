import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_ATTRIBUTES, MAX_STRING_LENGTH } from "../../../core/limits.ts";
import type { AnyValue, KeyValue } from "../../../core/otlp/model.ts";
import { chooseTrace, type Message, readFields, readJsonObject, readMessage } from "../../../core/read/message.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

const read = (message: string | object, time = false): Message =>
  readMessage(typeof message === "string" ? message : JSON.stringify(message), { time });

function fieldsOf({ fields }: Message): Record<string, AnyValue> {
  expect(new Set(fields.map(({ key }) => key)).size).toBe(fields.length);
  return Object.fromEntries(fields.map(({ key, value }) => [key, value]));
}

describe("body", () => {
  test.each<[string, string | object, AnyValue]>([
    ["plain text", "hello", "hello"],
    ["text over lines", "a\n  b\n", "a\n  b\n"],
    ["text with colours", "\u001b[31mred\u001b[0m", "red"],
    ["message before msg", { msg: "b", message: "a" }, "a"],
    ["msg", { msg: "b" }, "b"],
    ["GELF", { version: "1.1", short_message: "s", full_message: "long" }, "s"],
    ["Serilog, rendered before template", { "@mt": "{x}", "@m": "1" }, "1"],
    ["Serilog, template alone", { "@mt": "took {x}" }, "took {x}"],
    ["a message that is no text", { message: { a: 1 }, msg: "m" }, "m"],
    ["colours inside JSON", { msg: "\u001b[1mbold\u001b[22m" }, "bold"],
    ["an empty message, which is none of the raw text", { message: "", n: 1 }, ""],
    ["JSON without a message", '{"a":1}', '{"a":1}'],
    ["JSON among spaces", ' \n{"msg":"m"}\r\n', "m"],
    ["an array", '["a"]', '["a"]'],
    ["two objects", '{"msg":"a"}{"msg":"b"}', '{"msg":"a"}{"msg":"b"}'],
    ["broken JSON", '{"msg":"a"', '{"msg":"a"'],
    ["braces that are no JSON", "{not json}", "{not json}"],
    ["logfmt", 'level=info msg="a b"', "a b"],
    ["logfmt without a message", "level=info a=b", "level=info a=b"],
  ])("is %s", (_, message, body) => expect(read(message).body).toBe(body));

  test("of megabytes is cut", () => {
    const long = "x".repeat(MAX_STRING_LENGTH + 1);
    for (const message of [long, { msg: long }, { a: long }]) expect(read(message).body).toHaveLength(MAX_STRING_LENGTH);
  });

  test("falls back to what the caller gives", () => {
    expect(readFields({ a: 1 }, undefined, { time: false }).body).toBeUndefined();
    expect(readFields({ a: 1 }, { a: 1 }, { time: false }).body).toEqual({ a: 1 });
  });
});

describe("a line with the prefix of Lambda's Node runtime", () => {
  const prefix = "2026-01-01T00:00:00.000Z\t643af4e3-975a-4cc7-9e7a-1eda11539d90\tWARN\t";

  test("gives its time, id and level, and the rest is the body", () => {
    const message = read(`${prefix}disk`, true);
    expect(message).toMatchObject({ body: "disk", severity: { number: 13, text: "WARN" }, timeUnixNano: 1_767_225_600_000_000_000n });
    expect(fieldsOf(message)).toEqual({ "faas.invocation_id": "643af4e3-975a-4cc7-9e7a-1eda11539d90" });
  });

  test("keeps the time as a field where the platform's is the better one", () => {
    const message = read(`${prefix}disk`);
    expect(message.timeUnixNano).toBeUndefined();
    expect(fieldsOf(message)).toMatchObject({ "aws.lambda.log.time": "2026-01-01T00:00:00.000Z" });
  });

  test("is read as the line behind it, whose level wins", () => {
    const message = read(`${prefix}${JSON.stringify({ level: "error", msg: "m", a: 1 })}`);
    expect(message).toMatchObject({ body: "m", severity: { number: 17, text: "error" } });
    expect(fieldsOf(message)).toMatchObject({ a: 1, "aws.lambda.log.level": "WARN" });
  });

  test.each(["undefined", "-"])("has no invocation while the function starts: %s", (id) => {
    const message = read(`2026-01-01T00:00:00.000Z\t${id}\tERROR\tcold`, true);
    expect(message).toMatchObject({ body: "cold", severity: { number: 17 } });
    expect(fieldsOf(message)).toEqual({});
  });

  test("is unpacked once, however often it stands there", () => {
    expect(read(prefix.repeat(3)).body).toBe(prefix.repeat(2));
    expect(String(read(prefix.repeat(50_000)).body).startsWith(prefix)).toBe(true);
  });

  test.each(["2026-01-01T00:00:00.000Z\tx\tLOUD\tm", "2026-01-01T00:00:00.000Z\tWARN\tm", "2026-01-01 00:00:00.0000\tx\tWARN\tm"])(
    "is not seen in %j",
    (line) => expect(read(line).body).toBe(line),
  );
});

describe("severity", () => {
  test.each<[string, string | object, number, string | undefined]>([
    ["a word", { level: "warn" }, 13, "warn"],
    ["a word in its own case", { severity: "WARNING" }, 13, "WARNING"],
    ["level before severity", { severity: "error", level: "info" }, 9, "info"],
    ["a nested log.level", { log: { level: "error" } }, 17, "error"],
    ["a dotted log.level", { "log.level": "error" }, 17, "error"],
    ["pino", { level: 50, time: 1_763_547_200_000, msg: "m" }, 17, "error"],
    ["pino as text", { level: "30", time: 1_763_547_200_000, msg: "m" }, 9, "info"],
    ["a word beside a number (Monolog)", { level: 300, level_name: "WARNING", message: "m" }, 13, "WARNING"],
    ["a word beside a number (Python)", { levelno: 40, levelname: "ERROR" }, 17, "ERROR"],
    ["Python's number alone", { levelno: 30, message: "m" }, 13, "warning"],
    ["OTel's number", { severityNumber: 18 }, 18, undefined],
    ["OTel's text before its number", { severityNumber: 9, severityText: "Information" }, 9, "Information"],
    ["GELF", { version: "1.1", short_message: "s", level: 4 }, 13, "warning"],
    ["journald", { PRIORITY: "3", MESSAGE: "m" }, 17, "err"],
    ["Serilog's Verbose", { "@l": "Verbose", "@mt": "m" }, 1, "Verbose"],
    ["status as a level word", { status: "error", message: "m" }, 17, "error"],
    ["slog's offset", { level: "INFO+2", msg: "m" }, 11, "INFO+2"],
    ["a known word behind an unknown one", { level: "gold", severity: "ERROR" }, 17, "ERROR"],
    ["a known number behind an unknown word", { level: "gold", severityNumber: 13 }, 13, undefined],
    ["an unknown word", { level: "gold" }, 0, "gold"],
    ["an unknown number", { level: 3 }, 0, "3"],
    ["logfmt", "level=debug msg=m", 5, "debug"],
    ["a prefix", "ERROR: boom", 17, "ERROR"],
    ["a prefix behind a clock", "2025-11-19T10:13:20Z WARN x", 13, "WARN"],
  ])("is read from %s", (_, message, number, text) => {
    expect(read(message).severity).toMatchObject({ number });
    expect(read(message).severity?.text?.toLowerCase()).toBe(text?.toLowerCase());
  });

  test.each<[string, string | object]>([
    ["prose", "no errors found"],
    ["an HTTP status", { status: 500, msg: "m" }],
    ["an HTTP status as text", { status: "500", msg: "m" }],
    ["a state", { status: "ok", msg: "m" }],
    ["another state", { status: "pending", msg: "m" }],
    ["an object as level", { level: { name: "error" } }],
    ["an empty level", { level: "", severity: null }],
    ["a level deep inside", { a: { level: "error" } }],
  ])("is not guessed from %s", (_, message) => expect(read(message).severity).toBeUndefined());

  test("leaves a level that nobody knows among the fields, and takes away one that it read", () => {
    expect(fieldsOf(read({ level: "gold", n: 1 }))).toEqual({ level: "gold", n: 1 });
    expect(fieldsOf(read({ level: 3, n: 1 }))).toEqual({ level: 3, n: 1 });
    expect(fieldsOf(read({ level: "warn", n: 1 }))).toEqual({ n: 1 });
    expect(fieldsOf(read({ level: 300, level_name: "WARNING" }))).toEqual({ level: 300 });
    expect(fieldsOf(read({ log: { level: "error", logger: "l" } }))).toEqual({ log: { level: "error", logger: "l" } });
  });
});

describe("time", () => {
  test.each<[string, object]>([
    ["pino", { time: 1_763_547_200_123 }],
    ["text", { timestamp: "2025-11-19T10:13:20.123Z" }],
    ["ECS", { "@timestamp": "2025-11-19T10:13:20.123Z" }],
    ["zap", { ts: 1_763_547_200.123 }],
    ["Serilog", { "@t": "2025-11-19T11:13:20.123+01:00" }],
    ["the first that is one", { time: "soon", ts: 1_763_547_200.123 }],
  ])("is lifted when asked for: %s", (_, fields) => {
    expect(read(fields, true).timeUnixNano).toBe(1_763_547_200_123_000_000n);
    expect(Object.values(fieldsOf(read(fields, true))).filter((value) => value !== "soon")).toEqual([]);
  });

  test("stays a field when it is not asked for, or is no time", () => {
    expect(read({ time: 1_763_547_200_123 })).toMatchObject({ timeUnixNano: undefined });
    expect(fieldsOf(read({ time: 1_763_547_200_123 }))).toEqual({ time: 1_763_547_200_123 });
    expect(fieldsOf(read({ time: "soon", ts: 5 }, true))).toEqual({ time: "soon", ts: 5 });
  });
});

describe("trace", () => {
  test.each<[string, object]>([
    ["snake_case", { trace_id: TRACE, span_id: SPAN }],
    ["camelCase", { traceId: TRACE, spanId: SPAN }],
    ["camelCase, in capitals", { traceID: TRACE.toUpperCase(), spanID: SPAN.toUpperCase() }],
    ["dotted", { "trace.id": TRACE, "span.id": SPAN }],
    ["OTel", { "otel.trace_id": TRACE, "otel.span_id": SPAN }],
    ["Serilog", { "@tr": TRACE, "@sp": SPAN }],
    ["Datadog, with W3C ids", { "dd.trace_id": TRACE, "dd.span_id": SPAN }],
    ["nested", { trace: { id: TRACE }, span: { id: SPAN } }],
    ["traceparent", { traceparent: `00-${TRACE}-${SPAN}-01` }],
    ["snake_case before camelCase", { traceId: "1".repeat(32), spanId: "2".repeat(16), trace_id: TRACE, span_id: SPAN }],
  ])("is read from %s", (_, fields) => expect(read(fields).trace).toMatchObject({ traceId: TRACE, spanId: SPAN }));

  test("takes its flags from beside it or from traceparent", () => {
    expect(read({ trace_id: TRACE, trace_flags: "01" }).trace?.flags).toBe(1);
    expect(read({ trace_id: TRACE, traceFlags: 1 }).trace?.flags).toBe(1);
    expect(read({ traceparent: `00-${TRACE}-${SPAN}-01` }).trace?.flags).toBe(1);
    expect(fieldsOf(read({ trace_id: TRACE, trace_flags: "01" }))).toEqual({});
    expect(fieldsOf(read({ trace_id: TRACE, traceFlags: "00" }))).toEqual({});
    expect(fieldsOf(read({ trace_id: TRACE, trace_flags: "sampled" }))).toEqual({ trace_flags: "sampled" });
  });

  test("is not made of anything else, and what is no id stays a field", () => {
    for (const fields of [
      { trace_id: "123" },
      { trace_id: "0".repeat(32), span_id: "0".repeat(16) },
      { trace_id: 12, span_id: SPAN },
      { "dd.trace_id": "1234567890123456789", "dd.span_id": "987" },
      { trace: "abc", span: { id: SPAN } },
      { traceparent: `ff-${TRACE}-${SPAN}-01` },
      { requestId: TRACE },
    ]) {
      expect(read(fields).trace).toBeUndefined();
      expect(fieldsOf(read(fields))).toEqual(fields);
    }
  });

  test("keeps a span id only beside the trace id of its own spelling", () => {
    expect(read({ trace_id: TRACE, spanId: SPAN }).trace).toEqual({ traceId: TRACE, spanId: undefined, flags: undefined });
    expect(fieldsOf(read({ trace_id: TRACE, span_id: "bad", spanId: SPAN }))).toEqual({ span_id: "bad", spanId: SPAN });
  });

  test("does not lose a traceparent that says something else", () => {
    const other = `00-${"1".repeat(32)}-${SPAN}-01`;
    expect(read({ trace_id: TRACE, span_id: SPAN, traceparent: other }).trace).toMatchObject({ traceId: TRACE, spanId: SPAN });
    expect(fieldsOf(read({ trace_id: TRACE, traceparent: other }))).toEqual({ traceparent: other });
    const parent = `00-${TRACE}-${"2".repeat(16)}-01`;
    expect(read({ trace_id: TRACE, span_id: SPAN, traceparent: parent }).trace).toEqual({ traceId: TRACE, spanId: SPAN, flags: 1 });
    expect(fieldsOf(read({ trace_id: TRACE, span_id: SPAN, traceparent: parent }))).toEqual({ traceparent: parent });
    expect(fieldsOf(read({ trace_id: TRACE, traceparent: parent }))).toEqual({});
  });
});

describe("Highlight's session and request", () => {
  test.each<[string, object, Record<string, AnyValue>, string | undefined]>([
    ["a session", { "highlight.session_id": "s" }, { "highlight.session_id": "s" }, undefined],
    ["an older name", { highlight_session_id: "s" }, { "highlight.session_id": "s" }, undefined],
    ["the browser's name", { secure_session_id: "s" }, { "highlight.session_id": "s" }, undefined],
    [
      "the newest name first",
      { secure_session_id: "t", "highlight.session_id": "s" },
      { "highlight.session_id": "s", secure_session_id: "t" },
      undefined,
    ],
    ["a header with a trace", { "x-highlight-request": `s/${TRACE}` }, { "highlight.session_id": "s" }, TRACE],
    [
      "a header with a request id",
      { "X-Highlight-Request": "s/r1" },
      { "highlight.session_id": "s", "highlight.trace_id": "r1" },
      undefined,
    ],
    ["a header without one", { "x-highlight-request": "s/" }, { "highlight.session_id": "s" }, undefined],
    ["a trace id of Highlight's that is W3C", { "highlight.trace_id": TRACE }, {}, TRACE],
    ["a trace id of Highlight's own", { "highlight.trace_id": "r1" }, { "highlight.trace_id": "r1" }, undefined],
    ["what is no header", { "x-highlight-request": "a b/c" }, { "x-highlight-request": "a b/c" }, undefined],
    ["an empty session", { "highlight.session_id": "" }, { "highlight.session_id": "" }, undefined],
    [
      "a header of another session stays",
      { "highlight.session_id": "s", "x-highlight-request": "t/r1" },
      { "highlight.session_id": "s", "highlight.trace_id": "r1", "x-highlight-request": "t/r1" },
      undefined,
    ],
    [
      "a header of another request stays",
      { "highlight.trace_id": "r2", "x-highlight-request": `s/${TRACE}` },
      { "highlight.session_id": "s", "highlight.trace_id": "r2", "x-highlight-request": `s/${TRACE}` },
      undefined,
    ],
  ])("%s", (_, object, fields, traceId) => {
    const message = read(object);
    expect(fieldsOf(message)).toEqual(fields);
    expect(message.requestTrace?.traceId).toBe(traceId);
    expect(message.trace).toBeUndefined();
  });
});

describe("chooseTrace", () => {
  const platform = { traceId: "a".repeat(32), spanId: "b".repeat(16) };
  const choose = (object: object) => {
    const attributes: KeyValue[] = [];
    return { trace: chooseTrace(read(object), platform, attributes), attributes };
  };

  test("the line beats the platform, the platform beats the header", () => {
    expect(choose({ trace_id: TRACE, span_id: SPAN }).trace).toMatchObject({ traceId: TRACE, spanId: SPAN });
    expect(choose({ msg: "m" }).trace).toBe(platform);
    expect(choose({ "x-highlight-request": `s/${TRACE}` }).trace).toBe(platform);
    expect(chooseTrace(read({ "x-highlight-request": `s/${TRACE}` }), undefined, [])).toEqual({ traceId: TRACE });
    expect(chooseTrace(undefined, undefined, [])).toBeUndefined();
  });

  test("a header's trace that lost stays as an attribute, one that agrees does not", () => {
    expect(choose({ "x-highlight-request": `s/${TRACE}` }).attributes).toEqual([{ key: "highlight.trace_id", value: TRACE }]);
    expect(choose({ "x-highlight-request": `s/${platform.traceId}` }).attributes).toEqual([]);
  });
});

describe("exceptions", () => {
  const stack = "TypeError: boom\n    at f (a.js:1:1)";
  const lifted = { "exception.type": "TypeError", "exception.message": "boom", "exception.stacktrace": stack };

  test.each<[string, string | object, Record<string, AnyValue>]>([
    ["text with a stack trace", stack, lifted],
    ["pino's err", { msg: "m", err: { type: "TypeError", message: "boom", stack } }, lifted],
    ["an error as its stack", { error: stack }, lifted],
    ["a stack beside the message", { message: "boom", stack }, lifted],
    ["a stack as lines", { stackTrace: stack.split("\n") }, lifted],
    ["Lambda", { errorType: "TypeError", errorMessage: "boom", stackTrace: stack.split("\n") }, lifted],
    [
      "Lambda without a stack",
      { errorType: "TypeError", errorMessage: "boom" },
      { "exception.type": "TypeError", "exception.message": "boom" },
    ],
    [
      "Lambda beside an app's own type, name and message",
      { type: "request", name: "svc", message: "failed", errorType: "TypeError", errorMessage: "boom", stack },
      { ...lifted, type: "request", name: "svc" },
    ],
    [
      "Lambda beside a stack that is none",
      { errorType: "TypeError", errorMessage: "boom", stack: { depth: 3 }, stackTrace: stack },
      { ...lifted, stack: { depth: 3 } },
    ],
    [
      "what else an error says",
      { err: { name: "E", message: "boom", code: 7 } },
      { "exception.type": "E", "exception.message": "boom", err: { code: 7 } },
    ],
    [
      "a name beside a type",
      { err: { type: "A", name: "B", message: "boom" } },
      { "exception.type": "A", "exception.message": "boom", err: { name: "B" } },
    ],
    ["two stacks", { err: { message: "boom", stack, stackTrace: ["other"] } }, { ...lifted, err: { stackTrace: ["other"] } }],
    ["a second error", { err: { message: "a" }, error: { message: "b" } }, { "exception.message": "a", error: { message: "b" } }],
    ["an error text without a stack is a field like any other", { error: "boom" }, { error: "boom" }],
    ["an error that says nothing of one", { error: { code: 1 } }, { error: { code: 1 } }],
    ["an errorType alone", { errorType: "TypeError" }, { errorType: "TypeError" }],
    ["a stack of one line is a word", { stack: "lamp" }, { stack: "lamp" }],
    [
      "Serilog's exception",
      { "@x": "System.Exception: boom\n   at X" },
      {
        "exception.type": "System.Exception",
        "exception.message": "boom",
        "exception.stacktrace": "System.Exception: boom\n   at X",
      },
    ],
  ])("%s", (_, message, fields) => expect(fieldsOf(read(message))).toEqual(fields));
});

describe("the app's own fields", () => {
  test("keep their types, names and order, at any depth", () => {
    const fields = { s: "x", n: 1.5, i: 2, b: false, list: [1, null], map: { a: { b: "c" } }, empty: "" };
    expect(fieldsOf(read(fields))).toEqual(fields);
    expect(read(fields).fields.map(({ key }) => key)).toEqual(Object.keys(fields));
  });

  test("are dropped beyond the cap, and counted", () => {
    const message = read(Object.fromEntries(Array.from({ length: MAX_ATTRIBUTES + 7 }, (_, index) => [`k${index}`, 1])));
    expect([message.fields.length, message.dropped]).toEqual([MAX_ATTRIBUTES, 7]);
  });

  test("named like what objects inherit are ordinary ones", () => {
    expect(fieldsOf(read('{"__proto__":{"a":1},"constructor":"c","toString":1,"hasOwnProperty":2}'))).toEqual(
      JSON.parse('{"__proto__":{"a":1},"constructor":"c","toString":1,"hasOwnProperty":2}'),
    );
    expect(fieldsOf(read("level=info __proto__=a constructor=b"))).toEqual(JSON.parse('{"__proto__":"a","constructor":"b"}'));
    expect(read({ msg: "m" }).severity).toBeUndefined();
  });

  test("any structured line loses nothing: every text is body, severity, time, id or field", () => {
    const words = fc.constantFrom(
      "m",
      "warn",
      "gold",
      "30",
      TRACE,
      SPAN,
      "s/r1",
      `s/${TRACE}`,
      `00-${TRACE}-${SPAN}-01`,
      "2025-11-19T10:13:20Z",
      "TypeError: x\n    at f",
      "",
    );
    const names = fc.constantFrom(
      ..."message msg level severity levelname level_name status severityText time ts trace_id span_id traceId spanId traceparent trace_flags".split(
        " ",
      ),
      ..."highlight.session_id secure_session_id highlight.trace_id x-highlight-request err error exception stack stackTrace errorType errorMessage log other".split(
        " ",
      ),
    );
    const values = fc.oneof(
      { weight: 4, arbitrary: words },
      { weight: 1, arbitrary: fc.dictionary(fc.constantFrom("level", "id", "name", "message", "stack", "type"), words) },
    );
    const property = fc.property(fc.dictionary(names, values, { maxKeys: 6, noNullPrototype: true }), fc.boolean(), (object, time) => {
      const { body, severity, timeUnixNano, trace, requestTrace, fields } = read(object, time);
      const said = JSON.stringify([body, severity, trace, requestTrace, fields.map(({ value }) => value)]);
      for (const text of Object.values(object).flatMap((value) => (typeof value === "string" ? [value] : Object.values(value)))) {
        if (text === "" || (timeUnixNano !== undefined && text.startsWith("2025"))) continue;
        // A number is its name; a traceparent and a request are what they hold.
        if (text === "30" && severity !== undefined && severity.number > 0) continue;
        const parts = text.startsWith("00-") ? [TRACE] : text.startsWith("s/") ? ["s", text.slice(2)] : [text];
        for (const part of parts) expect(said).toContain(JSON.stringify(part).slice(1, -1));
      }
    });
    fc.assert(property, { numRuns: 2_000 });
  });
});

describe("any text", () => {
  test("is read without a fault", () => {
    const property = fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.json()), fc.boolean(), (text, time) => {
      const message = read(text, time);
      expect(message.body).toBeDefined();
      fieldsOf(message);
    });
    fc.assert(property, { numRuns: 500 });
  });

  test("that is no object is none", () => {
    for (const text of ["", " ", "x", "[1]", "1", '"s"', "{", "{}x", "null", "{'a':1}"]) expect(readJsonObject(text)).toBeUndefined();
    expect(readJsonObject("\t{}\n")).toEqual({});
  });
});
