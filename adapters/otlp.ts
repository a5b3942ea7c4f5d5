// How OTLP/HTTP clients talk: one path per signal, JSON or protobuf, answers in the encoding of the request; 429, 502, 503 and 504 are sent
// again, anything else that is no 200 is dropped. https://opentelemetry.io/docs/specs/otlp/#otlphttp
import type { Receipt } from "../core/drain.ts";
import { encodeExportResponse, encodeStatus, MEDIA_TYPES } from "../core/otlp/answer.ts";
import { readOtlpRequest } from "../core/otlp/pass-through.ts";
import type { Encoding, Signal } from "../core/otlp/signal.ts";
import type { Failure, Result } from "../core/source.ts";
import { isLogpushValidation } from "../core/sources/cloudflare-logpush.ts";
import { createOtlpSource } from "../core/sources/otlp.ts";
import { authenticateByToken, type HttpDrain, type HttpDrainHandlers, isEmptyPayload, retryAfterSeconds } from "./http-drain.ts";
import { NO_RECEIPT } from "./receipts.ts";

const PATHS = ["/v1/logs", "/v1/traces", "/v1/metrics"] as const;

export const otlpDrain: HttpDrain = {
  name: "otlp",
  paths: PATHS,
  secretVariable: "OTLP_INTAKE_TOKEN",
  // OTLP exporters give up after 10 s.
  budgetMs: 8_000,
  setup:
    "OTLP: endpoint <this server>, header authorization=Bearer <OTLP_INTAKE_TOKEN>; logs, and traces and metrics where the backend takes them",
  create({ secrets, insecure, otlp }) {
    const tokens = secrets["OTLP_INTAKE_TOKEN"] ?? [];
    return {
      authentication: authenticateByToken(tokens, insecure),
      // Cloudflare tests its OTLP destinations as it tests those of Logpush.
      isProbe: (body) => isLogpushValidation(body) || isEmptyPayload(body),
      sniffGzip: true,
      deliver: async (drain, body, options, request) => {
        const signal = signalOf(request);
        const encoding = encodingOf(request, body);
        if (encoding === undefined) return UNSUPPORTED;
        const read = readOtlpRequest(body, signal, encoding);
        if (!read.ok) return read;
        if (read.value.kind === "request" && read.value.request.records === 0) return { ok: true, value: NO_RECEIPT };
        if (signal !== "logs" && (drain.forward === undefined || otlp[signal] === undefined)) return NO_DESTINATION[signal];
        if (read.value.kind === "request" && drain.forward !== undefined) return await drain.forward(read.value.request, options);
        return await drain.deliver(createOtlpSource(encoding), body, options);
      },
      answer,
    };
  },
};

const UNSUPPORTED: Result<never, Failure> = {
  ok: false,
  error: { reason: "unsupported", detail: "send application/json or application/x-protobuf" },
};

/** 503, so that clients keep their data while the operator mends it. */
const NO_DESTINATION: Readonly<Record<"traces" | "metrics", Result<never, Failure>>> = {
  traces: noDestination("traces"),
  metrics: noDestination("metrics"),
};

function noDestination(signal: "traces" | "metrics"): Result<never, Failure> {
  const variables = `OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_ENDPOINT`;
  return {
    ok: false,
    error: { reason: "refused", detail: `no destination for ${signal}: set ${variables}, and leave OTLP_DRAIN_EXPORTER at otlp` },
  };
}

/** By the end of the path: the drain may be mounted below another one. */
function signalOf({ url }: Request): Signal {
  const name = /\/v1\/(traces|metrics)\/?$/.exec(new URL(url).pathname)?.[1];
  return name === "traces" || name === "metrics" ? name : "logs";
}

/** Without a media type only what begins like JSON is read; protobuf has nothing to know it by. */
function encodingOf({ headers }: Request, body: Uint8Array): Encoding | undefined {
  switch (mediaTypeOf(headers)) {
    case "application/json":
      return "json";
    case "application/x-protobuf":
    case "application/protobuf":
      return "protobuf";
    case "":
      return body[0] === 0x7b || body[0] === 0x5b ? "json" : undefined;
    default:
      return undefined;
  }
}

function mediaTypeOf(headers: Headers): string {
  return (headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

/** google.rpc.Code by HTTP status. */
const CODES: Readonly<Record<number, number>> = { 400: 3, 401: 16, 413: 8, 415: 3, 503: 14 };

const answer: HttpDrainHandlers["answer"] = (outcome, request) => {
  const encoding = /^application\/(?:x-)?protobuf$/.test(mediaTypeOf(request.headers)) ? "protobuf" : "json";
  const headers = { "content-type": MEDIA_TYPES[encoding] };
  if (outcome.ok) return new Response(encodeSuccess(outcome.value, encoding, signalOf(request)), { status: 200, headers });
  const { status, message, ...more } = describe(outcome.error);
  return new Response(encodeStatus(encoding, CODES[status] ?? 2, message), { status, headers: { ...headers, ...more.headers } });
};

/** What the destination said of it, too: a client that is told of a partial success logs it. */
function encodeSuccess(receipt: Receipt | undefined, encoding: Encoding, signal: Signal): Uint8Array<ArrayBuffer> {
  const { rejected, notes } = receipt ?? NO_RECEIPT;
  return encodeExportResponse(encoding, signal, rejected, notes.join("; "));
}

function describe(failure: Failure): {
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
} {
  const again = () => ({ "retry-after": String(retryAfterSeconds(failure)) });
  switch (failure.reason) {
    case "unauthorized":
      return { status: 401, message: failure.detail, headers: { "www-authenticate": "Bearer" } };
    case "too-large":
      return { status: 413, message: failure.detail };
    case "unsupported":
      return { status: 415, message: failure.detail };
    case "unreadable":
      return { status: 400, message: failure.detail };
    case "retryable":
      return { status: 503, message: "the destination is not available", headers: again() };
    case "refused": {
      const isOurs = Object.values(NO_DESTINATION).some((result) => !result.ok && result.error === failure);
      return { status: 503, message: isOurs ? failure.detail : "the destination refuses deliveries", headers: again() };
    }
  }
}
