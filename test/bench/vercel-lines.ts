// Realistic Vercel NDJSON for the benchmarks, deterministic: the requests of one project, one to four lines each, in the form of the
// vendor's sample (https://vercel.com/docs/drains/reference/logs). Function envelopes (START ... REPORT) are left out, because unpacking
// them is work that only ours does.

interface Route {
  readonly source: "lambda" | "edge" | "static";
  readonly method: string;
  readonly path: string;
  readonly entrypoint: string | null;
  readonly target: (random: Random) => string;
}

interface Line {
  readonly level: string;
  readonly message?: string;
  readonly type?: string;
}

/** An integer from 0 to `below - 1`. */
type Random = (below: number) => number;

const ROUTES: readonly Route[] = [
  {
    source: "lambda",
    method: "GET",
    path: "/api/users",
    entrypoint: "api/users.js",
    target: (random) => `/api/users?page=${random(40)}&sort=created`,
  },
  {
    source: "lambda",
    method: "POST",
    path: "/api/orders",
    entrypoint: "api/orders.js",
    target: () => "/api/orders",
  },
  {
    source: "lambda",
    method: "GET",
    path: "/dashboard/[team]/settings",
    entrypoint: "app/dashboard/[team]/settings/page.js",
    target: (random) => `/dashboard/team-${random(500)}/settings`,
  },
  {
    source: "edge",
    method: "GET",
    path: "middleware",
    entrypoint: "middleware",
    target: (random) => `/shop/item-${random(9000)}?ref=mail`,
  },
  {
    source: "static",
    method: "GET",
    path: "/_next/static/chunks/main.js",
    entrypoint: null,
    target: (random) => `/_next/static/chunks/main-${random(1e9).toString(16)}.js`,
  },
];

/** A user agent is sent cut at its commas. */
const USER_AGENTS: readonly (readonly string[])[] = [
  ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML", "like Gecko) Chrome/126.0.0.0 Safari/537.36"],
  ["Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"],
  ["node"],
  ["curl/8.6.0"],
];
const REGIONS = ["sfo1", "sfo1", "sfo1", "iad1", "fra1"] as const;
const CACHES = ["MISS", "MISS", "HIT", "STALE", "PRERENDER"] as const;

/** What a function writes: text, JSON of pino and of the app's own making, a level in front of a text, a stack trace. */
const APP_LINES: readonly ((random: Random, timestamp: number) => Line)[] = [
  (random) => ({ level: "info", message: `API request processed in ${random(900)} ms for user ${random(1e9).toString(16)}` }),
  (random) => ({ level: "info", message: `Cache revalidated, next revalidation in ${random(600)} seconds` }),
  (random) => ({ level: "info", message: `GET /api/users -> 200 in ${random(400)} ms` }),
  (random, timestamp) => ({ level: "info", message: pinoLine(random, timestamp) }),
  (random, timestamp) => ({ level: "info", message: pinoLine(random, timestamp) }),
  (random) => ({ level: "info", message: orderLine(random) }),
  (random) => ({ level: "info", message: `warn: slow query on table orders took ${100 + random(900)} ms` }),
  (random) => ({ level: "error", message: stackTrace(random), type: "stderr" }),
];

function pinoLine(random: Random, time: number): string {
  const msg = random(8) === 0 ? "Résumé stored ✓" : "request completed";
  return JSON.stringify({
    level: 30,
    time,
    pid: 9,
    hostname: "169.254.1.1",
    reqId: `req-${random(1e6)}`,
    msg,
    responseTime: random(9e4) / 100,
  });
}

function orderLine(random: Random): string {
  const customer = { plan: "pro", country: random(4) === 0 ? "Österreich" : "DE" };
  return JSON.stringify({ level: "info", message: "order stored", orderId: `ord_${random(1e9)}`, items: 1 + random(9), customer });
}

