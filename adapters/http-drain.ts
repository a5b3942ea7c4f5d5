// What every HTTP drain shares, in the one order that is safe: credentials, caps, inflating, delivery, answer. A platform's
// file says only what differs: how it authenticates, what its probes look like, and in which dialect it is answered.
import type { Config } from "../core/config.ts";
import type { DeliveryOptions, Drain, Receipt } from "../core/drain.ts";
import { MAX_RETRY_AFTER_S, MIN_RETRY_AFTER_S } from "../core/limits.ts";
import { createTokenVerifier, readCredentials } from "../core/request/auth.ts";
import { readBody } from "../core/request/body.ts";
import { type Inflaters, inflateBody } from "../core/request/inflate.ts";
import { readRouting } from "../core/request/routing.ts";
import type { Failure, Result } from "../core/source.ts";

/** A platform's HTTP drain: one entry in the table of `adapters/http.ts`. */
export interface HttpDrain {
  readonly name: string;
  readonly paths: readonly string[];
  /** The variable with its secrets; without one the drain is closed. */
  readonly secretVariable: string;
  /** How long the sender waits for an answer, ms, less a margin. */
  readonly budgetMs: number;
  /** One line for the page that lists the drains. */
  readonly setup: string;
  create(config: Config): HttpDrainHandlers;
}

/**
 * @param body as received, after inflating
 * @param inflaters what the runtime has, for payloads that hold compressed parts of their own
 */
type Delivering = (
  drain: Drain,
  body: Uint8Array,
  options: DeliveryOptions,
  request: Request,
  inflaters: Inflaters | undefined,
) => Promise<Result<Receipt, Failure>>;

export interface HttpDrainHandlers {
  readonly authentication: Authentication;
  /** A failure that the headers alone show, such as a media type of another kind of drain. */
  readonly refuse?: ((request: Request) => Failure | undefined) | undefined;
  /** A body that is a connection test: answered like a delivery, and nothing of it delivered. Default: blank, `{}` and `[]`. */
  readonly isProbe?: ((body: Uint8Array) => boolean) | undefined;
  /** Inflate gzip by its first bytes even without a header. */
  readonly sniffGzip?: boolean | undefined;
  readonly deliver: Delivering;
  /** The platform's answer. `undefined` receipt: a probe. */
  readonly answer: (outcome: Result<Receipt | undefined, Failure>, request: Request) => Response;
}

export type Authentication =
  /** Decided by the headers or the URL, before a byte of the body is read. */
  | { readonly by: "token"; readonly verify: (request: Request) => Promise<boolean> }
  /** Decided by the body's bytes, as received or as inflated. A probe may come unsigned. */
  | {
      readonly by: "signature";
      readonly isSigned: (request: Request) => boolean;
      readonly verify: (request: Request, bytes: Uint8Array) => Promise<boolean>;
    }
  | { readonly by: "nothing" };

/**
 * Any of the tokens, wherever the platform puts it; nothing at all when none is set and the operator insists on that.
 * @param candidatesOf what of the headers may be the token. Default: the credentials of `Authorization`.
 */
export function authenticateByToken(
  tokens: readonly string[],
  insecure: boolean,
  candidatesOf: (headers: Headers) => readonly (string | undefined)[] = readCredentials,
): Authentication {
  if (tokens.length === 0 && insecure) return { by: "nothing" };
  const verify = createTokenVerifier(tokens);
  return {
    by: "token",
    async verify({ headers }) {
      // All of them are tried, so that the time tells nothing of which one was right.
      const verdicts = await Promise.all(candidatesOf(headers).map(verify));
      return verdicts.includes(true);
    },
  };
}

export interface ServeContext {
  readonly drain: Drain;
  readonly config: Config;
  readonly inflaters?: Inflaters | undefined;
  /** Takes a place among the deliveries under way, and returns how to give it back; undefined when there is none. */
  readonly admit: () => (() => void) | undefined;
}

export interface Served {
  readonly response: Response;
  /** Absent for probes and for methods that deliver nothing. */
  readonly outcome?: Result<Receipt, Failure> | undefined;
}

/** Unsigned probes are this small; more is not read without a signature. */
const MAX_UNSIGNED_BYTES = 64;
const METHODS = "GET, HEAD, OPTIONS, POST, PUT";

