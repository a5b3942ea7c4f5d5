import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { REDUCED, splitHalves, toPlainRecord, toShortRecord } from "../../../core/export/reduce.ts";
import { countRecords, Float64, type LogRecord, type ResourceLogs } from "../../../core/otlp/model.ts";
import { encodeProtobuf } from "../../../core/otlp/protobuf.ts";
import { makeLogs, makeRecord, makeResource, TEST_SCOPE, TEST_TIME_UNIX_NANO, toAttributes } from "../../support/log-records.ts";
import { decodeOracle, type FlatRecord, flatten } from "../../support/oracle.ts";

const MARK = "...[truncated]";

/** What arrives, read by the oracle. */
function arrive(resourceLogs: readonly ResourceLogs[]): FlatRecord[] {
  return flatten(decodeOracle(encodeProtobuf(resourceLogs)));
}

function only(resourceLogs: readonly ResourceLogs[]): FlatRecord {
  const [record, second] = arrive(resourceLogs);
  if (record === undefined || second !== undefined) throw new Error("not one record");
  return record;
}

describe("splitHalves", () => {
  const shapes = fc
    .array(fc.array(fc.nat({ max: 4 }), { maxLength: 3 }), { minLength: 1, maxLength: 5 })
    .map((resources) =>
      resources.map(
        (scopes, resource): ResourceLogs => ({
          resource: makeResource({ "service.name": `r${resource}` }),
          schemaUrl: "https://schema",
          scopeLogs: scopes.map((count, scope) => ({
            scope: { name: `s${scope}` },
            schemaUrl: "https://scope-schema",
            logRecords: Array.from({ length: count }, (_, index) => makeRecord(`${resource}.${scope}.${index}`)),
          })),
        }),
      ),
    )
    .filter((resourceLogs) => countRecords(resourceLogs) >= 2);

  test("gives every record to one of two halves, in order, with what stands around it", () => {
    fc.assert(
      fc.property(shapes, (resourceLogs) => {
        const [first, second] = splitHalves(resourceLogs);
        const count = countRecords(resourceLogs);
        expect([countRecords(first), countRecords(second)]).toEqual([Math.floor(count / 2), Math.ceil(count / 2)]);
        expect([...arrive(first), ...arrive(second)]).toEqual(arrive(resourceLogs));
        for (const { schemaUrl, scopeLogs } of [...first, ...second]) {
          expect(schemaUrl).toBe("https://schema");
          expect(scopeLogs.length).toBeGreaterThan(0);
          for (const scoped of scopeLogs) {
            expect(scoped.schemaUrl).toBe("https://scope-schema");
            expect(scoped.logRecords.length).toBeGreaterThan(0);
          }
        }
      }),
    );
  });

  test("does not change what it splits", () => {
    const resourceLogs = makeLogs(["a", "b", "c"]);
    const before = structuredClone(resourceLogs);
    splitHalves(resourceLogs);
    expect(resourceLogs).toEqual(before);
  });
});

