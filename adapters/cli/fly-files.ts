// The files of a Fly.io log shipper: a sink for the stock image, or the whole configuration of a Vector of one's own.
// https://vector.dev/docs/reference/configuration/sinks/http/

/** The stock shipper is built on this one. */
export const OLD_VECTOR = "0.29.1";

export interface VectorValues {
  readonly url: string;
  /** Organization slug, the user of the log stream. */
  readonly org: string;
  /** The shipper's own app, whose lines it leaves out. */
  readonly app: string;
  readonly subject: string;
  readonly queue: string;
}

/** The shipper's start script expands `${...}` before Vector reads it; FLY_APP_NAME is the shipper's own. */
export const OLD_SINK = `# Vector ${OLD_VECTOR}, inside flyio/log-shipper
[transforms.otlp_drain_not_self]
  type = "filter"
  inputs = ["log_json"]
  condition = '.fly.app.name != "\${FLY_APP_NAME}"'

[sinks.otlp_drain]
  type = "http"
  inputs = ["otlp_drain_not_self"]
  uri = "\${OTLP_DRAIN_URL}"
  encoding.codec = "json"
  framing.method = "newline_delimited"
  compression = "gzip"
  auth.strategy = "bearer"
  auth.token = "\${OTLP_DRAIN_TOKEN}"
  batch.max_bytes = 1000000
  batch.timeout_secs = 1
  buffer.type = "memory"
  buffer.max_events = 20000
  request.concurrency = 4
  request.timeout_secs = 60
  request.retry_max_duration_secs = 30
  healthcheck.uri = "\${OTLP_DRAIN_URL}"
`;

/** For 0.55 and later: no variables in the file, secrets come from files of their own. */
export function vectorConfig({ url, org, app, subject, queue }: VectorValues): string {
  // A double-quoted scalar of YAML is a JSON string.
  const uri = JSON.stringify(url);
  return `secret:
  fly: { type: directory, path: /run/vector-secrets, remove_trailing_whitespace: true }
api: { enabled: true, address: "[::]:8686" }
sources:
  fly_nats:
    type: nats
    url: "nats://[fdaa::3]:4223"
    connection_name: otlp-drain
    subject: ${JSON.stringify(subject)}
    queue: ${queue}
    auth:
      strategy: user_password
      user_password: { user: ${org}, password: "SECRET[fly.fly_token]" }
transforms:
  log_json:
    type: remap
    inputs: [fly_nats]
    source: ". = parse_json!(.message)"
  not_self:
    type: filter
    inputs: [log_json]
    condition: '.fly.app.name != "${app}"'
sinks:
  otlp_drain:
    type: http
    inputs: [not_self]
    uri: ${uri}
    encoding: { codec: json }
    framing: { method: newline_delimited }
    compression: gzip
    auth: { strategy: bearer, token: "SECRET[fly.otlp_drain_token]" }
    batch: { max_bytes: 1000000, timeout_secs: 1 }
    buffer: { type: memory, max_events: 20000 }
    request: { concurrency: 4, timeout_secs: 60, retry_max_duration_secs: 30 }
    healthcheck: { uri: ${uri} }
`;
}

export function flyConfig(app: string, version: string): string {
  return `app = "${app}"

[build]
  image = "timberio/vector:${version}-debian"

[[files]]
  guest_path = "/etc/vector/vector.yaml"
  local_path = "vector.yaml"

[[files]]
  guest_path = "/run/vector-secrets/fly_token"
  secret_name = "FLY_TOKEN_FILE"

[[files]]
  guest_path = "/run/vector-secrets/otlp_drain_token"
  secret_name = "OTLP_DRAIN_TOKEN_FILE"

[checks.vector]
  type = "http"
  port = 8686
  method = "get"
  path = "/health"
  interval = "30s"
  timeout = "5s"
  grace_period = "10s"
`;
}
