import { describe, expect, test } from "vitest";
import { isSubscription, parseSubscription } from "../../../core/read/cloudwatch/envelope.ts";
import { type CloudWatchPayload, createCloudWatchSource } from "../../../core/sources/cloudwatch.ts";
import { describeSourceConformance, OBSERVED_TIME_UNIX_NANO } from "../../support/conformance.ts";
import { listCases, textOf } from "../../support/fixtures.ts";
import { decodeAll, decodeMessage, decodeMessages, EVENT_TIME_MS, subscription } from "./cloudwatch-decode.ts";
import { CLOUDWATCH_CONSUMED } from "./cloudwatch-leaves.ts";

/** A payload of nothing but envelopes without log events has nothing to deliver. */
function isEmptyEnvelopes(payload: CloudWatchPayload): boolean {
  const items = Array.isArray(payload) ? (payload as readonly unknown[]) : [payload];
  return items.every((item) => isSubscription(item) && Array.isArray(item.logEvents) && item.logEvents.length === 0);
}

const REGION = "us-west-2";
const source = createCloudWatchSource({ region: REGION });

describeSourceConformance({
  source,
  payloadOf: (bytes) => parseSubscription(new TextDecoder().decode(bytes)),
  consumed: CLOUDWATCH_CONSUMED,
  mayBeEmpty: isEmptyEnvelopes,
});

const LAMBDA = "/aws/lambda/checkout";
const ID = "03a8b2bf-e5f4-4809-b0ba-e253b6908a97";
const decode = (payload: unknown, options = {}) =>
  decodeAll(createCloudWatchSource({ region: REGION, ...options }), payload as CloudWatchPayload);

describe("a payload", () => {
  test("that is one object decodes as its text does", () => {
    for (const fixture of listCases("cloudwatch").filter(({ extension }) => extension === "json")) {
      expect(decode(JSON.parse(textOf(fixture))), fixture.name).toEqual(decode(parseSubscription(textOf(fixture))));
    }
  });

  test.each([null, undefined, 7, true])("that is no object is unreadable: %s", (payload) => {
    const result = source.decode(payload as CloudWatchPayload, { observedTimeUnixNano: OBSERVED_TIME_UNIX_NANO });
    expect(result).toMatchObject({ ok: false, error: { reason: "unreadable" } });
  });

  test("of an unknown message type is kept raw, and costs the next one nothing", () => {
    const { records, malformed } = decode([subscription(["lost?"], { messageType: "FUTURE" }), subscription(["good"])]);
    expect(records.map(({ attributes }) => attributes["otlp_drain.decode_error"])).toEqual(["unknown messageType", undefined]);
    expect(records[0]?.body).toContain('"lost?"');
    expect(malformed).toBe(1);
  });

  test("of a control message gives no record and counts as filtered, not as malformed", () => {
    const control = subscription(["CWL CONTROL MESSAGE: Checking health"], { messageType: "CONTROL_MESSAGE", owner: "CloudwatchLogs" });
    expect(decode(control)).toMatchObject({ records: [], malformed: 0, filtered: 1 });
  });

  test("without log events gives nothing at all", () => {
    expect(decode(subscription([]))).toMatchObject({ records: [], malformed: 0, filtered: 0, batches: 0 });
  });

  test("of the forwarder's own log group is skipped", () => {
    const own = { ownLogGroup: "/aws/lambda/otlp-drain" };
    expect(decode(subscription(["loop", "loop"], { logGroup: "/aws/lambda/otlp-drain" }), own)).toMatchObject({ records: [], filtered: 2 });
    expect(decode(subscription(["no loop"], { logGroup: "/aws/lambda/otlp-drain-2" }), own).records).toHaveLength(1);
    expect(decode(subscription(["no group"], { logGroup: "" }), { ownLogGroup: "" }).records).toHaveLength(1);
  });

  test("of 10,000 events is decoded in batches, in order, on few resources", () => {
    const messages = Array.from({ length: 10_000 }, (_, index) => `2026-11-20T22:23:00.610Z\t${ID}\tINFO\tline ${index}\n`);
    const { records, batches } = decodeMessages(LAMBDA, messages);
    expect(records.map(({ body }) => body)).toEqual(messages.map((_, index) => `line ${index}`));
    expect(batches).toBeGreaterThan(10);
  });
});

