// One attempt: one POST of one encoded request, and the destination's answer as a closed union. Statuses by the OTLP/HTTP
// specification (https://opentelemetry.io/docs/specs/otlp/#otlphttp-response).
import { MAX_RESPONSE_BYTES } from "../limits.ts";
import { readExportResponse, readStatusMessage } from "../otlp/decode.ts";
import { readUnixNano } from "../read/time.ts";
import { collectBytes } from "../request/body.ts";

export type Attempt =
  | { readonly kind: "delivered"; readonly rejected: number; readonly message: string }
  /** Worth sending again from here. */
  | { readonly kind: "retryable"; readonly detail: string; readonly retryAfterMs?: number | undefined }
  /** The operator's or a proxy's fault: the data is fine, sending it again from here is not allowed. */
  | { readonly kind: "refused"; readonly detail: string }
  /** Too large as it is. */
  | { readonly kind: "too-large"; readonly status: number; readonly message: string }
  /** Something in this payload is refused for good. */
  | { readonly kind: "poison"; readonly status: number; readonly message: string };

export interface HttpRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
  /** For this attempt, answer included. */
  readonly timeoutMs: number;
}

export interface HttpContext {
  readonly fetch: typeof fetch;
  /** ms since the Unix epoch; for `Retry-After` dates. */
  readonly now: () => number;
}

const MAX_REDIRECTS = 3;
const MAX_MESSAGE_LENGTH = 200;
/** They describe the body, and an error may well speak of them. */
const PUBLIC_HEADERS = new Set(["content-type", "content-encoding", "user-agent"]);
/** Shorter values are no secrets, and would tear words apart. */
const MIN_SECRET_LENGTH = 8;
const RETRYABLE = new Set([429, 502, 503, 504]);
/** 4xx that speak of the configuration, not of the data. */
const OPERATOR_FAULTS = new Set([401, 402, 403, 404, 405, 407, 408]);

export async function postRequest(request: HttpRequest, context: HttpContext): Promise<Attempt> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), request.timeoutMs);
  try {
    return await follow(request, context, abort.signal);
  } catch (error) {
    const detail = abort.signal.aborted ? `no answer within ${request.timeoutMs} ms` : `no connection: ${errorCode(error)}`;
    return { kind: "retryable", detail };
  } finally {
    clearTimeout(timer);
  }
}

/** A followed 301 turns POST into an empty GET and its 200 into silent loss, so redirects are followed by hand, or not at all. */
async function follow({ url, headers, body }: HttpRequest, context: HttpContext, signal: AbortSignal): Promise<Attempt> {
  // Called by itself: workerd's fetch refuses to be a method of anything.
  const { fetch } = context;
  let target = url;
  for (let redirects = 0; ; redirects++) {
    const response = await fetch(target, { method: "POST", headers: { ...headers }, body, redirect: "manual", signal });
    const { status } = response;
    if (status < 300 || status > 399) return await readAnswer(response, { url: target, headers }, context);
    await response.body?.cancel();
    const next = redirectTarget(target, status, response.headers.get("location"));
    if (next === undefined || redirects >= MAX_REDIRECTS) {
      return { kind: "refused", detail: `the destination answered ${status}, a redirect: set the endpoint to the final URL` };
    }
    target = next;
  }
}

/** 307 and 308 keep method and body; anywhere but to the same origin, or its https, the headers and the data would go astray. */
function redirectTarget(from: string, status: number, location: string | null): string | undefined {
  if ((status !== 307 && status !== 308) || location === null || !URL.canParse(location, from)) return undefined;
  const to = new URL(location, from);
  const { origin, hostname } = new URL(from);
  // fetch takes no URL with credentials.
  if (to.username !== "" || to.password !== "") return undefined;
  return to.origin === origin || (to.protocol === "https:" && to.hostname === hostname) ? to.href : undefined;
}

