// The golden loader is judged in a folder of its own: goldens must fail loudly when missing, different, orphaned, or written in CI.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { expectGolden, isUpdating, listCases, textOf } from "./fixtures.ts";
import { decodeOracle, encodeOracle } from "./oracle.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "fixtures-"));
  vi.stubEnv("UPDATE_GOLDEN", undefined);
  vi.stubEnv("CI", undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

function put(file: string, content: string): void {
  mkdirSync(join(root, "demo"), { recursive: true });
  writeFileSync(join(root, "demo", file), content);
}

const messageOf = (severityText: string) =>
  decodeOracle(encodeOracle({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ severityText, timeUnixNano: 5n }] }] }] }));

describe("listCases", () => {
  test("gives the payloads by name and leaves the goldens out", () => {
    put("b.ndjson", "{}");
    put("a.v2.json", "[]");
    put("a.v2.otlp.json", "{}");
    expect(listCases("demo", root).map(({ name, extension }) => [name, extension])).toEqual([
      ["a.v2", "json"],
      ["b", "ndjson"],
    ]);
    expect(listCases("demo", root).map(textOf)).toEqual(["[]", "{}"]);
  });

  test("throws for a source without fixtures, twin payloads and an orphaned golden", () => {
    expect(() => listCases("demo", root)).toThrow("no fixtures for demo");
    put("a.json", "");
    put("a.ndjson", "");
    expect(() => listCases("demo", root)).toThrow("share a name");
    rmSync(join(root, "demo", "a.ndjson"));
    put("gone.otlp.json", "{}");
    expect(() => listCases("demo", root)).toThrow("demo/gone.otlp.json is the golden of no payload");
  });
});

describe("expectGolden", () => {
  test("fails for a missing golden and writes none", () => {
    expect(() => expectGolden("demo", "a", messageOf("x"), root)).toThrow("the golden demo/a.otlp.json is missing");
    expect(existsSync(join(root, "demo"))).toBe(false);
  });

  test("writes under UPDATE_GOLDEN=1, then holds, and fails for another message", () => {
    vi.stubEnv("UPDATE_GOLDEN", "1");
    expectGolden("demo", "a", messageOf("x"), root);
    vi.stubEnv("UPDATE_GOLDEN", undefined);
    const golden = readFileSync(join(root, "demo", "a.otlp.json"), "utf8");
    expect(JSON.parse(golden).resourceLogs[0].scopeLogs[0].logRecords).toEqual([{ timeUnixNano: "5", severityText: "x" }]);
    expect(() => expectGolden("demo", "a", messageOf("x"), root)).not.toThrow();
    expect(() => expectGolden("demo", "a", messageOf("y"), root)).toThrow("differs from the golden demo/a.otlp.json");
  });

  test("refuses to write in CI", () => {
    vi.stubEnv("UPDATE_GOLDEN", "1");
    vi.stubEnv("CI", "true");
    expect(() => expectGolden("demo", "a", messageOf("x"), root)).toThrow("UPDATE_GOLDEN is set in CI");
  });
});

test("isUpdating is off for unset, empty and 0", () => {
  expect([{}, { UPDATE_GOLDEN: "" }, { UPDATE_GOLDEN: "0", CI: "1" }, { UPDATE_GOLDEN: "1" }].map(isUpdating)).toEqual([
    false,
    false,
    false,
    true,
  ]);
});

test("neither CI nor a package script writes goldens", () => {
  const root = new URL("../../", import.meta.url);
  const ci = fileURLToPath(new URL(".ci/", root));
  const scripts = readdirSync(ci, { withFileTypes: true }).filter((file) => file.isFile());
  for (const file of [...scripts.map(({ name }) => join(ci, name)), fileURLToPath(new URL("package.json", root))]) {
    expect(readFileSync(file, "utf8"), file).not.toMatch(/UPDATE_GOLDEN=["']?[^\s"'0]/);
  }
});
