// Every variable that configures a drain, in one table: its name, what it is, its default, what it accepts and how it is read.
import { type Defaulted, type Variable, type VariableDescription, variable, withDefault } from "./config-row.ts";
import {
  type Endpoint,
  parseAttributes,
  parseBoolean,
  parseChoice,
  parseEndpoint,
  parseGlobs,
  parseHeaderNames,
  parseHeaders,
  parseHeaderWord,
  parseHost,
  parseInteger,
  parseSecrets,
  parseText,
  parseWords,
} from "./config-values.ts";
import { MAX_BODY_BYTES, MAX_DECODED_BYTES } from "./limits.ts";

/** The variables that hold secrets of senders. A new drain adds the name of its own here and finds it in `Config.secrets`. */
export const SECRET_VARIABLES = [
  "VERCEL_DRAIN_SECRET",
  "FLY_DRAIN_TOKEN",
  "FIREHOSE_ACCESS_KEY",
  "LOGPUSH_TOKEN",
  "OTLP_INTAKE_TOKEN",
] as const;

const OTLP = "OTEL_EXPORTER_OTLP_";
/** Vercel itself refuses shorter secrets; a token that nobody can guess has at least 16 characters. */
const ADVISED_SECRET_LENGTHS: Readonly<Record<string, number>> = { VERCEL_DRAIN_SECRET: 32 };
const ADVISED_SECRET_LENGTH = 16;
const MAX_TIMEOUT_MS = 2 ** 31 - 1;
/** JavaScript's strings end at half of this. */
const MAX_CONFIGURABLE_BYTES = 2 ** 30;
/** highlight.io: a decimal id or its hash form. LaunchDarkly: an SDK or mobile key, or a client-side id, which looks like a hash. */
const HIGHLIGHT_PROJECT_ID = /^(?:\d{1,10}|[A-Za-z0-9]{6,}|(?:sdk|mob)-[0-9a-fA-F-]+)$/;

