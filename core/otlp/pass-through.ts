// OTLP that is handed on as it came: one request of any signal, read just far enough to know what it holds, and the same bytes with
// attributes added to its resources. Nothing else of it changes. https://opentelemetry.io/docs/specs/otlp/#otlphttp-request
import type { Stamp } from "../enrich.ts";
import { MAX_DECODED_BYTES } from "../limits.ts";
import { isObject } from "../read/broken.ts";
import type { Failure, Result } from "../source.ts";
import { countJson, stampJson } from "./pass-through/json.ts";
import { countProtobuf, stampProtobuf } from "./pass-through/protobuf.ts";
import { describeMisplaced, type Encoding, findOtherSignal, SIGNALS, type Signal } from "./signal.ts";

/** A request as it travels, inflated. */
export interface OtlpRequest {
  readonly signal: Signal;
  readonly encoding: Encoding;
  readonly bytes: Uint8Array;
  /** Log records, spans or data points. */
  readonly records: number;
}

export type OtlpReading =
  | { readonly kind: "request"; readonly request: OtlpRequest }
  /** Logs that only a lenient reader understands: another framing, bare values for AnyValues, names for numbers, or no OTLP at all. */
  | { readonly kind: "other" };

/** @returns `unreadable` for bytes that no destination would take */
export function readOtlpRequest(bytes: Uint8Array, signal: Signal, encoding: Encoding): Result<OtlpReading, Failure> {
  if (encoding === "protobuf") {
    const records = countProtobuf(bytes, signal);
    return records === undefined ? unreadable(signal, encoding) : request({ signal, encoding, bytes, records });
  }
  const value = parse(bytes);
  const misplaced = isObject(value) ? findOtherSignal(value, signal) : undefined;
  if (misplaced !== undefined) return { ok: false, error: { reason: "unreadable", detail: describeMisplaced(misplaced) } };
  const isBareItem = isObject(value) && value[SIGNALS[signal].items] === undefined && value[SIGNALS[signal].scopes] !== undefined;
  const records = isBareItem ? undefined : countJson(value, signal);
  if (records !== undefined) return request({ signal, encoding, bytes, records });
  return signal === "logs" ? { ok: true, value: { kind: "other" } } : unreadable(signal, encoding);
}

/** Adds attributes to every resource of a request; `too-large` when that makes it larger than any body may be. */
export function stampOtlpRequest(request: OtlpRequest, stamp: Stamp): Result<OtlpRequest, Failure> {
  if (stamp.winning.length + stamp.filling.length === 0) return { ok: true, value: request };
  const { bytes, signal, encoding } = request;
  const stamped =
    encoding === "protobuf" ? stampProtobuf(bytes, stamp, MAX_DECODED_BYTES) : stampJson(bytes, signal, stamp, MAX_DECODED_BYTES);
  if (stamped !== undefined) return { ok: true, value: { ...request, bytes: stamped } };
  return {
    ok: false,
    error: { reason: "too-large", detail: `request over the cap of ${MAX_DECODED_BYTES} bytes with its resource attributes` },
  };
}

function request(value: OtlpRequest): Result<OtlpReading, Failure> {
  return { ok: true, value: { kind: "request", request: value } };
}

function unreadable(signal: Signal, encoding: Encoding): Result<never, Failure> {
  const name = encoding === "json" ? "JSON" : "protobuf";
  return { ok: false, error: { reason: "unreadable", detail: `not an OTLP ${signal} request in ${name}` } };
}

/** Not `parseJson`: which digits a number has does not matter here. */
function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
