// Vercel's API for drains, as far as setting one up needs it. Answers become values or one-line faults; a rate limit is waited for
// when it is short. https://vercel.com/docs/rest-api/drains/create-a-new-drain
import { setTimeout as sleep } from "node:timers/promises";
import { parseRetryAfter } from "../../core/export/http.ts";
import { MAX_RESPONSE_BYTES } from "../../core/limits.ts";
import { collectBytes } from "../../core/request/body.ts";
import { VERSION } from "../../core/version.ts";
import { readNetworkReason } from "./network.ts";
import { type CliResult, failure, toOneLine } from "./output.ts";

export const VERCEL_API_URL = "https://api.vercel.com";

/** A drain as the API gives it. Everything else of it is passed over. */
export interface VercelDrain {
  readonly id: string;
  readonly name: string;
  readonly status?: string | undefined;
  readonly projectIds?: readonly string[] | null | undefined;
  readonly sampling?: readonly unknown[] | null | undefined;
  readonly delivery?: {
    readonly type?: string | undefined;
    readonly endpoint?: unknown;
    readonly encoding?: string | undefined;
    readonly compression?: string | undefined;
    /** Secret. A drain of an integration has an object here. */
    readonly secret?: unknown;
  };
}

export interface VercelRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** With its leading slash. */
  readonly path: string;
  readonly body?: object | undefined;
}

export interface VercelAccess {
  readonly apiUrl: string;
  readonly token: string;
  /** `team_...`, or the slug of the team's address; undefined for the personal account. */
  readonly team: string | undefined;
  /** What an answer must never repeat to the terminal, beside the token. */
  readonly secrets: readonly string[];
}

export interface VercelApi {
  /** The code that a drain's address must show in `x-vercel-verify`. */
  verificationCode(): Promise<CliResult<string>>;
  list(): Promise<CliResult<readonly VercelDrain[]>>;
  create(drain: object): Promise<CliResult<VercelDrain>>;
  update(id: string, drain: object): Promise<CliResult<VercelDrain>>;
  remove(id: string): Promise<CliResult<unknown>>;
  /** Has Vercel send sample records. @returns what went wrong, or undefined */
  test(drain: object): Promise<CliResult<string | undefined>>;
}

const TIMEOUT_MS = 30_000;
const MAX_ATTEMPTS = 3;
/** A person waits this long in all; a longer limit is told instead. */
const MAX_WAIT_MS = 20_000;
const MAX_WORDS_LENGTH = 200;
const MAX_LIST_BYTES = 64 * MAX_RESPONSE_BYTES;

export function createVercelApi(access: VercelAccess): VercelApi {
  const call = (request: VercelRequest) => callVercel(access, request);
  return {
    async verificationCode() {
      const answer = await call(VERIFY_REQUEST);
      if (!answer.ok) return answer;
      const code = readField(answer.value, "verificationCode");
      return typeof code === "string" && /^[\x21-\x7e]{1,256}$/.test(code) ? { ok: true, value: code } : unexpected("verification code");
    },
    async list() {
      const answer = await call({ method: "GET", path: "/v1/drains" });
      if (!answer.ok) return answer;
      const drains = readField(answer.value, "drains");
      return Array.isArray(drains) && drains.every(isDrain) ? { ok: true, value: drains } : unexpected("list of drains");
    },
    create: (drain) => callForDrain({ method: "POST", path: "/v1/drains", body: drain }),
    update: (id, drain) => callForDrain({ method: "PATCH", path: drainPath(id), body: drain }),
    remove: (id) => call({ method: "DELETE", path: drainPath(id) }),
    async test(drain) {
      const answer = await call({ method: "POST", path: "/v1/drains/test", body: drain });
      if (!answer.ok) return answer;
      const error = readField(answer.value, "error");
      const status = readField(answer.value, "status");
      if (error === undefined && status === undefined) return { ok: true, value: undefined };
      return { ok: true, value: shorten([status, error].filter((word) => typeof word === "string").join(" ")) || "no reason given" };
    },
  };

  async function callForDrain(request: VercelRequest): Promise<CliResult<VercelDrain>> {
    const answer = await call(request);
    if (!answer.ok) return answer;
    return isDrain(answer.value) ? { ok: true, value: answer.value } : unexpected("drain");
  }
}

