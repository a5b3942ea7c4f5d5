// A real OpenTelemetry Collector as the destination: every platform's delivery comes out of it as our own receiver reads it.
// Needs a Collector with the otlp receiver and the file exporter: `OTELCOL_BIN=/path/to/otelcol-contrib npx vitest run test/collector.test.ts`.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { startServer } from "../adapters/node.ts";
import { createOtlpExporter } from "../core/export/deliver.ts";
import { countRecords } from "../core/otlp/model.ts";
import { smokeEnv } from "./anywhere/smoke.ts";
import { DEMO_DELIVERIES } from "./demo/deliveries.ts";
import { PLATFORMS } from "./docs/platforms.ts";
import { listCases } from "./support/fixtures.ts";
import { readTestConfig } from "./support/http-app.ts";
import { type FlatRecord, flatten, parseJson } from "./support/oracle.ts";
import { startReceiver } from "./support/receiver.ts";

const { OTELCOL_BIN, PATH } = process.env;
if (!OTELCOL_BIN) console.log("skipped: a real Collector as the destination (set OTELCOL_BIN to its binary)");

describe.runIf(OTELCOL_BIN)("a Collector", () => {
  test.each(["http/protobuf", "http/json"])("takes everything over %s, and hands it on unchanged", async (protocol) => {
    const expected = await recordsAtReceiver(protocol);
    const collector = await startCollector();
    try {
      await deliverAll({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_EXPORTER_OTLP_PROTOCOL: protocol });
      await vi.waitFor(() => expect(collector.records()).toHaveLength(expected.length), { timeout: 15_000 });
      expect(collector.records().map(withoutArrival).sort(byText)).toEqual(expected.map(withoutArrival).sort(byText));
    } finally {
      await collector.stop();
    }
  });

  test.each(["http/protobuf", "http/json"] as const)("takes the records of every fixture over %s", async (protocol) => {
    const collector = await startCollector();
    try {
      const exporter = createOtlpExporter({ endpoint: `${collector.url}/v1/logs`, protocol, now: Date.now });
      let delivered = 0;
      for (const { name, decode } of PLATFORMS) {
        for (const fixture of listCases(name)) {
          const resourceLogs = decode(new TextDecoder().decode(fixture.bytes));
          const exported = await exporter.export([resourceLogs], { deadlineMs: Date.now() + 10_000 });
          const count = countRecords(resourceLogs);
          expect(exported, `${name}/${fixture.name}`).toEqual({ ok: true, value: { delivered: count, rejected: 0, notes: [] } });
          delivered += count;
        }
      }
      expect(delivered).toBeGreaterThan(0);
      await vi.waitFor(() => expect(collector.records()).toHaveLength(delivered), { timeout: 15_000 });
    } finally {
      await collector.stop();
    }
  });
});

async function recordsAtReceiver(protocol: string): Promise<readonly FlatRecord[]> {
  const receiver = await startReceiver();
  try {
    await deliverAll({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.href, OTEL_EXPORTER_OTLP_PROTOCOL: protocol });
    return receiver.accepted;
  } finally {
    await receiver.close();
  }
}

/** Sends one delivery of every platform through a real server. */
async function deliverAll(env: Readonly<Record<string, string>>): Promise<void> {
  const server = await startServer(readTestConfig({ ...smokeEnv(env["OTEL_EXPORTER_OTLP_ENDPOINT"] ?? ""), ...env }));
  try {
    for (const { platform, send } of DEMO_DELIVERIES) expect(await send(server.url), platform).toBe("200");
  } finally {
    await server.close();
  }
}

interface Collector {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string;
  /** What it has written to its file so far. */
  records(): FlatRecord[];
  stop(): Promise<void>;
}

async function startCollector(): Promise<Collector> {
  const folder = mkdtempSync(join(tmpdir(), "otelcol-"));
  const [config, output] = [join(folder, "config.yaml"), join(folder, "logs.json")];
  const port = await findFreePort();
  writeFileSync(
    config,
    `receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:${port}" } } } }
exporters: { file: { path: ${JSON.stringify(output)}, flush_interval: 50ms } }
service:
  telemetry: { metrics: { level: none } }
  pipelines: { logs: { receivers: [otlp], exporters: [file] } }
`,
  );
  const child = spawn(OTELCOL_BIN ?? "", ["--config", config], { env: { PATH }, stdio: ["ignore", "ignore", "pipe"] });
  const closed = once(child, "close");
  await new Promise<void>((resolve, reject) => {
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said.includes("Everything is ready")) resolve();
    });
    child.once("error", reject);
    child.once("close", () => reject(new Error(`the Collector ended:\n${said}`)));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    records: () =>
      readFileSync(output, "utf8")
        .split("\n")
        .filter((line) => line.endsWith("}"))
        .flatMap((line) => flatten(parseJson(line))),
    async stop() {
      child.kill("SIGTERM");
      await closed;
      rmSync(folder, { recursive: true });
    },
  };
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** The arrival is each run's own. */
function withoutArrival({ observedTimeUnixNano: _, ...record }: FlatRecord): Omit<FlatRecord, "observedTimeUnixNano"> {
  return record;
}

function byText(one: object, other: object): number {
  const [left, right] = [one, other].map((record) =>
    JSON.stringify(record, (_, value) => (typeof value === "bigint" ? String(value) : value)),
  );
  return (left ?? "") < (right ?? "") ? -1 : 1;
}
