// The ways out on Node: ours with a fast gzip, the OpenTelemetry SDK's stock exporter, or the terminal.
import type { Config } from "../core/config.ts";
import type { Exporter } from "../core/export/exporter.ts";
import { MAX_CONCURRENT_DELIVERIES } from "../core/limits.ts";
import { createConfiguredExporter } from "./configured.ts";
import { createConsoleExporter } from "./console-exporter.ts";
import { gzipFast } from "./node-gzip.ts";
import { type Report, reportDeadLetter } from "./report.ts";

export interface NodeExporter {
  readonly exporter: Exporter;
  /** For the start-up line. */
  readonly description: string;
}

export async function createNodeExporter(config: Config, report: Report): Promise<NodeExporter> {
  const { otlp } = config;
  const toDestination =
    config.exporter === "console" ? undefined : createConfiguredExporter(config, { now: Date.now, report, gzip: gzipFast });
  if (toDestination === undefined) {
    const { stdout } = process;
    // Whoever writes hears of a closed pipe; an error that nobody listens to would end the process.
    if (!stdout.listeners("error").includes(ignore)) stdout.on("error", ignore);
    const colors = stdout.isTTY && !process.env["NO_COLOR"];
    const exporter = createConsoleExporter({ write: writeStdout, pretty: stdout.isTTY, colors, now: Date.now });
    return { exporter, description: `records are printed here${otlp.endpoint === undefined ? " (no OTEL_EXPORTER_OTLP_ENDPOINT)" : ""}` };
  }
  const description = `records go to ${withoutQuery(otlp.endpoint ?? "")}`;
  if (config.exporter === "otlp") return { exporter: toDestination, description };
  return { exporter: await createStockExporter(config, report), description: `${description} by the OpenTelemetry SDK's exporter` };
}

/**
 * `OTLPLogExporter` of `@opentelemetry/exporter-logs-otlp-http`, loaded only when asked for: it brings client certificates
 * and HTTP agents (`OTEL_EXPORTER_OTLP_CLIENT_KEY`, ...), speaks JSON, and reads its settings from the environment itself.
 */
async function createStockExporter({ otlp }: Config, report: Report): Promise<Exporter> {
  const [{ OTLPLogExporter }, { createSdkExporter }, { diag, DiagLogLevel }] = await Promise.all([
    import("@opentelemetry/exporter-logs-otlp-http"),
    import("../core/otlp/sdk.ts"),
    import("@opentelemetry/api"),
  ]);
  // The exporter tells of partial success and of its retries only here. Its arguments, and what follows a colon, may hold response bodies.
  const line = (level: "warn" | "error") => (message: string) =>
    report({ level, message: "OpenTelemetry SDK", detail: message.split(":", 1)[0]?.slice(0, 200) });
  diag.setLogger({ error: line("error"), warn: line("warn"), info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.WARN);
  const exporter = new OTLPLogExporter({
    ...(otlp.endpoint === undefined ? {} : { url: otlp.endpoint }),
    headers: { ...otlp.headers },
    timeoutMillis: otlp.timeoutMs,
    // Its own limit of 30 would refuse what the app lets in.
    concurrencyLimit: MAX_CONCURRENT_DELIVERIES,
    // The enum of the exporter's base package, whose values are these very words.
    compression: otlp.compression as NonNullable<StockExporterConfig["compression"]>,
  });
  return createSdkExporter(exporter, { now: Date.now, onDeadLetter: reportDeadLetter(report) });
}

type StockExporterConfig = NonNullable<ConstructorParameters<typeof import("@opentelemetry/exporter-logs-otlp-http").OTLPLogExporter>[0]>;

function ignore(): void {
  // It is no news, or is told elsewhere.
}

function writeStdout(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

/** A query may hold a key. */
function withoutQuery(url: string): string {
  return url.split("?", 1)[0] ?? "";
}
