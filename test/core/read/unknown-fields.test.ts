import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_ATTRIBUTES, MAX_KEY_LENGTH } from "../../../core/limits.ts";
import type { KeyValue } from "../../../core/otlp/model.ts";
import { createUnknownFields, putUnknownFields } from "../../../core/read/unknown-fields.ts";

describe("createUnknownFields", () => {
  test("names what is not known, for any sequence of objects", () => {
    const keys = fc.constantFrom("known", "other", "a", "b", "__proto__", "constructor", "0", "");
    const objects = fc.array(
      fc.array(fc.tuple(keys, fc.integer())).map((entries): Record<string, unknown> => Object.fromEntries(entries)),
      { maxLength: 20 },
    );
    const property = fc.property(objects, (list) => {
      const unknownFields = createUnknownFields(new Set(["known", "other"]));
      for (const object of list) {
        expect(unknownFields(object)).toEqual(Object.keys(object).filter((key) => key !== "known" && key !== "other"));
      }
    });
    fc.assert(property);
  });

  test("sees a name more, a name less and another order", () => {
    const unknownFields = createUnknownFields(new Set(["a"]));
    expect(unknownFields({ a: 1, b: 2 })).toEqual(["b"]);
    expect(unknownFields({ a: 1, b: 2, c: 3 })).toEqual(["b", "c"]);
    expect(unknownFields({ a: 1 })).toEqual([]);
    expect(unknownFields({ c: 1, b: 2 })).toEqual(["c", "b"]);
    expect(unknownFields({})).toEqual([]);
  });
});

describe("putUnknownFields", () => {
  function put(object: Record<string, unknown>, before: readonly KeyValue[] = []): { entries: unknown[]; dropped: number } {
    const attributes = [...before];
    const dropped = putUnknownFields(attributes, object, Object.keys(object), "v.");
    return { entries: attributes.slice(before.length).map(({ key, value }) => [key, value]), dropped };
  }

  test("puts them under the namespace in snake_case, absent ones aside", () => {
    expect(put({ newField: 1, drainURL: "u", "v.ownName": 2, none: null, empty: "", zero: 0 })).toEqual({
      entries: [
        ["v.new_field", 1],
        ["v.drain_url", "u"],
        ["v.ownName", 2],
        ["v.zero", 0],
      ],
      dropped: 0,
    });
  });

  test("keeps two spellings of one name apart", () => {
    expect(put({ newField: 1, new_field: 2, NewField: 3 }).entries).toEqual([
      ["v.new_field", 1],
      ["v.other.new_field", 2],
      ["v.NewField", 3],
    ]);
    expect(put({ "log.source": 1 }, [{ key: "v.log.source", value: "table" }]).entries).toEqual([["v.other.log.source", 1]]);
  });

  test("cuts long names, and counts what it cannot place", () => {
    const long = "k".repeat(MAX_KEY_LENGTH);
    const { entries, dropped } = put({ [`${long}a`]: 1, [`${long}b`]: 2, [`${long}c`]: 3 });
    expect([entries.length, dropped]).toEqual([2, 1]);
  });

  test("stops at the cap, counts the rest, and stays linear", () => {
    const fields = Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [`field${index}`, index]));
    const { entries, dropped } = put(fields);
    expect([entries.length, dropped]).toEqual([MAX_ATTRIBUTES, 200_000 - MAX_ATTRIBUTES]);
  });

  test("keeps keys unique for any names, few or many", () => {
    const names = fc.uniqueArray(
      fc.oneof(fc.constantFrom("aB", "a_b", "a-b", "AB", "v.aB", "v.a_b", "other.a_b", "v.other.aB"), fc.string()),
      { maxLength: 20 },
    );
    const property = fc.property(names, (list) => {
      const { entries, dropped } = put(Object.fromEntries(list.map((name) => [name, 1])), [{ key: "v.a_b", value: 0 }]);
      const keys = (entries as [string, unknown][]).map(([key]) => key);
      expect(new Set([...keys, "v.a_b"]).size).toBe(entries.length + 1);
      expect(entries.length + dropped).toBe(list.length);
    });
    fc.assert(property, { numRuns: 500 });
  });
});
