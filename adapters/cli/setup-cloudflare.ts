// `otlp-drain setup cloudflare`: the drain as a Worker by wrangler, what a producing Worker adds to its own configuration, and the call
// that creates a Logpush job. https://developers.cloudflare.com/workers/observability/logs/tail-workers/
import { generateSecret, readEnv, readName, readSecret, readUrl } from "./inputs.ts";
import { type CliResult, DONE, usageFault } from "./output.ts";
import type { CliContext, Verb } from "./program.ts";
import { command, printRecipe, quoteShell, type Step } from "./recipe.ts";

interface CloudflareOptions {
  readonly endpoint?: string;
  readonly headers?: string;
  readonly worker: string;
  readonly producer: string;
  readonly producerEnv?: string;
  readonly url?: string;
  readonly token?: string;
  readonly account?: string;
  readonly zone?: string;
  readonly dataset?: string;
}

const SECRET_VARIABLE = "LOGPUSH_TOKEN";
const ENDPOINT_VARIABLE = "OTEL_EXPORTER_OTLP_ENDPOINT";
const HEADERS_VARIABLE = "OTEL_EXPORTER_OTLP_HEADERS";
const TRACE_EVENTS = "workers_trace_events";
/** nodejs_compat is on by default from here on. */
const COMPATIBILITY_DATE = "2026-11-01";
/** The smallest batches that Logpush makes: they stay far below the drain's caps. */
const MAX_UPLOAD_BYTES = 5_000_000;
const MAX_UPLOAD_RECORDS = 1000;
const MAX_UPLOAD_INTERVAL_S = 30;

/** Fields of the datasets that are named most; of another one Cloudflare sends its default fields. */
const FIELD_NAMES: Readonly<Record<string, readonly string[]>> = {
  [TRACE_EVENTS]: (
    "CPUTimeMs DispatchNamespace Entrypoint Event EventTimestampMs EventType Exceptions Logs Outcome ScriptName ScriptTags ScriptVersion " +
    "WallTimeMs"
  ).split(" "),
  http_requests: (
    "RayID EdgeStartTimestamp EdgeEndTimestamp ZoneName ClientRequestMethod ClientRequestHost ClientRequestURI ClientRequestScheme " +
    "ClientRequestProtocol ClientRequestUserAgent ClientIP ClientCountry ClientASN ClientRequestBytes EdgeResponseStatus EdgeResponseBytes " +
    "EdgeTimeToFirstByteMs EdgeColoCode CacheCacheStatus OriginResponseStatus"
  ).split(" "),
};

export const setupCloudflareVerb: Verb = {
  register(parent, context, act) {
    parent
      .command("cloudflare")
      .description("print the wrangler steps, the producer's lines and the Logpush call")
      .option("--endpoint <url>", `the OTLP backend (default: ${ENDPOINT_VARIABLE})`)
      .option("--headers <k=v,...>", `the backend's headers (default: ${HEADERS_VARIABLE})`)
      .option("--worker <name>", "name of the drain's Worker", "otlp-drain")
      .option("--producer <folder>", "folder of the Worker that is to be heard, with its wrangler.toml", "my-worker")
      .option("--producer-env <name>", "environment of the producing Worker; tail_consumers are not inherited")
      .option("--account <id>", `with --url: a Logpush job of this account, dataset ${TRACE_EVENTS} by default`)
      .option("--zone <id>", "with --url: a Logpush job of this zone, dataset http_requests by default")
      .option("--url <url>", "the drain's address for Logpush, https://.../cloudflare/logpush")
      .option("--dataset <name>", "dataset of the Logpush job")
      .option("--token <token>", `the drain's token for Logpush (default: ${SECRET_VARIABLE}, else a new one is made and shown once)`)
      .option("--json", "print the steps as JSON")
      .addHelpText(
        "after",
        `
The output is a shell script: read it, then paste it or pipe it into sh.

Examples:
  otlp-drain setup cloudflare --endpoint https://otlp.example --headers authorization=Bearer%20my-key
  otlp-drain setup cloudflare --endpoint https://otlp.example --url https://drain.example --account 0123456789abcdef0123456789abcdef`,
      )
      .action(act((options: CloudflareOptions) => setupCloudflare(options, context)));
  },
};

function setupCloudflare(options: CloudflareOptions, { env, output }: CliContext): CliResult {
  const endpoint = options.endpoint ?? readEnv(env, ENDPOINT_VARIABLE);
  if (endpoint === undefined) return usageFault(`--endpoint is missing: give the OTLP backend's address, or set ${ENDPOINT_VARIABLE}`);
  if (!/^https?:\/\/[^\s]+$/i.test(endpoint) || !URL.canParse(endpoint))
    return usageFault("--endpoint is no http or https URL: write it like https://otlp.example:4318");
  const checks = [
    readName(options.worker, "--worker", /^[a-z0-9_-]{1,63}$/, "name of a Worker (lower-case letters, digits, dashes)"),
    readName(options.producerEnv ?? "production", "--producer-env", /^[A-Za-z0-9_-]{1,63}$/, "name of an environment"),
    readName(options.account ?? "0".repeat(32), "--account", /^[0-9a-f]{32}$/, "account id (32 hex digits)"),
    readName(options.zone ?? "0".repeat(32), "--zone", /^[0-9a-f]{32}$/, "zone id (32 hex digits)"),
    readName(options.dataset ?? TRACE_EVENTS, "--dataset", /^[a-z0-9_]{1,64}$/, "name of a dataset"),
  ];
  for (const check of checks) if (!check.ok) return check;
  const logpush = readLogpush(options);
  if (!logpush.ok) return logpush;
  const given = readSecret(options.token, env, SECRET_VARIABLE);
  const token = logpush.value === undefined ? undefined : (given ?? generateSecret());
  const headers = options.headers ?? readEnv(env, HEADERS_VARIABLE);
  const steps: Step[] = [
    ...workerSteps(options.worker, { [ENDPOINT_VARIABLE]: endpoint, [HEADERS_VARIABLE]: headers, [SECRET_VARIABLE]: token }),
  ];
  steps.push(...producerSteps(options));
  if (logpush.value !== undefined && token !== undefined) steps.push(...logpushSteps(logpush.value, token, given === undefined));
  steps.push({
    title: "See that it works",
    commands: [`npx wrangler tail ${options.worker}   # silence is success; then call the producing Worker`],
  });
  printRecipe(steps, output);
  return DONE;
}

