// Resource attributes that the configuration or the authenticated request adds. What the payload said stays, except
// that a named service and the project id win.
import type { KeyValue, Resource, ResourceLogs } from "./otlp/model.ts";

export interface Enrichment {
  /** Becomes `service.name`, whatever the payload says. */
  readonly serviceName?: string | undefined;
  /** Becomes `highlight.project_id`, whatever the payload says. */
  readonly projectId?: string | undefined;
  /** LaunchDarkly reads its own names too. */
  readonly launchDarkly?: boolean | undefined;
  /** Added where the payload has no such key. */
  readonly attributes?: readonly KeyValue[] | undefined;
}

export const PROJECT_ID_KEY = "highlight.project_id";
export const LAUNCHDARKLY_PROJECT_ID_KEY = "launchdarkly.project_id";

/** What is added to the attributes of a resource. */
export interface Stamp {
  /** In the place of the payload's own of the same key. */
  readonly winning: readonly KeyValue[];
  /** Where the payload has no such key, nor the winning ones; of two with the same key the first. */
  readonly filling: readonly KeyValue[];
}

export interface Enricher {
  readonly stamp: Stamp;
  resourceLogs(resourceLogs: readonly ResourceLogs[]): readonly ResourceLogs[];
  /**
   * Headers that repeat the project id. A backend lets the header win over every record's own id, so they are sent only
   * because all records of a delivery share the one that was stamped on them.
   */
  readonly headers: Readonly<Record<string, string>> | undefined;
}

/** @param layers the stronger one first */
export function createEnrichment(...layers: readonly (Enrichment | undefined)[]): Enricher {
  const serviceName = layers.find((layer) => layer?.serviceName)?.serviceName;
  const projectId = layers.find((layer) => layer?.projectId)?.projectId;
  const launchDarkly = layers.some((layer) => layer?.launchDarkly);
  const winning: KeyValue[] = [];
  if (serviceName !== undefined) winning.push({ key: "service.name", value: serviceName });
  if (projectId !== undefined) winning.push({ key: PROJECT_ID_KEY, value: projectId });
  if (projectId !== undefined && launchDarkly) winning.push({ key: LAUNCHDARKLY_PROJECT_ID_KEY, value: projectId });
  const filling = layers.flatMap((layer) => layer?.attributes ?? []);
  // A payload repeats its resources batch by batch as the same objects; so must we, or the encoder could not join them.
  const known = new Map<Resource, Resource>();

  function enrich(resource: Resource): Resource {
    let enriched = known.get(resource);
    if (enriched === undefined) {
      enriched = { ...resource, attributes: mergeAttributes(resource.attributes, winning, filling) };
      known.set(resource, enriched);
    }
    return enriched;
  }

  return {
    stamp: { winning, filling },
    resourceLogs:
      winning.length + filling.length === 0
        ? (resourceLogs) => resourceLogs
        : (resourceLogs) => resourceLogs.map((item) => ({ ...item, resource: enrich(item.resource ?? EMPTY_RESOURCE) })),
    headers:
      projectId === undefined
        ? undefined
        : { "x-highlight-project": projectId, ...(launchDarkly ? { "x-launchdarkly-project": projectId } : {}) },
  };
}

const EMPTY_RESOURCE: Resource = { attributes: [] };

function mergeAttributes(own: readonly KeyValue[], winning: readonly KeyValue[], filling: readonly KeyValue[]): readonly KeyValue[] {
  const merged = own.map((attribute) => winning.find(({ key }) => key === attribute.key) ?? attribute);
  const keys = new Set(own.map(({ key }) => key));
  for (const attribute of [...winning, ...filling]) {
    if (keys.has(attribute.key)) continue;
    keys.add(attribute.key);
    merged.push(attribute);
  }
  return merged;
}
