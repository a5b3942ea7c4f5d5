// CloudWatch Logs subscriptions, as a Lambda gets them directly or through Kinesis -> OTLP. The adapter has decoded base64,
// inflated and parsed; everything else is here and in `core/read/cloudwatch/`.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
import type { Scope } from "../otlp/model.ts";
import { isObject } from "../read/broken.ts";
import { decodeCloudWatch } from "../read/cloudwatch/decode.ts";
import type { CloudWatchItem } from "../read/cloudwatch/envelope.ts";
import { type CloudWatchOptions, createCloudWatchSettings, type Door } from "../read/cloudwatch/options.ts";
import type { Source } from "../source.ts";
import { VERSION } from "../version.ts";

/**
 * One parsed subscription object, or the items of several (`parseSubscription` of `core/read/cloudwatch/envelope.ts` reads
 * them from text, concatenated ones and bare lines included).
 */
export type CloudWatchPayload = CloudWatchItem | readonly CloudWatchItem[];

const SCOPE: Scope = { name: "otlp-drain/cloudwatch", version: VERSION, attributes: [{ key: "encoding.format", value: "aws.cloudwatch" }] };

/**
 * @param options the forwarder's own region and log group, filters, and what to do with the lines of the Lambda platform
 * @returns a source; control messages, the own log group and what the filters exclude are counted as filtered
 */
export function createCloudWatchSource(options: CloudWatchOptions = {}): Source<CloudWatchPayload> {
  const settings = createCloudWatchSettings(options);
  const door: Door = { scope: SCOPE, givenAttributes: [], lastServiceName: "aws", regionOf: () => options.region || undefined };
  return {
    name: "cloudwatch",
    decode(payload, context) {
      if (!Array.isArray(payload) && !isObject(payload) && typeof payload !== "string") {
        return { ok: false, error: { reason: "unreadable", detail: "the payload is no CloudWatch Logs subscription object" } };
      }
      const items: readonly unknown[] = Array.isArray(payload) ? payload : isEmpty(payload) ? [] : [payload];
      return { ok: true, value: { batches: decodeCloudWatch(items, settings, door, context) } };
    },
  };
}

/** `{}` is a probe. */
function isEmpty(payload: unknown): boolean {
  return typeof payload === "object" && payload !== null && Object.keys(payload).length === 0;
}
