// The steps of a diagnosis, in order: configuration, name, port, encryption, the test record, other ways. It ends at the first thing that
// is wrong, with the sentence about it.
import { randomUUID } from "node:crypto";
import { type Config, readConfig } from "../../../core/config.ts";
import type { Env } from "../inputs.ts";
import { describeChange, listAlternatives } from "./alternatives.ts";
import { attemptDelivery, createTestRequest, type Evidence, MARK_KEY, type Target, type TestRequest } from "./attempt.ts";
import { connectPort, portOf, resolveName, shakeHands, speaksHttp2 } from "./connection.ts";
import { answerSentence, clockClause, isClockOff, isPlainAnswer, nameSentence, portSentence, tlsSentence } from "./sentences.ts";

export type Status = "ok" | "warn" | "fail" | "skip";

/** Takes what was seen, step by step. */
export type Note = (name: string, status: Status, detail: string) => void;

export interface Conclusion {
  /** Whether the configured way works. */
  readonly ok: boolean;
  /** What to do. */
  readonly sentence: string;
}

/** For each step; a person waits. */
const MAX_STEP_MS = 10_000;
/** For each other way, which mostly fails at once. */
const MAX_ALTERNATIVE_MS = 4_000;

export async function diagnose(env: Env, note: Note): Promise<Conclusion> {
  const read = readConfig(env);
  if (!read.ok) {
    for (const { message } of read.error) note("configuration", "fail", message);
    return conclude(`Correct the configuration: ${read.error[0]?.message ?? "it cannot be read"}.`);
  }
  const hide = createRedactor(read.value);
  const { ok, sentence } = await examine(read.value, env, (name, status, detail) => note(name, status, hide(detail)));
  return { ok, sentence: hide(sentence) };
}

/** Shorter words are no secrets, and would be found anywhere. */
const MIN_SECRET_LENGTH = 8;

/** A destination may repeat what it was sent: no value of a header or a query is shown. */
function createRedactor({ otlp }: Config): (text: string) => string {
  const query = otlp.endpoint === undefined ? [] : new URL(otlp.endpoint).searchParams.values();
  const words = [...Object.values(otlp.headers), ...query].flatMap((value) => [value, encodeURIComponent(value), ...value.split(/\s+/)]);
  const secrets = words.filter(({ length }) => length >= MIN_SECRET_LENGTH).toSorted((a, b) => b.length - a.length);
  return (text) => secrets.reduce((hidden, secret) => hidden.replaceAll(secret, "***"), text);
}

async function examine(config: Config, env: Env, note: Note): Promise<Conclusion> {
  for (const warning of config.warnings) note("configuration", "warn", warning);
  const { endpoint } = config.otlp;
  if (endpoint !== undefined && /(?:^|\.)highlight\.io$/.test(new URL(endpoint).hostname))
    note("configuration", "warn", "the services of highlight.io ended on 2026-02-28");
  if (config.exporter === "console") {
    note("configuration", "ok", "OTLP_DRAIN_EXPORTER=console: records are printed, there is no destination to reach");
    return {
      ok: true,
      sentence: "Records are printed where the drain runs: set OTLP_DRAIN_EXPORTER=otlp and an endpoint to have them delivered.",
    };
  }
  if (endpoint === undefined) {
    note("configuration", "fail", "no destination is set");
    return conclude(
      "No destination is set, so records are only printed: set OTEL_EXPORTER_OTLP_ENDPOINT to the address of an OTLP backend.",
    );
  }
  note("configuration", "ok", describeConfig(config, endpoint));
  if (config.exporter === "sdk")
    note("configuration", "warn", "OTLP_DRAIN_EXPORTER=sdk reads certificates of its own: they are not used here");
  const missingSecrets = await noteDrains(config, note);
  const url = new URL(endpoint);
  const timeoutMs = Math.min(config.otlp.timeoutMs, MAX_STEP_MS);
  const mark = randomUUID();
  const visit: Visit = { config, env, note, url, timeoutMs, mark, request: await createTestRequest(config, mark), missingSecrets };
  const obstacle = usesProxy(env) ? skipConnection(note) : await connect(visit);
  return obstacle ?? (await deliver(visit));
}

/** Everything that the steps share. */
interface Visit {
  readonly config: Config;
  readonly env: Env;
  readonly note: Note;
  readonly url: URL;
  readonly timeoutMs: number;
  readonly mark: string;
  readonly request: TestRequest;
  readonly missingSecrets: readonly string[];
}

function conclude(sentence: string): Conclusion {
  return { ok: false, sentence };
}

function describeConfig({ otlp, highlightProjectId }: Config, endpoint: string): string {
  const { origin, pathname } = new URL(endpoint);
  const names = Object.keys(otlp.headers);
  const headers = names.length === 0 ? "no headers" : `headers ${names.join(", ")}`;
  return `${origin}${pathname}, ${otlp.protocol}, ${otlp.compression}, ${headers}${highlightProjectId === undefined ? "" : ", a Highlight project"}`;
}

/**
 * Which drains would take a delivery: a closed one is a common reason why nothing arrives.
 * @returns when none would, the variables of which one opens a drain
 */
async function noteDrains(config: Config, note: Note): Promise<readonly string[]> {
  const { HTTP_DRAINS, isOpen } = await import("../../http.ts");
  const open = HTTP_DRAINS.filter((drain) => isOpen(drain, config)).map(({ paths }) => paths[0]);
  const closed = HTTP_DRAINS.filter((drain) => !isOpen(drain, config)).map(
    ({ paths, secretVariable }) => `${paths[0]} (${secretVariable})`,
  );
  const words = [
    open.length > 0 ? `open: ${open.join(", ")}` : "none is open",
    ...(closed.length > 0 ? [`closed until set: ${closed.join(", ")}`] : []),
  ];
  note("drains", open.length > 0 ? "ok" : "warn", words.join("; "));
  return open.length > 0 ? [] : HTTP_DRAINS.map(({ secretVariable }) => secretVariable);
}

