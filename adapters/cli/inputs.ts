// Reads what a person typed: URLs, numbers, secrets, files. Faults name the flag, and never repeat what may be a secret.
import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { MAX_DECODED_BYTES } from "../../core/limits.ts";
import { collectBytes } from "../../core/request/body.ts";
import { inflateBody } from "../../core/request/inflate.ts";
import { createNodeInflaters } from "../node-inflate.ts";
import { type CliResult, failure, usageFault } from "./output.ts";

/** The environment, passed in. */
export type Env = Readonly<Record<string, string | undefined>>;

export interface UrlRules {
  readonly flag: string;
  /** Taken when the URL names no path of its own. */
  readonly path: string;
  /** Who calls this URL, when that one speaks https alone. */
  readonly httpsOnlyFor?: string | undefined;
}

/** A drain's address as typed. */
export function readUrl(text: string | undefined, { flag, path, httpsOnlyFor }: UrlRules): CliResult<URL> {
  const example = `https://drain.example${path}`;
  if (text === undefined || text.trim() === "") return usageFault(`${flag} is missing: give the drain's address, such as ${example}`);
  if (!/^https?:\/\//i.test(text)) return usageFault(`${flag} has no scheme of http or https: write it like ${example}`);
  if (!URL.canParse(text)) return usageFault(`${flag} is no valid URL: write it like ${example}`);
  const url = new URL(text);
  if (url.username !== "" || url.password !== "")
    return usageFault(`${flag} holds credentials: leave them out, the drain's secret has its own flag`);
  if (httpsOnlyFor !== undefined && url.protocol !== "https:")
    return usageFault(`${flag} is not https: ${httpsOnlyFor} delivers over https alone, so give the drain a public https address`);
  url.hash = "";
  if (url.pathname === "/") url.pathname = path;
  return { ok: true, value: url };
}

export function isLoopback({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
}

/** @returns `fallback` when the flag is absent */
export function readNumber(
  text: string | undefined,
  flag: string,
  { min, max, fallback, whole = true }: { readonly min: number; readonly max: number; readonly fallback: number; readonly whole?: boolean },
): CliResult<number> {
  if (text === undefined) return { ok: true, value: fallback };
  const number = /^\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= min && number <= max) || (whole && !Number.isInteger(number)))
    return usageFault(`${flag} takes a ${whole ? "whole number" : "number"} from ${min} to ${max}`);
  return { ok: true, value: number };
}

/** The first of a list of secrets, for they may be several while they rotate; undefined when there is none. */
export function readSecret(typed: string | undefined, env: Env, variable: string): string | undefined {
  return (typed ?? env[variable] ?? "").split(/[\s,]+/).find((word) => word !== "");
}

export function readEnv(env: Env, variable: string): string | undefined {
  return env[variable]?.trim() || undefined;
}

/** 64 hex digits: they need no quoting anywhere. */
export function generateSecret(): string {
  return randomBytes(32).toString("hex");
}

/** Names of things at a platform: what cannot be one is a slip, or would break out of what is printed. */
export function readName(text: string, flag: string, pattern: RegExp, what: string): CliResult<string> {
  return pattern.test(text) ? { ok: true, value: text } : usageFault(`${flag} is no ${what}`);
}

/** `key=value` of a repeatable flag. */
export function readPairs(texts: readonly string[], flag: string, max: number): CliResult<Readonly<Record<string, string>>> {
  if (texts.length > max) return usageFault(`${flag} may be given ${max} times at most`);
  const pairs: [string, string][] = [];
  for (const text of texts) {
    const equals = text.indexOf("=");
    if (equals <= 0 || !/^[\x21-\x7e]+$/.test(text.slice(0, equals)) || !/^[\x20-\x7e]+$/.test(text.slice(equals + 1)))
      return usageFault(`${flag} takes name=value in printable ASCII`);
    pairs.push([text.slice(0, equals), text.slice(equals + 1)]);
  }
  return { ok: true, value: Object.fromEntries(pairs) };
}

/** Comma-separated words of a known set, for repeatable and for joined flags. */
export function readChoices<T extends string>(text: string | undefined, flag: string, choices: readonly T[]): CliResult<readonly T[]> {
  if (text === undefined) return { ok: true, value: choices };
  const words = text.split(",").map((word) => word.trim());
  const known = choices.filter((choice) => words.includes(choice));
  return known.length > 0 && words.every((word) => (choices as readonly string[]).includes(word))
    ? { ok: true, value: known }
    : usageFault(`${flag} takes a comma-separated list of: ${choices.join(", ")}`);
}

/** Collects a flag that may be given several times. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

/** A payload from a file or, for `-`, from stdin; inflated when it begins like gzip. */
export async function readPayload(file: string, stdin: NodeJS.ReadableStream): Promise<CliResult<Uint8Array>> {
  const name = file === "-" ? "the standard input" : file;
  let received: Awaited<ReturnType<typeof collectBytes>>;
  try {
    const stream = file === "-" ? (stdin as Readable) : createReadStream(file);
    received = await collectBytes(Readable.toWeb(stream) as ReadableStream<Uint8Array>, MAX_DECODED_BYTES);
    if (!received.ok && received.error === "broken-off") throw stream.errored;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException | null)?.code;
    return failure(`cannot read ${name} (${code ?? "it broke off"}): ${MENDS[code ?? ""] ?? "check the name and the permissions"}`);
  }
  if (!received.ok) return failure(`${name} is larger than ${MAX_DECODED_BYTES} bytes: split it`);
  const inflated = await inflateBody(received.value, null, MAX_DECODED_BYTES, { sniff: true, inflaters: createNodeInflaters() });
  if (!inflated.ok) {
    const mend = inflated.error.reason === "too-large" ? "split it" : "fetch it again, or inflate it yourself";
    return failure(`${name}: ${inflated.error.detail}: ${mend}`);
  }
  return inflated.value.length === 0 ? failure(`${name} is empty: give a payload`) : inflated;
}

const MENDS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file, check the name",
  EISDIR: "it is a folder, name a file in it",
  EACCES: "you may not read it, check its permissions",
};
