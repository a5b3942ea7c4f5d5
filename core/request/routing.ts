// What an authenticated request says about where its records belong: `?service=` and `?project=`, the headers
// `x-highlight-project`, `x-highlight-service` and `x-otlp-resource: key=value,...`.
import type { Enrichment } from "../enrich.ts";
import type { KeyValue } from "../otlp/model.ts";

const MAX_PAIRS = 64;
const MAX_LENGTH = 4096;

/** Reads it only after authentication: anybody else must not name projects. A pair that does not parse is passed over. */
export function readRouting(request: Request): Enrichment | undefined {
  const { headers } = request;
  const query = request.url.includes("?") ? new URL(request.url).searchParams : undefined;
  const serviceName = readWord(headers.get("x-highlight-service")) ?? readWord(query?.get("service"));
  const projectId = readWord(headers.get("x-highlight-project")) ?? readWord(query?.get("project"));
  const attributes = parseResource(headers.get("x-otlp-resource"));
  if (serviceName === undefined && projectId === undefined && attributes.length === 0) return undefined;
  return { serviceName, projectId, attributes };
}

/** Printable, since the project id becomes a header too. */
function readWord(value: string | null | undefined): string | undefined {
  const word = value?.trim();
  return word !== undefined && /^[\x20-\x7e]{1,256}$/.test(word) ? word : undefined;
}

function parseResource(value: string | null): readonly KeyValue[] {
  if (value === null || value.length > MAX_LENGTH) return [];
  const attributes = new Map<string, string>();
  for (const pair of value.split(",").slice(0, MAX_PAIRS)) {
    const equals = pair.indexOf("=");
    const key = decodePercent(pair.slice(0, Math.max(0, equals)).trim());
    const text = decodePercent(pair.slice(equals + 1).trim());
    if (key && text !== undefined) attributes.set(key, text);
  }
  return [...attributes].map(([key, text]) => ({ key, value: text }));
}

function decodePercent(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
