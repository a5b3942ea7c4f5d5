import { afterEach, describe, expect, test } from "vitest";
import { createConfiguredDrain, createConfiguredExporter } from "../../adapters/configured.ts";
import type { ReportLine } from "../../adapters/report.ts";
import { type Env, readTestConfig } from "../support/http-app.ts";
import { batchSource, makeLogs, makeRecord, makeResource, toAttributes } from "../support/log-records.ts";
import { type Receiver, startReceiver, status } from "../support/receiver.ts";

let receiver: Receiver;
const lines: ReportLine[] = [];

afterEach(async () => {
  await receiver?.close();
  lines.length = 0;
});

async function deliver(env: Env, behaviour: Parameters<Receiver["behave"]>[0] = []) {
  receiver = await startReceiver({ behaviour });
  const config = readTestConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.href, ...env });
  const exporter = createConfiguredExporter(config, { now: Date.now, report: (line) => void lines.push(line) });
  if (exporter === undefined) throw new Error("no destination");
  const records = [makeRecord("a <b", { severityText: "Warning", severityNumber: 13, attributes: toAttributes({ level: 30 }) })];
  const resourceLogs = makeLogs(records, makeResource({ "service.name": "payload", team: "payload" }));
  return createConfiguredDrain(config, exporter, { now: Date.now }).deliver(batchSource, [{ resourceLogs }], { budgetMs: 2_000 });
}

test("without a destination there is no exporter", () => {
  expect(createConfiguredExporter(readTestConfig({}), { now: Date.now, report: () => {} })).toBeUndefined();
});

describe("the configuration", () => {
  test("alone leaves a record as its source made it", async () => {
    expect(await deliver({})).toMatchObject({ ok: true, value: { delivered: 1 } });
    expect(receiver.accepted[0]).toMatchObject({ body: "a <b", severityText: "Warning", attributes: { level: 30 } });
    expect(receiver.accepted[0]?.resource).toEqual({ "service.name": "payload", team: "payload" });
    expect(receiver.requests[0]?.headers["x-highlight-project"]).toBeUndefined();
  });

  test("names service, attributes, headers, encoding and compression", async () => {
    await deliver({
      OTEL_SERVICE_NAME: "named",
      OTEL_RESOURCE_ATTRIBUTES: "team=red,region=eu,service.name=default",
      OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=a",
      OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_COMPRESSION: "none",
    });
    expect(receiver.accepted[0]?.resource).toEqual({ "service.name": "named", team: "payload", region: "eu" });
    expect(receiver.requests[0]).toMatchObject({ encoding: "json", headers: { "x-tenant": "a" } });
    expect(receiver.requests[0]?.headers["content-encoding"]).toBeUndefined();
  });

  test("with a Highlight project stamps it, and shapes the records for Highlight", async () => {
    await deliver({ HIGHLIGHT_PROJECT_ID: "42abcd" });
    const [record] = receiver.accepted;
    expect(record?.resource["highlight.project_id"]).toBe("42abcd");
    expect(record?.resource["launchdarkly.project_id"]).toBeUndefined();
    expect(receiver.requests[0]?.headers["x-highlight-project"]).toBe("42abcd");
    expect(record).toMatchObject({ body: { MESSAGE: "a <b" }, severityText: "warn", attributes: { "app.level": 30 } });
  });

  test("with LaunchDarkly as the destination uses LaunchDarkly's names too, and leaves the bodies alone", async () => {
    receiver = await startReceiver();
    const { port } = receiver;
    const config = readTestConfig({
      HIGHLIGHT_PROJECT_ID: "sdk-1234",
      OTEL_EXPORTER_OTLP_ENDPOINT: "https://otel.observability.app.launchdarkly.com:4318",
    });
    const { createOtlpExporter } = await import("../../core/export/deliver.ts");
    const exporter = createOtlpExporter({ endpoint: `http://127.0.0.1:${port}/v1/logs`, now: Date.now });
    const payload = [{ resourceLogs: makeLogs(["a <b"]) }];
    await createConfiguredDrain(config, exporter, { now: Date.now }).deliver(batchSource, payload, { budgetMs: 2_000 });
    expect(receiver.accepted[0]).toMatchObject({
      body: "a <b",
      resource: { "highlight.project_id": "sdk-1234", "launchdarkly.project_id": "sdk-1234" },
    });
    expect(receiver.requests[0]?.headers).toMatchObject({ "x-highlight-project": "sdk-1234", "x-launchdarkly-project": "sdk-1234" });
  });
});

test("a dead letter is told by what finds it at the platform, without its content", async () => {
  receiver = await startReceiver({ behaviour: () => status(400) });
  const config = readTestConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.href });
  const exporter = createConfiguredExporter(config, { now: Date.now, report: (line) => void lines.push(line) });
  const record = makeRecord("secret body", { attributes: toAttributes({ "log.record.uid": `id-${"x".repeat(500)}`, secret: "secret" }) });
  const logs = [
    makeLogs([record]),
    makeLogs([makeRecord("secret body", { timeUnixNano: undefined })], makeResource({ "service.name": 7 })),
  ];
  await exporter?.export(logs, { deadlineMs: Date.now() + 2_000 });
  expect(lines).toEqual([
    {
      level: "error",
      message: "dead letter",
      status: 400,
      detail: "scripted",
      service: "shop",
      uid: `id-${"x".repeat(125)}`,
      time: "2023-11-14T22:13:20.123456789Z",
    },
    { level: "error", message: "dead letter", status: 400, detail: "scripted", service: undefined, uid: undefined, time: undefined },
  ]);
});
