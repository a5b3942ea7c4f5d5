// Our protobuf bytes against two writers that are not ours: the official descriptors through @bufbuild/protobuf, which must write the very
// same bytes, and OpenTelemetry's own serializer, which must have written the same message where its known defects do not bite.
import { ProtobufLogsSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import type { ReadableLogRecord } from "@opentelemetry/sdk-logs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_VALUE_DEPTH } from "../../../core/limits.ts";
import { encodeJson } from "../../../core/otlp/json.ts";
import { type AnyValue, Float64, type KeyValue, type LogRecord, type ResourceLogs } from "../../../core/otlp/model.ts";
import { createProtobufRequest, encodeProtobuf } from "../../../core/otlp/protobuf.ts";
import { decodeOracle, type FlatValue, flatten, parseJsonStrict, reencode, toGolden } from "../../support/oracle.ts";
import { anyValues, logRecords, requests, toFlatValue, wellFormedKeys } from "./arbitraries.ts";

function oneRecord(record: Partial<LogRecord>): ResourceLogs[] {
  return [{ scopeLogs: [{ logRecords: [{ attributes: [], ...record }] }] }];
}

/** The bytes are canonical. Compared as numbers first: printing a difference of megabytes helps nobody. */
function expectCanonical(bytes: Uint8Array): void {
  const canonical = reencode(bytes);
  expect(Buffer.compare(bytes, canonical) === 0, `${bytes.length} bytes, ${canonical.length} canonical ones`).toBe(true);
}

function roundTrip(attributes: readonly KeyValue[]): FlatValue[] {
  const bytes = encodeProtobuf(oneRecord({ attributes }));
  expectCanonical(bytes);
  const [record] = flatten(decodeOracle(bytes));
  return attributes.map(({ key }) => record?.attributes[key.toWellFormed()] ?? null);
}

describe("any request", () => {
  test("is written as the official descriptors write it, says what it was given, and says the same as our JSON", () => {
    const property = fc.property(requests, (resourceLogs) => {
      const bytes = encodeProtobuf(resourceLogs);
      expectCanonical(bytes);
      const message = decodeOracle(bytes);
      const expected = resourceLogs.flatMap(({ resource, scopeLogs }) =>
        scopeLogs.flatMap(({ scope, logRecords: records }) =>
          records.map((record) => ({
            resource: toFlatValue(Object.fromEntries((resource?.attributes ?? []).map(({ key, value }) => [key, value]))),
            scope: (scope?.name ?? "").toWellFormed(),
            scopeVersion: (scope?.version ?? "").toWellFormed(),
            timeUnixNano: record.timeUnixNano ?? 0n,
            observedTimeUnixNano: record.observedTimeUnixNano ?? 0n,
            severityNumber: record.severityNumber ?? 0,
            severityText: (record.severityText ?? "").toWellFormed(),
            body: record.body === undefined ? undefined : toFlatValue(record.body),
            attributes: toFlatValue(Object.fromEntries(record.attributes.map(({ key, value }) => [key, value]))),
            droppedAttributesCount: record.droppedAttributesCount ?? 0,
            flags: record.flags ?? 0,
            traceId: record.traceId ?? "",
            spanId: record.spanId ?? "",
            eventName: (record.eventName ?? "").toWellFormed(),
          })),
        ),
      );
      expect(flatten(message)).toEqual(expected);
      expect(flatten(parseJsonStrict(new TextDecoder().decode(encodeJson(resourceLogs))))).toEqual(expected);
    });
    fc.assert(property, { numRuns: 500 });
  });

  test("is the message that OpenTelemetry's own serializer writes", () => {
    // Out of the serializer's reach: integers from 2^53 on, integral doubles, NaN, bytes in nested values, undefined bodies, integer-like keys.
    const plain = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.boolean(),
      fc.integer(),
      fc.double({ noInteger: true, noNaN: true, noDefaultInfinity: true }),
    );
    const keys = fc.string({ unit: "grapheme" }).map((key) => `k${key}`);
    const attributes = fc.dictionary(keys, fc.oneof(plain, fc.array(fc.string()), fc.dictionary(keys, plain)), {
      maxKeys: 8,
      noNullPrototype: true,
    });
    const records = fc.array(
      fc.record({
        body: plain,
        attributes,
        severityNumber: fc.integer({ min: 1, max: 24 }),
        severityText: fc.string({ minLength: 1 }),
        time: fc.tuple(fc.nat({ max: 2 ** 31 - 1 }), fc.nat({ max: 999_999_999 })),
        traced: fc.boolean(),
      }),
      { minLength: 1, maxLength: 4 },
    );
    const property = fc.property(records, fc.dictionary(keys, fc.string()), (list, resourceAttributes) => {
      const resource = resourceFromAttributes(resourceAttributes);
      const scope = { name: "scope", version: "1" };
      const traceId = "0af7651916cd43dd8448eb211c80319c";
      const spanId = "b7ad6b7169203331";
      const theirs = list.map(
        ({ body, severityNumber, severityText, time, traced, attributes: own }): ReadableLogRecord => ({
          hrTime: time,
          hrTimeObserved: [1_700_000_000, 5],
          resource,
          instrumentationScope: scope,
          attributes: own as ReadableLogRecord["attributes"],
          droppedAttributesCount: 3,
          severityNumber,
          severityText,
          body,
          ...(traced ? { spanContext: { traceId, spanId, traceFlags: 1 } } : {}),
        }),
      );
      const ours = list.map(
        ({ body, severityNumber, severityText, time: [seconds, nanos], traced, attributes: own }): LogRecord => ({
          timeUnixNano: BigInt(seconds) * 1_000_000_000n + BigInt(nanos),
          observedTimeUnixNano: 1_700_000_000_000_000_005n,
          attributes: Object.entries(own).map(([key, value]) => ({ key, value: value as AnyValue })),
          droppedAttributesCount: 3,
          severityNumber,
          severityText,
          body,
          ...(traced ? { traceId, spanId, flags: 1 } : {}),
        }),
      );
      const resourceLogs: ResourceLogs[] = [
        {
          resource: { attributes: Object.entries(resourceAttributes).map(([key, value]) => ({ key, value })) },
          scopeLogs: [{ scope, logRecords: ours }],
        },
      ];
      const bytes = ProtobufLogsSerializer.serializeRequest(theirs) as Uint8Array;
      expect(toGolden(decodeOracle(encodeProtobuf(resourceLogs)))).toEqual(toGolden(decodeOracle(bytes)));
    });
    fc.assert(property, { numRuns: 150 });
  });

  test("of nothing is no bytes", () => {
    expect(encodeProtobuf([])).toHaveLength(0);
  });

  test("keeps a schema URL, several scopes, an empty resource and an empty record", () => {
    const resourceLogs: ResourceLogs[] = [
      { schemaUrl: "https://opentelemetry.io/schemas/1.40.0", scopeLogs: [{ logRecords: [{ attributes: [] }] }] },
      {
        resource: { attributes: [], droppedAttributesCount: 7 },
        scopeLogs: [
          { scope: { name: "", attributes: [{ key: "a", value: 1 }] }, logRecords: [{ attributes: [] }] },
          { schemaUrl: "s", scope: { name: "b" }, logRecords: [] },
        ],
      },
      { scopeLogs: [] },
    ];
    const bytes = encodeProtobuf(resourceLogs);
    expectCanonical(bytes);
    expect(toGolden(decodeOracle(bytes))).toEqual(toGolden(parseJsonStrict(new TextDecoder().decode(encodeJson(resourceLogs)))));
    expect(decodeOracle(bytes).resourceLogs.map(({ schemaUrl, scopeLogs }) => [schemaUrl, scopeLogs.length])).toEqual([
      ["https://opentelemetry.io/schemas/1.40.0", 1],
      ["", 2],
      ["", 0],
    ]);
  });
});

