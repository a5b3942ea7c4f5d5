// An invocation of the Lambda function as CloudWatch Logs makes it, in this process; the same handler as in the bundle.
import { gzipSync } from "node:zlib";
import { startLambda } from "../../adapters/aws-lambda/handler.ts";
import { cloudWatchSubscription } from "../../adapters/cli/samples.ts";
import { reportToConsole } from "../../adapters/report.ts";
import type { DemoDelivery } from "./deliveries.ts";

const TIMEOUT_MS = 60_000;

/** @param destination where the function delivers to */
export function createLambdaDelivery(destination: URL): DemoDelivery {
  const subscription = cloudWatchSubscription(Date.now(), 1) as { readonly logEvents: readonly unknown[] };
  return {
    platform: "CloudWatch Logs subscription",
    path: "",
    wire: "Lambda invocation, base64 of gzip",
    records: subscription.logEvents.length,
    async send() {
      const handler = startLambda({ OTEL_EXPORTER_OTLP_ENDPOINT: destination.href, AWS_REGION: "eu-west-1" }, reportToConsole);
      const endsAt = Date.now() + TIMEOUT_MS;
      const event = { awslogs: { data: gzipSync(JSON.stringify(subscription)).toString("base64") } };
      try {
        await handler(event, { getRemainingTimeInMillis: () => endsAt - Date.now() });
        return "returned";
      } catch (error) {
        return `threw ${String(error)}`;
      }
    },
  };
}