describe("an event", () => {
  test("keeps its id, its filters and its millisecond", () => {
    const id = "36205321405000000000000000000000005445918357631534872925";
    const { records } = decode(subscription([], { logEvents: [{ id, timestamp: 1_440_442_987_001, message: "m" }] }));
    expect(records[0]).toMatchObject({
      timeUnixNano: 1_440_442_987_001_000_000n,
      observedTimeUnixNano: OBSERVED_TIME_UNIX_NANO,
      attributes: { "log.record.uid": id, "aws.log.subscription_filter.names": ["drain"] },
    });
  });

  test("whose id came as a JSON number keeps all its digits", () => {
    const text = JSON.stringify(subscription(["m"])).replace('"id":"0"', '"id":36205321405000000000000000000000005445918357631534872925');
    expect(decode(parseSubscription(text)).records[0]?.attributes["log.record.uid"]).toBe(
      "36205321405000000000000000000000005445918357631534872925",
    );
  });

  test("takes account and region from its own system fields, per event", () => {
    const at = (account: string | undefined, region: string | undefined) => ({
      timestamp: EVENT_TIME_MS,
      message: "m",
      extractedFields: { "@aws.account": account, "@aws.region": region },
    });
    const logEvents = [
      at("111111111111", "us-east-1"),
      at("222222222222", "cn-north-1"),
      at(undefined, undefined),
      at("111111111111", "us-east-1"),
    ];
    const { records } = decode(subscription([], { logEvents }));
    expect(records.map(({ resource }) => [resource["cloud.account.id"], resource["cloud.region"], resource["aws.log.group.arns"]])).toEqual(
      [
        ["111111111111", "us-east-1", ["arn:aws:logs:us-east-1:111111111111:log-group:/shop/web:*"]],
        ["111111111111", "us-east-1", ["arn:aws:logs:us-east-1:111111111111:log-group:/shop/web:*"]],
        ["222222222222", "cn-north-1", ["arn:aws-cn:logs:cn-north-1:222222222222:log-group:/shop/web:*"]],
        ["123456789012", "us-west-2", ["arn:aws:logs:us-west-2:123456789012:log-group:/shop/web:*"]],
      ],
    );
  });

  test("has the owner's account, and no region or ARN when nothing tells the region", () => {
    const { resource } = decodeAll(createCloudWatchSource(), subscription(["m"], { owner: "210987654321" })).records[0] ?? {};
    expect(resource).toMatchObject({
      "cloud.account.id": "210987654321",
      "aws.log.group.names": ["/shop/web"],
      "aws.log.stream.names": ["stream"],
    });
    expect(resource).not.toHaveProperty("cloud.region");
    expect(resource).not.toHaveProperty("aws.log.group.arns");
  });

  test("without a readable time has none: never the arrival, and the text stays", () => {
    const { records } = decode(
      subscription([], { logEvents: [{ timestamp: "soon", message: "a" }, { message: "b" }, { timestamp: 0, message: "c" }] }),
    );
    expect(records.map(({ timeUnixNano }) => timeUnixNano)).toEqual([0n, 0n, 0n]);
    expect(records.map(({ attributes }) => attributes["otlp_drain.original_time"])).toEqual(["soon", undefined, "0"]);
  });

  test("keeps CloudWatch's time beside a message's that is more than a minute off, and only then", () => {
    const { records } = decodeMessages("/shop/web", [
      '{"time":"2020-01-01T00:00:00.5Z","msg":"far"}',
      '{"time":"2026-11-20T22:22:59.999Z","msg":"near"}',
    ]);
    expect(records.map(({ attributes }) => attributes["aws.log.event.timestamp"])).toEqual([EVENT_TIME_MS, undefined]);
    expect(records.map(({ timeUnixNano }) => timeUnixNano)).toEqual([1_577_836_800_500_000_000n, 1_795_213_379_999_000_000n]);
  });

  test("whose message tells whole seconds keeps the millisecond of that second, and no other", () => {
    const { records } = decodeMessages("/shop/web", [
      '{"time":"2026-11-20T22:23:00Z","msg":"same"}',
      '{"time":"2026-11-20T22:22:59Z","msg":"other"}',
    ]);
    expect(records.map(({ timeUnixNano }) => timeUnixNano)).toEqual([1_795_213_380_610_000_000n, 1_795_213_379_000_000_000n]);
  });

  test("whose message tells milliseconds that are none keeps them", () => {
    const { records } = decodeMessages("/aws/lambda/checkout", [
      `2026-11-20T22:23:00.000Z\t${ID}\tINFO\ttext\n`,
      '{"time":1795213380000,"msg":"pino"}',
      '{"time":"2026-11-20 22:23:00,000","msg":"comma"}',
    ]);
    expect(records.map(({ timeUnixNano }) => timeUnixNano)).toEqual(Array(3).fill(1_795_213_380_000_000_000n));
  });

  test("that is broken is one marked record among the good ones", () => {
    const logEvents = [{ message: "good" }, 7, null, { id: "x" }, { message: "good too" }];
    const { records, malformed } = decode(subscription([], { logEvents }));
    expect(records.map(({ attributes }) => attributes["otlp_drain.decode_error"])).toEqual([
      undefined,
      "not a log event",
      "not a log event",
      "no message",
      undefined,
    ]);
    expect(malformed).toBe(3);
  });
});

