// The Vercel drain at /logs/vercel of a Next.js app. Leave this app's own project out of the drain, or it would be sent its own requests.
import { createDrainRoute, vercelDrain } from "otlp-drain/http";

const route = createDrainRoute(vercelDrain, process.env);

export { route as GET, route as POST };
export const maxDuration = 60;
