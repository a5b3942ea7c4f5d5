// Turns an environment into a Config, or into all of its faults, each one line that names the variable. Secrets appear in neither.
import { type Defaulted, defaultOf, type Variable } from "./config-row.ts";
import type { Endpoint } from "./config-values.ts";
import { FORWARDED, GENERAL, LOGS, SECRETS } from "./config-variables.ts";
import type { KeyValue } from "./otlp/model.ts";
import type { CloudWatchOptions } from "./read/cloudwatch/options.ts";
import type { Result } from "./source.ts";

export { SECRET_VARIABLES, VARIABLES } from "./config-variables.ts";

export interface Config {
  readonly otlp: {
    /** The whole URL of the logs, path included and without credentials; undefined when no destination is set. */
    readonly endpoint: string | undefined;
    /** Lower-case names. Secret. */
    readonly headers: Readonly<Record<string, string>>;
    readonly timeoutMs: number;
    readonly compression: "gzip" | "none";
    readonly protocol: "http/protobuf" | "http/json";
    /** Where requests of the other signals are forwarded to: undefined when no address of theirs is known. */
    readonly traces?: ForwardDestination | undefined;
    readonly metrics?: ForwardDestination | undefined;
  };
  readonly exporter: "otlp" | "sdk" | "console";
  /** `OTEL_SERVICE_NAME`: names every record's service, whatever its payload says. */
  readonly serviceName?: string | undefined;
  /** The `service.name` of `OTEL_RESOURCE_ATTRIBUTES`: for payloads that name no service. */
  readonly defaultServiceName?: string | undefined;
  /** `OTEL_RESOURCE_ATTRIBUTES` without `service.name`; the values are strings. */
  readonly resourceAttributes: readonly KeyValue[];
  readonly highlightProjectId?: string | undefined;
  /** Under the name of every one of `SECRET_VARIABLES`: its secrets, none when it is not set. */
  readonly secrets: Readonly<Record<string, readonly string[]>>;
  readonly vercelVerify?: string | undefined;
  /** Globs of Fly.io apps whose lines are not taken; this app's own name is one of them. */
  readonly flyIgnoreApps: readonly string[];
  readonly cloudflare: {
    /** One record per invocation of a Worker. */
    readonly invocationLogs: boolean;
    readonly streamingTail: boolean;
    readonly diagnosticsChannels: boolean;
    /** Whether a request's `traceparent` names the trace. */
    readonly traceparent: boolean;
    readonly parseJsonMessages: boolean;
    readonly clientAddress: boolean;
    /** Request headers to hand on; lower-case names. */
    readonly headerAllowList: readonly string[];
  };
  /** What is taken of CloudWatch logs, and where this drain itself runs. */
  readonly cloudWatch: CloudWatchOptions;
  readonly insecure: boolean;
  readonly maxBodyBytes: number;
  readonly maxDecodedBytes: number;
  readonly port: number;
  readonly host: string;
  /** One line each, for the operator: doubtful values that stop nothing. */
  readonly warnings: readonly string[];
}

export interface ForwardDestination {
  /** The whole URL, without credentials. */
  readonly endpoint: string;
  /** Lower-case names. Secret. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface ConfigFault {
  readonly variable: string;
  /** One line: the variable, its value's fault, what is accepted. */
  readonly message: string;
}

