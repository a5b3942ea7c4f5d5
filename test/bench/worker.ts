// The Worker beside one made of the OpenTelemetry SDK and its stock exporter: size of the bundles, and CPU for 1,000 console logs of a
// tailed Worker in workerd, over what the same costs with a consumer that does nothing. `node test/bench/worker.ts` prints it alone.
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { bundleWorker, COMPATIBILITY_DATE } from "../workerd/workers.ts";
import { median } from "./report.ts";

const VARIANTS = {
  idle: { entryPoint: "test/bench/idle-worker.ts", env: {} },
  read: { entryPoint: "test/bench/read-worker.ts", env: {} },
  stock: { entryPoint: "test/bench/stock-worker.ts", env: {} },
  ours: { entryPoint: "adapters/cloudflare-worker.ts", env: {} },
  "ours, no gzip": { entryPoint: "adapters/cloudflare-worker.ts", env: { OTEL_EXPORTER_OTLP_COMPRESSION: "none" } },
} as const;
const BUNDLES = {
  stock: "test/bench/stock-worker.ts",
  "ours, tail alone": "test/bench/tail-worker.ts",
  ours: "adapters/cloudflare-worker.ts",
} as const;

type VariantName = keyof typeof VARIANTS;

export interface WorkerFigures {
  readonly bytes: Readonly<Record<keyof typeof BUNDLES, { readonly minified: number; readonly gzip: number }>>;
  /** CPU of all threads of workerd for 1,000 console logs, ms: what it is over the idle consumer. */
  readonly cpuMs: Readonly<Record<Exclude<VariantName, "idle">, number>>;
  /** The idle consumer's own: the producer, and the runtime's serving of both. */
  readonly idleMs: number;
}

const LOGS_PER_INVOCATION = 100;
const INVOCATIONS_PER_ROUND = 100;
const WARM_UP_ROUNDS = 3;
const ROUNDS = 15;
const MAX_GZIP_BYTES = 20_000;
const MIN_CPU_RATIO = 1.7;

const PRODUCER = `
export default {
  fetch(request) {
    for (let index = 0; index < ${LOGS_PER_INVOCATION}; index++) {
      if (index % 10 === 7) console.warn("slow query took", index, "ms on table orders, the index is missing");
      else if (index % 10 === 3) console.error("payment failed", { orderId: 90071992 + index, customer: { id: index, plan: "pro" }, attempt: 2 });
      else console.log("request handled", { path: "/api/orders/" + index, status: 200, durationMs: index % 97, cached: false });
    }
    return new Response("ok");
  },
};`;

export async function measureWorker(): Promise<WorkerFigures> {
  const destination = await startDestination();
  const variants: { readonly name: VariantName; readonly running: Running; readonly rounds: number[] }[] = [];
  try {
    for (const name of Object.keys(VARIANTS) as VariantName[])
      variants.push({ name, running: await startVariant(name, destination.url), rounds: [] });
    for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
      for (const { name, running, rounds } of variants) {
        const cpuMs = await measureRound(running, destination, name === "idle" ? 0 : INVOCATIONS_PER_ROUND);
        if (round >= 0) rounds.push((cpuMs * 1_000) / (INVOCATIONS_PER_ROUND * LOGS_PER_INVOCATION));
      }
    }
  } finally {
    for (const { running } of variants) await running.stop();
    destination.stop();
  }
  const medians = Object.fromEntries(variants.map(({ name, rounds }) => [name, median(rounds)])) as Record<VariantName, number>;
  const over = (name: VariantName): number => medians[name] - medians.idle;
  return {
    bytes: { stock: await sizeOf("stock"), "ours, tail alone": await sizeOf("ours, tail alone"), ours: await sizeOf("ours") },
    cpuMs: { read: over("read"), stock: over("stock"), ours: over("ours"), "ours, no gzip": over("ours, no gzip") },
    idleMs: medians.idle,
  };
}

