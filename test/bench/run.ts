// `npm run bench`: reading the JSON alone, the OpenTelemetry SDK's pipeline (JSON and protobuf) and ours, side by side, each in a process
// of its own, taking turns. Prints medians, ratios and what of the targets is met; `--markdown` prints the README's tables.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleVariants } from "./bundles.ts";
import { lambdaToText, measureLambda } from "./lambda.ts";
import { measureImport, startReceiver, startVariant } from "./processes.ts";
import { type Cost, checkTargets, type Figures, median, type PerVariant, toMarkdown, toText } from "./report.ts";
import { checkSameRecords } from "./same-records.ts";
import { VARIANT_NAMES, type VariantName } from "./variant.ts";
import { vercelLines } from "./vercel-lines.ts";

const SIZES = [1_000, 10_000] as const;
/** What the compiler makes of the same code, and what the collector takes, differs from process to process. */
const PROCESSES = 3;
/** In each process. */
const ROUNDS = 7;
/** Of every variant in every round. */
const RECORDS_PER_ROUND = 50_000;
/** Until the compiler has seen it all. */
const WARM_UP_RECORDS = 50_000;
/** Deliveries of the larger payload, one after the other, for the memory. */
const MEMORY_DELIVERIES = 10;
const START_UPS = 11;
const DELIVERING = ["sdk-json", "sdk-protobuf", "ours"] as const;

/** @returns by size: what every round of every process cost. The variants take turns, so their rounds can be compared one by one. */
async function measureCosts(
  bundle: string,
  names: readonly VariantName[],
  target: string,
  payloadFiles: readonly string[],
): Promise<readonly PerVariant<readonly Cost[]>[]> {
  const costs = SIZES.map((): Partial<Record<VariantName, Cost[]>> => ({}));
  for (let generation = 0; generation < PROCESSES; generation++) {
    const processes = await Promise.all(
      names.map(async (name) => ({ name, process: await startVariant(bundle, name, target, payloadFiles) })),
    );
    for (const [payload, lines] of SIZES.entries()) {
      for (const { process } of processes) await process.measure({ payload, times: Math.ceil(WARM_UP_RECORDS / lines) });
      const times = Math.ceil(RECORDS_PER_ROUND / lines);
      const toUs = (ms: number) => (ms * 1000) / (times * lines);
      const bySize = costs[payload] ?? {};
      for (let round = 0; round < ROUNDS; round++) {
        for (const { name, process } of processes) {
          const { wallMs, cpuMs } = await process.measure({ payload, times });
          (bySize[name] ??= []).push({ wallUs: toUs(wallMs), cpuUs: toUs(cpuMs) });
        }
      }
    }
    for (const { process } of processes) process.stop();
  }
  return costs;
}

async function measureMemory(bundle: string, url: string, payloadFile: string): Promise<PerVariant<number>> {
  const peaks: Partial<Record<VariantName, number>> = {};
  for (const name of VARIANT_NAMES) {
    const peaksOfName: number[] = [];
    for (let generation = 0; generation < PROCESSES; generation++) {
      const child = await startVariant(bundle, name, name === "floor" ? "convert" : url, [payloadFile]);
      peaksOfName.push((await child.measure({ payload: 0, times: MEMORY_DELIVERIES })).peakRssBytes);
      child.stop();
    }
    peaks[name] = median(peaksOfName);
  }
  return peaks;
}

const directory = await mkdtemp(join(tmpdir(), "otlp-drain-bench-"));
try {
  const payloads = SIZES.map(vercelLines);
  await checkSameRecords(payloads[0] as Uint8Array<ArrayBuffer>);
  const payloadFiles = SIZES.map((size) => join(directory, `${size}.ndjson`));
  for (const [index, file] of payloadFiles.entries()) await writeFile(file, payloads[index] as Uint8Array);
  const bundles = await bundleVariants(directory);
  const receiver = await startReceiver(bundles.receiver);
  const figures: Figures = {
    sizes: SIZES,
    lineBytes: (payloads.at(-1)?.length ?? 0) / (SIZES.at(-1) ?? 1),
    convert: await measureCosts(bundles.child, VARIANT_NAMES, "convert", payloadFiles),
    deliver: await measureCosts(bundles.child, DELIVERING, receiver.url, payloadFiles),
    peakRssBytes: await measureMemory(bundles.child, receiver.url, payloadFiles.at(-1) ?? ""),
    bundleBytes: { ours: bundles.startUp.ours.bytes, "sdk-protobuf": bundles.startUp["sdk-protobuf"].bytes },
    importMs: await measureImports(bundles.startUp),
  };
  receiver.stop();
  const targets = checkTargets(figures);
  console.log(process.argv.includes("--markdown") ? toMarkdown(figures, targets) : toText(figures, targets));
  console.log(`\n${lambdaToText(await measureLambda())}`);
} finally {
  await rm(directory, { recursive: true, force: true });
}

async function measureImports(startUp: Readonly<Record<"ours" | "sdk-protobuf", { readonly file: string }>>): Promise<PerVariant<number>> {
  const ours: number[] = [];
  const sdk: number[] = [];
  for (let round = 0; round < START_UPS; round++) {
    ours.push(await measureImport(startUp.ours.file));
    sdk.push(await measureImport(startUp["sdk-protobuf"].file));
  }
  return { ours: median(ours), "sdk-protobuf": median(sdk) };
}
