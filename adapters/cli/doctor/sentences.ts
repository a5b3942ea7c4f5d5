// The one sentence that helps: from what was seen to what to do. Pure; it holds no secret, no query of a URL and nothing of a body but
// the destination's own short message.
import type { Env } from "../inputs.ts";
import { describeChange, isGrpcPort } from "./alternatives.ts";
import type { Evidence, Target } from "./attempt.ts";
import type { Certificate, TlsFailure } from "./connection.ts";

/** Beyond this, records of senders without a clock show at a wrong time, and signed credentials fail. */
const MAX_CLOCK_MS = 120_000;

const UNTRUSTED = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_UNTRUSTED",
]);
const NO_TLS = new Set(["ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG", "EPROTO"]);
const WANTS_CLIENT_CERTIFICATE = /CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE/;

export function isPlainAnswer({ code }: TlsFailure): boolean {
  return NO_TLS.has(code);
}

export function nameSentence(hostname: string, code: string): string {
  if (code === "EAI_AGAIN")
    return `The name ${hostname} cannot be looked up at the moment (${code}): check this machine's network and name server.`;
  return `The name ${hostname} does not exist (${code}): check its spelling in the endpoint.`;
}

/** @param change what to set when another way was found to work */
export function portSentence(url: URL, code: string, env: Env, change: string | undefined): string {
  const where = `${url.hostname}:${url.port || (url.protocol === "https:" ? 443 : 80)}`;
  if (change !== undefined) return `Nothing answers at ${where}, and another way works: set ${change}.`;
  if (isGrpcPort(url.href))
    return `Nothing answers at ${where}, and 4317 is the port of gRPC, which is not spoken here: use OTLP over HTTP, usually on port 4318.`;
  if (code === "ECONNREFUSED") {
    const container =
      url.hostname === "localhost" || url.hostname.startsWith("127.") ? "; inside a container this address is the container itself" : "";
    return `Nothing listens at ${where} (${code}): start the destination, or correct the port (OTLP over HTTP is usually 4318${container}).`;
  }
  return `The server at ${where} cannot be reached (${code}): a firewall, a wrong address or a missing route is in the way${proxyHint(env)}.`;
}

function proxyHint(env: Env): string {
  const named = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"].find((name) => env[name]?.trim());
  return named === undefined || env["NODE_USE_ENV_PROXY"] === "1"
    ? ""
    : ` (${named} is set, and Node uses it only with NODE_USE_ENV_PROXY=1)`;
}

export function tlsSentence(url: URL, failed: TlsFailure, nowMs: number, change: string | undefined): string {
  const { code, certificate } = failed;
  if (isPlainAnswer(failed))
    return `The server at ${url.host} speaks no TLS: ${change === undefined ? "write http:// in the endpoint, or correct the port" : `set ${change}`}.`;
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return `The certificate of ${url.host} is for other names (${certificate?.names.slice(0, 5).join(", ") || "none"}): use one of them in the endpoint.`;
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") return validitySentence(url, certificate, nowMs);
  if (UNTRUSTED.has(code))
    return `The certificate of ${url.host} is signed by nobody this machine trusts (${code}): give its authority as NODE_EXTRA_CA_CERTS=/path/to/ca.pem.`;
  if (WANTS_CLIENT_CERTIFICATE.test(code))
    return `The server at ${url.host} wants a client certificate (${code}): set OTLP_DRAIN_EXPORTER=sdk with OTEL_EXPORTER_OTLP_CLIENT_KEY and OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE.`;
  return `The encryption with ${url.host} fails (${code}): check that the port speaks https, and what stands between.`;
}

function validitySentence(url: URL, certificate: Certificate | undefined, nowMs: number): string {
  const span = certificate === undefined ? "" : ` from ${day(certificate.validFromMs)} to ${day(certificate.validToMs)}`;
  return `The certificate of ${url.host} is valid${span} and this machine's clock says ${day(nowMs)}: set the clock if it is wrong, else have the certificate renewed.`;
}

function day(ms: number): string {
  return Number.isNaN(ms) ? "(unknown)" : new Date(ms).toISOString().slice(0, 10);
}

export interface Findings {
  readonly evidence: Evidence;
  /** Another way that took the record. */
  readonly working: Target | undefined;
  /** The server greets in HTTP/2 and answers no HTTP/1.1, as gRPC does. */
  readonly isHttp2Only: boolean;
  /** Names of the configured headers. */
  readonly headerNames: readonly string[];
  readonly mark: string;
  readonly markKey: string;
  /** When no drain is open: the variables of which one opens a drain. */
  readonly missingSecrets: readonly string[];
  /** Highlight answers 200 for projects that do not exist, too. */
  readonly isBlind: boolean;
  readonly env: Env;
}

