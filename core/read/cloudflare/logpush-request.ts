// The HTTP request that a Logpush row is about -> `http.*`, `url.*`, `network.*`, `tls.*`, `geo.*`, and its trace and session.
// https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/zone/http_requests/
import type { KeyValue } from "../../otlp/model.ts";
import { pushAttribute, putAttribute } from "../attributes.ts";
import { isObject } from "../broken.ts";
import { toSnakeCase } from "../snake-case.ts";
import type { TraceContext } from "../trace-context.ts";
import { headersToRead, pushProtocol, pushTls, readCorrelation, readHeaders } from "./request.ts";
import { splitUrl } from "./url.ts";

type Row = Readonly<Record<string, unknown>>;

/** The fields that are read here. `ZoneName` is the resource's. */
export const REQUEST_FIELDS = [
  "ZoneName",
  "EdgeResponseStatus",
  "ClientRequestURI",
  "ClientRequestPath",
  "ClientRequestQuery",
  "ClientRequestReferer",
  "ClientRequestProtocol",
  "ClientSSLProtocol",
  "ClientCountry",
  "ClientRegionCode",
  "RequestHeaders",
  "ResponseHeaders",
] as const;

export interface RowRequest {
  /** As much of the URL as the row says; undefined when it names no host and no path. */
  readonly target: string | undefined;
  readonly status: number | undefined;
  readonly trace: TraceContext | undefined;
}

/** A field of an unexpected type keeps its value as `cloudflare.<snake_case>`. */
export function pushRequestFields(attributes: KeyValue[], row: Row): RowRequest {
  const status = pushStatus(attributes, row);
  const target = pushTarget(attributes, row);
  readWord(attributes, row, "ClientRequestProtocol", (protocol) => pushProtocol(attributes, protocol));
  readWord(attributes, row, "ClientSSLProtocol", (version) => pushTls(attributes, version));
  readWord(attributes, row, "ClientRequestReferer", (referer) => putAttribute(attributes, "http.request.header.referer", [referer]));
  pushPlace(attributes, row);
  const trace = pushHeaders(attributes, row);
  if (typeof row["ZoneName"] !== "string") pushPlain(attributes, row, "ZoneName");
  return { target, status, trace };
}

/** 0 stands for a request that got no answer, and is no HTTP status. */
function pushStatus(attributes: KeyValue[], row: Row): number | undefined {
  const status = row["EdgeResponseStatus"];
  if (typeof status === "number" && status >= 100 && status < 1000) {
    attributes.push({ key: "http.response.status_code", value: status });
    return status;
  }
  pushPlain(attributes, row, "EdgeResponseStatus");
  return undefined;
}

function pushTarget(attributes: KeyValue[], row: Row): string | undefined {
  const { ClientRequestScheme: scheme, ClientRequestHost: host } = row;
  const [uri, path, query] = ["ClientRequestURI", "ClientRequestPath", "ClientRequestQuery"].map((field) => {
    const value = row[field];
    if (typeof value === "string") return value;
    pushPlain(attributes, row, field);
    return undefined;
  });
  const full = uri === undefined ? undefined : splitUrl(uri);
  const mark = uri?.indexOf("?") ?? -1;
  const ownPath = full?.path ?? (mark < 0 ? uri : uri?.slice(0, mark)) ?? path;
  const ownQuery = full?.query ?? (mark < 0 ? undefined : uri?.slice(mark + 1)) ?? query?.replace(/^\?/, "");
  pushAttribute(attributes, "url.path", ownPath);
  pushAttribute(attributes, "url.query", ownQuery);
  if (path !== undefined && path !== ownPath) pushPlain(attributes, row, "ClientRequestPath");
  if (query !== undefined && query.replace(/^\?/, "") !== ownQuery) pushPlain(attributes, row, "ClientRequestQuery");
  if (full !== undefined) return uri;
  const origin = typeof host !== "string" || host === "" ? "" : typeof scheme === "string" && scheme !== "" ? `${scheme}://${host}` : host;
  const target = `${origin}${ownPath ?? ""}${ownQuery ? `?${ownQuery}` : ""}`;
  return target === "" ? undefined : target;
}

function pushPlace(attributes: KeyValue[], row: Row): void {
  const { ClientCountry: country, ClientRegionCode: region } = row;
  const code = typeof country === "string" && /^[A-Za-z]{2}$/.test(country) ? country.toUpperCase() : undefined;
  if (code === undefined) pushPlain(attributes, row, "ClientCountry");
  else attributes.push({ key: "geo.country.iso_code", value: code });
  if (code !== undefined && typeof region === "string" && region !== "")
    attributes.push({ key: "geo.region.iso_code", value: `${code}-${region}` });
  else pushPlain(attributes, row, "ClientRegionCode");
}

const HEADERS_TO_READ = headersToRead({});
/** More than these were not picked one by one in the job's custom fields. */
const MAX_HEADERS = 64;

/** Headers come only when the job's owner asked for each of them, so they are handed on as they are. */
function pushHeaders(attributes: KeyValue[], row: Row): TraceContext | undefined {
  putHeaders(attributes, row, "RequestHeaders", "http.request.header");
  putHeaders(attributes, row, "ResponseHeaders", "http.response.header");
  const headers = row["RequestHeaders"];
  if (!isObject(headers)) return undefined;
  const { trace, attributes: correlation } = readCorrelation(readHeaders(headers, HEADERS_TO_READ), undefined, true);
  attributes.push(...correlation);
  return trace;
}

function putHeaders(attributes: KeyValue[], row: Row, field: string, prefix: string): void {
  const headers = row[field];
  if (!isObject(headers) || Object.keys(headers).length > MAX_HEADERS) {
    pushPlain(attributes, row, field);
    return;
  }
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    putAttribute(attributes, `${prefix}.${name.toLowerCase()}`, value === null || value === "" || Array.isArray(value) ? value : [value]);
  }
}

function readWord(attributes: KeyValue[], row: Row, field: string, read: (word: string) => void): void {
  const value = row[field];
  if (typeof value === "string") {
    if (value !== "") read(value);
  } else {
    pushPlain(attributes, row, field);
  }
}

function pushPlain(attributes: KeyValue[], row: Row, field: string): void {
  const value = row[field];
  if (value !== undefined) pushAttribute(attributes, `cloudflare.${toSnakeCase(field)}`, value);
}