describe("service.name", () => {
  const nameOf = (logGroup: string, logStream = "s", defaultServiceName?: string) =>
    decodeAll(source, subscription(["m"], { logGroup, logStream }), defaultServiceName).records[0]?.resource["service.name"];

  test("is what the platform calls the sender, never the forwarder's and never one for all groups", () => {
    expect(nameOf(LAMBDA)).toBe("checkout");
    expect(nameOf("/ecs/shop", "web/nginx/0b69d5c04d655a1e8d6f3c2b1a09f8e7")).toBe("nginx");
    expect(nameOf("/aws/rds/cluster/aurora-1/postgresql")).toBe("aurora-1");
    expect(nameOf("/shop/web")).toBe("/shop/web");
    expect(nameOf("")).toBe("aws");
  });

  test("is the configured one where the platform has no name but the group's", () => {
    expect(nameOf(LAMBDA, "s", "configured")).toBe("checkout");
    expect(nameOf("/shop/web", "s", "configured")).toBe("configured");
  });
});

describe("a Lambda line", () => {
  test("loses its prefix, and keeps tabs, level, id and time", () => {
    expect(decodeMessage(LAMBDA, `2026-11-20T22:23:00.610Z\t${ID}\tWARN\ta\tb\tc\n`)).toMatchObject({
      body: "a\tb\tc",
      severityNumber: 13,
      severityText: "WARN",
      timeUnixNano: 1_795_213_380_610_000_000n,
      attributes: { "faas.invocation_id": ID },
    });
  });

  test("before the first invocation has no invocation id", () => {
    const { attributes, body } = decodeMessage(LAMBDA, "2026-11-20T22:23:00.610Z\tundefined\tINFO\tinit\n");
    expect(body).toBe("init");
    expect(attributes).not.toHaveProperty("faas.invocation_id");
  });

  test("of a function that starts is read without an invocation, whatever its runtime prints for the id", () => {
    const { records } = decodeMessages(LAMBDA, [
      '2026-11-20T22:23:00.500Z\t-\tWARN\t{"level":"error","msg":"cold"}\n',
      "[WARNING]\t2026-11-20T22:23:00.500Z\t\tpython\n",
      '{"timestamp":"2026-11-20T22:23:00.500Z","level":"INFO","requestId":"-","message":"json"}',
      '{"timestamp":"2026-11-20T22:23:00.500Z","level":"INFO","requestId":"","message":"python json"}',
    ]);
    expect(records.map(({ body, severityNumber }) => [body, severityNumber])).toEqual([
      ["cold", 17],
      ["python", 13],
      ["json", 9],
      ["python json", 9],
    ]);
    for (const { attributes, timeUnixNano } of records) {
      expect(attributes).not.toHaveProperty("faas.invocation_id");
      expect(timeUnixNano).toBe(1_795_213_380_500_000_000n);
    }
    const error =
      '2026-11-20T22:23:00.500Z\t-\tERROR\tUncaught Exception \t{"errorType":"TypeError","errorMessage":"boom","stack":["TypeError: boom"]}\n';
    expect(decodeMessage(LAMBDA, error).attributes).toMatchObject({ "exception.type": "TypeError", "exception.message": "boom" });
  });

  test("of Python about an error that nobody caught gives class, message and traceback", () => {
    const traceback = '\rTraceback (most recent call last):\r  File "/var/task/f.py", line 3, in handler\r    raise e';
    const exceptionOf = (text: string) => {
      const { attributes } = decodeMessage(LAMBDA, text);
      expect(attributes["exception.stacktrace"]).toMatch(/^Traceback/);
      return [attributes["exception.type"], attributes["exception.message"]];
    };
    expect(exceptionOf(`[ERROR] ValueError: boom${traceback}`)).toEqual(["ValueError", "boom"]);
    expect(exceptionOf(`[ERROR] ValueError${traceback}`)).toEqual(["ValueError", undefined]);
    expect(exceptionOf(`[ERROR] ValidationError: 1 error\rfield required${traceback}`)).toEqual([
      "ValidationError",
      "1 error\nfield required",
    ]);
  });

  test.each(["failed", "handler: failed", "it failed"])(
    "of an app's own traceback takes the error at its end, not the app's words: %s",
    (text) => {
      const traceback = 'Traceback (most recent call last):\n  File "/var/task/f.py", line 3, in handler\n    raise e\nValueError: boom';
      const { attributes } = decodeMessage(LAMBDA, `[ERROR] ${text}\n${traceback}\n`);
      expect(attributes).toMatchObject({ "exception.type": "ValueError", "exception.message": "boom", "exception.stacktrace": traceback });
    },
  );

  test("of Python in JSON about an error that nobody caught keeps its invocation", () => {
    const error = {
      timestamp: "2026-11-20T22:23:00Z",
      level: "ERROR",
      errorMessage: "boom",
      errorType: "ValueError",
      requestId: ID,
      stackTrace: [],
    };
    expect(decodeMessage(LAMBDA, JSON.stringify(error))).toMatchObject({
      body: "ValueError: boom",
      severityNumber: 17,
      attributes: { "faas.invocation_id": ID, "exception.type": "ValueError", "exception.message": "boom" },
    });
  });

  test("takes no id from a UUID that merely stands in it, and none from the line before", () => {
    const { records } = decodeMessages(LAMBDA, [
      `START RequestId: ${ID} Version: $LATEST\n`,
      "user 6f747213-2d5d-4a6e-8b0e-9a2b5c1d0e3f came\n",
    ]);
    expect(records.map(({ attributes }) => attributes["faas.invocation_id"])).toEqual([ID, undefined]);
  });

  test("has its line breaks back, so that a stack trace is one", () => {
    const { body, attributes } = decodeMessage(
      LAMBDA,
      `2026-11-20T22:23:00.610Z\t${ID}\tERROR\tTypeError: boom\r    at f (a.js:1:1)\r\nend\n`,
    );
    expect(body).toBe("TypeError: boom\n    at f (a.js:1:1)\r\nend");
    expect(attributes["exception.stacktrace"]).toBe("TypeError: boom\n    at f (a.js:1:1)\r\nend");
  });

  test("that holds JSON is read a second time: its level wins, the prefix's stays", () => {
    expect(
      decodeMessage(LAMBDA, `2026-11-20T22:23:00.610Z\t${ID}\tINFO\t{"level":"error","msg":"inner","n":9007199254740993}\n`),
    ).toMatchObject({
      body: "inner",
      severityNumber: 17,
      attributes: { n: 9_007_199_254_740_993n, "aws.lambda.log.level": "INFO" },
    });
  });

  test("whose inner level nobody knows keeps the level of its prefix", () => {
    expect(decodeMessage(LAMBDA, `2026-11-20T22:23:00.610Z\t${ID}\tWARN\t{"level":"gold","msg":"inner"}\n`)).toMatchObject({
      severityNumber: 13,
      severityText: "WARN",
      attributes: { level: "gold" },
    });
  });

  test.each(["Invoke Error", "Init Error", "Uncaught Exception", "Unhandled Promise Rejection"])(
    "of the runtime becomes an exception: %s",
    (label) => {
      const error = '{"errorType":"TypeError","errorMessage":"boom","code":7,"stack":["TypeError: boom","    at f (a.js:1:1)"]}';
      expect(decodeMessage(LAMBDA, `2026-11-20T22:23:00.610Z\t${ID}\tERROR\t${label} \t${error}\n`)).toMatchObject({
        body: `${label} TypeError: boom`,
        attributes: {
          "exception.type": "TypeError",
          "exception.message": "boom",
          "exception.stacktrace": "TypeError: boom\n    at f (a.js:1:1)",
          code: 7,
        },
      });
    },
  );

  test("in JSON may hold text, JSON in text, or an object", () => {
    const line = (message: unknown) => JSON.stringify({ timestamp: "2026-11-20T22:23:00.754Z", level: "INFO", requestId: ID, message });
    const { records } = decodeMessages(LAMBDA, ["text", '{"level":"warn","msg":"inner"}', { a: 1 }, 7].map(line));
    expect(records.map(({ body, severityText }) => [body, severityText])).toEqual([
      ["text", "INFO"],
      ["inner", "warn"],
      ['{"a":1}', "INFO"],
      [line(7), "INFO"],
    ]);
    expect(records.map(({ attributes }) => attributes["faas.invocation_id"])).toEqual([ID, ID, ID, ID]);
    expect(records[3]?.attributes["message"]).toBe(7);
  });

  test("is told apart from another app's JSON with the same common names", () => {
    const object = { timestamp: "2026-11-20T22:23:00.754Z", level: "INFO", requestId: "r-1", message: "m" };
    expect(decodeMessage("/shop/web", JSON.stringify(object)).attributes).toMatchObject({ requestId: "r-1" });
  });
});

