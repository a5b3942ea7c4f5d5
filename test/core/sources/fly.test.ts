import { describe, expect, test } from "vitest";
import { countRecords, type LogRecord, type ResourceLogs } from "../../../core/otlp/model.ts";
import type { Batch, DecodeContext, Source } from "../../../core/source.ts";
import { createFlySource, fly } from "../../../core/sources/fly.ts";
import { describeSourceConformance } from "../../support/conformance.ts";
import { type Fixture, listCases } from "../../support/fixtures.ts";
import type { Consumed, Leaf } from "../../support/leaves.ts";

const OBSERVED = 1_700_000_000_000_000_000n;

const isOtlp = ({ name }: Fixture) => name.startsWith("otlp_");
const cases = listCases("fly");

const CONSUMED: Consumed = {
  // `logs.<app>.<region>.<instance>`: what the resource says is not said again.
  subject: ({ text, item }: Leaf) =>
    "fly" in (item as object) ? undefined : text.split(".").filter((part) => !["logs", ""].includes(part)),
  "**x-highlight-request": ({ text }) => text.split("/"),
};
const CONSUMED_OTLP: Consumed = {
  "**/attributes/*/key": "a key, not a value",
  "**/resource/attributes/service.name": "a key, not a value",
  "**/scope/*": "the golden holds the scope",
  "**/schemaUrl": "the golden holds the schema",
  "**/flags": "the golden holds the flags",
  "**/observedTimeUnixNano": "the golden holds the sender's own",
  "**/severityNumber": "a name for a number",
};

describeSourceConformance({
  source: fly,
  cases: cases.filter((fixture) => !isOtlp(fixture)),
  payloadOf: (bytes) => bytes,
  consumed: CONSUMED,
  broken: {
    "a wrapper of nothing": '{"data":[]}',
    "a wrapper of wrappers": '{"data":[{"data":[{"message":"a"}]}]}',
    "text in brackets": "[info] starting, {now}\n",
    "a broken element first": '[null,{"message":"a"},7]',
    "a subject of dots": '{"message":"a","subject":"logs...."}',
    "OTLP of the wrong structure": '{"resourceLogs":[5]}',
    "OTLP without records": '[{"resourceLogs":[]},{"resourceLogs":[{"scopeLogs":[{"logRecords":[]}]}]}]',
  },
});
describeSourceConformance({
  source: fly,
  cases: cases.filter(isOtlp),
  payloadOf: (bytes) => bytes,
  consumed: CONSUMED_OTLP,
  carriesOtlp: true,
  broken: {
    "broken records": '{"resourceLogs":[{"scopeLogs":[{"logRecords":[5,{"attributes":1},[],{}]}]}]}',
    "deep values": `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":${'{"arrayValue":{"values":['.repeat(3_000)}{}${"]}}".repeat(3_000)}}]}]}]}`,
  },
});

function decode(body: string | object, source: Source<Uint8Array> = fly, context: Partial<DecodeContext> = {}): readonly Batch[] {
  const payload = new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body));
  const result = source.decode(payload, { observedTimeUnixNano: OBSERVED, ...context });
  if (!result.ok) throw new Error(result.error.detail);
  return [...result.value.batches];
}

interface Flat extends LogRecord {
  readonly resource: Readonly<Record<string, unknown>>;
  readonly fields: Readonly<Record<string, unknown>>;
}

function flatten(resourceLogs: readonly ResourceLogs[]): Flat[] {
  return resourceLogs.flatMap(({ resource, scopeLogs }) =>
    scopeLogs.flatMap(({ logRecords }) =>
      logRecords.map((record) => ({
        ...record,
        resource: Object.fromEntries((resource?.attributes ?? []).map(({ key, value }) => [key, value])),
        fields: Object.fromEntries(record.attributes.map(({ key, value }) => [key, value])),
      })),
    ),
  );
}

const recordsOf = (body: string | object, context?: Partial<DecodeContext>) =>
  decode(body, fly, context).flatMap((batch) => flatten(batch.resourceLogs));

