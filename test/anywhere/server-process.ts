// A server as a process of its own, whatever runs it: its command, the address that it prints, its end.
import { spawn } from "node:child_process";
import { once } from "node:events";

export interface ServerProcess {
  /** Without a slash at its end. */
  readonly url: string;
  /** Ends it, and waits until it has ended. */
  stop(): Promise<void>;
}

export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Nothing else of this process's environment but what finds programs and caches. */
  readonly env: Readonly<Record<string, string>>;
}

/** Every runtime and framework prints its port in one of these ways. */
const PORT = /(?:https?:\/\/[^\s/]+:|port: )(\d+)\D/;

/** Resolves when it listens; rejects with what it printed when it ends before. */
export async function startServerProcess({ command, args, cwd, env }: ServerCommand): Promise<ServerProcess> {
  const { PATH, HOME } = process.env;
  const child = spawn(command, args, { cwd, env: { PATH, HOME, NO_COLOR: "1", ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const closed = once(child, "close");
  const port = await new Promise<string>((resolve, reject) => {
    let output = "";
    const read = (text: string) => {
      output += text;
      const [, found] = PORT.exec(output) ?? [];
      if (found !== undefined) resolve(found);
    };
    child.stdout.setEncoding("utf8").on("data", read);
    child.stderr.setEncoding("utf8").on("data", read);
    child.once("error", reject);
    child.once("close", () => reject(new Error(`${command} ${args.join(" ")} ended before it listened:\n${output}`)));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      child.kill("SIGKILL");
      await closed;
    },
  };
}
