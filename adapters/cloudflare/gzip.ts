// The runtime's zlib where it has one, which is from compatibility date 2026-08-04 on unless `nodejs_compat` says otherwise: its level 1 takes
// a fifth of the CPU of `CompressionStream`. https://developers.cloudflare.com/workers/runtime-apis/nodejs/zlib/
import type { RuntimeParts } from "../configured.ts";

interface Zlib {
  gzipSync(bytes: Uint8Array, options: { readonly level: number }): Uint8Array<ArrayBuffer>;
}

/** Asked for at run time: an import would end a Worker with an older date at its start. */
export function findGzip(): RuntimeParts["gzip"] {
  const { process } = globalThis as { readonly process?: { readonly getBuiltinModule?: (name: string) => Partial<Zlib> | undefined } };
  const gzipSync = process?.getBuiltinModule?.("node:zlib")?.gzipSync;
  return gzipSync && (async (bytes) => gzipSync(bytes, { level: 1 }));
}