describe("a line of the Lambda platform", () => {
  const LINES = {
    start: `START RequestId: ${ID} Version: $LATEST\n`,
    end: `END RequestId: ${ID}\n`,
    report: `REPORT RequestId: ${ID}\tDuration: 1.5 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: 60 MB\t\n`,
    failedReport: `REPORT RequestId: ${ID}\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 128 MB\tMax Memory Used: 60 MB\tStatus: timeout\n`,
    jsonReport:
      '{"time":"2024-10-04T00:36:35.800Z","type":"platform.report","record":{"requestId":"r","metrics":{"durationMs":0.81},"status":"success"}}',
    jsonStart: '{"time":"2024-10-04T00:36:35.800Z","type":"platform.start","record":{"requestId":"r"}}',
    timeout: `2020-11-12T14:05:16.210Z ${ID} Task timed out after 3.00 seconds\n\n`,
    exit: `RequestId: ${ID} Error: Runtime exited with error: signal: killed\nRuntime.ExitError\n`,
    app: "app line\n",
  };
  const kept = (platformLogs: "keep" | "report" | "drop") => {
    const names = Object.keys(LINES);
    const { records, filtered } = decodeMessages(LAMBDA, Object.values(LINES), { platformLogs });
    return { names: records.map(({ attributes }) => names[Number(attributes["log.record.uid"])]), filtered };
  };

  test("is kept by default", () => expect(kept("keep")).toEqual({ names: Object.keys(LINES), filtered: 0 }));

  test("of an invocation is dropped but for the reports, if wanted", () => {
    expect(kept("report")).toEqual({ names: ["report", "failedReport", "jsonReport", "timeout", "exit", "app"], filtered: 3 });
  });

  test("of an invocation is dropped altogether, if wanted, but never one that tells of a failure", () => {
    expect(kept("drop")).toEqual({ names: ["failedReport", "timeout", "exit", "app"], filtered: 5 });
  });

  test("gives its numbers unrounded, and the memory to the resource of the whole stream", () => {
    const { records } = decodeMessages(LAMBDA, [LINES.start, LINES.report]);
    expect(records[1]?.attributes).toMatchObject({ "aws.lambda.duration_ms": 1.5, "aws.lambda.max_memory_used_mb": 60 });
    expect(records.map(({ resource }) => resource["faas.max_memory"])).toEqual([134_217_728, 134_217_728]);
  });

  test("is an error when it tells of a time-out, a crash or a full memory, and INFO otherwise", () => {
    const { records } = decodeMessages(LAMBDA, [
      ...Object.values(LINES),
      "<--- JS stacktrace --->\nFATAL ERROR: JavaScript heap out of memory",
      "fatal error: runtime: out of memory",
      "the MemoryErrorHandler is ready",
    ]);
    expect(records.map(({ severityNumber }) => severityNumber)).toEqual([9, 9, 9, 17, 9, 9, 17, 17, 0, 17, 17, 0]);
  });

  test("in JSON may be a text: a fault is an error of its invocation", () => {
    const record = `RequestId: ${ID} Process exited before completing request`;
    const fault = { time: "2026-11-20T22:23:00.494Z", type: "platform.fault", record };
    expect(decodeMessage(LAMBDA, JSON.stringify(fault))).toMatchObject({
      body: record,
      severityNumber: 17,
      timeUnixNano: 1_795_213_380_494_000_000n,
      attributes: { "faas.invocation_id": ID, "aws.lambda.event.type": "platform.fault" },
    });
    const odd = decodeMessage(LAMBDA, JSON.stringify({ ...fault, record: "no form at all" }));
    expect(odd).toMatchObject({ body: "no form at all", severityNumber: 17 });
    const app = { type: "platform.user", record: "abc", level: "warn", message: "an app's" };
    expect(decodeMessage("/shop/web", JSON.stringify(app))).toMatchObject({ body: "an app's", severityNumber: 13 });
  });

  test("is no such line when only its first word is", () => {
    const { records } = decodeMessages("/shop/web", [
      "START the engine",
      "EXTENSION\tcord",
      "REPORT RequestId without a colon",
      "INIT_something",
    ]);
    expect(records.map(({ severityNumber }) => severityNumber)).toEqual([0, 0, 0, 0]);
  });
});

