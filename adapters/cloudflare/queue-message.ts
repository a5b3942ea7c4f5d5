// The messages of the durable retry: encoded requests, small enough for Cloudflare Queues, with what does not come from the configuration.
// https://developers.cloudflare.com/queues/platform/limits/
import type { Exporter, ExportFailure } from "../../core/export/exporter.ts";
import { splitHalves, toShortRecord } from "../../core/export/reduce.ts";
import { MAX_DECODED_BYTES } from "../../core/limits.ts";
import { countRecords, type ResourceLogs } from "../../core/otlp/model.ts";
import type { OtlpRequest } from "../../core/otlp/pass-through.ts";
import { encodeProtobuf } from "../../core/otlp/protobuf.ts";
import { isObject } from "../../core/read/broken.ts";
import { inflateBody } from "../../core/request/inflate.ts";
import type { Result } from "../../core/source.ts";
import type { QueueProducer } from "./platform.ts";

/** Also tells our messages from others' in the same queue. */
const FORMAT = "otlp-drain/1";
/** A message may have 128 kB, with what the queue adds. */
const MAX_MESSAGE_BYTES = 120_000;

interface RequestMessage {
  readonly format: typeof FORMAT;
  /** ExportLogsServiceRequest, gzip. */
  readonly body: Uint8Array;
  readonly records: number;
  /** For this request alone; the destination's credentials are not among them. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Delivers into a queue: what it counts as delivered, the queue has. */
export function createQueueExporter(queue: QueueProducer): Exporter {
  return {
    async export(batches, { headers = {} }) {
      let delivered = 0;
      let rejected = 0;
      const enqueue = async (resourceLogs: readonly ResourceLogs[]): Promise<void> => {
        const records = countRecords(resourceLogs);
        let body = await gzip(encodeProtobuf(resourceLogs));
        if (body.length > MAX_MESSAGE_BYTES && records > 1) {
          for (const half of splitHalves(resourceLogs)) await enqueue(half);
          return;
        }
        if (body.length > MAX_MESSAGE_BYTES) body = await gzip(encodeProtobuf(toShortRecord(resourceLogs)));
        if (body.length > MAX_MESSAGE_BYTES) {
          rejected += records;
          return;
        }
        const message: RequestMessage = { format: FORMAT, body, records, headers };
        await queue.send(message, { contentType: "v8" });
        delivered += records;
      };
      try {
        for (const batch of batches) await enqueue(batch);
      } catch (error) {
        return { ok: false, error: queueFailure(error) };
      }
      return { ok: true, value: { delivered, rejected, notes: [] } };
    },
  };
}

function queueFailure(error: unknown): ExportFailure {
  return { reason: "retryable", detail: `the queue did not take it: ${error instanceof Error ? error.name : "unknown error"}` };
}

export interface QueuedRequest {
  readonly request: OtlpRequest;
  readonly headers: Readonly<Record<string, string>>;
}

/** @returns why it is none of our messages */
export async function readQueueMessage(body: unknown): Promise<Result<QueuedRequest, string>> {
  if (!isObject(body) || body["format"] !== FORMAT) return { ok: false, error: "a message that this drain did not write" };
  const { body: packed, records, headers } = body;
  if (!(packed instanceof Uint8Array) || typeof records !== "number" || !isObject(headers))
    return { ok: false, error: "a damaged message" };
  const bytes = await inflateBody(packed, "gzip", MAX_DECODED_BYTES);
  if (!bytes.ok) return { ok: false, error: bytes.error.detail };
  const request: OtlpRequest = { signal: "logs", encoding: "protobuf", bytes: bytes.value, records };
  return { ok: true, value: { request, headers: headers as Readonly<Record<string, string>> } };
}

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
