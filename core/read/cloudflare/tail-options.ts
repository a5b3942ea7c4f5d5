// What batched and streaming tail can be asked for, and what is worked out of it once.
import { headersToRead, type RequestOptions } from "./request.ts";
import { createOwnEndpoint } from "./url.ts";

export interface TailOptions extends RequestOptions {
  /** One record per invocation, beside what it logged. Default true. */
  readonly invocationLogs?: boolean | undefined;
  /** Whether the request's `traceparent` names the trace of all records of its invocation, where the platform does not. Default true. */
  readonly traceparent?: boolean | undefined;
  /** Records of `node:diagnostics_channel`. Default false. */
  readonly diagnosticsChannels?: boolean | undefined;
  /** URL of our OTLP endpoint: when that is a tailed Worker too, its invocations by us are skipped. */
  readonly ownEndpoint?: string | undefined;
  /** Whether a text that is a JSON object is read like one. Default true. */
  readonly parseJsonMessages?: boolean | undefined;
}

export interface TailReader {
  readonly request: RequestOptions;
  readonly invocationLogs: boolean;
  readonly useTraceparent: boolean;
  readonly diagnosticsChannels: boolean;
  readonly parseJsonMessages: boolean;
  /** Lower-case names. */
  readonly wantedHeaders: ReadonlySet<string>;
  readonly isOwnEndpoint: (url: unknown) => boolean;
}

export function createTailReader(options: TailOptions): TailReader {
  const { invocationLogs = true, traceparent: useTraceparent = true, diagnosticsChannels = false, parseJsonMessages = true } = options;
  return {
    request: options,
    invocationLogs,
    useTraceparent,
    diagnosticsChannels,
    parseJsonMessages,
    wantedHeaders: headersToRead(options),
    isOwnEndpoint: createOwnEndpoint(options.ownEndpoint),
  };
}