/** The variables by what they mean; an OTLP one with a `_LOGS_` form has it in `LOGS`. */
export const GENERAL = {
  endpoint: variable({
    name: `${OTLP}ENDPOINT`,
    description: "Where the OTLP backend is; /v1/logs is added to the path. Without it records are printed",
    accepted: "an http or https URL such as https://collector.example:4318",
    parse: parseEndpoint,
    doubt: ({ url }) =>
      doubtPort(url) ??
      (url.pathname.endsWith("/v1/logs") ? `already ends in /v1/logs, which is added again; set ${OTLP}LOGS_ENDPOINT instead` : undefined),
  }),
  logsEndpoint: variable({
    name: `${OTLP}LOGS_ENDPOINT`,
    description: "The whole URL of the backend's logs, used as it is",
    accepted: "an http or https URL such as https://collector.example:4318/v1/logs",
    parse: parseEndpoint,
    doubt: ({ url }) => doubtPort(url),
  }),
  headers: variable({
    name: `${OTLP}HEADERS`,
    description: "Headers of every export request, the backend's credentials among them",
    accepted: "key=value,key2=value2, percent-encoded",
    secret: true,
    parse: parseHeaders,
  }),
  timeout: withDefault("10000", {
    name: `${OTLP}TIMEOUT`,
    description: "How long one export request may take, in milliseconds",
    accepted: `a whole number of milliseconds from 1 to ${MAX_TIMEOUT_MS}`,
    parse: parseInteger(1, MAX_TIMEOUT_MS),
  }),
  compression: withDefault("gzip", {
    name: `${OTLP}COMPRESSION`,
    description: "Compression of export requests",
    accepted: "gzip, none",
    parse: parseChoice(["gzip", "none"]),
  }),
  protocol: withDefault("http/protobuf", {
    name: `${OTLP}PROTOCOL`,
    description: "Encoding of export requests",
    accepted: "http/protobuf, http/json (grpc is not spoken; OTLP over HTTP usually listens on port 4318)",
    parse: parseChoice(["http/protobuf", "http/json"]),
  }),
  serviceName: variable({
    name: "OTEL_SERVICE_NAME",
    description: "service.name of every record, whatever the payload names",
    accepted: "any text",
    parse: parseText,
  }),
  resourceAttributes: variable({
    name: "OTEL_RESOURCE_ATTRIBUTES",
    description: "Attributes added to every resource",
    accepted: "key=value,key2=value2, percent-encoded",
    parse: parseAttributes,
  }),
  exporter: withDefault("otlp", {
    name: "OTLP_DRAIN_EXPORTER",
    description: "The way out: otlp delivers by itself, sdk by the OpenTelemetry SDK's exporter, console prints",
    accepted: "otlp, sdk, console",
    parse: parseChoice(["otlp", "sdk", "console"]),
  }),
  insecure: withDefault("0", {
    name: "OTLP_DRAIN_INSECURE",
    description: "Opens the drains whose secret is not set, to anybody",
    accepted: "1, true, 0, false",
    parse: parseBoolean,
    doubt: (insecure) => (insecure ? "opens every drain without a secret to anybody who reaches this server" : undefined),
  }),
  maxBodyBytes: withDefault(String(MAX_BODY_BYTES), {
    name: "OTLP_DRAIN_MAX_BODY_BYTES",
    description: "Largest body accepted, as received",
    accepted: `a whole number of bytes from 1 to ${MAX_CONFIGURABLE_BYTES}, without a unit`,
    parse: parseInteger(1, MAX_CONFIGURABLE_BYTES),
  }),
  maxDecodedBytes: withDefault(String(MAX_DECODED_BYTES), {
    name: "OTLP_DRAIN_MAX_DECODED_BYTES",
    description: "Largest body accepted, after inflating",
    accepted: `a whole number of bytes from 1 to ${MAX_CONFIGURABLE_BYTES}, without a unit`,
    parse: parseInteger(1, MAX_CONFIGURABLE_BYTES),
  }),
  port: withDefault("4319", {
    name: "PORT",
    description: "Port of the local server; 0 takes a free one",
    accepted: "a whole number from 0 to 65535",
    parse: parseInteger(0, 65_535),
  }),
  host: withDefault("127.0.0.1", {
    name: "HOST",
    description: "Address of the local server; 0.0.0.0 listens everywhere",
    accepted: "a host name or an IP address",
    parse: parseHost,
  }),
  highlightProjectId: variable({
    name: "HIGHLIGHT_PROJECT_ID",
    description: "The Highlight or LaunchDarkly project of every record (highlight.project_id)",
    accepted: "the project's id",
    parse: parseHeaderWord,
    doubt: (id) =>
      HIGHLIGHT_PROJECT_ID.test(id) ? undefined : "looks like no project id, and Highlight drops records of unknown projects",
  }),
  vercelVerify: variable({
    name: "VERCEL_VERIFY",
    description: "The code that Vercel wants to see in x-vercel-verify before it creates a drain",
    accepted: "the code as Vercel shows it",
    parse: parseHeaderWord,
  }),
  flyIgnoreApps: variable({
    name: "FLY_IGNORE_APPS",
    description: "Fly.io apps whose lines are not taken, the log shipper's own among them",
    accepted: "app names, separated by commas or spaces; * stands for any text",
    parse: parseWords,
  }),
  flyAppName: variable({
    name: "FLY_APP_NAME",
    description: "Set by Fly.io where the drain runs there; its own lines are not taken",
    accepted: "an app name",
    parse: parseText,
  }),
  includeLogGroups: globs("INCLUDE_LOG_GROUPS", "CloudWatch log groups whose events are taken; every one when it is not set"),
  excludeLogGroups: globs("EXCLUDE_LOG_GROUPS", "CloudWatch log groups whose events are not taken; it beats an inclusion"),
  includeLogStreams: globs("INCLUDE_LOG_STREAMS", "CloudWatch log streams whose events are taken; every one when it is not set"),
  excludeLogStreams: globs("EXCLUDE_LOG_STREAMS", "CloudWatch log streams whose events are not taken; it beats an inclusion"),
  includeMessage: globs("INCLUDE_MESSAGE", "CloudWatch messages that are taken; every one when it is not set"),
  excludeMessage: globs("EXCLUDE_MESSAGE", "CloudWatch messages that are not taken; it beats an inclusion"),
  platformLogs: withDefault("keep", {
    name: "OTLP_DRAIN_PLATFORM_LOGS",
    description:
      "Lines of the Lambda platform itself: keep them all, the REPORT ones alone, or none; those that tell of a failure always stay",
    accepted: "keep, report, drop",
    parse: parseChoice(["keep", "report", "drop"]),
  }),
  invocationLogs: onOff(
    "on",
    "INVOCATION_LOGS",
    "One record per invocation of a Cloudflare Worker, beside what it logged (tail and Logpush)",
  ),
  streamingTail: withDefault("0", {
    name: "OTLP_DRAIN_STREAMING_TAIL",
    description: "Experimental: the Worker takes what a streaming_tail_consumers line sends",
    accepted: "1, true, 0, false",
    parse: parseBoolean,
  }),
  diagnosticsChannels: onOff("off", "DIAGNOSTICS_CHANNELS", "What Cloudflare Workers publish on node:diagnostics_channel (tail)"),
  traceparent: onOff("on", "TRACEPARENT", "A traceparent header names the trace of what a Cloudflare Worker logs for its request (tail)"),
  parseJson: onOff("on", "PARSE_JSON", "A console text of a Cloudflare Worker that is a JSON object is read like one (tail and Logpush)"),
  clientAddress: onOff("off", "CLIENT_ADDRESS", "The visitor's address at a Cloudflare Worker, which is personal data (tail)"),
  requestHeaders: variable({
    name: "OTLP_DRAIN_REQUEST_HEADERS",
    description: "Headers of requests to Cloudflare Workers that are handed on (tail); those with secrets come as REDACTED",
    accepted: "header names, separated by commas or spaces",
    parse: parseHeaderNames,
  }),
  awsRegion: variable({
    name: "AWS_REGION",
    description: "Set by AWS Lambda where the drain runs there: the region of logs that name none",
    accepted: "a region",
    parse: parseText,
  }),
  lambdaLogGroup: variable({
    name: "AWS_LAMBDA_LOG_GROUP_NAME",
    description: "Set by AWS Lambda where the drain runs there; its own lines are not taken",
    accepted: "a log group",
    parse: parseText,
  }),
};

