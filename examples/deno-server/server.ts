// Every drain on Deno, at the paths that `GET /` lists.
import { createHttpAppFromEnv } from "otlp-drain/http";

const { fetch } = createHttpAppFromEnv(Deno.env.toObject());

Deno.serve({ port: Number(Deno.env.get("PORT") ?? 3000) }, (request) => fetch(request));
