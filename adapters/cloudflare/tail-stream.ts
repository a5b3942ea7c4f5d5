// The streaming tail consumer, experimental as the platform's own: the events of an invocation are collected and delivered when it ends, or
// when there are many of them.
import type { Source } from "../../core/source.ts";
import { createCloudflareTailStreamSource, type TailStreamEvent } from "../../core/sources/cloudflare-tail-stream.ts";
import type { WorkerContext, WorkerEnv } from "./platform.ts";
import { type Started, startWorker } from "./start.ts";
import { deliverOnce, reportNotDelivered } from "./tail.ts";

/** Events after which a slice is delivered: a WebSocket's invocation may go on for hours. */
const MAX_SLICE_EVENTS = 512;
/** What the record of the invocation needs, which comes with its last event. */
const KEPT: ReadonlySet<unknown> = new Set(["attributes", "return"]);
/** Attributes of very many spans are not kept. */
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
    source = createCloudflareTailStreamSource({ invocationLogs: config.cloudflare.invocationLogs, ownEndpoint: config.otlp.endpoint });
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
  let kept: TailStreamEvent[] = [];
  let slice: TailStreamEvent[] = [];
  return (event) => {
    const type = typeOf(event);
    if (KEPT.has(type) && kept.length < MAX_KEPT_EVENTS) kept.push(event);
    else slice.push(event);
    if (type !== "outcome" && slice.length < MAX_SLICE_EVENTS) return;
    // What is kept is no record, so it comes with every slice.
    context.waitUntil(deliverOnce(source, [onset, ...kept, ...slice], started));
    slice = [];
    if (type === "outcome") kept = [];
  };
}

function typeOf({ event }: TailStreamEvent): unknown {
  return typeof event === "object" && event !== null ? (event as { readonly type?: unknown }).type : undefined;
}
