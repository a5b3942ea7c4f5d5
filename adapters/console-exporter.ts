// The way out when there is no destination: every record on the terminal, readable on a TTY, as OTLP/JSON lines elsewhere
// (one request a line, the format of the Collector's file exporter, so that a pipe can go on with them).
import { type Exporter, internalError } from "../core/export/exporter.ts";
import { toText } from "../core/export/text.ts";
import { stringifyRequest } from "../core/otlp/json.ts";
import type { AnyValue, LogRecord, Resource, ResourceLogs } from "../core/otlp/model.ts";
import { readAttribute } from "../core/read/attributes.ts";
import { toRfc3339 } from "../core/read/time.ts";

export interface ConsoleExporterOptions {
  /** Resolves when the text is handed over. */
  readonly write: (text: string) => Promise<void>;
  /** Readable lines instead of JSON. */
  readonly pretty: boolean;
  readonly colors: boolean;
  /** ms since the Unix epoch: `Date.now`. */
  readonly now: () => number;
}

export function createConsoleExporter({ write, pretty, colors, now }: ConsoleExporterOptions): Exporter {
  return {
    async export(batches, { deadlineMs }) {
      let delivered = 0;
      let timer: ReturnType<typeof setTimeout> | undefined;
      const deadline = new Promise<"full">((resolve) => {
        timer = setTimeout(() => resolve("full"), Math.max(0, deadlineMs - now()));
      });
      try {
        for (const resourceLogs of batches) {
          let text = "";
          for (const single of eachRecord(resourceLogs)) {
            text += pretty ? formatRecord(single, colors) : `${stringifyRequest([single.resourceLogs])}\n`;
            delivered++;
          }
          const written = write(text).then(
            () => "written" as const,
            () => "closed" as const,
          );
          const outcome = await Promise.race([written, deadline]);
          if (outcome !== "written") return { ok: false, error: { reason: "retryable", detail: `the terminal or pipe is ${outcome}` } };
        }
      } catch (error) {
        return { ok: false, error: internalError(error) };
      } finally {
        clearTimeout(timer);
      }
      return { ok: true, value: { delivered, rejected: 0, notes: [] } };
    },
  };
}

interface SingleRecord {
  readonly resourceLogs: ResourceLogs;
  readonly resource: Resource | undefined;
  readonly record: LogRecord;
}

function* eachRecord(resourceLogs: readonly ResourceLogs[]): Generator<SingleRecord, void, undefined> {
  for (const item of resourceLogs) {
    for (const scoped of item.scopeLogs) {
      for (const record of scoped.logRecords) {
        yield { resourceLogs: { ...item, scopeLogs: [{ ...scoped, logRecords: [record] }] }, resource: item.resource, record };
      }
    }
  }
}

const NAMES = ["-", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"] as const;
/** SGR colours by the same index. */
const COLORS = ["0", "90", "36", "32", "33", "31", "35;1"] as const;

function formatRecord({ record, resource }: SingleRecord, colors: boolean): string {
  const paint = (code: string, text: string): string => (colors ? `\u001b[${code}m${text}\u001b[0m` : text);
  const level = Math.min(NAMES.length - 1, Math.ceil((record.severityNumber ?? 0) / 4));
  const time = record.timeUnixNano ?? record.observedTimeUnixNano;
  const service = resource === undefined ? undefined : readAttribute(resource.attributes, "service.name");
  const head = [
    paint("2", time === undefined ? "-" : toRfc3339(time)),
    paint(COLORS[level] ?? "0", (NAMES[level] ?? "-").padEnd(5)),
    paint("1", formatValue(service ?? "-")),
    formatValue(record.body ?? record.eventName ?? ""),
  ].join(" ");
  const details = record.attributes.map(({ key, value }) => `${toTerminal(key)}=${formatValue(value)}`);
  if (record.traceId !== undefined) details.unshift(`trace_id=${record.traceId}`);
  return details.length === 0 ? `${head}\n` : `${head}\n${paint("2", `  ${details.join(" ")}`)}\n`;
}

function formatValue(value: AnyValue): string {
  return value instanceof Uint8Array ? `(${value.length} bytes)` : toTerminal(toText(value));
}

/** A log line must not steer the terminal it is shown on. */
function toTerminal(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\ufffd");
}
