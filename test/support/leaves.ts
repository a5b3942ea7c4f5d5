// Finds what a payload said and its OTLP lost: every string and number of a JSON, NDJSON or text payload must stand somewhere in the message,
// as it came or in a form that says the same (a time in ns, an id in lower case, a text in pieces).
import { gunzipSync } from "node:zlib";
import { type ExportLogsServiceRequest, type FlatRecord, type FlatValue, flatten } from "./oracle.ts";
import { toUnixNanos } from "./times.ts";

/** One string or number of a payload. */
export interface Leaf {
  /** Inside its item, members joined by "/": `proxy/userAgent/0`; a text line that is no JSON has the path `text`. */
  readonly path: string;
  /** A number as it was written, all its digits. */
  readonly text: string;
  readonly kind: "string" | "number";
  /** The array element, NDJSON line or object that it stands in. */
  readonly item: unknown;
}

/**
 * What a source takes on purpose and does not hand on as it came, by path (`*` one member, `**` any number of them).
 * A string is the reason why nothing needs to be found. A function gives the texts to be found instead of the leaf's own;
 * `undefined` from it means that the rule does not apply to this leaf.
 */
export type Consumed = Readonly<Record<string, string | ((leaf: Leaf) => readonly string[] | undefined)>>;

/** The leaves of a payload. A gzipped one is inflated; a body that is no JSON is read line by line. */
export function findLeaves(bytes: Uint8Array): Leaf[] {
  const text = new TextDecoder().decode(bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes);
  const whole = parseExact(text);
  if (whole !== undefined) return (Array.isArray(whole) ? whole : [whole]).flatMap((item) => leavesOf(item, item, ""));
  return text.split("\n").flatMap((line) => {
    const item = parseExact(line) ?? line.trim();
    return typeof item === "string" ? leavesOf(item, item, "text") : leavesOf(item, item, "");
  });
}

/**
 * The leaves that stand nowhere in the message, as `path = text`.
 * @param used gathers the patterns of `consumed` that matched a leaf, so that a suite can name the stale ones
 */
export function findLostLeaves(
  leaves: readonly Leaf[],
  message: ExportLogsServiceRequest,
  consumed: Consumed = {},
  used: Set<string> = new Set(),
): string[] {
  const haystack = new Haystack(flatten(message));
  const rules = Object.entries(consumed).map(([pattern, rule]) => ({ pattern, rule, matcher: toMatcher(pattern) }));

  function lost(leaf: Leaf): string[] {
    for (const { pattern, rule, matcher } of rules) {
      if (!matcher.test(leaf.path)) continue;
      const instead = typeof rule === "string" ? [] : rule(leaf);
      if (instead === undefined) continue;
      used.add(pattern);
      return instead.filter((text) => !haystack.hasText(text)).map((text) => `${leaf.path} = ${text}`);
    }
    if (leaf.kind === "number" ? haystack.hasNumber(leaf) : haystack.hasText(leaf.text)) return [];
    const inner = leaf.kind === "string" ? parseStructure(leaf.text) : undefined;
    if (inner !== undefined) return leavesOf(inner, leaf.item, leaf.path).flatMap(lost);
    return haystack.hasPieces(leaf.text) ? [] : [`${leaf.path} = ${leaf.text.slice(0, 200)}`];
  }
  return leaves.flatMap(lost);
}

/** A number with the digits that it was written with. */
class ExactNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

function parseExact(text: string): unknown {
  const reviver = (_key: string, value: unknown, context?: { source?: string }) =>
    typeof value === "number" ? new ExactNumber(context?.source ?? String(value)) : value;
  try {
    return JSON.parse(text, reviver);
  } catch {
    return undefined;
  }
}