async function readAnswer(response: Response, asked: Asked, { now }: HttpContext): Promise<Attempt> {
  const { status } = response;
  const contentType = response.headers.get("content-type");
  const retryAfter = response.headers.get("retry-after");
  const read = response.body === null ? undefined : await collectBytes(response.body, MAX_RESPONSE_BYTES);
  // A broken-off answer to a 2xx is no answer: the destination may or may not have the records.
  if (read !== undefined && !read.ok && read.error === "broken-off" && response.ok) {
    return { kind: "retryable", detail: "the answer broke off" };
  }
  const body = read?.ok ? read.value : new Uint8Array();
  if (response.ok) {
    const answer = read !== undefined && !read.ok ? undefined : readExportResponse(body, contentType);
    if (answer?.kind === "response")
      return { kind: "delivered", rejected: answer.rejected, message: shorten(redact(answer.message, asked)) };
    return {
      kind: "refused",
      detail: `the destination answered ${status} with something that is no OTLP answer: check the endpoint's path`,
    };
  }
  const message = shorten(redact(readStatusMessage(body, contentType) ?? "", asked));
  const said = `the destination answered ${status}${message === "" ? "" : `: ${message}`}`;
  if (RETRYABLE.has(status)) return { kind: "retryable", detail: said, retryAfterMs: parseRetryAfter(retryAfter, now()) };
  if (status === 413) return { kind: "too-large", status, message };
  if (status >= 500 || status < 400 || OPERATOR_FAULTS.has(status)) return { kind: "refused", detail: said };
  return { kind: "poison", status, message };
}

/** Delay in ms from `Retry-After`: whole seconds or an HTTP date; undefined for anything else. */
export function parseRetryAfter(value: string | null, nowMs: number): number | undefined {
  if (value === null) return undefined;
  const text = value.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const date = parseHttpDate(text);
  return date === undefined ? undefined : Math.max(0, date - nowMs);
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** IMF-fixdate alone (RFC 9110 section 5.6.7), the only form that is still generated. */
function parseHttpDate(text: string): number | undefined {
  const match = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d{2}) ([A-Z][a-z]{2}) (\d{4} \d{2}:\d{2}:\d{2}) GMT$/.exec(text);
  const month = MONTHS.indexOf(match?.[2] ?? "");
  if (match === null || month < 0) return undefined;
  const [year, time] = (match[3] as string).split(" ");
  const unixNano = readUnixNano(`${year}-${String(month + 1).padStart(2, "0")}-${match[1]}T${time}Z`);
  return unixNano === undefined ? undefined : Number(unixNano / 1_000_000n);
}

type Asked = Pick<HttpRequest, "url" | "headers">;

/** A destination may repeat the URL or the headers it was asked with: a key in them must not reach the log. */
function redact(message: string, { url, headers }: Asked): string {
  if (message === "") return "";
  const values = Object.entries(headers).flatMap(([name, value]) => (PUBLIC_HEADERS.has(name) ? [] : [value, ...value.split(" ")]));
  const secrets = [...new URL(url).searchParams.values(), ...values];
  let redacted = message;
  for (const secret of secrets) {
    if (secret.length < MIN_SECRET_LENGTH) continue;
    for (const spelling of [secret, encodeURIComponent(secret)]) redacted = redacted.replaceAll(spelling, "***");
  }
  return redacted;
}

/** One line, printable, short. */
function shorten(message: string): string {
  const line = message.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
  return line.length > MAX_MESSAGE_LENGTH ? `${line.slice(0, MAX_MESSAGE_LENGTH)}...` : line;
}

/** `ECONNREFUSED`, `ENOTFOUND`, `CERT_HAS_EXPIRED`, ... where the runtime names one; a message could hold the URL. */
function errorCode(error: unknown): string {
  for (let cause = error; typeof cause === "object" && cause !== null; cause = (cause as { cause?: unknown }).cause) {
    const { code } = cause as { code?: unknown };
    if (typeof code === "string" && /^[A-Z_0-9]{2,64}$/.test(code)) return code;
  }
  return error instanceof Error ? error.name : "unknown error";
}
