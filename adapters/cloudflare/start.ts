// A Worker's set-up out of its bindings: made at the first event of an isolate and kept as long as the bindings are, never per request.
import { type Config, readConfig } from "../../core/config.ts";
import type { Drain } from "../../core/drain.ts";
import type { Exporter } from "../../core/export/exporter.ts";
import type { Result } from "../../core/source.ts";
import { createConfiguredDrain, createConfiguredExporter } from "../configured.ts";
import { createWatch, reportToConsole } from "../report.ts";
import { findGzip } from "./gzip.ts";
import type { QueueProducer, WorkerEnv } from "./platform.ts";
import { createQueueExporter } from "./queue-message.ts";

export interface Started {
  readonly config: Config;
  readonly exporter: Exporter;
  readonly drain: Drain;
  /** Takes what the destination does not; undefined without the binding. */
  readonly queueDrain: Drain | undefined;
  readonly watch: ReturnType<typeof createWatch>;
}

/** Why it cannot start. */
export interface StartFault {
  /** For anybody: variables by name. */
  readonly public: string;
  /** For the operator. */
  readonly detail: string;
}

/** The binding that switches the durable retry on. */
const QUEUE_BINDING = "OTLP_DRAIN_QUEUE";
const NO_DESTINATION = "OTEL_EXPORTER_OTLP_ENDPOINT is not set";

const known = new WeakMap<WorkerEnv, Result<Started, StartFault>>();

export function startWorker(env: WorkerEnv): Result<Started, StartFault> {
  let started = known.get(env);
  if (started === undefined) {
    started = start(env);
    known.set(env, started);
  }
  return started;
}

function start(env: WorkerEnv): Result<Started, StartFault> {
  // Bindings that are no text count as not set.
  const read = readConfig(env as Readonly<Record<string, string | undefined>>);
  if (!read.ok) {
    const names = [...new Set(read.error.map(({ variable }) => variable))].join(", ");
    return { ok: false, error: { public: `faulty: ${names}`, detail: read.error.map(({ message }) => message).join("; ") } };
  }
  const config = read.value;
  if (config.exporter !== "otlp") {
    const detail = `OTLP_DRAIN_EXPORTER is "${config.exporter}", which does not run in a Worker; accepted there: otlp`;
    return { ok: false, error: { public: "faulty: OTLP_DRAIN_EXPORTER", detail } };
  }
  const exporter = createConfiguredExporter(config, { now: Date.now, report: reportToConsole, gzip: findGzip() });
  if (exporter === undefined)
    return { ok: false, error: { public: NO_DESTINATION, detail: `${NO_DESTINATION}, so there is nowhere to deliver to` } };
  for (const warning of config.warnings) reportToConsole({ level: "warn", message: warning });
  const queue = readQueue(env);
  const drainTo = (way: Exporter): Drain => createConfiguredDrain(config, way, { now: Date.now });
  return {
    ok: true,
    value: {
      config,
      exporter,
      drain: drainTo(exporter),
      queueDrain: queue && drainTo(createQueueExporter(queue)),
      watch: createWatch(reportToConsole),
    },
  };
}

function readQueue(env: WorkerEnv): QueueProducer | undefined {
  const binding = (env as Readonly<Record<string, unknown>>)[QUEUE_BINDING];
  const isQueue = typeof binding === "object" && binding !== null && typeof (binding as QueueProducer).send === "function";
  return isQueue ? (binding as QueueProducer) : undefined;
}
