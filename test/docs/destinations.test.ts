// The README's lines for each backend, read by the code that reads them in earnest: what is pasted must work as it stands.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readConfig } from "../../core/config.ts";

/** Where the requests must go, and the headers that they must carry, as each backend's own page has it. */
const EXPECTED: Readonly<Record<string, readonly [url: string, headers: readonly string[]]>> = {
  "OpenTelemetry Collector": ["http://collector.example:4318/v1/logs", []],
  "Highlight, self-hosted": ["http://highlight.example:4318/v1/logs", []],
  "LaunchDarkly Observability": ["https://otel.observability.app.launchdarkly.com:4318/v1/logs", []],
  "Grafana Cloud": ["https://otlp-gateway-prod-eu-west-2.grafana.net/otlp/v1/logs", ["authorization: Basic ..."]],
  Honeycomb: ["https://api.honeycomb.io/v1/logs", ["x-honeycomb-team: ..."]],
  "New Relic": ["https://otlp.nr-data.net/v1/logs", ["api-key: ..."]],
  Datadog: ["https://otlp.datadoghq.com/v1/logs", ["dd-api-key: ..."]],
  "Better Stack": ["https://s1234567.eu-nbg-2.betterstackdata.com/v1/logs", ["authorization: Bearer ..."]],
  Axiom: ["https://api.axiom.co/v1/logs", ["authorization: Bearer ...", "x-axiom-dataset: ..."]],
  "SigNoz Cloud": ["https://ingest.us.signoz.cloud/v1/logs", ["signoz-ingestion-key: ..."]],
  "HyperDX (ClickStack)": ["http://clickstack.example:4318/v1/logs", ["authorization: ..."]],
  OpenObserve: ["https://openobserve.example/api/ORGANISATION/v1/logs", ["authorization: Basic ...", "stream-name: ..."]],
  Dash0: ["https://ingress.eu-west-1.aws.dash0.com/v1/logs", ["authorization: Bearer ..."]],
  "Elastic Cloud": ["https://my-project.ingest.us-east-1.aws.elastic.cloud/v1/logs", ["authorization: ApiKey ..."]],
};

const PROJECTS: Readonly<Record<string, string>> = {
  "Highlight, self-hosted": "1jdkoe52",
  "LaunchDarkly Observability": "sdk-01234567-89ab-cdef-0123-456789abcdef",
};

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
const [, section = ""] = /^## Destinations\n([\s\S]*?)^## /m.exec(readme) ?? [];
const rows = section
  .split("\n")
  .filter((line) => /^\| (?!Backend )/.test(line))
  .map((line) => {
    const [backend = "", lines = "", shownBy = ""] = line.slice(2).split(" | ");
    const pairs = [...lines.matchAll(/`(\w+)=([^`]+)`/g)].map(([, name = "", value = ""]) => [name, value] as const);
    return { backend, shownBy, env: Object.fromEntries(pairs) };
  });

test("the table names every backend once", () => {
  expect(rows.map(({ backend }) => backend)).toEqual(Object.keys(EXPECTED));
});

describe.each(rows)("the lines for $backend", ({ backend, env, shownBy }) => {
  const config = readConfig(env);

  test("are read without a fault or a doubt", () => {
    expect(config.ok ? config.value.warnings : config.error).toEqual([]);
  });

  test("lead where its own page says, with its headers and in its encoding", () => {
    if (!config.ok) throw new Error(config.error.map(({ message }) => message).join("\n"));
    const { otlp, highlightProjectId } = config.value;
    const headers = Object.entries(otlp.headers).map(([name, value]) => `${name}: ${value.replace(/[A-Z_0-9]+$|^default$/, "...")}`);
    expect([otlp.endpoint, headers, otlp.protocol]).toEqual([...(EXPECTED[backend] ?? []), "http/protobuf"]);
    expect(highlightProjectId).toBe(PROJECTS[backend]);
  });

  test("say by what they are shown", () => {
    expect(shownBy).toMatch(/\]\(https:\/\/|source code/);
  });
});
