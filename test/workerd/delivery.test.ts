import { gzipSync } from "node:zlib";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, beforeAll } from "vitest";
import { encodeJson } from "../../core/otlp/json.ts";
import { type DeliveryPayload, type DeliverySubject, describeDelivery } from "../support/delivery.ts";
import { makeLogs, makeRecord } from "../support/log-records.ts";
import { BUDGET_MS, COUNTS_HEADER, DESTINATION_HEADER } from "./delivery-headers.ts";
import { bundleWorker, COMPATIBILITY_DATE } from "./workers.ts";

const TOKEN = "a-token-nobody-can-guess";
const BEARER = { authorization: `Bearer ${TOKEN}` };

let miniflare: Miniflare;
let url: URL;

beforeAll(async () => {
  miniflare = new Miniflare(
    convertV4MiniflareOptions({
      cf: false,
      modules: true,
      script: await bundleWorker("test/workerd/delivery-worker.ts"),
      compatibilityDate: COMPATIBILITY_DATE,
      bindings: { LOGPUSH_TOKEN: TOKEN, OTLP_INTAKE_TOKEN: TOKEN, OTLP_DRAIN_INVOCATION_LOGS: "off" },
    }),
  );
  url = await miniflare.ready;
});

afterAll(() => miniflare.dispose());

interface Counts {
  readonly rejected: number;
  readonly malformed: number;
}

function createWorkerdSubject(
  name: string,
  path: string,
  toInit: (payload: DeliveryPayload) => { readonly body: string | Uint8Array<ArrayBuffer>; readonly headers: Record<string, string> },
  isRetried: (status: number) => boolean,
): DeliverySubject {
  const counts = new Map<string, Counts>();
  return {
    name,
    budgetMs: BUDGET_MS,
    brokenItem: true,
    retryAfter: true,
    async deliver(payload, { href }) {
      const { body, headers } = toInit(payload);
      const response = await fetch(new URL(path, url), { method: "POST", body, headers: { ...headers, [DESTINATION_HEADER]: href } });
      counts.set(href, JSON.parse(response.headers.get(COUNTS_HEADER) ?? "{}") as Counts);
      const retryAfter = response.headers.get("retry-after");
      return {
        outcome: response.ok ? "acked" : isRetried(response.status) ? "retry" : "refused",
        ...(retryAfter === null ? {} : { retryAfterS: Number(retryAfter) }),
      };
    },
    counts: ({ href }) => counts.get(href) ?? { rejected: 0, malformed: 0 },
  };
}

describeDelivery(
  createWorkerdSubject(
    "the Logpush drain in workerd",
    "/cloudflare/logpush?dataset=workers_trace_events",
    ({ ids, brokenItemAt }) => {
      const lines = ids.map((id) =>
        JSON.stringify({
          EventTimestampMs: 1_763_683_200_283,
          ScriptName: "shop",
          Outcome: "ok",
          Logs: [{ Level: "log", Message: [`message ${id}`] }],
        }),
      );
      if (brokenItemAt !== undefined) lines.splice(brokenItemAt, 0, '{"EventTimestampMs": broken');
      return { body: gzipSync(lines.join("\n")), headers: { ...BEARER, "content-encoding": "gzip" } };
    },
    (status) => status !== 200,
  ),
);

describeDelivery(
  createWorkerdSubject(
    "the OTLP drain in workerd",
    "/v1/logs",
    ({ ids, brokenItemAt }) => {
      const request = JSON.parse(new TextDecoder().decode(encodeJson(makeLogs(ids.map((id) => makeRecord(id)))))) as {
        resourceLogs: [{ scopeLogs: [{ logRecords: unknown[] }] }];
      };
      if (brokenItemAt !== undefined) request.resourceLogs[0].scopeLogs[0].logRecords.splice(brokenItemAt, 0, "no log record");
      return { body: JSON.stringify(request), headers: { ...BEARER, "content-type": "application/json" } };
    },
    (status) => [429, 502, 503, 504].includes(status),
  ),
);
