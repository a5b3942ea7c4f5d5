// Our Worker and a producer that it tails, in real workerd and offline.
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";

export const COMPATIBILITY_DATE = "2026-10-20";
const NAME = "otlp-drain";
const PRODUCER = "shop";

/** Every kind of handler, and the things that go wrong in them. */
const PRODUCER_SCRIPT = `
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
export class Named extends WorkerEntrypoint {
  hello(name) { console.log("rpc", name); return name; }
}
export class Counter extends DurableObject {
  async fetch(request) {
    if (new URL(request.url).pathname === "/socket") {
      const [client, server] = Object.values(new WebSocketPair());
      this.ctx.acceptWebSocket(server);
      return new Response(null, { status: 101, webSocket: client });
    }
    console.log("in the object");
    await this.ctx.storage.setAlarm(Date.now() + 10);
    return new Response("stored");
  }
  alarm() { console.warn("alarm rings"); }
  webSocketMessage(socket, message) { console.log("socket said", message); socket.close(1000); }
}
export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/throw") { console.log("about to throw"); throw new TypeError("kaboom"); }
    if (pathname === "/object" || pathname === "/socket") return env.COUNTER.get(env.COUNTER.idFromName("one")).fetch(request);
    if (pathname === "/rpc") return new Response(await env.NAMED.hello("bob"));
    if (pathname === "/console") {
      console.warn("low stock", { sku: "a-1", left: 2 }, new RangeError("inner"));
      console.error(JSON.stringify({ level: "fatal", msg: "structured", orderId: 7 }));
      return new Response("ok", { status: 500 });
    }
    console.log(pathname);
    return new Response("ok");
  },
  scheduled({ cron }) { console.log("cron", cron); },
  queue({ queue, messages }) { console.log("batch of", messages.length, "from", queue); },
};`;

const scripts = new Map<string, Promise<string>>();

/** A Worker as wrangler would bundle it. Default: ours. */
export function bundleWorker(entryPoint = "adapters/cloudflare-worker.ts"): Promise<string> {
  const script =
    scripts.get(entryPoint) ??
    build({
      entryPoints: [entryPoint],
      bundle: true,
      minify: true,
      format: "esm",
      target: "es2024",
      conditions: ["workerd", "worker", "browser"],
      write: false,
    }).then(({ outputFiles }) => outputFiles[0]?.text ?? "");
  scripts.set(entryPoint, script);
  return script;
}

export interface Workers {
  /** Of our Worker. */
  readonly url: string;
  /** A request to the producer; undefined when it threw. */
  request(path: string, headers?: Readonly<Record<string, string>>): Promise<Response | undefined>;
  /** Says something to the producer's WebSocket, and waits until it is closed. */
  say(message: string): Promise<void>;
  scheduled(cron: string): Promise<void>;
  queue(messages: readonly unknown[]): Promise<void>;
  /** What our Worker wrote for the operator, so far. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  stop(): Promise<void>;
}

export interface WorkersOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly streaming?: boolean | undefined;
  /** Bind the queue of the durable retry, consumed by our Worker. */
  readonly queue?: boolean | undefined;
  /** Of our Worker. */
  readonly compatibilityDate?: string | undefined;
}

export async function startWorkers({
  env,
  streaming = false,
  queue = false,
  compatibilityDate = COMPATIBILITY_DATE,
}: WorkersOptions): Promise<Workers> {
  const lines: Record<string, unknown>[] = [];
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      cf: false,
      handleStructuredLogs({ message }) {
        if (message.startsWith('{"app":"otlp-drain"')) lines.push(JSON.parse(message));
      },
      workers: [
        {
          name: NAME,
          modules: true,
          script: await bundleWorker(),
          compatibilityDate,
          bindings: { ...env },
          ...(queue ? { queueProducers: { OTLP_DRAIN_QUEUE: "retry" }, queueConsumers: { retry: { maxBatchTimeout: 0 } } } : {}),
        },
        {
          name: PRODUCER,
          modules: true,
          script: PRODUCER_SCRIPT,
          compatibilityDate: COMPATIBILITY_DATE,
          ...(streaming ? { streamingTails: [NAME] } : { tails: [NAME] }),
          durableObjects: { COUNTER: "Counter" },
          serviceBindings: { NAMED: { name: PRODUCER, entrypoint: "Named" } },
          queueConsumers: ["orders"],
        },
      ],
    }),
  );
  const url = (await miniflare.ready).href.replace(/\/$/, "");
  const producer = await miniflare.getWorker(PRODUCER);
  return {
    url,
    lines,
    async request(path, headers = {}) {
      try {
        const response = await producer.fetch(`http://shop.example${path}`, { headers });
        await response.arrayBuffer();
        return response as unknown as Response;
      } catch {
        return undefined;
      }
    },
    async say(message) {
      const { webSocket } = await producer.fetch("http://shop.example/socket", { headers: { upgrade: "websocket" } });
      if (webSocket === null) throw new Error("no WebSocket");
      webSocket.accept();
      const closed = new Promise((resolve) => webSocket.addEventListener("close", resolve));
      webSocket.send(message);
      await closed;
    },
    async scheduled(cron) {
      await producer.scheduled({ cron, scheduledTime: new Date(1_795_213_380_000) });
    },
    async queue(messages) {
      const batch = messages.map((body, index) => ({ id: String(index), timestamp: new Date(), attempts: 1, body }));
      await producer.queue("orders", batch);
    },
    stop: () => miniflare.dispose(),
  };
}
