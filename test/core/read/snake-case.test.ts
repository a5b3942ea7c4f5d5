import fc from "fast-check";
import { expect, test } from "vitest";
import { toSnakeCase } from "../../../core/read/snake-case.ts";

test.each([
  ["executionRegion", "execution_region"],
  ["drainUrl", "drain_url"],
  ["drainURL", "drain_url"],
  ["HTTPStatusCode", "http_status_code"],
  ["ja4Digest", "ja4_digest"],
  ["already_snake", "already_snake"],
  ["kebab-case-name", "kebab_case_name"],
  ["with  spaces", "with_spaces"],
  ["trace.id", "trace.id"],
  ["A", "a"],
  ["", ""],
  ["__proto__", "__proto__"],
  ["x2Y", "x2_y"],
])("%s is %s", (name, expected) => expect(toSnakeCase(name)).toBe(expected));

test("a name in snake_case stays as it is", () => {
  const property = fc.property(fc.string({ unit: fc.constantFrom(..."abcABC019_-. ") }), (name) => {
    expect(toSnakeCase(toSnakeCase(name))).toBe(toSnakeCase(name));
  });
  fc.assert(property);
});

test("a name of a megabyte takes no time", () => {
  expect(toSnakeCase("aB".repeat(500_000))).toHaveLength(1_500_000);
});
