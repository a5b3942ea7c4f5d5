// The HTTP drains behind a Function URL or an HTTP API: the same app as everywhere, with the invocation's end as one more deadline.
import { createHttpApp, type HttpBindings } from "../http.ts";
import { createNodeInflaters } from "../node-inflate.ts";
import type { LambdaHandlerOptions } from "./handler.ts";
import { type HttpEvent, type HttpResult, toRequest, toResult } from "./http-event.ts";

export type HttpDoor = (event: HttpEvent, remainingMs: number) => Promise<HttpResult>;

export function createHttpDoor({ config, drain, report }: LambdaHandlerOptions): HttpDoor {
  const app = createHttpApp({ config, drain, report, inflaters: createNodeInflaters() });
  return async (event, remainingMs) => {
    const bindings: HttpBindings = { remainingMs };
    return await toResult(await app.fetch(toRequest(event), bindings));
  };
}
