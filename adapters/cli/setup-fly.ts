// `otlp-drain setup fly`: the stock log shipper by two secrets, a sink file for it, or a Vector of one's own. It changes nothing by
// itself: it prints. https://fly.io/docs/monitoring/exporting-logs/
import { flyConfig, OLD_SINK, OLD_VECTOR, vectorConfig } from "./fly-files.ts";
import { generateSecret, readName, readSecret, readUrl } from "./inputs.ts";
import { type CliResult, DONE, usageFault } from "./output.ts";
import type { CliContext, Verb } from "./program.ts";
import { command, printRecipe, quoteShell, type Step } from "./recipe.ts";

interface FlyOptions {
  readonly url?: string;
  readonly token?: string;
  readonly org: string;
  readonly app: string;
  readonly subject: string;
  readonly queue: string;
  readonly vector?: string;
}

/** Everything that the texts below are made of, checked. */
interface Values extends Omit<FlyOptions, "url" | "token" | "vector"> {
  readonly url: string;
  readonly token: string;
}

const SECRET_VARIABLE = "FLY_DRAIN_TOKEN";
const NEW_VECTOR = "0.57.0";
/** From here on Vector's config takes no `${VAR}`, and headers have moved: another file. */
const NEW_FROM_MINOR = 55;

export const setupFlyVerb: Verb = {
  register(parent, context, act) {
    parent
      .command("fly")
      .description("print the log shipper's set-up for a Fly.io organization")
      .option("--url <url>", "the drain's address, https://.../fly")
      .option("--token <token>", `the drain's token (default: ${SECRET_VARIABLE}, else a new one is made and shown once)`)
      .option("--org <slug>", "organization", "personal")
      .option("--app <name>", "name of the log shipper's app", "otlp-drain-shipper")
      .option("--subject <subject>", "what to ship: logs.<app>.<region>.<instance>, * and > match the rest", "logs.>")
      .option("--queue <name>", "queue group: several machines share the lines instead of doubling them", "otlp-drain")
      .option(
        "--vector <old|new|version>",
        "a Vector sink instead of two secrets: old for the stock shipper (0.29), new for 0.55 and later",
      )
      .option("--json", "print the steps as JSON")
      .addHelpText(
        "after",
        `
The output is a shell script: read it, then paste it or pipe it into sh.

Examples:
  otlp-drain setup fly --url https://drain.example/fly
  otlp-drain setup fly --url https://drain.example/fly --vector old     # compressed, smaller batches, does not ship itself
  otlp-drain setup fly --url https://drain.example/fly --vector new     # a current Vector without the log shipper`,
      )
      .action(act((options: FlyOptions) => setupFly(options, context)));
  },
};

function setupFly(options: FlyOptions, { env, output }: CliContext): CliResult {
  const url = readUrl(options.url, { flag: "--url", path: "/fly", httpsOnlyFor: "a log shipper outside your network" });
  if (!url.ok) return url;
  const checks = [
    readName(options.org, "--org", /^[a-z0-9-]{1,64}$/, "organization slug (lower-case letters, digits, dashes)"),
    readName(options.app, "--app", /^[a-z0-9-]{1,64}$/, "app name (lower-case letters, digits, dashes)"),
    readName(options.queue, "--queue", /^[\w-]{1,64}$/, "queue name (letters, digits, dashes)"),
    readName(options.subject, "--subject", /^logs\.[\w.*>-]{1,128}$/, "subject of Fly.io logs (logs.<app>.<region>.<instance>)"),
  ];
  for (const check of checks) if (!check.ok) return check;
  const version = readVectorVersion(options.vector);
  if (!version.ok) return version;
  const given = readSecret(options.token, env, SECRET_VARIABLE);
  const token = given ?? generateSecret();
  const values: Values = { ...options, url: url.value.href, token };
  const steps =
    version.value === undefined ? stockSteps(values) : isNew(version.value) ? newSteps(values, version.value) : oldSteps(values);
  printRecipe([drainStep(values, given === undefined), ...steps, checkStep(values)], output);
  return DONE;
}