/**
 * Reads a configuration. A variable that is empty or blank counts as not set.
 * @param env the environment: `process.env`, a Worker's bindings
 * @returns the configuration with its warnings, or every fault that stops the start
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Result<Config, readonly ConfigFault[]> {
  const faults: ConfigFault[] = [];
  const warnings: string[] = [];

  function read<T>({ name, accepted, parse, doubt }: Variable<T>): T | undefined {
    const text = textOf(name);
    if (text === "") return undefined;
    const parsed = parse(text);
    if (!parsed.ok) {
      faults.push({ variable: name, message: `${name} ${parsed.error}; accepted: ${accepted}` });
      return undefined;
    }
    const doubtful = doubt(parsed.value);
    if (doubtful !== undefined) warnings.push(`${name} ${doubtful}`);
    return parsed.value;
  }

  /** The logs form wins, and the other one, perhaps right for traces alone, is then not even looked at. */
  function readEither<T>(logs: Variable<T>, general: Defaulted<T>): T {
    return read(logs) ?? read(general) ?? defaultOf(general);
  }

  function readDefaulted<T>(defaulted: Defaulted<T>): T {
    return read(defaulted) ?? defaultOf(defaulted);
  }

  const { serviceName, attributes } = splitServiceName(read(GENERAL.resourceAttributes));
  const flyAppName = read(GENERAL.flyAppName);
  const headers = read(GENERAL.headers);
  const logsEndpoint = read(GENERAL.logsEndpoint);
  // Of what is not needed for logs a fault stops nothing.
  const base = logsEndpoint === undefined ? read(GENERAL.endpoint) : readSilently(GENERAL.endpoint);
  const endpoint = logsEndpoint ?? (base && { ...base, url: withPath(base.url, "/v1/logs") });
  const config: Config = {
    otlp: {
      ...toDestination(endpoint, [headers, read(LOGS.headers)]),
      timeoutMs: readEither(LOGS.timeout, GENERAL.timeout),
      compression: readEither(LOGS.compression, GENERAL.compression),
      protocol: readEither(LOGS.protocol, GENERAL.protocol),
      traces: readForwarded("traces"),
      metrics: readForwarded("metrics"),
    },
    exporter: readDefaulted(GENERAL.exporter),
    serviceName: read(GENERAL.serviceName),
    defaultServiceName: serviceName,
    resourceAttributes: attributes,
    highlightProjectId: read(GENERAL.highlightProjectId),
    secrets: Object.fromEntries(SECRETS.map((secret) => [secret.name, read(secret) ?? []])),
    vercelVerify: read(GENERAL.vercelVerify),
    flyIgnoreApps: [...(read(GENERAL.flyIgnoreApps) ?? []), ...(flyAppName === undefined ? [] : [flyAppName])],
    cloudflare: {
      invocationLogs: readDefaulted(GENERAL.invocationLogs) === "on",
      streamingTail: readDefaulted(GENERAL.streamingTail),
      diagnosticsChannels: readDefaulted(GENERAL.diagnosticsChannels) === "on",
      traceparent: readDefaulted(GENERAL.traceparent) === "on",
      parseJsonMessages: readDefaulted(GENERAL.parseJson) === "on",
      clientAddress: readDefaulted(GENERAL.clientAddress) === "on",
      headerAllowList: read(GENERAL.requestHeaders) ?? [],
    },
    cloudWatch: {
      region: read(GENERAL.awsRegion),
      ownLogGroup: read(GENERAL.lambdaLogGroup),
      filters: {
        includeLogGroups: read(GENERAL.includeLogGroups),
        excludeLogGroups: read(GENERAL.excludeLogGroups),
        includeLogStreams: read(GENERAL.includeLogStreams),
        excludeLogStreams: read(GENERAL.excludeLogStreams),
        includeMessage: read(GENERAL.includeMessage),
        excludeMessage: read(GENERAL.excludeMessage),
      },
      platformLogs: readDefaulted(GENERAL.platformLogs),
    },
    insecure: readDefaulted(GENERAL.insecure),
    maxBodyBytes: readDefaulted(GENERAL.maxBodyBytes),
    maxDecodedBytes: readDefaulted(GENERAL.maxDecodedBytes),
    port: readDefaulted(GENERAL.port),
    host: readDefaulted(GENERAL.host),
    warnings,
  };
  return faults.length > 0 ? { ok: false, error: faults } : { ok: true, value: config };

  function readForwarded(signal: "traces" | "metrics"): ForwardDestination | undefined {
    const own = read(FORWARDED[signal].endpoint);
    const ownHeaders = read(FORWARDED[signal].headers);
    const { endpoint, headers: merged } = toDestination(own ?? (base && { ...base, url: withPath(base.url, `/v1/${signal}`) }), [
      headers,
      ownHeaders,
    ]);
    return endpoint === undefined ? undefined : { endpoint, headers: merged };
  }

  function readSilently<T>({ name, parse }: Variable<T>): T | undefined {
    const text = textOf(name);
    const parsed = text === "" ? undefined : parse(text);
    return parsed?.ok ? parsed.value : undefined;
  }

  function textOf(name: string): string {
    const value: unknown = env[name];
    // A Worker's environment also holds bindings that are no text.
    return typeof value === "string" ? value.trim() : "";
  }
}

/** The path of a signal joins that of the base, so that a trailing slash and a query survive. */
function withPath(base: URL, path: string): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.endsWith("/") ? url.pathname.slice(0, -1) : url.pathname}${path}`;
  return url;
}

/** Later headers win, and any `authorization` among them over the URL's credentials. */
function toDestination(
  endpoint: Endpoint | undefined,
  headers: readonly (ReadonlyMap<string, string> | undefined)[],
): Pick<Config["otlp"], "endpoint" | "headers"> {
  const merged = new Map(endpoint?.authorization === undefined ? [] : [["authorization", endpoint.authorization]]);
  for (const map of headers) for (const [name, value] of map ?? []) merged.set(name, value);
  return { endpoint: endpoint?.url.href, headers: Object.fromEntries(merged) };
}

/** A service named among the attributes is a default, as all of them are. */
function splitServiceName(attributes: ReadonlyMap<string, string> = new Map()): {
  readonly serviceName: string | undefined;
  readonly attributes: readonly KeyValue[];
} {
  const rest = [...attributes].filter(([key]) => key !== "service.name").map(([key, value]) => ({ key, value }));
  return { serviceName: attributes.get("service.name") || undefined, attributes: rest };
}
