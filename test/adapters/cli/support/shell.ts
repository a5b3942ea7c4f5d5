// Runs a printed set-up as a shell script, with stand-ins for the vendors' commands that only write down what they were called with.
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

export interface ScriptRun {
  /** One entry a call: the command's name, then its arguments. */
  readonly calls: readonly (readonly string[])[];
  /** Where it ran. */
  readonly folder: string;
  /** Reads a file that it wrote. */
  readonly read: (name: string) => string;
}

export interface StandIns {
  /** What a command prints, by the words that its arguments begin with. */
  readonly prints?: Readonly<Record<string, string>>;
  /** Folders that are there before. */
  readonly folders?: readonly string[];
}

const folders: string[] = [];

/** For each test file that imports this. */
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const COMMANDS = ["fly", "aws", "npm", "npx", "curl"];

/** @param script must be plain POSIX shell: it runs in `sh`, and ends at the first command that fails */
export function runScript(script: string, { prints = {}, folders: existing = [] }: StandIns = {}): ScriptRun {
  const folder = mkdtempSync(join(tmpdir(), "otlp-drain-script-"));
  folders.push(folder);
  const bin = join(folder, ".bin");
  const log = join(folder, ".log");
  for (const name of [".bin", ...existing]) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(log, "");
  for (const name of COMMANDS) {
    const answers = Object.entries(prints)
      .filter(([words]) => words.startsWith(`${name} `))
      .map(([words, text]) => `case "${name} $*" in "${words}"*) printf '%b' '${text}' ;; esac`);
    const file = join(bin, name);
    writeFileSync(
      file,
      `#!/bin/sh\n{ printf '%s\\0' ${name} "$@"; printf '\\1'; } >> ${log}\n[ -t 0 ] || [ "$2" != secret ] || cat >> ${log}.stdin\n${answers.join("\n")}\n`,
    );
    chmodSync(file, 0o755);
  }
  execFileSync("sh", ["-eu", "-c", script], {
    cwd: folder,
    env: { PATH: `${bin}:${process.env["PATH"]}`, CLOUDFLARE_API_TOKEN: "cf-token" },
    stdio: "pipe",
  });
  const calls = readFileSync(log, "utf8")
    .split("\u0001")
    .filter((call) => call !== "")
    .map((call) => call.split("\0").slice(0, -1));
  return { calls, folder, read: (name) => readFileSync(join(folder, name), "utf8") };
}

/** The value after a flag. */
export function flag(call: readonly string[] | undefined, name: string): string | undefined {
  return call?.[call.indexOf(name) + 1];
}
