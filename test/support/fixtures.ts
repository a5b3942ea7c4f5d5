// Golden fixtures: a real payload `test/fixtures/<source>/<case>.<ext>` beside the exact OTLP it becomes, `<case>.otlp.json`.
// `UPDATE_GOLDEN=1 vitest run ...` writes the goldens anew; read the diff before you commit it.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { type ExportLogsServiceRequest, toGolden } from "./oracle.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures/", import.meta.url));
const GOLDEN_SUFFIX = ".otlp.json";

/** One payload of a source. */
export interface Fixture {
  readonly source: string;
  /** File name without its last extension; reads as what is special about the payload (`one_broken_record_among_good`). */
  readonly name: string;
  /** `json`, `ndjson`, `bin`, ... without the dot. */
  readonly extension: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Every case of a source, by name. Throws when there is none, when two payloads share a name, and when a golden has lost its payload.
 * @param root Folder of the fixtures; only the tests of this file give another.
 */
export function listCases(source: string, root: string = FIXTURES): Fixture[] {
  const folder = join(root, source);
  const files = existsSync(folder) ? readdirSync(folder).sort() : [];
  const payloads = files.filter((file) => !file.endsWith(GOLDEN_SUFFIX));
  const cases = payloads.map((file): Fixture => {
    const dot = file.lastIndexOf(".");
    if (dot <= 0) throw new Error(`${source}/${file}: a fixture is named <case>.<ext>`);
    return { source, name: file.slice(0, dot), extension: file.slice(dot + 1), bytes: Uint8Array.from(readFileSync(join(folder, file))) };
  });
  const names = new Set(cases.map(({ name }) => name));
  if (cases.length === 0) throw new Error(`no fixtures for ${source}: put payloads into test/fixtures/${source}/`);
  if (names.size < cases.length) throw new Error(`two payloads in test/fixtures/${source}/ share a name and so one golden`);
  for (const file of files.filter((file) => file.endsWith(GOLDEN_SUFFIX))) {
    if (!names.has(file.slice(0, -GOLDEN_SUFFIX.length))) throw new Error(`${source}/${file} is the golden of no payload`);
  }
  return cases;
}

/** The text of a fixture; throws when it is not UTF-8. */
export function textOf({ bytes }: Fixture): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

/**
 * Compares a message with the golden of a case, or writes the golden when `UPDATE_GOLDEN=1`.
 * Fails when the golden is missing, and always when it would be written in CI.
 */
export function expectGolden(source: string, name: string, message: ExportLogsServiceRequest, root: string = FIXTURES): void {
  const file = join(root, source, name + GOLDEN_SUFFIX);
  const actual = toGolden(message);
  if (isUpdating(process.env)) {
    mkdirSync(join(root, source), { recursive: true });
    writeFileSync(file, `${JSON.stringify(actual, null, 2)}\n`);
    return;
  }
  const hint = "run with UPDATE_GOLDEN=1 to write it, and read the diff";
  if (!existsSync(file)) throw new Error(`the golden ${source}/${name}${GOLDEN_SUFFIX} is missing: ${hint}`);
  expect(actual, `differs from the golden ${source}/${name}${GOLDEN_SUFFIX}; if the new one is right, ${hint}`).toEqual(
    JSON.parse(readFileSync(file, "utf8")),
  );
}

/** Whether goldens are to be written. Throws in CI, where a golden that writes itself would prove nothing. */
export function isUpdating(env: Readonly<Record<string, string | undefined>>): boolean {
  const wanted = env["UPDATE_GOLDEN"] !== undefined && env["UPDATE_GOLDEN"] !== "" && env["UPDATE_GOLDEN"] !== "0";
  if (wanted && env["CI"]) throw new Error("UPDATE_GOLDEN is set in CI: goldens are written by a person, who reads the diff");
  return wanted;
}
