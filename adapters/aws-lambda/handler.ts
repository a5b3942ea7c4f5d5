// The handler: what an invocation is, its delivery, and the answer that has Lambda, Kinesis or the queue do the right thing next.
// Nothing is kept between invocations, and nothing is left to do after the answer: the runtime freezes then.
import { type Config, readConfig } from "../../core/config.ts";
import type { Drain } from "../../core/drain.ts";
import { createCloudWatchSource } from "../../core/sources/cloudwatch.ts";
import { createConfiguredDrain, createConfiguredExporter } from "../configured.ts";
import { createNodeFetch } from "../node-fetch.ts";
import { gzipFast } from "../node-gzip.ts";
import { createWatch, type Report } from "../report.ts";
import { deliverPieces, type PieceOutcome } from "./deliver.ts";
import { type Piece, readInvocation } from "./event.ts";
import { createHttpDoor, type HttpDoor } from "./http-door.ts";
import type { HttpResult } from "./http-event.ts";

export interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html */
interface BatchResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** Two parameters: the Node 24 runtime refuses a third, which once was a callback. */
export type LambdaHandler = (event: unknown, context: LambdaContext) => Promise<BatchResponse | HttpResult | undefined>;

export interface LambdaHandlerOptions {
  readonly config: Config;
  readonly drain: Drain;
  readonly report: Report;
}

/** Before Lambda ends an invocation without a word, there is time left to answer. */
const MARGIN_MS = 1_000;

/**
 * Starts the function as its environment configures it.
 * @throws when a variable is faulty or the destination is missing: Lambda then reports a failed start and keeps the events
 */
export function startLambda(env: Readonly<Record<string, string | undefined>>, report: Report): LambdaHandler {
  const read = readConfig(env);
  if (!read.ok) throw createError("ConfigurationError", read.error.map(({ message }) => message).join("; "));
  const config = read.value;
  if (config.exporter !== "otlp")
    throw createError(
      "ConfigurationError",
      `OTLP_DRAIN_EXPORTER is "${config.exporter}", which does not run on Lambda; accepted there: otlp`,
    );
  const fetch = createNodeFetch(config.otlp.endpoint);
  const exporter = createConfiguredExporter(config, { now: Date.now, report, gzip: gzipFast, fetch });
  if (exporter === undefined)
    throw createError("ConfigurationError", "OTEL_EXPORTER_OTLP_ENDPOINT is not set, so there is nowhere to deliver to");
  for (const warning of config.warnings) report({ level: "warn", message: warning });
  return createLambdaHandler({ config, drain: createConfiguredDrain(config, exporter, { now: Date.now }), report });
}

export function createLambdaHandler(options: LambdaHandlerOptions): LambdaHandler {
  const { config, drain, report } = options;
  const source = createCloudWatchSource(config.cloudWatch);
  const watch = createWatch(report);
  let http: HttpDoor | undefined;

  async function deliver(pieces: readonly Piece[], context: LambdaContext): Promise<PieceOutcome> {
    const remainingMs = () => budgetOf(context);
    const outcome = await deliverPieces(pieces, { drain, source, maxBytes: config.maxDecodedBytes, remainingMs });
    // What is thrown is reported by the runtime.
    if (outcome.failure === undefined) watch(source.name, { ok: true, value: outcome.receipt }, outcome.skipped);
    return outcome;
  }

  return async (event, context) => {
    const invocation = readInvocation(event);
    switch (invocation.kind) {
      case "logs": {
        const { failure } = await deliver(invocation.pieces, context);
        if (failure !== undefined) throw createError("NotDelivered", `${failure.reason}: ${failure.detail}`);
        if (invocation.unhandled.length > 0) throw createError("UnhandledEvent", describeUnhandled(invocation.unhandled.join("; ")));
        return undefined;
      }
      case "kinesis": {
        const { failure, receipt, skipped } = await deliver(invocation.pieces, context);
        if (failure === undefined) return { batchItemFailures: [] };
        if (failure.from.sequenceNumber === undefined) throw createError("NotDelivered", `${failure.reason}: ${failure.detail}`);
        // Of what does not come again.
        watch(source.name, { ok: true, value: receipt }, skipped);
        watch(source.name, { ok: false, error: failure });
        // Kinesis delivers again from the lowest number on, so one says it all.
        return { batchItemFailures: [{ itemIdentifier: failure.from.sequenceNumber }] };
      }
      case "http": {
        // Made when the first request comes: most functions never see one.
        http ??= createHttpDoor(options);
        return await http(invocation.event, budgetOf(context));
      }
      case "nothing":
        return undefined;
      case "unhandled":
        throw createError("UnhandledEvent", describeUnhandled(invocation.shape));
    }
  };
}

function budgetOf(context: LambdaContext): number {
  return context.getRemainingTimeInMillis() - MARGIN_MS;
}

function describeUnhandled(shape: string): string {
  return `this function does not handle ${shape}`;
}

/** The runtime shows name and message; a stack of ours would tell an operator nothing. */
function createError(name: string, message: string): Error {
  const error = new Error(message);
  error.name = name;
  error.stack = `${name}: ${message}`;
  return error;
}
