// How each platform delivers: its framing, its compression, its signature or token, and what it takes as a success. The one place that
// plays the platforms; `send` and the demo both deliver from here.
import { createHmac, randomUUID } from "node:crypto";
import { gzipSync } from "node:zlib";
import { readExportResponse } from "../../core/otlp/decode.ts";
import { encodeProtobuf } from "../../core/otlp/protobuf.ts";
import { cloudWatchSubscription, flyEvents, otlpLogs, traceEvents, vercelRecords } from "./samples.ts";

export type Compression = "gzip" | "none";

export interface Delivery {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

interface Answer {
  readonly status: number;
  readonly contentType: string | null;
  readonly body: Uint8Array;
}

interface Sample {
  readonly payload: Uint8Array<ArrayBuffer>;
  /** Log records that it holds. */
  readonly records: number;
}

export interface Sender {
  /** As `otlp-drain send` calls it. */
  readonly name: string;
  readonly platform: string;
  /** How it travels, in a few words. */
  readonly wire: string;
  /** The drain's own path. */
  readonly path: string;
  /** The drain's variable that this sender's secret must be in. */
  readonly secretVariable: string;
  readonly compression: Compression;
  /** A payload of this moment; `serial` makes its ids differ from those of the deliveries before. */
  sample(nowMs: number, serial: number): Sample;
  /**
   * The request that carries a payload. The payload is as the platform has it before framing and compression.
   * @param secret undefined sends it without credentials
   */
  deliver(payload: Uint8Array<ArrayBuffer>, secret: string | undefined, options: DeliverOptions): Delivery;
  /** What this platform would hold against the answer; undefined when it is a success. */
  objection(answer: Answer, delivery: Delivery): string | undefined;
}

interface DeliverOptions {
  readonly nowMs: number;
  readonly compression: Compression;
}

/** Every platform that delivers over HTTP. */
export const SENDERS: readonly Sender[] = [
  {
    name: "vercel",
    platform: "Vercel log drain",
    wire: "NDJSON, gzip, x-vercel-signature",
    path: "/vercel",
    secretVariable: "VERCEL_DRAIN_SECRET",
    compression: "gzip",
    sample: (nowMs, serial) => toSample(vercelRecords(nowMs, serial), toLines),
    deliver(payload, secret, { compression }) {
      const { body, headers } = compress(payload, compression);
      return {
        body,
        headers: {
          ...headers,
          "content-type": startsWithArray(payload) ? "application/json" : "application/x-ndjson",
          ...(secret === undefined ? {} : { "x-vercel-signature": signVercel(body, secret) }),
        },
      };
    },
    objection: wantStatus((status) => status === 200),
  },
  {
    name: "fly",
    platform: "Fly.io log shipper (Vector 0.29)",
    wire: "JSON array, bearer token",
    path: "/fly",
    secretVariable: "FLY_DRAIN_TOKEN",
    compression: "none",
    sample: (nowMs, serial) => toSample(flyEvents(nowMs, serial), JSON.stringify),
    deliver(payload, secret, { compression }) {
      const { body, headers } = compress(payload, compression);
      return {
        body,
        headers: {
          ...headers,
          "content-type": startsWithArray(payload) ? "application/json" : "application/x-ndjson",
          "user-agent": "Vector/0.29.1 (x86_64-unknown-linux-gnu)",
          "accept-encoding": "identity",
          ...bearer(secret),
        },
      };
    },
    objection: wantStatus((status) => status >= 200 && status < 300),
  },
  {
    name: "firehose",
    platform: "Amazon Data Firehose (CloudWatch Logs)",
    wire: "base64 of gzip in JSON, gzip, access key",
    path: "/firehose",
    secretVariable: "FIREHOSE_ACCESS_KEY",
    compression: "gzip",
    sample: (nowMs, serial) => {
      const subscription = cloudWatchSubscription(nowMs, serial) as { readonly logEvents: readonly unknown[] };
      return { payload: encode(JSON.stringify(subscription)), records: subscription.logEvents.length };
    },
    deliver(payload, secret, { nowMs, compression }) {
      const requestId = randomUUID();
      // CloudWatch Logs puts its JSON into the stream as gzip.
      const data = Buffer.from(gzipSync(payload)).toString("base64");
      const { body, headers } = compress(encode(JSON.stringify({ requestId, timestamp: nowMs, records: [{ data }] })), compression);
      return {
        body,
        headers: {
          ...headers,
          "content-type": "application/json",
          "user-agent": "Amazon Kinesis Data Firehose Agent/1.0",
          "x-amz-firehose-protocol-version": "1.0",
          "x-amz-firehose-request-id": requestId,
          "x-amz-firehose-source-arn": "arn:aws:firehose:eu-west-1:123456789012:deliverystream/otlp-drain",
          ...(secret === undefined ? {} : { "x-amz-firehose-access-key": secret }),
        },
      };
    },
    objection({ status, body }, { headers }) {
      if (status !== 200) return `status ${status}, where only 200 counts`;
      const answer = parseObject(body);
      if (answer?.["requestId"] !== headers["x-amz-firehose-request-id"]) return "the answer does not repeat the requestId";
      return Number.isInteger(answer?.["timestamp"]) ? undefined : "the answer has no timestamp in ms";
    },
  },
  {
    name: "logpush",
    platform: "Cloudflare Logpush",
    wire: "NDJSON, gzip, Authorization header",
    path: "/cloudflare/logpush",
    secretVariable: "LOGPUSH_TOKEN",
    compression: "gzip",
    sample: (nowMs, serial) => {
      // An invocation is a record, and so is each of its logs and exceptions.
      const { payload } = toSample(traceEvents(nowMs, serial), toLines);
      return { payload, records: 4 };
    },
    deliver(payload, secret, { compression }) {
      const { body, headers } = compress(payload, compression);
      return { body, headers: { ...headers, "content-type": "text/plain", ...bearer(secret) } };
    },
    objection: wantStatus((status) => status === 200),
  },
  {
    name: "otlp",
    platform: "OpenTelemetry SDK (OTLP/HTTP)",
    wire: "protobuf, gzip, bearer token",
    path: "/v1/logs",
    secretVariable: "OTLP_INTAKE_TOKEN",
    compression: "gzip",
    sample: (nowMs, serial) => ({ payload: encodeProtobuf(otlpLogs(nowMs, serial)), records: 2 }),
    deliver(payload, secret, { compression }) {
      const { body, headers } = compress(payload, compression);
      return {
        body,
        headers: {
          ...headers,
          "content-type": isJson(payload) ? "application/json" : "application/x-protobuf",
          "user-agent": "OTel-OTLP-Exporter-JavaScript/0.301.0",
          ...bearer(secret),
        },
      };
    },
    objection({ status, contentType, body }) {
      if (status !== 200) return `status ${status}, where only 200 counts`;
      const answer = readExportResponse(body, contentType);
      if (answer.kind === "other") return "the answer is none of an OTLP receiver";
      return answer.rejected > 0 ? `${answer.rejected} records were rejected` : undefined;
    },
  },
];

/** Hex HMAC-SHA1 of the body as it travels. https://vercel.com/docs/drains/security */
export function signVercel(body: Uint8Array, secret: string): string {
  return createHmac("sha1", secret).update(body).digest("hex");
}

function toSample(items: readonly object[], frame: (items: readonly object[]) => string): Sample {
  return { payload: encode(frame(items)), records: items.length };
}

function toLines(items: readonly object[]): string {
  return items.map((item) => `${JSON.stringify(item)}\n`).join("");
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function compress(payload: Uint8Array<ArrayBuffer>, compression: Compression): Delivery {
  return compression === "gzip" ? { body: gzipSync(payload), headers: { "content-encoding": "gzip" } } : { body: payload, headers: {} };
}

function bearer(secret: string | undefined): Readonly<Record<string, string>> {
  return secret === undefined ? {} : { authorization: `Bearer ${secret}` };
}

function wantStatus(isSuccess: (status: number) => boolean): (answer: Answer) => string | undefined {
  return ({ status }) => (isSuccess(status) ? undefined : `status ${status}`);
}

function firstByte(payload: Uint8Array): number | undefined {
  return payload.find((byte) => byte > 0x20);
}

function startsWithArray(payload: Uint8Array): boolean {
  return firstByte(payload) === 0x5b;
}

/** Protobuf begins with a line feed, as JSON may; the rest of it is no JSON. */
export function isJson(payload: Uint8Array): boolean {
  return (
    payload[0] === 0x7b || payload[0] === 0x5b || (payload[0] !== undefined && payload[0] <= 0x20 && parseObject(payload) !== undefined)
  );
}

function parseObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
