// The HTTP drains at the edge: the same app as everywhere.
import { createHttpApp } from "../http.ts";
import { jsonResponse } from "../http-drain.ts";
import { reportToConsole } from "../report.ts";
import { findInflaters } from "./inflate.ts";
import type { WorkerEnv } from "./platform.ts";
import { type Started, startWorker } from "./start.ts";

type App = ReturnType<typeof createHttpApp>;

const apps = new WeakMap<Started, App>();
/** Bindings whose fault was told: a stranger's requests must not fill the log. */
const told = new WeakSet<WorkerEnv>();

export async function fetch(request: Request, env: WorkerEnv): Promise<Response> {
  const started = startWorker(env);
  if (!started.ok) {
    if (!told.has(env)) reportToConsole({ level: "error", message: started.error.detail });
    told.add(env);
    return jsonResponse(503, { error: `not configured: ${started.error.public}` }, { "retry-after": "30" });
  }
  const { config, drain } = started.value;
  let app = apps.get(started.value);
  if (app === undefined) {
    app = createHttpApp({ config, drain, report: reportToConsole, admit: admitAll, inflaters: findInflaters() });
    apps.set(started.value, app);
  }
  return await app.fetch(request);
}

/** The runtime has a limit of its own, and never resumes a request whose client went away: its place would stay taken. */
function admitAll(): () => void {
  return () => {};
}
