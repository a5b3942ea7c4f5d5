import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseJson } from "../../../core/read/json.ts";
import { toJsonText } from "../../../core/read/json-text.ts";

/** JSON whose numbers a double holds. */
const exactJson = fc
  .jsonValue()
  .map((value) => JSON.stringify(value, (_, member) => (Number.isInteger(member) && !Number.isSafeInteger(member) ? 0 : member)));

describe("parseJson", () => {
  test("reads what JSON.parse reads", () => {
    const property = fc.property(exactJson, (text) => {
      expect(parseJson(text)).toEqual(JSON.parse(text));
    });
    fc.assert(property);
  });

  test("is undefined for any text that is no JSON", () => {
    const property = fc.property(fc.string(), (text) => {
      let expected: unknown;
      try {
        expected = JSON.parse(text);
      } catch {
        expected = undefined;
      }
      expect(parseJson(text)).toEqual(expected);
    });
    fc.assert(property);
    expect(parseJson("")).toBeUndefined();
    expect(parseJson("{'a':1}")).toBeUndefined();
    expect(parseJson("[1,]")).toBeUndefined();
  });

  test.each<[string, string, unknown]>([
    ["the last safe integer", "9007199254740991", Number.MAX_SAFE_INTEGER],
    ["the first unsafe one", "9007199254740992", 9_007_199_254_740_992n],
    ["one that a double would round", "9007199254740993", 9_007_199_254_740_993n],
    ["a negative one", "-9007199254740993", -9_007_199_254_740_993n],
    ["the largest int64", "9223372036854775807", 9_223_372_036_854_775_807n],
    ["the smallest int64", "-9223372036854775808", -9_223_372_036_854_775_808n],
    ["one beyond int64", "9223372036854775808", "9223372036854775808"],
    ["one below int64", "-9223372036854775809", "-9223372036854775809"],
    ["an id of 30 digits", "123456789012345678901234567890", "123456789012345678901234567890"],
    ["a number too large for a double", "1e400", "1e400"],
    ["a negative one", "-1e400", "-1e400"],
    ["a large double", "1e300", 1e300],
    ["a double with a fraction", "1234567890.125", 1_234_567_890.125],
    ["minus zero", "-0", -0],
  ])("keeps the digits of %s, wherever it stands", (_, text, expected) => {
    expect(parseJson(text)).toBe(expected);
    expect(parseJson(`[1,{"a":{"b":[${text}]},"c":"${text}"}]`)).toEqual([1, { a: { b: [expected] }, c: text }]);
  });

  test("reads the rest of a text with a rounded number just as it reads others", () => {
    const property = fc.property(exactJson, (text) => {
      expect(parseJson(`[9007199254740993,${text}]`)).toEqual([9_007_199_254_740_993n, JSON.parse(text)]);
    });
    fc.assert(property);
  });

  test("keeps names that objects inherit as ordinary members, and touches no prototype", () => {
    for (const text of ['{"__proto__":{"polluted":1},"constructor":2}', '{"__proto__":{"polluted":1},"constructor":9007199254740993}']) {
      const value = parseJson(text) as object;
      expect(Object.keys(value)).toEqual(["__proto__", "constructor"]);
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    }
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  test("reads nesting that would overflow the stack of a reviver", () => {
    const depth = 200_000;
    const plain = parseJson("[".repeat(depth) + "]".repeat(depth));
    expect(Array.isArray(plain)).toBe(true);
    const rounded = parseJson(`[9007199254740993,${"[".repeat(depth)}${"]".repeat(depth)}]`);
    expect(Array.isArray(rounded)).toBe(true);
  });
});

describe("toJsonText", () => {
  test("writes what JSON.stringify writes", () => {
    const property = fc.property(fc.jsonValue(), (value) => {
      expect(toJsonText(value)).toBe(JSON.stringify(value));
    });
    fc.assert(property);
  });

  test("keeps the digits of big integers, has no text for undefined, and cuts what is too deep", () => {
    expect(toJsonText({ a: [9_007_199_254_740_993n] })).toBe('{"a":["9007199254740993"]}');
    expect(toJsonText(undefined)).toBe("");
    let deep: unknown = 1;
    for (let depth = 0; depth < 200_000; depth++) deep = [deep];
    expect(toJsonText(deep)).toContain("[truncated: depth]");
  });
});