function usesProxy(env: Env): boolean {
  return env["NODE_USE_ENV_PROXY"] === "1" && ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"].some((name) => env[name]?.trim());
}

function skipConnection(note: Note): undefined {
  note("connection", "skip", "a proxy stands between (NODE_USE_ENV_PROXY=1)");
  return undefined;
}

/** Name, port, encryption. @returns the end of it when one of them fails */
async function connect(visit: Visit): Promise<Conclusion | undefined> {
  const { url, note, env, timeoutMs } = visit;
  const resolved = await resolveName(url.hostname);
  if (!resolved.ok) {
    note("name", "fail", `${url.hostname}: ${resolved.error.code}`);
    return conclude(nameSentence(url.hostname, resolved.error.code));
  }
  note("name", "ok", `${url.hostname} is ${resolved.value.slice(0, 4).join(", ")}`);
  const connected = await connectPort(url, timeoutMs);
  if (!connected.ok) {
    note("connection", "fail", `port ${portOf(url)}: ${connected.error.code}`);
    const failed: Evidence = {
      target: configuredTarget(visit),
      attempt: { kind: "retryable", detail: "" },
      code: connected.error.code,
      ms: 0,
    };
    return conclude(portSentence(url, connected.error.code, env, await findChange(visit, failed, false)));
  }
  note("connection", "ok", `port ${portOf(url)} answers, ${toMs(connected.value)}`);
  if (url.protocol !== "https:") return undefined;
  const shaken = await shakeHands(url, timeoutMs);
  if (shaken.ok) {
    const { protocol, certificate } = shaken.value;
    note("encryption", "ok", `${protocol}, certificate valid until ${new Date(certificate.validToMs).toISOString().slice(0, 10)}`);
    return undefined;
  }
  note("encryption", "fail", shaken.error.code);
  const isPlain = isPlainAnswer(shaken.error);
  const failed: Evidence = { target: configuredTarget(visit), attempt: { kind: "retryable", detail: "" }, code: shaken.error.code, ms: 0 };
  return conclude(tlsSentence(url, shaken.error, Date.now(), isPlain ? await findChange(visit, failed, true) : undefined));
}

function configuredTarget({ config: { otlp }, url }: Visit): Target {
  return { url: url.href, protocol: otlp.protocol, compression: otlp.compression };
}

async function deliver(visit: Visit): Promise<Conclusion> {
  const { note, request, timeoutMs, mark, env, url } = visit;
  const evidence = await attemptDelivery(configuredTarget(visit), request, timeoutMs);
  const { attempt, status } = evidence;
  const delivered = attempt.kind === "delivered" && attempt.rejected === 0;
  note("test record", delivered ? "ok" : "fail", describeAttempt(evidence));
  if (isClockOff(evidence)) note("clock", "warn", clockClause(evidence));
  const isSilent = attempt.kind !== "delivered" && status === undefined;
  const isHttp2Only = isSilent && evidence.code !== "TIMEOUT" && (await speaksHttp2(url, Math.min(timeoutMs, MAX_ALTERNATIVE_MS)));
  if (isHttp2Only) note("protocol", "fail", "the server speaks HTTP/2 alone, as gRPC does");
  const working = attempt.kind === "delivered" ? undefined : await findWorking(visit, evidence, false);
  const { config, missingSecrets } = visit;
  const headerNames = Object.keys(config.otlp.headers);
  const isBlind = config.highlightProjectId !== undefined;
  return {
    ok: delivered,
    sentence: answerSentence({ evidence, working, isHttp2Only, headerNames, mark, markKey: MARK_KEY, missingSecrets, isBlind, env }),
  };
}

function describeAttempt({ attempt, status, code, ms }: Evidence): string {
  switch (attempt.kind) {
    case "delivered":
      return attempt.rejected > 0 ? `answered ${status} and rejected the record, ${toMs(ms)}` : `answered ${status}, ${toMs(ms)}`;
    case "retryable":
    case "refused":
      return status === undefined ? `no answer: ${code ?? "UNKNOWN"}` : `${attempt.detail}, ${toMs(ms)}`;
    case "too-large":
    case "poison":
      return `answered ${attempt.status}${attempt.message === "" ? "" : `: ${attempt.message}`}, ${toMs(ms)}`;
  }
}

async function findChange(visit: Visit, failed: Evidence, isPlain: boolean): Promise<string | undefined> {
  const working = await findWorking(visit, failed, isPlain);
  return working === undefined ? undefined : describeChange(failed.target, working, visit.env);
}

/** The first other way that takes the record, or that only wants the credentials which it was not given. */
async function findWorking({ note, request, timeoutMs }: Visit, failed: Evidence, isPlain: boolean): Promise<Target | undefined> {
  for (const target of listAlternatives(failed, isPlain)) {
    const evidence = await attemptDelivery(target, request, Math.min(timeoutMs, MAX_ALTERNATIVE_MS));
    const { attempt, status } = evidence;
    const works = (attempt.kind === "delivered" && attempt.rejected === 0) || (target.bare === true && (status === 401 || status === 403));
    const { origin, pathname } = new URL(target.url);
    note(
      "another way",
      works ? "ok" : "skip",
      `${origin}${pathname}, ${target.protocol}, ${target.compression}: ${works ? "works" : describeAttempt(evidence)}`,
    );
    if (works) return target;
  }
  return undefined;
}

function toMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