describe("strings", () => {
  /** One, two, three and four bytes in UTF-8, a lone surrogate, and ASCII that turns into something else at its end. */
  const FILLINGS: readonly (readonly [string, (length: number) => string])[] = [
    ["ASCII", (length) => "a".repeat(length)],
    ["Latin-1", (length) => "é".repeat(length)],
    ["CJK", (length) => "語".repeat(length)],
    ["emoji", (length) => "😀".repeat(length >> 1)],
    ["lone surrogates", (length) => "\ud800".repeat(length)],
    ["ASCII but for the last", (length) => `${"a".repeat(Math.max(0, length - 1))}é`],
    ["ASCII but for the first", (length) => `\udc00${"a".repeat(Math.max(0, length - 1))}`],
  ];

  function expectEverywhere(text: string): void {
    // As body, attribute value, key, and inside a map and an array: every place that a length is guessed at.
    const bytes = encodeProtobuf(
      oneRecord({
        body: text,
        severityText: text,
        attributes: [
          { key: "value", value: text },
          { key: `key ${text}`, value: "v" },
          { key: "map", value: { member: text, [`key ${text}`]: 1 } },
          { key: "array", value: [text, text] },
        ],
      }),
    );
    expectCanonical(bytes);
    const [record] = flatten(decodeOracle(bytes));
    const wellFormed = text.toWellFormed();
    expect(record?.body === wellFormed && record.severityText === wellFormed && record.attributes["value"] === wellFormed).toBe(true);
    expect(record?.attributes["map"]).toEqual({ member: wellFormed, [`key ${wellFormed}`]: 1 });
  }

  test.each(FILLINGS)("of every length up to 300: %s", (_, fill) => {
    for (let length = 0; length <= 300; length++) expectEverywhere(fill(length));
  });

  test.each(FILLINGS)("around the three-byte length 2^14: %s", (_, fill) => {
    for (const bytesPerUnit of [1, 2, 3]) {
      const middle = Math.floor(2 ** 14 / bytesPerUnit);
      for (let length = middle - 24; length <= middle + 4; length++) expectEverywhere(fill(length));
    }
  });

  test.each(FILLINGS.slice(0, 3))("around the four-byte length 2^21: %s", (_, fill) => {
    const bytesPerUnit = new TextEncoder().encode(fill(2)).length / 2;
    const middle = Math.floor(2 ** 21 / bytesPerUnit);
    for (let length = middle - 20; length <= middle + 2; length++) {
      const bytes = encodeProtobuf(oneRecord({ body: fill(length) }));
      expectCanonical(bytes);
    }
    expect(flatten(decodeOracle(encodeProtobuf(oneRecord({ body: fill(middle) }))))[0]?.body === fill(middle)).toBe(true);
  });

  test("records, scopes and requests around their own length boundaries", () => {
    for (const length of [...range(100, 160), ...range(16_300, 16_400), ...range(2_097_112, 2_097_156)]) {
      const half = length >> 1;
      const bytes = encodeProtobuf(oneRecord({ attributes: [{ key: "a", value: "x".repeat(half) }], body: "y".repeat(length - half) }));
      const canonical = reencode(bytes);
      if (Buffer.compare(bytes, canonical) !== 0) throw new Error(`not canonical with ${length} bytes of text`);
    }
  });
});

