// Holds the documents to the code: names, links, commands and tables that they state exist as stated.
// `UPDATE_GOLDEN=1 vitest run test/docs.test.ts` writes the README's table of variables anew.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { HTTP_DRAINS } from "../adapters/http.ts";
import { VARIABLES } from "../core/config.ts";
import { VERSION } from "../core/version.ts";
import manifest from "../package.json" with { type: "json" };
import { isUpdating } from "./support/fixtures.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const VARIABLES_BEGIN = /<!-- variables[^>]*-->\n/;
const VARIABLES_END = "<!-- /variables -->";

const documents = [
  ...readdirSync(ROOT).filter((name) => name.endsWith(".md")),
  ...readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
].map((name) => ({ name, text: read(name) }));

test.each(["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])("%s exists", (name) => {
  expect(documents.map((document) => document.name)).toContain(name);
});

describe("the README's table of variables", () => {
  test("names every variable of the configuration, and no other", () => {
    if (isUpdating(process.env)) updateVariables();
    const named = readVariables().map((row) => /^\| `([^`]+)` \|/.exec(row)?.[1]);
    expect(named).toEqual(VARIABLES.map(({ name }) => name));
  });

  test("says of each what the code says", () => {
    expect(readVariables()).toEqual(VARIABLES.map(variableRow));
  });
});

test.each(HTTP_DRAINS)("the README's table of sources has a row for $name with its paths and its secret", ({ paths, secretVariable }) => {
  const rows = section(read("README.md"), "## Sources").filter((line) => line.startsWith("| "));
  const wanted = [...paths, secretVariable];
  expect(
    rows.filter((row) => wanted.every((word) => row.includes(word))),
    wanted.join(", "),
  ).toHaveLength(1);
});

describe.each(documents)("$name", ({ name, text }) => {
  test("links to files and headings that exist", () => {
    expect(readLinks(text).filter((link) => !leadsSomewhere(link, name, text))).toEqual([]);
  });

  test("names npm scripts that exist", () => {
    const named = [...text.matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g)].map(([, script, short]) => script ?? short ?? "");
    expect(named.filter((script) => !Object.hasOwn(manifest.scripts, script))).toEqual([]);
  });

  test("names files of this project that exist", () => {
    const named = [...text.matchAll(/`((?:core|adapters|test|docs)\/[\w./-]*)`/g)].map(([, path]) => path ?? "");
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});

test("the code's version is the package's, and the changelog knows it", () => {
  expect(VERSION).toBe(manifest.version);
  expect(read("CHANGELOG.md")).toMatch(new RegExp(`^## \\[?${manifest.version.replaceAll(".", "\\.")}\\]?\\b`, "m"));
});

function read(name: string): string {
  return readFileSync(join(ROOT, name), "utf8");
}

/** The rows between the marks, without the head. */
function readVariables(): string[] {
  const [, table = ""] = splitAtMarks(read("README.md"));
  return table
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .slice(2);
}

function updateVariables(): void {
  const [before, , after] = splitAtMarks(read("README.md"));
  const table = ["| Variable | Meaning | Default | Accepted |", "|---|---|---|---|", ...VARIABLES.map(variableRow)];
  writeFileSync(join(ROOT, "README.md"), `${before}${table.join("\n")}\n${after}`);
}

/** What stands before the table, the table, and what stands after it; the marks stay outside. */
function splitAtMarks(text: string): readonly [string, string, string] {
  const begin = VARIABLES_BEGIN.exec(text);
  const end = text.indexOf(VARIABLES_END);
  if (begin === null || end < 0) throw new Error("the README has lost the marks around its table of variables");
  const start = begin.index + begin[0].length;
  return [text.slice(0, start), text.slice(start, end), text.slice(end)];
}

function variableRow({ name, description, defaultValue, accepted, secret }: (typeof VARIABLES)[number]): string {
  const meaning = secret ? `${description} (secret)` : description;
  const cells = [`\`${name}\``, meaning, defaultValue === undefined ? "" : `\`${defaultValue}\``, accepted];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

/** The lines below a heading, up to the next one of any level. */
function section(text: string, heading: string): string[] {
  const lines = text.split("\n");
  const start = lines.indexOf(heading) + 1;
  const end = lines.findIndex((line, index) => index >= start && line.startsWith("#"));
  return start === 0 ? [] : lines.slice(start, end < 0 ? undefined : end);
}

/** Targets of links and images that are not on another host. */
function readLinks(text: string): string[] {
  return [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target ?? "")
    .filter((target) => !/^[a-z]+:/i.test(target));
}

function leadsSomewhere(link: string, from: string, text: string): boolean {
  const [path = "", anchor] = link.split("#", 2);
  const file = path === "" ? from : join(dirname(from), path);
  if (!existsSync(join(ROOT, file))) return false;
  if (anchor === undefined || !file.endsWith(".md")) return true;
  return readAnchors(path === "" ? text : read(file)).includes(anchor);
}

/** As GitHub makes them of headings. */
function readAnchors(text: string): string[] {
  return [...withoutCode(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** Fenced blocks may hold `#` comments and brackets of their own. */
function withoutCode(text: string): string {
  return text.replace(/^ *```[\s\S]*?^ *```$/gm, "");
}
