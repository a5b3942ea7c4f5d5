// The local server: the HTTP app on Node. Without a destination it prints what it receives; SIGTERM finishes what is in flight.

import type { Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { serve } from "@hono/node-server";
import { type Config, readConfig } from "../core/config.ts";
import { createConfiguredDrain } from "./configured.ts";
import { createHttpApp, describeClosed, HTTP_DRAINS } from "./http.ts";
import { createNodeExporter } from "./node-exporter.ts";
import { createNodeInflaters } from "./node-inflate.ts";
import { type Report, reportToConsole } from "./report.ts";

export { createNodeRuntime } from "./node-runtime.ts";

/** Firehose's common attributes alone may take 64 KiB; Node's own cap of 16 KiB would answer 431. */
const MAX_HEADER_BYTES = 96 * 1024;
/** A sender that dribbles its request must not hold a connection for ever. */
const REQUEST_TIMEOUT_MS = 60_000;
const HEADERS_TIMEOUT_MS = 15_000;
/** A closing server waits no longer: by then every request has come and every delivery ended. Node's own timeouts end with `Server.close`. */
const CLOSE_TIMEOUT_MS = REQUEST_TIMEOUT_MS + Math.max(...HTTP_DRAINS.map(({ budgetMs }) => budgetMs));

export interface RunningServer {
  /** `http://host:port` as bound. */
  readonly url: string;
  /** What the start-up line says of the way out. */
  readonly description: string;
  /** Stops accepting, lets requests in flight finish, resolves when the last is answered. */
  close(): Promise<void>;
}

/** Starts the server; rejects when it cannot bind. */
export async function startServer(config: Config, report: Report = reportToConsole): Promise<RunningServer> {
  const { exporter, description } = await createNodeExporter(config, report);
  const drain = createConfiguredDrain(config, exporter, { now: Date.now });
  const app = createHttpApp({ config, drain, report, inflaters: createNodeInflaters() });
  const server = await listen(app.fetch, config);
  const tracker = track(server);
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  const { port, address, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${port}`,
    description,
    close: () => close(server, tracker),
  };
}

function listen(fetch: (request: Request) => Response | Promise<Response>, { port, host }: Config): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, port, hostname: host, serverOptions: { maxHeaderSize: MAX_HEADER_BYTES } }, () => {
      server.off("error", reject);
      resolve(server);
    }) as Server;
    server.once("error", reject);
  });
}

/** The connections, the responses under way, and whether new ones shall end their connections. */
interface Tracker {
  readonly sockets: Set<Socket>;
  readonly active: Set<ServerResponse>;
  closing: boolean;
}

function track(server: Server): Tracker {
  const tracker: Tracker = { sockets: new Set(), active: new Set(), closing: false };
  server.on("connection", (socket) => {
    tracker.sockets.add(socket);
    socket.once("close", () => tracker.sockets.delete(socket));
  });
  server.prependListener("request", (_request, response) => {
    tracker.active.add(response);
    response.once("close", () => tracker.active.delete(response));
    if (tracker.closing) response.setHeader("connection", "close");
  });
  return tracker;
}

function close(server: Server, tracker: Tracker): Promise<void> {
  tracker.closing = true;
  // A connection that is busy now would linger as a kept-alive one after its answer.
  for (const response of tracker.active) if (!response.headersSent) response.setHeader("connection", "close");
  const busy = new Set([...tracker.active].map(({ socket }) => socket));
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), CLOSE_TIMEOUT_MS);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    // `closeIdleConnections` would leave those that have not said anything yet.
    for (const socket of tracker.sockets) if (!busy.has(socket)) socket.destroy();
  });
}

/** Runs until SIGTERM or SIGINT. The exit code is 1 when the start failed. */
export async function main(env: Readonly<Record<string, string | undefined>> = process.env): Promise<void> {
  const config = readConfig(env);
  if (!config.ok) {
    for (const { message } of config.error) console.error(`otlp-drain: ${message}`);
    process.exitCode = 1;
    return;
  }
  let server: RunningServer;
  try {
    server = await startServer(config.value);
  } catch (error) {
    const { syscall, code, name } = error as NodeJS.ErrnoException;
    const { host, port } = config.value;
    const fault =
      syscall === undefined ? `cannot start (${code ?? name})` : `cannot listen on ${host}:${port} (${code}): set HOST and PORT`;
    console.error(`otlp-drain: ${fault}`);
    process.exitCode = 1;
    return;
  }
  for (const warning of config.value.warnings) console.error(`otlp-drain: warning: ${warning}`);
  for (const closed of describeClosed(config.value)) console.error(`otlp-drain: ${closed}`);
  console.error(`otlp-drain: listening on ${server.url}; ${server.description}`);
  const stop = () => void server.close().then(() => process.exit(0));
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}
