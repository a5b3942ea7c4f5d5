// How Vercel's drains talk: an HMAC-SHA1 of the body in `x-vercel-signature`, an ownership check by `x-vercel-verify`,
// 200 for delivered, 503 for send-again. https://vercel.com/docs/drains/security
import { createHmacSha1Verifier } from "../core/request/auth.ts";
import type { Failure } from "../core/source.ts";
import { vercel } from "../core/sources/vercel.ts";
import { type HttpDrain, jsonResponse, plainAnswer } from "./http-drain.ts";

export const vercelDrain: HttpDrain = {
  name: "vercel",
  paths: ["/vercel"],
  secretVariable: "VERCEL_DRAIN_SECRET",
  // Vercel publishes no timeout; this stays below what any HTTP client that is not told otherwise waits.
  budgetMs: 25_000,
  setup: "Vercel: Team Settings > Drains > Add Drain > Logs, custom endpoint POST <this server>/vercel, secret = VERCEL_DRAIN_SECRET",
  create({ secrets, vercelVerify, insecure }) {
    const configured = secrets["VERCEL_DRAIN_SECRET"] ?? [];
    const verifySignature = createHmacSha1Verifier(configured);
    const verified: Readonly<Record<string, string>> = vercelVerify === undefined ? {} : { "x-vercel-verify": vercelVerify };
    return {
      authentication:
        configured.length === 0 && insecure
          ? { by: "nothing" }
          : {
              by: "signature",
              isSigned: ({ headers }) => /^[0-9a-f]{40}$/.test(headers.get("x-vercel-signature") ?? ""),
              verify: ({ headers }, bytes) => verifySignature(bytes, headers.get("x-vercel-signature")),
            },
      refuse: ({ headers }) => (isTraceDrain(headers.get("content-type")) ? TRACE_DRAIN : undefined),
      deliver: async (drain, body, options) =>
        isTraceBody(body) ? { ok: false, error: TRACE_DRAIN } : drain.deliver(vercel, body, options),
      answer(outcome) {
        if (!outcome.ok && outcome.error.reason === "unauthorized") {
          return jsonResponse(403, { code: "invalid_signature", error: "signature didn't match" });
        }
        return plainAnswer(outcome, verified);
      },
    };
  },
};

const TRACE_DRAIN: Failure = {
  reason: "unsupported",
  detail: "this is a log drain: point trace drains (OTLP) at the OTLP backend itself, and send logs as JSON or NDJSON",
};

function isTraceDrain(contentType: string | null): boolean {
  return /^application\/(?:x-)?protobuf\b/i.test(contentType ?? "");
}

/** OTLP/JSON begins with its only member. */
function isTraceBody(body: Uint8Array): boolean {
  return /^\s*\{\s*"resourceSpans"\s*:/.test(new TextDecoder().decode(body.subarray(0, 64)));
}
