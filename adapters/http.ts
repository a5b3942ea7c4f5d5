// The HTTP app: the table of drains, mounted; a page that lists them, health, and errors. Runs wherever Hono runs.
import { Hono } from "hono/tiny";
import type { Config } from "../core/config.ts";
import type { Drain } from "../core/drain.ts";
import type { Inflaters } from "../core/request/inflate.ts";
import { firehoseDrain } from "./firehose.ts";
import { flyDrain } from "./fly.ts";
import type { HttpDrain } from "./http-drain.ts";
import { logpushDrain } from "./logpush.ts";
import { otlpDrain } from "./otlp.ts";
import type { Report } from "./report.ts";
import { answerClosed, createAdmission, createRoute, isOpen, type RouteOptions } from "./route.ts";
import { vercelDrain } from "./vercel.ts";

export { isOpen };

/** Every HTTP drain. A new platform is one more line. */
export const HTTP_DRAINS: readonly HttpDrain[] = [vercelDrain, flyDrain, firehoseDrain, logpushDrain, otlpDrain];

export interface HttpAppOptions {
  readonly config: Config;
  readonly drain: Drain;
  readonly report: Report;
  /** Codings that this runtime has beside the standard ones. */
  readonly inflaters?: Inflaters | undefined;
  /** Takes a place among the deliveries under way. Default: those of one process are limited. */
  readonly admit?: RouteOptions["admit"];
}

/** What a runtime may pass to `app.fetch` beside the request. */
export interface HttpBindings {
  /** ms until the runtime itself ends, where that may come before the sender's patience does. */
  readonly remainingMs?: number | undefined;
}

export function createHttpApp(options: HttpAppOptions): Hono {
  const { config } = options;
  const app = new Hono({ strict: false });
  const admit = options.admit ?? createAdmission();
  app.get("/healthz", (c) => c.json({ status: "ok" }));
  app.get("/", (c) => c.text(describeDrains(config)));
  for (const httpDrain of HTTP_DRAINS) {
    if (!isOpen(httpDrain, config)) continue;
    const route = createRoute(httpDrain, { ...options, admit });
    for (const path of httpDrain.paths) app.all(path, (c) => route(c.req.raw, readRemainingMs(c.env)));
  }
  app.notFound(answerClosed);
  return app;
}

/** Other runtimes pass bindings of their own. */
function readRemainingMs(bindings: unknown): number | undefined {
  const remainingMs = (bindings as HttpBindings | undefined)?.remainingMs;
  return typeof remainingMs === "number" ? remainingMs : undefined;
}

/** One start-up line for each closed drain. */
export function describeClosed(config: Config): readonly string[] {
  return HTTP_DRAINS.filter((drain) => !isOpen(drain, config)).map(
    ({ paths, secretVariable }) => `${paths[0]} is closed: set ${secretVariable}`,
  );
}

function describeDrains(config: Config): string {
  const rows = HTTP_DRAINS.map((drain) => {
    const state = isOpen(drain, config) ? "open" : `closed, set ${drain.secretVariable}`;
    return `${drain.paths.join(", ")} (${state})\n  ${drain.setup}\n`;
  });
  return `otlp-drain\n\n${rows.join("\n")}\nGET /healthz answers 200 while this server runs.\n`;
}