function recordOf(body: string | object, context?: Partial<DecodeContext>): Flat {
  const [record, second] = recordsOf(body, context);
  if (record === undefined || second !== undefined) throw new Error("not one record");
  return record;
}

/** An event as the stock log shipper sends it. */
function event(message: unknown, more: object = {}): Record<string, unknown> {
  return {
    event: { provider: "app" },
    fly: { app: { instance: "3287e61dc45d85", name: "shop-api" }, region: "lax" },
    host: "c0de",
    log: { level: "warn" },
    message,
    timestamp: "2025-03-04T05:06:07.891234567Z",
    ...more,
  };
}

describe("severity", () => {
  test.each([
    ['2025-03-04T01:19:11.788889Z ERROR sink{component_kind="sink"}: dropped', 17, "ERROR"],
    ['time="2025-03-04T01:19:12.541516209Z" level=debug msg="checking docker activity"', 5, "debug"],
    ["I, [2022-09-20T04:07:59.525790 #514]  INFO -- : [b2f7eb1f] Started GET", 9, "INFO"],
    ["22:47:21.414 [info] Testing logger", 9, "info"],
    ["2021-06-21 22:47:21 [warning] z", 13, "warning"],
    ["2024-01-01 10:00:00,123 WARNING x", 13, "WARNING"],
    ["[2024-01-01 10:00:00 +0000] [7] [INFO] Listening at", 9, "INFO"],
    ["INFO:     Started server process [1]", 9, "INFO"],
    ["E0102 10:11:12.123456 123 file.go:1] x", 17, "E"],
    ["ERROR:root:boom", 17, "ERROR"],
    ["error: connect ECONNREFUSED", 17, "error"],
    ["\x1b[31mERROR\x1b[39m failed", 17, "ERROR"],
    ['{"level":30,"time":1687828751700,"pid":1,"msg":"m"}', 9, "info"],
    ['{"severity":"CRITICAL","message":"m"}', 21, "CRITICAL"],
    ['{"level":200,"level_name":"INFO","message":"m"}', 9, "INFO"],
  ])("an app's own level beats the platform's: %s", (message, number, text) => {
    const { severityNumber, severityText, fields } = recordOf(event(message));
    expect([severityNumber, severityText, fields["fly.log.level"]]).toEqual([number, text, "warn"]);
  });

  test.each([
    "Error: boom",
    "Warning: foo",
    "info  - Compiled successfully",
    "ERRORS found 0",
    "no errors found",
    "GET /x?level=error 200",
    "Information desk",
    "2023/03/16 16:18:08 listening",
    '{"level":"gold","msg":"m"}',
    "",
  ])("a line without a level has the platform's: %j", (message) => {
    const { severityNumber, severityText } = recordOf(event(message));
    expect([severityNumber, severityText]).toEqual([13, "warn"]);
  });

  test.each(["runner", "proxy", "machine", "health"])("what the platform says itself has its own level: %s", (provider) => {
    const record = recordOf(event("ERROR is a word here", { event: { provider } }));
    expect([record.severityNumber, record.severityText]).toEqual([13, "warn"]);
  });

  test("without a platform and without a level there is none, and never INFO", () => {
    const { severityNumber, severityText } = recordOf({ message: "hello", timestamp: "2025-03-04T05:06:07Z" });
    expect([severityNumber, severityText]).toEqual([undefined, undefined]);
  });

  test("an unknown level of an app stays, and the platform's counts", () => {
    expect(recordOf(event('{"level":"gold","msg":"m"}')).fields["level"]).toBe("gold");
  });

  test("a level beside the line gives way to the line's own, and stays", () => {
    const { severityText, fields } = recordOf(event("ERROR boom", { severity: "notice" }));
    expect([severityText, fields["level"]]).toEqual(["ERROR", "notice"]);
  });

  test.each(["PC01", "PU02", "PT03", "PM07", "PA01", "PE04", "PR12"])("the proxy's %s is an error at least", (code) => {
    const raised = recordOf(event(`[${code}] x`, { event: { provider: "proxy" } }));
    expect([raised.severityNumber, raised.severityText, raised.fields["fly.error.code"]]).toEqual([17, undefined, code]);
    const fatal = recordOf(event(`[${code}] x`, { event: { provider: "proxy" }, log: { level: "fatal" } }));
    expect([fatal.severityNumber, fatal.severityText]).toEqual([21, "fatal"]);
  });

  test.each([
    ["app", "[PC01] x"],
    ["proxy", "[PX01] x"],
    ["proxy", "x [PC01]"],
  ])("what only looks like a proxy error is none (%s, %s)", (provider, message) => {
    const { severityNumber, fields } = recordOf(event(message, { event: { provider } }));
    expect([severityNumber, fields["fly.error.code"]]).toEqual([13, undefined]);
  });
});

