import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { SENDERS } from "../../../adapters/cli/deliveries.ts";
import { HTTP_DRAINS } from "../../../adapters/http.ts";
import { type RunningServer, startServer } from "../../../adapters/node.ts";
import { readConfig } from "../../../core/config.ts";
import { type Receiver, startReceiver, status } from "../../support/receiver.ts";
import { expectFault, readAll, runCommand, startCommand } from "./support/command.ts";
import { closedPort } from "./support/ports.ts";

const SECRETS = Object.fromEntries(
  SENDERS.map(({ name, secretVariable }) => [secretVariable, `a_secret_of_${name}_that_is_long_enough_for_all`]),
);
const WRONG = "a_wrong_secret_that_nobody_else_has_in_use";
/** The drains that are mounted here. */
const MOUNTED = SENDERS.filter(({ path }) => HTTP_DRAINS.some(({ paths }) => paths.includes(path)));

let receiver: Receiver;
let server: RunningServer;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "otlp-drain-send-"));
  receiver = await startReceiver();
  const config = readConfig({ ...SECRETS, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.href, PORT: "0" });
  if (!config.ok) throw new Error("the configuration is wrong");
  server = await startServer(config.value, () => {});
});

afterEach(() => receiver.clear());

afterAll(async () => {
  await server.close();
  await receiver.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("one delivery", () => {
  test.each(MOUNTED.map(({ name }) => name))("%s: every record of the sample arrives", async (name) => {
    const { code, stdout, stderr } = await runCommand(["send", name, "--url", server.url], { env: SECRETS });
    expect(stderr).toBe("");
    expect(code).toBe(0);
    const records = SENDERS.find((sender) => sender.name === name)?.sample(0, 0).records;
    expect(receiver.accepted).toHaveLength(records ?? 0);
    expect(receiver.violations).toEqual([]);
    expect(stdout).toMatch(new RegExp(`^sent      1 delivery, ${records} records$`, "m"));
    expect(stdout).toMatch(/^accepted {2}1$/m);
    expect(stdout).toMatch(/^answer {4}200$/m);
  });

  test("takes the secret from a flag, by either name, before the environment", async () => {
    for (const name of ["--secret", "--token"]) {
      const args = ["send", "vercel", "--url", server.url, name, SECRETS["VERCEL_DRAIN_SECRET"] ?? ""];
      expect((await runCommand(args, { env: { VERCEL_DRAIN_SECRET: WRONG } })).code).toBe(0);
    }
  });

  test("compresses otherwise on demand", async () => {
    const args = ["send", "vercel", "--url", server.url, "--compression", "none"];
    expect((await runCommand(args, { env: SECRETS })).code).toBe(0);
    expect(receiver.accepted).toHaveLength(3);
  });

  test("delivers a payload of one's own, from a file or a pipe, gzip undone", async () => {
    const payload = '{"id":"1","message":"one of mine","timestamp":1795000000000}\n';
    const file = join(folder, "payload.ndjson.gz");
    writeFileSync(file, gzipSync(payload));
    const args = ["send", "vercel", "--url", server.url, "--file"];
    expect((await runCommand([...args, file], { env: SECRETS })).code).toBe(0);
    expect((await runCommand([...args, "-"], { env: SECRETS, stdin: payload })).code).toBe(0);
    expect(receiver.accepted.map(({ body }) => body)).toEqual(["one of mine", "one of mine"]);
  });

  test("says it in JSON on demand", async () => {
    const { stdout } = await runCommand(["send", "fly", "--url", `${server.url}/vector`, "--json"], { env: SECRETS });
    expect(JSON.parse(stdout)).toMatchObject({
      drain: "fly",
      url: `${server.url}/vector`,
      records: 2,
      sent: 1,
      accepted: 1,
      answers: { "200": 1 },
    });
  });
});

describe("a load", () => {
  test("keeps the rate and reports latency and answers; every record arrives", async () => {
    const args = ["send", "vercel", "--url", server.url, "--rate", "40", "--seconds", "2", "--json"];
    const { code, stdout } = await runCommand(args, { env: SECRETS });
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ sent: 80, accepted: 80, heldBack: 0, records: 240, answers: { "200": 80 } });
    expect(report.seconds).toBeGreaterThan(1.9);
    const { p50, p90, p99, max } = report.latencyMs;
    expect(p50).toBeGreaterThan(0);
    expect([p50, p90, p99, max]).toEqual([p50, p90, p99, max].toSorted((a, b) => a - b));
    expect(receiver.accepted).toHaveLength(240);
    const ids = receiver.accepted.map(({ attributes }) => attributes["log.record.uid"]);
    expect(new Set(ids).size).toBe(240);
  });

  test("counts every answer, and fails when some were no success", async () => {
    let count = 0;
    const { url, close } = await serve((_, response) => response.writeHead(++count % 2 === 0 ? 503 : 200).end());
    const finished = await runCommand(["send", "vercel", "--url", url, "--rate", "20", "--seconds", "1"], { env: SECRETS });
    await close();
    expectFault(
      finished,
      1,
      /no success for the platform \(status 503\): its destination does not take the records, run otlp-drain doctor/,
    );
    expect(finished.stdout).toMatch(/^accepted {2}10$/m);
    expect(finished.stdout).toMatch(/^answer {4}(?:200: 10 {3}503: 10|503: 10 {3}200: 10)$/m);
  });

  test("ends early on Ctrl-C, with its report", async () => {
    const child = await startCommand(["send", "fly", "--url", server.url, "--rate", "5", "--seconds", "600", "--json"], { env: SECRETS });
    const stdout = readAll(child.stdout);
    await receiver.waitForRequests(2);
    child.kill("SIGINT");
    expect(await new Promise((resolve) => child.once("close", resolve))).toBe(0);
    expect(JSON.parse(await stdout).sent).toBeGreaterThanOrEqual(2);
  });

  test.each([
    [["--rate", "0"], /--rate takes a number from 0.01 to 1000/],
    [["--rate", "100000"], /--rate takes/],
    [["--rate", "fast"], /--rate takes/],
    [["--seconds", "86400"], /--seconds takes a whole number from 1 to 3600/],
  ])("is bounded: %j", async (flags, words) => {
    expectFault(await runCommand(["send", "fly", "--url", server.url, ...flags], { env: SECRETS }), 2, words);
  });
});

