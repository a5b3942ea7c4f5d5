// An HTTP request as a Function URL or an HTTP API hands it to Lambda (payload version 2.0) <-> the web's Request and Response.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
import { isObject } from "../../core/read/broken.ts";

export interface HttpEvent {
  readonly rawPath: string;
  readonly rawQueryString?: unknown;
  readonly headers?: unknown;
  readonly body?: unknown;
  readonly isBase64Encoded?: unknown;
  readonly requestContext: { readonly http: { readonly method: string }; readonly stage?: unknown };
}

export interface HttpResult {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

/** The drains read the path, the query and the headers alone. */
const ORIGIN = "https://drain.invalid";

export function isHttpEvent(event: unknown): event is HttpEvent {
  if (!isObject(event) || typeof event["rawPath"] !== "string" || !isObject(event["requestContext"])) return false;
  const { http } = event["requestContext"];
  return isObject(http) && typeof http["method"] === "string";
}

export function toRequest({ rawPath, rawQueryString, headers, body, isBase64Encoded, requestContext }: HttpEvent): Request {
  const { http, stage } = requestContext;
  // A stage with a name of its own stands before the path.
  const prefix = typeof stage === "string" ? `/${stage}/` : undefined;
  const path = prefix !== undefined && rawPath.startsWith(prefix) ? rawPath.slice(prefix.length - 1) : rawPath;
  const query = typeof rawQueryString === "string" && rawQueryString !== "" ? `?${rawQueryString}` : "";
  const method = http.method.toUpperCase();
  const bytes =
    typeof body === "string" && method !== "GET" && method !== "HEAD" ? Buffer.from(body, isBase64Encoded ? "base64" : "utf8") : null;
  return new Request(ORIGIN + path + query, { method, headers: toHeaders(headers), body: bytes });
}

function toHeaders(values: unknown): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(isObject(values) ? values : {})) {
    try {
      if (typeof value === "string") headers.set(name, value);
    } catch {
      // What may not stand in a header is none that a drain reads.
    }
  }
  return headers;
}

export async function toResult(response: Response): Promise<HttpResult> {
  const headers = Object.fromEntries(response.headers);
  const isText = /^(?:text\/|application\/json\b)/.test(headers["content-type"] ?? "text/plain");
  const bytes = Buffer.from(await response.arrayBuffer());
  return { statusCode: response.status, headers, body: bytes.toString(isText ? "utf8" : "base64"), isBase64Encoded: !isText };
}
