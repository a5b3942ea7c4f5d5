// How the text of a configuration variable becomes a value: total functions, text in, the value or a fault's few words out.
// The words follow the variable's name ("PORT is ..."), and never repeat what may be a secret.
import type { Result } from "./source.ts";

export type Parsed<T> = Result<T, string>;

/** An endpoint without its credentials, and these as the value of an `Authorization` header: fetch refuses them in a URL. */
export interface Endpoint {
  readonly url: URL;
  readonly authorization: string | undefined;
}

/** Headers that the exporter or the runtime sets itself; a second opinion breaks every delivery. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "expect",
  "host",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
]);
/** In lower case. https://www.rfc-editor.org/rfc/rfc9110#name-field-names */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
/** Words that belong before a token in a header, not into a list of tokens. */
const SCHEMES: ReadonlySet<string> = new Set(["bearer", "basic", "splunk"]);

export function parseEndpoint(text: string): Parsed<Endpoint> {
  if (!/^https?:\/\//i.test(text)) {
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return fault("has a scheme that is not http or https");
    const mend = /^[a-z0-9.-]{1,253}(:\d{1,5})?$/i.test(text) ? `, write http://${text} or https://${text}` : "";
    return fault(`has no scheme${mend}`);
  }
  if (!URL.canParse(text)) return fault("is no valid URL");
  const url = new URL(text);
  const credentials =
    url.username !== "" || url.password !== "" ? `${decodeLoosely(url.username)}:${decodeLoosely(url.password)}` : undefined;
  url.username = "";
  url.password = "";
  url.hash = "";
  return { ok: true, value: { url, authorization: credentials && `Basic ${encodeBase64(credentials)}` } };
}

/** Header names are lower-cased; the last of equal names wins. */
export function parseHeaders(text: string): Parsed<ReadonlyMap<string, string>> {
  const pairs = parsePairs(text);
  if (!pairs.ok) return pairs;
  const headers = new Map<string, string>();
  for (const { key, value, position } of pairs.value) {
    const name = key.toLowerCase();
    if (!HEADER_NAME.test(name)) return fault(`has no valid header name in member ${position}`);
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
      return fault(`has a character that no header may hold in the value of member ${position}`);
    if (OWN_HEADERS.has(name)) return fault(`sets ${name}, which the exporter sets itself`);
    headers.set(name, value);
  }
  return { ok: true, value: headers };
}

/** The last of equal keys wins. */
export function parseAttributes(text: string): Parsed<ReadonlyMap<string, string>> {
  const pairs = parsePairs(text);
  return pairs.ok ? { ok: true, value: new Map(pairs.value.map(({ key, value }) => [key, value])) } : pairs;
}

/** Words between commas or white space. */
export function parseWords(text: string): Parsed<readonly string[]> {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  return words.length === 0 ? fault("holds nothing but separators") : { ok: true, value: words };
}

/** Header names between commas or white space, lower-cased. */
export function parseHeaderNames(text: string): Parsed<readonly string[]> {
  const words = parseWords(text.toLowerCase());
  const wrong = words.ok ? words.value.findIndex((name) => !HEADER_NAME.test(name)) : -1;
  // A name that is none may be a whole header, value and all.
  return wrong < 0 ? words : fault(`has no valid header name in member ${wrong + 1}`);
}

/** Globs between commas; a glob may hold blanks, since a message does. */
export function parseGlobs(text: string): Parsed<readonly string[]> {
  const globs = text
    .split(",")
    .map((glob) => glob.trim())
    .filter((glob) => glob !== "");
  return globs.length === 0 ? fault("holds nothing but separators") : { ok: true, value: globs };
}

/** A list of secrets: `Bearer x` would make the public word `Bearer` a secret of its own. */
export function parseSecrets(text: string): Parsed<readonly string[]> {
  const secrets = parseWords(text);
  if (secrets.ok && secrets.value.some((secret) => SCHEMES.has(secret.toLowerCase())))
    return fault("holds the name of a scheme beside the token");
  return secrets;
}

export function parseInteger(min: number, max: number): (text: string) => Parsed<number> {
  return (text) => {
    if (!/^\d{1,15}$/.test(text)) return fault(`is ${quote(text)}`);
    const number = Number(text);
    return number >= min && number <= max ? { ok: true, value: number } : fault(`is ${number}`);
  };
}

export function parseChoice<const T extends string>(choices: readonly T[]): (text: string) => Parsed<T> {
  return (text) => {
    const choice = choices.find((candidate) => candidate === text.toLowerCase());
    return choice === undefined ? fault(`is ${quote(text)}`) : { ok: true, value: choice };
  };
}

export function parseBoolean(text: string): Parsed<boolean> {
  const word = text.toLowerCase();
  if (word === "1" || word === "true") return { ok: true, value: true };
  return word === "0" || word === "false" ? { ok: true, value: false } : fault(`is ${quote(text)}`);
}

/** A host name, an IPv4 or an IPv6 address, without a port. */
export function parseHost(text: string): Parsed<string> {
  if (/^[^:]*:\d+$/.test(text)) return fault("holds a port, which belongs into PORT");
  return /^[a-z0-9._:%-]+$/i.test(text) ? { ok: true, value: text } : fault(`is ${quote(text)}`);
}

/** Text that may stand in a header: printable ASCII without spaces. */
export function parseHeaderWord(text: string): Parsed<string> {
  return /^[\x21-\x7e]+$/.test(text) ? { ok: true, value: text } : fault("holds a character other than printable ASCII");
}

export function parseText(text: string): Parsed<string> {
  return { ok: true, value: text };
}

interface Pair {
  readonly key: string;
  readonly value: string;
  /** Place in the list, from 1: a fault names the place, because key and value may be secret. */
  readonly position: number;
}

/** `k=v,k2=v2`, percent-encoded as W3C Baggage without properties (OpenTelemetry, OTLP exporter and resource specifications). */
function parsePairs(text: string): Parsed<readonly Pair[]> {
  const pairs: Pair[] = [];
  for (const [index, member] of text.split(",").entries()) {
    if (member.trim() === "") continue;
    const position = index + 1;
    const equals = member.indexOf("=");
    const key = decodePercent(member.slice(0, Math.max(equals, 0)).trim());
    const value = decodePercent(member.slice(equals + 1).trim());
    if (key === undefined || value === undefined) return fault(`has wrong percent-encoding in member ${position} (write % as %25)`);
    if (key === "") return fault(`has no key=value in member ${position} (write a comma inside a value as %2C)`);
    pairs.push({ key, value, position });
  }
  return { ok: true, value: pairs };
}

function decodePercent(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** A URL's user info that is not percent-encoded is meant as it stands. */
function decodeLoosely(text: string): string {
  return decodePercent(text) ?? text;
}

function encodeBase64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));
}

function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}

function fault(words: string): { readonly ok: false; readonly error: string } {
  return { ok: false, error: words };
}
