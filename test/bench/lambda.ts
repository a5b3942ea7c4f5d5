// The Lambda function beside an empty one and the stock SDK's: size, cold start on AWS's runtime client, CPU for 1,000 records.
// `node test/bench/lambda.ts` prints it alone.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { buildLambdaBundle, startLambdaRuntime } from "../support/lambda-runtime.ts";
import type { LambdaCpu } from "./lambda-cpu.ts";
import { median } from "./report.ts";

export type LambdaVariant = "empty" | "ours" | "stock";

export interface LambdaFigures {
  /** Of the minified bundle, and of it compressed as the archive that is uploaded. */
  readonly bytes: Readonly<Record<LambdaVariant, { readonly minified: number; readonly gzip: number }>>;
  /** From the start of the process until it asks for its first invocation: median and quartiles, ms. */
  readonly readyMs: Readonly<Record<LambdaVariant, Spread>>;
  /** From the start of the process until the first 100 records are delivered and answered, ms. */
  readonly answeredMs: Readonly<Record<LambdaVariant, Spread>>;
  /** CPU of all threads for 1,000 records, ms: the first invocation of a process, and a warm one. */
  readonly cpuMs: Readonly<Record<Exclude<LambdaVariant, "empty">, { readonly first: number; readonly warm: number }>>;
  /** How much nearer to an empty function's our start is than the stock SDK's. */
  readonly startRatio: number;
}

export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

const VARIANTS = ["empty", "ours", "stock"] as const;
const START_UPS = 31;
const CPU_PROCESSES = 7;
const WARM_INVOCATIONS = 60;
/** The compiler has seen it all by then. */
const WARM_UP_INVOCATIONS = 30;
const COLD_RECORDS = 100;
const CPU_RECORDS = 1_000;
const MIN_START_RATIO = 3;
const MAX_BUNDLE_BYTES = 60 * 1000;

export async function measureLambda(): Promise<LambdaFigures> {
  const folder = await mkdtemp(join(tmpdir(), "otlp-drain-bench-lambda-"));
  const destination = await startDestination();
  try {
    const bundles = await bundleFunctions(folder);
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: destination.url };
    const readyMs = { empty: [] as number[], ours: [] as number[], stock: [] as number[] };
    const answeredMs = { empty: [] as number[], ours: [] as number[], stock: [] as number[] };
    const event = subscriptionEvent(COLD_RECORDS);
    for (let round = 0; round < START_UPS; round++) {
      for (const name of VARIANTS) {
        const startedAt = performance.now();
        const runtime = await startLambdaRuntime({ bundle: bundles[name], env });
        await runtime.ready;
        readyMs[name].push(performance.now() - startedAt);
        const answer = await runtime.invoke(event);
        answeredMs[name].push(performance.now() - startedAt);
        await runtime.close();
        if (answer.kind === "error") throw new Error(`${name}: ${answer.errorMessage}`);
      }
    }
    const ready = { empty: spread(readyMs.empty), ours: spread(readyMs.ours), stock: spread(readyMs.stock) };
    return {
      bytes: { empty: await sizeOf(bundles.empty), ours: await sizeOf(bundles.ours), stock: await sizeOf(bundles.stock) },
      readyMs: ready,
      answeredMs: { empty: spread(answeredMs.empty), ours: spread(answeredMs.ours), stock: spread(answeredMs.stock) },
      cpuMs: await measureCpu(bundles, folder, env),
      startRatio: (ready.stock.median - ready.empty.median) / (ready.ours.median - ready.empty.median),
    };
  } finally {
    destination.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

export function lambdaToText({ bytes, readyMs, answeredMs, cpuMs, startRatio }: LambdaFigures): string {
  const row = (name: LambdaVariant, title: string) => {
    const cpu = name === "empty" ? undefined : cpuMs[name];
    const cells = [
      kilobytes(bytes[name].minified),
      kilobytes(bytes[name].gzip),
      milliseconds(readyMs[name].median),
      milliseconds(readyMs[name].median - readyMs.empty.median),
      milliseconds(answeredMs[name].median),
      cpu === undefined ? "" : milliseconds(cpu.first),
      cpu === undefined ? "" : milliseconds(cpu.warm),
    ];
    return `${title.padEnd(26)}${cells.map((cell) => cell.padStart(12)).join("")}`;
  };
  const titles = ["minified", "gzip", "ready", "over empty", "answered", "CPU first", "CPU warm"];
  return [
    `AWS Lambda function: bundle; start until ready, until ${COLD_RECORDS} records are delivered; CPU for ${CPU_RECORDS} records`,
    `${"".padEnd(26)}${titles.map((title) => title.padStart(12)).join("")}`,
    row("empty", "empty function"),
    row("ours", "otlp-drain"),
    row("stock", "OpenTelemetry SDK, stock"),
    target(
      startRatio >= MIN_START_RATIO,
      `start ${startRatio.toFixed(1)} times nearer to an empty function's than the stock SDK's (${MIN_START_RATIO})`,
    ),
    target(bytes.ours.minified < MAX_BUNDLE_BYTES, `bundle of ${kilobytes(bytes.ours.minified)} (${kilobytes(MAX_BUNDLE_BYTES)})`),
  ].join("\n");
}

function target(isMet: boolean, text: string): string {
  return `${isMet ? "met:   " : "missed:"} ${text}`;
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}

function milliseconds(ms: number): string {
  return `${ms.toFixed(1)} ms`;
}

function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
  return { median: median(values), low: at(0.25), high: at(0.75) };
}