describe("time", () => {
  test.each([
    ["2023-06-27T01:19:11.789045558Z", 1_687_828_751_789_045_558n],
    ["2023-06-27T01:19:11.789045558+00:00", 1_687_828_751_789_045_558n],
    ["2023-06-27T03:19:11.7890455+02:00", 1_687_828_751_789_045_500n],
    ["2023-06-27T01:19:11Z", 1_687_828_751_000_000_000n],
    [1_687_828_751, 1_687_828_751_000_000_000n],
    [1_687_828_751_789, 1_687_828_751_789_000_000n],
    [1_728_347_034_087_123, 1_728_347_034_087_123_000n],
    ["1728347034087123", 1_728_347_034_087_123_000n],
  ])("%s is read to the nanosecond", (timestamp, expected) => {
    expect(recordOf(event("m", { timestamp })).timeUnixNano).toBe(expected);
  });

  test("nanoseconds as a JSON number keep their digits", () => {
    expect(recordOf('{"message":"m","timestamp":1687828751789045558}').timeUnixNano).toBe(1_687_828_751_789_045_558n);
  });

  test.each(["dt", "@timestamp", "time"])("a renamed time is found in %s, and is no field", (field) => {
    const record = recordOf(event("m", { timestamp: undefined, [field]: "2023-06-27T01:19:11Z" }));
    expect([record.timeUnixNano, record.fields[field]]).toEqual([1_687_828_751_000_000_000n, undefined]);
  });

  test("the event's own time beats the one inside the line, which stays", () => {
    const { timeUnixNano, fields } = recordOf(event('{"msg":"m","time":"2020-01-01T00:00:00Z"}', { time: 35 }));
    expect([timeUnixNano, fields["time"], fields["app.time"]]).toEqual([1_741_064_767_891_234_567n, "2020-01-01T00:00:00Z", 35]);
  });

  test("the line's own time counts when the event has none", () => {
    expect(recordOf(event('{"msg":"m","time":"2023-06-27T01:19:11Z"}', { timestamp: null })).timeUnixNano).toBe(1_687_828_751_000_000_000n);
  });

  test.each(["not a time", "2023-02-30T00:00:00Z", 12, true])("what is no time (%s) is kept, and no time is made up", (timestamp) => {
    const { timeUnixNano, observedTimeUnixNano, fields } = recordOf(event("m", { timestamp }));
    expect([timeUnixNano, observedTimeUnixNano, fields["otlp_drain.original_time"]]).toEqual([undefined, OBSERVED, timestamp]);
  });

  test("a broken time does not hide a good one", () => {
    const { timeUnixNano, fields } = recordOf(event("m", { timestamp: "?", dt: "2023-06-27T01:19:11Z" }));
    expect([timeUnixNano, fields["otlp_drain.original_time"]]).toEqual([1_687_828_751_000_000_000n, "?"]);
  });
});

