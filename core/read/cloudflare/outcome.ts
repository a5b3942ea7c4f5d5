// How an invocation ended -> severity: the worse of what its outcome, its exceptions and its HTTP status say.
import type { SeverityNumber } from "../../otlp/model.ts";
import { httpStatusSeverity } from "../severity.ts";

const INFO = 9;
const ERROR = 17;
/** The client went away: nobody's fault. https://github.com/cloudflare/workerd/blob/main/src/workerd/io/outcome.capnp */
const HARMLESS: ReadonlySet<unknown> = new Set(["ok", "canceled", "responseStreamDisconnected"]);

/**
 * `ok` alone proves nothing: a failed `waitUntil` and an answer of 500 are `ok` too.
 * @param outcome a word that nobody knows counts as a failure
 * @returns 0 when nothing is known
 */
export function invocationSeverity(outcome: unknown, hasExceptions: boolean, status: number | undefined): SeverityNumber {
  const byStatus = status === undefined ? 0 : httpStatusSeverity(status);
  if (hasExceptions) return ERROR;
  if (outcome === undefined || outcome === null || outcome === "") return byStatus;
  return Math.max(HARMLESS.has(outcome) ? INFO : ERROR, byStatus);
}
