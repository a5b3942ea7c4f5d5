// A real OTLP/HTTP logs receiver on 127.0.0.1: reads requests through the oracle, answers as a script says, and keeps what it took.
// It refuses what a collector refuses (415 wrong media type, 400 unreadable bytes or ids of a wrong length), and fields that OTLP does not
// have, and lists each as a violation.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Behaviour, ok } from "./behaviours.ts";
import type { FlatRecord } from "./oracle.ts";
import { answer, MEDIA_TYPES, type OtlpRequest, readRequest } from "./otlp-http.ts";

export * from "./behaviours.ts";

/** A request, and what became of it. */
export interface ReceivedRequest extends OtlpRequest {
  /** What was taken of it; empty until the behaviour has decided, and for every refused request. */
  readonly accepted: readonly FlatRecord[];
  /** How it was answered, for reading a failed test. */
  readonly behaviour: Behaviour["kind"] | "undecided";
}

/** Decides per request; `index` counts understood requests from 0. May wait, for a gate that the test opens. */
export type Script = (request: ReceivedRequest, index: number) => Behaviour | Promise<Behaviour>;

export interface ReceiverOptions {
  /** Default: a free one. */
  readonly port?: number | undefined;
  /** Default `/v1/logs`; anything else is answered 404. */
  readonly path?: string | undefined;
  readonly behaviour?: Behaviour | readonly Behaviour[] | Script | undefined;
}

export interface Receiver {
  /** The base address, for `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: URL;
  /** The address of the logs signal, for `OTEL_EXPORTER_OTLP_LOGS_ENDPOINT`. */
  readonly logsUrl: URL;
  readonly port: number;
  /** Every understood request, refused ones included, in order of arrival. */
  readonly requests: readonly ReceivedRequest[];
  /** What a collector would refuse, one sentence each. */
  readonly violations: readonly string[];
  /** Every record taken so far, in the order it was taken. */
  readonly accepted: readonly FlatRecord[];
  /** Records refused for good by a partial success. */
  readonly rejected: readonly FlatRecord[];
  /** One behaviour for all, a list used up one by one (then `ok`), or a function. Replaces the script before. */
  behave(behaviour: Behaviour | readonly Behaviour[] | Script): void;
  /** Forgets what it received and behaves well again. */
  clear(): void;
  /** Resolves when `count` requests have been understood in all; resolves at once when they already are. */
  waitForRequests(count: number): Promise<void>;
  /** Stops listening and destroys every socket. Safe to call twice. */
  close(): Promise<void>;
}

/** Starts a receiver; it listens when the promise resolves. */
export async function startReceiver({ port = 0, path = "/v1/logs", behaviour = ok() }: ReceiverOptions = {}): Promise<Receiver> {
  const requests: StoredRequest[] = [];
  const violations: string[] = [];
  const accepted: FlatRecord[] = [];
  const rejected: FlatRecord[] = [];
  const closing = new AbortController();
  let waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  let script = toScript(behaviour);

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const read = await readRequest(incoming, path);
    if ("fault" in read) {
      violations.push(read.fault);
      answer(response, read.encoding, { kind: "status", code: read.code }, read.fault);
      return;
    }
    const request: StoredRequest = { ...read, accepted: [], behaviour: "undecided" };
    requests.push(request);
    const index = requests.length - 1;
    for (const { count, resolve } of waiting) if (requests.length >= count) resolve();
    waiting = waiting.filter(({ count }) => requests.length < count);
    let behaviour: Behaviour;
    try {
      behaviour = await script(request, index);
    } catch (error) {
      violations.push(`the script of the test threw: ${error}`);
      behaviour = { kind: "status", code: 500 };
    }
    await perform(behaviour, request, response);
  }

  function take(request: StoredRequest, records: readonly FlatRecord[]): void {
    request.accepted = records;
    for (const record of records) accepted.push(record);
  }

  async function perform(behaviour: Behaviour, request: StoredRequest, response: ServerResponse): Promise<void> {
    request.behaviour = behaviour.kind;
    const socket = response.socket as Socket;
    switch (behaviour.kind) {
      case "delay":
        await sleep(behaviour.ms, undefined, { signal: closing.signal });
        return perform(behaviour.then, request, response);
      case "reject-if":
        if (!request.records.some(behaviour.matches)) return perform(behaviour.then, request, response);
        return answer(response, request.encoding, { kind: "status", code: behaviour.code }, "a record is invalid");
      case "too-large-if":
        if (request.bytes.length <= behaviour.maxBytes) return perform(behaviour.then, request, response);
        return answer(response, request.encoding, { kind: "status", code: 413 }, "the request is too large");
      case "hang":
        return;
      case "reset":
        socket.resetAndDestroy();
        return;
      case "half-close":
        socket.end();
        return;
      case "reset-after-accept":
        take(request, request.records);
        socket.resetAndDestroy();
        return;
      case "truncated-response":
        take(request, request.records);
        response.writeHead(200, { "content-type": MEDIA_TYPES[request.encoding], "content-length": 64 });
        response.write(new Uint8Array([0x0a, 62, 0x12]), () => socket.destroy());
        return;
      case "ok":
        take(request, request.records);
        return answer(response, request.encoding, behaviour);
      case "partial-success": {
        const kept = Math.max(0, request.records.length - behaviour.rejected);
        take(request, request.records.slice(0, kept));
        rejected.push(...request.records.slice(kept));
        return answer(response, request.encoding, behaviour);
      }
      case "status":
        return answer(response, request.encoding, behaviour);
    }
  }

  const server = createServer((incoming, response) => {
    // A client that hangs up in its own body, and `close()` during a delay, end here.
    handle(incoming, response).catch(() => response.socket?.destroy());
  });
  // Longer than any test, so that no client ever writes to a connection that is just being closed.
  server.keepAliveTimeout = 120_000;
  server.listen(port, "127.0.0.1");
  await new Promise<void>((resolve, reject) => server.once("listening", resolve).once("error", reject));
  const { port: boundPort } = server.address() as AddressInfo;
  const url = new URL(`http://127.0.0.1:${boundPort}`);

  return {
    url,
    logsUrl: new URL(path, url),
    port: boundPort,
    requests,
    violations,
    accepted,
    rejected,
    behave: (next) => {
      script = toScript(next);
    },
    clear: () => {
      for (const list of [requests, violations, accepted, rejected]) list.length = 0;
      script = ok;
    },
    waitForRequests: (count) => (requests.length >= count ? Promise.resolve() : new Promise((resolve) => waiting.push({ count, resolve }))),
    close: () =>
      new Promise((resolve) => {
        closing.abort();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function toScript(behaviour: Behaviour | readonly Behaviour[] | Script): Script {
  if (typeof behaviour === "function") return behaviour;
  if (!Array.isArray(behaviour)) return () => behaviour as Behaviour;
  const left = [...(behaviour as readonly Behaviour[])];
  return () => left.shift() ?? ok();
}

type StoredRequest = { -readonly [K in keyof ReceivedRequest]: ReceivedRequest[K] };
