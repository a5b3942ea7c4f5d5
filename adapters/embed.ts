// `otlp-drain/http`: the HTTP drains for servers that are not ours. The whole app for anything that speaks `fetch(request)`, or single
// drains as functions from Request to Response for a router of your own.
import type { Hono } from "hono";
import { type Config, readConfig } from "../core/config.ts";
import type { Drain } from "../core/drain.ts";
import type { Exporter } from "../core/export/exporter.ts";
import type { Inflaters } from "../core/request/inflate.ts";
import type { Result } from "../core/source.ts";
import { createConfiguredDrain, createConfiguredExporter } from "./configured.ts";
import { createConsoleExporter } from "./console-exporter.ts";
import { createHttpApp, describeClosed } from "./http.ts";
import { type HttpDrain, jsonResponse } from "./http-drain.ts";
import { type Report, reportToConsole } from "./report.ts";
import { answerClosed, createRoute, isOpen } from "./route.ts";

export { firehoseDrain } from "./firehose.ts";
export { flyDrain } from "./fly.ts";
export { createHttpApp, type HttpAppOptions } from "./http.ts";
export type { HttpDrain } from "./http-drain.ts";
export { logpushDrain } from "./logpush.ts";
export { otlpDrain } from "./otlp.ts";
export { type Report, type ReportLine, reportToConsole } from "./report.ts";
export { vercelDrain } from "./vercel.ts";

/** The variables of the README's table: `process.env`, `Deno.env.toObject()`, a Worker's bindings. */
export type Env = Readonly<Record<string, string | undefined>>;

/** What a runtime has beside the web's standard parts; on Node `createNodeRuntime()` of `otlp-drain/node`. */
export interface Runtime {
  /** Codings of request bodies, such as zstd and br. */
  readonly inflaters?: Inflaters | undefined;
  /** A gzip for requests to the destination; the standard one has no level. */
  readonly gzip?: ((bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer>>) | undefined;
}

export interface EmbedOptions extends Runtime {
  /** Takes the records in place of the destination that the environment names. */
  readonly drain?: Drain | undefined;
  /** Hears of every delivery that was not plain success. Default: one JSON line each by `console.error`. */
  readonly report?: Report | undefined;
}

/** Never rejects. */
export type DrainRoute = (request: Request) => Promise<Response>;

/**
 * The whole app: every drain at its paths, `GET /` and `GET /healthz`. Its `fetch` is what Bun, Deno, workerd, Vercel and Hono's adapters
 * for Node and others serve.
 * @throws Error that names each faulty variable, or that there is no destination: nothing starts that could only lose logs
 */
export function createHttpAppFromEnv(env: Env, options: EmbedOptions = {}): Hono {
  const { report = reportToConsole } = options;
  const setUp = readSetUp(env, options, report);
  if (!setUp.ok) throw new Error(setUp.error.join("; "));
  const { config, drain } = setUp.value;
  for (const message of [...config.warnings, ...describeClosed(config)]) report({ level: "warn", message });
  return createHttpApp({ config, drain, report, inflaters: options.inflaters });
}

/**
 * One drain for a router of your own: it answers whatever path it is mounted at, and takes POST, PUT and the platform's probes by GET,
 * HEAD and OPTIONS. The environment is read at the first request, so that a build may import the route without it.
 * @param httpDrain `vercelDrain`, `flyDrain`, ...: only those that are named end up in a bundle
 * @returns a function that answers 503, which keeps the data with the sender, and reports why, when a variable is faulty or there is no
 *   destination; and 404 when the drain's secret is not set
 */
export function createDrainRoute(httpDrain: HttpDrain, env: Env, options: EmbedOptions = {}): DrainRoute {
  let route: DrainRoute | undefined;
  return async (request) => {
    route ??= startRoute(httpDrain, env, options);
    return await route(request);
  };
}

function startRoute(httpDrain: HttpDrain, env: Env, options: EmbedOptions): DrainRoute {
  const { report = reportToConsole } = options;
  const setUp = readSetUp(env, options, report);
  if (!setUp.ok) {
    for (const message of setUp.error) report({ level: "error", message, drain: httpDrain.name });
    return async () => jsonResponse(503, { error: "not configured" }, { "retry-after": "30" });
  }
  const { config, drain } = setUp.value;
  for (const message of config.warnings) report({ level: "warn", message });
  if (!isOpen(httpDrain, config)) {
    report({ level: "warn", message: `${httpDrain.name} is closed: set ${httpDrain.secretVariable}` });
    return async () => answerClosed();
  }
  const serve = createRoute(httpDrain, { config, drain, report, inflaters: options.inflaters });
  return (request) => serve(request);
}

interface SetUp {
  readonly config: Config;
  readonly drain: Drain;
}

function readSetUp(env: Env, { drain, gzip }: EmbedOptions, report: Report): Result<SetUp, readonly string[]> {
  const read = readConfig(env);
  if (!read.ok) return { ok: false, error: read.error.map(({ message }) => message) };
  const config = read.value;
  if (drain !== undefined) return { ok: true, value: { config, drain } };
  const exporter = chooseExporter(config, report, gzip);
  if (!exporter.ok) return { ok: false, error: [exporter.error] };
  return { ok: true, value: { config, drain: createConfiguredDrain(config, exporter.value, { now: Date.now }) } };
}

function chooseExporter(config: Config, report: Report, gzip: Runtime["gzip"]): Result<Exporter, string> {
  switch (config.exporter) {
    case "console": {
      const write = async (text: string): Promise<void> => console.log(text.trimEnd());
      return { ok: true, value: createConsoleExporter({ write, pretty: false, colors: false, now: Date.now }) };
    }
    case "sdk":
      return { ok: false, error: 'OTLP_DRAIN_EXPORTER is "sdk", which only the local server reads; accepted here: otlp, console' };
    case "otlp": {
      const exporter = createConfiguredExporter(config, { now: Date.now, report, gzip });
      if (exporter !== undefined) return { ok: true, value: exporter };
      return { ok: false, error: "OTEL_EXPORTER_OTLP_ENDPOINT is not set; to print records instead, set OTLP_DRAIN_EXPORTER=console" };
    }
  }
}
