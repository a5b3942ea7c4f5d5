// A drain as the configuration asks for it: the same in every runtime, whatever the way out is.
import type { Config } from "../core/config.ts";
import { createDrain, type Drain } from "../core/drain.ts";
import { createOtlpExporter } from "../core/export/deliver.ts";
import type { Exporter } from "../core/export/exporter.ts";
import { createHighlightShape } from "../core/export/highlight.ts";
import { type Report, reportDeadLetter } from "./report.ts";

export interface RuntimeParts {
  /** ms since the Unix epoch. */
  readonly now: () => number;
  readonly report: Report;
  /** A gzip with a level, where the runtime has one. */
  readonly gzip?: ((bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer>>) | undefined;
  /** In place of the runtime's own. */
  readonly fetch?: typeof fetch | undefined;
}

/** Our own exporter to the configured destination; undefined when none is configured. */
export function createConfiguredExporter({ otlp }: Config, { now, report, ...parts }: RuntimeParts): Exporter | undefined {
  const { endpoint } = otlp;
  if (endpoint === undefined) return undefined;
  return createOtlpExporter({ ...otlp, ...parts, endpoint, now, onDeadLetter: reportDeadLetter(report) });
}

export function createConfiguredDrain(config: Config, exporter: Exporter, { now }: Pick<RuntimeParts, "now">): Drain {
  const { serviceName, defaultServiceName, highlightProjectId, resourceAttributes, otlp } = config;
  const launchDarkly = isLaunchDarkly(otlp.endpoint);
  return createDrain({
    exporter,
    now,
    defaultServiceName,
    enrichment: { serviceName, projectId: highlightProjectId, launchDarkly, attributes: resourceAttributes },
    shape: highlightProjectId === undefined ? undefined : createHighlightShape({ wrapBodies: !launchDarkly, now }),
  });
}

function isLaunchDarkly(endpoint: string | undefined): boolean {
  return endpoint !== undefined && new URL(endpoint).hostname.endsWith(".launchdarkly.com");
}
