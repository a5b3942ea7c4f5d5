// The packed tarball in an empty project: what it holds, its types, its size in a bundle; and the same app on every runtime, from there.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as http from "../../adapters/embed.ts";
import { HTTP_DRAINS } from "../../adapters/http.ts";
import manifest from "../../package.json" with { type: "json" };
import runtimes from "../runtimes/package.json" with { type: "json" };
import { createProject, type Project, ROOT } from "./project.ts";
import { startServerProcess } from "./server-process.ts";
import { deliveriesTo, expectSmoke, smokeEnv, withSmokeReceiver } from "./smoke.ts";

const BIN = join(ROOT, "node_modules", ".bin");
const NODE_24 = join(BIN, "node");
const NODE_22 = join(ROOT, "test", "runtimes", "node_modules", ".bin", "node");
const INSTALL_TIMEOUT_MS = 180_000;
const START_TIMEOUT_MS = 60_000;

let project: Project;
beforeAll(async () => {
  project = await createProject();
}, INSTALL_TIMEOUT_MS);
afterAll(() => project?.remove());

describe("the tarball", () => {
  test("holds the build and the papers, and nothing else", () => {
    expect(project.packed.filter((path) => !/^(?:dist\/.+|package\.json|README\.md|LICENSE)$/.test(path))).toEqual([]);
    expect(project.packed.filter((path) => /\.test\.|node_modules|\.map$/.test(path))).toEqual([]);
  });

  test("has a file for every export and for the command", () => {
    const targets = [Object.values(manifest.exports), Object.values(manifest.bin)]
      .flat()
      .flatMap((target) => (typeof target === "string" ? [target] : Object.values(target)))
      .map((path) => path.replace(/^\.\//, ""));
    expect(targets.filter((path) => !project.packed.includes(path))).toEqual([]);
  });

  test("runs as a command", async () => {
    expect(await project.run(join("node_modules", ".bin", "otlp-drain"), ["--version"])).toBe(`${manifest.version}\n`);
  });

  test("is imported in every part, and nothing starts, prints or lingers for that", async () => {
    const parts = Object.keys(manifest.exports).filter((part) => part !== "./package.json");
    const program = parts.map((part) => `await import("otlp-drain${part.slice(1)}");`).join("\n");
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" };
    expect(await project.run(NODE_22, ["--input-type=module", "--eval", program], env)).toBe("");
  });

  test("does as a library what the README says", async () => {
    const [, program = ""] =
      /```ts\n(import \{ InMemoryLogRecordExporter \}[\s\S]*?)```/.exec(readFileSync(join(ROOT, "README.md"), "utf8")) ?? [];
    const [, said] = /^\/\/ (\{ ok: true.*\})$/m.exec(program) ?? [];
    const print = `${program}\nconsole.log(JSON.stringify([result, ${said}]));`;
    const [result, promised] = JSON.parse(await project.run(NODE_22, ["--input-type=module", "--eval", print]));
    expect(result).toEqual(promised);
    expect(result).toMatchObject({ ok: true, value: { delivered: 1 } });
  });
});

describe("a bundle", () => {
  /** The files that end up in a bundle of these lines, by their paths in the package. */
  async function bundle(code: string): Promise<readonly string[]> {
    const { metafile } = await build({
      stdin: { contents: code, resolveDir: project.folder },
      absWorkingDir: project.folder,
      bundle: true,
      format: "esm",
      platform: "browser",
      write: false,
      metafile: true,
      logLevel: "silent",
    });
    return Object.values(metafile.outputs)
      .flatMap(({ inputs }) => Object.entries(inputs))
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([path]) => path);
  }

  test("of one source holds no other source, no adapter and no package", async () => {
    const files = await bundle('export { createDrain, createOtlpExporter, vercel } from "otlp-drain";');
    expect(files).toContain("node_modules/otlp-drain/dist/core/sources/vercel.js");
    expect(files.filter((path) => /\/adapters\/|sources\/(?!vercel)|node_modules\/(?!otlp-drain\/)/.test(path))).toEqual([]);
  });

  test("of one route holds no other drain and no router", async () => {
    const files = await bundle('export { createDrainRoute, vercelDrain } from "otlp-drain/http";');
    expect(files).toContain("node_modules/otlp-drain/dist/adapters/vercel.js");
    expect(
      files.filter((path) => /adapters\/(?:fly|firehose|http|node)\.js|sources\/(?!vercel)|node_modules\/(?!otlp-drain\/)/.test(path)),
    ).toEqual([]);
  });

  test("of the whole app needs no part of Node", async () => {
    expect(await bundle('export { createHttpAppFromEnv } from "otlp-drain/http";')).toContain(
      "node_modules/otlp-drain/dist/adapters/fly.js",
    );
  });
});

test("otlp-drain/http exports every drain of the table", () => {
  expect(HTTP_DRAINS.filter((drain) => !Object.values<unknown>(http).includes(drain)).map(({ name }) => name)).toEqual([]);
});

describe("the examples", () => {
  const read = (...path: readonly string[]) => readFileSync(join(ROOT, ...path), "utf8");

  test("ask for this version, and for the versions of other packages that they are checked with", () => {
    const ours: Readonly<Record<string, string>> = {
      ...manifest.devDependencies,
      ...manifest.dependencies,
      "otlp-drain": manifest.version,
    };
    for (const name of readdirSync(join(ROOT, "examples")).filter((name) => name !== "deno-server")) {
      const { dependencies, devDependencies } = JSON.parse(read("examples", name, "package.json"));
      const wanted = Object.entries<string>({ ...dependencies, ...devDependencies });
      expect(dependencies, name).toHaveProperty("otlp-drain");
      expect(
        wanted.filter(([key, version]) => Object.hasOwn(ours, key) && ours[key] !== version),
        name,
      ).toEqual([]);
    }
    expect(read("examples", "deno-server", "deno.json")).toContain(`npm:otlp-drain@${manifest.version}/http`);
  });

  test.each([
    ["bun-server", "server.ts"],
    ["vercel-function", "api", "vercel.ts"],
  ])("%s is what the README shows", (...path) => {
    expect(read("README.md")).toContain(`\`\`\`ts\n${read("examples", ...path).replace(/^\/\/.*\n/, "")}\`\`\``);
  });

  test.each(["node-server", "bun-server", "hono-mount", "nextjs-route", "vercel-function"])(
    "%s passes its own type check",
    async (name) => {
      const typeRoots = join(ROOT, "node_modules", "@types");
      await project.run(join(BIN, "tsc"), ["--project", join("examples", name), "--typeRoots", typeRoots]);
    },
  );

  test("deno-server passes the type check of Deno", async () => {
    await project.run(join(BIN, "deno"), [
      "check",
      "--no-config",
      "--node-modules-dir=manual",
      join("examples", "deno-server", "server.ts"),
    ]);
  });
});

interface Place {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Where the drains are mounted. Default: at the root. */
  readonly mount?: string;
  /** Default: those of every drain. */
  readonly paths?: readonly string[];
}

const example = (...path: readonly string[]) => join("examples", ...path);
const NODE_22_TYPESCRIPT = ["--experimental-strip-types", "--disable-warning=ExperimentalWarning"];
const CLI = join("node_modules", "otlp-drain", "dist", "adapters", "cli.js");
const HOST = join(ROOT, "test", "anywhere", "host.ts");

const PLACES: readonly Place[] = [
  { name: `Node ${runtimes.devDependencies.node}`, command: NODE_22, args: [CLI, "serve"] },
  { name: `Node ${manifest.devDependencies.node}`, command: NODE_24, args: [CLI, "serve"] },
  { name: `Bun ${runtimes.devDependencies.bun}`, command: join(BIN, "bun"), args: [example("bun-server", "server.ts")] },
  {
    name: `Deno ${runtimes.devDependencies.deno}`,
    command: join(BIN, "deno"),
    args: [
      "run",
      "--no-config",
      "--node-modules-dir=manual",
      "--allow-net",
      "--allow-env",
      "--allow-read",
      example("deno-server", "server.ts"),
    ],
  },
  {
    name: "a server of one's own on Node 22",
    command: NODE_22,
    args: [...NODE_22_TYPESCRIPT, example("node-server", "server.ts")],
    mount: "/logs",
    paths: ["/vercel"],
  },
  { name: "a Hono app", command: NODE_24, args: [example("hono-mount", "server.ts")], mount: "/logs", paths: ["/vercel", "/fly"] },
  {
    name: "a Next.js route",
    command: NODE_24,
    args: [HOST, example("nextjs-route", "app", "logs", "vercel", "route.ts")],
    paths: ["/vercel"],
  },
  { name: "a Vercel function", command: NODE_24, args: [HOST, example("vercel-function", "api", "vercel.ts")], paths: ["/vercel"] },
];

describe("the same app delivers on", () => {
  test.each(PLACES)(
    "$name",
    ({ command, args, mount = "", paths }) =>
      withSmokeReceiver(async (receiver) => {
        const server = await startServerProcess({ command, args, cwd: project.folder, env: smokeEnv(receiver.url.href) });
        try {
          await expectSmoke({ base: server.url + mount, receiver, deliveries: paths && deliveriesTo(...paths) });
        } finally {
          await server.stop();
        }
      }),
    START_TIMEOUT_MS,
  );

  test("the Node that they are named after", async () => {
    const print = ["--print", "process.versions.node"];
    expect((await project.run(NODE_22, print)).trim()).toBe(runtimes.devDependencies.node);
    expect((await project.run(NODE_24, print)).trim()).toBe(manifest.devDependencies.node);
  });
});
