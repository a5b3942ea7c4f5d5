// The inflaters of the runtime's zlib: `DecompressionStream` refuses gzip in several members or followed by zeros, which senders may write
// and Node reads.
import type { Inflaters } from "../../core/request/inflate.ts";
import { createZlibInflaters, type Zlib } from "../zlib-inflate.ts";
import { findZlib } from "./zlib.ts";

/** @returns undefined where there is no zlib: the built-in inflaters serve */
export function findInflaters(): Inflaters | undefined {
  const zlib = findZlib<Zlib>();
  return zlib?.gunzip && zlib.inflate && zlib.inflateRaw ? createZlibInflaters(zlib as Zlib) : undefined;
}