describe("what can go wrong is one line with a mend", () => {
  test("another secret", async () => {
    const finished = await runCommand(["send", "vercel", "--url", server.url, "--secret", WRONG]);
    expectFault(finished, 1, /\(status 403\): this is not the VERCEL_DRAIN_SECRET that it runs with/, [WRONG]);
    expect(finished.stdout).toMatch(/^accepted {2}0$/m);
  });

  test("another path", async () => {
    expectFault(
      await runCommand(["send", "fly", "--url", `${server.url}/flies`], { env: SECRETS }),
      1,
      /\(status 404\): no open drain at \/flies/,
    );
  });

  test("a drain that wants credentials", async () => {
    expectFault(
      await runCommand(["send", "fly", "--url", server.url, "--unsigned"]),
      1,
      /\(status 401\): it wants a secret, leave out --unsigned/,
    );
  });

  test("a destination that is down", async () => {
    receiver.behave(() => status(401));
    expectFault(
      await runCommand(["send", "fly", "--url", server.url], { env: SECRETS }),
      1,
      /\(status 503\): its destination does not take the records/,
    );
  });

  test("nobody there", async () => {
    const url = `http://127.0.0.1:${await closedPort()}`;
    expectFault(await runCommand(["send", "fly", "--url", url], { env: SECRETS }), 1, /did not answer \(ECONNREFUSED\): check the address/);
  });

  test("no answer in time", async () => {
    const { url, close } = await serve(() => {});
    const finished = await runCommand(["send", "fly", "--url", url, "--timeout", "1"], { env: SECRETS });
    await close();
    expectFault(finished, 1, /did not answer \(TIMEOUT\)/);
  });

  test("an answer that the platform would hold against it", async () => {
    const { url, close } = await serve((_, response) =>
      response.writeHead(200, { "content-type": "application/json" }).end('{"requestId":"x"}'),
    );
    const finished = await runCommand(["send", "firehose", "--url", url], { env: SECRETS });
    await close();
    expectFault(finished, 1, /does not repeat the requestId/);
  });

  test.each([
    [[], /the drain's secret is missing: set FLY_DRAIN_TOKEN, give --secret, or send --unsigned/],
    [["--secret", "a\u00e4b"], /the secret holds characters that no header may hold/],
    [["--compression", "br", "--unsigned"], /--compression takes one of: gzip, none/],
    [["--timeout", "0", "--unsigned"], /--timeout takes/],
  ])("usage: %j", async (flags, words) => {
    expectFault(await runCommand(["send", "fly", "--url", server.url, ...flags]), 2, words);
  });

  test("a file that is not there, or is empty", async () => {
    const args = ["send", "fly", "--url", server.url, "--file"];
    expectFault(
      await runCommand([...args, join(folder, "none.json")], { env: SECRETS }),
      1,
      /cannot read .*none\.json \(ENOENT\): there is no such file/,
    );
    expectFault(await runCommand([...args, "-"], { env: SECRETS }), 1, /the standard input is empty/);
  });
});

async function serve(
  handler: Parameters<typeof createServer>[1] & {},
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const http: Server = createServer(handler);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
}
