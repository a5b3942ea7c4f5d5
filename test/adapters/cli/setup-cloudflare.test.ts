import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parse as parseToml } from "smol-toml";
import { describe, expect, test } from "vitest";
import { build, expectFault, runCommand } from "./support/command.ts";
import { flag, runScript } from "./support/shell.ts";

const WRANGLER = fileURLToPath(new URL("../../../node_modules/wrangler/bin/wrangler.js", import.meta.url));
const ACCOUNT = "0123456789abcdef0123456789abcdef";
const ENV = { OTEL_EXPORTER_OTLP_ENDPOINT: "https://otlp.example:4318", OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20it's" };
const folders = ["my-worker"];

async function setup(args: readonly string[] = [], env: Readonly<Record<string, string>> = ENV): Promise<string> {
  const { code, stdout, stderr } = await runCommand(["setup", "cloudflare", ...args], { env });
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return stdout;
}

/** Secrets as wrangler got them on stdin, in their order. */
function secretsGiven(folder: string): string {
  return readFileSync(join(folder, ".log.stdin"), "utf8");
}

describe("the Worker", () => {
  test("is deployed, then given its destination; the producer names it as its tail consumer", async () => {
    const { calls, folder, read } = runScript(await setup(), { folders });
    expect(calls.map((call) => call.slice(0, 5).join(" "))).toEqual([
      "npm init -y",
      "npm install otlp-drain wrangler",
      "npx wrangler deploy",
      "npx wrangler secret put OTEL_EXPORTER_OTLP_ENDPOINT",
      "npx wrangler secret put OTEL_EXPORTER_OTLP_HEADERS",
      "npx wrangler deploy",
      "npx wrangler tail otlp-drain",
    ]);
    expect(secretsGiven(folder)).toBe(`${ENV.OTEL_EXPORTER_OTLP_ENDPOINT}${ENV.OTEL_EXPORTER_OTLP_HEADERS}`);
    expect(parseToml(read("otlp-drain/wrangler.toml"))).toEqual({
      name: "otlp-drain",
      main: "worker.js",
      compatibility_date: "2026-11-01",
    });
    expect(parseToml(read("my-worker/wrangler.toml"))).toEqual({ tail_consumers: [{ service: "otlp-drain" }] });
  });

  test("can be named, and be heard in one environment of the producer", async () => {
    const args = ["--worker", "logs", "--producer", "shop/", "--producer-env", "staging"];
    const { calls, read } = runScript(await setup(args), { folders: ["shop"] });
    expect(parseToml(read("shop/wrangler.toml"))).toEqual({ env: { staging: { tail_consumers: [{ service: "logs" }] } } });
    expect(calls).toContainEqual(["npx", "wrangler", "deploy", "--env", "staging"]);
  });

  test("wrangler takes both configurations", async () => {
    const { folder } = runScript(await setup(), { folders });
    const producer = join(folder, "my-worker");
    // What the producer had before, with a table at its end, which the lines are appended to.
    const appended = readFileSync(join(producer, "wrangler.toml"), "utf8");
    const before = 'name = "my-worker"\nmain = "worker.js"\ncompatibility_date = "2026-11-01"\n\n[vars]\nGREETING = "hello"\n';
    writeFileSync(join(producer, "wrangler.toml"), `${before}${appended}`);
    writeFileSync(join(producer, "worker.js"), 'export default { fetch: () => new Response("hello") };');
    // As `npm install otlp-drain` would put it there.
    const installed = join(folder, "otlp-drain/node_modules/otlp-drain");
    mkdirSync(installed, { recursive: true });
    const exports = { "./cloudflare": "./dist/adapters/cloudflare-worker.js" };
    writeFileSync(join(installed, "package.json"), JSON.stringify({ name: "otlp-drain", type: "module", exports }));
    symlinkSync(await build(), join(installed, "dist"));
    for (const [worker, words] of [
      [join(folder, "otlp-drain"), /Total Upload/],
      [producer, /Tailed by|tail_consumers|Total Upload/],
    ] as const) {
      expect(await dryRun(worker)).toMatch(words);
    }
  }, 60_000);
});

async function dryRun(folder: string): Promise<string> {
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder, WRANGLER_SEND_METRICS: "false", NO_COLOR: "1", CI: "1" };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [WRANGLER, "deploy", "--dry-run", "--outdir", "out"], {
    cwd: folder,
    env,
  });
  expect(stdout + stderr).not.toMatch(/unexpected|unknown|invalid|warning/i);
  return stdout;
}

