// URLs taken apart as they are written: no decoding, no normalising, and whatever is no absolute URL stays whole.
import type { KeyValue } from "../../otlp/model.ts";
import { pushAttribute } from "../attributes.ts";
import { REDACTED, redactUrl } from "./redaction.ts";

export interface UrlParts {
  readonly scheme: string;
  /** `user:password`, without the `@`. */
  readonly credentials?: string | undefined;
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port?: number | undefined;
  readonly path: string;
  readonly query?: string | undefined;
}

const SCHEME = /^[A-Za-z][A-Za-z\d+.-]{0,31}$/;
const HOST = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/;

/** @returns undefined when the text is no absolute URL with an authority */
export function splitUrl(url: string): UrlParts | undefined {
  const colon = url.indexOf("://");
  if (colon < 0) return undefined;
  const scheme = url.slice(0, colon);
  if (!SCHEME.test(scheme)) return undefined;
  const hash = url.indexOf("#", colon);
  const end = hash < 0 ? url.length : hash;
  const mark = url.indexOf("?", colon);
  const pathEnd = mark < 0 || mark > end ? end : mark;
  const slash = url.indexOf("/", colon + 3);
  const authorityEnd = slash < 0 || slash > pathEnd ? pathEnd : slash;
  const authority = url.slice(colon + 3, authorityEnd);
  const at = authority.lastIndexOf("@");
  const match = HOST.exec(authority.slice(at + 1));
  if (match === null) return undefined;
  return {
    scheme,
    credentials: at < 0 ? undefined : authority.slice(0, at),
    host: match[1] ?? match[2] ?? "",
    port: match[3] === undefined ? undefined : Number(match[3]),
    path: url.slice(authorityEnd, pathEnd),
    query: pathEnd === end ? undefined : url.slice(pathEnd + 1, end),
  };
}

/** `url.*` and `server.*`; credentials never show. https://opentelemetry.io/docs/specs/semconv/registry/attributes/url/ */
export function pushUrl(attributes: KeyValue[], url: string): void {
  const parts = splitUrl(url);
  pushAttribute(attributes, "url.full", parts === undefined ? url : withoutCredentials(url, parts));
  if (parts === undefined) return;
  pushAttribute(attributes, "url.scheme", parts.scheme);
  pushAttribute(attributes, "url.path", parts.path);
  pushAttribute(attributes, "url.query", parts.query);
  pushAttribute(attributes, "server.address", parts.host);
  pushAttribute(attributes, "server.port", parts.port);
}

/** `https://user:password@host/` -> `https://REDACTED:REDACTED@host/`, as the semantic conventions want it. */
export function withoutCredentials(url: string, { scheme, credentials }: UrlParts): string {
  if (credentials === undefined) return url;
  const start = scheme.length + 3;
  return `${url.slice(0, start)}${REDACTED}:${REDACTED}${url.slice(start + credentials.length)}`;
}

/**
 * Says of a request's URL, redacted by the runtime or not, whether it goes to our own destination: to the very path of
 * the endpoint, or to `v1/logs` below it.
 * @param endpoint the OTLP endpoint's URL, base or whole; its query does not count
 */
export function createOwnEndpoint(endpoint: string | undefined): (url: unknown) => boolean {
  if (endpoint === undefined) return () => false;
  const own = new Set([endpoint, redactUrl(endpoint)].flatMap(addressesOf));
  return (url) => {
    const parts = typeof url === "string" ? splitUrl(url) : undefined;
    return parts !== undefined && own.has(originOf(parts) + parts.path);
  };
}

function addressesOf(endpoint: string): readonly string[] {
  const parts = splitUrl(endpoint);
  if (parts === undefined) return [];
  const base = parts.path.endsWith("/") ? parts.path.slice(0, -1) : parts.path;
  // An endpoint without a path is a host, and a host may serve more than telemetry.
  const paths = base === "" ? ["/v1/logs"] : [base, `${base}/`, `${base}/v1/logs`];
  return paths.map((path) => originOf(parts) + path);
}

function originOf({ scheme, host, port }: UrlParts): string {
  const name = scheme.toLowerCase();
  return `${name}://${host.toLowerCase()}:${port ?? (name === "https" ? 443 : 80)}`;
}
