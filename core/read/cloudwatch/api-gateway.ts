// API Gateway: access records, whose JSON each customer lays out from `$context` variables, and execution lines.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
import { pushAttribute, putAttribute } from "../attributes.ts";
import { readFields } from "../message.ts";
import { httpStatusSeverity } from "../severity.ts";
import { readUnixNano } from "../time.ts";
import { readXray } from "./app.ts";
import type { Origin } from "./origin.ts";
import { type Fields, omit, putHttpVersion, type Reading, takeMessage, toIntegerValue } from "./reading.ts";

/** `(0a1b2c3d-...) Method completed with status: 200`. */
const EXECUTION_PREFIX = /^\(([0-9a-f-]{36})\) /;
/** `10/Oct/2020:13:55:36 +0000`. */
const CLF_TIME = /^(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d{4})$/;
/** `POST /cart`; `$default` and `ANY /cart` name no method. */
const ROUTE_KEY = /^(?:ANY|([A-Z]{3,8})) (\/.*)$/;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/** What API Gateway writes for a variable without a value. */
const ABSENT = "-";

/** Names that AWS's own examples give, to attributes. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  requestId: "aws.request_id",
  extendedRequestId: "aws.extended_request_id",
  ip: "client.address",
  sourceIp: "client.address",
  httpMethod: "http.request.method",
  resourcePath: "http.route",
  path: "url.path",
  status: "http.response.status_code",
  responseLength: "http.response.body.size",
  userAgent: "user_agent.original",
  domainName: "server.address",
};
const NUMBERS = ["status", "responseLength"];

/** Whether an object is an access record: in an API's group any that has a status, elsewhere one with a request id, a method and no level. */
export function isApiGatewayObject(object: Fields, { kind }: Origin): boolean {
  const { status, requestId, httpMethod, routeKey, resourcePath, level } = object;
  if (status === undefined || level !== undefined || typeof requestId !== "string") return false;
  return kind === "api-gateway" || httpMethod !== undefined || routeKey !== undefined || resourcePath !== undefined;
}

export function readApiGatewayObject(reading: Reading, object: Fields, text: string): void {
  const { attributes } = reading;
  const used: string[] = [];
  for (const [member, attribute] of Object.entries(ATTRIBUTES)) {
    const value = object[member];
    if (value === undefined) continue;
    if (value === ABSENT || putAttribute(attributes, attribute, NUMBERS.includes(member) ? toIntegerValue(value) : value))
      used.push(member);
  }
  const { protocol, requestTime, requestTimeEpoch, routeKey } = object;
  const [, method, route] = typeof routeKey === "string" ? (ROUTE_KEY.exec(routeKey) ?? []) : [];
  if (putAttribute(attributes, "http.route", route ?? routeKey)) {
    used.push("routeKey");
    putAttribute(attributes, "http.request.method", method);
  }
  if (protocol !== undefined) {
    putHttpVersion(attributes, protocol);
    used.push("protocol");
  }
  const time = readUnixNano(requestTimeEpoch) ?? readUnixNano(fromClf(requestTime));
  if (time !== undefined) used.push("requestTimeEpoch", "requestTime");
  const trace = readXray(object);
  if (trace?.key !== undefined) used.push(trace.key);
  for (const member of Object.keys(object)) if (object[member] === ABSENT) used.push(member);
  takeMessage(reading, readFields(omit(object, used) ?? {}, text, { time: time === undefined }));
  reading.timeUnixNano = time ?? reading.timeUnixNano;
  reading.trace = trace?.context;
  const status = toIntegerValue(object["status"]);
  if (typeof status === "number" && status >= 100) reading.severity ??= { number: httpStatusSeverity(status) };
}

/** The Common Log Format's time as ISO text. */
function fromClf(value: unknown): string | undefined {
  const [, day, month = "", year, time, zone] = typeof value === "string" ? (CLF_TIME.exec(value) ?? []) : [];
  const index = MONTHS.indexOf(month);
  return index < 0 ? undefined : `${year}-${String(index + 1).padStart(2, "0")}-${day}T${time}${zone}`;
}

/** @returns the line without its request id; the same line when it has none */
export function readExecutionPrefix(reading: Reading, text: string): string {
  const match = EXECUTION_PREFIX.exec(text);
  if (match === null) return text;
  pushAttribute(reading.attributes, "aws.request_id", match[1]);
  return text.slice(match[0].length);
}
