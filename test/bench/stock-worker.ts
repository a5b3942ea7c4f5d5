// The tail consumer as one writes it with the OpenTelemetry SDK and its stock exporter: `logger.emit` for every invocation and every console
// call, a flush that is awaited. It reads less out of an item than ours: no request headers, no text that is JSON, no redaction, no broken
// shapes. Over fetch the exporter sends JSON and ignores a compression.
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";

interface Item {
  readonly event: {
    readonly request?: { readonly method: string; readonly url: string };
    readonly response?: { readonly status: number };
  } | null;
  readonly eventTimestamp: number | null;
  readonly logs: readonly { readonly timestamp: number; readonly level: string; readonly message: readonly unknown[] }[];
  readonly exceptions: readonly { readonly timestamp: number; readonly name: string; readonly message: string; readonly stack?: string }[];
  readonly scriptName: string | null;
  readonly outcome: string;
  readonly executionModel: string;
}

const SEVERITIES: Readonly<Record<string, number>> = { debug: 5, info: 9, log: 9, warn: 13, error: 17 };
/** The processor drops what is over 2048 records unless told otherwise. */
const MAX_QUEUE_RECORDS = 100_000;

export default {
  async tail(items: readonly Item[], env: { readonly OTEL_EXPORTER_OTLP_ENDPOINT: string }): Promise<void> {
    const exporter = new OTLPLogExporter({ url: `${env.OTEL_EXPORTER_OTLP_ENDPOINT}v1/logs` });
    // A processor for each call: its timers and promises must not outlive the event that they belong to.
    const processor = new BatchLogRecordProcessor({ exporter, maxQueueSize: MAX_QUEUE_RECORDS, maxExportBatchSize: MAX_QUEUE_RECORDS });
    for (const item of items) {
      const resource = resourceFromAttributes({
        "service.name": item.scriptName ?? "unknown_service",
        "cloud.provider": "cloudflare",
        "cloud.platform": "cloudflare.workers",
      });
      emitItem(item, new LoggerProvider({ resource, processors: [processor] }).getLogger("cloudflare-tail"));
    }
    await processor.forceFlush();
  },
};

function emitItem(
  { event, eventTimestamp, logs, exceptions, outcome, executionModel }: Item,
  logger: ReturnType<LoggerProvider["getLogger"]>,
): void {
  const shared = {
    "cloudflare.handler_type": event?.request === undefined ? "other" : "fetch",
    "faas.trigger": "http",
    "cloudflare.outcome": outcome,
    "cloudflare.execution_model": executionModel,
  };
  if (event?.request !== undefined) {
    const { method, url } = event.request;
    const { pathname, search, hostname, protocol } = new URL(url);
    logger.emit({
      timestamp: eventTimestamp ?? 0,
      severityNumber: 9,
      body: `${method} ${url}`,
      eventName: "cloudflare.invocation",
      attributes: {
        ...shared,
        "http.request.method": method,
        "url.full": url,
        "url.scheme": protocol.slice(0, -1),
        "url.path": pathname,
        "url.query": search.slice(1),
        "server.address": hostname,
        "http.response.status_code": event.response?.status ?? 0,
      },
    });
  }
  for (const [sequence, { timestamp, level, message }] of logs.entries()) {
    const texts: string[] = [];
    let fields: Record<string, unknown> = {};
    for (const argument of message) {
      if (typeof argument === "object" && argument !== null) fields = { ...fields, ...argument };
      else texts.push(String(argument));
    }
    logger.emit({
      timestamp,
      severityNumber: SEVERITIES[level] ?? 0,
      severityText: level,
      body: texts.join(" "),
      attributes: { ...shared, "cloudflare.invocation.sequence.number": sequence, ...(fields as Record<string, string>) },
    });
  }
  for (const { timestamp, name, message, stack } of exceptions) {
    logger.emit({
      timestamp,
      severityNumber: 17,
      body: `${name}: ${message}`,
      attributes: { ...shared, "exception.type": name, "exception.message": message, "exception.stacktrace": stack ?? "" },
    });
  }
}