describe("framing", () => {
  const one = JSON.stringify(event("one"));
  const two = JSON.stringify(event("two"));
  test.each([
    ["an array", `[${one},${two}]`],
    ["an array over many lines", `[\n  ${one},\n  ${two}\n]\n`],
    ["NDJSON", `${one}\n${two}\n`],
    ["NDJSON without its last newline", `${one}\n${two}`],
    ["NDJSON with blank lines and CRLF", `\r\n${one}\r\n\r\n${two}\r\n\n`],
    ["concatenated objects", one + two],
    ["a byte order mark", `\ufeff${one}\n${two}`],
    ["a wrapper", `{"data":[${one},${two}]}`],
    ["a wrapper a line", `{"logs":[${one}]}\n{"logs":[${two}]}`],
    ["codec native_json", '{"log":{"message":"one"}}\n{"log":{"message":"two"}}'],
    ["text lines", "one\n\n  \ntwo"],
    ["text lines with CRLF", "one\r\ntwo\r\n"],
  ])("reads %s", (_, body) => expect(recordsOf(body).map((record) => record.body)).toEqual(["one", "two"]));

  test.each(["", " \n ", "[]"])("reads nothing from %j", (body) => expect(recordsOf(body)).toEqual([]));

  test("text lines are no decode errors", () => {
    const [batch] = decode("WARN a\nb");
    expect(batch?.malformed).toBe(0);
    expect(flatten(batch?.resourceLogs ?? []).map(({ body, severityNumber, fields }) => [body, severityNumber, fields])).toEqual([
      ["WARN a", 13, {}],
      ["b", undefined, {}],
    ]);
  });

  test("a JSON line among text lines is an event of its own", () => {
    const [text, json] = recordsOf(`starting\n${one}`);
    expect([text?.body, json?.body, json?.resource["service.name"]]).toEqual(["starting", "one", "shop-api"]);
  });

  test("text that begins with a bracket is text", () => {
    expect(recordsOf("[error] a, b\n[2024-01-01 10:00:00] c").map((record) => record.body)).toEqual([
      "[error] a, b",
      "[2024-01-01 10:00:00] c",
    ]);
  });

  test("a broken first element takes no good one with it", () => {
    const [batch] = decode(`[null,${one},${two}]`);
    expect(batch?.malformed).toBe(1);
    expect(flatten(batch?.resourceLogs ?? []).map((record) => record.body)).toEqual(["null", "one", "two"]);
  });

  test("one broken line is delivered raw beside the good ones, in one go", () => {
    const batches = decode(`${one}\n{"message":"cut\n${two}`);
    expect(batches).toHaveLength(1);
    expect(batches[0]?.malformed).toBe(1);
    const raw = flatten(batches[0]?.resourceLogs ?? []).find(({ fields }) => fields["otlp_drain.decode_error"] !== undefined);
    expect([raw?.body, raw?.severityNumber, raw?.timeUnixNano, raw?.fields]).toEqual([
      '{"message":"cut',
      undefined,
      undefined,
      { "otlp_drain.decode_error": "not JSON" },
    ]);
  });

  test("an ordinary event with a list is no wrapper", () => {
    expect(recordOf({ name: "n", items: [{ a: 1 }] }).fields).toEqual({ name: "n", items: [{ a: 1 }] });
    expect(recordOf({ message: "m", tags: ["a"] }).fields).toEqual({ tags: ["a"] });
    expect(recordOf({ a: [{ x: 1 }], b: [{ y: 1 }] }).fields).toEqual({ a: [{ x: 1 }], b: [{ y: 1 }] });
  });

  test("binary is unreadable", () => {
    const result = fly.decode(Uint8Array.of(10, 0, 5, 0), { observedTimeUnixNano: OBSERVED });
    expect(result).toEqual({ ok: false, error: { reason: "unreadable", detail: "the body is neither JSON nor text" } });
  });

  test("a large body is read in stretches that share their resource", () => {
    const filler = JSON.stringify(event("x".repeat(1000)));
    for (const body of [
      `${filler}\n`.repeat(300),
      `{"data":[${`${filler},`.repeat(599)}${filler}]}`,
      `${"x".repeat(1000)}\n`.repeat(300),
    ]) {
      const batches = decode(body);
      expect(batches.length).toBeGreaterThan(2);
      expect(new Set(batches.flatMap(({ resourceLogs }) => resourceLogs.map(({ resource }) => resource))).size).toBe(1);
    }
  });
});

