// As much of `fetch` as the exporter uses, over Node's own http. The runtime's fetch is a large module of its own, and loading it takes
// more CPU than all else that a cold start on Lambda does.
import type * as Http from "node:http";
import type * as Https from "node:https";

/** What the exporter passes: bytes, and redirects left to itself. */
interface Init {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly signal: AbortSignal;
}

interface Transport {
  readonly open: typeof Http.request;
  readonly agent: Http.Agent;
}

/**
 * @param endpoint where most requests go: what its protocol needs is loaded at once
 * @returns rejects, as fetch does, when there is no answer; an error has the `code` of Node
 */
export function createNodeFetch(endpoint?: string): typeof fetch {
  const transports = new Map<string, Transport>();
  const find = (protocol: string): Transport => {
    const known = transports.get(protocol) ?? createTransport(protocol);
    transports.set(protocol, known);
    return known;
  };
  if (endpoint !== undefined) find(new URL(endpoint).protocol);
  return (async (url: string, init: Init) => toResponse(await send(url, init, find(new URL(url).protocol)))) as unknown as typeof fetch;
}

/** Not by `import`: that reads every export, and `WebSocket`, one of node:http, loads the very module that is to stay out. */
function createTransport(protocol: string): Transport {
  if (protocol === "https:") {
    const https = process.getBuiltinModule("node:https") as typeof Https;
    return { open: https.request, agent: new https.Agent({ keepAlive: true }) };
  }
  const http = process.getBuiltinModule("node:http") as typeof Http;
  return { open: http.request, agent: new http.Agent({ keepAlive: true }) };
}

function send(url: string, { method, headers, body, signal }: Init, { open, agent }: Transport): Promise<Http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = open(url, { method, headers, agent, signal }, resolve);
    request.on("error", reject);
    request.end(body);
  });
}

/** The members of a Response that the exporter reads. */
function toResponse(message: Http.IncomingMessage): unknown {
  const { statusCode: status = 0, headers } = message;
  return {
    status,
    ok: status >= 200 && status <= 299,
    headers: { get: (name: string) => headers[name]?.toString() ?? null },
    body: { getReader: () => createReader(message), cancel: async () => void message.destroy() },
  };
}

function createReader(message: Http.IncomingMessage): unknown {
  const chunks = message[Symbol.asyncIterator]();
  return {
    async read() {
      const { done = false, value } = await chunks.next();
      return { done, value };
    },
    cancel: async () => void message.destroy(),
  };
}
