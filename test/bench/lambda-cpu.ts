// One function in a process of its own: the CPU time of its invocations, the first one apart. `lambda-cpu <bundle> <event file> <times>`
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

/** CPU of all threads, ms. */
export interface LambdaCpu {
  readonly firstMs: number;
  readonly warmMs: readonly number[];
}

const [bundle = "", eventFile = "", times = ""] = process.argv.slice(2);
const { handler } = (await import(pathToFileURL(bundle).href)) as { handler: (event: unknown, context: object) => Promise<unknown> };
const text = readFileSync(eventFile, "utf8");
const context = { getRemainingTimeInMillis: () => 60_000 };

async function measure(): Promise<number> {
  // The runtime parses each event anew.
  const event: unknown = JSON.parse(text);
  const before = process.cpuUsage();
  await handler(event, context);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const firstMs = await measure();
const warmMs: number[] = [];
for (let time = 0; time < Number(times); time++) warmMs.push(await measure());
console.log(JSON.stringify({ firstMs, warmMs } satisfies LambdaCpu));
process.exit(0);