describe("resource", () => {
  test("is one for each app, instance and region", () => {
    const other = { app: { instance: "e82de0a4b27908", name: "shop-api" }, region: "lax" };
    const [batch] = decode([event("a"), event("b", { fly: other }), event("c")]);
    expect(batch?.resourceLogs.map(({ scopeLogs }) => scopeLogs[0]?.logRecords.map(({ body }) => body))).toEqual([["a", "c"], ["b"]]);
    expect(batch?.resourceLogs.map(({ scopeLogs }) => scopeLogs[0]?.scope?.name)).toEqual(["otlp-drain/fly", "otlp-drain/fly"]);
  });

  test.each([
    ["an empty app", event("m", { fly: { app: { name: "", instance: "" }, region: "" } })],
    ["no app", event("m", { fly: {} })],
  ])("%s never makes an empty service.name", (_, body) => {
    expect(recordOf(body).resource).toEqual({ "service.name": "fly", "cloud.provider": "fly_io" });
    expect(recordOf(body, { defaultServiceName: "mine" }).resource["service.name"]).toBe("mine");
  });

  test("an empty instance is absent, and the record stays", () => {
    const { body, resource } = recordOf(event("m", { fly: { app: { name: "shop-api", instance: "" }, region: "lax" } }));
    expect([body, "host.id" in resource, resource["fly.app.name"]]).toEqual(["m", false, "shop-api"]);
  });

  test.each([
    ["logs.shop-api.lax.3287e61dc45d85", "shop-api", "lax", "3287e61dc45d85"],
    ["logs.shop-api.lax.", "shop-api", "lax", undefined],
    ["logs.shop-api", "shop-api", undefined, undefined],
  ])("of an untouched NATS message is read from its subject %s", (subject, app, region, instance) => {
    const { body, resource } = recordOf({ message: "raw", source_type: "nats", subject, timestamp: "2025-03-04T05:06:07Z" });
    expect([resource["service.name"], resource["cloud.provider"]]).toEqual([app, "fly_io"]);
    expect([resource["fly.app.name"], resource["fly.region"], resource["fly.app.instance"], body]).toEqual([app, region, instance, "raw"]);
  });

  test("a subject that says more or less than the resource stays", () => {
    const subjects = ["logs.shop-api.lax.i", "logs.shop-api", "logs.shop-api.lax.i.more"].map((subject) => ({ message: "m", subject }));
    const foreign = event("m", { subject: "logs.other.ams.i" });
    const kept = [...subjects, foreign].map((item) => recordOf(item).fields["subject"]);
    expect(kept).toEqual([undefined, "logs.shop-api", "logs.shop-api.lax.i.more", "logs.other.ams.i"]);
  });

  test("without Fly.io names neither it nor an app", () => {
    const { resource } = recordOf({ message: "m", host: "worker-1", subject: "orders.created" });
    expect(resource).toEqual({ "service.name": "vector", "host.name": "worker-1" });
  });

  test.each([
    [{ service: "billing" }, "billing"],
    [{ "service.name": "billing" }, "billing"],
    [{ application: "billing" }, "billing"],
    [{ service: { name: "billing", version: "1" } }, "billing"],
    [{ service: "" }, "mine"],
    [{}, "mine"],
  ])("without Fly.io %j is the service %s", (fields, expected) => {
    expect(recordOf({ message: "m", ...fields }, { defaultServiceName: "mine" }).resource["service.name"]).toBe(expected);
  });

  test("a service.name of the user's stays on the record", () => {
    const { resource, fields } = recordOf(event("m", { "service.name": "theirs" }));
    expect([resource["service.name"], fields["service.name"]]).toEqual(["shop-api", "theirs"]);
  });
});

