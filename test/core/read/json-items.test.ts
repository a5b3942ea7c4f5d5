import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseJson } from "../../../core/read/json.ts";
import { BrokenItem, type Item, readJsonItems } from "../../../core/read/json-items.ts";

const BATCH_BYTES = 64 * 1024;

function read(text: string | Uint8Array, batchBytes = BATCH_BYTES): Item[] {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  return [...readJsonItems(bytes, batchBytes)].flat();
}

/** Broken items as their text in angle brackets, which makes them easy to tell from strings. */
function readMarked(text: string): unknown[] {
  return read(text).map((item) => (item instanceof BrokenItem ? `<${item.text}>` : item));
}

const objects = fc.array(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { noNullPrototype: true }), {
  minLength: 1,
  maxLength: 6,
});

describe("any framing of objects", () => {
  const framings: readonly (readonly [string, (texts: string[]) => string])[] = [
    ["an array", (texts) => `[${texts.join(",")}]`],
    ["an array, one element a line", (texts) => `[\n  ${texts.join(",\n  ")}\n]\n`],
    ["NDJSON", (texts) => `${texts.join("\n")}\n`],
    ["NDJSON with CRLF and blank lines", (texts) => `\r\n \r\n${texts.join("\r\n\r\n")}\r\n`],
    ["a byte order mark", (texts) => `\ufeff${texts.join("\n")}`],
    ["concatenated", (texts) => texts.join("")],
    ["pretty-printed", (texts) => texts.map((text) => JSON.stringify(JSON.parse(text), null, "\t")).join("\n")],
    ["arrays one a line", (texts) => texts.map((text) => `[${text}]`).join("\n")],
    ["arrays on one line", (texts) => texts.map((text) => `[${text},${text}]`).join(" ")],
    ["a pretty-printed array behind an object", (texts) => `{}\n[\n${texts.join(",\n")}\n]`],
  ];

  test.each(framings)("is read: %s", (name, frame) => {
    const property = fc.property(objects, fc.integer({ min: 1, max: 200 }), (list, batchBytes) => {
      const expected = name === "arrays on one line" ? list.flatMap((object) => [object, object]) : list;
      const items = read(frame(list.map((object) => JSON.stringify(object))), batchBytes);
      expect(name.includes("behind an object") ? items.slice(1) : items).toEqual(
        expected.map((object) => parseJson(JSON.stringify(object))),
      );
    });
    fc.assert(property, { numRuns: 200 });
  });

  test("is handed out in batches of about the asked size, none of them empty", () => {
    const texts = Array.from({ length: 1_000 }, (_, index) => JSON.stringify({ index, text: "x".repeat(80) }));
    for (const payload of [`[${texts.join(",")}]`, texts.join("\n"), `[${texts.join(",")}`, "[]\n".repeat(5_000) + texts.join("\n")]) {
      const batches = [...readJsonItems(new TextEncoder().encode(payload), 2_000)];
      expect(batches.length).toBeGreaterThan(30);
      expect(Math.max(...batches.map(({ length }) => length))).toBeLessThan(40);
      expect(Math.min(...batches.map(({ length }) => length))).toBeGreaterThan(0);
    }
  });

  test("is read lazily", () => {
    const bytes = new TextEncoder().encode('{"a":1}\n'.repeat(1_000));
    const [first] = readJsonItems(bytes, 1);
    expect(first).toEqual([{ a: 1 }]);
  });
});

test.each(["", " ", "\r\n\t", "\ufeff", "[]", "[ ]", "[\n]\n\n", "[]\n[]\n", "[,]"])("a payload of nothing has no items: %j", (payload) => {
  expect([...readJsonItems(new TextEncoder().encode(payload), BATCH_BYTES)]).toEqual([]);
});