function readVectorVersion(text: string | undefined): CliResult<string | undefined> {
  if (text === undefined) return { ok: true, value: undefined };
  if (text === "old") return { ok: true, value: OLD_VECTOR };
  if (text === "new") return { ok: true, value: NEW_VECTOR };
  return /^\d{1,3}\.\d{1,3}(\.\d{1,3})?$/.test(text)
    ? { ok: true, value: text.split(".").length === 2 ? `${text}.0` : text }
    : usageFault("--vector takes old, new or a version such as 0.57.0");
}

function isNew(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 0 || minor >= NEW_FROM_MINOR;
}

function drainStep({ token, app }: Values, isFresh: boolean): Step {
  return {
    title: "On the drain: set these two variables, and restart it",
    note: [
      `${SECRET_VARIABLE}=${token}${isFresh ? "   (made just now, shown this once)" : ""}`,
      `FLY_IGNORE_APPS=${app}   (the shipper's own lines would feed themselves)`,
    ],
  };
}

function checkStep({ app, url }: Values): Step {
  return {
    title: "See that it works",
    commands: [
      `fly logs --app ${app} --no-tail`,
      `npx otlp-drain send fly --url ${quoteShell(url)}   # with ${SECRET_VARIABLE} set: a delivery as the shipper makes it`,
    ],
  };
}

/** `$(...)` runs on the person's machine, so the access token is never seen here. */
function shipperSecrets({ org, queue, subject, app }: Values, ...more: readonly string[]): string {
  return command(
    `fly secrets set --app ${app} --stage`,
    `ORG=${org} ACCESS_TOKEN="$(fly tokens create readonly ${org})"`,
    `SUBJECT=${quoteShell(subject)} QUEUE=${queue}`,
    ...more,
  );
}

function launch({ org, app }: Values): string {
  return `fly launch --no-deploy --yes --image flyio/log-shipper:latest --name ${app} --org ${org}`;
}

function stockSteps(values: Values): readonly Step[] {
  return [
    { title: "The stock log shipper, in a folder of its own", commands: [`mkdir -p ${values.app}`, `cd ${values.app}`, launch(values)] },
    {
      title: "Its secrets: the last two are what makes it send here",
      commands: [shipperSecrets(values, `HTTP_URL=${quoteShell(values.url)}`, `HTTP_TOKEN=${quoteShell(values.token)}`)],
    },
    { title: "Start it, without public addresses", commands: ["fly deploy --no-public-ips --ha=false"] },
  ];
}

function oldSteps(values: Values): readonly Step[] {
  return [
    { title: "The stock log shipper, in a folder of its own", commands: [`mkdir -p ${values.app}`, `cd ${values.app}`, launch(values)] },
    { title: "A sink beside its own ones", file: "otlp_drain.toml", content: OLD_SINK },
    {
      title: "Its secrets; HTTP_URL stays unset, or it would send twice",
      commands: [shipperSecrets(values, `OTLP_DRAIN_URL=${quoteShell(values.url)}`, `OTLP_DRAIN_TOKEN=${quoteShell(values.token)}`)],
    },
    {
      title: "Start it with the sink, without public addresses",
      commands: ['fly deploy --no-public-ips --ha=false --file-local="/etc/vector/sinks/otlp_drain.toml=./otlp_drain.toml"'],
    },
  ];
}

function newSteps(values: Values, version: string): readonly Step[] {
  const { app, org, token } = values;
  return [
    {
      title: "A Vector of your own, in a folder of its own",
      commands: [`mkdir -p ${app}`, `cd ${app}`, `fly apps create ${app} --org ${org}`],
    },
    { title: "What it does", file: "vector.yaml", content: vectorConfig(values) },
    { title: "How it runs", file: "fly.toml", content: flyConfig(app, version) },
    {
      title: "Its secrets, which become files",
      commands: [
        command(
          `fly secrets set --app ${app} --stage`,
          `FLY_TOKEN_FILE="$(fly tokens create readonly ${org} | base64 | tr -d '\\n')"`,
          `OTLP_DRAIN_TOKEN_FILE="$(printf %s ${quoteShell(token)} | base64 | tr -d '\\n')"`,
        ),
      ],
    },
    { title: "Start it, without public addresses", commands: ["fly deploy --no-public-ips --ha=false"] },
  ];
}
