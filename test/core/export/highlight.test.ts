import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createHighlightShape, type HighlightOptions } from "../../../core/export/highlight.ts";
import { type AnyValue, Float64, type LogRecord, type Resource, type ResourceLogs } from "../../../core/otlp/model.ts";
import { encodeProtobuf } from "../../../core/otlp/protobuf.ts";
import { makeLogs, makeRecord, makeResource, TEST_TIME_UNIX_NANO, toAttributes } from "../../support/log-records.ts";
import { decodeOracle, type FlatRecord, flatten } from "../../support/oracle.ts";

const NOW_MS = Number(TEST_TIME_UNIX_NANO / 1_000_000n);
const DAY_NANOS = 86_400_000_000_000n;
const RESERVED = (
  "highlight.project_id highlight.source highlight_project_id highlight_session_id Source x-highlight-project level severity log.severity message " +
  "log.message metric.name metric.value URL deployment.environment environment service.name service.version fluent.tag"
).split(" ");

function shape(resourceLogs: readonly ResourceLogs[], options: Partial<HighlightOptions> = {}): FlatRecord[] {
  const shaped = createHighlightShape({ wrapBodies: true, now: () => NOW_MS, ...options })()(resourceLogs);
  return flatten(decodeOracle(encodeProtobuf(shaped)));
}

function shapeOne(record: LogRecord, resource?: Resource): FlatRecord {
  return shape(makeLogs([record], resource))[0] as FlatRecord;
}

function withAttributes(members: Readonly<Record<string, AnyValue>>): LogRecord {
  return makeRecord("body", { attributes: toAttributes(members) });
}

describe("severity", () => {
  test.each<[number | undefined, string]>([
    [1, "trace"],
    [4, "trace"],
    [5, "debug"],
    [8, "debug"],
    [9, "info"],
    [12, "info"],
    [13, "warn"],
    [16, "warn"],
    [17, "error"],
    [20, "error"],
    [21, "fatal"],
    [24, "fatal"],
    [0, ""],
    [undefined, ""],
    [25, ""],
  ])("number %j is told as %j, because only the text is read there", (severityNumber, severityText) => {
    const record = shapeOne(makeRecord("body", { severityNumber }));
    expect(record).toMatchObject({ severityText, severityNumber: severityNumber ?? 0 });
    expect(record.attributes).not.toHaveProperty("log.record.severity.original");
  });

  test.each<[string, number, string | undefined]>([
    ["WARN", 13, undefined],
    ["warning", 13, "warning"],
    ["CRITICAL", 21, "CRITICAL"],
    ["info", 9, undefined],
    ["Information", 9, "Information"],
    ["audit", 0, "audit"],
  ])("the source's own word %j (%i) is kept as %j", (severityText, severityNumber, original) => {
    expect(shapeOne(makeRecord("body", { severityText, severityNumber })).attributes["log.record.severity.original"]).toBe(original);
  });
});

describe("names that mean something there", () => {
  test.each(RESERVED)("%s of a user becomes app.<name>", (key) => {
    const { attributes } = shapeOne(withAttributes({ [key]: "theirs", other: 1 }));
    expect(attributes[key]).toBeUndefined();
    expect(attributes[`app.${key}`]).toBe("theirs");
    expect(attributes["other"]).toBe(1);
  });

  test("are not told twice when the new name is taken", () => {
    const record = withAttributes({ level: 30, "app.level": "theirs", severity: "x", "app.severity": "x" });
    const [{ scopeLogs }] = createHighlightShape({ wrapBodies: true, now: () => NOW_MS })()(makeLogs([record])) as [ResourceLogs];
    const keys = scopeLogs[0]?.logRecords[0]?.attributes.map(({ key }) => key) ?? [];
    expect(new Set(keys).size).toBe(keys.length);
    expect(shapeOne(record).attributes).toMatchObject({ "app.level": "theirs", "app.app.level": 30 });
  });

  test("a numeric pino level does not override the severity", () => {
    const record = shapeOne(makeRecord("body", { severityNumber: 17, attributes: toAttributes({ level: 30 }) }));
    expect(record.severityText).toBe("error");
    expect(record.attributes["level"]).toBeUndefined();
  });

  test.each(["highlight.session_id", "highlight.trace_id", "exception.type", "exception.message", "vercel.log.source"])(
    "%s is ours, and stays",
    (key) => {
      expect(shapeOne(withAttributes({ [key]: "kept" })).attributes[key]).toBe("kept");
    },
  );

  test("stay on the resource, where they are what they are meant to be", () => {
    const members = {
      "service.name": "shop",
      "service.version": "1",
      "highlight.project_id": "42",
      "launchdarkly.project_id": "43",
      "deployment.environment": "old",
      level: "theirs",
    };
    expect(shapeOne(makeRecord("body"), makeResource(members)).resource).toEqual({
      "service.name": "shop",
      "service.version": "1",
      "highlight.project_id": "42",
      "launchdarkly.project_id": "43",
      "deployment.environment": "old",
      "app.level": "theirs",
    });
  });
});

