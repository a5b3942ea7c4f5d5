import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseLogfmt } from "../../../core/read/logfmt.ts";

describe("logfmt is", () => {
  test.each<[string, Record<string, string>]>([
    ["level=info msg=started", { level: "info", msg: "started" }],
    ['level=info msg="a b" port=8080', { level: "info", msg: "a b", port: "8080" }],
    ['msg="say \\"hi\\" \\\\ \\n"', { msg: 'say "hi" \\ \n' }],
    ['msg="bad \\x escape"', { msg: "bad \\x escape" }],
    ['msg="" empty= last=', { msg: "", empty: "", last: "" }],
    ["lvl=warn   a=b  ", { lvl: "warn", a: "b" }],
    [
      "severity=ERROR k8s.pod/name=x @timestamp=2025-01-01T00:00:00Z a_b-c=1",
      { severity: "ERROR", "k8s.pod/name": "x", "@timestamp": "2025-01-01T00:00:00Z", "a_b-c": "1" },
    ],
    ["message=hi url=https://x.example/?a=b&c=d", { message: "hi", url: "https://x.example/?a=b&c=d" }],
    ["level=info constructor=a toString=b", { level: "info", constructor: "a", toString: "b" }],
    ["level=info\n", { level: "info" }],
  ])("%j", (text, pairs) => expect(parseLogfmt(text)).toEqual(pairs));

  test("with __proto__ as a key like any other", () => {
    const pairs = parseLogfmt("level=info __proto__=x") as object;
    expect(Object.entries(pairs)).toEqual([
      ["level", "info"],
      ["__proto__", "x"],
    ]);
    expect(Object.getPrototypeOf(pairs)).toBe(Object.prototype);
  });
});

describe("logfmt is not", () => {
  test.each([
    ["prose", "set level=5 and be done"],
    ["prose that ends in a pair", "started with level=info"],
    ["pairs without a level or a message", "a=b c=d"],
    ["a marker in a value only", "a=level=info"],
    ["several lines, whose last would win", "level=info msg=a\nlevel=error msg=b"],
    ["a key twice, whose last would win", "level=info msg=a msg=b"],
    ["an unclosed quote", 'level=info msg="a'],
    ["text behind a quote", 'level=info msg="a"b'],
    ["an escape at the end", 'level=info msg="a\\'],
    ["a bare word", "level=info debug"],
    ["a key that is none", "level=info 1a=b"],
    ["a URL query", "https://x.example/?level=info&msg=a"],
    ["JSON", '{"msg":"level=info"}'],
    ["empty", ""],
    ["too long", `level=info msg=${"x".repeat(70_000)}`],
    ["too many pairs", `level=info ${Array.from({ length: 300 }, (_, index) => `k${index}=v`).join(" ")}`],
  ])("%s", (_, text) => expect(parseLogfmt(text)).toBeUndefined());
});

test("any pairs come back", () => {
  const keys = fc.stringMatching(/^[A-Za-z_@][A-Za-z0-9_.@/-]{0,10}$/);
  const values = fc.string({ unit: "grapheme", maxLength: 12 });
  const property = fc.property(fc.uniqueArray(fc.tuple(keys, values), { selector: ([key]) => key, maxLength: 8 }), (pairs) => {
    const all = [["level", "info"] as const, ...pairs.filter(([key]) => key !== "level")];
    const text = all.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(" ");
    expect(parseLogfmt(text)).toEqual(Object.fromEntries(all));
  });
  fc.assert(property);
});

test("any text is read without a fault", () => {
  const parts = fc.array(fc.constantFrom("level=", "msg=", '"', "\\", " ", "a", "=", "\n", "info"), { maxLength: 20 });
  fc.assert(
    fc.property(
      parts.map((list) => list.join("")),
      (text) => void parseLogfmt(text),
    ),
    { numRuns: 1_000 },
  );
});
