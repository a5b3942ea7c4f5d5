// Structured lines for the operator, one JSON object each. Quiet on success; never payload, never a secret.
import type { Receipt } from "../core/drain.ts";
import type { DeadLetter } from "../core/export/exporter.ts";
import { readAttribute } from "../core/read/attributes.ts";
import { toRfc3339 } from "../core/read/time.ts";
import type { Failure, Result } from "../core/source.ts";

export interface ReportLine {
  readonly level: "info" | "warn" | "error";
  readonly message: string;
  readonly [field: string]: unknown;
}

export type Report = (line: ReportLine) => void;

/** To stderr, or to where the runtime sends `console.error`. */
export const reportToConsole: Report = (line) => console.error(JSON.stringify({ app: "otlp-drain", ...line }));

const MAX_KNOWN_NOTES = 256;

/**
 * Reports each delivery that was not plain success; a note alone is news only once.
 * Strangers are news once a minute, or they could fill the log.
 * @param now ms since the Unix epoch
 * @returns a function whose `skipped` counts payloads that could not even be delivered raw
 */
export function createWatch(
  report: Report,
  now: () => number = Date.now,
): (drain: string, outcome: Result<Receipt, Failure>, skipped?: number) => void {
  const known = new Set<string>();
  const quietUntilMs = new Map<string, number>();
  return (drain, outcome, skipped = 0) => {
    if (!outcome.ok) {
      const { reason, detail } = outcome.error;
      if (reason === "unauthorized") {
        if (now() < (quietUntilMs.get(drain) ?? 0)) return;
        quietUntilMs.set(drain, now() + STRANGERS_QUIET_MS);
      }
      const level = reason === "retryable" || reason === "refused" ? "error" : "warn";
      report({ level, message: "not delivered", drain, reason, detail });
      return;
    }
    const { notes, ...counts } = outcome.value;
    const isNews = notes.some((note) => !known.has(note));
    if (known.size < MAX_KNOWN_NOTES) for (const note of notes) known.add(note);
    if (counts.rejected > 0 || counts.malformed > 0 || skipped > 0 || isNews)
      report({ level: "warn", message: "delivered with remarks", drain, ...counts, ...(skipped > 0 ? { skipped } : {}), notes });
  };
}

/** Names a record that the destination refuses in every form, without its content: enough to find it at the platform. */
export function reportDeadLetter(report: Report): (letter: DeadLetter) => void {
  return ({ resource, record, status, message }) =>
    report({
      level: "error",
      message: "dead letter",
      status,
      detail: message,
      service: readText(resource?.attributes, "service.name"),
      uid: readText(record.attributes, "log.record.uid"),
      time: record.timeUnixNano === undefined ? undefined : toRfc3339(record.timeUnixNano),
    });
}

const STRANGERS_QUIET_MS = 60_000;
const MAX_FIELD_LENGTH = 128;

function readText(attributes: Parameters<typeof readAttribute>[0] | undefined, key: string): string | undefined {
  const value = attributes === undefined ? undefined : readAttribute(attributes, key);
  return typeof value === "string" ? value.slice(0, MAX_FIELD_LENGTH) : undefined;
}
