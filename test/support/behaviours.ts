// What the test receiver can do with a request: one plain value per behaviour, good and bad.
import type { FlatRecord } from "./oracle.ts";

export type Behaviour =
  | { readonly kind: "ok" }
  | {
      readonly kind: "status";
      readonly code: number;
      readonly retryAfter?: string | undefined;
      readonly body?: string | Uint8Array | undefined;
      readonly contentType?: string | undefined;
      readonly headers?: Readonly<Record<string, string>> | undefined;
    }
  | { readonly kind: "partial-success"; readonly rejected: number; readonly message: string }
  | { readonly kind: "delay"; readonly ms: number; readonly then: Behaviour }
  | { readonly kind: "hang" }
  | { readonly kind: "reset" }
  | { readonly kind: "half-close" }
  | { readonly kind: "truncated-response" }
  | { readonly kind: "reset-after-accept" }
  | { readonly kind: "reject-if"; readonly matches: (record: FlatRecord) => boolean; readonly code: number; readonly then: Behaviour }
  | { readonly kind: "too-large-if"; readonly maxBytes: number; readonly then: Behaviour };

export interface StatusOptions {
  /** `Retry-After`: seconds as a number, or any text. */
  readonly retryAfter?: number | string | undefined;
  /** Instead of the `google.rpc.Status` of the request's encoding. */
  readonly body?: string | Uint8Array | undefined;
  readonly contentType?: string | undefined;
}

/** Takes every record and says so. */
export function ok(): Behaviour {
  return { kind: "ok" };
}

/** Takes nothing and answers `code`, with a `google.rpc.Status` unless a body is given. */
export function status(code: number, { retryAfter, body, contentType }: StatusOptions = {}): Behaviour {
  return { kind: "status", code, retryAfter: retryAfter?.toString(), body, contentType };
}

/** 200; the last `rejected` records are refused for good, the others taken. */
export function partialSuccess(rejected: number, message = "some records were refused"): Behaviour {
  return { kind: "partial-success", rejected, message };
}

/** Takes nothing: something that is no OTLP receiver answers 200 at this address. */
export function html200(): Behaviour {
  return { kind: "status", code: 200, body: "<!doctype html><title>Welcome</title>", contentType: "text/html; charset=utf-8" };
}

/** Takes nothing and points elsewhere. */
export function redirect(code: number, location: string): Behaviour {
  return { kind: "status", code, body: "", contentType: "text/plain", headers: { location } };
}

/** Behaves as `then` after `ms` milliseconds. */
export function delay(ms: number, then: Behaviour = ok()): Behaviour {
  return { kind: "delay", ms, then };
}

/** Takes nothing and never answers; the socket stays open until the client or `close()` ends it. */
export function hang(): Behaviour {
  return { kind: "hang" };
}

/** Takes nothing and resets the connection (RST) without an answer. */
export function reset(): Behaviour {
  return { kind: "reset" };
}

/** Takes nothing and ends its side of the connection (FIN) without an answer. */
export function halfClose(): Behaviour {
  return { kind: "half-close" };
}

/** Takes every record and answers 200, but the connection dies in the middle of the body: the client cannot know. */
export function truncatedResponse(): Behaviour {
  return { kind: "truncated-response" };
}

/** Takes every record and resets the connection instead of answering: the client cannot know. */
export function resetAfterAccept(): Behaviour {
  return { kind: "reset-after-accept" };
}

/** Refuses the whole request with `code` when one record matches: a poison record. */
export function rejectIf(matches: (record: FlatRecord) => boolean, code = 400, then: Behaviour = ok()): Behaviour {
  return { kind: "reject-if", matches, code, then };
}

/** Refuses the whole request with 413 when it has more than `maxBytes` bytes after inflating. */
export function tooLargeIf(maxBytes: number, then: Behaviour = ok()): Behaviour {
  return { kind: "too-large-if", maxBytes, then };
}
