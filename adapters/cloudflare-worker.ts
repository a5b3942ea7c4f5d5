// The Worker: the HTTP drains, the tail consumer, and the consumer of the queue that keeps what a tail could not deliver.
// `wrangler.toml` deploys this file; `otlp-drain/cloudflare` is it for a Worker of one's own.
import { fetch } from "./cloudflare/fetch.ts";
import { queue } from "./cloudflare/queue.ts";
import { tail } from "./cloudflare/tail.ts";
import { tailStream } from "./cloudflare/tail-stream.ts";

export default { fetch, tail, tailStream, queue };