/** The object or array that a string holds as JSON. */
function parseStructure(text: string): unknown {
  const value = /^\s*[[{]/.test(text) ? parseExact(text) : undefined;
  return typeof value === "object" && value !== null ? value : undefined;
}

function leavesOf(value: unknown, item: unknown, path: string): Leaf[] {
  if (value instanceof ExactNumber) return [{ path, text: value.text, kind: "number", item }];
  if (typeof value === "string") return value.trim() === "" ? [] : [{ path, text: value, kind: "string", item }];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => leavesOf(member, item, path === "" ? key : `${path}/${key}`));
}

function toMatcher(pattern: string): RegExp {
  const source = pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replace(/\*\*|\*/g, (star) => (star === "**" ? ".*" : "[^/]*"));
  return new RegExp(`^${source}$`);
}

/** Words that name a part of a log line and may go when the part has found its OTLP place. */
const STRUCTURAL_WORDS: ReadonlySet<string> = new Set("level lvl severity msg message time ts timestamp".split(" "));
const SEVERITY_PATH = /(?:^|\/)(?:level|severity)(?:_?(?:number|value))?$/i;
const SEPARATORS = /[\s"'`,;=()[\]{}<>|?#]+/;
const EDGE_PUNCTUATION = /^[:.!*-]+|[:.!*-]+$/g;
// biome-ignore lint/complexity/useRegexLiterals: an escape character in a literal reads as a mistake.
const ANSI_COLOUR = new RegExp("\u001b\\[[0-9;]*m", "g");

/** Everything that a message says, in the forms in which it is looked for. */
class Haystack {
  readonly #values = new Set<string>();
  readonly #pieces = new Set<string>();
  readonly #times = new Set<string>();
  readonly #ids = new Set<string>();
  readonly #hasSeverity: boolean;
  readonly #text: string;

  constructor(records: readonly FlatRecord[]) {
    const texts = records.flatMap(({ resource, attributes, body, severityText, eventName }) =>
      [resource, attributes, body ?? null, severityText, eventName].flatMap(textsOf),
    );
    for (const text of texts) {
      this.#values.add(text).add(text.toLowerCase());
      for (const piece of piecesOf(text)) this.#pieces.add(piece.toLowerCase());
    }
    // The names in a logfmt line become keys.
    for (const { attributes } of records) for (const key of keysOf(attributes)) this.#pieces.add(key.toLowerCase());
    for (const { timeUnixNano, traceId, spanId } of records) {
      if (timeUnixNano > 0n) this.#times.add(String(timeUnixNano));
      for (const id of [traceId, spanId]) if (id !== "") this.#ids.add(id);
    }
    this.#hasSeverity = records.some(({ severityNumber }) => severityNumber > 0);
    this.#text = texts.join("\n");
  }

  hasNumber({ path, text }: Leaf): boolean {
    if (SEVERITY_PATH.test(path) && this.#hasSeverity) return true;
    return numberForms(text).some((form) => this.#values.has(form)) || this.#isTime(text);
  }

  hasText(text: string): boolean {
    const clean = text.replace(ANSI_COLOUR, "").toWellFormed().trim();
    if (this.#values.has(text) || this.#values.has(clean) || this.#values.has(clean.toLowerCase())) return true;
    if (this.#ids.has(clean.toLowerCase()) || this.#isTime(clean)) return true;
    const traceparent = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-[\da-f]{2}$/i.exec(clean);
    if (traceparent !== null) return traceparent.slice(1).every((id) => this.#ids.has(id.toLowerCase()));
    if (clean !== "" && !Number.isNaN(Number(clean)) && numberForms(clean).some((form) => this.#values.has(form))) return true;
    return clean.length > 3 && this.#text.includes(clean);
  }

  /** Whether every word of a text stands somewhere: a line whose level, time and ids were lifted out, an address that was split. */
  hasPieces(text: string): boolean {
    const pieces = piecesOf(text.replace(ANSI_COLOUR, ""));
    return pieces.every((piece) => {
      const word = piece.toLowerCase();
      return this.#pieces.has(word) || STRUCTURAL_WORDS.has(word) || this.hasText(piece);
    });
  }

  #isTime(text: string): boolean {
    return toUnixNanos(text).some((nanos) => this.#times.has(nanos));
  }
}

function textsOf(value: FlatValue): string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "number" || typeof value === "bigint") return [String(value)];
  if (value instanceof Uint8Array) return [Buffer.from(value).toString("base64"), Buffer.from(value).toString("utf8")];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(textsOf);
}

function keysOf(value: FlatValue): string[] {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return [];
  const own = Array.isArray(value) ? [] : Object.keys(value);
  return own.concat(Object.values(value).flatMap(keysOf));
}

function piecesOf(text: string): string[] {
  return text
    .split(SEPARATORS)
    .map((piece) => piece.replace(EDGE_PUNCTUATION, ""))
    .filter((piece) => piece !== "");
}

/** As it was written, and as an int64 or a double prints. */
function numberForms(text: string): string[] {
  const rounded = String(Number(text));
  if (!/^-?\d+$/.test(text)) return [text, rounded];
  const exact = BigInt(text);
  // Beyond int64 a double is all that OTLP has.
  return exact === BigInt.asIntN(64, exact) ? [String(exact)] : [String(exact), rounded];
}
