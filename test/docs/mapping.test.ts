import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { ResourceLogs } from "../../core/otlp/model.ts";
import { type Mapping, traceFields } from "./mapping.ts";
import { createPages } from "./pages.ts";
import { PLATFORMS } from "./platforms.ts";

const FOLDER = new URL("../../docs/mapping/", import.meta.url);
const FIXTURES = fileURLToPath(new URL("../fixtures/", import.meta.url));

describe("the pages of docs/mapping", () => {
  test.each(createPages())("$file is what `npm run docs` would write", ({ file, text }) => {
    const url = new URL(file, FOLDER);
    expect(existsSync(url), "run `npm run docs`").toBe(true);
    expect(readFileSync(url, "utf8"), "run `npm run docs`").toBe(text);
  });

  test("are one for each source that has fixtures, and all are linked in the README", () => {
    const sources = readdirSync(FIXTURES, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
    expect(PLATFORMS.map(({ name }) => name).sort()).toEqual(sources.sort());
    expect(readdirSync(FOLDER).sort()).toEqual(sources.map((name) => `${name}.md`).sort());
    const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
    expect(sources.filter((name) => !readme.includes(`(docs/mapping/${name}.md)`))).toEqual([]);
  });
});

describe("tracing", () => {
  interface Item {
    readonly host?: string;
    readonly level?: string;
    readonly note?: string;
    readonly inner?: { readonly ok: boolean };
    readonly app?: string;
    readonly skip?: boolean;
  }

  /** A platform that loses `note`, and drops whole items. */
  function decode(text: string): readonly ResourceLogs[] {
    const items: readonly Item[] = JSON.parse(text);
    return items
      .filter(({ skip }) => skip !== true)
      .map(({ host, level, inner, app }) => ({
        resource: { attributes: [{ key: "host.name", value: host ?? "" }] },
        scopeLogs: [
          {
            logRecords: [
              {
                severityText: level,
                body: app === undefined ? "" : JSON.parse(app).msg,
                attributes: inner === undefined ? [] : [{ key: "inner", value: { ok: inner.ok } }],
              },
            ],
          },
        ],
      }));
  }

  function trace(items: readonly Item[]): Record<string, string> {
    const mapping: Mapping = new Map();
    traceFields(JSON.stringify(items), decode, mapping);
    return Object.fromEntries(
      [...mapping].map(([path, { resource, record, attributes }]) => [path, [...resource, "|", ...record, "|", ...attributes].join(" ")]),
    );
  }

  test("finds resource, record and attributes, in maps and inside a text that is JSON", () => {
    expect(trace([{ host: "a", level: "info", inner: { ok: true }, app: '{"msg":"hi"}' }])).toEqual({
      host: "host.name | |",
      level: "| severity_text |",
      "inner.ok": "| | inner > ok",
      "app > msg": "| body |",
    });
  });

  test("shows what is lost, and what decides whether there is a record", () => {
    expect(trace([{ note: "lost", skip: false }])).toEqual({ note: "| |", skip: "| (which records there are) |" });
  });

  test("tells one item's field from another's", () => {
    expect(trace([{ host: "a" }, { host: "b", level: "warn" }])).toEqual({ host: "host.name | |", level: "| severity_text |" });
  });
});
