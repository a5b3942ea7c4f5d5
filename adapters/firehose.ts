// How Amazon Data Firehose talks to an HTTP endpoint: an access key in a header, an answer in JSON that repeats the request's id.
// Only 200 is a success and 413 destroys the batch; anything else is sent again and at last goes to the backup bucket.
// https://docs.aws.amazon.com/firehose/latest/dev/httpdeliveryrequestresponse.html
import type { Config } from "../core/config.ts";
import type { DeliveryOptions, Drain, Receipt } from "../core/drain.ts";
import { decodeBase64 } from "../core/read/base64.ts";
import { BrokenItem } from "../core/read/json-items.ts";
import { type Inflaters, inflateBody, startsLikeGzip } from "../core/request/inflate.ts";
import type { Failure, Result } from "../core/source.ts";
import { createFirehoseSource, type FirehosePayload, parseCommonAttributes, parseFirehoseRequest } from "../core/sources/firehose.ts";
import { authenticateByToken, type HttpDrain, retryAfterSeconds } from "./http-drain.ts";
import { addReceipt, NO_RECEIPT } from "./receipts.ts";

/** Inflated bytes that go into one delivery: what a request holds compressed must not stand in memory all at once. */
const CHUNK_BYTES = 8 * 1024 * 1024;
const MAX_REQUEST_ID_LENGTH = 256;

export const firehoseDrain: HttpDrain = {
  name: "firehose",
  paths: ["/firehose"],
  secretVariable: "FIREHOSE_ACCESS_KEY",
  // Firehose gives up after 180 s.
  budgetMs: 150_000,
  setup: "Amazon Data Firehose: HTTP endpoint https://<this server>/firehose, access key = FIREHOSE_ACCESS_KEY, content encoding GZIP",
  create(config) {
    const { secrets, insecure } = config;
    const accessKeys = secrets["FIREHOSE_ACCESS_KEY"] ?? [];
    const deliver = createDelivery(config);
    /** Ids that stand in the body alone, until their request is answered. */
    const requestIds = new WeakMap<Request, string>();
    return {
      authentication: authenticateByToken(accessKeys, insecure, (headers) => [headers.get("x-amz-firehose-access-key") ?? undefined]),
      async deliver(drain, body, options, request, inflaters) {
        const parsed = parseFirehoseRequest(body);
        if (!parsed.ok) return parsed;
        const { requestId, data } = parsed.value;
        const expectedId = requestIdOf(request);
        if (expectedId !== "" && expectedId !== requestId)
          return unreadable("the requestId of the body is not that of X-Amz-Firehose-Request-Id");
        requestIds.set(request, requestId);
        return await deliver(drain, data, { options, request, inflaters });
      },
      answer(outcome, request) {
        const requestId = requestIdOf(request) || requestIds.get(request) || "";
        return toAnswer(outcome, requestId);
      },
    };
  },
};

interface RequestContext {
  readonly options: DeliveryOptions;
  readonly request: Request;
  readonly inflaters: Inflaters | undefined;
}

type Delivery = (drain: Drain, data: readonly (string | undefined)[], context: RequestContext) => Promise<Result<Receipt, Failure>>;

function createDelivery({ cloudWatch, maxDecodedBytes }: Config): Delivery {
  // The region of the logs is that of the stream, not that of this drain.
  const source = createFirehoseSource({ ...cloudWatch, region: undefined });
  return async (drain, data, { options, request, inflaters }) => {
    const startMs = Date.now();
    const sourceArn = request.headers.get("x-amz-firehose-source-arn") ?? undefined;
    const commonAttributes = parseCommonAttributes(request.headers.get("x-amz-firehose-common-attributes"));
    const notes = commonAttributes === undefined ? ["X-Amz-Firehose-Common-Attributes could not be read"] : [];
    let receipt: Receipt = { ...NO_RECEIPT, notes };
    for (let next = 0; next < data.length; ) {
      const records: FirehosePayload["records"][number][] = [];
      for (let bytes = 0; next < data.length && bytes < CHUNK_BYTES; next++) {
        const record = await readRecord(data[next], maxDecodedBytes, inflaters);
        records.push(record);
        bytes += record instanceof BrokenItem ? record.text.length : record.length;
      }
      const budgetMs = options.budgetMs - (Date.now() - startMs);
      const outcome = await drain.deliver(source, { records, commonAttributes, sourceArn }, { ...options, budgetMs });
      // The chunks before it are delivered twice then; with another answer this one would be lost.
      if (!outcome.ok) return outcome;
      receipt = addReceipt(receipt, outcome.value);
    }
    return { ok: true, value: receipt };
  };
}

/** A broken record is delivered as one, beside the good ones: an error would have all of them sent again for hours. */
async function readRecord(data: string | undefined, maxBytes: number, inflaters: Inflaters | undefined): Promise<Uint8Array | BrokenItem> {
  if (data === undefined) return new BrokenItem("", "no data");
  const bytes = decodeBase64(data);
  if (bytes === undefined) return new BrokenItem(data, "not base64");
  if (!startsLikeGzip(bytes)) return bytes;
  const inflated = await inflateBody(bytes, "gzip", maxBytes, { inflaters });
  return inflated.ok ? inflated.value : new BrokenItem("", inflated.error.detail);
}

/** A header is the sender's text, so only what can be an id is repeated. */
function requestIdOf({ headers }: Request): string {
  const id = headers.get("x-amz-firehose-request-id")?.trim() ?? "";
  return id.length <= MAX_REQUEST_ID_LENGTH ? id : "";
}

function toAnswer(outcome: Result<Receipt | undefined, Failure>, requestId: string): Response {
  if (outcome.ok) return answerJson(200, requestId);
  const failure = outcome.error;
  switch (failure.reason) {
    case "unauthorized":
      return answerJson(401, requestId, failure.detail);
    // 413 would have Firehose drop the batch, without even its backup.
    case "too-large":
    case "unsupported":
    case "unreadable":
      return answerJson(400, requestId, failure.detail);
    case "retryable":
      return answerJson(503, requestId, "the destination is not available", retryAfterSeconds(failure));
    case "refused":
      return answerJson(503, requestId, "the destination refuses deliveries", retryAfterSeconds(failure));
  }
}

/** Firehose wants the length stated and the answer uncompressed. */
function answerJson(status: number, requestId: string, errorMessage?: string, retryAfterS?: number): Response {
  const body = new TextEncoder().encode(JSON.stringify({ requestId, timestamp: Date.now(), errorMessage }));
  const headers = new Headers({ "content-type": "application/json", "content-length": String(body.length) });
  if (retryAfterS !== undefined) headers.set("retry-after", String(retryAfterS));
  return new Response(body, { status, headers });
}

function unreadable(detail: string): Result<never, Failure> {
  return { ok: false, error: { reason: "unreadable", detail } };
}
