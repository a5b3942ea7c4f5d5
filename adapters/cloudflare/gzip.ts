// A gzip with a level: level 1 of the runtime's zlib takes a fifth of the CPU of `CompressionStream`.
import type { RuntimeParts } from "../configured.ts";
import { findZlib } from "./zlib.ts";

interface Zlib {
  gzipSync(bytes: Uint8Array, options: { readonly level: number }): Uint8Array<ArrayBuffer>;
}

export function findGzip(): RuntimeParts["gzip"] {
  const gzipSync = findZlib<Zlib>()?.gzipSync;
  return gzipSync && (async (bytes) => gzipSync(bytes, { level: 1 }));
}
