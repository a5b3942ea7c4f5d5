// What Node has beside the web's standard parts: zstd and br, and quicker gzip both ways.
import type { Runtime } from "./embed.ts";
import { gzipFast } from "./node-gzip.ts";
import { createNodeInflaters } from "./node-inflate.ts";

/** For the options of `otlp-drain/http`: `createHttpAppFromEnv(process.env, createNodeRuntime())`. */
export function createNodeRuntime(): Runtime {
  return { inflaters: createNodeInflaters(), gzip: gzipFast };
}
