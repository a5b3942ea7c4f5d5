// The three signals of OTLP and the names that each has for its layers. On the wire their field numbers are the same:
// request { 1: items }, item { 1: resource, 2: scopes, 3: schema URL }, scope { 1: scope, 2: records, 3: schema URL }.

export type Signal = "logs" | "traces" | "metrics";
export type Encoding = "json" | "protobuf";

export interface SignalNames {
  /** Of the list of items in a request. */
  readonly items: string;
  /** Of the list of scopes in an item. */
  readonly scopes: string;
  /** Of the list of records in a scope. */
  readonly records: string;
  /** Of the count in a partial success. */
  readonly rejected: string;
}

export const SIGNALS: Readonly<Record<Signal, SignalNames>> = {
  logs: { items: "resourceLogs", scopes: "scopeLogs", records: "logRecords", rejected: "rejectedLogRecords" },
  traces: { items: "resourceSpans", scopes: "scopeSpans", records: "spans", rejected: "rejectedSpans" },
  metrics: { items: "resourceMetrics", scopes: "scopeMetrics", records: "metrics", rejected: "rejectedDataPoints" },
};

/**
 * The other signal that a JSON object is a request of, or an item of such a request. Spans that somebody posts to the address of the logs
 * would be an empty request there, and lost.
 */
export function findOtherSignal(value: Readonly<Record<string, unknown>>, signal: Signal): Signal | undefined {
  const isOf = ({ items, scopes }: SignalNames) => value[items] !== undefined || value[scopes] !== undefined;
  if (isOf(SIGNALS[signal])) return undefined;
  return (Object.keys(SIGNALS) as Signal[]).find((other) => isOf(SIGNALS[other]));
}

/** For whoever sent it. */
export function describeMisplaced(signal: Signal): string {
  return `these are ${signal}: send them to /v1/${signal}`;
}