describe("body and fields", () => {
  test.each(["rendering <div> took 3ms", "a <b", " <b", "Array<string> -> x <y"])("%j stays whole", (message) => {
    expect(recordOf(event(message)).body).toBe(message);
  });

  test("booleans, nulls in lists and nested values survive", () => {
    const message = JSON.stringify({ msg: "m", yes: true, no: false, list: [null, 1, { a: null }], deep: { er: { est: 1.5 } } });
    const expected = { yes: true, no: false, list: [null, 1, { a: null }], deep: { er: { est: 1.5 } } };
    expect(recordOf(event(message)).fields).toMatchObject(expected);
    const { message: _, ...merged } = event(undefined, { msg: "m", ...expected });
    expect(recordOf(merged)).toMatchObject({ body: "m", fields: expected });
  });

  test("an empty or missing message leaves the body unset and loses no record", () => {
    for (const message of ["", null, undefined]) expect(recordOf(event(message)).body).toBeUndefined();
  });

  test("a merged app line has its level, message, ids and fields lifted", () => {
    const { message: _, ...merged } = event(undefined, {
      msg: "boom",
      level: 50,
      time: 1_687_828_751_700,
      trace_id: "0af7651916cd43dd8448eb211c80319c",
      span_id: "b7ad6b7169203331",
      error: { message: "no", stack: "TypeError: no\n    at f (a.js:1:1)" },
      http: { request: { id: "app's" } },
    });
    const record = recordOf(merged);
    expect(record).toMatchObject({
      body: "boom",
      severityNumber: 17,
      severityText: "error",
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: "b7ad6b7169203331",
    });
    expect(record.fields).toMatchObject({
      "exception.type": "TypeError",
      "exception.message": "no",
      http: { request: { id: "app's" } },
      "fly.log.level": "warn",
    });
    expect(record.timeUnixNano).toBe(1_741_064_767_891_234_567n);
  });

  test("a message that was merged and kept is told once", () => {
    const line = { msg: "boom", level: "error", user: 7 };
    const record = recordOf(event(JSON.stringify(line), line));
    expect(record).toMatchObject({ body: "boom", severityText: "error" });
    expect(record.fields).toEqual({ "fly.event.provider": "app", "fly.host": "c0de", "fly.log.level": "warn", user: 7, msg: "boom" });
  });

  test("the app's ids beat those beside the line, which stay", () => {
    const ids = { trace_id: "0af7651916cd43dd8448eb211c80319c", span_id: "b7ad6b7169203331" };
    const record = recordOf(event('{"msg":"m","trace_id":"11111111111111111111111111111111"}', ids));
    expect([record.traceId, record.spanId]).toEqual(["11111111111111111111111111111111", undefined]);
    expect(record.fields).toMatchObject(ids);
  });

  test.each(["0af7651916cd43dd", "00000000000000000000000000000000", 7])(
    "%s is no trace id, stays a field and is never derived from",
    (traceId) => {
      const record = recordOf(
        event(JSON.stringify({ msg: "m", trace_id: traceId }), { http: { request: { id: "01GVN2" } }, event: { provider: "app" } }),
      );
      expect([record.traceId, record.fields["trace_id"]]).toEqual([undefined, traceId]);
    },
  );

  test("an event whose members are of other types loses none of them", () => {
    const { fields, resource } = recordOf(
      event("m", { event: "login", log: ["x"], host: 5, fly: { app: "name", region: { a: 1 } }, url: "https://a/", http: 1 }),
    );
    expect(fields).toEqual({
      event: "login",
      log: ["x"],
      "fly.host": 5,
      "fly.app": "name",
      "fly.region": { a: 1 },
      url: "https://a/",
      http: 1,
    });
    expect(resource["service.name"]).toBe("fly");
  });

  test("a member without a place does not take the name of one that has it", () => {
    const { fields } = recordOf(event("m", { fly: { app: { name: "shop-api" }, "log.level": "theirs" } }));
    expect(fields).toMatchObject({ "fly.log.level": "warn", "app.fly.log.level": "theirs" });
  });

  test("more fields than a record holds are counted", () => {
    const many = Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`k${index}`, index]));
    const record = recordOf(event(JSON.stringify({ msg: "m", ...many }), { fly: { ...many, app: { name: "a" } }, trace_id: "x", ...many }));
    expect(record.attributes.length).toBe(1024);
    expect(record.droppedAttributesCount).toBeGreaterThan(7000);
  });
});

