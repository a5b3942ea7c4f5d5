import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CONVERSIONS } from "../../../adapters/cli/conversions.ts";
import { SENDERS } from "../../../adapters/cli/deliveries.ts";
import { decodeOracle, type FlatRecord, flatten, parseJson, parseJsonStrict } from "../../support/oracle.ts";
import { expectFault, type Finished, readAll, runCommand, startCommand } from "./support/command.ts";

/** As the goldens have it: the forwarder's own region. */
const AWS = { AWS_REGION: "us-west-2" };
const FIXTURES = fileURLToPath(new URL("../../fixtures/", import.meta.url));

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "otlp-drain-convert-"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fixture(path: string): Buffer {
  return readFileSync(join(FIXTURES, path));
}

function recordsOf({ stdout }: Finished): FlatRecord[] {
  return flatten(parseJsonStrict(stdout));
}

/** What a fixture's golden holds; only the arrival differs from run to run. */
function goldenOf(path: string): FlatRecord[] {
  return flatten(parseJson(fixture(path.replace(/\.\w+$/, ".otlp.json")).toString())).map(withoutArrival);
}

function withoutArrival(record: FlatRecord): FlatRecord {
  return { ...record, observedTimeUnixNano: 0n };
}

describe("every source", () => {
  test.each([
    ["vercel", "vercel/ansi_colours.ndjson"],
    ["fly", "fly/stock_array.json"],
    ["cloudwatch", "cloudwatch/lambda_node_json.json"],
    ["cloudflare-tail", "cloudflare-tail/fetch-console.json"],
    ["cloudflare-tail-stream", "cloudflare-tail-stream/fetch-console.json"],
    ["cloudflare-logpush", "cloudflare-logpush/workers_trace_events.ndjson"],
  ])("%s: a payload becomes the request that its golden holds, on one line", async (source, path) => {
    const finished = await runCommand(["convert", source, join(FIXTURES, path)], { env: AWS });
    expect(finished.stderr).toBe("");
    expect(finished.code).toBe(0);
    expect(finished.stdout.match(/\n/g)).toHaveLength(1);
    expect(recordsOf(finished).map(withoutArrival)).toEqual(goldenOf(path));
  });

  test("firehose: the records of a request body, base64 and gzip undone", async () => {
    const subscription = fixture("cloudwatch/lambda_node_json.json");
    const records = [{ data: gzipSync(subscription).toString("base64") }, { data: Buffer.from("a bare line").toString("base64") }];
    const finished = await runCommand(["convert", "firehose"], { stdin: JSON.stringify({ requestId: "r", timestamp: 1, records }) });
    expect(finished.code).toBe(0);
    const converted = recordsOf(finished);
    expect(converted.slice(0, -1).map(({ body }) => body)).toEqual(goldenOf("cloudwatch/lambda_node_json.json").map(({ body }) => body));
    expect(converted.at(-1)?.body).toBe("a bare line");
  });

  test("cloudwatch: the Lambda's event, and the record of one that failed", async () => {
    const awslogs = { data: gzipSync(fixture("cloudwatch/lambda_node_json.json")).toString("base64") };
    for (const event of [{ awslogs }, { version: "1.0", requestContext: {}, requestPayload: { awslogs } }]) {
      const finished = await runCommand(["convert", "cloudwatch"], { env: AWS, stdin: JSON.stringify(event) });
      expect(recordsOf(finished).map(withoutArrival)).toEqual(goldenOf("cloudwatch/lambda_node_json.json"));
    }
  });

  test("otlp: a request in protobuf or JSON stays what it is", async () => {
    const { payload } = SENDERS.find(({ name }) => name === "otlp")?.sample(1_795_000_000_000, 0) ?? { payload: new Uint8Array() };
    const fromProtobuf = await runCommand(["convert", "otlp"], { stdin: payload });
    expect(recordsOf(fromProtobuf)).toEqual(flatten(decodeOracle(payload)));
    expect((await runCommand(["convert", "otlp"], { stdin: fromProtobuf.stdout })).stdout).toBe(fromProtobuf.stdout);
  });

  test("is one of the table", () => {
    expect(CONVERSIONS.map(({ name }) => name)).toEqual([
      "vercel",
      "fly",
      "cloudwatch",
      "firehose",
      "cloudflare-tail",
      "cloudflare-tail-stream",
      "cloudflare-logpush",
      "otlp",
    ]);
  });
});

