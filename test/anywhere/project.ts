// The package as a stranger gets it: built and packed by npm's own script in a copy of the sources, installed from the tarball in an
// empty project, with the examples beside it.
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** What the build reads and the package holds. */
const SOURCES = ["adapters", "core", "package.json", "README.md", "LICENSE", "tsconfig.json", "tsconfig.build.json"];

export interface Project {
  readonly folder: string;
  /** Paths in the tarball. */
  readonly packed: readonly string[];
  /** Runs a program there; resolves to what it wrote to stdout. */
  run(command: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<string>;
  remove(): void;
}

const execute = promisify(execFile);

/** Needs the registry for the package's dependencies, as far as npm's cache does not have them. */
export async function createProject(): Promise<Project> {
  const base = mkdtempSync(join(tmpdir(), "otlp-drain-package-"));
  const sources = join(base, "sources");
  const folder = join(base, "project");
  for (const name of SOURCES) cpSync(join(ROOT, name), join(sources, name), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(sources, "node_modules"));
  mkdirSync(folder);
  const run: Project["run"] = async (command, args, env = {}) => {
    const { stdout } = await execute(command, [...args], { cwd: folder, env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  };
  const { stdout } = await execute("npm", ["pack", "--json", "--silent", "--pack-destination", base], { cwd: sources });
  const [tarball] = readPackReport(stdout);
  if (tarball === undefined) throw new Error(`npm pack reports no tarball: ${stdout}`);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "empty", private: true, type: "module" }));
  await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error", join(base, tarball.filename)]);
  cpSync(join(ROOT, "examples"), join(folder, "examples"), { recursive: true });
  return { folder, packed: tarball.files.map(({ path }) => path), run, remove: () => rmSync(base, { recursive: true, force: true }) };
}

interface PackReport {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** The build prints before the report; npm 12 may give an object by package name instead of a list. */
function readPackReport(stdout: string): readonly PackReport[] {
  const report: unknown = JSON.parse(stdout.slice(stdout.search(/^[[{]/m)));
  return Object.values(report as Record<string, PackReport>);
}
