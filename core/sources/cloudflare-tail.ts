// Cloudflare Tail Worker: the trace items of one `tail()` call (what Workers logged, threw and served) -> OTLP.
// https://developers.cloudflare.com/workers/runtime-apis/handlers/tail/
import { ResourceGroups } from "../otlp/group.ts";
import type { LogRecord, Scope } from "../otlp/model.ts";
import { brokenRecord } from "../read/broken.ts";
import { type Invocation, invocationAttributes } from "../read/cloudflare/invocation.ts";
import { readMember } from "../read/cloudflare/platform-object.ts";
import { invocationRecord } from "../read/cloudflare/records.ts";
import { type Headers, readCorrelation, readHeaders } from "../read/cloudflare/request.ts";
import { createTailReader, type TailOptions, type TailReader } from "../read/cloudflare/tail-options.ts";
import { resourceKey, workerResource } from "../read/cloudflare/worker-resource.ts";
import { toAnyValue } from "../read/value.ts";
import type { Batch, DecodeContext, Source } from "../source.ts";
import { VERSION } from "../version.ts";
import { handlerTypeOf, readHandler, unknownFields } from "./cloudflare-tail/event.ts";
import { pushParts } from "./cloudflare-tail/parts.ts";

/**
 * A `TraceItem` of `@cloudflare/workers-types`, or a plain object of its shape. Its members are lazy getters of the runtime:
 * any may be absent, of another type, or throw. They are read by name; an item is never cloned, nor unredacted.
 */
export interface TraceItemLike {
  /** Without a discriminant: its members tell what handler ran. Null when the platform does not know. */
  readonly event?: unknown;
  /** Milliseconds since the Unix epoch. */
  readonly eventTimestamp?: unknown;
  /** `{timestamp, level, message: [...arguments], errorInfo?: [...]}` */
  readonly logs?: unknown;
  /** `{timestamp, name, message, stack?}` */
  readonly exceptions?: unknown;
  /** `{timestamp, channel, message}` */
  readonly diagnosticsChannelEvents?: unknown;
  readonly scriptName?: unknown;
  readonly entrypoint?: unknown;
  /** `{id?, tag?, message?}` */
  readonly scriptVersion?: unknown;
  readonly dispatchNamespace?: unknown;
  readonly scriptTags?: unknown;
  readonly tailAttributes?: unknown;
  /** `{id, slug, name}` */
  readonly preview?: unknown;
  readonly durableObjectId?: unknown;
  readonly outcome?: unknown;
  readonly executionModel?: unknown;
  readonly truncated?: unknown;
  /** Milliseconds. */
  readonly cpuTime?: unknown;
  /** Milliseconds. */
  readonly wallTime?: unknown;
}

export type CloudflareTailOptions = TailOptions;

const NO_HEADERS: Headers = new Map();
const SCOPE: Scope = { name: "otlp-drain/cloudflare-tail", version: VERSION };
/** Records after which a batch is handed out; the runtime caps a whole item at 256 kB. */
const RECORDS_PER_BATCH = 256;

/**
 * The payload is the argument of `tail()`, as it came. Skipped, and counted as filtered: invocations of tail workers and of our
 * own endpoint, and items that have nothing to say.
 */
export function createCloudflareTailSource(options: CloudflareTailOptions = {}): Source<readonly TraceItemLike[]> {
  const reader = createTailReader(options);
  return {
    name: "cloudflare-tail",
    decode(payload, context) {
      if (!Array.isArray(payload))
        return { ok: false, error: { reason: "unreadable", detail: "a tail payload is an array of trace items" } };
      return { ok: true, value: { batches: decodeBatches(payload, reader, context) } };
    },
  };
}

function* decodeBatches(items: readonly TraceItemLike[], reader: TailReader, context: DecodeContext): Generator<Batch, void, undefined> {
  const groups = new ResourceGroups();
  let records = 0;
  let malformed = 0;
  let filtered = 0;
  for (const item of items) {
    const resource = workerResource(item, context);
    const group = groups.records(resourceKey(resource), SCOPE, () => resource);
    const before = group.length;
    malformed += pushItem(group, item, reader, context.observedTimeUnixNano);
    records += group.length - before;
    if (group.length === before) filtered++;
    if (records < RECORDS_PER_BATCH) continue;
    yield { resourceLogs: groups.takeResourceLogs(), malformed, filtered };
    records = malformed = filtered = 0;
  }
  if (records + filtered > 0) yield { resourceLogs: groups.takeResourceLogs(), malformed, filtered };
}

/** @returns how many of the records are raw; none is appended for an item that is skipped */
function pushItem(records: LogRecord[], item: TraceItemLike, reader: TailReader, observedTimeUnixNano: bigint): number {
  if (typeof item !== "object" || item === null || Array.isArray(item)) {
    records.push(brokenRecord(toAnyValue(item) ?? null, "not a trace item", observedTimeUnixNano));
    return 1;
  }
  const event = readMember(item, "event");
  const handlerType = handlerTypeOf(event);
  const request = handlerType === "fetch" ? readMember(event, "request") : undefined;
  // What a tail worker logs about its own work would come back to it for ever.
  if (handlerType === "tail" || reader.isOwnEndpoint(readMember(request, "url"))) return 0;
  const headers = request === undefined ? NO_HEADERS : readHeaders(readMember(request, "headers"), reader.wantedHeaders);
  const invocation = readInvocation(item, handlerType, headers, reader, observedTimeUnixNano);
  if (reader.invocationLogs) records.push(readInvocationRecord(item, invocation, event, headers, reader));
  return pushParts(records, item, invocation, reader);
}

function readInvocation(
  item: TraceItemLike,
  handlerType: string,
  headers: Headers,
  { useTraceparent }: TailReader,
  observedTimeUnixNano: bigint,
): Invocation {
  const { trace, attributes: correlation } = readCorrelation(headers, undefined, useTraceparent);
  const rayId = headers.get("cf-ray");
  const attributes = invocationAttributes({
    handlerType,
    invocationId: rayId,
    rayId,
    outcome: readMember(item, "outcome"),
    executionModel: readMember(item, "executionModel"),
    entrypoint: readMember(item, "entrypoint"),
    durableObjectId: readMember(item, "durableObjectId"),
    tailAttributes: readMember(item, "tailAttributes"),
    truncated: readMember(item, "truncated"),
  });
  return { observedTimeUnixNano, handlerType, attributes, correlation, trace };
}

function readInvocationRecord(
  item: TraceItemLike,
  invocation: Invocation,
  event: unknown,
  headers: Headers,
  reader: TailReader,
): LogRecord {
  const exceptions = readMember(item, "exceptions");
  const status = readMember(readMember(event, "response"), "status");
  const end = {
    time: readMember(item, "eventTimestamp"),
    outcome: readMember(item, "outcome"),
    hasExceptions: Array.isArray(exceptions) && exceptions.length > 0,
    status: typeof status === "number" ? status : undefined,
    cpuTime: readMember(item, "cpuTime"),
    wallTime: readMember(item, "wallTime"),
  };
  return invocationRecord(invocation, end, readHandler(event, invocation.handlerType, headers, reader.request), unknownFields(item, event));
}
