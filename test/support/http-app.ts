// The real HTTP app on the real exporter, called as a server would call it; and an HTTP drain of it as the delivery suite sees it.
import { createConfiguredDrain } from "../../adapters/configured.ts";
import { createHttpApp } from "../../adapters/http.ts";
import { createNodeInflaters } from "../../adapters/node-inflate.ts";
import { type ReportLine, reportDeadLetter } from "../../adapters/report.ts";
import { type Config, readConfig } from "../../core/config.ts";
import type { Drain } from "../../core/drain.ts";
import { createOtlpExporter } from "../../core/export/deliver.ts";
import type { DeliveryPayload, DeliverySubject } from "./delivery.ts";

export type Env = Readonly<Record<string, string>>;

export interface TestApp {
  /** Everything that was reported so far. */
  readonly lines: ReportLine[];
  /** A request to a path of the app. */
  request(path: string, init?: RequestInit): Promise<Response>;
}

export interface TestAppOptions {
  /** In place of the platform's own budget, which is many seconds. */
  readonly budgetMs?: number | undefined;
  /** In place of the configured one. */
  readonly drain?: Drain | undefined;
}

export function readTestConfig(env: Env): Config {
  const config = readConfig(env);
  if (!config.ok) throw new Error(config.error.map(({ message }) => message).join("\n"));
  return config.value;
}

export function createTestApp(env: Env, destination: URL, { budgetMs, drain }: TestAppOptions = {}): TestApp {
  const config = readTestConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: destination.href, ...env });
  const lines: ReportLine[] = [];
  const report = (line: ReportLine) => void lines.push(line);
  const app = createHttpApp({
    config,
    drain: drain ?? withBudget(createTestDrain(config, report), budgetMs),
    report,
    inflaters: createNodeInflaters(),
  });
  return { lines, request: async (path, init) => app.fetch(new Request(new URL(path, "http://drain.example"), init)) };
}

function createTestDrain(config: Config, report: (line: ReportLine) => void): Drain {
  const { endpoint = "", ...otlp } = config.otlp;
  const exporter = createOtlpExporter({ ...otlp, endpoint, now: Date.now, retryDelayMs: 5, onDeadLetter: reportDeadLetter(report) });
  return createConfiguredDrain(config, exporter, { now: Date.now });
}

function withBudget(drain: Drain, budgetMs: number | undefined): Drain {
  if (budgetMs === undefined) return drain;
  const { forward } = drain;
  return {
    deliver: (source, payload, options) => drain.deliver(source, payload, { ...options, budgetMs }),
    forward: forward && ((request, options) => forward(request, { ...options, budgetMs })),
  };
}

export interface HttpSubject {
  readonly name: string;
  readonly env: Env;
  /** The request that the platform would send for a payload. */
  readonly toRequest: (payload: DeliveryPayload) => { readonly path: string; readonly init: RequestInit };
  /** Whether the platform sends again after this status. */
  readonly isRetried: (status: number) => boolean;
}

const SUBJECT_BUDGET_MS = 700;

/** An HTTP drain for `describeDelivery`: one app for each destination. */
export function createHttpSubject({ name, env, toRequest, isRetried }: HttpSubject): DeliverySubject {
  const apps = new Map<string, TestApp>();
  const appFor = (destination: URL): TestApp => {
    const app = apps.get(destination.href) ?? createTestApp(env, destination, { budgetMs: SUBJECT_BUDGET_MS });
    apps.set(destination.href, app);
    return app;
  };
  return {
    name,
    budgetMs: SUBJECT_BUDGET_MS,
    brokenItem: true,
    retryAfter: true,
    deliver: async (payload, destination) => {
      const { path, init } = toRequest(payload);
      const { ok, status, headers } = await appFor(destination).request(path, init);
      const retryAfter = headers.get("retry-after");
      return {
        outcome: ok ? "acked" : isRetried(status) ? "retry" : "refused",
        ...(retryAfter === null ? {} : { retryAfterS: Number(retryAfter) }),
      };
    },
    counts: (destination) => ({
      rejected: sumOf(appFor(destination).lines, "rejected"),
      malformed: sumOf(appFor(destination).lines, "malformed"),
    }),
  };
}

function sumOf(lines: readonly ReportLine[], field: "rejected" | "malformed"): number {
  return lines.reduce((sum, line) => sum + (typeof line[field] === "number" ? line[field] : 0), 0);
}

/** A body that tells how much of it was read: chunks of `chunkBytes` bytes, `chunks` of them. */
export function watchedBody(
  chunkBytes: number,
  chunks: number,
): { readonly body: ReadableStream<Uint8Array>; readonly pulled: () => number } {
  let pulled = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (pulled++ === chunks) controller.close();
        else controller.enqueue(new Uint8Array(chunkBytes).fill(0x20));
      },
    },
    { highWaterMark: 0 },
  );
  return { body, pulled: () => pulled };
}