/** What to do about the answer to the test record. */
export function answerSentence(findings: Findings): string {
  const { evidence, working, isHttp2Only, env } = findings;
  const { attempt, target } = evidence;
  const url = new URL(target.url);
  if (attempt.kind === "delivered") return deliveredSentence(findings, attempt);
  const change = working === undefined ? undefined : describeChange(target, working, env);
  if (isHttp2Only || (evidence.status === undefined && isGrpcPort(target.url)))
    return `Port ${url.port} speaks gRPC, and OTLP over HTTP is what is spoken here: ${change === undefined ? "use the destination's HTTP port, usually 4318" : `set ${change}`}.`;
  if (evidence.status === undefined) {
    if (change !== undefined)
      return `The server at ${url.host} does not answer this way (${evidence.code ?? "UNKNOWN"}), and another one works: set ${change}.`;
    if (evidence.code === "TIMEOUT")
      return `The server at ${url.host} takes the connection and does not answer in time: check that an OTLP receiver listens there, or raise OTEL_EXPORTER_OTLP_TIMEOUT.`;
    return `The server at ${url.host} ends the connection without an answer (${evidence.code ?? "UNKNOWN"}): check that the port speaks ${url.protocol.slice(0, -1)} and OTLP.`;
  }
  return statusSentence(findings, evidence.status, change);
}

function deliveredSentence(
  { evidence, mark, markKey, missingSecrets, isBlind }: Findings,
  attempt: { readonly rejected: number; readonly message: string },
): string {
  if (attempt.rejected > 0)
    return `The destination took the request and rejected the record${quoted(attempt.message)}: look in its documentation for what it wants of a record.`;
  if (isClockOff(evidence))
    return `The destination took the test record (look for ${markKey} = ${mark}), but ${clockClause(evidence)}: set the clock, or records show at a wrong time.`;
  const remark = attempt.message === "" ? "" : `, and remarks${quoted(attempt.message)}`;
  const look = `look for the record with ${markKey} = ${mark} at the destination`;
  if (missingSecrets.length > 0)
    return `The destination takes records${remark} (${look}), but no drain is open: set one of ${missingSecrets.join(", ")}.`;
  if (isBlind) return `The destination answers as it should${remark}, for projects that do not exist too: ${look}.`;
  return `Everything works${remark}: ${look}.`;
}

function statusSentence({ evidence, headerNames }: Findings, status: number, change: string | undefined): string {
  const { attempt, target, isHtml, location } = evidence;
  const url = new URL(target.url);
  const path = url.pathname;
  const said = quoted("message" in attempt ? attempt.message : "");
  if (status === 401 || status === 403) {
    const clock = isClockOff(evidence) ? ` (and ${clockClause(evidence)}, which fails signed credentials)` : "";
    return headerNames.length === 0
      ? `The destination wants credentials and none are set (${status}): set OTEL_EXPORTER_OTLP_HEADERS, such as authorization=Bearer%20<key>${clock}.`
      : `The destination refuses the credentials (${status}): correct the value of ${headerNames.join(", ")} in OTEL_EXPORTER_OTLP_HEADERS, a space in it is written %20${clock}.`;
  }
  if (status === 402) return `The destination answers 402, so its plan or quota is used up: see your account there.`;
  if (/(?:\/v1\/logs){2,}$/.test(path) && (attempt.kind === "refused" || attempt.kind === "poison"))
    return `The endpoint ends in /v1/logs, which is added again (${path}): set ${change ?? "OTEL_EXPORTER_OTLP_ENDPOINT without it, or OTEL_EXPORTER_OTLP_LOGS_ENDPOINT as it is"}.`;
  if (status >= 300 && status < 400)
    return `The destination redirects${location === undefined ? "" : ` to ${location}`} (${status}), and a POST is not sent after a redirect: ${change === undefined ? "set the endpoint to the final address" : `set ${change}`}.`;
  if (change !== undefined)
    return `The destination answers ${status}${isHtml ? " with a web page" : ""}${said} this way and takes the record another way: set ${change}.`;
  if (attempt.kind === "refused" && (status === 404 || status === 405))
    return `There is no OTLP receiver at ${path} (${status}): correct the path of the endpoint, /v1/logs is added to OTEL_EXPORTER_OTLP_ENDPOINT and not to OTEL_EXPORTER_OTLP_LOGS_ENDPOINT.`;
  if (attempt.kind === "refused" && status < 300)
    return `The server at ${url.host} answers ${isHtml ? "with a web page" : "with something that is no OTLP answer"} (${status}), so it is not the receiver: take the address of its OTLP endpoint, not of its website.`;
  if (attempt.kind === "too-large")
    return `The destination answers 413 even to one small record: something between limits the size of requests.`;
  if (attempt.kind === "retryable")
    return `The destination is there and overloaded or not ready (${status}): try again in a moment, then look at its own health.`;
  if (status >= 500) return `The destination fails by itself (${status}): look at its own log, nothing is wrong here.`;
  return `The destination refuses the record (${status})${said}: check that it takes OTLP logs at this address.`;
}

function quoted(message: string): string {
  return message === "" ? "" : ` ("${message}")`;
}

export function isClockOff({ clockMs = 0 }: Evidence): boolean {
  return Math.abs(clockMs) > MAX_CLOCK_MS;
}

/** The destination's `Date` against this clock. */
export function clockClause({ clockMs = 0 }: Evidence): string {
  return `this machine's clock is ${span(Math.abs(clockMs))} ${clockMs > 0 ? "behind" : "ahead of"} the destination's`;
}

function span(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) return `${minutes} minutes`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
}
