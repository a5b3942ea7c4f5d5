// The AWS Lambda function: CloudWatch Logs subscriptions, direct, through Kinesis or replayed, and the HTTP drains behind a Function
// URL. `npm run build` bundles this file to `dist/aws-lambda.mjs`. With a faulty configuration it does not start.
import { type LambdaHandler, startLambda } from "./aws-lambda/handler.ts";
import { reportToConsole } from "./report.ts";

export const handler: LambdaHandler = startLambda(process.env, reportToConsole);