describe("trace ids", () => {
  const traceOf = (object: object) => {
    const { traceId, spanId, flags, attributes } = decodeMessage(LAMBDA, JSON.stringify({ msg: "m", ...object }));
    return { traceId, spanId, flags, attributes };
  };
  const XRAY = "1-5759e988-bd862e3fe1be46a994272793";
  const HEX = "5759e988bd862e3fe1be46a994272793";

  test("come from X-Ray without their prefix and dash", () => {
    expect(traceOf({ xray_trace_id: XRAY })).toMatchObject({ traceId: HEX, attributes: {} });
    expect(traceOf({ xrayTraceId: XRAY }).traceId).toBe(HEX);
  });

  test("come from X-Ray in a line that a router wrapped too", () => {
    const log = JSON.stringify({ level: "warn", msg: "inner", xray_trace_id: XRAY, function_request_id: ID, cold_start: true });
    const record = decodeMessage("/ecs/shop", JSON.stringify({ source: "stdout", container_id: "c", container_name: "n", log }));
    expect(record).toMatchObject({ body: "inner", severityNumber: 13, traceId: HEX });
    expect(record.attributes).toMatchObject({ "faas.invocation_id": ID, "faas.coldstart": true });
    expect(record.attributes).not.toHaveProperty("xray_trace_id");
  });

  test("of the line itself beat X-Ray's, which stays", () => {
    const trace = traceOf({ trace_id: "5b8aa5a2d2c872e8321cf37308d69df2", xray_trace_id: XRAY });
    expect(trace).toMatchObject({ traceId: "5b8aa5a2d2c872e8321cf37308d69df2", attributes: { xray_trace_id: XRAY } });
  });

  test("come from the root of a header, not from its self, with parent and sampling", () => {
    const header = `Self=1-11111111-222222222222222222222222;Root=${XRAY};Parent=53995c3f42cd8ad8;Sampled=1`;
    expect(traceOf({ "X-Amzn-Trace-Id": header })).toMatchObject({ traceId: HEX, spanId: "53995c3f42cd8ad8", flags: 1 });
    expect(traceOf({ "X-Amzn-Trace-Id": "Self=1-11111111-222222222222222222222222" }).traceId).toBe("");
  });

  test.each([
    { trace_id: "abc" },
    { trace_id: "0".repeat(32) },
    { xray_trace_id: "1-zz-00" },
    { xray_trace_id: "1-00000000-000000000000000000000000" },
  ])("that are none stay as they came: %o", (object) => expect(traceOf(object)).toMatchObject({ traceId: "", attributes: object }));
});

