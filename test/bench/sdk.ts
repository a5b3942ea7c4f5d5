// The OpenTelemetry SDK's pipeline: parse, map, `logger.emit`, `BatchLogRecordProcessor`, OTLP exporter. The protobuf exporter is put
// together from the parts that `@opentelemetry/exporter-logs-otlp-proto` is made of.
import type { Logger } from "@opentelemetry/api";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { CompressionAlgorithm, OTLPExporterBase } from "@opentelemetry/otlp-exporter-base";
import { convertLegacyHttpOptions, createOtlpHttpExportDelegate } from "@opentelemetry/otlp-exporter-base/node-http";
import { JsonLogsSerializer, LogsExporterMetricsHelper, ProtobufLogsSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider, type LogRecordExporter } from "@opentelemetry/sdk-logs";
import { forEachLine } from "./floor.ts";
import { toLogRecord, toResourceAttributes, type VercelLog } from "./sdk-mapping.ts";
import type { Variant, Way } from "./variant.ts";

export type Protocol = "json" | "protobuf";

/** The queue must hold a payload, or the processor drops what is over 2048 records. */
const MAX_QUEUE_RECORDS = 100_000;

export function createSdk(protocol: Protocol, way: Way): Variant {
  const exporter = watchFailures(way.kind === "convert" ? createConverter(protocol, way.onRequest) : createExporter(protocol, way.url));
  const processor = new BatchLogRecordProcessor({ exporter, maxQueueSize: MAX_QUEUE_RECORDS });
  // One provider a resource, kept from payload to payload, all on one processor: the SDK's best case.
  const loggers = new Map<string, Logger>();

  function emit(log: VercelLog, observedTimestamp: number): void {
    const key = `${log.projectId} ${log.deploymentId} ${log.environment} ${log.branch}`;
    let logger = loggers.get(key);
    if (logger === undefined) {
      const provider = new LoggerProvider({ resource: resourceFromAttributes(toResourceAttributes(log)), processors: [processor] });
      logger = provider.getLogger("otlp-drain/vercel", "0.1.0", { attributes: { "encoding.format": "vercel.logs" } });
      loggers.set(key, logger);
    }
    logger.emit(toLogRecord(log, observedTimestamp));
  }

  return {
    async run(payload) {
      const observedTimestamp = Date.now();
      forEachLine(payload, (log) => emit(log as VercelLog, observedTimestamp));
      await processor.forceFlush();
      exporter.rethrow();
    },
  };
}

function createConverter(protocol: Protocol, onRequest: (bytes: Uint8Array) => void): LogRecordExporter {
  const serializer = protocol === "json" ? JsonLogsSerializer : ProtobufLogsSerializer;
  return {
    export(records, done) {
      const bytes = serializer.serializeRequest(records);
      if (bytes === undefined) throw new Error("the SDK's serializer gave nothing");
      onRequest(bytes);
      done({ code: 0 });
    },
    forceFlush: async () => {},
    shutdown: async () => {},
  };
}

function createExporter(protocol: Protocol, url: string): LogRecordExporter {
  const compression = CompressionAlgorithm.GZIP;
  if (protocol === "json") return new OTLPLogExporter({ url, compression });
  const options = convertLegacyHttpOptions({ url, compression }, "LOGS", "v1/logs", { "Content-Type": "application/x-protobuf" });
  return new OTLPExporterBase(
    createOtlpHttpExportDelegate(options, ProtobufLogsSerializer, "otlp_http_log_exporter", LogsExporterMetricsHelper, undefined),
  );
}

/** `forceFlush` resolves even when exports failed: a benchmark of failures would be fast. */
function watchFailures(exporter: LogRecordExporter): LogRecordExporter & { rethrow(): void } {
  let failure: Error | undefined;
  return {
    export: (records, done) =>
      exporter.export(records, (result) => {
        if (Number(result.code) !== 0) failure ??= result.error ?? new Error("an export failed");
        done(result);
      }),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
    rethrow() {
      if (failure !== undefined) throw failure;
    },
  };
}
