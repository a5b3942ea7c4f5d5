// `otlp-drain send <drain>`: deliveries exactly as the platform makes them, to any deployed drain; one, or a load at a steady rate.
import { Argument } from "commander";
import { MAX_RESPONSE_BYTES } from "../../core/limits.ts";
import { collectBytes } from "../../core/request/body.ts";
import { type Compression, SENDERS, type Sender } from "./deliveries.ts";
import { isLoopback, readNumber, readPayload, readSecret, readUrl } from "./inputs.ts";
import { type LoadReport, type Outcome, runLoad } from "./load.ts";
import { readNetworkReason } from "./network.ts";
import { type CliOutput, type CliResult, DONE, failure, usageFault } from "./output.ts";
import type { CliContext, Verb } from "./program.ts";

interface SendOptions {
  readonly url?: string;
  readonly secret?: string;
  readonly token?: string;
  readonly unsigned?: boolean;
  readonly file?: string;
  readonly compression?: string;
  readonly rate?: string;
  readonly seconds?: string;
  readonly timeout?: string;
}

const MAX_RATE = 1000;
const MAX_SECONDS = 3600;
const DEFAULT_SECONDS = 10;
/** Firehose waits this long, and no other platform longer. */
const MAX_TIMEOUT_S = 180;
const DEFAULT_TIMEOUT_S = 60;

export const sendVerb: Verb = {
  register(parent, context, act) {
    parent
      .command("send")
      .description("deliver to a drain as the platform would: signed, framed, compressed")
      .addArgument(new Argument("<drain>", "what to play").choices(SENDERS.map(({ name }) => name)))
      .option("--url <url>", "the drain's address")
      .option("--secret <secret>", "the drain's secret (default: the drain's own variable, see below)")
      .option("--token <token>", "the same as --secret")
      .option("--unsigned", "send without credentials, to a drain that runs with OTLP_DRAIN_INSECURE=1")
      .option("--file <payload>", "deliver this payload (- for stdin) instead of a sample; gzip is undone first")
      .option("--compression <coding>", "gzip or none (default: what the platform does)")
      .option("--rate <n>", `deliveries a second, up to ${MAX_RATE}`)
      .option("--seconds <n>", `for how long, up to ${MAX_SECONDS} (default: ${DEFAULT_SECONDS} with --rate)`)
      .option("--timeout <seconds>", `how long to wait for an answer (default: ${DEFAULT_TIMEOUT_S})`)
      .option("--json", "print the report as JSON")
      .addHelpText(
        "after",
        `
Exit code 0 when the platform would have taken every answer as a success.

Drains, their paths and the variables with their secrets:
${SENDERS.map(({ name, path, secretVariable, wire }) => `  ${name.padEnd(9)} ${path.padEnd(20)} ${secretVariable.padEnd(20)} ${wire}`).join("\n")}

Examples:
  otlp-drain send vercel --url http://127.0.0.1:4319
  otlp-drain send fly --url https://drain.example/fly --rate 50 --seconds 30
  otlp-drain send firehose --url https://drain.example --file subscription.json`,
      )
      .action(act((drain: string, options: SendOptions) => send(drain, options, context)));
  },
};

async function send(drain: string, options: SendOptions, { env, output, stdin }: CliContext): Promise<CliResult> {
  const sender = SENDERS.find(({ name }) => name === drain);
  if (sender === undefined)
    return usageFault(`there is no drain of that name: choose one of ${SENDERS.map(({ name }) => name).join(", ")}`);
  const url = readUrl(options.url, { flag: "--url", path: sender.path });
  if (!url.ok) return url;
  const { compression = sender.compression } = options;
  if (compression !== "gzip" && compression !== "none") return usageFault("--compression takes one of: gzip, none");
  const isLoad = options.rate !== undefined || options.seconds !== undefined;
  const rate = readNumber(options.rate, "--rate", { min: 0.01, max: MAX_RATE, fallback: 1, whole: false });
  if (!rate.ok) return rate;
  const seconds = readNumber(options.seconds, "--seconds", { min: 1, max: MAX_SECONDS, fallback: isLoad ? DEFAULT_SECONDS : 1 });
  if (!seconds.ok) return seconds;
  const timeout = readNumber(options.timeout, "--timeout", { min: 1, max: MAX_TIMEOUT_S, fallback: DEFAULT_TIMEOUT_S });
  if (!timeout.ok) return timeout;
  const secret = options.unsigned ? undefined : readSecret(options.secret ?? options.token, env, sender.secretVariable);
  if (secret === undefined && !options.unsigned)
    return usageFault(`the drain's secret is missing: set ${sender.secretVariable}, give --secret, or send --unsigned`);
  if (secret !== undefined && !/^[\x21-\x7e]+$/.test(secret))
    return usageFault("the secret holds characters that no header may hold: copy it again");
  const payload = options.file === undefined ? undefined : await readPayload(options.file, stdin);
  if (payload?.ok === false) return payload;
  if (secret !== undefined && url.value.protocol === "http:" && !isLoopback(url.value))
    output.note("--url is http: the secret or its signature travels in clear");

  const setting: Setting = { sender, url: url.value, secret, compression, timeoutMs: timeout.value * 1000 };
  const fixed = payload === undefined ? undefined : Uint8Array.from(payload.value);
  const interrupt = new AbortController();
  const stop = () => interrupt.abort();
  process.once("SIGINT", stop);
  let records = 0;
  const attempts: Attempted[] = [];
  const report = await runLoad({
    rate: rate.value,
    seconds: isLoad ? seconds.value : 1 / rate.value,
    signal: interrupt.signal,
    async deliver(serial) {
      const sample = fixed === undefined ? sender.sample(Date.now(), serial) : { payload: fixed, records: 0 };
      records += sample.records;
      const attempted = await attempt(setting, sample.payload);
      if (attempts.length === 0 || (attempted.objection !== undefined && attempts.every(({ objection }) => objection === undefined)))
        attempts.push(attempted);
      return attempted.outcome;
    },
  });
  process.off("SIGINT", stop);
  print(setting, report, records, output);
  const failed = attempts.find(({ objection }) => objection !== undefined);
  if (failed === undefined)
    return report.heldBack === 0 ? DONE : failure("some deliveries were held back: the drain is slower than --rate, lower it");
  return failure(`${describeFault(failed)}: ${mendOf(failed, setting)}`);
}

