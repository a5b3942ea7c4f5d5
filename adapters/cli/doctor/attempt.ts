// The marked test record, and one attempt to deliver it: by the exporter's own request, with the answer looked at more closely.
import type { Config } from "../../../core/config.ts";
import type { Exporter } from "../../../core/export/exporter.ts";
import { type Attempt, postRequest } from "../../../core/export/http.ts";
import { encodeJson } from "../../../core/otlp/json.ts";
import type { ResourceLogs } from "../../../core/otlp/model.ts";
import { encodeProtobuf } from "../../../core/otlp/protobuf.ts";
import type { Source } from "../../../core/source.ts";
import { VERSION } from "../../../core/version.ts";
import { createConfiguredDrain } from "../../configured.ts";
import { gzipFast } from "../../node-gzip.ts";
import { readNetworkReason } from "../network.ts";

/** One way to deliver. */
export interface Target {
  readonly url: string;
  readonly protocol: Config["otlp"]["protocol"];
  readonly compression: Config["otlp"]["compression"];
  /** Without the configured headers: they must not travel in clear because of a guess. */
  readonly bare?: boolean | undefined;
}

export interface Evidence {
  readonly target: Target;
  readonly attempt: Attempt;
  /** Of the last answer; undefined without one. */
  readonly status?: number | undefined;
  readonly isHtml?: boolean | undefined;
  readonly wantsCredentials?: boolean | undefined;
  /** Where a redirect leads: origin and path. */
  readonly location?: string | undefined;
  /** The destination's clock less this one, ms, when it tells its time. */
  readonly clockMs?: number | undefined;
  /** Why there was no answer. */
  readonly code?: string | undefined;
  readonly ms: number;
}

/** The test record as the configuration shapes it, and the headers that go with it. */
export interface TestRequest {
  readonly resourceLogs: readonly ResourceLogs[];
  readonly headers: Readonly<Record<string, string>>;
}

export const MARK_KEY = "otlp_drain.doctor";
const BODY = "otlp-drain doctor: a test record, safe to ignore";
const SERVICE_NAME = "otlp-drain-doctor";
const INFO = 9;

/** Through the drain itself, so that it carries what every record will carry. */
export async function createTestRequest(config: Config, mark: string): Promise<TestRequest> {
  const source: Source<undefined> = {
    name: "doctor",
    decode: (_payload, { observedTimeUnixNano, defaultServiceName }) => ({
      ok: true,
      value: {
        batches: [
          { resourceLogs: [markedRecord(mark, observedTimeUnixNano, defaultServiceName ?? SERVICE_NAME)], malformed: 0, filtered: 0 },
        ],
      },
    }),
  };
  const resourceLogs: ResourceLogs[] = [];
  let headers: Readonly<Record<string, string>> = {};
  const exporter: Exporter = {
    async export(batches, options) {
      for (const batch of batches) resourceLogs.push(...batch);
      headers = options.headers ?? {};
      return { ok: true, value: { delivered: 1, rejected: 0, notes: [] } };
    },
  };
  await createConfiguredDrain(config, exporter, { now: Date.now }).deliver(source, undefined, { budgetMs: config.otlp.timeoutMs });
  return { resourceLogs, headers: { ...config.otlp.headers, ...headers } };
}

function markedRecord(mark: string, unixNano: bigint, serviceName: string): ResourceLogs {
  return {
    resource: { attributes: [{ key: "service.name", value: serviceName }] },
    scopeLogs: [
      {
        scope: { name: "otlp-drain/doctor", version: VERSION },
        logRecords: [
          {
            timeUnixNano: unixNano,
            observedTimeUnixNano: unixNano,
            severityNumber: INFO,
            severityText: "INFO",
            body: BODY,
            attributes: [{ key: MARK_KEY, value: mark }],
          },
        ],
      },
    ],
  };
}

export async function attemptDelivery(target: Target, { resourceLogs, headers }: TestRequest, timeoutMs: number): Promise<Evidence> {
  const isJson = target.protocol === "http/json";
  const encoded = isJson ? encodeJson(resourceLogs) : encodeProtobuf(resourceLogs);
  const body = target.compression === "gzip" ? await gzipFast(encoded) : encoded;
  const seen: { -readonly [K in keyof Evidence]?: Evidence[K] } = {};
  const startedAt = performance.now();
  const attempt = await postRequest(
    {
      url: target.url,
      headers: {
        ...(target.bare ? {} : headers),
        "content-type": isJson ? "application/json" : "application/x-protobuf",
        "user-agent": `otlp-drain/${VERSION}`,
        ...(target.compression === "gzip" ? { "content-encoding": "gzip" } : {}),
      },
      body,
      timeoutMs,
    },
    { fetch: watch(seen), now: Date.now },
  );
  return { target, attempt, ...seen, ms: performance.now() - startedAt };
}

/** A fetch that notes what its caller does not pass on. */
function watch(seen: { -readonly [K in keyof Evidence]?: Evidence[K] }): typeof fetch {
  return async (input, init) => {
    try {
      const response = await fetch(input, init);
      const { headers, status } = response;
      const date = Date.parse(headers.get("date") ?? "");
      const location = headers.get("location");
      seen.status = status;
      seen.isHtml = /^text\/html\b/i.test(headers.get("content-type") ?? "");
      seen.wantsCredentials = headers.has("www-authenticate");
      if (!Number.isNaN(date)) seen.clockMs = date - Date.now();
      if (location !== null && URL.canParse(location, String(input))) {
        const { origin, pathname } = new URL(location, String(input));
        seen.location = `${origin}${pathname}`;
      }
      return response;
    } catch (error) {
      seen.code = readNetworkReason(error);
      throw error;
    }
  };
}