interface LogpushJob {
  readonly url: URL;
  readonly dataset: string;
  /** `accounts/<id>` or `zones/<id>`. */
  readonly owner: string;
}

function readLogpush({ url, account, zone, dataset }: CloudflareOptions): CliResult<LogpushJob | undefined> {
  if (account === undefined && zone === undefined) {
    return url === undefined && dataset === undefined
      ? { ok: true, value: undefined }
      : usageFault("--url and --dataset are for Logpush: add --account or --zone");
  }
  if (account !== undefined && zone !== undefined)
    return usageFault("--account and --zone are two jobs: give one, run it again for the other");
  const read = readUrl(url, { flag: "--url", path: "/cloudflare/logpush", httpsOnlyFor: "Logpush" });
  if (!read.ok) return read;
  return account === undefined
    ? { ok: true, value: { url: read.value, dataset: dataset ?? "http_requests", owner: `zones/${zone}` } }
    : { ok: true, value: { url: read.value, dataset: dataset ?? TRACE_EVENTS, owner: `accounts/${account}` } };
}

function workerSteps(worker: string, secrets: Readonly<Record<string, string | undefined>>): readonly Step[] {
  const set = Object.entries(secrets).filter(([, value]) => value !== undefined);
  return [
    {
      title: "The drain as a Worker, in a folder of its own",
      commands: [`mkdir -p ${worker}`, `cd ${worker}`, "npm init -y", "npm install otlp-drain wrangler"],
    },
    {
      title: "Its configuration",
      file: "wrangler.toml",
      content: `name = "${worker}"\nmain = "worker.js"\ncompatibility_date = "${COMPATIBILITY_DATE}"\n`,
    },
    { title: "Its code", file: "worker.js", content: 'export { default } from "otlp-drain/cloudflare";\n' },
    {
      title: "Deploy it, then give it its destination and secrets; until then it answers 503",
      commands: [
        "npx wrangler deploy",
        ...set.map(([name, value]) => `printf %s ${quoteShell(value ?? "")} | npx wrangler secret put ${name}`),
        "cd ..",
      ],
    },
  ];
}

/** As a table of its own, because that may stand at the end of any wrangler.toml. */
function producerSteps({ worker, producer, producerEnv }: CloudflareOptions): readonly Step[] {
  const table = producerEnv === undefined ? "tail_consumers" : `env.${producerEnv}.tail_consumers`;
  return [
    {
      title: `What each Worker that is to be heard adds (in wrangler.jsonc: "tail_consumers": [{ "service": "${worker}" }])`,
      file: `${producer.replace(/\/+$/, "")}/wrangler.toml`,
      append: true,
      content: `\n[[${table}]]\nservice = "${worker}"\n`,
    },
    {
      title: "Deploy it again",
      commands: [`(cd ${quoteShell(producer)} && npx wrangler deploy${producerEnv === undefined ? "" : ` --env ${producerEnv}`})`],
    },
  ];
}

function logpushSteps({ url, dataset, owner }: LogpushJob, token: string, isFresh: boolean): readonly Step[] {
  const destination = new URL(url);
  destination.searchParams.set("dataset", dataset);
  // `header_<name>` becomes a request header; Cloudflare wants %20 for the space.
  const destinationConf = `${destination.href}&header_Authorization=${encodeURIComponent(`Bearer ${token}`)}`;
  const fieldNames = FIELD_NAMES[dataset];
  const job = {
    name: "otlp-drain",
    dataset,
    destination_conf: destinationConf,
    enabled: true,
    max_upload_bytes: MAX_UPLOAD_BYTES,
    max_upload_records: MAX_UPLOAD_RECORDS,
    max_upload_interval_seconds: MAX_UPLOAD_INTERVAL_S,
    output_options: {
      output_type: "ndjson",
      timestamp_format: "rfc3339ns",
      ...(fieldNames === undefined ? {} : { field_names: fieldNames }),
    },
  };
  return [
    {
      title: "The Logpush job, with an API token that may edit logs; Cloudflare uploads a test file first, so the drain must be up",
      commands: [
        command(
          `curl -fsS -X POST https://api.cloudflare.com/client/v4/${owner}/logpush/jobs`,
          '-H "Authorization: Bearer $CLOUDFLARE_API_TOKEN" -H "Content-Type: application/json"',
          `-d ${quoteShell(JSON.stringify(job, undefined, 2))}`,
        ),
      ],
    },
    {
      title: "What it needs",
      note: [
        `${SECRET_VARIABLE} of the drain is the token in destination_conf${isFresh ? " (made just now, shown this once)" : ""}.`,
        ...(dataset === TRACE_EVENTS ? ['Each producing Worker needs the line "logpush = true" at the top of its wrangler.toml.'] : []),
      ],
    },
  ];
}
