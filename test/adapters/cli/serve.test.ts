import { expect, test } from "vitest";
import { expectFault, readAll, runCommand, startCommand } from "./support/command.ts";

const TOKEN = "a_token_for_the_log_shipper";

test("serves the drains, prints what arrives as JSON lines into a pipe, and ends with 0 on SIGTERM", async () => {
  const child = await startCommand(["serve", "--port", "0"], { env: { FLY_DRAIN_TOKEN: TOKEN, PORT: "1" } });
  const stdout = readAll(child.stdout);
  const url = await new Promise<string>((resolve) => {
    let text = "";
    child.stderr.on("data", (piece: Buffer) => {
      text += piece;
      const match = /listening on (http:\S+);/.exec(text);
      if (match?.[1] !== undefined) resolve(match[1]);
    });
  });
  const sent = await runCommand(["send", "fly", "--url", url], { env: { FLY_DRAIN_TOKEN: TOKEN } });
  expect(sent.code).toBe(0);
  child.kill("SIGTERM");
  expect(await new Promise((resolve) => child.once("close", resolve))).toBe(0);
  const lines = (await stdout).trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line).resourceLogs[0].scopeLogs[0].scope.name)).toEqual(["otlp-drain/fly", "otlp-drain/fly"]);
});

test("a wrong variable stops it with one line and exit code 1", async () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" };
  expectFault(await runCommand(["serve"], { env }), 1, /OTEL_EXPORTER_OTLP_ENDPOINT has no scheme/);
});

test("a wrong address too", async () => {
  expectFault(
    await runCommand(["serve", "--host", "203.0.113.1", "--port", "0"]),
    1,
    /cannot listen on 203\.0\.113\.1:0 \(EADDRNOTAVAIL\)/,
  );
});
