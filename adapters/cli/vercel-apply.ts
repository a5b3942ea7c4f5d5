// Makes a Vercel drain be as planned: finds it by its name, asks the drain at the other end whether it is ready, creates or updates,
// and says what the drain must be given.
import { type CliOutput, type CliResult, DONE, failure } from "./output.ts";
import type { VercelApi, VercelDrain } from "./vercel-api.ts";
import { checkDrain, type DrainCheck } from "./vercel-check.ts";
import {
  creationOf,
  deliveryOf,
  dropsUnmatched,
  SCHEMAS,
  SECRET_VARIABLE,
  updateOf,
  type VercelOptions,
  type VercelPlan,
} from "./vercel-plan.ts";

export interface ApplyOptions extends VercelOptions {
  /** Ask the drain first. */
  readonly check: boolean;
  /** Have Vercel send samples afterwards. */
  readonly test?: boolean;
}

/** What may be shown of a drain: its secret and its headers may not. */
export interface ShownDrain {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  /** null: all projects. */
  readonly projectIds: readonly string[] | null;
  readonly type: string;
  readonly endpoint: string;
}

export function describeDrain({ id, name, status = "enabled", projectIds = null, delivery }: VercelDrain): ShownDrain {
  const endpoint = delivery?.endpoint ?? "";
  const shown = typeof endpoint === "object" ? Object.values(endpoint).join(" ") : String(endpoint);
  return { id, name, status, projectIds, type: delivery?.type ?? "unknown", endpoint: shown };
}

/** The drain with the id, else the only one with the name; undefined when none has that name. */
export async function findDrain(api: VercelApi, { name, id }: VercelOptions): Promise<CliResult<VercelDrain | undefined>> {
  const drains = await api.list();
  if (!drains.ok) return drains;
  const found = drains.value.filter((drain) => (id === undefined ? drain.name === name : drain.id === id));
  if (id !== undefined && found.length === 0) return failure(`there is no drain with the id ${id}: look at --list`);
  if (found.length > 1)
    return failure(`${found.length} drains are named ${name} (${found.map((drain) => drain.id).join(", ")}): choose one with --id`);
  return { ok: true, value: found[0] };
}

/** The signing secret as it will be, and what the drain must be given of it. */
interface Secrets {
  /** undefined leaves what Vercel has. */
  readonly secret: string | undefined;
  readonly isFresh: boolean;
  readonly verificationCode: string;
}

/** @param freshSecret taken when none is given and none is there */
export async function applyPlan(
  api: VercelApi,
  plan: VercelPlan,
  options: ApplyOptions,
  freshSecret: string,
  output: CliOutput,
): Promise<CliResult> {
  const code = await api.verificationCode();
  if (!code.ok) return code;
  const found = await findDrain(api, options);
  if (!found.ok) return found;
  const existing = found.value;
  const type = existing?.delivery?.type ?? "http";
  if (existing !== undefined && type !== "http")
    return failure(`the drain ${existing.name} (${existing.id}) is of type ${type}, no http log drain: choose another --name`);
  const isFresh = options.rotateSecret === true || (plan.givenSecret === undefined && existing === undefined);
  const present = existing?.delivery?.secret;
  const secret = plan.givenSecret ?? (isFresh ? freshSecret : typeof present === "string" ? present : undefined);
  const secrets: Secrets = { secret, isFresh, verificationCode: code.value };

  const check = options.check ? await checkDrain(plan.url, code.value, secret) : undefined;
  if (check?.kind === "not-ready") return refuse(plan.url, check, secrets, output);
  const applied =
    existing === undefined ? await api.create(creationOf(plan, secret)) : await api.update(existing.id, updateOf(plan, secret, existing));
  if (!applied.ok) return applied;
  const tested = options.test ? await api.test({ schemas: SCHEMAS, delivery: deliveryOf(plan, secret) }) : undefined;
  const drain = describeDrain({ ...applied.value, delivery: { type: "http", endpoint: plan.url.href } });
  const action = existing === undefined ? "created" : "updated";
  if (output.json) {
    const test = tested?.ok ? { test: tested.value ?? "passed" } : {};
    output.printJson({ action, drain, environment: environmentOf(secrets), ...test });
  } else {
    output.print(
      `${output.colors.green(action === "created" ? "Created" : "Updated")} the drain ${drain.name} (${drain.id}): ${drain.endpoint}`,
    );
    if (isFresh || check?.kind !== "ready") output.print(describeEnvironment(secrets));
  }
  if (check?.kind === "no-verify") output.note("the drain does not show this VERCEL_VERIFY: set it there, Vercel may look for it");
  if (drain.status !== "enabled") output.note(`the drain is ${drain.status} at Vercel: see Team Settings > Drains`);
  if (dropsUnmatched(plan))
    output.note("Vercel drops requests that no --sampling rule matches: end with a bare rate to keep a share of them");
  if (tested?.ok === false) return tested;
  return tested?.value === undefined
    ? DONE
    : failure(`Vercel's test delivery failed (${tested.value}): check the drain's log and its secret`);
}

/** A drain that cannot take deliveries would only collect failures at Vercel. */
function refuse(url: URL, { reason, mend }: DrainCheck & { kind: "not-ready" }, secrets: Secrets, output: CliOutput): CliResult {
  const isSetting = mend === undefined;
  if (output.json) output.printJson({ action: "none", environment: isSetting ? environmentOf(secrets) : {} });
  else if (isSetting) output.print(describeEnvironment(secrets));
  const here = secrets.isFresh ? ` and ${SECRET_VARIABLE} here` : "";
  const what = mend ?? `set the variables above there${here}, then run this again`;
  return failure(`the drain at ${url.origin}${url.pathname} ${reason}, so nothing was changed: ${what} (--no-check skips this)`);
}

/** A secret that was given or was there already is not shown. */
function environmentOf({ secret, isFresh, verificationCode }: Secrets): Readonly<Record<string, string>> {
  return { ...(isFresh && secret !== undefined ? { [SECRET_VARIABLE]: secret } : {}), VERCEL_VERIFY: verificationCode };
}

function describeEnvironment(secrets: Secrets): string {
  const lines = Object.entries(environmentOf(secrets)).map(
    ([name, value]) => `  ${name}=${value}${name === SECRET_VARIABLE ? "   (made just now, shown this once)" : ""}`,
  );
  return `Variables that the drain needs:\n${lines.join("\n")}`;
}
