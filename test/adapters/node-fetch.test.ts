import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { createNodeFetch } from "../../adapters/node-fetch.ts";
import { collectBytes } from "../../core/request/body.ts";

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

async function listen(listener: RequestListener): Promise<string> {
  const opened = createServer(listener);
  server = opened;
  opened.listen(0, "127.0.0.1");
  await new Promise((resolve) => opened.once("listening", resolve));
  return `http://127.0.0.1:${(opened.address() as AddressInfo).port}/v1/logs?key=1`;
}

function post(url: string, signal = new AbortController().signal): Promise<Response> {
  const init = { method: "POST", headers: { "content-type": "application/x-protobuf" }, body: new Uint8Array([1, 2, 3]), signal };
  return createNodeFetch(url)(url, { ...init, redirect: "manual" });
}

test("sends method, path, headers and the whole body, and gives back status, headers and body", async () => {
  const seen: unknown[] = [];
  const url = await listen((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const { method, url: path, headers } = request;
      seen.push(method, path, headers["content-type"], headers["content-length"], [...Buffer.concat(chunks)]);
      response.writeHead(429, { "Retry-After": "7", "content-type": "application/json" }).end("{}");
    });
  });
  const response = await post(url);
  expect([response.status, response.ok, response.headers.get("retry-after"), response.headers.get("x-none")]).toEqual([
    429,
    false,
    "7",
    null,
  ]);
  expect(await collectBytes(response.body as ReadableStream<Uint8Array>, 10)).toMatchObject({ ok: true, value: Buffer.from("{}") });
  expect(seen).toEqual(["POST", "/v1/logs?key=1", "application/x-protobuf", "3", [1, 2, 3]]);
});

test("follows no redirect, and takes the connection again for the next request", async () => {
  const ports = new Set<number | undefined>();
  const url = await listen((request, response) => {
    ports.add(request.socket.remotePort);
    request.resume();
    response.writeHead(ports.size === 1 ? 307 : 200, { location: "/elsewhere" }).end();
  });
  const nodeFetch = createNodeFetch(url);
  for (let time = 0; time < 2; time++) {
    const response = await nodeFetch(url, { method: "POST", headers: {}, body: new Uint8Array(1), signal: new AbortController().signal });
    expect(response.status).toBe(307);
    await collectBytes(response.body as ReadableStream<Uint8Array>, 10);
  }
  expect(ports.size).toBe(1);
});

test("stops reading an answer that is longer than anybody wants", async () => {
  const url = await listen((_, response) => {
    response.on("error", () => {});
    const write = () => {
      while (!response.destroyed && response.write(Buffer.alloc(64 * 1024)));
      response.once("drain", write);
    };
    write();
  });
  const response = await post(url);
  expect(await collectBytes(response.body as ReadableStream<Uint8Array>, 1_000)).toEqual({ ok: false, error: "too-large" });
});

test("rejects with Node's code when there is no answer, and when the answer breaks off", async () => {
  const url = await listen((_, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("part", () => response.destroy());
  });
  const response = await post(url);
  expect(await collectBytes(response.body as ReadableStream<Uint8Array>, 1_000)).toEqual({ ok: false, error: "broken-off" });
  await expect(post("http://127.0.0.1:9/v1/logs")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  // TLS, spoken to a server that does not.
  await expect(post(url.replace("http:", "https:"))).rejects.toMatchObject({ code: expect.stringMatching(/^(?:EPROTO|ERR_SSL_\w+)$/) });
});

test("ends at once when it is aborted, before an answer and within one", async () => {
  const before = new AbortController();
  const url = await listen((_, response) => {
    response.on("error", () => {});
    if (before.signal.aborted) response.writeHead(200, { "content-length": "100" }).write("part");
    else before.abort();
  });
  await expect(post(url, before.signal)).rejects.toMatchObject({ name: "AbortError" });
  const within = new AbortController();
  const response = await post(url, within.signal);
  within.abort();
  expect(await collectBytes(response.body as ReadableStream<Uint8Array>, 1_000)).toEqual({ ok: false, error: "broken-off" });
});
