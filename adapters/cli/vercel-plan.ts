// What a person asks of a Vercel drain, checked, and the request that says it to Vercel.
// https://vercel.com/docs/rest-api/drains/create-a-new-drain
import { type Env, readChoices, readName, readPairs, readSecret, readUrl } from "./inputs.ts";
import { type CliResult, usageFault } from "./output.ts";
import type { VercelDrain } from "./vercel-api.ts";

export const SECRET_VARIABLE = "VERCEL_DRAIN_SECRET";

export interface VercelOptions {
  readonly url?: string;
  readonly name: string;
  readonly id?: string;
  readonly team?: string;
  readonly project?: readonly string[];
  readonly sources?: string;
  readonly environments?: string;
  readonly sampling?: readonly string[];
  readonly encoding: string;
  readonly compression: string;
  readonly header?: readonly string[];
  readonly secret?: string;
  readonly rotateSecret?: boolean;
}

interface SamplingRule {
  readonly type: "head_sampling";
  readonly rate: number;
  readonly env?: string;
  readonly requestPath?: string;
}

/** A drain as it is to be. */
export interface VercelPlan {
  readonly url: URL;
  readonly name: string;
  readonly projectIds: readonly string[];
  readonly sources: readonly string[];
  readonly environments: readonly string[];
  readonly sampling: readonly SamplingRule[];
  readonly encoding: string;
  readonly compression: string;
  readonly headers: Readonly<Record<string, string>>;
  /** From a flag or the environment. */
  readonly givenSecret: string | undefined;
}

const SOURCES = ["static", "lambda", "edge", "build", "external", "firewall", "redirect"] as const;
const ENVIRONMENTS = ["production", "preview"] as const;
const ENCODINGS = ["ndjson", "json"];
const COMPRESSIONS = ["gzip", "none"];
/** Both by Vercel's Terraform provider, which checks them. */
const MIN_SECRET_LENGTH = 32;
const MAX_HEADERS = 5;

export function readPlan(options: VercelOptions, env: Env): CliResult<VercelPlan> {
  const url = readUrl(options.url, { flag: "--url", path: "/vercel", httpsOnlyFor: "Vercel" });
  if (!url.ok) return url;
  const name = readName(options.name, "--name", /^[\x20-\x7e]{1,128}$/, "name (up to 128 printable characters)");
  if (!name.ok) return name;
  const { project: projects = [] } = options;
  for (const project of projects) {
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(project)) return usageFault("--project takes the id of a project, prj_..., from its settings");
  }
  const sources = readChoices(options.sources, "--sources", SOURCES);
  if (!sources.ok) return sources;
  const environments = readChoices(options.environments, "--environments", ENVIRONMENTS);
  if (!environments.ok) return environments;
  const sampling: SamplingRule[] = [];
  for (const text of options.sampling ?? []) {
    const rule = parseSampling(text);
    if (rule === undefined) return usageFault("--sampling takes rate[:environment[:/path]], such as 0.1 or 0.5:production:/api");
    sampling.push(rule);
  }
  if (!ENCODINGS.includes(options.encoding)) return usageFault(`--encoding takes one of: ${ENCODINGS.join(", ")}`);
  if (!COMPRESSIONS.includes(options.compression)) return usageFault(`--compression takes one of: ${COMPRESSIONS.join(", ")}`);
  const headers = readPairs(options.header ?? [], "--header", MAX_HEADERS);
  if (!headers.ok) return headers;
  const givenSecret = options.rotateSecret ? undefined : readSecret(options.secret, env, SECRET_VARIABLE);
  if (givenSecret !== undefined && givenSecret.length < MIN_SECRET_LENGTH)
    return usageFault(
      `the secret (--secret or ${SECRET_VARIABLE}) has fewer than ${MIN_SECRET_LENGTH} characters, which Vercel refuses: leave it out to get a new one`,
    );
  return {
    ok: true,
    value: {
      url: url.value,
      name: options.name,
      projectIds: [...new Set(projects)],
      sources: sources.value,
      environments: environments.value,
      sampling,
      encoding: options.encoding,
      compression: options.compression,
      headers: headers.value,
      givenSecret,
    },
  };
}

function parseSampling(text: string): SamplingRule | undefined {
  const match = /^(0|1|0?\.\d{1,6}|1\.0{1,6})(?::(production|preview|)(?::(\/[\x21-\x7e]{0,256}))?)?$/.exec(text);
  if (match === null) return undefined;
  const [, rate, env, requestPath] = match;
  return { type: "head_sampling", rate: Number(rate), ...(env ? { env } : {}), ...(requestPath === undefined ? {} : { requestPath }) };
}

/** As soon as there is one rule, Vercel drops what no rule matches. */
export function dropsUnmatched({ sampling }: VercelPlan): boolean {
  return sampling.length > 0 && !sampling.some(({ env, requestPath }) => env === undefined && requestPath === undefined);
}

/** @param secret undefined leaves it to Vercel */
export function deliveryOf({ url, encoding, compression, headers }: VercelPlan, secret: string | undefined): object {
  return { type: "http", endpoint: url.href, encoding, compression, headers, ...(secret === undefined ? {} : { secret }) };
}

export const SCHEMAS = { log: { version: "v1" } };

/** The body of `POST /v1/drains`. */
export function creationOf(plan: VercelPlan, secret: string | undefined): object {
  return { ...bodyOf(plan, secret), ...(plan.sampling.length > 0 ? { sampling: plan.sampling } : {}), source: { kind: "self-served" } };
}

/** The body of `PATCH /v1/drains/{id}`, which replaces each member as a whole. Rules that are there and no longer wanted are emptied. */
export function updateOf(plan: VercelPlan, secret: string | undefined, existing: VercelDrain): object {
  const hasRules = plan.sampling.length > 0 || (existing.sampling?.length ?? 0) > 0;
  return { ...bodyOf(plan, secret), ...(hasRules ? { sampling: plan.sampling } : {}) };
}

function bodyOf(plan: VercelPlan, secret: string | undefined): object {
  const { name, projectIds, sources, environments } = plan;
  return {
    name,
    ...(projectIds.length > 0 ? { projects: "some", projectIds } : { projects: "all" }),
    filter: { version: "v2", filter: { type: "basic", log: { sources }, deployment: { environments } } },
    schemas: SCHEMAS,
    delivery: deliveryOf(plan, secret),
  };
}
