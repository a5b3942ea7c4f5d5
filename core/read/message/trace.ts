// Trace, span and session among the fields of a structured line. The names that found their place go into `used`.
import type { KeyValue } from "../../otlp/model.ts";
import { putAttribute, readAttribute } from "../attributes.ts";
import { parseHighlightRequest, parseTraceparent, readSpanId, readTraceId, type TraceContext } from "../trace-context.ts";
import { type Fields, readMember } from "./fields.ts";

/** Trace and span keys come in pairs: a span id counts only beside the trace id of the same spelling. */
const ID_KEYS = [
  ["trace_id", "span_id"],
  ["traceId", "spanId"],
  ["traceID", "spanID"],
  ["trace.id", "span.id"],
  ["otel.trace_id", "otel.span_id"],
  ["@tr", "@sp"],
  ["dd.trace_id", "dd.span_id"],
] as const;
const SESSION_KEYS = ["highlight.session_id", "highlight_session_id", "secure_session_id"] as const;
/** A header's name has no case; these are the ways in which logs spell it. */
const REQUEST_KEYS = ["x-highlight-request", "X-Highlight-Request", "X-HIGHLIGHT-REQUEST"] as const;

/** What a trace may be under. */
export const TRACE_NAMES: readonly string[] = [...ID_KEYS.map(([traceKey]) => traceKey), "trace", "traceparent"];
/** What a session or a request of Highlight may be under. */
export const HIGHLIGHT_NAMES: readonly string[] = [...SESSION_KEYS, ...REQUEST_KEYS, "highlight.trace_id"];

/** The line's own ids, else its traceparent. */
export function readTrace(object: Fields, used: string[]): TraceContext | undefined {
  const ids = readIds(object, used);
  const parent = parseTraceparent(object["traceparent"]);
  if (parent === undefined || (ids !== undefined && ids.traceId !== parent.traceId)) return ids;
  const spanId = ids?.spanId ?? parent.spanId;
  if (spanId === parent.spanId) used.push("traceparent");
  return { traceId: parent.traceId, spanId, flags: ids?.flags ?? parent.flags };
}

/** Session and request of Highlight's browser SDK, wherever the app logged them. Returns a trace id that came with them. */
export function readHighlight(object: Fields, used: string[], list: KeyValue[]): TraceContext | undefined {
  for (const key of SESSION_KEYS) {
    const session = object[key];
    if (typeof session !== "string" || session === "") continue;
    used.push(key);
    putAttribute(list, "highlight.session_id", session);
    break;
  }
  let traceId = readTraceId(object["highlight.trace_id"]);
  if (traceId !== undefined) used.push("highlight.trace_id");
  for (const key of REQUEST_KEYS) {
    const request = parseHighlightRequest(object[key]);
    if (request === undefined) continue;
    putAttribute(list, "highlight.session_id", request.sessionId);
    const own = object["highlight.trace_id"];
    const requestId = request.traceId ?? request.requestId;
    // The line's own ids win; a header that says something else then stays a field.
    const isKept = readAttribute(list, "highlight.session_id") === request.sessionId && (!own || !requestId || own === requestId);
    if (isKept) used.push(key);
    if (!own) {
      traceId = request.traceId;
      putAttribute(list, "highlight.trace_id", request.requestId);
    }
    break;
  }
  return traceId === undefined ? undefined : { traceId };
}

function readIds(object: Fields, used: string[]): TraceContext | undefined {
  for (const [traceKey, spanKey] of ID_KEYS) {
    const traceId = readTraceId(object[traceKey]);
    if (traceId === undefined) continue;
    used.push(traceKey);
    const spanId = readSpanId(object[spanKey]);
    if (spanId !== undefined) used.push(spanKey);
    return { traceId, spanId, flags: readFlags(object, used) };
  }
  // ECS and some OTel bridges nest them: {"trace":{"id":...},"span":{"id":...}}. The maps stay attributes.
  const traceId = readTraceId(readMember(object["trace"], "id"));
  return traceId === undefined ? undefined : { traceId, spanId: readSpanId(readMember(object["span"], "id")) };
}

function readFlags(object: Fields, used: string[]): number | undefined {
  const flags = object["trace_flags"] ?? object["traceFlags"];
  const text = typeof flags === "number" ? flags.toString(16).padStart(2, "0") : flags;
  if (typeof text !== "string" || !/^[0-9a-f]{2}$/.test(text)) return undefined;
  used.push(object["trace_flags"] === undefined ? "traceFlags" : "trace_flags");
  return Number.parseInt(text, 16);
}
