// AWS WAF: one record for each web request that a web ACL judged. The names are the Collector's; what it leaves out goes to `aws.waf.*`.
// https://docs.aws.amazon.com/waf/latest/developerguide/logging-fields.html
import { MAX_KEY_LENGTH } from "../../limits.ts";
import { putAttribute, readAttribute } from "../attributes.ts";
import { isObject } from "../broken.ts";
import { readUnixNano } from "../time.ts";
import { truncate } from "../value.ts";
import { type Fields, putHttpVersion, putMapped, type Reading } from "./reading.ts";
import { parseArn } from "./resource.ts";

const MEMBERS: Readonly<Record<string, string>> = {
  timestamp: "",
  webaclId: "",
  httpRequest: "",
  terminatingRuleId: "aws.waf.terminating_rule.id",
  terminatingRuleType: "aws.waf.terminating_rule.type",
  httpSourceName: "aws.waf.source.name",
  httpSourceId: "aws.waf.source.id",
  responseCodeSent: "http.response.status_code",
  ja3Fingerprint: "tls.client.ja3",
  ja4Fingerprint: "tls.client.ja4",
};
const REQUEST: Readonly<Record<string, string>> = {
  clientIp: "client.address",
  country: "geo.country.iso_code",
  uri: "url.path",
  args: "url.query",
  fragment: "url.fragment",
  scheme: "url.scheme",
  host: "server.address",
  httpMethod: "http.request.method",
  requestId: "aws.request_id",
  headers: "",
  httpVersion: "",
};

export function isWafObject({ webaclId, httpRequest }: Fields): boolean {
  return typeof webaclId === "string" && isObject(httpRequest);
}

export function readWafObject(reading: Reading, object: Fields, text: string): void {
  const request = object["httpRequest"] as Fields;
  const webaclId = object["webaclId"] as string;
  reading.timeUnixNano = readUnixNano(object["timestamp"]);
  reading.hint = { ...parseArn(webaclId), resourceId: webaclId };
  putMapped(reading, object, reading.timeUnixNano === undefined ? { ...MEMBERS, timestamp: "aws.waf.timestamp" } : MEMBERS, "aws.waf");
  putHttpVersion(reading.attributes, request["httpVersion"]);
  const { headers } = request;
  putMapped(
    reading,
    request,
    Array.isArray(headers) ? REQUEST : { ...REQUEST, headers: "aws.waf.http_request.headers" },
    "aws.waf.http_request",
  );
  if (Array.isArray(headers)) putHeaders(reading, headers);
  reading.body = text.trimEnd();
}

/** A header that comes twice keeps both values. */
function putHeaders(reading: Reading, headers: readonly unknown[]): void {
  const odd: unknown[] = [];
  const values = new Map<string, string[]>();
  for (const header of headers) {
    const { name, value } = isObject(header) ? header : {};
    if (typeof name !== "string" || name === "" || typeof value !== "string") odd.push(header);
    else if (values.get(name.toLowerCase())?.push(value) === undefined) values.set(name.toLowerCase(), [value]);
  }
  for (const [name, list] of values) {
    const key = truncate(`http.request.header.${name}`, MAX_KEY_LENGTH);
    if (readAttribute(reading.attributes, key) === undefined) putMapped(reading, { [name]: list }, { [name]: key }, "");
  }
  if (odd.length > 0) putAttribute(reading.attributes, "aws.waf.http_request.headers", odd);
}