function stackTrace(random: Random): string {
  const frames = `    at getUser (/var/task/api/users.js:${1 + random(90)}:17)\n    at async handler (/var/task/api/users.js:12:20)`;
  return `TypeError: Cannot read properties of undefined (reading 'id')\n${frames}`;
}

/** `count` lines, ending in a line feed; about 0.9 kB each. */
export function vercelLines(count: number): Uint8Array<ArrayBuffer> {
  const random = createRandom(42);
  const lines: string[] = [];
  for (let timestamp = 1763683200000; lines.length < count; timestamp += 1 + random(80)) {
    for (const line of requestLines(random, timestamp)) if (lines.length < count) lines.push(line);
  }
  return new TextEncoder().encode(`${lines.join("\n")}\n`);
}

function requestLines(random: Random, timestamp: number): readonly string[] {
  const route = pick(random, ROUTES);
  const preview = random(25) === 0;
  const region = pick(random, REGIONS);
  const statusCode = random(20) === 0 ? 500 : random(12) === 0 ? 404 : 200;
  const traceId = route.source === "lambda" && random(3) === 0 ? hex(random, 32) : undefined;
  const target = route.target(random);
  const requestId = `${region}::iad1::${hex(random, 5)}-${timestamp}-${hex(random, 12)}`;
  const proxy = {
    timestamp: timestamp - random(20),
    method: route.method,
    host: "my-app.vercel.app",
    path: target,
    userAgent: pick(random, USER_AGENTS),
    ...(random(3) === 0 ? {} : { referer: "https://my-app.vercel.app/" }),
    region,
    statusCode,
    clientIp: `${20 + random(200)}.${random(256)}.${random(256)}.${random(256)}`,
    scheme: "https",
    vercelCache: pick(random, CACHES),
  };
  return pickLines(random, route, timestamp, target, statusCode).map((line, index) =>
    JSON.stringify({
      id: String(1573817250283254651097202070n + BigInt(timestamp) * 1000n + BigInt(random(1000))),
      deploymentId: preview ? "dpl_7Kq3vPyuN1bXoHcW9sRz2LmTfAeD" : "dpl_233NRGRjVZX1caZrXWtz5g1TAksD",
      source: route.source,
      host: preview ? "my-app-git-feature-acme.vercel.app" : "my-app-abc123.vercel.app",
      timestamp: timestamp + index * 3,
      projectId: "prj_gdufoJxB6b9b1fEqr1jUtFkyavUU",
      ...line,
      entrypoint: route.entrypoint,
      requestId,
      statusCode,
      path: route.path,
      executionRegion: region,
      environment: preview ? "preview" : "production",
      branch: preview ? "feature" : "main",
      projectName: "my-app",
      ...(traceId === undefined ? {} : traceFields(traceId, hex(random, 16))),
      proxy,
    }),
  );
}

function pickLines(random: Random, route: Route, timestamp: number, target: string, statusCode: number): readonly Line[] {
  if (route.source === "static") return [{ level: "info" }];
  if (route.source === "edge") {
    const message = `[GET] [middleware: "middleware"] ${target.split("?", 1)[0]} status=${statusCode}`;
    return [{ message, level: "info", type: "middleware-invocation" }];
  }
  return Array.from({ length: 1 + random(4) }, (_, index) => ({
    type: "stdout",
    ...pick(random, APP_LINES)(random, timestamp + index * 3),
  }));
}

/** Each id comes twice, the second time under a literal dotted key. */
function traceFields(traceId: string, spanId: string) {
  return { traceId, spanId, "trace.id": traceId, "span.id": spanId };
}

function pick<T>(random: Random, list: readonly T[]): T {
  return list[random(list.length)] as T;
}

function hex(random: Random, length: number): string {
  let digits = "a";
  while (digits.length < length) digits += random(16).toString(16);
  return digits;
}

/** A linear congruential generator (Numerical Recipes): every run sees the same lines. */
function createRandom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
