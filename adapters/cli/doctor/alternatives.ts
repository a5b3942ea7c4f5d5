// Other ways that a failed attempt suggests, and what to set when one of them works. Never another host: credentials go where they
// were meant to go, and never in clear because of a guess.
import type { Env } from "../inputs.ts";
import type { Evidence, Target } from "./attempt.ts";
import { portOf } from "./connection.ts";

const LOGS_PATH = "/v1/logs";
const DOUBLE_LOGS_PATH = /(?:\/v1\/logs){2,}$/;
const GRPC_PORT = 4317;
const HTTP_PORT = 4318;
/** Statuses that speak of the encoding, 400 among them for receivers that know only one. */
const ENCODING_STATUSES = new Set([400, 415, 422]);
const MAX_ALTERNATIVES = 6;

/** @param isPlain the server was found to speak no TLS */
export function listAlternatives({ target, attempt, status }: Evidence, isPlain = false): readonly Target[] {
  const targets: Target[] = [];
  const url = new URL(target.url);
  if (status === undefined) {
    if (url.protocol === "http:") targets.push({ ...target, url: withScheme(url, "https:") });
    if (isPlain) targets.push({ ...target, url: withScheme(url, "http:"), bare: true });
    if (portOf(url) !== HTTP_PORT) targets.push({ ...target, url: withPort(url, HTTP_PORT) });
  } else if (attempt.kind === "poison" && ENCODING_STATUSES.has(status)) {
    const protocol = target.protocol === "http/json" ? "http/protobuf" : "http/json";
    targets.push({ ...target, protocol });
    if (target.compression === "gzip") targets.push({ ...target, compression: "none" }, { ...target, protocol, compression: "none" });
    targets.push(...otherPaths(target));
  } else if (attempt.kind === "refused" && status !== 401 && status !== 402 && status !== 403 && status < 500) {
    targets.push(...otherPaths(target));
    if (url.protocol === "http:" && status >= 300) targets.push({ ...target, url: withScheme(url, "https:") });
  }
  const known = new Set([JSON.stringify({ ...target })]);
  return targets.filter((one) => !known.has(JSON.stringify(one)) && known.add(JSON.stringify(one))).slice(0, MAX_ALTERNATIVES);
}

function otherPaths(target: Target): readonly Target[] {
  const { pathname } = new URL(target.url);
  const base = pathname.replace(/\/+$/, "");
  const paths = [
    ...(DOUBLE_LOGS_PATH.test(base) ? [base.replace(DOUBLE_LOGS_PATH, LOGS_PATH)] : []),
    ...(base.endsWith(LOGS_PATH) ? [] : [`${base}${LOGS_PATH}`]),
    LOGS_PATH,
    `/otlp${LOGS_PATH}`,
  ];
  return paths.map((path) => {
    const url = new URL(target.url);
    url.pathname = path;
    return { ...target, url: url.href };
  });
}

function withScheme(from: URL, scheme: "http:" | "https:"): string {
  // A port that stands for the other scheme goes with it; the setter of `protocol` keeps any other.
  const url = new URL(from);
  url.protocol = scheme;
  return url.href;
}

function withPort(from: URL, port: number): string {
  const url = new URL(from);
  url.port = String(port);
  return url.href;
}

export function isGrpcPort(url: string): boolean {
  return portOf(new URL(url)) === GRPC_PORT;
}

/** The assignments that make a working way the configured one, in words of the shell. */
export function describeChange(from: Target, to: Target, env: Env): string {
  const changes: string[] = [];
  if (to.url !== from.url) changes.push(endpointAssignment(to.url, env));
  if (to.protocol !== from.protocol) changes.push(`${variableOf("PROTOCOL", env)}=${to.protocol}`);
  if (to.compression !== from.compression) changes.push(`${variableOf("COMPRESSION", env)}=${to.compression}`);
  return changes.join(" and ");
}

function endpointAssignment(href: string, env: Env): string {
  const url = new URL(href);
  // A query may hold a key.
  const query = url.search === "" ? "" : "?...";
  const shown = (pathname: string) => `${url.origin}${pathname}${query}`;
  if (env["OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"]?.trim() || !url.pathname.endsWith(LOGS_PATH))
    return `OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=${shown(url.pathname)}`;
  return `OTEL_EXPORTER_OTLP_ENDPOINT=${shown(url.pathname.slice(0, -LOGS_PATH.length))}`;
}

/** The form for logs alone wins, so where it is set it is the one to change. */
function variableOf(name: "PROTOCOL" | "COMPRESSION", env: Env): string {
  const logs = `OTEL_EXPORTER_OTLP_LOGS_${name}`;
  return env[logs]?.trim() ? logs : `OTEL_EXPORTER_OTLP_${name}`;
}
