// The pages of `docs/mapping/`: each platform's source, and how the text of one of its fixtures becomes the payload.
import type { ResourceLogs } from "../../core/otlp/model.ts";
import { parseSubscription } from "../../core/read/cloudwatch/envelope.ts";
import type { Source } from "../../core/source.ts";
import { createCloudflareLogpushSource } from "../../core/sources/cloudflare-logpush.ts";
import { createCloudflareTailSource } from "../../core/sources/cloudflare-tail.ts";
import { createCloudflareTailStreamSource } from "../../core/sources/cloudflare-tail-stream.ts";
import { createCloudWatchSource } from "../../core/sources/cloudwatch.ts";
import { createFirehoseSource, type FirehosePayload } from "../../core/sources/firehose.ts";
import { fly } from "../../core/sources/fly.ts";
import { vercel } from "../../core/sources/vercel.ts";
import { OBSERVED_TIME_UNIX_NANO } from "../support/conformance.ts";

export interface Platform {
  /** That of its source, of its fixtures and of its page. */
  readonly name: string;
  readonly title: string;
  /** Decodes the text of a fixture; no records when it is no payload. */
  readonly decode: (text: string) => readonly ResourceLogs[];
}

const encoder = new TextEncoder();

export const PLATFORMS: readonly Platform[] = [
  fromText("Vercel drain", vercel, (text) => encoder.encode(text)),
  fromText("Fly.io log shipper and Vector", fly, (text) => encoder.encode(text)),
  fromText("CloudWatch Logs subscription", createCloudWatchSource({ region: "us-west-2" }), parseSubscription),
  fromText("Amazon Data Firehose", createFirehoseSource(), readFirehose),
  fromText("Cloudflare tail Worker", createCloudflareTailSource(), (text) => JSON.parse(text)),
  fromText("Cloudflare streaming tail Worker", createCloudflareTailStreamSource(), (text) => JSON.parse(text, reviveAsWorkers)),
  fromText("Cloudflare Logpush", createCloudflareLogpushSource(), (text) => encoder.encode(text)),
];

function fromText<Payload>(title: string, source: Source<Payload>, toPayload: (text: string) => Payload): Platform {
  return {
    name: source.name,
    title,
    decode(text) {
      const decoded = source.decode(toPayload(text), { observedTimeUnixNano: OBSERVED_TIME_UNIX_NANO });
      return decoded.ok ? [...decoded.value.batches].flatMap(({ resourceLogs }) => resourceLogs) : [];
    },
  };
}

/** Its fixtures hold the texts of the records as they are after base64 and gzip. */
function readFirehose(text: string): FirehosePayload {
  const { records, ...headers } = JSON.parse(text) as Omit<FirehosePayload, "records"> & { readonly records: readonly unknown[] };
  return { ...headers, records: records.map((record) => encoder.encode(typeof record === "string" ? record : JSON.stringify(record))) };
}

/** Workers hand over dates, and bigints. */
function reviveAsWorkers(key: string, value: unknown): unknown {
  if (typeof value !== "string") return value;
  if (key === "timestamp" || key === "scheduledTime") return new Date(value);
  return key === "value" && /^\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value;
}