export const VERIFY_REQUEST: VercelRequest = { method: "GET", path: "/v1/verify-endpoint" };

function drainPath(id: string): string {
  return `/v1/drains/${encodeURIComponent(id)}`;
}

export function vercelUrl({ apiUrl, team }: Pick<VercelAccess, "apiUrl" | "team">, path: string): string {
  const url = new URL(path, apiUrl);
  if (team !== undefined) url.searchParams.set(team.startsWith("team_") ? "teamId" : "slug", team);
  return url.href;
}

async function callVercel(access: VercelAccess, request: VercelRequest): Promise<CliResult<unknown>> {
  let waitedMs = 0;
  for (let attempt = 1; ; attempt++) {
    const answer = await fetchVercel(access, request);
    if (!answer.ok) return answer;
    const { response, body } = answer.value;
    if (response.ok) return body === undefined && request.method !== "DELETE" ? unexpected("JSON") : { ok: true, value: body };
    const waitMs = parseRetryAfter(response.headers.get("retry-after"), Date.now());
    const isWorthWaiting = response.status === 429 && waitMs !== undefined && waitedMs + waitMs <= MAX_WAIT_MS;
    if (!isWorthWaiting || attempt === MAX_ATTEMPTS) return failure(describeRefusal(response, body, access, waitMs));
    waitedMs += waitMs;
    await sleep(waitMs);
  }
}

interface Answered {
  readonly response: Response;
  /** undefined when it is no JSON. */
  readonly body: unknown;
}

async function fetchVercel(access: VercelAccess, { method, path, body }: VercelRequest): Promise<CliResult<Answered>> {
  try {
    const response = await fetch(vercelUrl(access, path), {
      method,
      headers: {
        authorization: `Bearer ${access.token}`,
        "user-agent": `otlp-drain/${VERSION}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      // The token goes to Vercel and nowhere else.
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const read = response.body === null ? undefined : await collectBytes(response.body, MAX_LIST_BYTES);
    return { ok: true, value: { response, body: read?.ok ? parseLoosely(new TextDecoder().decode(read.value)) : undefined } };
  } catch (error) {
    const reason = readNetworkReason(error);
    return failure(`Vercel's API cannot be reached (${reason}): check the network and proxy of this machine, then run it again`);
  }
}

function describeRefusal({ status }: Response, body: unknown, access: VercelAccess, waitMs: number | undefined): string {
  const { team } = access;
  const error = readField(body, "error");
  let words = [readField(error, "code"), readField(error, "message")].filter((word) => typeof word === "string").join(": ");
  for (const secret of [access.token, ...access.secrets]) words = words.replaceAll(secret, "***");
  words = shorten(words);
  const said = `Vercel answered ${status}${words === "" ? "" : ` (${words})`}`;
  switch (status) {
    case 401:
      return `${said}: VERCEL_TOKEN is wrong or expired, make one at https://vercel.com/account/settings/tokens`;
    case 402:
      return `${said}: drains need a Pro or Enterprise plan`;
    case 403:
      return `${said}: the token must reach ${team === undefined ? "the account (name the team with --team)" : `the team ${team}`}, whose plan must be Pro or Enterprise`;
    case 404:
      return `${said}: check --team and the project ids`;
    case 409:
      return `${said}: something of that name is there already, choose another --name or look at --list`;
    case 429:
      return `${said}: run it again ${waitMs === undefined ? "in a minute" : `in ${Math.ceil(waitMs / 1000)} seconds`}`;
    default:
      return status >= 500 ? `${said}: nothing is wrong here, run it again later` : `${said}: check the flags against what it says`;
  }
}

function unexpected(wanted: string): ReturnType<typeof failure> {
  return failure(`Vercel's answer holds no ${wanted}: check --api-url, or report it`);
}

function isDrain(value: unknown): value is VercelDrain {
  return typeof readField(value, "id") === "string" && typeof readField(value, "name") === "string";
}

function readField(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

function parseLoosely(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function shorten(text: string): string {
  const line = toOneLine(text);
  return line.length > MAX_WORDS_LENGTH ? `${line.slice(0, MAX_WORDS_LENGTH)}...` : line;
}