describe("severity", () => {
  test.each([
    ["no errors found", 0, ""],
    ["Information about ERROR handling", 0, ""],
    ['{"msg":"m"}', 0, ""],
    ['{"msg":"m","level":""}', 0, ""],
    ['{"msg":"m","level":30,"time":1795213380610,"pid":1}', 9, "info"],
    ['{"msg":"m","level":50}', 17, "error"],
    ['{"msg":"m","level":"30"}', 9, "info"],
    ['{"msg":"m","severity":"CRITICAL"}', 21, "CRITICAL"],
    ["[WARNING] low disk", 13, "WARNING"],
  ])("is what the message says, never a guess: %s", (message, severityNumber, severityText) => {
    expect(decodeMessage("/shop/web", message)).toMatchObject({ severityNumber, severityText });
  });

  test("is not lifted by stderr", () => {
    const wrapped = { container_id: "c-1", container_name: "/web", source: "stderr", log: "downloading 17 %" };
    expect(decodeMessage("/ecs/shop", JSON.stringify(wrapped))).toMatchObject({
      severityNumber: 0,
      attributes: { "log.iostream": "stderr" },
    });
  });
});

describe("JSON", () => {
  test("is found behind blanks and before a line break", () => {
    expect(decodeMessage("/shop/web", ' \t{"msg":"m"} \n')).toMatchObject({ body: "m" });
  });

  test("without a message keeps its own text as body", () => {
    expect(decodeMessage("/shop/web", '{"a":1}').body).toBe('{"a":1}');
  });
});

