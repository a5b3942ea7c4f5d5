// The suite itself is judged twice: a small honest source passes all of it, and each kind of dishonest source is caught.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import type { AnyValue, LogRecord } from "../../core/otlp/model.ts";
import type { Batch, Source } from "../../core/source.ts";
import {
  checkBatches,
  checkEncodings,
  checkTotal,
  describeSourceConformance,
  OBSERVED_TIME_UNIX_NANO,
  type SourceConformance,
} from "./conformance.ts";
import { HOSTILE_VALUES, mutate, mutations } from "./mutations.ts";

const root = mkdtempSync(join(tmpdir(), "conformance-"));
afterAll(() => rmSync(root, { recursive: true }));

/** The last ms whose nanoseconds fit OTLP's fixed64. */
const MAX_MILLIS = 18_446_744_073_709;

/** A platform that sends NDJSON of `{"at": ms, "text": string}`. */
type Decode = Source<Uint8Array>["decode"];
const honest: Decode = (payload, { observedTimeUnixNano }) => {
  const logRecords = new TextDecoder()
    .decode(payload)
    .split("\n")
    .filter((line) => line.trim() !== "" && line !== "{}" && line !== "[]")
    .map((line): LogRecord => {
      const broken = { observedTimeUnixNano, body: line, attributes: [{ key: "otlp_drain.decode_error", value: "no record" }] };
      try {
        const { at, text, ...rest } = JSON.parse(line);
        if (typeof text !== "string" || !Number.isSafeInteger(at) || at <= 0 || at > MAX_MILLIS || Object.keys(rest).length > 0)
          return broken;
        return { observedTimeUnixNano, timeUnixNano: BigInt(at) * 1_000_000n, body: text, attributes: [] };
      } catch {
        return broken;
      }
    });
  const malformed = logRecords.filter(({ attributes }) => attributes.length > 0).length;
  const resourceLogs = [{ scopeLogs: [{ scope: { name: "otlp-drain/demo" }, logRecords }] }];
  return { ok: true, value: { batches: logRecords.length === 0 ? [] : [{ resourceLogs, malformed, filtered: 0 }] } };
};

const conformanceOf = (decode: Decode): SourceConformance<Uint8Array> => ({
  source: { name: "demo", decode },
  payloadOf: (bytes) => bytes,
  fixturesRoot: root,
});

function* lateFailure(): Generator<Batch> {
  yield { resourceLogs: [], malformed: 0, filtered: 1 };
  throw new Error("late");
}

mkdirSync(join(root, "demo"));
writeFileSync(join(root, "demo", "two_lines.ndjson"), '{"at":1573817250283,"text":"hello"}\n{"at":1573817250284,"text":"wörld"}\n');
writeFileSync(
  join(root, "demo", "two_lines.otlp.json"),
  JSON.stringify({
    resourceLogs: [
      {
        scopeLogs: [
          {
            scope: { name: "otlp-drain/demo" },
            logRecords: [
              { timeUnixNano: "1573817250283000000", body: { stringValue: "hello" }, observedTimeUnixNano: "1700000000000000000" },
              { timeUnixNano: "1573817250284000000", body: { stringValue: "wörld" }, observedTimeUnixNano: "1700000000000000000" },
            ],
          },
        ],
      },
    ],
  }),
);

describeSourceConformance(conformanceOf(honest));

