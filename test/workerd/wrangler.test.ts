import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { createTestHarness } from "wrangler";
import { startReceiver } from "../support/receiver.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const WRANGLER = join(ROOT, "node_modules/wrangler/bin/wrangler.js");
/** What a first event has to load; it grows only on purpose. */
const MAX_UPLOAD_GZIP_KIB = 90;

test("wrangler.toml deploys as it stands, in one piece that stays small", async () => {
  const out = mkdtempSync(join(tmpdir(), "otlp-drain-wrangler-"));
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [WRANGLER, "deploy", "--dry-run", "--outdir", out], {
      cwd: ROOT,
      env: { PATH: process.env["PATH"] ?? "", HOME: out, WRANGLER_SEND_METRICS: "false", NO_COLOR: "1", CI: "1" },
    });
    expect(stdout + stderr).not.toMatch(/unexpected|unknown|invalid|warning|error/i);
    const gzipKib = Number(/gzip: ([\d.]+) KiB/.exec(stdout)?.[1]);
    expect(gzipKib).toBeGreaterThan(10);
    expect(gzipKib).toBeLessThan(MAX_UPLOAD_GZIP_KIB);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}, 60_000);

test("a producer's tail_consumers and our wrangler.toml find each other", async () => {
  const receiver = await startReceiver();
  const harness = createTestHarness({
    root: ROOT,
    workers: [
      { configPath: "test/workerd/producer/wrangler.toml" },
      { configPath: "wrangler.toml", vars: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.href } },
    ],
  });
  try {
    await harness.listen();
    expect(await (await harness.fetch("/cart")).text()).toBe("ok");
    await harness.getWorker("shop").scheduled({ cron: "*/5 * * * *" });
    // wrangler's own dev server puts the Worker's name before each text.
    await expect
      .poll(() => receiver.accepted.map(({ body }) => body), { timeout: 20_000, interval: 50 })
      .toEqual(expect.arrayContaining([expect.stringContaining("hello from /cart"), expect.stringContaining("the clock struck")]));
    expect(receiver.accepted.find(({ body }) => String(body).includes("hello from /cart"))?.attributes["orderId"]).toBe(7);
    expect((await harness.getWorker("otlp-drain").fetch("/healthz")).status).toBe(200);
    expect(receiver.violations).toEqual([]);
  } finally {
    await harness.close();
    await receiver.close();
  }
}, 60_000);
