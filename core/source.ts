// The contract between a platform's payload and the drain: pure decoders in, closed results out.
import type { ResourceLogs } from "./otlp/model.ts";

export type Result<T, E> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E };

/**
 * Why a payload was not delivered: a closed union, mapped to an answer in one exhaustive switch per adapter.
 * `detail` names the fault for an operator; it never holds a payload or a secret.
 */
export type Failure =
  /** Missing or wrong credentials or signature. Nothing was decoded. */
  | { readonly reason: "unauthorized"; readonly detail: string }
  /** A cap was passed, before or after inflating. */
  | { readonly reason: "too-large"; readonly detail: string }
  /** A content encoding or media type that we do not read. */
  | { readonly reason: "unsupported"; readonly detail: string }
  /** Bytes that cannot be this platform's payload at all (damaged compression, wrong protocol). */
  | { readonly reason: "unreadable"; readonly detail: string }
  /** The destination is overloaded, down or slow: the sender must send again. */
  | { readonly reason: "retryable"; readonly detail: string; readonly retryAfterMs?: number | undefined }
  /** The destination will not take it from us as configured (401, 403, 404, 500, HTML, redirect): the sender must keep the data. */
  | { readonly reason: "refused"; readonly detail: string };

export interface DecodeContext {
  /** Arrival of the payload, ns since the Unix epoch. */
  readonly observedTimeUnixNano: bigint;
  /** Configured `service.name` for payloads that name none. */
  readonly defaultServiceName?: string | undefined;
}

/** What one stretch of a payload (about MAX_BATCH_BYTES) decoded to. An exporter joins batches to requests. */
export interface Batch {
  readonly resourceLogs: readonly ResourceLogs[];
  /** Items that could not be read and became raw records. */
  readonly malformed: number;
  /** Items skipped on purpose (control messages, ignore lists, schemas that are no logs). */
  readonly filtered: number;
  /** What an operator should hear once, such as the name of a schema that is no log. Never payload text. */
  readonly notes?: readonly string[] | undefined;
}

/** Decoded lazily, batch by batch, so that a large payload never stands in memory three times. */
export interface Decoded {
  readonly batches: Iterable<Batch>;
}

/**
 * One payload format. Pure and total per item: a broken item becomes a record whose body is its raw text, marked
 * with `otlp_drain.decode_error`; only an unreadable whole is a failure. Iterating `batches` never throws.
 */
export interface Source<Payload> {
  /** Lower-case platform name; the scope of its records is `otlp-drain/<name>`. */
  readonly name: string;
  decode(payload: Payload, context: DecodeContext): Result<Decoded, Failure>;
}
