import { createHmac } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { request as httpRequest, type Server } from "node:http";
import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test, vi } from "vitest";
import { HTTP_DRAINS } from "../../adapters/http.ts";
import { type RunningServer, startServer } from "../../adapters/node.ts";
import { readTestConfig } from "../support/http-app.ts";
import { type NodeServer, startNodeServer } from "../support/node-server.ts";
import { flatten, parseJsonStrict } from "../support/oracle.ts";
import { delay, hang, html200, ok, partialSuccess, type Receiver, startReceiver, status } from "../support/receiver.ts";

const TOKEN = "a-token-nobody-can-guess";
const ENV = { FLY_DRAIN_TOKEN: TOKEN };
const HEADERS = { authorization: `Bearer ${TOKEN}` };
const servers: NodeServer[] = [];
const receivers: Receiver[] = [];

afterEach(async () => {
  vi.useRealTimers();
  for (const { process: child, exit } of servers.splice(0)) {
    child.kill("SIGKILL");
    await exit;
  }
  for (const receiver of receivers.splice(0)) await receiver.close();
});

function start(env: Readonly<Record<string, string>> = {}): NodeServer {
  const server = startNodeServer(env);
  servers.push(server);
  return server;
}

async function openReceiver(behaviour: Parameters<Receiver["behave"]>[0] = ok()): Promise<Receiver> {
  const receiver = await startReceiver({ behaviour });
  receivers.push(receiver);
  return receiver;
}

async function startWith(receiver: Receiver, env: Readonly<Record<string, string>> = {}): Promise<{ server: NodeServer; url: string }> {
  const server = start({ ...ENV, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.href, ...env });
  return { server, url: await server.url };
}

function post(url: string, message: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${url}/fly`, { method: "POST", body: JSON.stringify({ message }), headers: HEADERS, ...init });
}

function linesOf({ output }: NodeServer): string[] {
  return output.stderr.split("\n").filter((line) => line !== "");
}

function reportsOf(server: NodeServer): Record<string, unknown>[] {
  return linesOf(server)
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
}

describe("a start", () => {
  test("with a wrong configuration ends with code 1 and one line for each fault, which names the variable and shows no secret", async () => {
    const server = start({
      PORT: "99999",
      OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318",
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=%zz-secret",
      OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
      OTLP_DRAIN_INSECURE: "maybe",
    });
    expect(await server.exit).toEqual({ code: 1, signal: null });
    const lines = linesOf(server);
    expect(lines.map((line) => /^otlp-drain: ([A-Z_]+) /.exec(line)?.[1]).sort()).toEqual([
      "OTEL_EXPORTER_OTLP_ENDPOINT",
      "OTEL_EXPORTER_OTLP_HEADERS",
      "OTEL_EXPORTER_OTLP_PROTOCOL",
      "OTLP_DRAIN_INSECURE",
      "PORT",
    ]);
    for (const line of lines) expect(line).toContain("accepted:");
    expect(server.output.stderr).not.toContain("secret");
    expect(server.output.stdout).toBe("");
  });

  test("on a port that is taken ends with code 1 and one line", async () => {
    const receiver = await openReceiver();
    const server = start({ PORT: String(receiver.port) });
    expect(await server.exit).toEqual({ code: 1, signal: null });
    expect(linesOf(server)).toEqual([`otlp-drain: cannot listen on 127.0.0.1:${receiver.port} (EADDRINUSE): set HOST and PORT`]);
  });

  test("tells where it listens, where records go, what is doubtful and which drains are closed, and no secret", async () => {
    const server = start({
      VERCEL_DRAIN_SECRET: "short-secret",
      OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: "https://user:hidden@collector.example/v1/logs?api_key=hidden",
      OTEL_EXPORTER_OTLP_HEADERS: "x-key=hidden",
    });
    const url = await server.url;
    const lines = linesOf(server);
    const closed = HTTP_DRAINS.filter(({ name }) => name !== "vercel");
    expect(lines[0]).toMatch(/^otlp-drain: warning: VERCEL_DRAIN_SECRET /);
    expect(lines.slice(1, -1)).toEqual(
      closed.map(({ paths, secretVariable }) => `otlp-drain: ${paths[0]} is closed: set ${secretVariable}`),
    );
    expect(lines.at(-1)).toBe(`otlp-drain: listening on ${url}; records go to https://collector.example/v1/logs`);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(server.output.stderr).not.toMatch(/hidden|short-secret/);
  });

  test("listens on IPv6 where it is asked to", async () => {
    const server = start({ HOST: "::1", ...ENV });
    const url = await server.url;
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });
});

