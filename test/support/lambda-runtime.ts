// The Lambda function as AWS runs it: the bundle of `npm run build:lambda` on AWS's own runtime client, against a Runtime API on 127.0.0.1
// that can freeze the process after an answer, as Lambda does.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Metafile } from "esbuild";
import manifest from "../../package.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const CLIENT = join(ROOT, "test/aws-tools/node_modules/aws-lambda-ric/index.mjs");
const PRELOAD = join(ROOT, "test/support/lambda-preload.cjs");
const FUNCTION = { AWS_LAMBDA_FUNCTION_NAME: "otlp-drain", AWS_LAMBDA_FUNCTION_VERSION: "$LATEST", AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "512" };
/** `Function.timeout` of the deadline that an invocation is told. */
const TIMEOUT_MS = 30_000;

/** What the runtime client posted for one invocation. */
type InvocationAnswer =
  | { readonly kind: "response"; readonly body: unknown }
  | { readonly kind: "error"; readonly errorType: string; readonly errorMessage: string };

export interface LambdaRuntimeOptions {
  /** The module that exports `handler`: `.../aws-lambda.mjs`. */
  readonly bundle: string;
  readonly env: Readonly<Record<string, string>>;
  /** How long the process stands still after every answer; not at all when left out. */
  readonly freezeMs?: number | undefined;
}

export interface LambdaRuntime {
  /** Resolves when the function asks for its first invocation; rejects when its start failed. */
  readonly ready: Promise<void>;
  /** What the function and the client wrote to stdout and stderr. */
  readonly output: () => string;
  /** @param timeoutMs the function's time-out, from which the deadline follows */
  invoke(event: unknown, timeoutMs?: number): Promise<InvocationAnswer>;
  /** Resolves when the process has been frozen and thawed after every answer so far, and asks for the next invocation. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

interface LambdaBundle {
  readonly imports: readonly string[];
  readonly inputs: readonly string[];
}

/**
 * Runs the very command of the package's script.
 * @returns what the bundle imports, and the files that went into it
 */
export async function buildLambdaBundle(outfile: string): Promise<LambdaBundle> {
  const [command = "", ...options] = manifest.scripts["build:lambda"].split(" ");
  const kept = options.filter((option) => !option.startsWith("--outfile="));
  const metafile = `${outfile}.meta.json`;
  const ours = [`--outfile=${outfile}`, `--metafile=${metafile}`];
  await promisify(execFile)(join(ROOT, "node_modules/.bin", command), [...kept, ...ours], { cwd: ROOT });
  const { inputs, outputs } = JSON.parse(await readFile(metafile, "utf8")) as Metafile;
  return { imports: Object.values(outputs).flatMap(({ imports }) => imports.map(({ path }) => path)), inputs: Object.keys(inputs) };
}

interface Waiting {
  readonly event: string;
  readonly timeoutMs: number;
  readonly resolve: (answer: InvocationAnswer) => void;
}

export async function startLambdaRuntime({ bundle, env, freezeMs }: LambdaRuntimeOptions): Promise<LambdaRuntime> {
  if (!existsSync(CLIENT)) throw new Error("aws-lambda-ric is missing: npm ci installs it in test/aws-tools");
  const queue: Waiting[] = [];
  const running = new Map<string, Waiting>();
  const ready = Promise.withResolvers<void>();
  // A test that expects a failed start looks at it; the others fail by it at their first invocation.
  ready.promise.catch(() => {});
  let asking: ServerResponse | undefined;
  let idle = Promise.withResolvers<void>();
  let invocations = 0;
  let output = "";

  function hand(): void {
    const next = asking === undefined ? undefined : queue.shift();
    if (asking === undefined || next === undefined) return;
    const id = `00000000-0000-4000-8000-${String(invocations++).padStart(12, "0")}`;
    running.set(id, next);
    asking.writeHead(200, {
      // The native client hangs without it.
      "content-type": "application/json",
      "lambda-runtime-aws-request-id": id,
      "lambda-runtime-deadline-ms": String(Date.now() + next.timeoutMs),
      "lambda-runtime-invoked-function-arn": "arn:aws:lambda:us-east-1:123456789012:function:otlp-drain",
    });
    asking.end(next.event);
    asking = undefined;
    idle = Promise.withResolvers();
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "";
    if (path.endsWith("/invocation/next")) {
      ready.resolve();
      if (freezeMs !== undefined && invocations > 0) await freeze(child, freezeMs);
      asking = response;
      idle.resolve();
      hand();
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    response.writeHead(202).end();
    if (path.endsWith("/init/error")) {
      const { errorType, errorMessage } = JSON.parse(text);
      ready.reject(new Error(`${errorType}: ${errorMessage}`));
      return;
    }
    const id = path.split("/").at(-2) ?? "";
    running.get(id)?.resolve(toAnswer(path, text));
    running.delete(id);
  }

  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const handlerName = bundle.replace(/^.*\//, "").replace(/\.mjs$/, ".handler");
  const child = spawn(process.execPath, ["--require", PRELOAD, CLIENT, handlerName], {
    env: {
      ...FUNCTION,
      AWS_REGION: "us-east-1",
      AWS_LAMBDA_LOG_GROUP_NAME: "/aws/lambda/otlp-drain",
      AWS_LAMBDA_LOG_STREAM_NAME: "2026/11/20/[$LATEST]0123456789abcdef0123456789abcdef",
      ...env,
      PATH: process.env["PATH"],
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${(server.address() as AddressInfo).port}`,
      _HANDLER: handlerName,
      LAMBDA_TASK_ROOT: dirname(bundle),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  void exited.then(() => {
    const died: InvocationAnswer = { kind: "error", errorType: "Runtime.ExitError", errorMessage: output };
    ready.reject(new Error(`the process ended before it was ready:\n${output}`));
    for (const { resolve } of [...running.values(), ...queue]) resolve(died);
  });

  return {
    ready: ready.promise,
    output: () => output,
    invoke: async (event, timeoutMs = TIMEOUT_MS) => {
      await ready.promise;
      return await new Promise((resolve) => {
        queue.push({ event: JSON.stringify(event), timeoutMs, resolve });
        hand();
      });
    },
    idle: () => idle.promise,
    close: async () => {
      child.kill("SIGKILL");
      await exited;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What Lambda does to a process that has answered. */
async function freeze(child: ChildProcess, ms: number): Promise<void> {
  child.kill("SIGSTOP");
  await sleep(ms);
  child.kill("SIGCONT");
}

function toAnswer(path: string, text: string): InvocationAnswer {
  if (path.endsWith("/response")) return { kind: "response", body: text === "" ? undefined : JSON.parse(text) };
  const { errorType, errorMessage } = JSON.parse(text);
  return { kind: "error", errorType, errorMessage };
}
