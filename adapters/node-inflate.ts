// The inflaters of Node's zlib.
import zlib from "node:zlib";
import type { Inflater, Inflaters } from "../core/request/inflate.ts";
import { createZlibInflaters, type Zlib } from "./zlib-inflate.ts";

/** Inflaters for `inflateBody({ inflaters })`, made of what this Node's zlib offers. */
export function createNodeInflaters(): Inflaters {
  return createZlibInflaters(zlib as Zlib);
}

export const inflateGzip: Inflater = createNodeInflaters()["gzip"] as Inflater;
