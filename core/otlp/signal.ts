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
