// Turns an environment into a Config, or into all of its faults, each one line that names the variable. Secrets appear in neither.
import type { Endpoint } from "./config-values.ts";
import { type Defaulted, defaultOf, GENERAL, LOGS, SECRETS, type Variable } from "./config-variables.ts";
import type { KeyValue } from "./otlp/model.ts";
import type { Result } from "./source.ts";

export { SECRET_VARIABLES, VARIABLES, type VariableDescription } from "./config-variables.ts";

export interface Config {
  readonly otlp: {
    /** The whole URL of the logs, path included and without credentials; undefined when no destination is set. */
    readonly endpoint: string | undefined;
    /** Lower-case names. Secret. */
    readonly headers: Readonly<Record<string, string>>;
    readonly timeoutMs: number;
    readonly compression: "gzip" | "none";
    readonly protocol: "http/protobuf" | "http/json";
  };
  readonly exporter: "otlp" | "sdk" | "console";
  /** `OTEL_SERVICE_NAME`, else the `service.name` of `OTEL_RESOURCE_ATTRIBUTES`. */
  readonly serviceName?: string | undefined;
  /** `OTEL_RESOURCE_ATTRIBUTES` without `service.name`; the values are strings. */
  readonly resourceAttributes: readonly KeyValue[];
  readonly highlightProjectId?: string | undefined;
  /** Under the name of every one of `SECRET_VARIABLES`: its secrets, none when it is not set. */
  readonly secrets: Readonly<Record<string, readonly string[]>>;
  readonly vercelVerify?: string | undefined;
  /** Globs of Fly.io apps whose lines are not taken; this app's own name is one of them. */
  readonly flyIgnoreApps: readonly string[];
  readonly insecure: boolean;
  readonly maxBodyBytes: number;
  readonly maxDecodedBytes: number;
  readonly port: number;
  readonly host: string;
  /** One line each, for the operator: doubtful values that stop nothing. */
  readonly warnings: readonly string[];
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
    const value: unknown = env[name];
    // A Worker's environment also holds bindings that are no text.
    const text = typeof value === "string" ? value.trim() : "";
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
  const config: Config = {
    otlp: {
      ...toDestination(readEndpoint(), [read(GENERAL.headers), read(LOGS.headers)]),
      timeoutMs: readEither(LOGS.timeout, GENERAL.timeout),
      compression: readEither(LOGS.compression, GENERAL.compression),
      protocol: readEither(LOGS.protocol, GENERAL.protocol),
    },
    exporter: readDefaulted(GENERAL.exporter),
    serviceName: read(GENERAL.serviceName) ?? serviceName,
    resourceAttributes: attributes,
    highlightProjectId: read(GENERAL.highlightProjectId),
    secrets: Object.fromEntries(SECRETS.map((secret) => [secret.name, read(secret) ?? []])),
    vercelVerify: read(GENERAL.vercelVerify),
    flyIgnoreApps: [...(read(GENERAL.flyIgnoreApps) ?? []), ...(flyAppName === undefined ? [] : [flyAppName])],
    insecure: readDefaulted(GENERAL.insecure),
    maxBodyBytes: readDefaulted(GENERAL.maxBodyBytes),
    maxDecodedBytes: readDefaulted(GENERAL.maxDecodedBytes),
    port: readDefaulted(GENERAL.port),
    host: readDefaulted(GENERAL.host),
    warnings,
  };
  return faults.length > 0 ? { ok: false, error: faults } : { ok: true, value: config };

  function readEndpoint(): Endpoint | undefined {
    const logs = read(GENERAL.logsEndpoint);
    if (logs !== undefined) return logs;
    const general = read(GENERAL.endpoint);
    return general && { ...general, url: withLogsPath(general.url) };
  }
}

/** `/v1/logs` joins the path, so that a trailing slash and a query survive. */
function withLogsPath(base: URL): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.endsWith("/") ? url.pathname.slice(0, -1) : url.pathname}/v1/logs`;
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

/** OpenTelemetry reads `service.name` from the attributes where `OTEL_SERVICE_NAME` does not say it. */
function splitServiceName(attributes: ReadonlyMap<string, string> = new Map()): {
  readonly serviceName: string | undefined;
  readonly attributes: readonly KeyValue[];
} {
  const rest = [...attributes].filter(([key]) => key !== "service.name").map(([key, value]) => ({ key, value }));
  return { serviceName: attributes.get("service.name") || undefined, attributes: rest };
}
