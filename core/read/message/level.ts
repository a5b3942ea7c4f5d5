// The level among the fields of a structured line.
import { chooseNumericDialect, readSeverity, type Severity } from "../severity.ts";
import { type Fields, readMember } from "./fields.ts";

const LEVEL_KEYS = [
  "level",
  "severity",
  "lvl",
  "levelname",
  "level_name",
  "log.level",
  "@level",
  "severityText",
  "severity_text",
  "loglevel",
  "log_level",
  "@l",
  "Level",
] as const;
const LEVEL_NUMBER_KEYS = ["severityNumber", "severity_number", "levelno", "PRIORITY"] as const;

/** What a level may be under. */
export const LEVEL_NAMES: readonly string[] = [...LEVEL_KEYS, ...LEVEL_NUMBER_KEYS, "log", "status"];

/** A word beats a number; of a word that nobody knows the number is 0. The name of a level that is known goes into `used`. */
export function readLevel(object: Fields, used: string[]): Severity | undefined {
  let number: string | undefined;
  let unknown: Severity | undefined;
  for (const key of LEVEL_KEYS) {
    const value = object[key] ?? (key === "log.level" ? readMember(object["log"], "level") : undefined);
    if (typeof value === "string" && value.trim() !== "" && !isDigits(value)) {
      const severity = readSeverity(value, wordDialect(object, key));
      // A word that nobody knows may be no level at all (`"level":"gold"`).
      if (severity.number === 0) unknown ??= severity;
      else {
        used.push(key);
        return severity;
      }
    }
    if (
      number === undefined &&
      (typeof value === "number" || typeof value === "bigint" || (typeof value === "string" && isDigits(value)))
    ) {
      number = key;
    }
  }
  // A word beside a number wins (Monolog, Python); the number alone needs the dialect that the other fields betray.
  for (const key of LEVEL_NUMBER_KEYS) if (number === undefined && object[key] !== undefined) number = key;
  if (number !== undefined) {
    const value = number === "log.level" ? (object[number] ?? readMember(object["log"], "level")) : object[number];
    const severity = readSeverity(value, chooseNumericDialect(object, number));
    if (severity.number > 0) {
      used.push(number);
      return severity;
    }
    if (severity.text !== undefined) unknown ??= severity;
  }
  if (unknown !== undefined) return unknown;
  // `status` names a level in some loggers and an HTTP status or a state in others: only a known word counts.
  const { status } = object;
  if (typeof status !== "string" || isDigits(status)) return undefined;
  const severity = readSeverity(status, "generic");
  if (severity.number === 0 || status.toLowerCase() === "ok" || status.toLowerCase() === "success") return undefined;
  used.push("status");
  return severity;
}

/** Serilog's Verbose is below its Debug; the words alone do not say so. */
function wordDialect(object: Fields, key: string): "serilog" | "generic" {
  return key === "@l" || (key === "Level" && object["MessageTemplate"] !== undefined) ? "serilog" : "generic";
}

function isDigits(text: string): boolean {
  return /^\s*-?\d+\s*$/.test(text);
}
