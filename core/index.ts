// The library: decode a platform's payload, deliver it to an OTLP backend, know what became of it.
export { type Config, type ConfigFault, readConfig } from "./config.ts";
export { createDrain, type DeliveryOptions, type Drain, type DrainOptions, type Receipt, type Shape } from "./drain.ts";
export type { Enrichment } from "./enrich.ts";
export { createOtlpExporter, type OtlpExporterOptions } from "./export/deliver.ts";
export type { DeadLetter, Exported, Exporter, ExportFailure, ExportOptions } from "./export/exporter.ts";
export { createHighlightShape, type HighlightOptions } from "./export/highlight.ts";
export { encodeJson } from "./otlp/json.ts";
export {
  type AnyValue,
  type AnyValueMap,
  Float64,
  type KeyValue,
  type LogRecord,
  type Resource,
  type ResourceLogs,
  type Scope,
  type ScopeLogs,
  type SeverityNumber,
} from "./otlp/model.ts";
export { encodeProtobuf } from "./otlp/protobuf.ts";
export { parseSubscription } from "./read/cloudwatch/envelope.ts";
export type { CloudWatchOptions } from "./read/cloudwatch/options.ts";
export type { Batch, DecodeContext, Decoded, Failure, Result, Source } from "./source.ts";
export { type CloudflareLogpushOptions, createCloudflareLogpushSource } from "./sources/cloudflare-logpush.ts";
export { type CloudflareTailOptions, createCloudflareTailSource, type TraceItemLike } from "./sources/cloudflare-tail.ts";
export {
  type CloudflareTailStreamOptions,
  createCloudflareTailStreamSource,
  type TailStreamEvent,
} from "./sources/cloudflare-tail-stream.ts";
export { type CloudWatchPayload, createCloudWatchSource } from "./sources/cloudwatch.ts";
export { createFirehoseSource, type FirehosePayload } from "./sources/firehose.ts";
export { createFlySource, type FlyOptions, fly } from "./sources/fly.ts";
export { vercel } from "./sources/vercel.ts";
