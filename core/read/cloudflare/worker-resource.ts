// The Worker that an invocation belongs to -> resource attributes: one resource per script, version, entrypoint and namespace.
import type { KeyValue } from "../../otlp/model.ts";
import type { DecodeContext } from "../../source.ts";
import { pushAttribute } from "../attributes.ts";
import { readMember, readText } from "./platform-object.ts";

/** As a trace item and an onset name them; every field may be absent or of another type. */
export interface WorkerFields {
  readonly scriptName?: unknown;
  readonly scriptVersion?: unknown;
  readonly scriptTags?: unknown;
  readonly dispatchNamespace?: unknown;
  readonly entrypoint?: unknown;
  readonly preview?: unknown;
}

export const CLOUD_PROVIDER: KeyValue = { key: "cloud.provider", value: "cloudflare" };

/** Names follow Cloudflare's own traces: https://developers.cloudflare.com/workers/observability/traces/spans-and-attributes */
export function workerResource(worker: WorkerFields, { defaultServiceName }: DecodeContext): readonly KeyValue[] {
  const scriptName = readText(worker, "scriptName");
  const version = readMember(worker, "scriptVersion");
  const id = readText(version, "id");
  const tag = readText(version, "tag");
  const tags = readMember(worker, "scriptTags");
  const preview = readMember(worker, "preview");
  const attributes: KeyValue[] = [{ key: "service.name", value: scriptName ?? defaultServiceName ?? "unknown_service" }];
  pushAttribute(attributes, "service.version", tag ?? id);
  attributes.push(CLOUD_PROVIDER, { key: "cloud.platform", value: "cloudflare.workers" });
  pushAttribute(attributes, "faas.name", scriptName);
  pushAttribute(attributes, "faas.version", id);
  pushAttribute(attributes, "cloudflare.script_name", scriptName ?? readMember(worker, "scriptName"));
  pushAttribute(attributes, "cloudflare.script_version.id", id);
  pushAttribute(attributes, "cloudflare.script_version.tag", tag);
  pushAttribute(attributes, "cloudflare.script_version.message", readMember(version, "message"));
  if (!Array.isArray(tags) || tags.length > 0) pushAttribute(attributes, "cloudflare.script_tags", tags);
  pushAttribute(attributes, "cloudflare.dispatch_namespace", readMember(worker, "dispatchNamespace"));
  pushAttribute(attributes, "cloudflare.entrypoint", readMember(worker, "entrypoint"));
  pushAttribute(attributes, "cloudflare.preview.id", readMember(preview, "id"));
  pushAttribute(attributes, "cloudflare.preview.slug", readMember(preview, "slug"));
  pushAttribute(attributes, "cloudflare.preview.name", readMember(preview, "name"));
  return attributes;
}

/** A resource by value, for `ResourceGroups`. */
export function resourceKey(attributes: readonly KeyValue[]): string {
  return JSON.stringify(attributes, (_key, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
}
