// One HTTP drain as a function from Request to Response: what the app mounts at its paths, and what `createDrainRoute` gives away.
import type { Config } from "../core/config.ts";
import { MAX_CONCURRENT_DELIVERIES } from "../core/limits.ts";
import { type HttpDrain, jsonResponse, type ServeContext, serveDrain } from "./http-drain.ts";
import { createWatch, type Report } from "./report.ts";

export interface RouteOptions extends Omit<ServeContext, "admit"> {
  readonly report: Report;
  /** Routes that share it share the limit of deliveries under way. */
  readonly admit?: ServeContext["admit"] | undefined;
}

/** Never rejects. `remainingMs`: until the runtime itself ends, where that may come before the sender's patience does. */
export type Route = (request: Request, remainingMs?: number) => Promise<Response>;

/** Serves an open drain. */
export function createRoute(httpDrain: HttpDrain, options: RouteOptions): Route {
  const { name, budgetMs } = httpDrain;
  const { config, report } = options;
  const handlers = httpDrain.create(config);
  const watch = createWatch(report);
  const context = { ...options, admit: options.admit ?? createAdmission() };
  return async (request, remainingMs = budgetMs) => {
    try {
      const { response, outcome } = await serveDrain(request, handlers, Math.min(budgetMs, remainingMs), context);
      if (outcome !== undefined) watch(name, outcome);
      return response;
    } catch (error) {
      // Only a bug of ours ends here; 503 makes every sender keep its data.
      report({ level: "error", message: "internal error", error: error instanceof Error ? error.name : "unknown" });
      return jsonResponse(503, { error: "internal error" }, { "retry-after": "5" });
    }
  };
}

export function createAdmission(places: number = MAX_CONCURRENT_DELIVERIES): ServeContext["admit"] {
  let underWay = 0;
  return () => {
    if (underWay >= places) return undefined;
    underWay++;
    return () => {
      underWay--;
    };
  };
}

/** A drain without its secret is closed, unless the operator insists. */
export function isOpen({ secretVariable }: HttpDrain, { secrets, insecure }: Config): boolean {
  return insecure || (secrets[secretVariable] ?? []).length > 0;
}

export function answerClosed(): Response {
  return jsonResponse(404, { error: "no open drain at this path" });
}
