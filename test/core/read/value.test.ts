import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_STRING_LENGTH, MAX_VALUE_DEPTH, MAX_VALUE_MEMBERS } from "../../../core/limits.ts";
import { type AnyValue, Float64 } from "../../../core/otlp/model.ts";
import { encodeProtobuf } from "../../../core/otlp/protobuf.ts";
import { defineMember, EMPTY_KEY, TRUNCATION_MARK, toAnyValue, truncate } from "../../../core/read/value.ts";
import { decodeOracle, flatten } from "../../support/oracle.ts";

/** Depth of the deepest container. */
function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe("what is safe already", () => {
  test("comes back as the very same object", () => {
    const value = { a: [1, "b", null, { c: true, d: 2n ** 70n }], bytes: Uint8Array.of(1), double: new Float64(1), none: undefined };
    expect(toAnyValue(value)).toBe(value);
  });

  test("is any parsed JSON without an empty key", () => {
    const property = fc.property(fc.jsonValue(), (value) => {
      fc.pre(!JSON.stringify(value).includes('"":'));
      expect(toAnyValue(value)).toBe(value);
    });
    fc.assert(property);
  });
});

describe("scalars", () => {
  test.each<[string, unknown, AnyValue | undefined]>([
    ["NaN", Number.NaN, "NaN"],
    ["infinity", Number.NEGATIVE_INFINITY, "-Infinity"],
    ["null", null, null],
    ["undefined", undefined, undefined],
    ["a function", () => 1, undefined],
    ["a symbol", Symbol("s"), undefined],
    ["an empty string", "", ""],
    ["a big integer", 2n ** 64n, 2n ** 64n],
  ])("%s", (_, value, expected) => expect(toAnyValue(value)).toBe(expected));
});