describe("without a destination", () => {
  test("every record is printed, one OTLP/JSON request a line, before it is acknowledged", async () => {
    const server = start(ENV);
    const url = await server.url;
    expect(server.output.stderr).toContain("records are printed here (no OTEL_EXPORTER_OTLP_ENDPOINT)");
    const body = '[{"message":"one","timestamp":"2023-06-27T01:19:11.789045558Z","fly":{"app":{"name":"shop"}}},{"message":"two\\nlines"}]';
    expect((await post(url, "", { body })).status).toBe(200);
    await server.waitFor("stdout", /two.*\n/);
    const lines = server.output.stdout.split("\n");
    expect(lines.pop()).toBe("");
    const records = lines.map((line) => flatten(parseJsonStrict(line)));
    expect(records).toMatchObject([
      [{ body: "one", timeUnixNano: 1_687_828_751_789_045_558n, resource: { "service.name": "shop" } }],
      [{ body: "two\nlines" }],
    ]);
    expect(reportsOf(server)).toEqual([]);
  });

  test("a closed pipe keeps the data with the sender, and the server alive", async () => {
    const server = start(ENV);
    const url = await server.url;
    server.process.stdout?.destroy();
    for (const message of ["one", "two"]) {
      const response = await post(url, message);
      expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
    }
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(reportsOf(server)).toMatchObject([{ detail: "the terminal or pipe is closed" }, { detail: "the terminal or pipe is closed" }]);
  });
});

describe("with a destination", () => {
  test("deliveries of every drain arrive there, over real HTTP, however they are framed", async () => {
    const receiver = await openReceiver();
    const secret = "a_very_long_and_very_well_specified_secret";
    const { server, url } = await startWith(receiver, { VERCEL_DRAIN_SECRET: secret });
    const body = gzipSync('[{"id":"1","message":"from Vercel"}]');
    const headers = { "content-encoding": "gzip", "x-vercel-signature": createHmac("sha1", secret).update(body).digest("hex") };
    const chunked = new ReadableStream({
      start(controller) {
        for (const part of ['{"message":"fr', 'om Vector"}\n']) controller.enqueue(new TextEncoder().encode(part));
        controller.close();
      },
    });
    const answers = [
      await fetch(`${url}/vercel?service=shop`, { method: "POST", body, headers }),
      await post(url, "from Fly"),
      await fetch(`${url}/vector`, { method: "POST", body: chunked, headers: HEADERS, duplex: "half" } as RequestInit),
    ];
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200]);
    expect(receiver.accepted.map((record) => record.body)).toEqual(["from Vercel", "from Fly", "from Vector"]);
    expect(receiver.accepted[0]?.resource["service.name"]).toBe("shop");
    expect(receiver.requests[0]?.headers["content-encoding"]).toBe("gzip");
    expect(receiver.violations).toEqual([]);
    expect(server.output.stdout).toBe("");
    expect(reportsOf(server)).toEqual([]);
  });

  test("it says that it runs, lists its drains, and answers a HEAD", async () => {
    const { url } = await startWith(await openReceiver());
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: "ok" });
    const page = await (await fetch(url)).text();
    expect(page).toContain("/fly, /vector (open)");
    expect(page).toContain("/vercel (closed, set VERCEL_DRAIN_SECRET)");
    expect((await fetch(`${url}/fly`, { method: "HEAD" })).status).toBe(200);
    expect((await fetch(`${url}/vercel`, { method: "POST", body: "{}" })).status).toBe(404);
  });

  test("a failure of it is answered 503, and one JSON line on stderr names the cause", async () => {
    const receiver = await openReceiver(() => status(401));
    const { server, url } = await startWith(receiver);
    const response = await post(url, "confidential");
    expect([response.status, await response.json()]).toEqual([503, { error: "the destination refuses deliveries" }]);
    expect(reportsOf(server)).toEqual([
      {
        app: "otlp-drain",
        level: "error",
        message: "not delivered",
        drain: "fly",
        reason: "refused",
        detail: "the destination answered 401: scripted",
      },
    ]);
    expect(server.output.stderr).not.toMatch(/confidential|nobody-can-guess/);
  });

  test("a stranger's body is not waited for", async () => {
    const { url } = await startWith(await openReceiver());
    const { hostname, port } = new URL(url);
    const request = httpRequest({ hostname, port, path: "/fly", method: "POST", headers: { "content-length": 10_000_000 } });
    request.on("error", () => {});
    request.write("x");
    const [response] = await once(request, "response");
    expect(response.statusCode).toBe(401);
    request.destroy();
  });

  test("a sender that hangs up in the middle of its body delivers nothing, and the server goes on", async () => {
    const receiver = await openReceiver();
    const { url } = await startWith(receiver);
    const socket = await openSocket(
      url,
      `POST /fly HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\ncontent-length: 1000\r\n\r\n{"message":"half"}`,
    );
    socket.destroy();
    expect((await post(url, "whole")).status).toBe(200);
    expect(receiver.accepted.map(({ body }) => body)).toEqual(["whole"]);
  });
});

