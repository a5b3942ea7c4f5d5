// `otlp-drain setup vercel`: creates or updates a drain by its name through Vercel's API, lists and removes them. The token comes from the
// environment alone, so that it stands in no shell history and in no list of processes.
import { Option } from "commander";
import { collect, generateSecret, isLoopback, readEnv, readUrl } from "./inputs.ts";
import { type CliResult, DONE, failure, formatTable, usageFault } from "./output.ts";
import type { CliContext, Verb } from "./program.ts";
import { command, printRecipe, quoteShell } from "./recipe.ts";
import { createVercelApi, VERCEL_API_URL, VERIFY_REQUEST, type VercelAccess, type VercelApi, vercelUrl } from "./vercel-api.ts";
import { type ApplyOptions, applyPlan, describeDrain, findDrain } from "./vercel-apply.ts";
import { creationOf, readPlan, SECRET_VARIABLE, type VercelPlan } from "./vercel-plan.ts";

interface SetupOptions extends ApplyOptions {
  readonly dryRun?: boolean;
  readonly list?: boolean;
  readonly remove?: boolean;
  readonly apiUrl: string;
}

const TOKEN_VARIABLE = "VERCEL_TOKEN";
const TEAM_VARIABLE = "VERCEL_TEAM";

export const setupVercelVerb: Verb = {
  register(parent, context, act) {
    parent
      .command("vercel")
      .description("create or update a Vercel log drain by its name; list and remove them")
      .option("--url <url>", "the drain's address, https://.../vercel")
      .option("--team <id or slug>", `team (default: ${TEAM_VARIABLE}, else the token's own account)`)
      .option("--project <id>", "a project's id; several times (default: all projects)", collect)
      .option("--name <name>", "name of the drain, by which it is found again", "otlp-drain")
      .option("--id <id>", "the drain itself, when several have that name")
      .option("--sources <list>", "of static,lambda,edge,build,external,firewall,redirect (default: all)")
      .option("--environments <list>", "of production,preview (default: both)")
      .option("--sampling <rate[:env[:/path]]>", "share of requests from 0 to 1; several rules run top to bottom", collect)
      .option("--encoding <encoding>", "ndjson or json", "ndjson")
      .option("--compression <coding>", "gzip or none", "gzip")
      .option("--header <name=value>", "a header of every delivery, such as x-highlight-project=1; up to five", collect)
      .option("--secret <secret>", `signing secret (default: ${SECRET_VARIABLE}, else the drain's present one, else a new one, shown once)`)
      .option("--rotate-secret", "make a new signing secret")
      .option("--no-check", "do not ask the drain first whether it is ready")
      .option("--test", "have Vercel send its sample records afterwards")
      .option("--dry-run", "change nothing: print the requests as curl")
      .option("--list", "list the drains there are")
      .option("--remove", "remove the drain of that name")
      .addOption(new Option("--api-url <url>", "address of Vercel's API").default(VERCEL_API_URL).hideHelp())
      .option("--json", "print the outcome as JSON")
      .addHelpText(
        "after",
        `
The token is read from ${TOKEN_VARIABLE} (https://vercel.com/account/settings/tokens). Drains need a Pro or Enterprise plan.

Examples:
  otlp-drain setup vercel --url https://drain.example/vercel --team team_abc --project prj_1 --project prj_2
  otlp-drain setup vercel --url https://drain.example/vercel --sampling 1:production --sampling 0.1
  otlp-drain setup vercel --list`,
      )
      .action(act((options: SetupOptions) => setupVercel(options, context)));
  },
};