describe("exotic objects", () => {
  class Point {
    x = 1;
    method() {}
    get inherited(): number {
      return 2;
    }
  }
  /** Made as before there were classes: what it inherits is enumerable. */
  function Legacy(this: { own: number }) {
    this.own = 1;
  }
  Legacy.prototype.inherited = () => 1;

  test.each<[string, unknown, unknown]>([
    [
      "a Map",
      new Map<unknown, unknown>([
        ["a", 1],
        [2, [Number.NaN]],
        [null, "n"],
      ]),
      { a: 1, "2": ["NaN"], null: "n" },
    ],
    ["a Set", new Set([1, "a"]), [1, "a"]],
    ["a Date", new Date(0), "1970-01-01T00:00:00.000Z"],
    ["a URL", new URL("https://a.example/x"), "https://a.example/x"],
    ["an invalid Date", new Date(Number.NaN), null],
    ["a class instance", new Point(), { x: 1 }],
    [
      "toJSON that throws",
      {
        toJSON: () => {
          throw new Error("no");
        },
      },
      "[unreadable]",
    ],
    [
      "toJSON that returns itself",
      {
        toJSON() {
          return this;
        },
      },
      "[circular]",
    ],
    ["toJSON that returns nothing", { toJSON: () => undefined }, null],
    ["toJSON that returns an object", { toJSON: () => ({ a: Number.NaN }) }, { a: "NaN" }],
    ["toJSON that is no function", { toJSON: 1 }, { toJSON: 1 }],
    [
      "a getter that throws",
      {
        get a(): number {
          throw new Error("no");
        },
        b: 1,
      },
      { a: "[unreadable]", b: 1 },
    ],
    ["an object without prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    ["functions inside", { a: () => 1, b: [() => 1, 2] }, { a: undefined, b: [null, 2] }],
    ["a sparse array", Object.assign([], { length: 2, 1: "b" }), [null, "b"]],
  ])("%s", (_, value, expected) => expect(toAnyValue(value)).toEqual(expected));

  test("an Error keeps its name, message and stack", () => {
    const error = new TypeError("boom");
    expect(toAnyValue({ error })).toEqual({ error: { name: "TypeError", message: "boom", stack: error.stack } });
  });

  test("what an object inherits does not reach the wire", () => {
    const body = toAnyValue(Reflect.construct(Legacy, [])) as AnyValue;
    const message = decodeOracle(encodeProtobuf([{ scopeLogs: [{ logRecords: [{ attributes: [], body }] }] }]));
    expect(flatten(message)[0]?.body).toEqual({ own: 1 });
  });

  test("a cycle ends where it closes, and a value that is merely used twice does not count as one", () => {
    const shared = { a: 1 };
    const cyclic: Record<string, unknown> = { one: shared, two: [shared] };
    cyclic["self"] = cyclic;
    cyclic["list"] = [{ up: cyclic }];
    expect(toAnyValue(cyclic)).toEqual({ one: shared, two: [shared], self: "[circular]", list: [{ up: "[circular]" }] });
  });
});

describe("caps", () => {
  test("depth: nesting ends with a mark", () => {
    let value: unknown = "core";
    for (let depth = 0; depth < 100_000; depth++) value = depth % 2 === 0 ? { m: value } : [value];
    const cut = toAnyValue(value);
    expect(depthOf(cut)).toBe(MAX_VALUE_DEPTH);
    expect(JSON.stringify(cut)).toContain("[truncated: depth]");
    let fits: unknown = "core";
    for (let depth = 0; depth < MAX_VALUE_DEPTH; depth++) fits = [fits];
    expect(toAnyValue(fits)).toBe(fits);
  });

  test("members of an array: the rest is counted in a last element", () => {
    const array = Array.from({ length: MAX_VALUE_MEMBERS + 3 }, (_, index) => index);
    const cut = toAnyValue(array) as AnyValue[];
    expect(cut).toHaveLength(MAX_VALUE_MEMBERS + 1);
    expect(cut.at(-1)).toBe("[truncated: 3 more]");
    expect(array).toHaveLength(MAX_VALUE_MEMBERS + 3);
    expect(toAnyValue(array.slice(0, MAX_VALUE_MEMBERS))).toHaveLength(MAX_VALUE_MEMBERS);
  });

  test("members of a map: the rest is counted in a last member", () => {
    const map = Object.fromEntries(
      Array.from({ length: MAX_VALUE_MEMBERS + 3 }, (_, index) => [`k${index}`, index === 5 ? Number.NaN : index]),
    );
    const cut = toAnyValue(map) as Record<string, AnyValue>;
    expect(Object.keys(cut)).toHaveLength(MAX_VALUE_MEMBERS + 1);
    expect([cut["k5"], cut[`k${MAX_VALUE_MEMBERS}`], cut["otlp_drain.truncated_members"]]).toEqual(["NaN", undefined, 3]);
    expect(map["k5"]).toBeNaN();
  });

  test("length: a string is cut and marked, also inside", () => {
    const long = "x".repeat(MAX_STRING_LENGTH + 1);
    for (const cut of [toAnyValue(long), (toAnyValue([long]) as string[])[0], (toAnyValue({ a: long }) as { a: string }).a]) {
      expect(cut).toHaveLength(MAX_STRING_LENGTH);
      expect((cut as string).endsWith(TRUNCATION_MARK)).toBe(true);
    }
    const fits = "x".repeat(MAX_STRING_LENGTH);
    expect(toAnyValue(fits)).toBe(fits);
  });

  test("any JavaScript value at all gives something that both the cap and the encoder accept, and stays as it was", () => {
    const property = fc.property(
      fc.anything({
        withBigInt: true,
        withDate: true,
        withMap: true,
        withSet: true,
        withNullPrototype: true,
        withSparseArray: true,
        withTypedArray: true,
        maxDepth: 4,
      }),
      (value) => {
        const safe = toAnyValue(value);
        if (safe === undefined) return;
        const bytes = encodeProtobuf([{ scopeLogs: [{ logRecords: [{ attributes: [], body: safe }] }] }]);
        expect(flatten(decodeOracle(bytes))).toHaveLength(1);
      },
    );
    fc.assert(property, { numRuns: 500 });
  });
});

describe("keys", () => {
  test("the empty one gets a visible name", () => {
    expect(toAnyValue({ "": 1, a: 2 })).toEqual({ [EMPTY_KEY]: 1, a: 2 });
    expect(toAnyValue([{ "": { "": "deep" } }])).toEqual([{ [EMPTY_KEY]: { [EMPTY_KEY]: "deep" } }]);
  });

  test("__proto__ is one like any other, also where a copy is made", () => {
    const value = JSON.parse('{"__proto__":{"polluted":null},"n":1,"":2}');
    const safe = toAnyValue({ outer: value, bad: Number.NaN }) as { outer: object };
    expect(Object.entries(safe.outer)).toEqual([
      ["__proto__", { polluted: null }],
      ["n", 1],
      [EMPTY_KEY, 2],
    ]);
    expect(Object.getPrototypeOf(safe.outer)).toBe(Object.prototype);
    const map: Record<string, AnyValue | undefined> = {};
    defineMember(map, "__proto__", "p");
    expect(Object.entries(map)).toEqual([["__proto__", "p"]]);
  });
});

describe("truncate", () => {
  test("never passes the length and never cuts a surrogate pair", () => {
    const property = fc.property(
      fc.string({ unit: "binary", maxLength: 60 }),
      fc.integer({ min: TRUNCATION_MARK.length, max: 60 }),
      (text, length) => {
        const cut = truncate(text, length);
        expect(cut.length).toBeLessThanOrEqual(length);
        if (text.length <= length) expect(cut).toBe(text);
        else expect(text.startsWith(cut.slice(0, -TRUNCATION_MARK.length))).toBe(true);
        if (text.isWellFormed()) expect(cut.isWellFormed()).toBe(true);
      },
    );
    fc.assert(property);
    expect(truncate(`${"a".repeat(9)}😀${"b".repeat(20)}`, 10 + TRUNCATION_MARK.length)).toBe(`${"a".repeat(9)}${TRUNCATION_MARK}`);
  });
});
