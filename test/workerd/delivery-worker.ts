// A Worker for the delivery suite: the HTTP app as `adapters/cloudflare/fetch.ts` serves it, but for the destination, which each request
// names, and for budget and delays, which are short. It answers with what was counted for that destination so far.
import { findInflaters } from "../../adapters/cloudflare/inflate.ts";
import { createConfiguredDrain } from "../../adapters/configured.ts";
import { createHttpApp } from "../../adapters/http.ts";
import { type ReportLine, reportDeadLetter } from "../../adapters/report.ts";
import { readConfig } from "../../core/config.ts";
import type { Drain } from "../../core/drain.ts";
import { createOtlpExporter } from "../../core/export/deliver.ts";
import { BUDGET_MS, COUNTS_HEADER, DESTINATION_HEADER } from "./delivery-headers.ts";

interface Served {
  readonly app: ReturnType<typeof createHttpApp>;
  readonly lines: readonly ReportLine[];
}

const apps = new Map<string, Served>();

function serve(destination: string, env: Readonly<Record<string, string>>): Served {
  const read = readConfig({ ...env, OTEL_EXPORTER_OTLP_ENDPOINT: destination });
  if (!read.ok) throw new Error(read.error.map(({ message }) => message).join("\n"));
  const config = read.value;
  const lines: ReportLine[] = [];
  const report = (line: ReportLine) => void lines.push(line);
  const { endpoint = "", ...otlp } = config.otlp;
  const exporter = createOtlpExporter({ ...otlp, endpoint, now: Date.now, retryDelayMs: 5, onDeadLetter: reportDeadLetter(report) });
  const drain: Drain = createConfiguredDrain(config, exporter, { now: Date.now });
  return { app: createHttpApp({ config, drain, report, inflaters: findInflaters() }), lines };
}

export default {
  async fetch(request: Request, env: Readonly<Record<string, string>>): Promise<Response> {
    const destination = request.headers.get(DESTINATION_HEADER) ?? "";
    const served = apps.get(destination) ?? serve(destination, env);
    apps.set(destination, served);
    const response = new Response(null, await served.app.fetch(request, { remainingMs: BUDGET_MS }));
    const sum = (field: string) => served.lines.reduce((total, line) => total + Number(line[field] ?? 0), 0);
    response.headers.set(COUNTS_HEADER, JSON.stringify({ rejected: sum("rejected"), malformed: sum("malformed") }));
    return response;
  },
};