/** One for each of `SECRET_VARIABLES`. */
export const SECRETS: readonly Variable<readonly string[]>[] = SECRET_VARIABLES.map((name) => {
  const advised = ADVISED_SECRET_LENGTHS[name] ?? ADVISED_SECRET_LENGTH;
  return variable({
    name,
    description: "What proves the sender of this drain; several while they rotate. Without it the drain is closed",
    accepted: "secrets without their scheme, separated by commas or spaces",
    secret: true,
    parse: parseSecrets,
    doubt: (secrets) => (secrets.some(({ length }) => length < advised) ? `holds a secret of fewer than ${advised} characters` : undefined),
  });
});

/** The forms for logs alone, which win. */
export const LOGS = {
  headers: logsForm(GENERAL.headers),
  timeout: logsForm(GENERAL.timeout),
  compression: logsForm(GENERAL.compression),
  protocol: logsForm(GENERAL.protocol),
};

/** Where requests of the other signals are forwarded to. */
export const FORWARDED = { traces: forwardedForms("traces"), metrics: forwardedForms("metrics") };

/** Every variable, for help and documentation. */
export const VARIABLES: readonly VariableDescription[] = [
  ...Object.values(GENERAL),
  ...SECRETS,
  ...Object.values(LOGS),
  ...Object.values(FORWARDED.traces),
  ...Object.values(FORWARDED.metrics),
].map(({ name, description, defaultValue, accepted, secret }) => ({ name, description, defaultValue, accepted, secret }));

function onOff(defaultValue: "on" | "off", name: string, description: string): Defaulted<"on" | "off"> {
  return withDefault(defaultValue, { name: `OTLP_DRAIN_${name}`, description, accepted: "on, off", parse: parseChoice(["on", "off"]) });
}

function globs(name: string, description: string): Variable<readonly string[]> {
  return variable({
    name: `OTLP_DRAIN_${name}`,
    description,
    accepted: "globs, separated by commas; * stands for any text",
    parse: parseGlobs,
  });
}

function logsForm<T>(general: Variable<T>): Variable<T> {
  const name = general.name.replace(OTLP, `${OTLP}LOGS_`);
  return { ...general, name, description: `${general.name} for logs alone; it wins`, defaultValue: undefined };
}

function forwardedForms(signal: "traces" | "metrics"): { readonly endpoint: Variable<Endpoint>; readonly headers: typeof GENERAL.headers } {
  const path = `/v1/${signal}`;
  const prefix = `${OTLP}${signal.toUpperCase()}_`;
  return {
    endpoint: variable({
      name: `${prefix}ENDPOINT`,
      description: `The whole URL of the backend's ${signal}, for what is posted to ${path}. Without it ${path} is added to ${GENERAL.endpoint.name}`,
      accepted: `an http or https URL such as https://collector.example:4318${path}`,
      parse: parseEndpoint,
      doubt: ({ url }) => doubtPort(url),
    }),
    headers: { ...GENERAL.headers, name: `${prefix}HEADERS`, description: `${GENERAL.headers.name} for ${signal} alone; it wins` },
  };
}

function doubtPort(url: URL): string | undefined {
  return url.port === "4317" ? "has port 4317, which usually speaks gRPC; OTLP over HTTP is usually on 4318" : undefined;
}
