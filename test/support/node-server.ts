// The real server as a process of its own: `node adapters/cli.ts serve`, its lines, its end.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("../../adapters/cli.ts", import.meta.url));

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface NodeServer {
  readonly process: ChildProcess;
  /** What it wrote so far. */
  readonly output: { stdout: string; stderr: string };
  readonly exit: Promise<Exit>;
  /** Resolves to the address once it listens; rejects when it ends before. */
  readonly url: Promise<string>;
  /** Resolves when it wrote a text that matches. */
  waitFor(stream: "stdout" | "stderr", pattern: RegExp): Promise<void>;
}

/** Starts on a free port, with nothing of this process's environment but what Node needs. */
export function startNodeServer(env: Readonly<Record<string, string>> = {}): NodeServer {
  const child = spawn(process.execPath, [SCRIPT, "serve"], {
    env: { PATH: process.env["PATH"], PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  const exit = once(child, "close").then(([code, signal]): Exit => ({ code, signal }));

  async function waitFor(stream: "stdout" | "stderr", pattern: RegExp): Promise<void> {
    let ended = false;
    const end = exit.then(() => {
      ended = true;
    });
    while (!pattern.test(output[stream])) {
      if (ended) throw new Error(`the server ended before ${stream} had ${pattern}:\n${output.stderr}`);
      await Promise.race([once(child[stream], "data"), end]);
    }
  }

  const url = waitFor("stderr", /listening on \S+;/).then(() => /listening on (\S+);/.exec(output.stderr)?.[1] ?? "");
  // A test of a failing start does not ask for it.
  url.catch(() => {});
  return { process: child, output, exit, url, waitFor };
}
