// `otlp-drain serve`: the local server, as `npm start` runs it.
import { readNumber } from "./inputs.ts";
import { type CliResult, DONE, failure } from "./output.ts";
import type { CliContext, Verb } from "./program.ts";

interface ServeOptions {
  readonly port?: string;
  readonly host?: string;
}

export const serveVerb: Verb = {
  register(parent, context, act) {
    parent
      .command("serve")
      .description("run the drains as a local server; without a destination it prints what arrives")
      .option("-p, --port <port>", "port, 0 takes a free one (default: PORT, else 4319)")
      .option("--host <address>", "address to listen on, 0.0.0.0 for everywhere (default: HOST, else 127.0.0.1)")
      .addHelpText(
        "after",
        `
Configured by the environment: OTEL_EXPORTER_OTLP_ENDPOINT and _HEADERS for the destination, one secret a drain
(VERCEL_DRAIN_SECRET, FLY_DRAIN_TOKEN, ...). SIGTERM finishes what is in flight.

Examples:
  FLY_DRAIN_TOKEN=$(openssl rand -hex 32) otlp-drain serve
  OTEL_EXPORTER_OTLP_ENDPOINT=https://otlp.example otlp-drain serve --host 0.0.0.0 --port 8080`,
      )
      .action(act((options: ServeOptions) => serve(options, context)));
  },
};

async function serve({ port, host }: ServeOptions, { env }: CliContext): Promise<CliResult> {
  const checked = readNumber(port, "--port", { min: 0, max: 65_535, fallback: 0 });
  if (!checked.ok) return checked;
  // Only this verb needs the HTTP app.
  const { main } = await import("../node.ts");
  await main({ ...env, ...(port === undefined ? {} : { PORT: port }), ...(host === undefined ? {} : { HOST: host }) });
  // It has said why it did not start.
  return process.exitCode === 1 ? failure() : DONE;
}
