// How Cloudflare Logpush talks to an HTTP destination: NDJSON in gzip, headers as the job's `header_<Name>` parameters say, and one
// test upload when the job is created. https://developers.cloudflare.com/logs/logpush/logpush-job/enable-destinations/http/
import { readCredentials } from "../core/request/auth.ts";
import { createCloudflareLogpushSource, isLogpushValidation } from "../core/sources/cloudflare-logpush.ts";
import { authenticateByToken, type HttpDrain, isEmptyPayload, plainAnswer } from "./http-drain.ts";

export const logpushDrain: HttpDrain = {
  name: "logpush",
  paths: ["/cloudflare/logpush"],
  secretVariable: "LOGPUSH_TOKEN",
  // Cloudflare publishes no timeout; this stays below what HTTP clients usually wait.
  budgetMs: 25_000,
  setup:
    "Cloudflare Logpush: a job with destination_conf <this server>/cloudflare/logpush?header_Authorization=Bearer%20<LOGPUSH_TOKEN>&dataset=<name>",
  create({ secrets, insecure, cloudflare }) {
    const tokens = secrets["LOGPUSH_TOKEN"] ?? [];
    return {
      authentication: authenticateByToken(tokens, insecure, (headers) => [...readCredentials(headers), headers.get("x-cf-secret")?.trim()]),
      isProbe: (body) => isLogpushValidation(body) || isEmptyPayload(body),
      sniffGzip: true,
      deliver(drain, body, options, { url }) {
        const { invocationLogs, parseJsonMessages } = cloudflare;
        return drain.deliver(
          createCloudflareLogpushSource({ dataset: readDataset(url), invocationLogs, parseJsonMessages }),
          body,
          options,
        );
      },
      answer: (outcome) => plainAnswer(outcome),
    };
  },
};

/** The job's URL may name its dataset: the rows themselves do not. */
function readDataset(url: string): string | undefined {
  const dataset = new URL(url).searchParams.get("dataset");
  return dataset !== null && /^[a-z0-9_]{1,64}$/.test(dataset) ? dataset : undefined;
}
