// A whole body that is no JSON: for most senders it is delivered as raw text, since an error would make them loop or alarm.
import type { KeyValue, Scope } from "../otlp/model.ts";
import type { DecodeContext, Decoded, Failure, Result } from "../source.ts";
import { brokenRecord } from "./broken.ts";
import { skipBlank } from "./json-scan.ts";
import { readJsonObject } from "./message.ts";

/**
 * @returns undefined when the body begins like JSON, is blank, or holds a line that is a JSON object, and so is worth reading
 * item by item; a failure when it is not text at all; else one raw record with the whole text
 */
export function decodeRawText(
  payload: Uint8Array,
  scope: Scope,
  resource: readonly KeyValue[],
  context: DecodeContext,
): Result<Decoded, Failure> | undefined {
  if (beginsLikeJson(payload)) return undefined;
  if (isBinary(payload)) return { ok: false, error: { reason: "unreadable", detail: "the body is neither JSON nor text" } };
  const text = new TextDecoder().decode(payload);
  // A broken first line takes no good one with it.
  if (text.split("\n").some((line) => readJsonObject(line) !== undefined)) return undefined;
  const record = brokenRecord(text.trim(), "not JSON", context.observedTimeUnixNano);
  const resourceLogs = [{ resource: { attributes: resource }, scopeLogs: [{ scope, logRecords: [record] }] }];
  return { ok: true, value: { batches: [{ resourceLogs, malformed: 1, filtered: 0 }] } };
}

/** Text of any encoding that a log sender uses holds no NUL byte. */
export function isBinary(payload: Uint8Array): boolean {
  return payload.subarray(0, 4096).indexOf(0) >= 0;
}

/** Begins with an object or with an array of anything but bare words (`[ERROR] ...` is text), or is nothing but blanks. */
export function beginsLikeJson(payload: Uint8Array): boolean {
  const start = skipBlank(payload, payload[0] === 0xef && payload[1] === 0xbb && payload[2] === 0xbf ? 3 : 0);
  if (start >= payload.length) return true;
  const second = String.fromCharCode(payload[skipBlank(payload, start + 1)] ?? 0x20);
  if (payload[start] === 0x7b) return ' "}'.includes(second);
  return payload[start] === 0x5b && ' "{[],'.includes(second);
}
