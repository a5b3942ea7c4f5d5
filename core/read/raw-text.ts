// A whole body that is no JSON: for most senders it is delivered as raw text, since an error would make them loop or alarm.
import type { KeyValue, Scope } from "../otlp/model.ts";
import type { DecodeContext, Decoded, Failure, Result } from "../source.ts";
import { brokenRecord } from "./broken.ts";

/**
 * @returns undefined when the body begins like JSON (or is blank) and so is worth reading item by item; a failure when it
 * is not text at all; else one raw record with the whole text
 */
export function decodeRawText(
  payload: Uint8Array,
  scope: Scope,
  resource: readonly KeyValue[],
  context: DecodeContext,
): Result<Decoded, Failure> | undefined {
  if (isBinary(payload)) return { ok: false, error: { reason: "unreadable", detail: "the body is neither JSON nor text" } };
  if (beginsLikeJson(payload)) return undefined;
  const record = brokenRecord(new TextDecoder().decode(payload).trim(), "not JSON", context.observedTimeUnixNano);
  const resourceLogs = [{ resource: { attributes: resource }, scopeLogs: [{ scope, logRecords: [record] }] }];
  return { ok: true, value: { batches: [{ resourceLogs, malformed: 1, filtered: 0 }] } };
}

/** Text of any encoding that a log sender uses holds no NUL byte. */
export function isBinary(payload: Uint8Array): boolean {
  return payload.subarray(0, 4096).indexOf(0) >= 0;
}

/** First non-blank byte `{` or `[`, or nothing but blanks. */
export function beginsLikeJson(payload: Uint8Array): boolean {
  let position = payload[0] === 0xef && payload[1] === 0xbb && payload[2] === 0xbf ? 3 : 0;
  while (position < payload.length && (payload[position] as number) <= 0x20) position++;
  return position >= payload.length || payload[position] === 0x7b || payload[position] === 0x5b;
}
