#!/usr/bin/env node
// The `otlp-drain` command, as a process: streams and exit code. Everything else is in `cli/`, loaded once this Node is known to
// be new enough for it.
import { CliOutput } from "./cli/output.ts";

const OLDEST_NODE = [22, 15] as const;

// A reader that has seen enough (`otlp-drain convert ... | head`) is no fault, and no reason to end a server.
process.stdout.on("error", () => {});

const output = new CliOutput(process.stdout, process.stderr, process.env);
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
  output.fail(`this is Node ${process.versions.node}: use Node ${OLDEST_NODE.join(".")} or newer`, 1);
  process.exitCode = 1;
} else {
  try {
    const { runCli } = await import("./cli/program.ts");
    process.exitCode = await runCli(process.argv.slice(2), { env: process.env, output, stdin: process.stdin });
  } catch (error) {
    // Only a bug of ours ends here; its message could hold a payload.
    output.fail(`internal error (${error instanceof Error ? error.name : "unknown"}): please report the command that you ran`, 1);
    process.exitCode = 1;
  }
}
