// A stand-in of Vercel's API for drains on loopback. It enforces what is documented: the token, the team, the members of a drain and
// no others, the length of a secret, and that the drain's address shows the team's verification code.
// https://vercel.com/docs/rest-api/drains/create-a-new-drain
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";

interface StoredDrain {
  readonly id: string;
  name: string;
  projects: string;
  projectIds: readonly string[] | undefined;
  filter: unknown;
  schemas: unknown;
  delivery: Record<string, unknown>;
  sampling: unknown;
  status: string;
}

interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export interface Refusal {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface VercelStandIn {
  readonly url: string;
  readonly drains: StoredDrain[];
  /** Every request with a good token, in order. */
  readonly requests: ApiRequest[];
  /** Answers given before anything else is looked at, one request each. */
  readonly refusals: Refusal[];
  close(): Promise<void>;
}

export const TOKEN = "vcp_token_of_the_stand_in";
export const TEAM = "team_stand_in";
export const VERIFICATION_CODE = "c0de4242c0de4242";

export interface StandInOptions {
  /** What the drain's address must present for the API to believe it; PEM. */
  readonly ca: string;
}

export async function startVercelApi({ ca }: StandInOptions): Promise<VercelStandIn> {
  const drains: StoredDrain[] = [];
  const requests: ApiRequest[] = [];
  const refusals: Refusal[] = [];

  async function answer(incoming: IncomingMessage): Promise<Refusal> {
    const refusal = refusals.shift();
    if (refusal !== undefined) return refusal;
    if (incoming.headers.authorization !== `Bearer ${TOKEN}`) return fault(403, "forbidden", "Not authorized", { invalidToken: true });
    const url = new URL(incoming.url ?? "/", "http://stand-in");
    const text = await readText(incoming);
    if (text !== "" && incoming.headers["content-type"] !== "application/json") return fault(400, "bad_request", "Invalid content type");
    const request: ApiRequest = {
      method: incoming.method ?? "",
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      body: text === "" ? undefined : JSON.parse(text),
    };
    requests.push(request);
    const team = request.query["teamId"] ?? (request.query["slug"] === "stand-in" ? TEAM : undefined);
    if (team !== TEAM) return fault(403, "forbidden", "You don't have permission to access this team");
    return route(request);
  }

  async function route({ method, path, body }: ApiRequest): Promise<Refusal> {
    const id = /^\/v1\/drains\/([^/]+)$/.exec(path)?.[1];
    if (method === "GET" && path === "/v1/verify-endpoint") return { status: 200, body: { verificationCode: VERIFICATION_CODE } };
    if (method === "GET" && path === "/v1/drains") return { status: 200, body: { drains: drains.map(shown) } };
    if (method === "POST" && path === "/v1/drains") return create(body);
    if (method === "POST" && path === "/v1/drains/test") return test(body);
    const drain = drains.find((one) => one.id === id);
    if (drain === undefined) return fault(404, "not_found", "Drain not found");
    if (method === "PATCH") return update(drain, body);
    if (method === "DELETE") {
      drains.splice(drains.indexOf(drain), 1);
      return { status: 204 };
    }
    return fault(405, "method_not_allowed", "Method not allowed");
  }

  async function create(body: unknown): Promise<Refusal> {
    const wrong = await objectTo(body, ["name", "projects", "schemas", "delivery"]);
    if (wrong !== undefined) return wrong;
    const { name, projects, projectIds, filter, schemas, delivery, sampling } = body as StoredDrain;
    const drain: StoredDrain = {
      id: `drn_${randomBytes(8).toString("hex")}`,
      name,
      projects,
      projectIds,
      filter,
      schemas,
      delivery,
      sampling,
      status: "enabled",
    };
    drains.push(drain);
    return { status: 200, body: shown(drain) };
  }

  async function update(drain: StoredDrain, body: unknown): Promise<Refusal> {
    const wrong = await objectTo(body, []);
    if (wrong !== undefined) return wrong;
    // Each member is replaced as a whole; one that the body does not have stays.
    Object.assign(drain, body, { projectIds: (body as StoredDrain).projects === "all" ? undefined : (body as StoredDrain).projectIds });
    return { status: 200, body: shown(drain) };
  }

  async function test(body: unknown): Promise<Refusal> {
    const { schemas, delivery } = body as { readonly schemas?: unknown; readonly delivery?: { readonly endpoint?: unknown } };
    if (schemas === undefined || delivery === undefined) return fault(400, "bad_request", "Invalid request: missing required property");
    const { status } = await post(String(delivery.endpoint), "[]", ca);
    return {
      status: 200,
      body: status === 200 ? {} : { status: "failed", error: `endpoint answered ${status}`, endpoint: delivery.endpoint },
    };
  }

  async function objectTo(body: unknown, required: readonly string[]): Promise<Refusal | undefined> {
    const wrong = findFault(body, required);
    if (wrong !== undefined) return fault(400, "bad_request", `Invalid request: ${wrong}`);
    const { delivery } = body as { readonly delivery?: { readonly endpoint: string } };
    if (delivery === undefined) return undefined;
    const { status, verify } = await post(delivery.endpoint, "{}", ca);
    if (status === 200 && verify === VERIFICATION_CODE) return undefined;
    return fault(400, "endpoint_verification_failed", "The endpoint must return a 200 status code and the x-vercel-verify header");
  }

  const server = createServer((incoming, response) => {
    answer(incoming).then(
      ({ status, body, headers = {} }) => {
        response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers });
        response.end(status === 204 ? undefined : typeof body === "string" ? body : JSON.stringify(body ?? {}));
      },
      (error) => {
        response.writeHead(500);
        response.end(String(error));
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    drains,
    requests,
    refusals,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function fault(status: number, code: string, message: string, more: object = {}): Refusal {
  return { status, body: { error: { code, message, ...more } } };
}

function shown({ filter, ...drain }: StoredDrain): object {
  return { ...drain, ownerId: TEAM, createdAt: 1, updatedAt: 1, source: { kind: "self-served" }, filterV2: filter };
}

const MEMBERS = new Set(["name", "projects", "projectIds", "filter", "schemas", "delivery", "sampling", "source", "status"]);
const DELIVERY_MEMBERS = new Set(["type", "endpoint", "encoding", "compression", "headers", "secret"]);
const LOG_SOURCES = new Set(["static", "lambda", "edge", "build", "external", "firewall", "redirect"]);

/** In the words of a JSON schema check. */
function findFault(body: unknown, required: readonly string[]): string | undefined {
  if (typeof body !== "object" || body === null) return "should be object";
  const drain = body as Record<string, unknown>;
  for (const name of required) if (drain[name] === undefined) return `missing required property \`${name}\``;
  for (const name of Object.keys(drain)) if (!MEMBERS.has(name)) return `should NOT have additional property \`${name}\``;
  const { projects, projectIds, filter, delivery, sampling } = drain;
  if (projects !== undefined && projects !== "all" && projects !== "some") return "`projects` should be equal to one of the allowed values";
  if (projects === "some" && !(Array.isArray(projectIds) && projectIds.length > 0))
    return "`projectIds` should NOT have fewer than 1 items";
  if (filter !== undefined && !isFilter(filter)) return "`filter` should match exactly one schema in oneOf";
  if (sampling !== undefined && !(Array.isArray(sampling) && sampling.every(isSamplingRule))) return "`sampling` is wrong";
  return delivery === undefined ? undefined : findDeliveryFault(delivery as Record<string, unknown>);
}

function findDeliveryFault(delivery: Record<string, unknown>): string | undefined {
  for (const name of Object.keys(delivery))
    if (!DELIVERY_MEMBERS.has(name)) return `should NOT have additional property \`delivery.${name}\``;
  const { type, endpoint, encoding, compression, headers, secret } = delivery;
  if (type !== "http") return "`delivery.type` should be equal to one of the allowed values";
  if (typeof endpoint !== "string" || !endpoint.startsWith("https://")) return "`delivery.endpoint` should match format uri";
  if (encoding !== "json" && encoding !== "ndjson") return "`delivery.encoding` should be equal to one of the allowed values";
  if (compression !== undefined && compression !== "gzip" && compression !== "none") return "`delivery.compression` is wrong";
  if (typeof headers !== "object" || headers === null) return "missing required property `delivery.headers`";
  if (Object.keys(headers).length > 5) return "`delivery.headers` should NOT have more than 5 properties";
  if (secret !== undefined && (typeof secret !== "string" || secret.length < 32))
    return "`delivery.secret` should NOT be shorter than 32 characters";
  return undefined;
}

function isFilter(filter: unknown): boolean {
  const { version, filter: basic } = filter as {
    version?: unknown;
    filter?: { type?: unknown; log?: { sources?: unknown }; deployment?: { environments?: unknown } };
  };
  const sources = basic?.log?.sources;
  const environments = basic?.deployment?.environments;
  return (
    version === "v2" &&
    basic?.type === "basic" &&
    Array.isArray(sources) &&
    sources.every((source) => LOG_SOURCES.has(source)) &&
    Array.isArray(environments) &&
    environments.every((environment) => environment === "production" || environment === "preview")
  );
}

function isSamplingRule(rule: unknown): boolean {
  const { type, rate, env, requestPath, ...others } = rule as Record<string, unknown>;
  return (
    type === "head_sampling" &&
    typeof rate === "number" &&
    rate >= 0 &&
    rate <= 1 &&
    (env === undefined || env === "production" || env === "preview") &&
    (requestPath === undefined || typeof requestPath === "string") &&
    Object.keys(others).length === 0
  );
}

/** As Vercel probes an address: unsigned. */
function post(url: string, body: string, ca: string): Promise<{ readonly status: number; readonly verify: string | undefined }> {
  return new Promise((resolve) => {
    const request = httpsRequest(url, { method: "POST", ca, headers: { "content-type": "application/json" } }, (response) => {
      response.resume();
      const verify = response.headers["x-vercel-verify"];
      response.once("end", () => resolve({ status: response.statusCode ?? 0, verify: typeof verify === "string" ? verify : undefined }));
    });
    request.once("error", () => resolve({ status: 0, verify: undefined }));
    request.end(body);
  });
}

async function readText(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}
