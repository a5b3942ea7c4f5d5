// The way out: what the drain asks of anything that takes records to a destination.
import type { LogRecord, Resource, ResourceLogs } from "../otlp/model.ts";
import type { OtlpRequest } from "../otlp/pass-through.ts";
import type { Failure, Result } from "../source.ts";

export interface ExportOptions {
  /** When the sender stops waiting, ms since the Unix epoch by the exporter's clock: everything ends before it. */
  readonly deadlineMs: number;
  /** Headers for this delivery alone, such as a project id. They win over the configured ones. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** What the destination has, or has refused for good. */
export interface Exported {
  readonly delivered: number;
  /** Records that it will never take: its own `partialSuccess` count, and those given up one by one. */
  readonly rejected: number;
  /** For the operator: messages of the destination, warnings. Never payload. */
  readonly notes: readonly string[];
}

export type ExportFailure = Extract<Failure, { reason: "retryable" | "refused" }>;

export interface Exporter {
  /**
   * Takes batches one after the other, as lazily as the iterable gives them. Resolves when the destination has answered for
   * every record; never rejects. After a failure some records may have arrived: the sender sends all of them again.
   */
  export(batches: Iterable<readonly ResourceLogs[]>, options: ExportOptions): Promise<Result<Exported, ExportFailure>>;
  /**
   * Sends a request that is encoded already, byte for byte. Of logs that the destination finds too large or refuses the good ones are
   * delivered all the same; any other request is then `too-large` or `unreadable`. Absent where the way out takes records alone.
   */
  readonly forward?: ((request: OtlpRequest, options: ExportOptions) => Promise<Result<Exported, Failure>>) | undefined;
}

/** A record that the destination refuses in every form. It is counted as rejected; this is the last chance to see it. */
export interface DeadLetter {
  readonly resource: Resource | undefined;
  readonly record: LogRecord;
  /** The destination's HTTP status. */
  readonly status: number;
  /** Its own words, shortened; "" when it gave none. */
  readonly message: string;
}

/** Only a bug of ours ends here: the sender keeps its data. The error's message could hold payload, so its name alone is told. */
export function internalError(error: unknown): ExportFailure {
  return { reason: "retryable", detail: `internal error: ${error instanceof Error ? error.name : "unknown"}` };
}