describe("a dishonest source is caught:", () => {
  const payload = new TextEncoder().encode('{"at":1573817250283,"text":"hello"}');
  const total = (decode: Decode, bytes = payload) => checkTotal(conformanceOf(decode), bytes, undefined);
  const withRecord = (record: Partial<LogRecord>, batch: Partial<Batch> = {}, scope = "otlp-drain/demo"): Decode => {
    return (_, { observedTimeUnixNano }) => {
      const logRecords: LogRecord[] = [{ observedTimeUnixNano, attributes: [], ...record }];
      const resourceLogs = [{ scopeLogs: [{ scope: { name: scope }, logRecords }] }];
      return { ok: true, value: { batches: [{ resourceLogs, malformed: 0, filtered: 0, ...batch }] } };
    };
  };
  const attribute = (key: string, value: AnyValue) => ({ attributes: [{ key, value }] });

  test("the honest one is not", () => {
    expect(() => total(honest)).not.toThrow();
    expect(() => total(withRecord({}))).not.toThrow();
  });

  test.each<[string, Decode]>([
    ["throws", () => JSON.parse("{")],
    [
      "throws while it is iterated",
      () => ({
        ok: true,
        value: {
          batches: lateFailure(),
        },
      }),
    ],
    ["gives nothing for something", () => ({ ok: true, value: { batches: [] } })],
    ["gives an empty batch", () => ({ ok: true, value: { batches: [{ resourceLogs: [], malformed: 0, filtered: 0 }] } })],
    ["fails without a word", () => ({ ok: false, error: { reason: "unreadable", detail: "" } })],
    ["fails for a reason outside the union", () => ({ ok: false, error: { reason: "whim" as "refused", detail: "x" } })],
    ["names another scope", withRecord({}, {}, "otlp-drain/other")],
    ["sets no observed time", withRecord({ observedTimeUnixNano: undefined })],
    ["lets the arrival pose as the time", withRecord({ timeUnixNano: OBSERVED_TIME_UNIX_NANO })],
    [
      "repeats an attribute",
      withRecord({
        attributes: [
          { key: "a", value: 1 },
          { key: "a", value: 2 },
        ],
      }),
    ],
    ["writes an empty key", withRecord(attribute("", 1))],
    ["writes an empty key inside a map", withRecord(attribute("m", { "": 1 }))],
    ["writes null at top level", withRecord(attribute("n", null))],
    ["writes an id of zeros", withRecord({ traceId: "0".repeat(32) })],
    ["writes a short id", withRecord({ spanId: "abcd" })],
    ["invents a severity", withRecord({ severityNumber: 25 })],
    ["counts a malformed item that is not marked", withRecord({}, { malformed: 1 })],
    ["marks an item that it does not count", withRecord(attribute("otlp_drain.decode_error", "why"))],
    ["quotes the payload as the reason", withRecord(attribute("otlp_drain.decode_error", "x".repeat(500)), { malformed: 1 })],
  ])("it %s", (_, decode) => {
    expect(() => total(decode)).toThrow();
  });

  test("it splits one resource in two", () => {
    // Two objects of the same value: an encoder joins only what is the same object.
    const half = () => {
      const logRecords = [{ observedTimeUnixNano: OBSERVED_TIME_UNIX_NANO, attributes: [] }];
      return { resource: { attributes: [{ key: "a", value: 1 }] }, scopeLogs: [{ scope: { name: "otlp-drain/demo" }, logRecords }] };
    };
    expect(() => checkBatches(conformanceOf(honest), [{ resourceLogs: [half()], malformed: 0, filtered: 0 }])).not.toThrow();
    expect(() => checkBatches(conformanceOf(honest), [{ resourceLogs: [half(), half()], malformed: 0, filtered: 0 }])).toThrow();
  });

  test("it hands the encoders an id that is no hex", () => {
    const resourceLogs = [{ scopeLogs: [{ logRecords: [{ attributes: [], traceId: "xyz" }] }] }];
    expect(() => checkEncodings([{ resourceLogs, malformed: 0, filtered: 0 }])).toThrow();
  });

  test("nothing is allowed for a probe, and where the platform says so", () => {
    const nothing: Decode = () => ({ ok: true, value: { batches: [] } });
    for (const probe of ["", " \n", "{}", "[]", "[ ]"]) expect(() => total(nothing, new TextEncoder().encode(probe))).not.toThrow();
    expect(() => checkTotal({ ...conformanceOf(nothing), mayBeEmpty: () => true }, payload, undefined)).not.toThrow();
  });

  test("payloadOf may refuse bytes that never reach the source", () => {
    const conformance = { ...conformanceOf(() => JSON.parse("{")), payloadOf: () => JSON.parse("{") };
    expect(() => checkTotal(conformance, payload, undefined)).not.toThrow();
  });
});

describe("mutations", () => {
  const bytes = new TextEncoder().encode('[{"a":1,"b":{"c":"x"}}]');
  const text = (mutated: Uint8Array) => new TextDecoder().decode(mutated);

  test("do what they say", () => {
    expect(text(mutate(bytes, { kind: "truncate", at: 0.5 }))).toBe('[{"a":1,"b"');
    expect(text(mutate(bytes, { kind: "flip", at: 0, mask: 1 }))).toBe('Z{"a":1,"b":{"c":"x"}}]');
    expect(text(mutate(bytes, { kind: "insert", at: 0, bytes: Uint8Array.of(65, 66) }))).toBe('AB[{"a":1,"b":{"c":"x"}}]');
    expect(text(mutate(bytes, { kind: "remove", at: 0, length: 2 }))).toBe('"a":1,"b":{"c":"x"}}]');
    expect(text(mutate(bytes, { kind: "repeat" }))).toBe(text(bytes) + text(bytes));
  });

  test("replace any value of JSON, and of a line of NDJSON, by raw JSON text", () => {
    const replaced = [0, 0.2, 0.4, 0.6, 0.8].map((at) => text(mutate(bytes, { kind: "replace", at, value: "1e400" })));
    expect(replaced).toEqual(["1e400", "[1e400]", '[{"a":1e400,"b":{"c":"x"}}]', '[{"a":1,"b":1e400}]', '[{"a":1,"b":{"c":1e400}}]']);
    const lines = new TextEncoder().encode('{"a":1}\n{"a":2}');
    expect(text(mutate(lines, { kind: "replace", at: 0.75, value: "[]" }))).toBe('{"a":1}\n{"a":[]}');
    expect(text(mutate(new TextEncoder().encode("text"), { kind: "replace", at: 0, value: "[]" }))).toBe("text");
  });

  test("leave their input alone, and every hostile value is JSON", () => {
    const before = text(bytes);
    fc.assert(
      fc.property(mutations, (mutation) => {
        mutate(bytes, mutation);
        expect(text(bytes)).toBe(before);
      }),
    );
    for (const value of HOSTILE_VALUES) expect(() => JSON.parse(value)).not.toThrow();
  });
});