describe("keys", () => {
  test("of 128 bytes and more, not ASCII, empty, or named like what objects inherit", () => {
    const keys = ["", "k".repeat(127), "k".repeat(128), "é".repeat(64), "k".repeat(20_000), "__proto__", "constructor", "toString", "😀"];
    expect(roundTrip(keys.map((key, index) => ({ key, value: index })))).toEqual(keys.map((_, index) => index));
    const map = Object.fromEntries(keys.map((key, index) => [key, index]));
    expect(Object.hasOwn(map, "__proto__")).toBe(true);
    expect(roundTrip([{ key: "map", value: map }])).toEqual([map]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  test("beyond every cache", () => {
    const attributes = Array.from({ length: 6_000 }, (_, index) => ({ key: `key ${index}`, value: `value ${index}` }));
    expect(roundTrip(attributes)).toEqual(attributes.map(({ value }) => value));
    expect(roundTrip(attributes.toReversed())).toEqual(attributes.map(({ value }) => value).reverse());
  });
});

describe("integers", () => {
  const boundaries = Array.from({ length: 10 }, (_, index) => 2n ** BigInt(7 * index)).flatMap((power) => [power - 1n, power, power + 1n]);
  const limits = [2n ** 31n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n];
  const integers = [...boundaries, ...limits].flatMap((value) => [value, -value]).filter((value) => value === BigInt.asIntN(64, value));

  test.each([...new Set([...integers, -(2n ** 63n)])])("%d keeps every digit, as bigint and, while that is exact, as number", (value) => {
    const narrow = Number(value);
    const flat = Number.isSafeInteger(narrow) ? narrow : value;
    expect(roundTrip([{ key: "attribute", value }])).toEqual([flat]);
    expect(roundTrip([{ key: "array", value: [value, { member: value }] }])).toEqual([[flat, { member: flat }]]);
    if (BigInt(narrow) === value && narrow < 2 ** 63) expect(roundTrip([{ key: "attribute", value: narrow }])).toEqual([flat]);
  });

  test("beyond int64 are text as bigints and doubles as numbers", () => {
    expect(
      roundTrip([
        { key: "a", value: 2n ** 63n },
        { key: "b", value: -(2n ** 63n) - 1n },
      ]),
    ).toEqual(["9223372036854775808", "-9223372036854775809"]);
    expect(caseOf(2 ** 63)).toBe("doubleValue");
    expect(caseOf(1e300)).toBe("doubleValue");
    expect(caseOf(-(2 ** 63))).toBe("intValue");
  });

  test("minus zero is an integer zero, unless it is a double on purpose", () => {
    expect(caseOf(-0)).toBe("intValue");
    expect(caseOf(new Float64(-0))).toBe("doubleValue");
    expect(Object.is(roundTrip([{ key: "a", value: new Float64(-0) }])[0], -0)).toBe(true);
  });
});

describe("other values", () => {
  test("NaN and the infinities are their names, never null", () => {
    const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, new Float64(Number.NaN)];
    expect(roundTrip(values.map((value, index) => ({ key: `k${index}`, value })))).toEqual(["NaN", "Infinity", "-Infinity", "NaN"]);
  });

  test("an integral double stays a double", () => {
    expect(caseOf(new Float64(5))).toBe("doubleValue");
  });

  test("null is an empty AnyValue, undefined members are absent, bytes are bytes of any length", () => {
    expect(roundTrip([{ key: "a", value: { none: null, absent: undefined, list: [null] } }])).toEqual([{ none: null, list: [null] }]);
    for (const length of [0, 1, 122, 123, 124, 125, 126, 127, 128, 16_384]) {
      const bytes = Uint8Array.from({ length }, (_, index) => index % 256);
      expect(roundTrip([{ key: "a", value: bytes }])).toEqual([bytes]);
      expect(roundTrip([{ key: "a", value: [bytes, { b: bytes }] }])).toEqual([[bytes, { b: bytes }]]);
    }
  });

  test("nesting stops at the cap and leaves a mark", () => {
    let arrays: AnyValue = "core";
    let maps: AnyValue = "core";
    for (let depth = 0; depth < 3_000; depth++) {
      arrays = [arrays];
      maps = { m: maps };
    }
    const [fromArrays, fromMaps] = roundTrip([
      { key: "arrays", value: arrays },
      { key: "maps", value: maps },
    ]);
    for (const value of [fromArrays, fromMaps]) {
      let inner: unknown = value;
      let depth = 0;
      for (; typeof inner === "object" && inner !== null; depth++) inner = Object.values(inner)[0];
      expect([depth, inner]).toEqual([MAX_VALUE_DEPTH + 1, "[truncated: depth]"]);
    }
  });
});

describe("a value that comes again at the same place", () => {
  const texts = [
    "",
    "a",
    "b",
    "é",
    "x".repeat(48),
    "x".repeat(49),
    "x".repeat(127),
    "é".repeat(100),
    "x".repeat(256),
    "x".repeat(257),
    "x".repeat(300),
  ];

  test("is written the same each time, whatever stood there in between", () => {
    const values = fc.oneof(fc.constantFrom(...texts), fc.constantFrom<AnyValue>(1, true, null, ["a"], { a: "b" }, { a: "a", b: "b" }));
    const columns = fc.array(fc.tuple(fc.constantFrom("k", "l", "m".repeat(130)), values), { maxLength: 4 });
    const property = fc.property(fc.array(columns, { minLength: 2, maxLength: 12 }), (rows) => {
      const records = rows.map(
        (columnsOfRow): LogRecord => ({
          attributes: columnsOfRow.map(([key, value], index) => ({ key: `${key}${index}`, value })),
        }),
      );
      const bytes = encodeProtobuf([{ resource: { attributes: records[0]?.attributes ?? [] }, scopeLogs: [{ logRecords: records }] }]);
      expectCanonical(bytes);
      expect(flatten(decodeOracle(bytes)).map(({ attributes }) => attributes)).toEqual(
        records.map(({ attributes }) => toFlatValue(Object.fromEntries(attributes.map(({ key, value }) => [key, value])))),
      );
    });
    fc.assert(property, { numRuns: 500 });
  });

  test("is written as any other when the record before has the very same attribute, whatever moved in between", () => {
    const shared: readonly KeyValue[] = [
      { key: "a", value: "x" },
      { key: "b", value: 7 },
      { key: "ü", value: "é" },
      { key: "map", value: { inner: "y".repeat(200) } },
      // Records around the lengths at which they move.
      { key: "long", value: "z".repeat(120) },
      { key: "longer", value: "z".repeat(16_300) },
    ];
    const records = fc.array(
      fc.record({ body: fc.string({ maxLength: 40 }), attributes: fc.array(fc.constantFrom(...shared), { maxLength: 6 }) }),
      { maxLength: 12 },
    );
    const property = fc.property(fc.array(records, { maxLength: 4 }), fc.constantFrom("", "https://schema"), (groups, schemaUrl) => {
      const write = (list: typeof groups) => encodeProtobuf(list.map((logRecords) => ({ schemaUrl, scopeLogs: [{ logRecords }] })));
      const bytes = write(groups);
      expectCanonical(bytes);
      expect(Buffer.compare(bytes, write(structuredClone(groups).map((list) => list.map(cloneAttributes))))).toBe(0);
    });
    fc.assert(property, { numRuns: 500 });
  });

  /** A structured clone keeps what is shared. */
  const cloneAttributes = (record: { readonly body: string; readonly attributes: readonly KeyValue[] }) => ({
    ...record,
    attributes: record.attributes.map((attribute) => ({ ...attribute })),
  });

  test.each(texts)("three times in a row: %j", (text) => {
    const records = [text, text, text, "other", text].map((value): LogRecord => ({ attributes: [{ key: "k", value }] }));
    const bytes = encodeProtobuf([{ scopeLogs: [{ logRecords: records }] }]);
    expectCanonical(bytes);
    expect(flatten(decodeOracle(bytes)).map(({ attributes }) => attributes["k"])).toEqual([text, text, text, "other", text]);
  });
});

describe("a request that grows", () => {
  const resources = [
    undefined,
    { attributes: [] },
    { attributes: [{ key: "service.name", value: "a" }] },
    { attributes: [{ key: "service.name", value: "b" }] },
  ];
  const scopes = [undefined, { name: "one" }, { name: "two", version: "1", attributes: [{ key: "a", value: "b" }] }];
  const batches = fc.array(
    fc.array(
      fc.record({
        resource: fc.constantFrom(...resources),
        scopeLogs: fc.array(fc.record({ scope: fc.constantFrom(...scopes), logRecords: fc.array(logRecords, { maxLength: 3 }) }), {
          maxLength: 2,
        }),
        schemaUrl: fc.constantFrom("", "", "", "https://schema"),
      }),
      { maxLength: 3 },
    ),
    { maxLength: 6 },
  );

  test("is the same, batch by batch or at once, from any capacity", () => {
    const property = fc.property(batches, fc.nat({ max: 2_000 }), (list, capacity) => {
      // What stood in a buffer before must not show.
      const request = createProtobufRequest(new Uint8Array(capacity).fill(0xa5));
      for (const batch of list) request.append(batch);
      const bytes = request.finish();
      expectCanonical(bytes);
      expect(Buffer.compare(bytes, encodeProtobuf(list.flat()))).toBe(0);
      expect(request.size()).toBe(bytes.length);
    });
    fc.assert(property, { numRuns: 300 });
  });

  test("joins what goes on with the same resource and scope, and nothing else", () => {
    const [, , first, second] = resources;
    const [, one, two] = scopes;
    const record: LogRecord = { attributes: [] };
    const request = createProtobufRequest(new Uint8Array(0));
    for (const [resource, scope] of [
      [first, one],
      [first, one],
      [first, two],
      [second, two],
      [first, one],
    ] as const) {
      request.append([{ resource, scopeLogs: [{ scope, logRecords: [record] }] }]);
    }
    const message = decodeOracle(request.finish());
    expect(message.resourceLogs.map(({ scopeLogs }) => scopeLogs.map((scope) => scope.logRecords.length))).toEqual([[2], [1], [1], [1]]);
  });

  test("may go on after it was finished", () => {
    const property = fc.property(batches, batches, (before, after) => {
      const request = createProtobufRequest(new Uint8Array(16));
      for (const batch of before) request.append(batch);
      const early = request.finish().slice();
      expectCanonical(early);
      for (const batch of after) request.append(batch);
      const bytes = request.finish();
      expectCanonical(bytes);
      expect(Buffer.compare(bytes.subarray(0, early.length), early)).toBe(0);
      expect(flatten(decodeOracle(bytes))).toEqual([
        ...flatten(decodeOracle(early)),
        ...flatten(decodeOracle(encodeProtobuf(after.flat()))),
      ]);
    });
    fc.assert(property, { numRuns: 200 });
  });
});

test("an attribute value is written the same wherever it stands", () => {
  const property = fc.property(anyValues, wellFormedKeys, (value, key) => {
    expect(roundTrip([{ key, value }])).toEqual([toFlatValue(value)]);
    expect(roundTrip([{ key: "outer", value: { [key]: value === undefined ? null : value } }])).toEqual([toFlatValue({ [key]: value })]);
  });
  fc.assert(property, { numRuns: 500 });
});

function caseOf(value: AnyValue): string | undefined {
  return decodeOracle(encodeProtobuf(oneRecord({ body: value }))).resourceLogs[0]?.scopeLogs[0]?.logRecords[0]?.body?.value.case;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}
