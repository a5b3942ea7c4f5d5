// Ours: the Vercel source and the protobuf encoder, alone or through the drain and its exporter.
import { gzipFast } from "../../adapters/node-gzip.ts";
import { createDrain } from "../../core/drain.ts";
import { createOtlpExporter } from "../../core/export/deliver.ts";
import { TARGET_REQUEST_BYTES } from "../../core/limits.ts";
import type { RequestEncoder } from "../../core/otlp/model.ts";
import { createProtobufRequest } from "../../core/otlp/protobuf.ts";
import { vercel } from "../../core/sources/vercel.ts";
import type { Variant, Way } from "./variant.ts";

const INITIAL_REQUEST_BYTES = 64 * 1024;
const BUDGET_MS = 60_000;

export function createOurs(way: Way): Variant {
  return way.kind === "convert" ? createConverter(way.onRequest) : createDeliverer(way.url);
}

/** Joins batches to requests, and uses buffers again, as the exporter does. */
function createConverter(onRequest: (bytes: Uint8Array) => void): Variant {
  let buffer = new Uint8Array(INITIAL_REQUEST_BYTES);
  const finish = (request: RequestEncoder) => {
    const bytes = request.finish();
    onRequest(bytes);
    buffer = new Uint8Array(bytes.buffer);
  };
  return {
    async run(payload) {
      const decoded = vercel.decode(payload, { observedTimeUnixNano: BigInt(Date.now()) * 1_000_000n });
      if (!decoded.ok) throw new Error(decoded.error.detail);
      let request: RequestEncoder | undefined;
      for (const { resourceLogs } of decoded.value.batches) {
        request ??= createProtobufRequest(buffer);
        request.append(resourceLogs);
        if (request.size() < TARGET_REQUEST_BYTES) continue;
        finish(request);
        request = undefined;
      }
      if (request !== undefined) finish(request);
    },
  };
}

function createDeliverer(endpoint: string): Variant {
  const exporter = createOtlpExporter({ endpoint, now: Date.now, gzip: gzipFast });
  const drain = createDrain({ exporter, now: Date.now });
  return {
    async run(payload) {
      const result = await drain.deliver(vercel, payload, { budgetMs: BUDGET_MS });
      if (!result.ok) throw new Error(result.error.detail);
    },
  };
}
