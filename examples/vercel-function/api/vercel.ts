import { createDrainRoute, vercelDrain } from "otlp-drain/http";

export default { fetch: createDrainRoute(vercelDrain, process.env) };
