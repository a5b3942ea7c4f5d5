// What we answer to an OTLP client: the export response of a signal and google.rpc.Status, in either encoding.
// https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
import { type Encoding, SIGNALS, type Signal } from "./signal.ts";

export const MEDIA_TYPES: Readonly<Record<Encoding, string>> = { json: "application/json", protobuf: "application/x-protobuf" };

const encoder = new TextEncoder();

/**
 * @param rejected records that were refused for good; the client will not send them again
 * @param message why, or a warning when none was refused
 * @returns `{}` or no bytes for a success without remarks
 */
export function encodeExportResponse(encoding: Encoding, signal: Signal, rejected: number, message: string): Uint8Array<ArrayBuffer> {
  const isPlain = rejected === 0 && message === "";
  if (encoding === "json") {
    const count = rejected === 0 ? {} : { [SIGNALS[signal].rejected]: String(rejected) };
    const partial = message === "" ? count : { ...count, errorMessage: message };
    return encoder.encode(JSON.stringify(isPlain ? {} : { partialSuccess: partial }));
  }
  return isPlain ? new Uint8Array(0) : field(0x0a, [...varintField(0x08, rejected), ...field(0x12, encoder.encode(message))]);
}

/** @param code of google.rpc.Code */
export function encodeStatus(encoding: Encoding, code: number, message: string): Uint8Array<ArrayBuffer> {
  if (encoding === "json") return encoder.encode(JSON.stringify({ code, message }));
  return Uint8Array.from([...varintField(0x08, code), ...field(0x12, encoder.encode(message))]);
}

function varintField(tag: number, value: number): readonly number[] {
  return value === 0 ? [] : [tag, ...varint(value)];
}

function field(tag: number, content: ArrayLike<number> & Iterable<number>): Uint8Array<ArrayBuffer> {
  return content.length === 0 ? new Uint8Array(0) : Uint8Array.from([tag, ...varint(content.length), ...content]);
}

function varint(value: number): readonly number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return bytes;
}