export async function serveDrain(request: Request, handlers: HttpDrainHandlers, budgetMs: number, context: ServeContext): Promise<Served> {
  const { method } = request;
  if (method === "GET" || method === "HEAD" || method === "OPTIONS")
    return { response: withoutBody(handlers.answer(PROBED, request), method) };
  if (method !== "POST" && method !== "PUT") return { response: jsonResponse(405, { error: "send a POST" }, { allow: METHODS }) };
  const body = await receive(request, handlers, context);
  if (!body.ok) return { response: handlers.answer(body, request), outcome: body };
  if ((handlers.isProbe ?? isEmptyPayload)(body.value)) return { response: handlers.answer(PROBED, request) };
  // Only who is authenticated takes a place: a stranger's slow bodies must not keep the senders out.
  const leave = context.admit();
  if (leave === undefined) return { response: handlers.answer(OVERLOADED, request), outcome: OVERLOADED };
  try {
    const options = { budgetMs, enrichment: readRouting(request) };
    const outcome = await handlers.deliver(context.drain, body.value, options, request, context.inflaters);
    return { response: handlers.answer(outcome, request), outcome };
  } finally {
    leave();
  }
}

const PROBED: Result<undefined, Failure> = { ok: true, value: undefined };
const OVERLOADED: Result<never, Failure> = {
  ok: false,
  error: { reason: "retryable", detail: "too many deliveries at once", retryAfterMs: 1000 },
};
const UNAUTHORIZED: Result<never, Failure> = { ok: false, error: { reason: "unauthorized", detail: "missing or wrong credentials" } };

/** The authenticated and inflated body. */
async function receive(request: Request, handlers: HttpDrainHandlers, context: ServeContext): Promise<Result<Uint8Array, Failure>> {
  const { authentication } = handlers;
  const { maxBodyBytes, maxDecodedBytes } = context.config;
  if (authentication.by === "token" && !(await authentication.verify(request))) return UNAUTHORIZED;
  const unsigned = authentication.by === "signature" && !authentication.isSigned(request);
  const refusal = handlers.refuse?.(request);
  if (refusal !== undefined && !unsigned) return { ok: false, error: refusal };
  const maxReceived = unsigned ? MAX_UNSIGNED_BYTES : maxBodyBytes;
  const received = await readBody(request.body, request.headers.get("content-length"), maxReceived);
  if (!received.ok) return unsigned ? UNAUTHORIZED : received;
  const verified = authentication.by !== "signature" || (!unsigned && (await authentication.verify(request, received.value)));
  const encoding = request.headers.get("content-encoding");
  const inflated = await inflateBody(received.value, encoding, unsigned ? MAX_UNSIGNED_BYTES : maxDecodedBytes, {
    inflaters: context.inflaters,
    sniff: handlers.sniffGzip,
  });
  if (verified) return inflated;
  if (!inflated.ok) return UNAUTHORIZED;
  if ((handlers.isProbe ?? isEmptyPayload)(inflated.value)) return inflated;
  // Which bytes a platform signs when it compresses is not always documented.
  const signedInflated =
    !unsigned &&
    authentication.by === "signature" &&
    inflated.value !== received.value &&
    (await authentication.verify(request, inflated.value));
  return signedInflated ? inflated : UNAUTHORIZED;
}

/** Blank, `{}` or `[]`: what platforms send to see whether anyone is there. */
export function isEmptyPayload(body: Uint8Array): boolean {
  if (body.length > MAX_UNSIGNED_BYTES) return false;
  const text = new TextDecoder().decode(body).replace(/\s+/g, "");
  return text === "" || text === "{}" || text === "[]";
}

function withoutBody(response: Response, method: string): Response {
  return method === "GET" ? response : new Response(null, { status: response.status, headers: response.headers });
}

/** JSON with the media type that clients expect. Never payload, never a secret. */
export function jsonResponse(
  status: number,
  body: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(JSON.stringify(body), { status, headers: { ...headers, "content-type": "application/json" } });
}

/** Seconds for `Retry-After`: what the destination asked for, within what senders bear. */
export function retryAfterSeconds(failure: Failure): number {
  const ms = failure.reason === "retryable" ? (failure.retryAfterMs ?? 0) : MAX_RETRY_AFTER_S * 500;
  return Math.min(MAX_RETRY_AFTER_S, Math.max(MIN_RETRY_AFTER_S, Math.ceil(ms / 1000)));
}

/** The answer of a drain whose platform has no dialect of its own. */
export function plainAnswer(outcome: Result<Receipt | undefined, Failure>, headers: Readonly<Record<string, string>> = {}): Response {
  if (outcome.ok) return jsonResponse(200, {}, headers);
  const failure = outcome.error;
  const error = failure.detail;
  switch (failure.reason) {
    case "unauthorized":
      return jsonResponse(401, { error }, { "www-authenticate": "Bearer" });
    case "too-large":
      return jsonResponse(413, { error });
    case "unsupported":
      return jsonResponse(415, { error });
    case "unreadable":
      return jsonResponse(400, { error });
    case "retryable":
      return jsonResponse(503, { error: "the destination is not available" }, { "retry-after": String(retryAfterSeconds(failure)) });
    case "refused":
      return jsonResponse(503, { error: "the destination refuses deliveries" }, { "retry-after": String(retryAfterSeconds(failure)) });
  }
}
