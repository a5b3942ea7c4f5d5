// Amazon Data Firehose, HTTP endpoint delivery -> OTLP: records that hold CloudWatch Logs subscriptions, a producer's own JSON,
// or bare lines. https://docs.aws.amazon.com/firehose/latest/dev/httpdeliveryrequestresponse.html
import { MAX_KEY_LENGTH } from "../limits.ts";
import type { KeyValue, Scope } from "../otlp/model.ts";
import { putAttribute } from "../read/attributes.ts";
import { isObject } from "../read/broken.ts";
import { decodeCloudWatch } from "../read/cloudwatch/decode.ts";
import { readTextItems } from "../read/cloudwatch/envelope.ts";
import { type CloudWatchOptions, createCloudWatchSettings, type Door } from "../read/cloudwatch/options.ts";
import { parseArn } from "../read/cloudwatch/resource.ts";
import { parseJson } from "../read/json.ts";
import { BrokenItem } from "../read/json-items.ts";
import { isBinary } from "../read/raw-text.ts";
import { truncate } from "../read/value.ts";
import type { Failure, Result, Source } from "../source.ts";
import { VERSION } from "../version.ts";

export interface FirehosePayload {
  /**
   * In the order of the request: the bytes of each record, base64 decoded and inflated; a `BrokenItem` (the text as it came,
   * the reason) for one that could not be.
   */
  readonly records: readonly (Uint8Array | BrokenItem)[];
  /** `X-Amz-Firehose-Common-Attributes`, parsed. */
  readonly commonAttributes?: Readonly<Record<string, string>> | undefined;
  /** `X-Amz-Firehose-Source-Arn`: the delivery stream. */
  readonly sourceArn?: string | undefined;
}

export interface FirehoseRequest {
  /** The same across retries; the answer must repeat it. */
  readonly requestId: string;
  /** When Firehose sent the request, ms since the Unix epoch. */
  readonly timestamp: number | undefined;
  /** Base64 of each record, "" allowed; undefined for a record without it. */
  readonly data: readonly (string | undefined)[];
}

const SCOPE: Scope = { name: "otlp-drain/firehose", version: VERSION, attributes: [{ key: "encoding.format", value: "aws.cloudwatch" }] };
/** Keys of common attributes that name what another attribute is for: the headers of other drains. */
const ROUTING: Readonly<Record<string, string>> = { "x-highlight-project": "highlight.project_id", "x-highlight-service": "service.name" };
/** The protocol allows 50. */
const MAX_COMMON_ATTRIBUTES = 50;

export function createFirehoseSource(options: CloudWatchOptions = {}): Source<FirehosePayload> {
  const settings = createCloudWatchSettings(options);
  return {
    name: "firehose",
    decode({ records, commonAttributes = {}, sourceArn }, context) {
      const { region, accountId } = parseArn(sourceArn);
      const streamName = sourceArn?.split("deliverystream/", 2)[1];
      const door: Door = {
        scope: SCOPE,
        givenAttributes: toGivenAttributes(commonAttributes, sourceArn),
        lastServiceName: streamName || "aws",
        // The delivery stream's region is that of its own account's logs; another account's may come from anywhere.
        regionOf: (owner) => options.region || (owner !== undefined && owner === accountId ? region : undefined),
      };
      return { ok: true, value: { batches: decodeCloudWatch(readRecords(records), settings, door, context) } };
    },
  };
}

function* readRecords(records: readonly (Uint8Array | BrokenItem)[]): Generator<unknown, void, undefined> {
  const decoder = new TextDecoder();
  for (const record of records) {
    if (record instanceof BrokenItem) yield record;
    else if (isBinary(record)) yield new BrokenItem("", "neither JSON nor text");
    else yield* readTextItems(decoder.decode(record));
  }
}

function toGivenAttributes(commonAttributes: Readonly<Record<string, string>>, sourceArn: string | undefined): readonly KeyValue[] {
  const attributes: KeyValue[] = [];
  for (const [name, value] of Object.entries(commonAttributes).slice(0, MAX_COMMON_ATTRIBUTES)) {
    if (name === "" || value === "") continue;
    const routing = Object.hasOwn(ROUTING, name.toLowerCase()) ? ROUTING[name.toLowerCase()] : undefined;
    putAttribute(attributes, routing ?? truncate(name, MAX_KEY_LENGTH), value);
  }
  if (sourceArn !== undefined && sourceArn !== "") putAttribute(attributes, "aws.firehose.delivery_stream.arn", sourceArn);
  return attributes;
}

/** Reads the inflated body of a request; a failure only when it is no request at all. */
export function parseFirehoseRequest(bytes: Uint8Array): Result<FirehoseRequest, Failure> {
  const value = parseJson(new TextDecoder().decode(bytes));
  if (!isObject(value)) return unreadable("the body is no JSON object");
  const { requestId, timestamp, records } = value;
  if (typeof requestId !== "string" || requestId === "") return unreadable("the body has no requestId");
  if (!Array.isArray(records)) return unreadable("the body has no records");
  const data = records.map((record: unknown) => (isObject(record) && typeof record["data"] === "string" ? record["data"] : undefined));
  return { ok: true, value: { requestId, timestamp: typeof timestamp === "number" ? timestamp : undefined, data } };
}

function unreadable(detail: string): Result<never, Failure> {
  return { ok: false, error: { reason: "unreadable", detail } };
}

/**
 * Reads `X-Amz-Firehose-Common-Attributes`: `{"commonAttributes":{"key":"value"}}`.
 * @returns undefined when the header is there but cannot be read; none when it is absent
 */
export function parseCommonAttributes(header: string | null | undefined): Readonly<Record<string, string>> | undefined {
  if (header === null || header === undefined || header.trim() === "") return {};
  const value = parseJson(header);
  const attributes = isObject(value) ? value["commonAttributes"] : undefined;
  if (!isObject(attributes)) return undefined;
  const entries = Object.entries(attributes).filter(([, member]) => ["string", "number", "boolean", "bigint"].includes(typeof member));
  return Object.fromEntries(entries.map(([key, member]) => [key, String(member)]));
}
