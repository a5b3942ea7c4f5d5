import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createGlobMatcher } from "../../../core/read/glob.ts";

/** The definition, by brute force. */
function matchesByDefinition(pattern: string, text: string): boolean {
  if (pattern === "") return text === "";
  if (pattern[0] !== "*") return text !== "" && pattern[0] === text[0] && matchesByDefinition(pattern.slice(1), text.slice(1));
  for (let taken = 0; taken <= text.length; taken++) if (matchesByDefinition(pattern.slice(1), text.slice(taken))) return true;
  return false;
}

describe("createGlobMatcher", () => {
  test.each([
    ["my-shipper", "my-shipper", true],
    ["my-shipper", "my-shipper-2", false],
    ["my-shipper", "My-Shipper", false],
    ["*", "", true],
    ["*", "anything", true],
    ["shipper*", "shipper", true],
    ["*-shipper", "log-shipper", true],
    ["*-shipper", "log-shipper-2", false],
    ["a*b*c", "a-b-c", true],
    ["a*b*c", "acb", false],
    ["ab*ba", "aba", false],
    ["*aab*", "aaab", true],
    ["a**c", "abc", true],
    ["a.c", "abc", false],
    ["[a-z]?", "b", false],
  ])("%s on %s: %s", (pattern, text, expected) => expect(createGlobMatcher([pattern])(text)).toBe(expected));

  test("matches when any pattern does, and never by an empty one", () => {
    const matches = createGlobMatcher(["", "exact", "log-*"]);
    expect([matches("exact"), matches("log-a"), matches("other"), matches("")]).toEqual([true, true, false, false]);
    expect(createGlobMatcher([])("anything")).toBe(false);
  });

  test("agrees with the definition", () => {
    const glob = fc.stringMatching(/^[ab*]{1,7}$/);
    fc.assert(
      fc.property(
        glob,
        fc.stringMatching(/^[ab]{0,9}$/),
        (pattern, text) => createGlobMatcher([pattern])(text) === matchesByDefinition(pattern, text),
      ),
      { numRuns: 2000 },
    );
  });

  test("takes time in proportion to the text, however many stars stand against it", () => {
    const text = "a".repeat(200_000);
    const matches = createGlobMatcher([`${"a*".repeat(1000)}b`, `${"*a".repeat(1000)}*b*`, `*${"a".repeat(100)}b*`]);
    const started = performance.now();
    expect(matches(text)).toBe(false);
    expect(performance.now() - started).toBeLessThan(500);
  });
});
