import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_ATTRIBUTES, MAX_KEY_LENGTH, MAX_STRING_LENGTH } from "../../../core/limits.ts";
import type { KeyValue } from "../../../core/otlp/model.ts";
import { pushAttribute, putAppAttributes, putAttribute, putFields, readAttribute } from "../../../core/read/attributes.ts";

const keysOf = (attributes: readonly KeyValue[]) => attributes.map(({ key }) => key);
const entriesOf = (attributes: readonly KeyValue[]) => attributes.map(({ key, value }) => [key, value]);

describe("pushAttribute", () => {
  test("leaves out what is absent in any way, and keeps what is false or zero", () => {
    const attributes: KeyValue[] = [];
    for (const value of [undefined, null, "", () => 1]) pushAttribute(attributes, "absent", value);
    for (const value of [0, false, " ", [], {}]) pushAttribute(attributes, "present", value);
    expect(entriesOf(attributes)).toEqual([0, false, " ", [], {}].map((value) => ["present", value]));
  });

  test("cuts a long string", () => {
    const attributes: KeyValue[] = [];
    pushAttribute(attributes, "a", "x".repeat(MAX_STRING_LENGTH + 1));
    expect(attributes[0]?.value).toHaveLength(MAX_STRING_LENGTH);
  });
});

describe("putAttribute", () => {
  test("lets the first one stay, and says so", () => {
    const attributes: KeyValue[] = [];
    expect(putAttribute(attributes, "a", 1)).toBe(true);
    expect(putAttribute(attributes, "a", 2)).toBe(false);
    expect(putAttribute(attributes, "b", null)).toBe(false);
    expect(putAttribute(attributes, "b", "")).toBe(true);
    expect(entriesOf(attributes)).toEqual([
      ["a", 1],
      ["b", ""],
    ]);
  });
});

test("readAttribute looks no further than it is told", () => {
  const attributes: KeyValue[] = [
    { key: "a", value: 1 },
    { key: "b", value: 2 },
  ];
  expect([readAttribute(attributes, "b"), readAttribute(attributes, "b", 1), readAttribute(attributes, "c")]).toEqual([
    2,
    undefined,
    undefined,
  ]);
});

describe("an app's own fields", () => {
  test("keep their names, and step aside for another value under the same name", () => {
    const attributes: KeyValue[] = [
      { key: "host", value: "platform" },
      { key: "same", value: 1 },
    ];
    expect(putFields(attributes, { host: "app", same: 1, own: true, none: null, gone: undefined, skipped: 1 }, ["skipped"])).toBe(0);
    expect(entriesOf(attributes)).toEqual([
      ["host", "platform"],
      ["same", 1],
      ["app.host", "app"],
      ["own", true],
    ]);
  });

  test("do not meet each other under the names that we give them", () => {
    const attributes: KeyValue[] = [{ key: "host", value: "platform" }];
    const dropped = putFields(attributes, { host: "app", "app.host": "other", "app.app.host": "third" });
    expect(entriesOf(attributes).slice(1)).toEqual([
      ["app.host", "app"],
      ["app.app.host", "other"],
      ["app.app.app.host", "third"],
    ]);
    expect(dropped).toBe(0);
    const reversed: KeyValue[] = [{ key: "host", value: "platform" }];
    expect(putFields(reversed, { "app.host": "other", host: "app" })).toBe(1);
    expect(entriesOf(reversed).slice(1)).toEqual([["app.host", "other"]]);
  });

  test("cannot speak in our own namespace", () => {
    const attributes: KeyValue[] = [];
    putFields(attributes, { "otlp_drain.decode_error": "x", "": "empty" });
    expect(entriesOf(attributes)).toEqual([
      ["app.otlp_drain.decode_error", "x"],
      ["otlp_drain.empty_key", "empty"],
    ]);
    const copied: KeyValue[] = [];
    putAppAttributes(copied, attributes);
    expect(copied).toEqual(attributes);
  });

  test("with a long name are cut, and two that become one are told apart or counted", () => {
    const long = "k".repeat(MAX_KEY_LENGTH);
    const attributes: KeyValue[] = [];
    const dropped = putFields(attributes, { [`${long}a`]: 1, [`${long}b`]: 2, [`${long}c`]: 3 });
    expect(new Set(keysOf(attributes)).size).toBe(attributes.length);
    expect(attributes.length + dropped).toBe(3);
  });

  test("beyond the cap are counted, however many", () => {
    const fields = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`k${index}`, index]));
    const attributes: KeyValue[] = [{ key: "platform", value: 1 }];
    expect(putFields(attributes, fields)).toBe(100_000 + 1 - MAX_ATTRIBUTES);
    expect(attributes).toHaveLength(MAX_ATTRIBUTES);
    expect(putAppAttributes(attributes, [{ key: "x", value: 1 }])).toBe(1);
  });

  test("any names on any record: keys stay unique, and what is not there is counted", () => {
    const names = fc.oneof(
      fc.constantFrom("a", "app.a", "app.app.a", "", "otlp_drain.empty_key", "otlp_drain.x", "__proto__"),
      fc.string(),
    );
    const lists = fc.uniqueArray(fc.tuple(names, fc.integer({ min: 1 })), { maxLength: 10, selector: ([name]) => name });
    const property = fc.property(lists, lists, (before, fields) => {
      const attributes = before.map(([key]): KeyValue => ({ key, value: "platform" }));
      const taken = attributes.length;
      const dropped = putFields(attributes, Object.fromEntries(fields));
      expect(new Set(keysOf(attributes)).size).toBe(attributes.length);
      expect(attributes.length - taken + dropped).toBe(fields.length);
    });
    fc.assert(property, { numRuns: 1_000 });
  });
});
