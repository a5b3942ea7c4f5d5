// Joins batches of records to encoded export requests: large enough to be few, small enough to keep memory flat.
import { TARGET_REQUEST_BYTES } from "../limits.ts";
import { decodeProtobufLogs } from "../otlp/decode.ts";
import { createJsonRequest, encodeJson } from "../otlp/json.ts";
import { countRecords, type RequestEncoder, type ResourceLogs } from "../otlp/model.ts";
import { createProtobufRequest, encodeProtobuf } from "../otlp/protobuf.ts";

/** The first request of a delivery is small, so that it is compressed and sent while the next ones are encoded; they double until the target. */
const FIRST_REQUEST_BYTES = TARGET_REQUEST_BYTES / 4;
const INITIAL_BUFFER_BYTES = 64 * 1024;
/** That of a full request. */
const MAX_KEPT_BYTES = 1024 * 1024;
const MAX_KEPT_BUFFERS = 3;

export interface EncodedRequest {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly records: number;
  /** The records again: only a request that must be split needs them. */
  readonly decode: () => readonly ResourceLogs[];
}

/** Buffers of requests that are delivered, to be used again: fresh memory costs time, and then waits for the garbage collector. */
export class RequestBuffers {
  readonly #kept: Uint8Array<ArrayBuffer>[] = [];

  take(): Uint8Array<ArrayBuffer> {
    return this.#kept.pop() ?? new Uint8Array(INITIAL_BUFFER_BYTES);
  }

  /** @param request one whose bytes nobody will read again */
  keep({ buffer }: Uint8Array<ArrayBuffer>): void {
    if (this.#kept.length < MAX_KEPT_BUFFERS && buffer.byteLength <= MAX_KEPT_BYTES) this.#kept.push(new Uint8Array(buffer));
  }
}

/** Encodes as many batches as are asked for, one request after the other. */
export function* encodeRequests(
  batches: Iterable<readonly ResourceLogs[]>,
  json: boolean,
  buffers: RequestBuffers,
): Generator<EncodedRequest, void, undefined> {
  let encoder: RequestEncoder | undefined;
  let target = FIRST_REQUEST_BYTES;
  let records = 0;
  let kept: ResourceLogs[] = [];
  const finish = (open: RequestEncoder): EncodedRequest => {
    const bytes = open.finish();
    const resourceLogs = kept;
    return { bytes, records, decode: json ? () => resourceLogs : () => decodeOwn(bytes) };
  };
  for (const resourceLogs of batches) {
    const count = countRecords(resourceLogs);
    if (count === 0) continue;
    encoder ??= json ? createJsonRequest() : createProtobufRequest(buffers.take());
    encoder.append(resourceLogs);
    records += count;
    if (json) kept.push(...resourceLogs);
    if (encoder.size() < target) continue;
    target = Math.min(target * 2, TARGET_REQUEST_BYTES);
    yield finish(encoder);
    encoder = undefined;
    records = 0;
    kept = [];
  }
  if (encoder !== undefined) yield finish(encoder);
}

/** One request of these records, whatever its size. */
export function encodeRequest(resourceLogs: readonly ResourceLogs[], json: boolean): EncodedRequest {
  const bytes = json ? encodeJson(resourceLogs) : encodeProtobuf(resourceLogs);
  return { bytes, records: countRecords(resourceLogs), decode: () => resourceLogs };
}

/** Our own bytes: they decode, or our encoder is broken. */
function decodeOwn(bytes: Uint8Array): readonly ResourceLogs[] {
  const decoded = decodeProtobufLogs(bytes);
  if (!decoded.ok) throw new Error("an encoded request does not decode");
  return decoded.value;
}
