// The table of sources that `convert` knows: how the bytes of a file become the payload that a source takes. A new source is one more
// line. Each is loaded only when it is asked for, so that every other verb starts quickly.
import type { Receipt } from "../../core/drain.ts";
import { MAX_DECODED_BYTES } from "../../core/limits.ts";
import type { CloudWatchItem } from "../../core/read/cloudwatch/envelope.ts";
import { BrokenItem } from "../../core/read/json-items.ts";
import { inflateBody } from "../../core/request/inflate.ts";
import type { Failure, Result, Source } from "../../core/source.ts";
import { createNodeInflaters } from "../node-inflate.ts";
import { isJson } from "./deliveries.ts";
import type { Env } from "./inputs.ts";

type Deliver = <Payload>(source: Source<Payload>, payload: Payload) => Promise<Result<Receipt, Failure>>;

export interface Conversion {
  /** The source's own name. */
  readonly name: string;
  /** What a file of it holds. */
  readonly payload: string;
  /**
   * @param bytes inflated
   * @param env what a source may want to know of where it runs
   */
  readonly deliver: (bytes: Uint8Array, deliver: Deliver, env: Env) => Promise<Result<Receipt, Failure>>;
}

export const CONVERSIONS: readonly Conversion[] = [
  from(
    "vercel",
    "a delivery of a Vercel drain: JSON array, NDJSON or objects",
    async () => (await import("../../core/sources/vercel.ts")).vercel,
    asBytes,
  ),
  from(
    "fly",
    "events of the Fly.io log shipper or of any Vector http sink",
    async () => (await import("../../core/sources/fly.ts")).fly,
    asBytes,
  ),
  from("cloudwatch", "a CloudWatch subscription, decoded or as the Lambda's event", cloudWatchSource, asCloudWatch),
  from("firehose", "the body of a Firehose HTTP request", firehoseSource, asFirehose),
  from(
    "cloudflare-tail",
    "TraceItems, as a tail Worker gets them, in JSON",
    async () => (await import("../../core/sources/cloudflare-tail.ts")).createCloudflareTailSource(),
    asObjects,
  ),
  from(
    "cloudflare-tail-stream",
    "events of a streaming tail Worker, in JSON",
    async () => (await import("../../core/sources/cloudflare-tail-stream.ts")).createCloudflareTailStreamSource(),
    asObjects,
  ),
  from(
    "cloudflare-logpush",
    "a Logpush upload of any dataset",
    async () => (await import("../../core/sources/cloudflare-logpush.ts")).createCloudflareLogpushSource(),
    asBytes,
  ),
  from("otlp", "a request of POST /v1/logs, JSON or protobuf", otlpSource, asBytes),
];

function from<Payload>(
  name: string,
  payload: string,
  load: (env: Env, bytes: Uint8Array) => Promise<Source<Payload>>,
  read: (bytes: Uint8Array) => Promise<Result<Payload, Failure>>,
): Conversion {
  return {
    name,
    payload,
    async deliver(bytes, deliver, env) {
      const decoded = await read(bytes);
      return decoded.ok ? deliver(await load(env, bytes), decoded.value) : decoded;
    },
  };
}

async function asBytes(bytes: Uint8Array): Promise<Result<Uint8Array, Failure>> {
  return { ok: true, value: bytes };
}

async function otlpSource(_env: Env, bytes: Uint8Array) {
  return (await import("../../core/sources/otlp.ts")).createOtlpSource(isJson(bytes) ? "json" : "protobuf");
}

/** Without the forwarder's own region, CloudWatch's events do not tell where they come from. */
async function cloudWatchSource({ AWS_REGION: region }: Env) {
  return (await import("../../core/sources/cloudwatch.ts")).createCloudWatchSource({ region });
}

async function asCloudWatch(bytes: Uint8Array): Promise<Result<readonly CloudWatchItem[], Failure>> {
  const { ParsedItem, parseSubscription } = await import("../../core/read/cloudwatch/envelope.ts");
  const items: CloudWatchItem[] = [];
  for (const item of parseSubscription(new TextDecoder().decode(bytes))) {
    const data = item instanceof ParsedItem ? readSubscriptionData(item.object) : undefined;
    if (data === undefined) {
      items.push(item);
      continue;
    }
    const inflated = await inflateBase64(data);
    if (!inflated.ok) return inflated;
    items.push(...parseSubscription(new TextDecoder().decode(inflated.value)));
  }
  return { ok: true, value: items };
}

/** The Lambda's event, or the record of one that failed: `{"awslogs":{"data":"..."}}`. */
function readSubscriptionData(object: Readonly<Record<string, unknown>>): string | undefined {
  const event = (object["requestPayload"] ?? object) as { readonly awslogs?: { readonly data?: unknown } | null };
  const data = event.awslogs?.data;
  return typeof data === "string" ? data : undefined;
}

async function firehoseSource({ AWS_REGION: region }: Env) {
  return (await import("../../core/sources/firehose.ts")).createFirehoseSource({ region });
}

async function asFirehose(bytes: Uint8Array): Promise<Result<{ readonly records: readonly (Uint8Array | BrokenItem)[] }, Failure>> {
  const { parseFirehoseRequest } = await import("../../core/sources/firehose.ts");
  const request = parseFirehoseRequest(bytes);
  if (!request.ok) return request;
  const records: (Uint8Array | BrokenItem)[] = [];
  for (const data of request.value.data) {
    const inflated = data === undefined ? undefined : await inflateBase64(data);
    records.push(inflated?.ok ? inflated.value : new BrokenItem(data ?? "", inflated?.error.detail ?? "no data"));
  }
  return { ok: true, value: { records } };
}

function inflateBase64(text: string): Promise<Result<Uint8Array, Failure>> {
  return inflateBody(new Uint8Array(Buffer.from(text, "base64")), null, MAX_DECODED_BYTES, {
    sniff: true,
    inflaters: createNodeInflaters(),
  });
}

/** The items of an array, of NDJSON, or one alone; with the numbers that a Worker would have, which are doubles. */
async function asObjects(bytes: Uint8Array): Promise<Result<readonly object[], Failure>> {
  const text = new TextDecoder().decode(bytes);
  const values = parseAll([text]) ?? parseAll(text.split("\n").filter((line) => line.trim() !== "")) ?? [];
  const items = values.flat();
  if (items.length === 0 || !items.every((item) => typeof item === "object" && item !== null))
    return { ok: false, error: { reason: "unreadable", detail: "not a JSON array of objects" } };
  return { ok: true, value: items };
}

function parseAll(texts: readonly string[]): readonly unknown[] | undefined {
  try {
    return texts.map((text): unknown => JSON.parse(text));
  } catch {
    return undefined;
  }
}
