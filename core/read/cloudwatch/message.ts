// One message of a log group -> what it says: the detection table. Cheap looks at the first characters and at a few names come
// before any pattern; the group only settles what a message does not show by itself.
import { isApiGatewayObject, readApiGatewayObject, readExecutionPrefix } from "./api-gateway.ts";
import { readAppObject, readAppText } from "./app.ts";
import { isCloudTrailObject, readCloudTrailObject } from "./cloudtrail.ts";
import { isAuditObject, readAuditObject } from "./eks.ts";
import { isFireLensObject, readFireLensObject } from "./firelens.ts";
import { isLambdaObject, readLambdaObject, readLambdaText, toLineFeeds } from "./lambda.ts";
import type { Origin } from "./origin.ts";
import { isOutOfMemory, isPlatformObject, readPlatformObject, readPlatformText } from "./platform.ts";
import { readMysqlError, readPostgres } from "./rds.ts";
import type { Fields, Reading } from "./reading.ts";
import { isStepFunctionsObject, readStepFunctionsObject } from "./step-functions.ts";
import { readVpcFlow } from "./vpc-flow.ts";
import { isWafObject, readWafObject } from "./waf.ts";

const ERROR = { number: 17 } as const;

/** Reads a message that is no JSON object. */
export function readCloudWatchText(reading: Reading, text: string, origin: Origin): void {
  if (readPlatformText(reading, text, origin) || readLambdaText(reading, text)) return;
  switch (origin.kind) {
    case "postgres":
      if (readPostgres(reading, text)) return;
      break;
    case "mysql":
      if (readMysqlError(reading, text)) return;
      break;
    case "api-gateway":
      readAppText(reading, readExecutionPrefix(reading, text));
      return;
    case "lambda":
      readAppText(reading, toLineFeeds(text));
      if (reading.severity === undefined && isOutOfMemory(text)) reading.severity = ERROR;
      return;
  }
  if (!readVpcFlow(reading, text)) readAppText(reading, text);
}

/**
 * Reads a message that is a JSON object.
 * @param text the message as it came
 */
export function readCloudWatchObject(reading: Reading, object: Fields, text: string, origin: Origin): void {
  if (isLambdaObject(object, origin)) readLambdaObject(reading, object, text);
  else if (isPlatformObject(object)) readPlatformObject(reading, object, text);
  else if (isFireLensObject(object)) readFireLensObject(reading, object, text);
  else if (isApiGatewayObject(object, origin)) readApiGatewayObject(reading, object, text);
  else if (isCloudTrailObject(object)) readCloudTrailObject(reading, object, text);
  else if (isWafObject(object)) readWafObject(reading, object, text);
  else if (isStepFunctionsObject(object)) readStepFunctionsObject(reading, object, text);
  else if (isAuditObject(object)) readAuditObject(reading, object, text);
  else readAppObject(reading, object, text);
}