async function openSocket(url: string, text: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => {});
  await once(socket, "connect");
  if (text !== "") await new Promise((resolve) => socket.write(text, resolve));
  return socket;
}

describe("the end", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("by %s waits for what is in flight, takes nothing new, and exits with 0", async (signal) => {
    const gate = Promise.withResolvers<void>();
    const receiver = await openReceiver(async () => {
      await gate.promise;
      return ok();
    });
    const { server, url } = await startWith(receiver);
    // A connection kept alive from before must not hold the process.
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const sending = post(url, "in flight");
    await receiver.waitForRequests(1);
    server.process.kill(signal);
    let refused = false;
    while (!refused) {
      const probe = await openSocket(url, "").catch(() => undefined);
      refused = probe === undefined;
      probe?.destroy();
    }
    let ended = false;
    void server.exit.then(() => {
      ended = true;
    });
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    expect(ended).toBe(false);
    gate.resolve();
    const response = await sending;
    expect([response.status, response.headers.get("connection")]).toEqual([200, "close"]);
    expect(await server.exit).toEqual({ code: 0, signal: null });
    expect(receiver.accepted.map(({ body }) => body)).toEqual(["in flight"]);
  });

  test("is not held up by connections that have said nothing, or not all", async () => {
    const { server, url } = await startWith(await openReceiver());
    const silent = await openSocket(url, "");
    const halfway = await openSocket(url, "POST /fly HTT");
    // An answer on a later connection shows that the server has seen the earlier ones.
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    server.process.kill("SIGTERM");
    expect(await server.exit).toEqual({ code: 0, signal: null });
    silent.destroy();
    halfway.destroy();
  });

  test("by SIGKILL loses nothing that was acknowledged (D9)", async () => {
    const receiver = await openReceiver((_, index) => delay(index % 5));
    const { server, url } = await startWith(receiver);
    const acked: string[] = [];
    const sender = async (name: number) => {
      for (let count = 0; count < 1_000; count++) {
        const id = `id-${name}-${count}`;
        const answered = await post(url, id).then(
          ({ ok: success }) => success,
          () => undefined,
        );
        if (answered === undefined) return;
        if (answered) acked.push(id);
        if (acked.length === 60) server.process.kill("SIGKILL");
      }
    };
    await Promise.all([0, 1, 2, 3].map(sender));
    expect(await server.exit).toEqual({ code: null, signal: "SIGKILL" });
    expect(acked.length).toBeGreaterThanOrEqual(60);
    const arrived = new Set(receiver.accepted.map(({ body }) => body));
    expect(acked.filter((id) => !arrived.has(id))).toEqual([]);
  });
});

