// Cloudflare streaming tail (experimental): the events of an invocation as `tailStream()` and its handlers got them -> OTLP.
// It brings real trace and span ids, and unlike the batched tail nothing is redacted before it comes.
import { ResourceGroups } from "../otlp/group.ts";
import type { LogRecord, Scope } from "../otlp/model.ts";
import { consoleRecord } from "../read/cloudflare/console-record.ts";
import { type Invocation, invocationAttributes } from "../read/cloudflare/invocation.ts";
import { readMember } from "../read/cloudflare/platform-object.ts";
import { brokenPart, diagnosticsRecord, exceptionRecord, invocationRecord, noticeRecord } from "../read/cloudflare/records.ts";
import { type Headers, readCorrelation, readHeaders } from "../read/cloudflare/request.ts";
import { createTailReader, type TailOptions, type TailReader } from "../read/cloudflare/tail-options.ts";
import { resourceKey, workerResource } from "../read/cloudflare/worker-resource.ts";
import type { Batch, DecodeContext, Source } from "../source.ts";
import { VERSION } from "../version.ts";
import {
  extraAttributes,
  handlerTypeOf,
  isOfSpan,
  readHandler,
  readSpan,
  type Slice,
  type Summary,
  splitInvocations,
  summarize,
} from "./cloudflare-tail-stream/slice.ts";

/** A `TailStream.TailEvent` of `@cloudflare/workers-types`, or a plain object of its shape. */
export interface TailStreamEvent {
  /** 32 hex digits. */
  readonly invocationId?: unknown;
  /** `{traceId, spanId?, traceFlags?}`: the active span. */
  readonly spanContext?: unknown;
  /** A `Date`. */
  readonly timestamp?: unknown;
  /** Counts the events of the invocation from 0. */
  readonly sequence?: unknown;
  /** `{type: "onset" | "log" | "exception" | "outcome" | ..., ...}` */
  readonly event?: unknown;
  /** Of an onset, not from the platform: an earlier slice of its invocation held an exception. */
  readonly hadExceptions?: boolean;
}

export type CloudflareTailStreamOptions = TailOptions;

const SCOPE: Scope = { name: "otlp-drain/cloudflare-tail-stream", version: VERSION };
const NO_HEADERS: Headers = new Map();

/**
 * The payload is `[onset, ...events]` of one invocation, whole or a slice; or of several, one after the other. Without its onset
 * a slice does not know its Worker. The invocation's own record comes with the `outcome`, so a slice that has it should have the
 * `return` and the attributes of the invocation's span too, and an onset with `hadExceptions` where that is so. Skipped, and counted
 * as filtered: invocations of tail workers and of our own endpoint, spans and their attributes.
 */
export function createCloudflareTailStreamSource(options: CloudflareTailStreamOptions = {}): Source<readonly TailStreamEvent[]> {
  const reader = createTailReader(options);
  return {
    name: "cloudflare-tail-stream",
    decode(payload, context) {
      if (!Array.isArray(payload)) {
        return { ok: false, error: { reason: "unreadable", detail: "a streaming tail payload is an array of events" } };
      }
      return { ok: true, value: { batches: decodeBatches(payload, reader, context) } };
    },
  };
}

function* decodeBatches(events: readonly TailStreamEvent[], reader: TailReader, context: DecodeContext): Generator<Batch, void, undefined> {
  const groups = new ResourceGroups();
  for (const slice of splitInvocations(events)) {
    const onset = readMember(slice.onset, "event");
    const info = readMember(onset, "info");
    const handlerType = handlerTypeOf(info);
    if (handlerType === "tail" || (handlerType === "fetch" && reader.isOwnEndpoint(readMember(info, "url")))) {
      yield { resourceLogs: [], malformed: 0, filtered: slice.events.length };
      continue;
    }
    const resource = workerResource(onset ?? {}, context);
    const records = groups.records(resourceKey(resource), SCOPE, () => resource);
    const counts = pushSlice(records, slice, handlerType, reader, context.observedTimeUnixNano);
    yield { resourceLogs: groups.takeResourceLogs(), ...counts };
  }
}

