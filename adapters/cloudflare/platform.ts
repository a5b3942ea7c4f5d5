// What the Workers runtime hands to a handler, as far as it is used here: the types of `@cloudflare/workers-types` fit.

/** Variables, secrets and bindings. */
export type WorkerEnv = object;

export interface WorkerContext {
  waitUntil(promise: Promise<unknown>): void;
}

/** https://developers.cloudflare.com/queues/configuration/javascript-apis/ */
export interface QueueProducer {
  send(body: unknown, options: { readonly contentType: "v8" }): Promise<unknown>;
}

export interface QueueMessage {
  readonly body: unknown;
  /** 1 at the first delivery. */
  readonly attempts: number;
  ack(): void;
  retry(options?: { readonly delaySeconds: number }): void;
}

export interface QueueBatch {
  readonly messages: readonly QueueMessage[];
}