describe("a time", () => {
  test.each([
    ['{"time":"2024-10-07T22:18:32.5+0000"}', 1_728_339_512_500_000_000n],
    ['{"timestamp":"2024-10-07T22:18:32.5Z"}', 1_728_339_512_500_000_000n],
    ['{"ts":1728339512.5}', 1_728_339_512_500_000_000n],
    ['{"@timestamp":1728339512500}', 1_728_339_512_500_000_000n],
    ['{"time":1728347034087123}', 1_728_347_034_087_123_000n],
    ['{"time":"1728347034087123456"}', 1_728_347_034_087_123_456n],
  ])("in a message is read to the nanosecond: %s", (message, timeUnixNano) => {
    expect(decodeMessage("/shop/web", message)).toMatchObject({ timeUnixNano });
  });

  test("that cannot be read stays a field, and CloudWatch's counts", () => {
    const record = decodeMessage("/shop/web", '{"timestamp":"0001-01-01T00:00:00Z","msg":"m"}');
    expect(record).toMatchObject({ timeUnixNano: BigInt(EVENT_TIME_MS) * 1_000_000n, attributes: { timestamp: "0001-01-01T00:00:00Z" } });
  });
});

describe("no line makes a pattern run away", () => {
  const LONG = 200_000;
  test.each([
    `RequestId: ${ID} Error: ${" ".repeat(LONG)}\nx`,
    `START RequestId: ${"a".repeat(LONG)} x`,
    `START RequestId: a${" ".repeat(LONG)}x`,
    `REPORT RequestId: a ${"Billed ".repeat(LONG / 10)}`,
    `INIT_START Runtime Version: a${" ".repeat(LONG)}`,
    `INIT_REPORT ${"Phase: ".repeat(LONG / 10)}`,
    `[ERROR] ${"a.".repeat(LONG)}`,
    `[ERROR] a: ${"Traceback (most recent call last):\r".repeat(LONG / 40)}`,
    `I, [${" ".repeat(LONG)}`,
    `2021-01-02 03:04:05 UTC:${":@".repeat(LONG)}`,
    `2026-11-20T22:23:00.610Z\t${ID}\tERROR\tInvoke Error ${"{".repeat(LONG)}`,
    `[dd.trace_id=${"1".repeat(LONG)}`,
    `2 ${"1 ".repeat(LONG)}`,
    `(${"a-".repeat(LONG)})`,
  ])("%#", (message) => {
    for (const group of [LAMBDA, "/aws/rds/instance/db/postgresql", "/aws/rds/instance/db/error", "API-Gateway-Execution-Logs_a/b", "g"]) {
      expect(decodeMessages(group, Array(10).fill(message)).records).toHaveLength(10);
    }
  });
});