interface Setting {
  readonly sender: Sender;
  readonly url: URL;
  readonly secret: string | undefined;
  readonly compression: Compression;
  readonly timeoutMs: number;
}

interface Attempted {
  readonly outcome: Outcome;
  /** undefined when there was no answer. */
  readonly status: number | undefined;
  readonly objection: string | undefined;
}

async function attempt({ sender, url, secret, compression, timeoutMs }: Setting, payload: Uint8Array<ArrayBuffer>): Promise<Attempted> {
  const delivery = sender.deliver(payload, secret, { nowMs: Date.now(), compression });
  const startedAt = performance.now();
  const outcome = (answer: string, accepted: boolean): Outcome => ({ answer, accepted, latencyMs: performance.now() - startedAt });
  try {
    const { headers, body } = delivery;
    const response = await fetch(url, {
      method: "POST",
      headers: { ...headers },
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    const read = response.body === null ? undefined : await collectBytes(response.body, MAX_RESPONSE_BYTES);
    const bytes = read?.ok ? read.value : new Uint8Array();
    const { status } = response;
    const objection = sender.objection({ status, contentType: response.headers.get("content-type"), body: bytes }, delivery);
    return { outcome: outcome(String(status), objection === undefined), status, objection };
  } catch (error) {
    const reason = readNetworkReason(error);
    return { outcome: outcome(reason, false), status: undefined, objection: reason };
  }
}

function print({ sender, url }: Setting, report: LoadReport, records: number, output: CliOutput): void {
  const { sent, accepted, heldBack, seconds, answers, latencyMs } = report;
  const target = `${url.origin}${url.pathname}`;
  if (output.json) {
    output.printJson({ drain: sender.name, url: target, records, ...report });
    return;
  }
  const { bold, green, red } = output.colors;
  output.print(`${bold(sender.platform)} -> ${target}`);
  const many = sent === 1 ? "1 delivery" : `${sent} deliveries`;
  const pace = sent === 1 ? "" : ` in ${seconds.toFixed(1)} s, ${(sent / seconds).toFixed(1)} a second`;
  output.print(`sent      ${many}${records > 0 ? `, ${records} records` : ""}${pace}${heldBack > 0 ? `, ${heldBack} held back` : ""}`);
  output.print(`accepted  ${accepted === sent ? green(String(accepted)) : red(String(accepted))}`);
  const counts = Object.entries(answers).map(([answer, count]) => (sent === 1 ? answer : `${answer}: ${count}`));
  output.print(`answer    ${counts.join("   ")}`);
  const { p50, p90, p99, max } = latencyMs;
  output.print(`latency   ${sent === 1 ? toMs(max) : `p50 ${toMs(p50)}   p90 ${toMs(p90)}   p99 ${toMs(p99)}   max ${toMs(max)}`}`);
}

function toMs(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

function describeFault({ status, objection = "" }: Attempted): string {
  return status === undefined
    ? `the drain did not answer (${objection})`
    : `the drain's answer is no success for the platform (${objection})`;
}

function mendOf({ status, objection }: Attempted, { sender, url, secret }: Setting): string {
  const { secretVariable } = sender;
  switch (status) {
    case undefined:
      if (objection === "TIMEOUT") return "see whether it reaches its destination, with otlp-drain doctor where it runs";
      return "check the address, and that the drain is running";
    case 200:
      return `check that ${url.pathname} is the path of an otlp-drain`;
    case 401:
    case 403:
      return secret === undefined ? `it wants a secret, leave out --unsigned` : `this is not the ${secretVariable} that it runs with`;
    case 404:
      return `no open drain at ${url.pathname}, check the path and that ${secretVariable} is set where it runs`;
    case 400:
    case 415:
      return "check that --file is a payload of this platform";
    case 413:
      return "the payload is over its cap, see OTLP_DRAIN_MAX_BODY_BYTES";
    case 503:
      return "its destination does not take the records, run otlp-drain doctor where it runs";
    default:
      return "look at what it logs";
  }
}