describe("OTLP_DRAIN_EXPORTER=sdk", () => {
  const env = { OTLP_DRAIN_EXPORTER: "sdk", OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=a", OTEL_EXPORTER_OTLP_TIMEOUT: "500" };

  test("delivers by the OpenTelemetry SDK's exporter, as it is configured", async () => {
    const receiver = await openReceiver();
    const { server, url } = await startWith(receiver, env);
    expect((await post(url, "by the SDK")).status).toBe(200);
    expect(receiver.accepted).toMatchObject([{ body: "by the SDK", scope: "otlp-drain/fly" }]);
    expect(receiver.requests[0]?.headers).toMatchObject({
      "x-tenant": "a",
      "content-encoding": "gzip",
      "content-type": "application/json",
    });
    expect(receiver.violations).toEqual([]);
    expect(server.output.stderr).toContain("by the OpenTelemetry SDK's exporter");
    expect(reportsOf(server)).toEqual([]);
  });

  test("answers 503 when that exporter fails, and tells of a partial success without any payload", async () => {
    const receiver = await openReceiver([status(401), partialSuccess(1, "too old")]);
    const { server, url } = await startWith(receiver, env);
    expect((await post(url, "confidential")).status).toBe(503);
    expect((await post(url, "confidential")).status).toBe(200);
    const reports = reportsOf(server);
    expect(reports).toContainEqual(expect.objectContaining({ message: "not delivered", detail: "the destination answered 401" }));
    expect(reports).toContainEqual(expect.objectContaining({ message: "OpenTelemetry SDK", level: "warn" }));
    expect(server.output.stderr).not.toContain("confidential");
  });

  test("cannot tell a page of HTML from an answer, as that exporter cannot, but warns of it", async () => {
    const receiver = await openReceiver(html200());
    const { server, url } = await startWith(receiver, env);
    expect((await post(url, "confidential")).status).toBe(200);
    expect(reportsOf(server)).toMatchObject([
      { level: "warn", message: "OpenTelemetry SDK", detail: "Failed to parse logs export response" },
    ]);
    expect(server.output.stderr).not.toContain("doctype");
  });

  test("takes as many deliveries at once as the server lets in", async () => {
    const receiver = await openReceiver(() => delay(100));
    const { url } = await startWith(receiver, { ...env, OTEL_EXPORTER_OTLP_TIMEOUT: "10000" });
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => post(url, `message ${index}`)));
    expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 200));
    expect(receiver.accepted.length).toBe(50);
  });
});

test("OTLP_DRAIN_EXPORTER=console prints although there is a destination", async () => {
  const receiver = await openReceiver();
  const { server, url } = await startWith(receiver, { OTLP_DRAIN_EXPORTER: "console" });
  expect((await post(url, "printed")).status).toBe(200);
  await server.waitFor("stdout", /"printed".*\n/);
  expect(receiver.requests.length).toBe(0);
  expect(server.output.stderr).toContain("records are printed here\n");
});

describe("the server in this process", () => {
  async function open(receiver: Receiver): Promise<RunningServer> {
    return startServer(readTestConfig({ ...ENV, PORT: "0", OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.href }), () => {});
  }

  test("gives nobody for ever: a request has 60 s, its headers 15 s", async () => {
    let timeouts: unknown[] = [];
    const watch = (message: unknown) => {
      const { server } = message as { server: Server };
      timeouts = [server.requestTimeout, server.headersTimeout];
    };
    subscribe("http.server.request.start", watch);
    const server = await open(await openReceiver());
    await fetch(`${server.url}/healthz`);
    unsubscribe("http.server.request.start", watch);
    await server.close();
    expect(timeouts).toEqual([60_000, 15_000]);
  });

  test("ends although a request never does, once the slowest delivery would have ended", async () => {
    const receiver = await openReceiver(hang());
    const server = await open(receiver);
    const sending = post(server.url, "hangs").catch((error: Error) => error.name);
    await receiver.waitForRequests(1);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    let closed = false;
    const closing = server.close().then(() => {
      closed = true;
    });
    await vi.advanceTimersByTimeAsync(60_000 + Math.max(...HTTP_DRAINS.map(({ budgetMs }) => budgetMs)) - 1);
    expect(closed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await closing;
    expect(await sending).toBe("TypeError");
  });

  test("leaves no timer behind when it closes", async () => {
    const server = await open(await openReceiver());
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    await server.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("rejects when it cannot listen", async () => {
    const receiver = await openReceiver();
    const config = readTestConfig({ PORT: String(receiver.port) });
    await expect(startServer(config, () => {})).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});