describe("the ignore list", () => {
  const source = createFlySource({ ignoreApps: ["log-shipper", "*-drain"] });
  const from = (name: string) => event("Not retriable; dropping the request.", { fly: { app: { name, instance: "i" }, region: "lax" } });

  test("leaves out apps by name or glob, and counts them", () => {
    const batches = decode([from("log-shipper"), from("our-drain"), from("log-shipper-2"), event("good")], source);
    expect(batches.map(({ filtered, malformed }) => [filtered, malformed])).toEqual([[2, 0]]);
    expect(flatten(batches[0]?.resourceLogs ?? []).map(({ resource }) => resource["fly.app.name"])).toEqual(["log-shipper-2", "shop-api"]);
  });

  test("reads the app from the subject too, and looks at no other name", () => {
    const untouched = { message: "Response failed.", subject: "logs.log-shipper.lax.i" };
    const unparsed = { message: JSON.stringify(from("log-shipper")), subject: "logs.log-shipper.lax.i" };
    const [batch] = decode([untouched, unparsed, { message: "m", service: "log-shipper" }], source);
    expect([batch?.filtered, countRecords(batch?.resourceLogs ?? [])]).toEqual([2, 1]);
  });

  test("is empty by default", () => expect(recordsOf([from("log-shipper")])).toHaveLength(1));
});

describe("OTLP requests", () => {
  const request = (name: string, scope: string, body: string) => ({
    resourceLogs: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: name } }] },
        scopeLogs: [{ scope: { name: scope }, logRecords: [{ body: { stringValue: body } }] }],
      },
    ],
  });

  test("are merged by resource and scope, and keep both", () => {
    const [batch] = decode([request("a", "s", "1"), request("b", "s", "2"), request("a", "t", "3"), request("a", "s", "4"), event("5")]);
    const shape = batch?.resourceLogs.map(({ resource, scopeLogs }) => [
      resource?.attributes[0]?.value,
      scopeLogs.map(({ scope, logRecords }) => [scope?.name, logRecords.map(({ body }) => body)]),
    ]);
    expect(shape).toEqual([
      ["shop-api", [["otlp-drain/fly", ["5"]]]],
      [
        "a",
        [
          ["s", ["1", "4"]],
          ["t", ["3"]],
        ],
      ],
      ["b", [["s", ["2"]]]],
    ]);
    expect([batch?.malformed, batch?.filtered]).toEqual([0, 0]);
  });

  test("get an observed time only where they say none", () => {
    const own = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ observedTimeUnixNano: "5" }, {}] }] }] };
    expect(recordsOf(own).map((record) => record.observedTimeUnixNano)).toEqual([5n, OBSERVED]);
  });

  test("that are none, and records that are none, arrive raw", () => {
    const [batch] = decode([
      { resourceLogs: [5] },
      { resourceLogs: [{ scopeLogs: [{ logRecords: ["no record", { body: { stringValue: "good" } }] }] }] },
    ]);
    expect(batch?.malformed).toBe(2);
    expect(flatten(batch?.resourceLogs ?? []).map(({ body, fields }) => [body, fields["otlp_drain.decode_error"]])).toEqual([
      ['{"resourceLogs":[5]}', "not an OTLP logs request in JSON"],
      ["no record", "not an OTLP log record"],
      ["good", undefined],
    ]);
  });

  test("without records are counted", () => {
    expect(decode([{ resourceLogs: [] }]).map(({ resourceLogs, filtered }) => [resourceLogs.length, filtered])).toEqual([[0, 1]]);
  });

  test("are brought inside the caps of a record", () => {
    const attributes = [..."aab"].map((key) => ({ key, value: { stringValue: "v" } }));
    const many = Array.from({ length: 2000 }, (_, index) => ({ key: `k${index}`, value: {} }));
    const records = [
      { attributes: [...attributes, { key: "", value: {} }], severityText: "x".repeat(1000) },
      { attributes: many, droppedAttributesCount: 5 },
    ];
    const [first, second] = recordsOf({ resourceLogs: [{ scopeLogs: [{ logRecords: records }] }] });
    expect(first?.attributes.map(({ key }) => key)).toEqual(["a", "app.a", "b", "otlp_drain.empty_key"]);
    expect(first?.severityText?.length).toBe(64);
    expect([second?.attributes.length, second?.droppedAttributesCount]).toEqual([1024, 981]);
  });
});
