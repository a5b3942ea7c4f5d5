// What a destination said: the export response of any signal and google.rpc.Status in both encodings. A body that is neither is told
// apart strictly: whatever else answers 200 at that address has not taken the records.
import { parseJson } from "../read/json.ts";
import { END, WireReader } from "./wire.ts";

export type ExportResponse =
  | {
      readonly kind: "response";
      /** Records (spans, data points) that the destination refused for good. */
      readonly rejected: number;
      /** Its reason, or a warning when nothing was refused; "" when it said nothing. */
      readonly message: string;
    }
  /** No answer of an OTLP receiver. */
  | { readonly kind: "other" };

const OTHER: ExportResponse = { kind: "other" };
/** In protobuf the count has the same number for every signal. */
const REJECTED_NAMES = [
  "rejectedLogRecords",
  "rejectedSpans",
  "rejectedDataPoints",
  "rejected_log_records",
  "rejected_spans",
  "rejected_data_points",
] as const;
const strictDecoder = new TextDecoder("utf-8", { fatal: true });

type Encoding = "json" | "protobuf" | "untyped";
type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads the body of a 2xx answer. No bytes and `{}` are a success without remarks; other JSON counts when it holds
 * `partialSuccess`, protobuf when it parses (without a media type: and holds no unknown field).
 * @see https://opentelemetry.io/docs/specs/otlp/#full-success-1
 */
export function readExportResponse(bytes: Uint8Array, contentType: string | null): ExportResponse {
  if (bytes.length === 0) return { kind: "response", rejected: 0, message: "" };
  const encoding = chooseEncoding(bytes, contentType);
  if (encoding === "json") return readJsonResponse(readJsonObject(bytes));
  return encoding === undefined ? OTHER : readProtobufResponse(bytes, encoding === "untyped");
}

/** The message of an error answer; undefined when the body is no google.rpc.Status, or says nothing. */
export function readStatusMessage(bytes: Uint8Array, contentType: string | null): string | undefined {
  const encoding = bytes.length === 0 ? undefined : chooseEncoding(bytes, contentType);
  if (encoding === undefined) return undefined;
  const message = encoding === "json" ? readJsonObject(bytes)?.["message"] : readProtobufStatus(bytes, encoding === "untyped");
  return typeof message === "string" && message !== "" ? message : undefined;
}

/** JSON begins with `{`, which no protobuf message does; servers often name the wrong type for it. */
function chooseEncoding(bytes: Uint8Array, contentType: string | null): Encoding | undefined {
  const mediaType = (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase();
  if (bytes[0] === 0x7b) return "json";
  switch (mediaType) {
    case "application/x-protobuf":
    case "application/protobuf":
      return "protobuf";
    case "":
    case "application/octet-stream":
      return "untyped";
    case "application/json":
      return "json";
    default:
      return undefined;
  }
}

function readJsonObject(bytes: Uint8Array): Fields | undefined {
  const value = parseJson(readStrictText(bytes) ?? "");
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function readJsonResponse(response: Fields | undefined): ExportResponse {
  if (response === undefined) return OTHER;
  const partial = response["partialSuccess"] ?? response["partial_success"] ?? undefined;
  if (partial === undefined) {
    const empty = Object.keys(response).every((name) => name === "partialSuccess" || name === "partial_success");
    return empty ? { kind: "response", rejected: 0, message: "" } : OTHER;
  }
  if (typeof partial !== "object" || Array.isArray(partial)) return OTHER;
  const fields = partial as Fields;
  const rejected = readCount(REJECTED_NAMES.map((name) => fields[name]).find((count) => count !== undefined && count !== null) ?? 0);
  const message = fields["errorMessage"] ?? fields["error_message"] ?? "";
  return rejected === undefined || typeof message !== "string" ? OTHER : { kind: "response", rejected, message };
}

/** A non-negative int64, as a number or as its digits. */
function readCount(value: unknown): number | undefined {
  const count = typeof value === "string" && /^\d{1,19}$/.test(value) ? Number(value) : value;
  return typeof count === "number" && Number.isInteger(count) && count >= 0 ? count : undefined;
}

function readProtobufResponse(bytes: Uint8Array, exact: boolean): ExportResponse {
  const reader = new WireReader(bytes);
  let rejected: number | bigint = 0;
  let message: string | undefined = "";
  let unknown = false;
  const skip = (tag: number, end: number, known: number) => {
    unknown = true;
    reader.skip(tag, end, known);
  };
  for (let tag = reader.next(bytes.length); tag !== END; tag = reader.next(bytes.length)) {
    if (tag !== 0x0a) {
      skip(tag, bytes.length, 1);
      continue;
    }
    const end = reader.open(bytes.length);
    for (let inner = reader.next(end); inner !== END; inner = reader.next(end)) {
      if (inner === 0x08) rejected = reader.int64();
      else if (inner === 0x12) message = readStrictText(reader.data(end));
      else skip(inner, end, 2);
    }
  }
  if (reader.failed || message === undefined || rejected < 0 || (exact && unknown)) return OTHER;
  return { kind: "response", rejected: Number(rejected), message };
}

function readProtobufStatus(bytes: Uint8Array, exact: boolean): string | undefined {
  const reader = new WireReader(bytes);
  const end = bytes.length;
  let message: string | undefined;
  let unknown = false;
  for (let tag = reader.next(end); tag !== END; tag = reader.next(end)) {
    if (tag === 0x08) {
      reader.int64();
    } else if (tag === 0x12) {
      message = readStrictText(reader.data(end));
    } else if (tag === 0x1a) {
      // `details`: google.protobuf.Any, of types that only the destination knows.
      reader.data(end);
    } else {
      unknown = true;
      reader.skip(tag, end, 3);
    }
  }
  return reader.failed || (exact && unknown) ? undefined : message;
}

function readStrictText(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return undefined;
  }
}
