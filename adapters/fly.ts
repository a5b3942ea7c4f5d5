// How the Fly.io log shipper and any other Vector `http` sink talk: a token by `Authorization` (Bearer, Basic) or a header
// of its own. Vector deletes what is answered with another 4xx than 429 and keeps what is answered with 503.
import { readCredentials } from "../core/request/auth.ts";
import type { Failure } from "../core/source.ts";
import { createFlySource } from "../core/sources/fly.ts";
import { authenticateByToken, type HttpDrain, plainAnswer } from "./http-drain.ts";

export const flyDrain: HttpDrain = {
  name: "fly",
  paths: ["/fly", "/vector"],
  secretVariable: "FLY_DRAIN_TOKEN",
  // Vector gives up after 60 s.
  budgetMs: 50_000,
  setup:
    "Fly.io: fly secrets set HTTP_URL=<this server>/fly HTTP_TOKEN=<FLY_DRAIN_TOKEN> on the log shipper; Vector: an http sink to /vector",
  create({ secrets, flyIgnoreApps, insecure }) {
    const tokens = secrets["FLY_DRAIN_TOKEN"] ?? [];
    const source = createFlySource({ ignoreApps: flyIgnoreApps });
    return {
      authentication: authenticateByToken(tokens, insecure, (headers) => [
        ...readCredentials(headers),
        headers.get("x-drain-token") ?? undefined,
      ]),
      refuse: ({ headers }) => (/^application\/(?:x-)?protobuf\b/i.test(headers.get("content-type") ?? "") ? OTLP_CODEC : undefined),
      deliver: (drain, body, options) => drain.deliver(source, body, options),
      answer: (outcome) => plainAnswer(outcome),
    };
  },
};

const OTLP_CODEC: Failure = {
  reason: "unsupported",
  detail: "codec otlp is ready for a backend: point it at /v1/logs there, and send JSON or NDJSON here",
};
