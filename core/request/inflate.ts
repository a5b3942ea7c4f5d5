// Undoes a request's Content-Encoding under a cap on the decoded size: gzip and deflate by the web standard, snappy by our own
// decoder, anything else only where the adapter passes in an inflater of its runtime (zstd, br; or a quicker gzip).
import type { Failure, Result } from "../source.ts";
import { collectBytes } from "./body.ts";
import { decodeSnappy } from "./snappy.ts";

/** Inflates one coding. It must stop as soon as the output passes `maxBytes` (`too-large`); damage is `unreadable`. */
export type Inflater = (bytes: Uint8Array, maxBytes: number) => Promise<Result<Uint8Array, Failure>>;

/** Inflaters by the lower-case name of their coding: `gzip`, `deflate` (zlib and raw), `snappy`, `zstd`, `br`. */
export type Inflaters = Readonly<Record<string, Inflater>>;

export interface InflateOptions {
  /** What the runtime offers; wins over the built-in inflaters. */
  readonly inflaters?: Inflaters | undefined;
  /** Inflate a body that starts like gzip although no header says so (Logpush probes, Firehose data). */
  readonly sniff?: boolean | undefined;
}

/** More layers than this is no sender of logs. */
const MAX_CODINGS = 2;
/** Compressed bytes handed over at a time: at deflate's best ratio (1032) one slice grows to 16 MiB before the cap is seen. */
const SLICE_BYTES = 16 * 1024;

const ALIASES: Readonly<Record<string, string>> = { "x-gzip": "gzip", zlib: "deflate", "x-snappy-framed": "snappy" };

const BUILT_IN: Inflaters = {
  gzip: (bytes, maxBytes) => decompress(bytes, "gzip", maxBytes),
  deflate: (bytes, maxBytes) => decompress(bytes, startsLikeZlib(bytes) ? "deflate" : "deflate-raw", maxBytes),
  snappy: async (bytes, maxBytes) => {
    const decoded = decodeSnappy(bytes, maxBytes);
    return decoded.ok ? decoded : { ok: false, error: decoded.error === "too-large" ? decodedTooLarge(maxBytes) : damaged("snappy") };
  },
};

/**
 * Undoes the codings of a `Content-Encoding` header, the last one first.
 * @param bytes the body as received; zero bytes stay zero bytes whatever the header says
 * @param contentEncoding the header; `null`, the empty text, `identity` and `none` mean uncompressed
 * @param maxDecodedBytes the most bytes to accept, decoded or not
 * @returns the decoded bytes; `unsupported` for a coding nobody here reads, `too-large` past the cap,
 *   `unreadable` for damaged or truncated data
 */
export async function inflateBody(
  bytes: Uint8Array,
  contentEncoding: string | null,
  maxDecodedBytes: number,
  options: InflateOptions = {},
): Promise<Result<Uint8Array, Failure>> {
  const codings = readCodings(contentEncoding);
  if (codings.length === 0 && options.sniff && startsLikeGzip(bytes)) codings.push("gzip");
  if (codings.length > MAX_CODINGS) return unsupported(`more than ${MAX_CODINGS} content encodings`);
  const inflaters: Inflater[] = [];
  for (const coding of codings.reverse()) {
    const inflater = findInflater(coding, options.inflaters);
    if (inflater === undefined) return unsupported(`content encoding ${isPlainName(coding) ? coding : "of an unreadable name"}`);
    inflaters.push(inflater);
  }
  let decoded = bytes;
  for (const inflate of inflaters) {
    if (decoded.length === 0) break;
    const result = await inflate(decoded, maxDecodedBytes);
    if (!result.ok) return result;
    decoded = result.value;
  }
  return decoded.length > maxDecodedBytes ? { ok: false, error: decodedTooLarge(maxDecodedBytes) } : { ok: true, value: decoded };
}

/**
 * Whether `deflate` data has the zlib wrapper that HTTP means (RFC 1950: method 8, header divisible by 31);
 * Loki clients send raw deflate under the same name.
 */
export function startsLikeZlib(bytes: Uint8Array): boolean {
  const [method = 0, flags = 0] = bytes;
  return (method & 0x0f) === 8 && ((method << 8) | flags) % 31 === 0;
}

/** Whether the bytes start with gzip's magic number and its only method (RFC 1952). */
export function startsLikeGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8;
}

/** The failure of every inflater whose output passes the cap. */
export function decodedTooLarge(maxBytes: number): Failure {
  return { reason: "too-large", detail: `inflated body over the cap of ${maxBytes} bytes` };
}

/** The failure of every inflater that meets damaged or truncated data. */
export function damaged(coding: string): Failure {
  return { reason: "unreadable", detail: `damaged ${coding} data` };
}

function readCodings(contentEncoding: string | null): string[] {
  const codings: string[] = [];
  for (const part of (contentEncoding ?? "").split(",")) {
    const name = part.trim().toLowerCase();
    if (name !== "" && name !== "identity" && name !== "none") codings.push(Object.hasOwn(ALIASES, name) ? (ALIASES[name] ?? name) : name);
  }
  return codings;
}

function findInflater(coding: string, injected: Inflaters = {}): Inflater | undefined {
  if (Object.hasOwn(injected, coding)) return injected[coding];
  return Object.hasOwn(BUILT_IN, coding) ? BUILT_IN[coding] : undefined;
}

async function decompress(bytes: Uint8Array, format: CompressionFormat, maxBytes: number): Promise<Result<Uint8Array, Failure>> {
  const stream = new DecompressionStream(format);
  feed(stream.writable, bytes);
  const collected = await collectBytes(stream.readable, maxBytes);
  if (collected.ok) return collected;
  return { ok: false, error: collected.error === "too-large" ? decodedTooLarge(maxBytes) : damaged(format) };
}

/** Writes all the bytes. What the stream refuses, or misses at the end, fails its readable side, where it is seen. */
async function feed(writable: WritableStream<BufferSource>, bytes: Uint8Array): Promise<void> {
  const writer = writable.getWriter();
  try {
    for (let offset = 0; offset < bytes.length; offset += SLICE_BYTES) {
      await writer.write(bytes.subarray(offset, offset + SLICE_BYTES) as Uint8Array<ArrayBuffer>);
    }
    await writer.close();
  } catch {
    return;
  }
}

function unsupported(detail: string): Result<never, Failure> {
  return { ok: false, error: { reason: "unsupported", detail } };
}

/** A header is the sender's text: only what can be a coding's name is repeated to the operator. */
function isPlainName(coding: string): boolean {
  return /^[a-z0-9._-]{1,24}$/.test(coding);
}
