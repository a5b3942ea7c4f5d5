import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ParsedItem, parseSubscription } from "../../../../core/read/cloudwatch/envelope.ts";
import { parseJson } from "../../../../core/read/json.ts";
import { BrokenItem } from "../../../../core/read/json-items.ts";

/** An item as comparable data. */
const plain = (text: string) =>
  parseSubscription(text).map((item) => {
    if (item instanceof ParsedItem) return { object: item.object };
    return item instanceof BrokenItem ? { broken: item.text } : item;
  });
const ENVELOPE = { messageType: "DATA_MESSAGE", logGroup: "g", logEvents: [] };

describe("parseSubscription", () => {
  test.each(["", " \n\t\r\n", "\ufeff", "[]"])("finds nothing in nothing: %j", (text) => {
    expect(plain(text).filter((item) => item !== "[]")).toEqual([]);
  });

  test("finds envelopes that follow each other without a separator, on one line or many", () => {
    const compact = JSON.stringify(ENVELOPE);
    expect(plain(`${compact}${compact}\n${compact}\n\n${JSON.stringify(ENVELOPE, null, 2)} ${compact}`)).toEqual(Array(5).fill(ENVELOPE));
  });

  test("tells an envelope, another object and a bare line apart", () => {
    expect(plain(`${JSON.stringify(ENVELOPE)}\n{"a":1}\nbare\n`)).toEqual([ENVELOPE, { object: { a: 1 } }, "bare"]);
  });

  test("takes an array of objects for a batch, and any other for a line", () => {
    expect(plain('[{"a":1},{"a":2}]\n[1,2]\n["x"]\n[ERROR] {"a":1}\n[{"a":1},2]')).toEqual([
      { object: { a: 1 } },
      { object: { a: 2 } },
      "[1,2]",
      '["x"]',
      '[ERROR] {"a":1}',
      '[{"a":1},2]',
    ]);
  });

  test("keeps prose around an object in one line, and a line's indentation", () => {
    expect(plain('{"a":1} is the limit\n\n  {b}\n\tat f ()\r\n"text"\n12')).toEqual([
      '{"a":1} is the limit',
      "  {b}",
      "\tat f ()",
      '"text"',
      "12",
    ]);
  });

  test("marks an envelope that was cut, and takes no good line with it", () => {
    const cut = JSON.stringify(ENVELOPE).slice(0, -2);
    expect(plain(`${cut}\n{"a":1}\n`)).toEqual([{ broken: cut }, { object: { a: 1 } }]);
  });

  test("keeps the text of an object as it came", () => {
    expect(parseSubscription(' {"n": 1.0} \n')[0]).toEqual(new ParsedItem({ n: 1 }, '{"n": 1.0}'));
  });

  test("finds every object again, whatever blanks stand between", () => {
    const objects = fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { minLength: 1, maxLength: 8 });
    const separators = fc.array(fc.constantFrom("", " ", "\n", "\r\n", "\n\n \t"), { minLength: 8, maxLength: 8 });
    const property = fc.property(objects, separators, (values, blanks) => {
      const text = values.map((value, index) => JSON.stringify(value) + blanks[index]).join("");
      const expected = values.map((value) => parseJson(JSON.stringify(value)));
      expect(plain(text).map((item) => (typeof item === "object" && "object" in item ? item.object : item))).toEqual(expected);
    });
    fc.assert(property);
  });

  test("loses no line of any text", () => {
    const property = fc.property(fc.array(fc.string({ unit: fc.constantFrom(...'{}[]"\\,:a1 \t') })), (lines) => {
      // An array is taken apart, and so its brackets are not there any more.
      fc.pre(!lines.some((line) => Array.isArray(parseJson(line))));
      const found = parseSubscription(lines.join("\n"))
        .map((item) => (item instanceof ParsedItem || item instanceof BrokenItem ? item.text : String(item)))
        .join("");
      expect(found.replace(/\s/g, "")).toBe(lines.join("").replace(/\s/g, ""));
    });
    fc.assert(property, { numRuns: 2_000 });
  });
});