describe("where the payload comes from", () => {
  const PATH = "fly/stock_array.json";

  test.each([[[]], [["-"]]])("stdin, %j", async (args) => {
    const finished = await runCommand(["convert", "fly", ...args], { stdin: fixture(PATH) });
    expect(recordsOf(finished).map(withoutArrival)).toEqual(goldenOf(PATH));
  });

  test("gzip is undone whatever the file is called", async () => {
    const file = join(folder, "payload.json");
    writeFileSync(file, gzipSync(fixture(PATH)));
    expect(recordsOf(await runCommand(["convert", "fly", file])).map(withoutArrival)).toEqual(goldenOf(PATH));
  });

  test("a large payload becomes one request", async () => {
    const line = '{"id":"1","message":"line","timestamp":1795000000000,"projectName":"shop"}\n';
    const finished = await runCommand(["convert", "vercel"], { stdin: line.repeat(20_000) });
    expect(recordsOf(finished)).toHaveLength(20_000);
  });
});

test("--pretty prints readable lines, without colours in a pipe", async () => {
  const { stdout, code } = await runCommand(["convert", "fly", join(FIXTURES, "fly/stock_array.json"), "--pretty"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^2025-03-04T05:06:07\.891234567Z INFO {2}shop-api listening on 0\.0\.0\.0:8080$/m);
  expect(stdout).not.toContain("\u001b");
});

test("a reader that has seen enough is no fault", async () => {
  const child = await startCommand(["convert", "vercel"]);
  const stderr = readAll(child.stderr);
  child.stdout.destroy();
  child.stdin.on("error", () => {});
  child.stdin.end('{"id":"1","message":"line"}\n'.repeat(50_000));
  expect(await new Promise((resolve) => child.once("close", resolve))).toBe(0);
  expect(await stderr).toBe("");
});

describe("what cannot be read", () => {
  test("one broken item among good ones stays as its raw text, and is told", async () => {
    const finished = await runCommand(["convert", "vercel"], { stdin: '{"id":"1","message":"good"}\n{"id":\n' });
    expect(finished.code).toBe(0);
    expect(finished.stderr).toBe("otlp-drain: 1 of 2 records could not be read and hold their raw text\n");
    expect(recordsOf(finished).map(({ body }) => body)).toEqual(["good", '{"id":']);
  });

  test("what is skipped is told", async () => {
    const { stderr, code } = await runCommand(["convert", "vercel"], { stdin: '[{"schema":"vercel.analytics.v1"}]' });
    expect(code).toBe(0);
    expect(stderr).toBe("otlp-drain: schema vercel.analytics.v1 is not a log\notlp-drain: 1 skipped on purpose\n");
  });

  test.each([
    ["vercel", "just some text\n", /does not read as vercel: every record is its raw text, choose another source/],
    ["fly", Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 255]), /is no payload of fly \(the body is neither JSON nor text\)/],
    ["cloudflare-tail", '"text"', /is no payload of cloudflare-tail \(not a JSON array of objects\)/],
    ["cloudflare-logpush", "a,b,c\n1,2,3\n", /is no payload of cloudflare-logpush \(the body is no newline-delimited JSON/],
    ["firehose", "{}", /is no payload of firehose \(the body has no requestId\)/],
    ["vercel", "", /the standard input is empty: give a payload/],
    ["vercel", Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3]), /damaged gzip data: fetch it again/],
    ["otlp", '{"hello":"world"', /is no payload of otlp \(not/],
    ["cloudwatch", '{"awslogs":{"data":"H4sIAAAA"}}', /is no payload of cloudwatch \(damaged gzip data\)/],
  ])("%s from %j is one line and exit code 1", async (source, stdin, words) => {
    expectFault(await runCommand(["convert", source], { stdin }), 1, words);
  });

  test("a gzip bomb stops at the cap", async () => {
    const bomb = gzipSync(Buffer.alloc(70 * 1024 * 1024));
    expectFault(await runCommand(["convert", "vercel"], { stdin: bomb }), 1, /split it/);
  });

  test.each([
    ["none.json", /cannot read .*none\.json \(ENOENT\): there is no such file/],
    [".", /\(EISDIR\): it is a folder/],
  ])("file %s", async (name, words) => {
    expectFault(await runCommand(["convert", "vercel", join(folder, name)]), 1, words);
  });
});
