// Runs the built `otlp-drain` as a process, with an environment that holds nothing but what the test names.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
/** Inside node_modules, so that the packages are found from there and no tool looks at it. */
const BUILDS = join(ROOT, "node_modules/.cache/otlp-drain-cli");
const OLD_BUILD_MS = 3_600_000;

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly stdin?: string | Uint8Array | undefined;
  readonly cwd?: string | undefined;
}

/** Runs it to its end. */
export async function runCommand(args: readonly string[], { env = {}, stdin, cwd }: RunOptions = {}): Promise<Finished> {
  const child = await startCommand(args, { env, cwd });
  const stdout = readAll(child.stdout);
  const stderr = readAll(child.stderr);
  child.stdin.on("error", () => {});
  child.stdin.end(stdin ?? "");
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  const finished = { code, stdout: await stdout, stderr: await stderr };
  // What holds for every run: whatever goes wrong, it is said in words.
  expect(finished.stderr).not.toMatch(/^\s+at .+:\d+:\d+\)?$/m);
  expect(finished.stderr).not.toContain("internal error");
  return finished;
}

/** Starts it, for a verb that runs until it is told to stop. */
export async function startCommand(args: readonly string[], { env = {}, cwd }: RunOptions = {}) {
  const file = join(await build(), "adapters/cli.js");
  const { PATH = "" } = process.env;
  return spawn(process.execPath, [file, ...args], { env: { PATH, ...env }, cwd, stdio: "pipe" });
}

export async function readAll(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

/** A usage or failure line: one line, its code, and never what must stay secret. */
export function expectFault({ code, stderr }: Finished, exitCode: 1 | 2, words: RegExp, secrets: readonly string[] = []): void {
  expect(stderr).toMatch(words);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  expect(stderr).toMatch(/^otlp-drain: /);
  for (const secret of secrets) expect(stderr).not.toContain(secret);
  expect(code).toBe(exitCode);
}

let built: Promise<string> | undefined;

/** Once for all test files that see the same sources. @returns the folder of the build, as `dist` of the package */
export function build(): Promise<string> {
  built ??= buildSources();
  return built;
}

async function buildSources(): Promise<string> {
  const target = join(BUILDS, fingerprint());
  if (existsSync(target)) return target;
  await mkdir(BUILDS, { recursive: true });
  removeOld();
  const draft = mkdtempSync(join(BUILDS, "draft-"));
  const output = await compile(draft);
  if (!existsSync(join(draft, "adapters/cli.js"))) throw new Error(`the build failed:\n${output}`);
  writeFileSync(join(draft, "package.json"), '{"type":"module"}');
  try {
    renameSync(draft, target);
  } catch (error) {
    // Another test file was quicker.
    if (!existsSync(target)) throw error;
    rmSync(draft, { recursive: true, force: true });
  }
  return target;
}

async function compile(outDir: string): Promise<string> {
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const child = spawn(process.execPath, [tsc, "-p", "tsconfig.build.json", "--outDir", outDir], { cwd: ROOT, stdio: "pipe" });
  const output = readAll(child.stdout);
  await new Promise((resolve) => child.once("close", resolve));
  return output;
}

function fingerprint(): string {
  const hash = createHash("sha256");
  for (const folder of ["core", "adapters"]) {
    for (const name of readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).sort()) {
      const { mtimeMs, size, isFile } = describe(join(ROOT, folder, name));
      if (isFile) hash.update(`${folder}/${name} ${mtimeMs} ${size}\n`);
    }
  }
  return hash.digest("hex").slice(0, 16);
}

function describe(path: string): { readonly mtimeMs: number; readonly size: number; readonly isFile: boolean } {
  // Another test file may just have removed it.
  const stats = statSync(path, { throwIfNoEntry: false });
  return { mtimeMs: stats?.mtimeMs ?? 0, size: stats?.size ?? 0, isFile: stats?.isFile() ?? false };
}

function removeOld(): void {
  for (const name of readdirSync(BUILDS)) {
    const path = join(BUILDS, name);
    if (Date.now() - describe(path).mtimeMs > OLD_BUILD_MS) rmSync(path, { recursive: true, force: true });
  }
}
