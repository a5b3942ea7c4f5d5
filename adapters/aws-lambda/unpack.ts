// Base64 of gzip, as CloudWatch Logs hands its messages over -> items for the source. What cannot be unpacked is named and passed over:
// no later attempt would read it, and an error would have Lambda try again and Kinesis stand still.
import { parseSubscription } from "../../core/read/cloudwatch/envelope.ts";
import { isBinary } from "../../core/read/raw-text.ts";
import { startsLikeGzip } from "../../core/request/inflate.ts";
import type { Result } from "../../core/source.ts";
import type { CloudWatchPayload } from "../../core/sources/cloudwatch.ts";
import { inflateGzip } from "../node-inflate.ts";

export type Item = Extract<CloudWatchPayload, readonly unknown[]>[number];

export interface Unpacked {
  readonly items: readonly Item[];
  /** Inflated. */
  readonly bytes: number;
}

/**
 * @param data base64 of gzip; of plain JSON or text too, which a producer of one's own may put into a stream
 * @param maxBytes where inflating ends, for a bomb
 * @returns the items, or why there are none, in words of ours alone
 */
export async function unpack(data: unknown, maxBytes: number): Promise<Result<Unpacked, string>> {
  const packed = typeof data === "string" ? decodeBase64(data) : undefined;
  if (packed === undefined) return { ok: false, error: "not base64" };
  let bytes: Uint8Array = packed;
  if (startsLikeGzip(packed)) {
    const inflated = await inflateGzip(packed, maxBytes);
    if (!inflated.ok) return { ok: false, error: inflated.error.detail };
    bytes = inflated.value;
  }
  if (isBinary(bytes)) return { ok: false, error: "neither JSON nor text" };
  return { ok: true, value: { items: parseSubscription(new TextDecoder().decode(bytes)), bytes: bytes.length } };
}

/** Node's own decoder is at its full speed from the first byte of a cold start on; it passes over what is no base64, which shows in the length. */
function decodeBase64(text: string): Uint8Array | undefined {
  const digits = text.length - (text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0);
  const bytes = Buffer.from(text, "base64");
  return digits % 4 !== 1 && bytes.length === Math.floor((digits * 3) / 4) ? bytes : undefined;
}
