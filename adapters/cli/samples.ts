// Realistic payloads, one small set a platform: what `send` and the demo deliver. Times and ids are new each time, everything else is
// fixed; addresses and hosts are reserved for documentation (RFC 2606, RFC 5737).
import type { ResourceLogs } from "../../core/otlp/model.ts";
import { toRfc3339 } from "../../core/read/time.ts";

const TRACE_ID = "1b02cd14bb8642fd092bc23f54c7ffcd";
const SPAN_ID = "f24e8631bd11faa7";
const NS_PER_MS = 1_000_000n;

/** Digits that differ for every record of every delivery of a run. */
function uniqueDigits(nowMs: number, serial: number, index: number, length: number): string {
  return `${nowMs}${String(serial).padStart(8, "0")}${index}`.padEnd(length, "0").slice(0, length);
}

function rfc3339(ms: number, extraNs = 0n): string {
  return toRfc3339(BigInt(ms) * NS_PER_MS + extraNs);
}

/** https://vercel.com/docs/drains/reference/logs */
export function vercelRecords(nowMs: number, serial: number): readonly object[] {
  const id = (index: number) => uniqueDigits(nowMs, serial, index, 31);
  return [
    {
      id: id(0),
      deploymentId: "dpl_233NRGRjVZX1caZrXWtz5g1TAksD",
      source: "lambda",
      host: "my-app-abc123.vercel.app",
      timestamp: nowMs - 17,
      projectId: "prj_gdufoJxB6b9b1fEqr1jUtFkyavUU",
      projectName: "my-app",
      level: "info",
      message: JSON.stringify({
        level: 50,
        time: nowMs - 18,
        msg: "payment failed",
        orderId: "9007199254740993",
        "highlight.session_id": "kYf3sA9",
      }),
      entrypoint: "api/index.js",
      requestId: "643af4e3-975a-4cc7-9e7a-1eda11539d90",
      statusCode: 500,
      path: "/api/pay",
      environment: "production",
      branch: "main",
      "trace.id": TRACE_ID,
      "span.id": SPAN_ID,
      proxy: {
        timestamp: nowMs - 128,
        method: "POST",
        host: "my-app.vercel.app",
        path: "/api/pay?attempt=2",
        userAgent: ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"],
        region: "sfo1",
        statusCode: 500,
        clientIp: "203.0.113.7",
        scheme: "https",
        vercelCache: "MISS",
      },
    },
    {
      id: id(1),
      deploymentId: "dpl_233NRGRjVZX1caZrXWtz5g1TAksD",
      source: "static",
      host: "my-app-abc123.vercel.app",
      timestamp: nowMs - 10,
      projectId: "prj_gdufoJxB6b9b1fEqr1jUtFkyavUU",
      projectName: "my-app",
      proxy: { timestamp: nowMs - 11, method: "GET", host: "my-app.vercel.app", path: "/logo.svg", region: "sfo1", statusCode: 304 },
    },
    {
      id: id(2),
      deploymentId: "dpl_9AhFbkJm7kdFdB8WmXdBqSNXpHGh",
      source: "build",
      host: "docs.vercel.app",
      timestamp: nowMs,
      projectId: "prj_docs",
      projectName: "docs",
      type: "stderr",
      level: "warning",
      message: "\u001b[33mwarn\u001b[39m  - No build cache found",
    },
  ];
}