describe("Logpush", () => {
  const LOGPUSH = ["--url", "https://drain.example", "--account", ACCOUNT];

  test("is one call, whose token is the drain's", async () => {
    const { calls, folder } = runScript(await setup(LOGPUSH, { ...ENV, LOGPUSH_TOKEN: "a+token/of=logpush" }), { folders });
    expect(secretsGiven(folder)).toContain("a+token/of=logpush");
    const call = calls.find(([name]) => name === "curl");
    expect(call).toContain(`https://api.cloudflare.com/client/v4/accounts/${ACCOUNT}/logpush/jobs`);
    expect(call).toContain("Authorization: Bearer cf-token");
    const job = JSON.parse(flag(call, "-d") ?? "");
    expect(job).toMatchObject({
      dataset: "workers_trace_events",
      enabled: true,
      max_upload_bytes: 5_000_000,
      max_upload_records: 1000,
      max_upload_interval_seconds: 30,
      output_options: {
        output_type: "ndjson",
        timestamp_format: "rfc3339ns",
        field_names: expect.arrayContaining(["Event", "Logs", "Exceptions"]),
      },
    });
    const destination = new URL(job.destination_conf);
    expect(destination.pathname).toBe("/cloudflare/logpush");
    expect(destination.searchParams.get("dataset")).toBe("workers_trace_events");
    // Cloudflare decodes it by percent alone: a plus would stay one.
    expect(job.destination_conf).toContain("header_Authorization=Bearer%20a%2Btoken%2Fof%3Dlogpush");
  });

  test("of a zone takes requests", async () => {
    const { calls } = runScript(await setup(["--url", "https://drain.example", "--zone", ACCOUNT, "--token", "t"]), { folders });
    const call = calls.find(([name]) => name === "curl");
    expect(call).toContain(`https://api.cloudflare.com/client/v4/zones/${ACCOUNT}/logpush/jobs`);
    expect(JSON.parse(flag(call, "-d") ?? "")).toMatchObject({ dataset: "http_requests" });
  });

  test("makes a token when there is none, the same for both ends", async () => {
    const stdout = await setup(LOGPUSH);
    const made = /printf %s ([0-9a-f]{64}) \| npx wrangler secret put LOGPUSH_TOKEN/.exec(stdout)?.[1];
    expect(stdout).toContain(`header_Authorization=Bearer%20${made}`);
  });
});

test.each([
  [[], {}, /--endpoint is missing: give the OTLP backend's address, or set OTEL_EXPORTER_OTLP_ENDPOINT/],
  [["--endpoint", "collector:4318"], {}, /--endpoint is no http or https URL/],
  [["--worker", "My Worker"], ENV, /--worker is no name of a Worker/],
  [["--account", "me", "--url", "https://drain.example"], ENV, /--account is no account id/],
  [["--account", ACCOUNT], ENV, /--url is missing/],
  [["--account", ACCOUNT, "--url", "http://drain.example"], ENV, /--url is not https/],
  [["--account", ACCOUNT, "--zone", ACCOUNT, "--url", "https://drain.example"], ENV, /--account and --zone are two jobs/],
  [["--url", "https://drain.example"], ENV, /--url and --dataset are for Logpush: add --account or --zone/],
])("%j %j is a usage fault", async (args, env, words) => {
  expectFault(await runCommand(["setup", "cloudflare", ...args], { env }), 2, words);
});
