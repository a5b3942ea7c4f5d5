// Two drains among the routes of a Hono app: under paths of its own, behind its own middleware.
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { createDrainRoute, flyDrain, vercelDrain } from "otlp-drain/http";

const vercel = createDrainRoute(vercelDrain, process.env);
const fly = createDrainRoute(flyDrain, process.env);

const app = new Hono();
app.get("/", (c) => c.text("my app"));
app.all("/logs/vercel", (c) => vercel(c.req.raw));
app.all("/logs/fly", (c) => fly(c.req.raw));

serve({ fetch: app.fetch, port: Number(process.env["PORT"] ?? 3000) }, ({ port }) => console.log(`listening on port: ${port}`));