test("the environment is told in both spellings", () => {
  const { resource } = shapeOne(makeRecord("body"), makeResource({ "deployment.environment.name": "production" }));
  expect(resource).toEqual({ "deployment.environment.name": "production", "deployment.environment": "production" });
});

describe("values", () => {
  test("that would be dropped become text, and empty ones are left out", () => {
    const { attributes } = shapeOne(
      withAttributes({
        yes: true,
        no: false,
        bytes: Uint8Array.of(1, 2, 255),
        none: null,
        empty: "",
        emptyList: [],
        emptyMap: {},
        noBytes: new Uint8Array(0),
        list: ["a", "", true, null, ["deep", []]],
        map: { yes: true, none: null, deep: { no: false, empty: {} }, hollow: { a: null } },
        int: 7,
        big: 2n ** 62n,
        double: 0.5,
        whole: new Float64(2),
      }),
    );
    const { "log.sequence": _, ...rest } = attributes;
    expect(rest).toEqual({
      yes: "true",
      no: "false",
      bytes: "AQL/",
      list: ["a", "true", ["deep"]],
      map: { yes: "true", deep: { no: "false" } },
      int: 7,
      big: 2n ** 62n,
      double: 0.5,
      whole: 2,
    });
  });

  test("of resources as well", () => {
    expect(shapeOne(makeRecord("body"), makeResource({ "service.name": "shop", yes: true, none: null })).resource).toEqual({
      "service.name": "shop",
      yes: "true",
    });
  });

  test("are at most 65,536 bytes, cut between characters and marked", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("a", "é", "✓", "😀"),
        fc.nat({ max: 3 }),
        fc.integer({ min: 16_000, max: 70_000 }),
        (unit, offset, count) => {
          const text = "x".repeat(offset) + unit.repeat(count);
          const record = shapeOne(makeRecord(text, { attributes: toAttributes({ text, map: { text } }) }));
          for (const value of [record.body, record.attributes["text"], (record.attributes["map"] as Record<string, AnyValue>)["text"]]) {
            const bytes = Buffer.byteLength(String(value));
            if (Buffer.byteLength(text) <= 65_536) {
              expect(value).toBe(text);
            } else {
              expect(bytes).toBeLessThanOrEqual(65_536);
              expect(bytes).toBeGreaterThan(65_536 - 4);
              expect(String(value)).toMatch(/\.\.\.\[truncated\]$/);
              expect(text.startsWith(String(value).slice(0, -"...[truncated]".length))).toBe(true);
            }
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe("a body", () => {
  test.each(["a <b", " <b", "a\n <b", "rendering <div> took 3ms", "x -> y <T>"])(
    "%j is wrapped, because its start would be taken for a project",
    (body) => {
      expect(shapeOne(makeRecord(body)).body).toEqual({ MESSAGE: body });
    },
  );

  test.each(["<b a <c", "a<b", "plain", ""])("%j stays as it is", (body) => {
    expect(shapeOne(makeRecord(body)).body).toBe(body);
  });

  test("is not wrapped for LaunchDarkly", () => {
    expect(shape(makeLogs(["a <b"]), { wrapBodies: false })[0]?.body).toBe("a <b");
  });

  test.each<[AnyValue, unknown]>([
    [
      { a: 1, big: 2n ** 62n, double: new Float64(1), bytes: Uint8Array.of(1) },
      '{"a":1,"big":"4611686018427387904","double":1,"bytes":"AQ=="}',
    ],
    [[1, "two"], '[1,"two"]'],
    [7, "7"],
    [true, "true"],
    [2n ** 62n, "4611686018427387904"],
    [new Float64(2), "2"],
    [Uint8Array.of(1, 2, 255), "AQL/"],
  ])("%# that is no text becomes text, lest it be read as journald's", (body, text) => {
    expect(shapeOne(makeRecord(body)).body).toBe(text);
  });

  test("that does not exist is not made up", () => {
    expect(shapeOne(makeRecord(undefined)).body).toBeUndefined();
    expect(shapeOne(makeRecord(null)).body).toBeNull();
  });
});

describe("time", () => {
  test.each<[string, bigint, string | undefined]>([
    ["now", 0n, undefined],
    ["30 days ago", -30n * DAY_NANOS, undefined],
    ["more than 30 days ago", -30n * DAY_NANOS - 1_000_000n, "2023-10-15T22:13:20.122456789Z"],
    ["more than 30 days ahead", 31n * DAY_NANOS, "2023-12-15T22:13:20.123456789Z"],
  ])("%s", (_, offset, original) => {
    const timeUnixNano = TEST_TIME_UNIX_NANO + offset;
    const record = shapeOne(makeRecord("body", { timeUnixNano }));
    expect(record.timeUnixNano).toBe(timeUnixNano);
    expect(record.attributes["log.time.original"]).toBe(original);
  });

  test("that is unknown stays unknown", () => {
    const record = shapeOne(makeRecord("body", { timeUnixNano: undefined }));
    expect(record.timeUnixNano).toBe(0n);
    expect(record.attributes).not.toHaveProperty("log.time.original");
  });

  test("is told in whole seconds there, so the order inside a delivery is numbered, over all its batches", () => {
    const shapeDelivery = createHighlightShape({ wrapBodies: true, now: () => NOW_MS });
    const delivery = shapeDelivery();
    const batches = [makeLogs(["a", "b"]), [...makeLogs(["c"], makeResource({ "service.name": "x" })), ...makeLogs(["d"])]].map(delivery);
    const sequence = batches
      .flatMap((batch) => flatten(decodeOracle(encodeProtobuf(batch))))
      .map(({ attributes }) => attributes["log.sequence"]);
    expect(sequence).toEqual([0, 1, 2, 3]);
    expect(flatten(decodeOracle(encodeProtobuf(shapeDelivery()(makeLogs(["e"])))))[0]?.attributes["log.sequence"]).toBe(0);
  });
});

describe("ids", () => {
  test("a span id, which is not stored, is told as an attribute too", () => {
    const ids = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
    const record = shapeOne(makeRecord("body", ids));
    expect(record).toMatchObject(ids);
    expect(record.attributes["span_id"]).toBe(ids.spanId);
    expect(shapeOne(makeRecord("body")).attributes).not.toHaveProperty("span_id");
  });
});

describe("a stack trace", () => {
  test.each<[string, Record<string, string>, string | undefined]>([
    ["alone gets a message from its first line", { "exception.stacktrace": "Error: boom\n  at x" }, "Error: boom"],
    ["that begins with blank lines too", { "exception.stacktrace": "\n  \nError: boom\n  at x" }, "Error: boom"],
    ["with a type needs nothing", { "exception.stacktrace": "Error: boom\n  at x", "exception.type": "Error" }, undefined],
    ["with a message keeps it", { "exception.stacktrace": "Error: boom\n  at x", "exception.message": "mine" }, "mine"],
  ])("%s", (_, members, message) => {
    const { attributes } = shapeOne(withAttributes(members));
    expect(attributes["exception.message"]).toBe(message);
    expect(attributes["exception.stacktrace"]).toBe(members["exception.stacktrace"]);
  });
});

test("batches of one resource keep one resource object, by which the encoder joins them", () => {
  const resource = makeResource();
  const delivery = createHighlightShape({ wrapBodies: true, now: () => NOW_MS })();
  const [first, second] = [makeLogs(["a"], resource), makeLogs(["b"], resource)].map((batch) => delivery(batch)[0]?.resource);
  expect(first).toBe(second);
});

test("what it shapes is not changed in place", () => {
  const resourceLogs = makeLogs([withAttributes({ level: 30, yes: true })], makeResource({ "deployment.environment.name": "x" }));
  const before = structuredClone(resourceLogs);
  shape(resourceLogs);
  expect(resourceLogs).toEqual(before);
});

test("records without resource or scope pass", () => {
  expect(shape([{ scopeLogs: [{ logRecords: [makeRecord("a")] }] }])[0]).toMatchObject({ body: "a", resource: {} });
});
