// Starts and asks the processes of a benchmark, one question at a time.
import { type ChildProcess, execFile, fork } from "node:child_process";
import { once } from "node:events";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { Measurement, Run } from "./child.ts";
import type { ReceiverReady } from "./receiver.ts";
import type { VariantName } from "./variant.ts";

export interface VariantProcess {
  measure(run: Run): Promise<Measurement>;
  stop(): void;
}

/** @param target `convert`, or the URL of a destination */
export async function startVariant(
  bundle: string,
  name: VariantName,
  target: string,
  payloadFiles: readonly string[],
): Promise<VariantProcess> {
  const child = startChild(bundle, [name, target, ...payloadFiles]);
  await answer(child);
  return {
    async measure(run) {
      child.send(run);
      return (await answer(child)) as Measurement;
    },
    stop: () => child.disconnect(),
  };
}

export async function startReceiver(bundle: string): Promise<{ readonly url: string; stop(): void }> {
  const child = startChild(bundle, []);
  const { url } = (await answer(child)) as ReceiverReady;
  return { url, stop: () => child.disconnect() };
}

/** How long a fresh process takes to import a bundle, ms. */
export async function measureImport(file: string): Promise<number> {
  const script = `const start = performance.now(); await import(${JSON.stringify(pathToFileURL(file).href)}); console.log(performance.now() - start);`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
  return Number(stdout);
}

function startChild(bundle: string, parameters: readonly string[]): ChildProcess {
  // The SDK reads its settings from the environment too: nobody's own may change what is measured.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("OTEL_") && name !== "NODE_OPTIONS"));
  return fork(bundle, parameters, { env, execArgv: [] });
}

async function answer(child: ChildProcess): Promise<unknown> {
  const abort = new AbortController();
  try {
    return await Promise.race([
      once(child, "message", { signal: abort.signal }).then(([message]) => message as unknown),
      once(child, "exit", { signal: abort.signal }).then(([code]) => {
        throw new Error(`a benchmark process ended with ${code}`);
      }),
    ]);
  } finally {
    abort.abort();
  }
}
