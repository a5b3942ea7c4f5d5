// The streaming tail consumer, experimental as the platform's own: the events of an invocation are collected and delivered when it ends, or
// when there are many of them.
import { readMember } from "../../core/read/cloudflare/platform-object.ts";
import type { Source } from "../../core/source.ts";
import { isOfSpan } from "../../core/sources/cloudflare-tail-stream/slice.ts";
import { createCloudflareTailStreamSource, type TailStreamEvent } from "../../core/sources/cloudflare-tail-stream.ts";
import type { WorkerContext, WorkerEnv } from "./platform.ts";
import { type Started, startWorker } from "./start.ts";
import { deliverOnce, reportNotDelivered } from "./tail.ts";

/** Events after which a slice is delivered: a WebSocket's invocation may go on for hours. */
const MAX_SLICE_EVENTS = 512;
/** An invocation's record has room for as many attributes. */
const MAX_KEPT_EVENTS = 128;

type EventHandler = (event: TailStreamEvent) => void;

const sources = new WeakMap<Started, Source<readonly TailStreamEvent[]>>();

/** @returns undefined, which ends the stream, unless it is switched on */
export function tailStream(onset: TailStreamEvent, env: WorkerEnv, context: WorkerContext): EventHandler | undefined {
  const started = startWorker(env);
  if (!started.ok) {
    reportNotDelivered("cloudflare-tail-stream", { reason: "refused", detail: started.error.detail });
    return undefined;
  }
  const { config } = started.value;
  if (!config.cloudflare.streamingTail) return undefined;
  let source = sources.get(started.value);
  if (source === undefined) {
    source = createCloudflareTailStreamSource({ ...config.cloudflare, ownEndpoint: config.otlp.endpoint });
    sources.set(started.value, source);
  }
  return collect(onset, source, started.value, context);
}

function collect(
  onset: TailStreamEvent,
  source: Source<readonly TailStreamEvent[]>,
  started: Started,
  context: WorkerContext,
): EventHandler {
  const rootSpan = readMember(onset.event, "spanId");
  // What the record of the invocation needs, which comes with its last event.
  let attributes: TailStreamEvent[] = [];
  let returned: TailStreamEvent[] = [];
  let hadExceptions = false;
  let slice: TailStreamEvent[] = [];
  return (event) => {
    const type = readMember(event.event, "type");
    if (type === "return") returned = [event];
    else if (type === "attributes" && attributes.length < MAX_KEPT_EVENTS && isOfSpan(event, rootSpan)) attributes.push(event);
    else slice.push(event);
    if (type === "exception") hadExceptions = true;
    const isLast = type === "outcome";
    if (!isLast && slice.length < MAX_SLICE_EVENTS) return;
    const head = hadExceptions ? afterExceptions(onset) : onset;
    context.waitUntil(deliverOnce(source, isLast ? [head, ...attributes, ...returned, ...slice] : [head, ...slice], started));
    slice = [];
    if (isLast) attributes = returned = [];
  };
}

/** Member by member: it is the runtime's object. */
function afterExceptions({ invocationId, spanContext, timestamp, sequence, event }: TailStreamEvent): TailStreamEvent {
  return { invocationId, spanContext, timestamp, sequence, event, hadExceptions: true };
}
