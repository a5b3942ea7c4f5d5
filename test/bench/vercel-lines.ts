// Realistic Vercel NDJSON for the benchmarks: request and function logs of one deployment, about 0.87 kB a record.
const MESSAGES = [
  "API request processed in 48 ms for user 8f14e45f",
  "GET /api/users?page=2 -> 200",
  '{"level":30,"time":1725343693336,"pid":9,"hostname":"169.254.1.1","reqId":"req-17","msg":"request completed","responseTime":12.5}',
  "Cache revalidated for route /dashboard/[team]/settings after 301 seconds, next revalidation in 60 seconds",
  "warn: slow query on table orders took 812 ms",
];

/** `count` lines, deterministic, ending in a line feed. */
export function vercelLines(count: number): Uint8Array {
  const lines: string[] = [];
  for (let index = 0; index < count; index++) {
    const serial = String(1573817250283254651097202070n + BigInt(index));
    const hex = (0x1b02cd14bb86n + BigInt(index)).toString(16);
    const timestamp = 1763683200000 + index * 37;
    lines.push(
      JSON.stringify({
        id: serial,
        deploymentId: "dpl_233NRGRjVZX1caZrXWtz5g1TAksD",
        source: "lambda",
        host: "my-app-abc123.vercel.app",
        timestamp,
        projectId: "prj_gdufoJxB6b9b1fEqr1jUtFkyavUU",
        projectName: "my-app",
        level: index % 17 === 0 ? "error" : "info",
        message: MESSAGES[index % MESSAGES.length],
        entrypoint: "api/index.js",
        requestId: `sfo1::iad1::5g9hp-${timestamp}-7ba59b66d6f8`,
        statusCode: index % 17 === 0 ? 500 : 200,
        path: "/api/users",
        type: "stdout",
        executionRegion: "sfo1",
        environment: "production",
        branch: "main",
        traceId: `${hex}42fd092bc23f54c7ffcd`.padStart(32, "a"),
        spanId: `${hex}a7f2`.padStart(16, "b"),
        proxy: {
          timestamp: timestamp - 11,
          method: "GET",
          host: "my-app.vercel.app",
          path: `/api/users?page=${index % 40}`,
          userAgent: ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36"],
          referer: "https://my-app.vercel.app",
          region: "sfo1",
          statusCode: 200,
          clientIp: "120.75.16.101",
          scheme: "https",
          vercelCache: "MISS",
        },
      }),
    );
  }
  return new TextEncoder().encode(`${lines.join("\n")}\n`);
}
