// The server's half of OTLP/HTTP: reads a logs request as a collector does, and writes success and error answers in the request's encoding.
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { gunzipSync } from "node:zlib";
import { create, toBinary, toJsonString } from "@bufbuild/protobuf";
import type { Behaviour } from "./behaviours.ts";
import { decodeOracle, type ExportLogsServiceRequest, type FlatRecord, findUnknownFields, flatten, parseJson } from "./oracle.ts";
import { responseSchema, statusSchema } from "./otlp-messages.ts";

export type Encoding = "protobuf" | "json";

export const MEDIA_TYPES: Readonly<Record<Encoding, string>> = { protobuf: "application/x-protobuf", json: "application/json" };

/** A request that a collector would have understood. */
export interface OtlpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly encoding: Encoding;
  /** The body as it came. */
  readonly wireBytes: Uint8Array;
  /** The body after inflating. */
  readonly bytes: Uint8Array;
  readonly message: ExportLogsServiceRequest;
  readonly records: readonly FlatRecord[];
}

/** Why a collector refuses a request, and with which HTTP status. */
export interface RequestFault {
  readonly fault: string;
  readonly code: number;
  readonly encoding: Encoding;
}

async function readBody(incoming: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return Uint8Array.from(Buffer.concat(chunks));
}

/** Reads a whole request. Rejects when the client hangs up before its end. */
export async function readRequest(incoming: IncomingMessage, path: string): Promise<OtlpRequest | RequestFault> {
  const wireBytes = await readBody(incoming);
  const { method = "", url = "", headers } = incoming;
  const mediaType = headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  const encoding = mediaType === MEDIA_TYPES.json ? "json" : "protobuf";
  const fault = (code: number, text: string): RequestFault => ({ code, encoding, fault: `${method} ${url}: ${text}` });
  if (new URL(url, "http://receiver").pathname !== path) return fault(404, "no such path");
  if (method !== "POST") return fault(405, "only POST is served");
  if (mediaType !== MEDIA_TYPES[encoding]) return fault(415, `content type ${mediaType ?? "missing"}`);
  const compression = headers["content-encoding"] ?? "identity";
  if (compression !== "gzip" && compression !== "identity") return fault(415, `content encoding ${compression}`);
  try {
    const bytes = compression === "gzip" ? Uint8Array.from(gunzipSync(wireBytes)) : wireBytes;
    const message = encoding === "json" ? parseJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) : decodeOracle(bytes);
    const [unknown] = findUnknownFields(message);
    if (unknown !== undefined) return fault(400, `unknown field ${unknown}`);
    const records = flatten(message);
    for (const { traceId, spanId } of records) {
      if (traceId.length !== 0 && traceId.length !== 32) return fault(400, `trace id of ${traceId.length / 2} bytes`);
      if (spanId.length !== 0 && spanId.length !== 16) return fault(400, `span id of ${spanId.length / 2} bytes`);
    }
    return { method, url, headers, encoding, wireBytes, bytes, message, records };
  } catch (error) {
    return fault(400, `unreadable ${encoding} body: ${error}`);
  }
}

type Answer = Extract<Behaviour, { kind: "ok" | "partial-success" | "status" }>;

/** Answers in the request's encoding: ExportLogsServiceResponse for a success, google.rpc.Status for an error. */
export function answer(response: ServerResponse, encoding: Encoding, behaviour: Answer, message = "scripted"): void {
  if (behaviour.kind === "status") {
    const { code, retryAfter, body = statusBody(encoding, code, message), contentType = MEDIA_TYPES[encoding], headers } = behaviour;
    response.writeHead(code, {
      "content-type": contentType,
      ...(retryAfter === undefined ? {} : { "retry-after": retryAfter }),
      ...headers,
    });
    response.end(body);
    return;
  }
  const partialSuccess =
    behaviour.kind === "ok" ? {} : { partialSuccess: { rejectedLogRecords: BigInt(behaviour.rejected), errorMessage: behaviour.message } };
  const success = create(responseSchema, partialSuccess);
  response.writeHead(200, { "content-type": MEDIA_TYPES[encoding] });
  response.end(encoding === "json" ? toJsonString(responseSchema, success) : toBinary(responseSchema, success));
}

/** HTTP status -> google.rpc.Code, where OTLP/HTTP receivers use another than UNKNOWN. */
const RPC_CODES: Readonly<Record<number, number>> = { 400: 3, 401: 16, 403: 7, 404: 12, 413: 8, 429: 8, 500: 13, 502: 14, 503: 14, 504: 4 };

function statusBody(encoding: Encoding, code: number, message: string): string | Uint8Array {
  const rpcStatus = create(statusSchema, { code: RPC_CODES[code] ?? 2, message });
  return encoding === "json" ? toJsonString(statusSchema, rpcStatus) : toBinary(statusSchema, rpcStatus);
}
