// A level as some logger wrote it (word or number) -> OTel severity number plus the source's own text. Pure and total:
// a level that nobody knows is number 0 with its text kept, never INFO, and never a substring match.
import { MAX_SEVERITY_TEXT_LENGTH } from "../limits.ts";
import type { SeverityNumber } from "../otlp/model.ts";
import { type Dialect, GCP_NUMBERS, GENERIC_WORDS, NUMBERS, PINO_NUMBERS, type Severity, WORDS } from "./severity-tables.ts";

export type { Dialect, Severity } from "./severity-tables.ts";

const NONE: Severity = Object.freeze({ number: 0 });

/**
 * Reads a level of any type.
 * A word keeps its own spelling (trimmed, at most 64 UTF-16 units). A number, or a string of digits, becomes its name in the
 * dialect (pino `30` is `info`); a number between two names keeps its digits and takes the lower one's number where the
 * dialect says so; one the dialect does not know is 0 with its digits. Absent, empty and non-scalar levels are 0 without text.
 */
export function readSeverity(level: unknown, dialect: Dialect): Severity {
  if (typeof level === "string") {
    return WORDS[dialect]?.get(level) ?? (dialect === "datadog" ? undefined : GENERIC_WORDS.get(level)) ?? readText(level, dialect);
  }
  if (typeof level === "number") return Number.isFinite(level) ? readNumber(level, dialect) : NONE;
  if (typeof level === "bigint") return readNumber(Number(level), dialect, cut(String(level)));
  return NONE;
}

/** The severity of an access record that has no level of its own: 1xx to 3xx INFO, 4xx WARN, 5xx and above ERROR; no status 0. */
export function httpStatusSeverity(status: number): SeverityNumber {
  if (!(status >= 100 && status < 1000)) return 0;
  return status < 400 ? 9 : status < 500 ? 13 : 17;
}

/** A string that no table holds as it stands: spaces, odd case, brackets, digits, offsets, unknown words. */
function readText(level: string, dialect: Dialect): Severity {
  const trimmed = level.trim();
  if (trimmed === "") return NONE;
  if (trimmed.length > MAX_SEVERITY_TEXT_LENGTH) return { number: 0, text: cut(trimmed) };
  const word = unwrap(trimmed).toLowerCase();
  if (/^-?\d+$/.test(word)) return readNumber(Number(word), dialect, trimmed);
  return { number: readWord(word, dialect), text: trimmed };
}

/** `[warn]` and `warn:` are `warn`. */
function unwrap(text: string): string {
  if (text.startsWith("[") && text.endsWith("]")) return text.slice(1, -1).trim();
  return text.endsWith(":") ? text.slice(0, -1).trimEnd() : text;
}

/** A lower-case word. */
function readWord(word: string, dialect: Dialect): SeverityNumber {
  const own = WORDS[dialect]?.get(word)?.number;
  if (own !== undefined) return own;
  if (dialect === "datadog") return slogOffset(word) ?? datadogStatus(word);
  // protojson spells the enum out: SEVERITY_NUMBER_INFO.
  if (dialect === "otel" && word.startsWith("severity_number_")) return readWord(word.slice(16), dialect);
  return GENERIC_WORDS.get(word)?.number ?? slogOffset(word) ?? 0;
}

/** Go's slog prints a level between two names as the lower name and an offset: `INFO+2`, `DEBUG-4`. */
function slogOffset(word: string): SeverityNumber | undefined {
  const [, name, offset] = /^(debug|info|warn|error)([+-]\d+)$/.exec(word) ?? [];
  if (name === undefined) return undefined;
  return clamp((GENERIC_WORDS.get(name)?.number ?? 0) + Number(offset), 1, 24);
}

/** https://docs.datadoghq.com/logs/log_configuration/processors/#log-status-remapper: by prefix, and INFO for all others. */
function datadogStatus(word: string): SeverityNumber {
  if (word.startsWith("emerg")) return 21;
  if (word.startsWith("err")) return 17;
  return DATADOG_INITIALS[word.charAt(0)] ?? 9;
}
const DATADOG_INITIALS: Readonly<Record<string, SeverityNumber>> = { f: 21, a: 19, c: 18, w: 13, n: 10, i: 9, d: 5, t: 5, v: 5 };

/** `text`: the number as the source wrote it, when it was no number. */
function readNumber(value: number, dialect: Dialect, text?: string): Severity {
  return NUMBERS[dialect]?.get(value) ?? readUnnamedNumber(value, dialect, text ?? String(value));
}

function readUnnamedNumber(value: number, dialect: Dialect, text: string): Severity {
  switch (dialect) {
    case "pino":
      return { number: PINO_NUMBERS.get(clamp(Math.floor(value / 10) * 10, 10, 60))?.number ?? 0, text };
    case "gcp":
      return { number: GCP_NUMBERS.get(Math.min(Math.floor(value / 100) * 100, 800))?.number ?? 0, text };
    case "slog":
      return { number: clamp(Math.floor(value) + 9, 1, 24), text };
    case "datadog":
      return { number: 9, text };
    case "http":
      return { number: httpStatusSeverity(value) };
    case "otel":
      // A bare OTel number has no word of its own, and none is made up.
      if (value === 0) return NONE;
      return Number.isInteger(value) && value >= 1 && value <= 24 ? { number: value } : { number: 0, text };
    default:
      return { number: 0, text };
  }
}

/**
 * The dialect of a numeric level inside a JSON log line, from the company it keeps.
 * `key` is where the level stands in `object` itself (for `{ log: { level: 30 } }` pass the inner object and `level`).
 * `generic`, whose numbers are 0 with text, when nothing tells.
 */
export function chooseNumericDialect(object: Readonly<Record<string, unknown>>, key: string): Dialect {
  if (key === "severityNumber" || key === "severity_number") return "otel";
  if (object["levelno"] !== undefined || object["levelname"] !== undefined) return "python";
  if (key === "level" && isPinoLine(object)) return "pino";
  if (object["version"] === "1.1" && object["short_message"] !== undefined) return "syslog"; // GELF
  if (object["PRIORITY"] !== undefined) return "journald";
  if (object["level_name"] !== undefined) return "monolog";
  const value = object[key];
  const level = typeof value === "number" || typeof value === "bigint" || typeof value === "string" ? Number(value) : 0;
  return level % 10 === 0 && level >= 10 && level <= 60 ? "pino" : "generic";
}

/** pino: `time` in ms beside `pid`, `hostname` or `msg`; bunyan: an ISO `time`, with all three and the format version `v`. */
function isPinoLine({ time, pid, hostname, msg, v }: Readonly<Record<string, unknown>>): boolean {
  if (typeof time === "number") return time >= 1e11 && time < 1e14 && (pid !== undefined || hostname !== undefined || msg !== undefined);
  return typeof time === "string" && typeof v === "number" && pid !== undefined && hostname !== undefined && msg !== undefined;
}

/** At most 64 UTF-16 units, never half a surrogate pair. */
function cut(text: string): string {
  if (text.length <= MAX_SEVERITY_TEXT_LENGTH) return text;
  const last = text.charCodeAt(MAX_SEVERITY_TEXT_LENGTH - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? MAX_SEVERITY_TEXT_LENGTH - 1 : MAX_SEVERITY_TEXT_LENGTH);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