function pushSlice(
  records: LogRecord[],
  slice: Slice,
  handlerType: string,
  reader: TailReader,
  observedTimeUnixNano: bigint,
): { readonly malformed: number; readonly filtered: number } {
  const onset = readMember(slice.onset, "event");
  const info = readMember(onset, "info");
  const headers = handlerType === "fetch" ? readHeaders(readMember(info, "headers"), reader.wantedHeaders) : NO_HEADERS;
  const summary = summarize(slice);
  const invocation = readInvocation(slice, handlerType, headers, summary, reader, observedTimeUnixNano);
  const hasOwnRecord = summary.end !== undefined && reader.invocationLogs;
  if (hasOwnRecord) {
    const handler = readHandler(info, handlerType, headers, summary, reader.request);
    records.push(invocationRecord(invocation, readEnd(slice, summary), handler, extraAttributes(onset, summary)));
  }
  const rootSpan = readMember(onset, "spanId");
  let malformed = 0;
  let filtered = 0;
  for (const envelope of slice.events) {
    const event = readMember(envelope, "event");
    const record = readEvent(envelope, event, invocation, reader);
    if (record !== undefined) {
      records.push(record);
      continue;
    }
    switch (readMember(event, "type")) {
      case "onset":
      case "return":
      case "outcome":
        if (!hasOwnRecord) filtered++;
        break;
      case "attributes":
        if (!hasOwnRecord || !isOfSpan(envelope, rootSpan)) filtered++;
        break;
      case "spanOpen":
      case "spanClose":
      case "spanUpdate":
      case "diagnosticChannel":
        filtered++;
        break;
      default:
        records.push(brokenPart(invocation, envelope, "not a stream event of a known type"));
        malformed++;
    }
  }
  return { malformed, filtered };
}

function readInvocation(
  slice: Slice,
  handlerType: string,
  headers: Headers,
  { end }: Summary,
  { useTraceparent }: TailReader,
  observedTimeUnixNano: bigint,
): Invocation {
  const onset = readMember(slice.onset, "event");
  const first = slice.onset ?? slice.events[0];
  // The platform's own trace goes on where a `traceparent` ends, once it adopts them; until then its ids are the better ones.
  const { trace, attributes: correlation } = readCorrelation(headers, readSpan(first), useTraceparent);
  const attributes = invocationAttributes({
    handlerType,
    invocationId: readMember(first, "invocationId"),
    rayId: headers.get("cf-ray"),
    outcome: readMember(end, "outcome"),
    executionModel: readMember(onset, "executionModel"),
    entrypoint: readMember(onset, "entrypoint"),
    durableObjectId: readMember(onset, "durableObjectId"),
    tailAttributes: readMember(onset, "tailAttributes"),
  });
  return { observedTimeUnixNano, handlerType, attributes, correlation, trace };
}

function readEnd(slice: Slice, { end, status, hasExceptions }: Summary) {
  return {
    time: readMember(slice.onset, "timestamp"),
    outcome: readMember(end, "outcome"),
    hasExceptions,
    status: typeof status === "number" ? status : undefined,
    cpuTime: readMember(end, "cpuTime"),
    wallTime: readMember(end, "wallTime"),
  };
}

/** @returns undefined for an event that is no record of its own */
function readEvent(envelope: unknown, event: unknown, invocation: Invocation, reader: TailReader): LogRecord | undefined {
  const time = readMember(envelope, "timestamp");
  const sequence = readMember(envelope, "sequence");
  const trace = readSpan(envelope) ?? invocation.trace;
  switch (readMember(event, "type")) {
    case "log": {
      const truncated = readMember(event, "truncated") === true;
      const [level, message, errorInfo] = ["level", "message", "errorInfo"].map((name) => readMember(event, name));
      return consoleRecord(invocation, { time, level, message, errorInfo, truncated }, sequence, reader.parseJsonMessages, trace);
    }
    case "exception":
      return exceptionRecord(invocation, event, time, sequence, trace);
    case "diagnosticChannel": {
      if (!reader.diagnosticsChannels) return undefined;
      const diagnostics = { time, channel: readMember(event, "channel"), message: readMember(event, "message") };
      return diagnosticsRecord(invocation, diagnostics, sequence, trace);
    }
    case "streamDiagnostic":
      return noticeRecord(invocation, readMember(event, "diagnostic"), time, sequence, trace);
    default:
      return undefined;
  }
}