/** https://github.com/superfly/flyctl/blob/master/logs/entry.go */
export function flyEvents(nowMs: number, serial: number): readonly object[] {
  return [
    {
      event: { provider: "app" },
      fly: { app: { instance: "4d891d77b05118", name: "restless-moon-8905" }, region: "lax" },
      host: "f442",
      log: { level: "info" },
      message: `${new Date(nowMs - 9).toISOString()} ERROR db: connection refused attempt=${serial}`,
      timestamp: rfc3339(nowMs - 9, 45_558n),
    },
    {
      event: { provider: "runner" },
      fly: { app: { instance: "0e286551c30586", name: "dc-team-52" }, region: "sjc" },
      host: "0ad1",
      log: { level: "info" },
      message: "machine exited with exit code 0, not restarting",
      timestamp: rfc3339(nowMs, 159_411n),
    },
  ];
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html */
export function cloudWatchSubscription(nowMs: number, serial: number): object {
  const requestId = "8286a188-ba32-4475-8077-530cd35c09a9";
  const lines = [
    [nowMs - 210, `START RequestId: ${requestId} Version: $LATEST\n`],
    [nowMs - 205, `${new Date(nowMs - 205).toISOString()}\t${requestId}\tWARN\tcart 17 is slow { ms: 204 }\n`],
    [nowMs - 1, `END RequestId: ${requestId}\n`],
    [
      nowMs,
      `REPORT RequestId: ${requestId}\tDuration: 208.31 ms\tBilled Duration: 209 ms\tMemory Size: 256 MB\tMax Memory Used: 98 MB\t\n`,
    ],
  ] as const;
  return {
    messageType: "DATA_MESSAGE",
    owner: "123456789012",
    logGroup: "/aws/lambda/checkout",
    logStream: `${new Date(nowMs).toISOString().slice(0, 10).replaceAll("-", "/")}/[$LATEST]b1f54c8e3a0d4ae5a1f2c0f3c1f4d7e6`,
    subscriptionFilters: ["otlp-drain"],
    logEvents: lines.map(([timestamp, message], index) => ({ id: uniqueDigits(nowMs, serial, index, 56), timestamp, message })),
  };
}

/** https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/account/workers_trace_events/ */
export function traceEvents(nowMs: number, serial: number): readonly object[] {
  return [
    {
      CPUTimeMs: 4,
      DispatchNamespace: "",
      Entrypoint: "",
      Event: {
        RayID: (BigInt(nowMs) * 1_000_000n + BigInt(serial)).toString(16).padStart(16, "0"),
        Request: { Method: "GET", URL: "https://shop.example.com/cart/17" },
        Response: { Status: 500 },
      },
      EventTimestampMs: nowMs - 31,
      EventType: "fetch",
      Exceptions: [{ Name: "TypeError", Message: "cart is undefined", TimestampMs: nowMs - 2 }],
      Logs: [
        { Level: "log", Message: ["loading cart", { id: 17 }], TimestampMs: nowMs - 30 },
        { Level: "warn", Message: ["cart 17 is slow"], TimestampMs: nowMs - 5 },
      ],
      Outcome: "exception",
      ScriptName: "shop",
      ScriptTags: [],
      ScriptVersion: { ID: "7a1c9bb2-6a4e-4f5d-9c0e-2f1f6f0a9b51" },
      WallTimeMs: 31,
    },
  ];
}

/** What an application's own OpenTelemetry SDK sends. */
export function otlpLogs(nowMs: number, serial: number): readonly ResourceLogs[] {
  const time = BigInt(nowMs) * NS_PER_MS;
  return [
    {
      resource: {
        attributes: [
          { key: "service.name", value: "checkout" },
          { key: "service.version", value: "1.4.2" },
          { key: "deployment.environment.name", value: "production" },
        ],
      },
      scopeLogs: [
        {
          scope: { name: "checkout", version: "1.4.2" },
          logRecords: [
            {
              timeUnixNano: time - 2_000_000n,
              observedTimeUnixNano: time - 2_000_000n,
              severityNumber: 9,
              severityText: "INFO",
              body: "order placed",
              attributes: [
                { key: "order.id", value: `A-${serial}` },
                { key: "order.items", value: 3 },
              ],
              traceId: TRACE_ID,
              spanId: SPAN_ID,
              flags: 1,
            },
            {
              timeUnixNano: time,
              observedTimeUnixNano: time,
              severityNumber: 17,
              severityText: "ERROR",
              body: "payment provider answered 502",
              attributes: [{ key: "http.response.status_code", value: 502 }],
            },
          ],
        },
      ],
    },
  ];
}
