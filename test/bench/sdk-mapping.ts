// The Vercel mapping as one would write it by hand for the SDK: the same fields as ours for the benchmark's lines, without the
// caution that real payloads need (other types, broken lines, unknown fields, envelopes), which only ours pays for.
import {
  type AnyValue,
  type Attributes,
  type Context,
  type LogRecord,
  ROOT_CONTEXT,
  type SeverityNumber,
  TraceFlags,
  trace,
} from "@opentelemetry/api";

export interface VercelLog {
  readonly id: string;
  readonly deploymentId: string;
  readonly source: string;
  readonly host: string;
  readonly timestamp: number;
  readonly projectId: string;
  readonly projectName: string;
  readonly level: string;
  readonly message?: string;
  readonly type?: string;
  readonly entrypoint?: string | null;
  readonly requestId?: string;
  readonly statusCode?: number;
  readonly path?: string;
  readonly executionRegion?: string;
  readonly environment: string;
  readonly branch: string;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly proxy: VercelProxy;
}

interface VercelProxy {
  readonly timestamp: number;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly userAgent: readonly string[];
  readonly referer?: string;
  readonly region: string;
  readonly statusCode: number;
  readonly clientIp: string;
  readonly scheme: string;
  readonly vercelCache: string;
}

const LEVELS: Readonly<Record<string, number>> = { debug: 5, info: 9, warn: 13, warning: 13, error: 17, fatal: 21 };
const PINO_LEVELS: Readonly<Record<number, string>> = { 20: "debug", 30: "info", 40: "warn", 50: "error", 60: "fatal" };
const LEVEL_PREFIX = /^(debug|info|warn|warning|error|fatal): /;
const STACK_TRACE = /^(\w*Error): ([^\n]*)\n {4}at /;

export function toResourceAttributes(log: VercelLog): Record<string, string> {
  return {
    "service.name": log.projectName,
    "service.version": log.deploymentId,
    "deployment.id": log.deploymentId,
    "deployment.environment.name": log.environment,
    "vercel.project.id": log.projectId,
    "vercel.project.name": log.projectName,
    "vcs.ref.head.name": log.branch,
    "cloud.provider": "vercel",
  };
}

export function toLogRecord(log: VercelLog, observedTimestamp: number): LogRecord {
  const { proxy } = log;
  const attributes: Attributes = { "log.record.uid": log.id, "vercel.log.source": log.source };
  if (log.type) attributes["vercel.log.type"] = log.type;
  if (log.type === "stdout" || log.type === "stderr") attributes["log.iostream"] = log.type;
  if (log.entrypoint) attributes["vercel.log.entrypoint"] = log.entrypoint;
  if (log.requestId) attributes["vercel.log.request.id"] = log.requestId;
  if (log.branch) attributes["vercel.log.branch"] = log.branch;
  if (log.executionRegion) attributes["vercel.execution.region"] = log.executionRegion;
  if (log.host) attributes["server.address"] = log.host;
  if (log.path) attributes["http.route"] = log.path;
  if (log.statusCode) attributes["http.response.status_code"] = log.statusCode;
  attributes["http.request.method"] = proxy.method;
  attributes["url.scheme"] = proxy.scheme;
  const query = proxy.path.indexOf("?");
  attributes["url.path"] = query < 0 ? proxy.path : proxy.path.slice(0, query);
  if (query >= 0) attributes["url.query"] = proxy.path.slice(query + 1);
  attributes["client.address"] = proxy.clientIp;
  attributes["user_agent.original"] = proxy.userAgent.join(", ");
  if (proxy.referer) attributes["http.request.header.referer"] = [proxy.referer];
  attributes["vercel.proxy"] = toProxyMap(proxy);
  const { body, level } = putMessage(log, attributes);
  return {
    timestamp: log.timestamp,
    observedTimestamp,
    severityNumber: (LEVELS[level] ?? 0) as SeverityNumber,
    severityText: level,
    body,
    attributes,
    context: toContext(log),
  };
}

function toProxyMap({ timestamp, host, path, referer, region, statusCode, vercelCache }: VercelProxy): Attributes {
  const map: Attributes = { timestamp, host, path };
  if (referer) map["referer"] = referer;
  map["region"] = region;
  map["status_code"] = statusCode;
  map["vercel_cache"] = vercelCache;
  return map;
}

/** Lifts a structured message, a level in front of a text and a stack trace. */
function putMessage(log: VercelLog, attributes: Attributes): { readonly body: string; readonly level: string } {
  const { message, level, proxy } = log;
  if (message === undefined || message === "") {
    return { body: `${proxy.method} ${proxy.path.split("?", 1)[0]} ${log.statusCode}`, level };
  }
  if (message.startsWith("{")) {
    const { level: inner, msg, message: text, ...fields } = JSON.parse(message) as Record<string, AnyValue>;
    Object.assign(attributes, fields);
    const word = typeof inner === "number" ? PINO_LEVELS[inner] : typeof inner === "string" ? inner : undefined;
    return { body: String(msg ?? text ?? message), level: overrideLevel(attributes, level, word) };
  }
  const exception = message.includes("\n") ? STACK_TRACE.exec(message) : null;
  if (exception !== null) {
    attributes["exception.type"] = exception[1];
    attributes["exception.message"] = exception[2];
    attributes["exception.stacktrace"] = message;
  }
  return { body: message, level: overrideLevel(attributes, level, LEVEL_PREFIX.exec(message)?.[1]) };
}

function overrideLevel(attributes: Attributes, level: string, inner: string | undefined): string {
  if (inner === undefined || inner === level) return level;
  attributes["vercel.log.level"] = level;
  return inner;
}

function toContext({ traceId, spanId }: VercelLog): Context {
  if (traceId === undefined || spanId === undefined) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: TraceFlags.NONE });
}
