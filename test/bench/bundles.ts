// Bundles the variants as they would be deployed, so that what is measured holds no TypeScript loader and no module resolution.
import { build, type Metafile } from "esbuild";

export interface Bundles {
  readonly child: string;
  readonly receiver: string;
  /** What a process loads at its start, by variant. */
  readonly startUp: Readonly<Record<"ours" | "sdk-protobuf", StartUp>>;
}

export interface StartUp {
  readonly file: string;
  /** Of the file and all that it imports at once. */
  readonly bytes: number;
}

const BENCH = "test/bench";

/** @param directory an empty one; the bundles are written there */
export async function bundleVariants(directory: string): Promise<Bundles> {
  const { metafile } = await build({
    entryPoints: ["child", "receiver", "ours", "sdk"].map((name) => `${BENCH}/${name}.ts`),
    outdir: directory,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "node22",
    metafile: true,
    logLevel: "warning",
  });
  const fileOf = (name: string) => `${directory}/${name}.mjs`;
  return {
    child: fileOf("child"),
    receiver: fileOf("receiver"),
    startUp: {
      ours: { file: fileOf("ours"), bytes: staticBytes(metafile, "ours.ts") },
      "sdk-protobuf": { file: fileOf("sdk"), bytes: staticBytes(metafile, "sdk.ts") },
    },
  };
}

function staticBytes({ outputs }: Metafile, entry: string): number {
  const start = Object.keys(outputs).find((path) => outputs[path]?.entryPoint === `${BENCH}/${entry}`);
  if (start === undefined) throw new Error(`no bundle of ${entry}`);
  const seen = new Set([start]);
  for (const path of seen) {
    for (const { kind, path: next } of outputs[path]?.imports ?? []) if (kind === "import-statement" && next in outputs) seen.add(next);
  }
  return [...seen].reduce((sum, path) => sum + (outputs[path]?.bytes ?? 0), 0);
}
