// Every drain on Bun, at the paths that `GET /` lists.
import { createHttpAppFromEnv } from "otlp-drain/http";

const { fetch } = createHttpAppFromEnv(process.env);

export default { port: process.env["PORT"] ?? 3000, fetch };