async function bundleFunctions(folder: string): Promise<Readonly<Record<LambdaVariant, string>>> {
  const bundles = {
    empty: join(folder, "lambda-empty.mjs"),
    ours: join(folder, "aws-lambda.mjs"),
    stock: join(folder, "lambda-stock.mjs"),
  };
  await buildLambdaBundle(bundles.ours);
  for (const name of ["empty", "stock"] as const) {
    await build({
      entryPoints: [fileURLToPath(new URL(`lambda-${name}.ts`, import.meta.url))],
      outfile: bundles[name],
      bundle: true,
      minify: true,
      format: "esm",
      platform: "node",
      target: "node22",
      legalComments: "none",
      logLevel: "warning",
      // The SDK's packages are CommonJS and require Node's own modules.
      banner: name === "stock" ? { js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);' } : {},
    });
  }
  return bundles;
}

async function sizeOf(file: string): Promise<{ readonly minified: number; readonly gzip: number }> {
  return { minified: (await stat(file)).size, gzip: gzipSync(await readFile(file), { level: 9 }).length };
}

async function measureCpu(
  bundles: Readonly<Record<LambdaVariant, string>>,
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<LambdaFigures["cpuMs"]> {
  const eventFile = join(folder, "event.json");
  await writeFile(eventFile, JSON.stringify(subscriptionEvent(CPU_RECORDS)));
  const first = { ours: [] as number[], stock: [] as number[] };
  const warm = { ours: [] as number[], stock: [] as number[] };
  for (let round = 0; round < CPU_PROCESSES; round++) {
    for (const name of ["ours", "stock"] as const) {
      const child = [fileURLToPath(new URL("lambda-cpu.ts", import.meta.url)), bundles[name], eventFile, String(WARM_INVOCATIONS)];
      const { stdout } = await promisify(execFile)(process.execPath, child, { env: { PATH: process.env["PATH"], ...env } });
      const cpu = JSON.parse(stdout) as LambdaCpu;
      first[name].push(cpu.firstMs);
      warm[name].push(median(cpu.warmMs.slice(WARM_UP_INVOCATIONS)));
    }
  }
  return {
    ours: { first: median(first.ours), warm: median(warm.ours) },
    stock: { first: median(first.stock), warm: median(warm.stock) },
  };
}

/** Invocations of a Node function as CloudWatch has them: START, its own lines, END, REPORT. */
function subscriptionEvent(records: number): object {
  const startMs = 1_795_213_380_610;
  const logEvents = Array.from({ length: records }, (_, index) => {
    const timestamp = startMs + index * 7;
    const requestId = `3f8e1d5c-0b1a-4c2d-9e3f-${String(Math.floor(index / 10)).padStart(12, "0")}`;
    return {
      id: `39${String(index).padStart(54, "0")}`,
      timestamp,
      message: `${lambdaLine(index, requestId, new Date(timestamp).toISOString())}\n`,
    };
  });
  const data = gzipSync(
    JSON.stringify({
      messageType: "DATA_MESSAGE",
      owner: "123456789012",
      logGroup: "/aws/lambda/checkout",
      logStream: "2026/11/20/[$LATEST]b31f2f5c0d8e4b64a5a7c1f0f1c2d3e4",
      subscriptionFilters: ["otlp-drain"],
      logEvents,
    }),
  ).toString("base64");
  return { awslogs: { data } };
}

function lambdaLine(index: number, requestId: string, time: string): string {
  const app = (level: string, text: string) => `${time}\t${requestId}\t${level}\t${text}`;
  switch (index % 10) {
    case 0:
      return `START RequestId: ${requestId} Version: $LATEST`;
    case 8:
      return `END RequestId: ${requestId}`;
    case 9:
      return `REPORT RequestId: ${requestId}\tDuration: ${12 + (index % 50)}.31 ms\tBilled Duration: 63 ms\tMemory Size: 512 MB\tMax Memory Used: 98 MB\t`;
    case 3:
      return app("WARN", `slow query took ${index} ms on table orders, the index is missing`);
    case 5:
      return app(
        "ERROR",
        JSON.stringify({ level: 50, msg: "payment failed", orderId: 90071992 + index, customer: { id: index, plan: "pro" }, attempt: 2 }),
      );
    default:
      return app(
        "INFO",
        JSON.stringify({ level: "info", message: "request handled", path: `/api/orders/${index}`, status: 200, durationMs: index % 97 }),
      );
  }
}

/** Takes every request and answers 200. */
async function startDestination(): Promise<{ readonly url: string; stop(): void }> {
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      const isJson = request.headers["content-type"] === "application/json";
      response.writeHead(200, { "content-type": isJson ? "application/json" : "application/x-protobuf" });
      response.end(isJson ? "{}" : "");
    });
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(lambdaToText(await measureLambda()));
