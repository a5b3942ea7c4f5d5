// Reads a byte stream under a cap: a declared length only refuses early, the bytes that really arrive decide.
// Memory stays below twice the cap whatever the chunk sizes are.
import type { Failure, Result } from "../source.ts";

const NO_BYTES = new Uint8Array(0);
/** First buffer of a body that comes in more than one chunk. */
const MIN_BUFFER_BYTES = 64 * 1024;

/**
 * Reads a request body.
 * @param body the request's stream; `null` (no body) reads as zero bytes
 * @param contentLength the `Content-Length` header, a hint for an early refusal and never a proof
 * @param maxBytes the most bytes to accept as received, before inflating
 * @returns the bytes; `too-large` past the cap (the stream is cancelled); `unreadable` when the sender broke off
 */
export async function readBody(
  body: ReadableStream<Uint8Array> | null,
  contentLength: string | null,
  maxBytes: number,
): Promise<Result<Uint8Array, Failure>> {
  if (body === null) return { ok: true, value: NO_BYTES };
  const tooLarge: Failure = { reason: "too-large", detail: `body over the cap of ${maxBytes} bytes` };
  if (contentLength !== null && Number(contentLength) > maxBytes) {
    body.cancel().catch(ignore);
    return { ok: false, error: tooLarge };
  }
  const collected = await collectBytes(body, maxBytes);
  if (collected.ok) return collected;
  return { ok: false, error: collected.error === "too-large" ? tooLarge : { reason: "unreadable", detail: "the body broke off" } };
}

/**
 * Collects a stream into one array of at most `maxBytes`; a stream that goes past it is cancelled at once.
 * A body of one chunk is handed on without a copy.
 */
export async function collectBytes(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
): Promise<Result<Uint8Array, "too-large" | "broken-off">> {
  const reader = stream.getReader();
  let buffer: Uint8Array = NO_BYTES;
  let length = 0;
  for (;;) {
    const step = await reader.read().catch(ignore);
    if (step === undefined) return { ok: false, error: "broken-off" };
    if (step.done) return { ok: true, value: buffer.subarray(0, length) };
    const end = length + step.value.length;
    if (end > maxBytes) {
      // Not awaited: a stream may settle its cancellation only after the sender hung up.
      reader.cancel().catch(ignore);
      return { ok: false, error: "too-large" };
    }
    if (length === 0) {
      buffer = step.value;
    } else {
      // One growing buffer instead of a list of chunks: a million one-byte chunks would cost a hundred times their size.
      if (end > buffer.length) buffer = grow(buffer, length, end, maxBytes);
      buffer.set(step.value, length);
    }
    length = end;
  }
}

function grow(buffer: Uint8Array, length: number, needed: number, maxBytes: number): Uint8Array {
  const grown = new Uint8Array(Math.min(maxBytes, Math.max(needed, buffer.length * 2, MIN_BUFFER_BYTES)));
  grown.set(buffer.subarray(0, length));
  return grown;
}

function ignore(): undefined {
  return undefined;
}
