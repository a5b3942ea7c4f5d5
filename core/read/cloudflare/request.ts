// The HTTP request that started an invocation: what of it may be handed on (an allow-list of headers and of `cf`), and the
// trace and session that it belongs to.
import type { KeyValue } from "../../otlp/model.ts";
import { pushAttribute } from "../attributes.ts";
import { parseJson } from "../json.ts";
import { type HighlightRequest, parseHighlightRequest, parseTraceparent, type TraceContext } from "../trace-context.ts";
import { namesOf, readMember, readText } from "./platform-object.ts";
import { isSecretHeader, REDACTED } from "./redaction.ts";
import { pushUrl } from "./url.ts";

export interface RequestOptions {
  /** Hand on the visitor's address. Off by default: it is personal data. */
  readonly clientAddress?: boolean | undefined;
  /** Headers to hand on as `http.request.header.<name>`; one that holds a secret comes as `REDACTED`. */
  readonly headerAllowList?: readonly string[] | undefined;
}

/** Header name in lower case -> its values, joined by ", ". */
export type Headers = ReadonlyMap<string, string>;

const READ_HEADERS = ["cf-ray", "user-agent", "cf-connecting-ip", "traceparent", "x-highlight-request", "baggage"] as const;

/** The names that `readHeaders` keeps. */
export function headersToRead({ headerAllowList = [] }: RequestOptions): ReadonlySet<string> {
  return new Set([...READ_HEADERS, ...headerAllowList.map((name) => name.toLowerCase())]);
}

/** @param headers an object by name (batched tail), or a list of `{name, value}` (streaming tail); names in any case */
export function readHeaders(headers: unknown, wanted: ReadonlySet<string>): Headers {
  const found = new Map<string, string>();
  const add = (name: unknown, value: unknown): void => {
    if (typeof name !== "string" || typeof value !== "string") return;
    const key = name.toLowerCase();
    if (!wanted.has(key)) return;
    const before = found.get(key);
    found.set(key, before === undefined ? value : `${before}, ${value}`);
  };
  if (Array.isArray(headers)) for (const header of headers) add(readMember(header, "name"), readMember(header, "value"));
  else for (const name of namesOf(headers)) add(name, readMember(headers, name));
  return found;
}

/** `http.*`, `url.*`, `server.*`, `network.*`, `user_agent.*`, `geo.*` of a fetch invocation. */
export function pushRequest(
  attributes: KeyValue[],
  request: { readonly method: unknown; readonly url: unknown; readonly headers: Headers; readonly cf: unknown; readonly status: unknown },
  options: RequestOptions,
): void {
  const { method, url, headers, status } = request;
  pushAttribute(attributes, "http.request.method", method);
  if (typeof url === "string") pushUrl(attributes, url);
  else pushAttribute(attributes, "url.full", url);
  pushAttribute(attributes, "http.response.status_code", status);
  pushAttribute(attributes, "user_agent.original", headers.get("user-agent"));
  if (options.clientAddress) pushAttribute(attributes, "client.address", headers.get("cf-connecting-ip"));
  pushCf(attributes, request.cf);
  for (const name of new Set(options.headerAllowList?.map((name) => name.toLowerCase()))) {
    const value = headers.get(name);
    if (value !== undefined) attributes.push({ key: `http.request.header.${name}`, value: [isSecretHeader(name) ? REDACTED : value] });
  }
}

/**
 * `cf` holds the visitor's position, TLS secrets and certificates, so only these few of its members are taken.
 * https://developers.cloudflare.com/workers/runtime-apis/request/#incomingrequestcfproperties
 */
function pushCf(attributes: KeyValue[], cf: unknown): void {
  const fields = typeof cf === "string" ? parseJson(cf) : cf;
  const country = readText(fields, "country");
  const region = readText(fields, "regionCode");
  pushProtocol(attributes, readText(fields, "httpProtocol"));
  pushTls(attributes, readText(fields, "tlsVersion"));
  pushScalar(attributes, "cloudflare.colo", readMember(fields, "colo"));
  pushScalar(attributes, "cloudflare.asn", readMember(fields, "asn"));
  pushAttribute(attributes, "geo.country.iso_code", country);
  pushScalar(attributes, "geo.continent.code", readMember(fields, "continent"));
  pushScalar(attributes, "geo.locality.name", readMember(fields, "city"));
  if (country !== undefined && region !== undefined) attributes.push({ key: "geo.region.iso_code", value: `${country}-${region}` });
}

/** `HTTP/2` -> `http` and `2`. */
export function pushProtocol(attributes: KeyValue[], protocol: string | undefined): void {
  if (protocol === undefined) return;
  const slash = protocol.indexOf("/");
  pushAttribute(attributes, "network.protocol.name", (slash < 0 ? protocol : protocol.slice(0, slash)).toLowerCase());
  if (slash >= 0) pushAttribute(attributes, "network.protocol.version", protocol.slice(slash + 1));
}

/** `TLSv1.3` -> `tls` and `1.3`; what is spelled otherwise stays as it is. */
export function pushTls(attributes: KeyValue[], version: string | undefined): void {
  const match = /^(TLS|SSL)v(\d[\d.]{0,8})$/.exec(version ?? "");
  if (match !== null) pushAttribute(attributes, "tls.protocol.name", match[1]?.toLowerCase());
  pushAttribute(attributes, "tls.protocol.version", match?.[2] ?? version);
}

/** An object where a word or a number is due does not come from the platform, and may hold anything. */
function pushScalar(attributes: KeyValue[], key: string, value: unknown): void {
  if (typeof value === "string" || typeof value === "number") pushAttribute(attributes, key, value);
}

export interface Correlation {
  readonly trace: TraceContext | undefined;
  /** `highlight.session_id`, `highlight.trace_id`. */
  readonly attributes: readonly KeyValue[];
}

/**
 * The trace and the session of an invocation, from the request's headers. No id is invented: where none is, none is said.
 * @param platformTrace ids that the runtime itself gives; they beat the headers'
 * @param useTraceparent whether `traceparent` counts
 */
export function readCorrelation(headers: Headers, platformTrace: TraceContext | undefined, useTraceparent: boolean): Correlation {
  const trace = platformTrace ?? (useTraceparent ? parseTraceparent(headers.get("traceparent")) : undefined);
  const request = parseHighlightRequest(headers.get("x-highlight-request")) ?? readBaggage(headers.get("baggage"));
  if (request === undefined) return { trace, attributes: [] };
  const attributes: KeyValue[] = [{ key: "highlight.session_id", value: request.sessionId }];
  const { traceId, requestId } = request;
  if (traceId !== undefined && trace === undefined) return { trace: { traceId }, attributes };
  pushAttribute(attributes, "highlight.trace_id", requestId ?? (traceId === trace?.traceId ? undefined : traceId));
  return { trace, attributes };
}

const MAX_BAGGAGE_LENGTH = 8192;

/** The browser SDK's fallback: a W3C baggage member of the same name. https://www.w3.org/TR/baggage/ */
function readBaggage(baggage: string | undefined): HighlightRequest | undefined {
  if (baggage === undefined || baggage.length > MAX_BAGGAGE_LENGTH) return undefined;
  for (const member of baggage.split(",")) {
    const [pair = ""] = member.split(";", 1);
    const equals = pair.indexOf("=");
    if (pair.slice(0, equals).trim().toLowerCase() !== "x-highlight-request") continue;
    try {
      return parseHighlightRequest(decodeURIComponent(pair.slice(equals + 1).trim()));
    } catch {
      return undefined;
    }
  }
  return undefined;
}
