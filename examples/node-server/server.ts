// One drain in a server of your own: everything that is posted to /logs/vercel goes to the OTLP backend.
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { createDrainRoute, vercelDrain } from "otlp-drain/http";
import { createNodeRuntime } from "otlp-drain/node";

const drain = getRequestListener(createDrainRoute(vercelDrain, process.env, createNodeRuntime()));

const server = createServer((request, response) => {
  if (request.url?.startsWith("/logs/vercel")) return drain(request, response);
  response.writeHead(404).end();
});
server.listen(Number(process.env["PORT"] ?? 3000), () => console.log("listening on", server.address()));