async function setupVercel(options: SetupOptions, context: CliContext): Promise<CliResult> {
  const { env } = context;
  if ([options.list, options.remove, options.dryRun].filter(Boolean).length > 1)
    return usageFault("choose one of --list, --remove and --dry-run");
  const apiUrl = readUrl(options.apiUrl, { flag: "--api-url", path: "/" });
  if (!apiUrl.ok) return apiUrl;
  if (apiUrl.value.protocol !== "https:" && !isLoopback(apiUrl.value))
    return usageFault("--api-url is not https: the token would travel in clear");
  const team = options.team ?? readEnv(env, TEAM_VARIABLE);
  if (team !== undefined && !/^[\w.-]{1,128}$/.test(team)) return usageFault("--team takes a team's id (team_...) or slug");
  const needsPlan = !options.list && !options.remove;
  const plan = needsPlan ? readPlan(options, env) : undefined;
  if (plan?.ok === false) return plan;
  if (plan !== undefined && options.dryRun) return printDryRun(plan.value, { apiUrl: apiUrl.value.href, team }, context);
  const token = readEnv(env, TOKEN_VARIABLE);
  if (token === undefined)
    return usageFault(`${TOKEN_VARIABLE} is not set: make a token at https://vercel.com/account/settings/tokens and export it`);
  if (!/^[\x21-\x7e]+$/.test(token)) return usageFault(`${TOKEN_VARIABLE} holds characters that no token has: copy it again`);
  const freshSecret = generateSecret();
  const secrets = [freshSecret, ...(plan?.value.givenSecret === undefined ? [] : [plan.value.givenSecret])];
  const api = createVercelApi({ apiUrl: apiUrl.value.href, token, team, secrets });
  if (options.list) return listDrains(api, context);
  if (plan === undefined) return removeDrain(api, options, context);
  return applyPlan(api, plan.value, options, freshSecret, context.output);
}

function printDryRun(plan: VercelPlan, access: Pick<VercelAccess, "apiUrl" | "team">, { output }: CliContext): CliResult {
  const authorization = `-H "Authorization: Bearer $${TOKEN_VARIABLE}"`;
  const secret = plan.givenSecret ?? generateSecret();
  printRecipe(
    [
      {
        title: "The code that the drain must show: set it there as VERCEL_VERIFY",
        commands: [command(`curl -fsS ${quoteShell(vercelUrl(access, VERIFY_REQUEST.path))}`, authorization)],
      },
      ...(plan.givenSecret === undefined
        ? [{ title: "On the drain, too: the signing secret", note: [`${SECRET_VARIABLE}=${secret}   (made just now, shown this once)`] }]
        : []),
      {
        title: "Create the drain (without --dry-run, one of the same name is updated instead, by PATCH /v1/drains/<id>)",
        commands: [
          command(
            `curl -fsS -X POST ${quoteShell(vercelUrl(access, "/v1/drains"))}`,
            `${authorization} -H "Content-Type: application/json"`,
            `-d ${quoteShell(JSON.stringify(creationOf(plan, secret), undefined, 2))}`,
          ),
        ],
      },
    ],
    output,
  );
  return DONE;
}

async function listDrains(api: VercelApi, { output }: CliContext): Promise<CliResult> {
  const drains = await api.list();
  if (!drains.ok) return drains;
  const shown = drains.value.map(describeDrain);
  if (output.json) output.printJson(shown);
  else if (shown.length === 0) output.print("There are no drains.");
  else {
    const rows = shown.map(({ name, id, status, endpoint, projectIds }) => [
      name,
      id,
      status,
      projectIds === null ? "all" : projectIds.join(","),
      endpoint,
    ]);
    output.print(formatTable([["name", "id", "status", "projects", "endpoint"], ...rows], output.colors));
  }
  return DONE;
}

async function removeDrain(api: VercelApi, options: SetupOptions, { output }: CliContext): Promise<CliResult> {
  const found = await findDrain(api, options);
  if (!found.ok) return found;
  if (found.value === undefined)
    return failure(`there is no drain named ${options.name}: look at --list, then name it with --name or --id`);
  const { id, name } = found.value;
  const removed = await api.remove(id);
  if (!removed.ok) return removed;
  if (output.json) output.printJson({ action: "removed", drain: { id, name } });
  else output.print(`Removed the drain ${name} (${id}).`);
  return DONE;
}