describe("a broken item", () => {
  test.each<[string, string, unknown[]]>([
    ["a cut line", '{"a":1}\n{"b":\n{"c":3}\n', [{ a: 1 }, '<{"b":>', { c: 3 }]],
    ["a cut line inside a string", '{"a":1}\n{"b":"x\n{"c":3}\n', [{ a: 1 }, '<{"b":"x>', { c: 3 }]],
    ["a text line", '{"a":1}\nERROR boom\n{"c":3}', [{ a: 1 }, "<ERROR boom>", { c: 3 }]],
    ["a text line in brackets", '{"a":1}\n[ERROR] boom\n{"c":3}', [{ a: 1 }, "<[ERROR] boom>", { c: 3 }]],
    ["a text line first", '[ERROR] boom\n{"c":3}', ["<[ERROR] boom>", { c: 3 }]],
    ["a text line with an open bracket", '[2024 boom\n{"c":3},\n{"d":4}', ["<[2024 boom>", { c: 3 }, "<,>", { d: 4 }]],
    ["a wrong object before a good one on its line", '{x}{"a":1}{y} {"b":2}', ["<{x}>", { a: 1 }, "<{y}>", { b: 2 }]],
    ["text behind a wrong object", "{x} is text", ["<{x} is text>"]],
    ["text before an object", 'x {"a":1}\n{"b":2}', ['<x {"a":1}>', { b: 2 }]],
    ["a cut array line", '{"a":1}\n[{"b":2},{"c":\n{"d":4}', [{ a: 1 }, { b: 2 }, '<{"c":>', { d: 4 }]],
    ["a trailing comma", '[{"a":1},]', [{ a: 1 }]],
    ["text behind an array", '[{"a":1}] trailing', [{ a: 1 }, "<trailing>"]],
    ["a wrong element", '[{"a":1},{b:2},{"c":3}]', [{ a: 1 }, "<{b:2}>", { c: 3 }]],
    ["an element with an open string", '[{"a":1},{"b":"x},{"c":3}]', [{ a: 1 }, '<{"b":"x}>', { c: 3 }]],
    ["an element cut before a line", '[{"a":1},\n{"b":"x,\n{"c":3}]', [{ a: 1 }, '<{"b":"x>', { c: 3 }]],
    ["an element with an open bracket", '[{"a":1},{"b":[2},{"c":3}]', [{ a: 1 }, '<{"b":[2}>', { c: 3 }]],
    ["an element cut before an object that begins a line", '[{"a":1},{"b":\n{"c":3}]', [{ a: 1 }, '<{"b":>', { c: 3 }]],
    ["an array without an end", '[{"a":1},{"b":2}', [{ a: 1 }, { b: 2 }]],
    ["an array cut in an element", '[{"a":1},{"b":2', [{ a: 1 }, '<{"b":2>']],
    ["brackets the wrong way", '}{][\n{"a":1}', ["<}{][>", { a: 1 }]],
  ])("keeps its text and takes no good one with it: %s", (_, payload, expected) => {
    expect(readMarked(payload)).toEqual(expected);
  });

  test("says why, without an excerpt", () => {
    const [item] = read('{"secret":');
    expect(item).toEqual(new BrokenItem('{"secret":', "not JSON"));
  });

  test("among any good lines costs exactly itself", () => {
    const good = fc
      .dictionary(fc.string(), fc.jsonValue({ maxDepth: 1 }), { noNullPrototype: true })
      .map((object) => JSON.stringify(object));
    const bad = fc.constantFrom(
      "garbage",
      "{",
      '{"a',
      '{"a":',
      '{"a":1,}',
      "[ERROR] x",
      "[",
      '[{"a":1}, {',
      "}",
      "]",
      '"',
      "{'a':1}",
      '{"a":"\\',
      "nul",
    );
    const lines = fc.array(fc.oneof({ weight: 3, arbitrary: good }, { weight: 1, arbitrary: bad }), { minLength: 1, maxLength: 12 });
    const property = fc.property(lines, (list) => {
      // A single open bracket or brace is the beginning of what follows, not a broken line, and so is an array that begins the payload.
      fc.pre(!list[0]?.startsWith("[{") && !list.some((line) => ["[", "{", '{"a":'].includes(line)));
      const items = read(list.join("\n"));
      for (const line of list) {
        try {
          expect(items).toContainEqual(JSON.parse(line) && parseJson(line));
        } catch (error) {
          if (!(error instanceof SyntaxError)) throw error;
        }
      }
    });
    fc.assert(property, { numRuns: 500 });
  });
});

describe("values that are no objects", () => {
  test("are items as they are, on a line or in an array", () => {
    expect(read('1\n"two"\nnull\ntrue\n')).toEqual([1, "two", null, true]);
    expect(read('[1,"two",null,true,[[]],{}]')).toEqual([1, "two", null, true, [[]], {}]);
  });

  test("keep the digits of big integers", () => {
    expect(read('{"id":9007199254740993}\n[{"id":18446744073709551615}]')).toEqual([
      { id: 9_007_199_254_740_993n },
      { id: "18446744073709551615" },
    ]);
  });
});

test("invalid UTF-8 reads as U+FFFD and breaks nothing else", () => {
  const bytes = Uint8Array.from([...new TextEncoder().encode('{"a":"'), 0xff, 0xfe, ...new TextEncoder().encode('"}\n{"b":1}')]);
  expect(read(bytes)).toEqual([{ a: "\ufffd\ufffd" }, { b: 1 }]);
});

test("any bytes at all are read without a fault, and nothing but blanks and separators is lost", () => {
  const soup = fc.array(fc.constantFrom("{", "}", "[", "]", ",", '"', ":", "\\", "\n", " ", "a", "1", '{"k":1}', "[1]", '"s"'), {
    maxLength: 30,
  });
  const property = fc.property(
    soup.map((parts) => parts.join("")),
    fc.integer({ min: 1, max: 40 }),
    (text, batchBytes) => {
      const items = read(text, batchBytes);
      const left = items.map((item) => (item instanceof BrokenItem ? item.text : JSON.stringify(item))).join("");
      const letters = (value: string) => [...value.replace(/[^a1ks]/g, "")].sort().join("");
      // Of doubled keys in one object JSON keeps the last.
      if (!/"k":1[^{]*"k":1/.test(text)) expect(letters(left)).toBe(letters(text));
    },
  );
  fc.assert(property, { numRuns: 2_000 });
});

describe("an array beyond 4 MiB", () => {
  const elements = Array.from({ length: 50_000 }, (_, index) => `{"index":${index},"text":"${"x, ]}".repeat(15)}"}`);

  test("is cut into its elements without being parsed as a whole", () => {
    const payload = new TextEncoder().encode(`[${elements.join(" ,\n")}]`);
    expect(payload.length).toBeGreaterThan(4 * 1024 * 1024);
    const items = read(payload) as { readonly index: number }[];
    expect(items.map(({ index }) => index)).toEqual(elements.map((_, index) => index));
  });

  test("may be followed by more", () => {
    const items = read(`[${elements.join(",")}]\n{"last":true}\n`);
    expect(items).toHaveLength(elements.length + 1);
    expect(items.at(-1)).toEqual({ last: true });
  });
});
