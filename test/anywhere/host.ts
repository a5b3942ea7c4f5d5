// Serves one file the way Vercel and Next.js call it: a default export with `fetch`, or one function per method.
// Usage: node host.ts FILE
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { serve } from "@hono/node-server";

type Handler = (request: Request) => Response | Promise<Response>;
type Entry = Readonly<Record<string, Handler | undefined>> & { readonly default?: { readonly fetch?: Handler } };

const [, , file = ""] = process.argv;
const entry = (await import(pathToFileURL(resolve(file)).href)) as Entry;

serve(
  {
    fetch: (request) => {
      const handler = entry[request.method] ?? entry.default?.fetch;
      return handler === undefined ? new Response(null, { status: 405 }) : handler(request);
    },
    port: 0,
  },
  ({ port }) => console.log(`port: ${port}\n`),
);
