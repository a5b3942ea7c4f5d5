// The runtime's zlib where it has one, which is from compatibility date 2026-08-04 on unless `nodejs_compat` says otherwise.
// https://developers.cloudflare.com/workers/runtime-apis/nodejs/zlib/

/** Asked for at run time: an import would end a Worker with an older date at its start. */
export function findZlib<Zlib>(): Partial<Zlib> | undefined {
  const { process } = globalThis as { readonly process?: { readonly getBuiltinModule?: (name: string) => Partial<Zlib> | undefined } };
  return process?.getBuiltinModule?.("node:zlib");
}
