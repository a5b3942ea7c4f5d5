// A destination on 127.0.0.1 that takes anything at any path and keeps it as it came: for what is forwarded, and for what is no log.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

export interface RawRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Inflated. */
  readonly bytes: Uint8Array;
}

export interface RawAnswer {
  readonly status?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Uint8Array | undefined;
}

export interface RawReceiver {
  readonly url: URL;
  readonly requests: readonly RawRequest[];
  /** Used up one by one; the last one stays. Default: 200 without a body. */
  answer(...answers: readonly RawAnswer[]): void;
  close(): Promise<void>;
}

export async function startRawReceiver(): Promise<RawReceiver> {
  const requests: RawRequest[] = [];
  let answers: readonly RawAnswer[] = [{}];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const wire = Buffer.concat(chunks);
      const bytes = Uint8Array.from(incoming.headers["content-encoding"] === "gzip" ? gunzipSync(wire) : wire);
      requests.push({ path: incoming.url ?? "", headers: incoming.headers, bytes });
      const [{ status = 200, headers = {}, body } = {}, ...rest] = answers;
      if (rest.length > 0) answers = rest;
      const contentType = incoming.headers["content-type"] ?? "application/x-protobuf";
      response.writeHead(status, { "content-type": contentType, ...headers }).end(body);
    });
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    requests,
    answer: (...next) => {
      answers = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