export function workerToText({ bytes, cpuMs, idleMs }: WorkerFigures): string {
  const size = (name: keyof typeof BUNDLES) => `${kilobytes(bytes[name].minified)} minified, ${kilobytes(bytes[name].gzip)} gzip`;
  const ratio = cpuMs.stock / cpuMs.ours;
  return [
    `Cloudflare Worker: bundle; CPU in workerd for 1,000 console logs of a tailed Worker, over ${idleMs.toFixed(1)} ms with an idle consumer`,
    `reading and sending alone   ${cpuMs.read.toFixed(1)} ms`,
    `OpenTelemetry SDK, stock    ${size("stock")}; ${cpuMs.stock.toFixed(1)} ms`,
    `otlp-drain, tail alone      ${size("ours, tail alone")}`,
    `otlp-drain, every drain     ${size("ours")}; ${cpuMs.ours.toFixed(1)} ms (${cpuMs["ours, no gzip"].toFixed(1)} ms without gzip, as the SDK sends)`,
    target(bytes.ours.gzip <= MAX_GZIP_BYTES, `bundle of ${kilobytes(bytes.ours.gzip)} gzip (${kilobytes(MAX_GZIP_BYTES)})`),
    target(ratio >= MIN_CPU_RATIO, `${ratio.toFixed(1)} times less CPU than the stock SDK (${MIN_CPU_RATIO})`),
  ].join("\n");
}

function target(isMet: boolean, text: string): string {
  return `${isMet ? "met:   " : "missed:"} ${text}`;
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}

async function sizeOf(name: keyof typeof BUNDLES): Promise<{ readonly minified: number; readonly gzip: number }> {
  const script = Buffer.from(await bundleWorker(BUNDLES[name]));
  return { minified: script.length, gzip: gzipSync(script, { level: 9 }).length };
}

interface Running {
  /** One request to the producer. */
  invoke(): Promise<void>;
  /** CPU of workerd so far, ms. */
  cpuMs(): number;
  stop(): Promise<void>;
}

async function startVariant(name: VariantName, destination: string): Promise<Running> {
  const before = new Set(workerdProcesses());
  const { entryPoint, env } = VARIANTS[name];
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      cf: false,
      handleStructuredLogs() {},
      workers: [
        { name: "shop", modules: true, script: PRODUCER, compatibilityDate: COMPATIBILITY_DATE, tails: ["consumer"] },
        {
          name: "consumer",
          modules: true,
          script: await bundleWorker(entryPoint),
          compatibilityDate: COMPATIBILITY_DATE,
          bindings: { OTEL_EXPORTER_OTLP_ENDPOINT: destination, ...env },
        },
      ],
    }),
  );
  const url = await miniflare.ready;
  const [pid] = workerdProcesses().filter((candidate) => !before.has(candidate));
  if (pid === undefined) throw new Error("no process of workerd in /proc: its CPU is measured on Linux alone");
  return {
    async invoke() {
      await (await fetch(url)).arrayBuffer();
    },
    cpuMs: () => readCpuMs(pid),
    stop: () => miniflare.dispose(),
  };
}

async function measureRound({ invoke, cpuMs }: Running, destination: Destination, expected: number): Promise<number> {
  const before = cpuMs();
  const target = destination.requests() + expected;
  for (let invocation = 0; invocation < INVOCATIONS_PER_ROUND; invocation++) await invoke();
  await destination.waitFor(target);
  return cpuMs() - before;
}

/** Our own children of that name. */
function workerdProcesses(): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const fields = readStat(pid);
      return fields?.command === "workerd" && fields.parent === process.pid;
    });
}

/** Of all threads: https://docs.kernel.org/scheduler/sched-stats.html */
function readCpuMs(pid: number): number {
  let ns = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`))
    ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ", 1)[0]);
  return ns / 1e6;
}

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function readStat(pid: number): { readonly command: string; readonly parent: number } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  const end = text.lastIndexOf(")");
  const rest = text.slice(end + 2).split(" ");
  return { command: basename(text.slice(text.indexOf("(") + 1, end)), parent: Number(rest[1]) };
}

interface Destination {
  readonly url: string;
  /** Answered so far. */
  requests(): number;
  waitFor(count: number): Promise<void>;
  stop(): void;
}

async function startDestination(): Promise<Destination> {
  let answered = 0;
  let check: () => void = () => {};
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      const isJson = request.headers["content-type"] === "application/json";
      response.writeHead(200, { "content-type": isJson ? "application/json" : "application/x-protobuf" }).end(isJson ? "{}" : "");
      answered++;
      check();
    });
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    requests: () => answered,
    waitFor: (count) =>
      new Promise((resolve) => {
        check = () => {
          if (answered >= count) resolve();
        };
        check();
      }),
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(workerToText(await measureWorker()));
