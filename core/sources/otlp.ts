// OTLP logs that have to be decoded on their way: for a way out that takes records only, and for JSON that hand-made clients and Vector's
// `opentelemetry` sink frame or spell otherwise. Resources and scopes stay those of the sender.
import { decodeJsonLogs, decodeProtobufLogs } from "../otlp/decode.ts";
import type { LogRecord, Resource, ResourceLogs } from "../otlp/model.ts";
import type { Encoding } from "../otlp/signal.ts";
import { readAttribute } from "../read/attributes.ts";
import { DECODE_ERROR } from "../read/broken.ts";
import type { Batch, DecodeContext, Source } from "../source.ts";

/** The payload is the inflated body of one `POST /v1/logs`. */
export function createOtlpSource(encoding: Encoding): Source<Uint8Array> {
  return {
    name: "otlp",
    decode(payload, context) {
      const decoded = encoding === "json" ? decodeJsonLogs(payload) : decodeProtobufLogs(payload);
      return decoded.ok ? { ok: true, value: { batches: [toBatch(decoded.value, context)] } } : decoded;
    },
  };
}

function toBatch(resourceLogs: readonly ResourceLogs[], context: DecodeContext): Batch {
  let malformed = 0;
  const complete = (record: LogRecord): LogRecord => {
    if (readAttribute(record.attributes, DECODE_ERROR) === undefined) return record;
    malformed++;
    return { ...record, observedTimeUnixNano: record.observedTimeUnixNano || context.observedTimeUnixNano };
  };
  const completed = resourceLogs.map((item) => ({
    ...item,
    resource: nameService(item.resource, context.defaultServiceName),
    scopeLogs: item.scopeLogs.map((scope) => ({ ...scope, logRecords: scope.logRecords.map(complete) })),
  }));
  return { resourceLogs: completed, malformed, filtered: 0 };
}

function nameService(resource: Resource | undefined, serviceName: string | undefined): Resource | undefined {
  if (serviceName === undefined || (resource !== undefined && readAttribute(resource.attributes, "service.name") !== undefined))
    return resource;
  return { ...resource, attributes: [...(resource?.attributes ?? []), { key: "service.name", value: serviceName }] };
}
