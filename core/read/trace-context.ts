// Trace and session correlation: ids are taken only where they really are ids, never invented, padded or decoded from
// something else (contracts: W3C Trace Context level 2; Highlight's `x-highlight-request`).

export interface TraceContext {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId?: string | undefined;
  /** W3C trace flags. */
  readonly flags?: number | undefined;
}

/** A trace id as lower-case hex; undefined unless it is 32 hex digits and not all zero. */
export function readTraceId(value: unknown): string | undefined {
  return readHexId(value, 32);
}

/** A span id as lower-case hex; undefined unless it is 16 hex digits and not all zero. */
export function readSpanId(value: unknown): string | undefined {
  return readHexId(value, 16);
}

/** Value of each ASCII hex digit; UPPER marks A-F, INVALID everything else. */
const UPPER = 0x10;
const INVALID = 0x80;
const DIGITS = Uint8Array.from({ length: 128 }, (_, code) => {
  const digit = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(digit) ? INVALID : code >= 0x41 && code <= 0x46 ? digit | UPPER : digit;
});

function readHexId(value: unknown, length: number): string | undefined {
  if (typeof value !== "string" || value.length !== length) return undefined;
  let seen = 0;
  for (let index = 0; index < length; index++) seen |= DIGITS[value.charCodeAt(index)] ?? INVALID;
  if (seen >= INVALID || (seen & 0x0f) === 0) return undefined;
  return seen >= UPPER ? value.toLowerCase() : value;
}

/**
 * `traceparent`: version-traceid-parentid-flags; higher versions may carry more, version ff is invalid.
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
export function parseTraceparent(value: unknown): TraceContext | undefined {
  if (typeof value !== "string") return undefined;
  const match = /^\s*([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[^\s]*)?\s*$/.exec(value);
  if (match === null || match[1] === "ff" || (match[1] === "00" && match[5] !== undefined)) return undefined;
  const traceId = readTraceId(match[2]);
  const spanId = readSpanId(match[3]);
  if (traceId === undefined || spanId === undefined) return undefined;
  return { traceId, spanId, flags: Number.parseInt(match[4] as string, 16) };
}

export interface HighlightRequest {
  readonly sessionId: string;
  /** The request part when it is a W3C trace id. */
  readonly traceId?: string | undefined;
  /** The request part when it is Highlight's own kind of id. */
  readonly requestId?: string | undefined;
}

/** `x-highlight-request: <session>/<request>`, as the browser SDK sends it; a duplicated header counts once. */
export function parseHighlightRequest(value: unknown): HighlightRequest | undefined {
  if (typeof value !== "string" || value.length > 1024) return undefined;
  const [first = ""] = value.split(",", 1);
  const [sessionId = "", request = ""] = first.trim().split("/", 2);
  if (!/^[A-Za-z0-9_-]{1,128}$/.test(sessionId)) return undefined;
  const traceId = readTraceId(request);
  if (traceId !== undefined) return { sessionId, traceId };
  // An all-zero id is a missing one.
  if (request === "" || /^0+$/.test(request)) return { sessionId };
  return { sessionId, requestId: request };
}
