// What each logger calls its levels: words and numbers per dialect, every answer ready-made, built once and never written to.
import type { SeverityNumber } from "../otlp/model.ts";

/** Whose words and numbers they are. Every dialect falls back to `generic` words, but `datadog`, which has a rule for any word. */
export type Dialect =
  | "generic"
  | "syslog"
  | "journald"
  | "gcp"
  | "azure"
  | "dotnet"
  | "serilog"
  | "pino"
  | "python"
  | "monolog"
  | "zap"
  | "jul"
  | "winston"
  | "slog"
  | "otel"
  | "postgres"
  | "mysql"
  | "mongodb"
  | "redis"
  | "klog"
  | "ruby"
  | "datadog"
  | "vercel"
  | "console"
  | "lambda"
  | "http";

export interface Severity {
  readonly number: SeverityNumber;
  /** The source's own word as it was written; for a numeric level its name in the dialect; absent when there is no level. */
  readonly text?: string | undefined;
}

type Words = ReadonlyMap<string, Severity>;
type Numbers = ReadonlyMap<number, Severity>;

/** `{ 9: "info inf" }` -> every word as it is usually written (`info`, `INFO`, `Info`), each with a ready-made answer. */
function words(table: Readonly<Record<number, string>>): Map<string, Severity> {
  const map = new Map<string, Severity>();
  for (const [number, list] of Object.entries(table)) {
    for (const word of list.split(" ")) {
      for (const text of [word, word.toUpperCase(), word.charAt(0).toUpperCase() + word.slice(1)]) {
        map.set(text, Object.freeze({ number: Number(number), text }));
      }
    }
  }
  return map;
}

/** The 24 short names of the OTel data model, `TRACE` to `FATAL4`. */
const OTEL_NAMES = ["trace", "debug", "info", "warn", "error", "fatal"].flatMap((name) => [name, `${name}2`, `${name}3`, `${name}4`]);
const OTEL_WORDS = words(Object.fromEntries(OTEL_NAMES.map((name, index) => [index + 1, name])));

/**
 * OTel's short names are known everywhere; the own words come later because `DEBUG2` to `DEBUG4` are Postgres levels more
 * often than OTel ones. One-letter words are for whole fields; text is never searched for them.
 */
export const GENERIC_WORDS: Words = new Map([
  ...OTEL_WORDS,
  ...words({
    1: "trace trc finest silly all",
    5: "debug dbg verbose vrb fine debug1 debug2 debug3 debug4 debug5 d",
    9: "info inf information informational log ok success i",
    10: "notice",
    13: "warn warning wrn w",
    17: "error err severe failure e",
    18: "dpanic",
    21: "fatal ftl critical crit alert panic emerg emergency f",
  }),
]);

// RFC 5424 severities: https://opentelemetry.io/docs/specs/otel/logs/data-model-appendix/#appendix-b-severitynumber-example-mappings
const SYSLOG_WORDS = words({
  21: "emerg",
  19: "alert",
  18: "crit critical",
  17: "err",
  13: "warning",
  10: "notice",
  9: "info",
  5: "debug",
});

/** Only what differs from `generic`. */
export const WORDS: Readonly<Partial<Record<Dialect, Words>>> = {
  syslog: SYSLOG_WORDS,
  journald: SYSLOG_WORDS,
  gcp: words({ 21: "critical", 22: "alert", 24: "emergency" }),
  dotnet: words({ 1: "trce", 5: "dbug", 17: "fail", 21: "crit" }),
  serilog: words({ 1: "verbose vrb" }),
  zap: words({ 18: "dpanic", 19: "panic" }),
  jul: words({ 1: "finest", 5: "finer", 6: "fine", 7: "config" }),
  winston: words({ 1: "silly", 7: "verbose", 8: "http" }),
  otel: OTEL_WORDS,
  postgres: words({ 24: "panic" }),
  mysql: words({ 9: "system note" }),
  mongodb: words({ 5: "d d1 d2 d3 d4 d5" }),
  redis: words({ 5: ".", 9: "-", 10: "*", 13: "#" }),
  datadog: OTEL_WORDS,
};

/** `{ 30: "info" }` -> the answer for each number, which is the answer for its name. */
function names(table: Readonly<Record<number, string>>, own: Words = GENERIC_WORDS): Numbers {
  const name = ([value, text]: [string, string]): [number, Severity] => [
    Number(value),
    own.get(text) ?? GENERIC_WORDS.get(text) ?? { number: 0, text },
  ];
  return new Map(Object.entries(table).map(name));
}

const SYSLOG_NUMBERS = names(
  { 0: "emerg", 1: "alert", 2: "crit", 3: "err", 4: "warning", 5: "notice", 6: "info", 7: "debug" },
  SYSLOG_WORDS,
);
export const PINO_NUMBERS = names({ 10: "trace", 20: "debug", 30: "info", 40: "warn", 50: "error", 60: "fatal" });
export const GCP_NUMBERS = names(
  // https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#logseverity
  { 0: "default", 100: "debug", 200: "info", 300: "notice", 400: "warning", 500: "error", 600: "critical", 700: "alert", 800: "emergency" },
  WORDS.gcp,
);

export const NUMBERS: Readonly<Partial<Record<Dialect, Numbers>>> = {
  syslog: SYSLOG_NUMBERS,
  journald: SYSLOG_NUMBERS,
  gcp: GCP_NUMBERS,
  pino: PINO_NUMBERS,
  python: names({ 10: "debug", 20: "info", 30: "warning", 40: "error", 50: "critical" }),
  monolog: names({
    100: "debug",
    200: "info",
    250: "notice",
    300: "warning",
    400: "error",
    500: "critical",
    550: "alert",
    600: "emergency",
  }),
  slog: names({ [-4]: "debug", 0: "info", 4: "warn", 8: "error" }),
  datadog: SYSLOG_NUMBERS,
};
