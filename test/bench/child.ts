// One variant in a process of its own, so that neither heap nor compiled code is shared. The parent says when it runs:
// `child <variant> <convert | url> <payload file>...`
import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { createVariant, type VariantName, type Way } from "./variant.ts";

export interface Run {
  /** Which of the payload files. */
  readonly payload: number;
  readonly times: number;
}

export interface Measurement {
  readonly wallMs: number;
  /** User and system time of all threads of the process. */
  readonly cpuMs: number;
  /** The most that the process ever held. */
  readonly peakRssBytes: number;
}

async function measure({ payload, times }: Run): Promise<Measurement> {
  const bytes = payloads[payload];
  if (bytes === undefined) throw new Error(`no payload ${payload}`);
  const cpu = process.cpuUsage();
  const start = performance.now();
  for (let index = 0; index < times; index++) await variant.run(bytes);
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs, cpuMs: (user + system) / 1000, peakRssBytes: process.resourceUsage().maxRSS * 1024 };
}

const [name, target, ...files] = process.argv.slice(2);
const way: Way = target === "convert" ? { kind: "convert", onRequest: () => {} } : { kind: "deliver", url: target ?? "" };
const variant = await createVariant(name as VariantName, way);
// Plain arrays of bytes, as the HTTP adapters hand them over: a Buffer has other methods.
const payloads = files.map((file) => {
  const { buffer, byteOffset, byteLength } = readFileSync(file);
  return new Uint8Array(buffer, byteOffset, byteLength);
});

process.on("message", (run) => {
  measure(run as Run).then((measurement) => process.send?.(measurement));
});
process.on("disconnect", () => process.exit());
process.send?.("ready");