describe("a line that FireLens cut", () => {
  const piece = (ordinal: number, log: string, rest: object = {}) =>
    JSON.stringify({
      container_id: "c-1",
      container_name: "/web",
      source: "stdout",
      log,
      partial_message: "true",
      partial_id: "p-1",
      partial_ordinal: String(ordinal),
      partial_last: "false",
      ...rest,
    });
  const LAST = { partial_last: "true" };

  test("is whole again in whatever order its pieces come, with the ids of all", () => {
    const { records } = decodeMessages(
      "/ecs/shop",
      [piece(3, "c", LAST), piece(1, '{"level":"warn","msg":"a'), "between", piece(2, "b"), piece(1, "x", { partial_id: "p-2" })].map(
        (text) => text.replace('"c"', '"c\\"}"'),
      ),
    );
    expect(records.map(({ body }) => body).sort()).toEqual(["abc", "between", "x"]);
    const whole = records.find(({ body }) => body === "abc");
    expect(whole).toMatchObject({ severityNumber: 13, timeUnixNano: BigInt(EVENT_TIME_MS + 1) * 1_000_000n });
    expect(whole?.attributes).toMatchObject({ "log.record.uid": "1", "aws.log.event.part_ids": ["1", "3", "0"] });
    expect(whole?.attributes).not.toHaveProperty("partial_id");
  });

  test("gives its pieces back when one is missing, and a piece that came twice", () => {
    const { records } = decodeMessages("/ecs/shop", [piece(1, "a"), piece(1, "a"), piece(3, "c", LAST)]);
    expect(records.map(({ body, attributes }) => [body, attributes["partial_ordinal"]])).toEqual([
      ["a", "1"],
      ["a", "1"],
      ["c", "3"],
    ]);
  });

  test("is filtered as a whole", () => {
    const filters = { excludeMessage: ["*secret*"] };
    expect(decodeMessages("/ecs/shop", [piece(1, "sec"), piece(2, "ret", LAST)], { filters })).toMatchObject({ records: [], filtered: 2 });
  });

  test("of another container is another line", () => {
    const { records } = decodeMessages("/ecs/shop", [piece(1, "a"), piece(2, "b", { ...LAST, container_id: "c-2" })]);
    expect(records).toHaveLength(2);
  });
});

describe("filters", () => {
  const bodies = (filters: object) => {
    const payload = [
      subscription(["one", "two\n"], { logGroup: "/aws/lambda/a", logStream: "main/1" }),
      subscription(["three"], { logGroup: "/aws/lambda/b", logStream: "preview/1" }),
    ];
    const { records, filtered } = decode(payload, { filters });
    return [records.map(({ body }) => body).join(" "), filtered];
  };

  test.each([
    [{}, "one two three", 0],
    [{ includeLogGroups: [], excludeMessage: [""] }, "one two three", 0],
    [{ includeLogGroups: ["*/a"] }, "one two", 1],
    [{ excludeLogGroups: ["/aws/lambda/a"] }, "three", 2],
    [{ includeLogGroups: ["*"], excludeLogGroups: ["*/b"] }, "one two", 1],
    [{ includeLogStreams: ["main/*"] }, "one two", 1],
    [{ excludeLogStreams: ["main/*"] }, "three", 2],
    [{ includeMessage: ["t*"] }, "two three", 1],
    [{ excludeMessage: ["two"] }, "one three", 1],
    [{ includeMessage: ["*e"], excludeMessage: ["thr*"] }, "one", 2],
  ])("%o", (filters, expected, filtered) => expect(bodies(filters)).toEqual([expected, filtered]));
});
