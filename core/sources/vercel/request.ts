// The request that a Vercel log record is about, from its `proxy` object or from the request line in its message. What the
// semantic conventions name becomes an attribute, the rest of `proxy` one map. https://vercel.com/docs/drains/reference/logs
import { MAX_VALUE_MEMBERS } from "../../limits.ts";
import type { AnyValue, KeyValue } from "../../otlp/model.ts";
import { pushAttribute, putAttribute } from "../../read/attributes.ts";
import { toSnakeCase } from "../../read/snake-case.ts";
import { createUnknownFields } from "../../read/unknown-fields.ts";
import { defineMember, EMPTY_KEY, toAnyValue } from "../../read/value.ts";

/** In a function's or a middleware's own message. */
const REQUEST_LINE = /^\[([A-Z]+)\] (?:\[middleware: "[^"\n]*"\] )?(\S+) status=(-?\d+)$/m;

type Proxy = Readonly<Record<string, unknown>>;

const unknownFields = createUnknownFields(
  new Set(
    (
      "timestamp method host path userAgent referer region statusCode clientIp scheme responseByteSize cacheId pathType pathTypeVariant vercelId " +
      "vercelCache lambdaRegion wafAction wafRuleId"
    ).split(" "),
  ),
);

/** Lines of one request repeat its `proxy`: the attributes of the last one are then used again, as the same objects. */
export class ProxyReader {
  #proxy: Proxy | undefined;
  #attributes: readonly KeyValue[] = [];
  #from = 0;
  #to = 0;

  push(attributes: KeyValue[], proxy: Proxy): void {
    const from = attributes.length;
    if (this.#proxy !== undefined && isSameProxy(proxy, this.#proxy)) {
      for (let index = this.#from; index < this.#to; index++) attributes.push(this.#attributes[index] as KeyValue);
      return;
    }
    pushProxy(attributes, proxy);
    this.#proxy = proxy;
    this.#attributes = attributes;
    this.#from = from;
    this.#to = attributes.length;
  }
}

function isSameProxy(a: Proxy, b: Proxy): boolean {
  let names = 0;
  for (const name in a) {
    if (!isSameMember(a[name], b[name])) return false;
    names++;
  }
  for (const _ in b) names--;
  return names === 0;
}

/** A user agent is a list of texts. */
function isSameMember(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((element, index) => element === b[index]);
}

/** Values of an unexpected type stay in the map, under the name that Vercel gave them. */
function pushProxy(attributes: KeyValue[], proxy: Proxy): void {
  const { method, path, scheme, clientIp, userAgent, referer, responseByteSize } = proxy;
  if (typeof method === "string") pushAttribute(attributes, "http.request.method", method);
  if (typeof scheme === "string") pushAttribute(attributes, "url.scheme", scheme);
  if (typeof path === "string" && path !== "") putPath(attributes, path);
  if (typeof clientIp === "string") pushAttribute(attributes, "client.address", clientIp);
  const size = toInteger(responseByteSize);
  if (size !== undefined) attributes.push({ key: "http.response.body.size", value: size });
  const agent = readUserAgent(userAgent);
  if (agent !== undefined) pushAttribute(attributes, "user_agent.original", agent);
  if (typeof referer === "string" && referer !== "") attributes.push({ key: "http.request.header.referer", value: [referer] });
  // One literal for all records: members that are absent stay undefined, which keeps the shape and the speed.
  const map: Record<string, AnyValue | undefined> = {
    timestamp: toMember(proxy["timestamp"]),
    host: toMember(proxy["host"]),
    path: toMember(path),
    referer: toMember(referer),
    region: toMember(proxy["region"]),
    status_code: toMember(proxy["statusCode"]),
    cache_id: toMember(proxy["cacheId"]),
    path_type: toMember(proxy["pathType"]),
    path_type_variant: toMember(proxy["pathTypeVariant"]),
    vercel_id: toMember(proxy["vercelId"]),
    vercel_cache: toMember(proxy["vercelCache"]),
    lambda_region: toMember(proxy["lambdaRegion"]),
    waf_action: toMember(proxy["wafAction"]),
    waf_rule_id: toMember(proxy["wafRuleId"]),
  };
  if (!isText(method)) map["method"] = toMember(method);
  if (!isText(scheme)) map["scheme"] = toMember(scheme);
  if (!isText(clientIp)) map["client_ip"] = toMember(clientIp);
  if (agent === undefined && userAgent !== undefined) map["user_agent"] = toMember(userAgent);
  if (size === undefined && responseByteSize !== undefined) map["response_byte_size"] = toMember(responseByteSize);
  const names = unknownFields(proxy);
  for (const name of names) putMember(map, name, toMember(proxy[name]));
  attributes.push({ key: "vercel.proxy", value: names.length > MAX_VALUE_MEMBERS / 2 ? (toAnyValue(map) ?? null) : map });
}

/** Under its snake_case name, or as it came where that one is taken. */
function putMember(map: Record<string, AnyValue | undefined>, name: string, value: AnyValue | undefined): void {
  const isFree = (key: string) => !Object.hasOwn(map, key) || map[key] === undefined;
  const key = toSnakeCase(name);
  defineMember(map, name === "" ? EMPTY_KEY : isFree(key) ? key : isFree(name) ? name : `proxy.${name}`, value);
}

/** Or absent. */
function isText(value: unknown): boolean {
  return typeof value === "string" || value === undefined;
}

/** A user agent is sent cut at its commas. */
function readUserAgent(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (!Array.isArray(value) || !value.every((part) => typeof part === "string")) return undefined;
  return value.length === 1 ? value[0] : value.join(", ");
}

/** Null and "" are Vercel's ways to say absent. */
function toMember(value: unknown): AnyValue | undefined {
  return value === null || value === "" ? undefined : toAnyValue(value);
}

/** `[GET] /api/x?y=1 status=200`, alone or among an invocation's lines, fills what the record itself does not say. */
export function putRequestLine(attributes: KeyValue[], text: string): void {
  if (!text.includes(" status=")) return;
  const match = REQUEST_LINE.exec(text);
  if (match === null) return;
  const [, method, target = "", status] = match;
  putAttribute(attributes, "http.request.method", method);
  if (target.startsWith("/")) putPath(attributes, target);
  if (Number(status) >= 100) putAttribute(attributes, "http.response.status_code", Number(status));
}

/** A path with its query, split at the first `?`, encoding untouched. */
function putPath(attributes: KeyValue[], target: string): void {
  const query = target.indexOf("?");
  const isPut = putAttribute(attributes, "url.path", query < 0 ? target : target.slice(0, query));
  if (isPut && query >= 0 && query + 1 < target.length) putAttribute(attributes, "url.query", target.slice(query + 1));
}

/** What a request without a message was: `GET /path 200`. */
export function toRequestLine({ method, path }: Proxy, status: number | undefined): string | undefined {
  const target = typeof path === "string" ? path.split("?", 1)[0] : undefined;
  const line = [method, target, status].filter((word) => typeof word === "number" || (typeof word === "string" && word !== "")).join(" ");
  return line === "" ? undefined : line;
}

/** An integer, or decimal text of one. */
export function toInteger(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? value : undefined;
  return typeof value === "string" && /^-?\d{1,15}$/.test(value) ? Number(value) : undefined;
}