describe("toShortRecord", () => {
  test("cuts the body, every text and every list or map, keeps numbers, and says so", () => {
    const attributes = toAttributes({
      text: "t".repeat(5_000),
      list: Array.from({ length: 1_000 }, (_, index) => `element ${index}`),
      map: { deep: { text: "m".repeat(5_000), big: 2n ** 62n } },
      bytes: new Uint8Array(5_000),
      int: 7,
      big: 2n ** 62n,
      double: new Float64(1),
      yes: true,
    });
    const short = only(toShortRecord(makeLogs([makeRecord("b".repeat(100_000), { attributes, eventName: "name", flags: 1 })])));
    expect(short.body).toBe("b".repeat(65_536 - MARK.length) + MARK);
    expect(short).toMatchObject({ timeUnixNano: TEST_TIME_UNIX_NANO, severityNumber: 9, eventName: "name", flags: 1 });
    const { text, list, map, bytes, ...rest } = short.attributes;
    expect(text).toBe("t".repeat(1_024 - MARK.length) + MARK);
    for (const value of [list, map]) {
      expect(typeof value).toBe("string");
      expect(String(value).length).toBe(1_024);
    }
    expect(String(list)).toMatch(/^\["element 0","element 1",/);
    expect(String(map)).toMatch(/^\{"deep":\{"text":"mmm/);
    expect(bytes).toBe("(5000 bytes)");
    expect(rest).toEqual({ int: 7, big: 2n ** 62n, double: 1, yes: true, [REDUCED]: expect.any(String) });
  });

  test("leaves out the later attributes and counts them, with those dropped before", () => {
    const members = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`key${index}`, index]));
    const record = makeRecord("body", { attributes: toAttributes(members), droppedAttributesCount: 5 });
    const short = only(toShortRecord(makeLogs([record])));
    expect(Object.keys(short.attributes).length).toBe(65);
    expect(short.attributes).toMatchObject({ key0: 0, key63: 63 });
    expect(short.droppedAttributesCount).toBe(5 + 36);
  });

  test("never cuts inside a character", () => {
    const short = only(
      toShortRecord(makeLogs([makeRecord("😀".repeat(40_000), { attributes: toAttributes({ text: "😀".repeat(800) }) })])),
    );
    expect(short.body).toMatch(/^(?:😀)+\.\.\.\[truncated\]$/u);
    expect(short.attributes["text"]).toMatch(/^(?:😀)+\.\.\.\[truncated\]$/u);
  });

  test("cuts a body that is a map, and makes none where there was none", () => {
    const record = makeRecord({ text: "x".repeat(100_000) });
    expect(String(only(toShortRecord(makeLogs([record]))).body)).toMatch(/^\{"text":"xxx.*\.\.\.\[truncated\]$/);
    expect(only(toShortRecord(makeLogs([makeRecord(undefined)]))).body).toBeUndefined();
    expect(only(toShortRecord(makeLogs([makeRecord(null)]))).body).toBeNull();
  });
});

describe("toPlainRecord", () => {
  const rich: LogRecord = makeRecord("the body", {
    observedTimeUnixNano: TEST_TIME_UNIX_NANO + 1n,
    severityNumber: 17,
    severityText: "error",
    attributes: toAttributes({ a: 1, b: { c: 2 } }),
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    flags: 1,
    eventName: "name",
    droppedAttributesCount: 3,
  });

  test("keeps body, times and severity, on a resource that only names service and project", () => {
    const resource = makeResource({
      "service.name": "shop",
      "highlight.project_id": "42",
      "launchdarkly.project_id": "43",
      "cloud.provider": "vercel",
      odd: { deep: [1] },
    });
    expect(only(toPlainRecord(makeLogs([rich], resource)))).toEqual({
      resource: { "service.name": "shop", "highlight.project_id": "42", "launchdarkly.project_id": "43" },
      scope: TEST_SCOPE.name,
      scopeVersion: TEST_SCOPE.version,
      timeUnixNano: TEST_TIME_UNIX_NANO,
      observedTimeUnixNano: TEST_TIME_UNIX_NANO + 1n,
      severityNumber: 17,
      severityText: "error",
      body: "the body",
      attributes: { [REDUCED]: "body only: refused by the destination" },
      droppedAttributesCount: 0,
      flags: 0,
      traceId: "",
      spanId: "",
      eventName: "",
    });
  });

  test.each<[string, LogRecord["body"], unknown]>([
    ["control characters, which strict parsers refuse", "a\u0000b\u001b[31m\u007f\tc\nd\r", "a b [31m \tc\nd\r"],
    ["lone surrogates", "a\ud800b", "a\ufffdb"],
    ["a long text", "x".repeat(100_000), "x".repeat(65_536 - MARK.length) + MARK],
    ["a map as its JSON", { a: 1, big: 2n ** 62n }, '{"a":1,"big":"4611686018427387904"}'],
    ["bytes as base64", Uint8Array.of(1, 2, 255), "AQL/"],
    ["no body as an empty one", undefined, ""],
  ])("makes %s harmless", (_, body, expected) => {
    expect(only(toPlainRecord(makeLogs([{ ...rich, body }]))).body).toBe(expected);
  });

  test("needs neither resource nor scope", () => {
    const plain = only(toPlainRecord([{ scopeLogs: [{ logRecords: [rich] }] }]));
    expect(plain).toMatchObject({ body: "the body", resource: {}, scope: "" });
  });

  test("does not trust the names themselves", () => {
    const resource = makeResource({ "service.name": "bad\u0000name", "highlight.project_id": 42 });
    expect(only(toPlainRecord(makeLogs([rich], resource))).resource).toEqual({ "service.name": "bad name" });
  });
});
