// Inflaters for `inflateBody` out of a `node:zlib`, Node's own or workerd's: quicker than DecompressionStream, tolerant of gzip in several
// members, and with zstd and br where that zlib has them. Every one stops at the cap.
import { damaged, decodedTooLarge, type Inflater, type Inflaters, startsLikeZlib } from "../core/request/inflate.ts";
import type { Failure, Result } from "../core/source.ts";

/** Output comes in pieces of this size, each one trip to the thread pool: 16 KiB ones take three times as long. */
const MIN_PIECE_BYTES = 16 * 1024;
const MAX_PIECE_BYTES = 256 * 1024;
/** zstd as a content coding has windows of at most 8 MiB (RFC 9659); a frame may claim 128 MiB. */
const ZSTD_WINDOW_LOG_MAX = 23;
/** A body may be several zstd frames, but not a million empty ones. */
const MAX_ZSTD_FRAMES = 1024;

interface Options {
  readonly chunkSize: number;
  readonly maxOutputLength: number;
  readonly info: true;
  readonly params?: Record<number, number>;
}

/** With `info` they tell how much of the input they used. */
type OneShot = (
  bytes: Uint8Array,
  options: Options,
  done: (error: { readonly code?: string | undefined } | null | undefined, result: unknown) => void,
) => void;

/** What is used of `node:zlib`, handed in: an import would end a Worker without it at its start. */
export interface Zlib {
  readonly gunzip: OneShot;
  readonly inflate: OneShot;
  readonly inflateRaw: OneShot;
  readonly brotliDecompress?: OneShot;
  readonly zstdDecompress?: OneShot;
  readonly constants?: { readonly ZSTD_d_windowLogMax?: number };
}

interface Inflated {
  readonly bytes: Uint8Array;
  readonly consumed: number;
}

export function createZlibInflaters({ gunzip, inflate, inflateRaw, brotliDecompress, zstdDecompress, constants }: Zlib): Inflaters {
  const windowLogMax = constants?.ZSTD_d_windowLogMax;
  return {
    gzip: whole("gzip", () => gunzip),
    deflate: whole("deflate", (bytes) => (startsLikeZlib(bytes) ? inflate : inflateRaw)),
    ...(brotliDecompress && { br: whole("br", () => brotliDecompress) }),
    ...(zstdDecompress && windowLogMax !== undefined && { zstd: frames(zstdDecompress, { [windowLogMax]: ZSTD_WINDOW_LOG_MAX }) }),
  };
}

/** One stream must use up the whole input: what follows its end would be lost in silence. */
function whole(coding: string, choose: (bytes: Uint8Array) => OneShot): Inflater {
  return async (bytes, maxBytes) => {
    const result = await inflateOnce(choose(bytes), coding, bytes, maxBytes);
    if (!result.ok) return result;
    // zlib skips zero padding after a gzip stream by itself and refuses anything else there.
    if (coding !== "gzip" && result.value.consumed < bytes.length) return { ok: false, error: damaged(coding) };
    return { ok: true, value: result.value.bytes };
  };
}

/** zlib stops after the first frame; a zstd body is all its frames (RFC 8878 section 3). */
function frames(decompress: OneShot, params: Record<number, number>): Inflater {
  return async (bytes, maxBytes) => {
    const pieces: Uint8Array[] = [];
    let length = 0;
    let position = 0;
    for (let frame = 0; position < bytes.length; frame++) {
      if (frame === MAX_ZSTD_FRAMES) return { ok: false, error: damaged("zstd") };
      const left = Math.max(1, maxBytes - length);
      const result = await inflateOnce(decompress, "zstd", bytes.subarray(position), left, params);
      if (!result.ok) return result.error.reason === "too-large" ? { ok: false, error: decodedTooLarge(maxBytes) } : result;
      length += result.value.bytes.length;
      if (length > maxBytes) return { ok: false, error: decodedTooLarge(maxBytes) };
      pieces.push(result.value.bytes);
      position += result.value.consumed;
    }
    return { ok: true, value: pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : concat(pieces, length) };
  };
}

function inflateOnce(
  inflate: OneShot,
  coding: string,
  bytes: Uint8Array,
  maxBytes: number,
  params?: Record<number, number>,
): Promise<Result<Inflated, Failure>> {
  const chunkSize = Math.min(Math.max(bytes.length * 8, MIN_PIECE_BYTES), MAX_PIECE_BYTES);
  return new Promise((resolve) => {
    inflate(bytes, { chunkSize, maxOutputLength: maxBytes, info: true, ...(params ? { params } : {}) }, (error, result) => {
      if (error === null || error === undefined) {
        const { buffer, engine } = result as { readonly buffer: Uint8Array; readonly engine: { readonly bytesWritten: number } };
        // A plain view: Buffer's `slice` and `toString` differ from Uint8Array's.
        const inflated = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
        resolve({ ok: true, value: { bytes: inflated, consumed: engine.bytesWritten } });
      } else {
        resolve({ ok: false, error: error.code === "ERR_BUFFER_TOO_LARGE" ? decodedTooLarge(maxBytes) : damaged(coding) });
      }
    });
  });
}

function concat(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const joined = new Uint8Array(length);
  let position = 0;
  for (const piece of pieces) {
    joined.set(piece, position);
    position += piece.length;
  }
  return joined;
}
