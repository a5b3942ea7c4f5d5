// CloudTrail: who called which AWS API. The names are the Collector's; what it leaves out goes to `aws.cloudtrail.*`.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
import { isObject } from "../broken.ts";
import { readUnixNano } from "../time.ts";
import { type Fields, putMapped, type Reading } from "./reading.ts";

const MEMBERS: Readonly<Record<string, string>> = {
  eventTime: "",
  awsRegion: "",
  recipientAccountId: "",
  userIdentity: "",
  tlsDetails: "",
  eventVersion: "aws.cloudtrail.event_version",
  eventID: "aws.cloudtrail.event_id",
  apiVersion: "aws.cloudtrail.api_version",
  additionalEventData: "aws.cloudtrail.additional_event_data",
  eventCategory: "aws.event.category",
  managementEvent: "aws.event.management",
  readOnly: "aws.event.read_only",
  errorCode: "aws.error.code",
  errorMessage: "aws.error.message",
  insightDetails: "aws.insight_details",
  requestID: "aws.request_id",
  requestParameters: "aws.request.parameters",
  responseElements: "aws.response.elements",
  resources: "aws.resources",
  sharedEventID: "aws.shared_event_id",
  sessionCredentialFromConsole: "aws.session.console",
  eventName: "rpc.method",
  eventSource: "rpc.service",
  eventType: "rpc.system",
  sourceIPAddress: "source.address",
  userAgent: "user_agent.original",
};
const TLS: Readonly<Record<string, string>> = {
  clientProvidedHostHeader: "server.address",
  cipherSuite: "tls.cipher",
  tlsVersion: "tls.protocol.version",
};
const IDENTITY: Readonly<Record<string, string>> = {
  userId: "user.id",
  userName: "user.name",
  accountId: "aws.user_identity.account_id",
  accessKeyId: "aws.access_key.id",
  identityStoreArn: "aws.identity_store.arn",
  invokedBy: "aws.user_identity.invoked_by",
  principalId: "aws.principal.id",
  arn: "aws.principal.arn",
  type: "aws.principal.type",
  sessionContext: "",
};
const SESSION: Readonly<Record<string, string>> = { attributes: "", sessionIssuer: "" };

export function isCloudTrailObject({ eventVersion, eventTime, eventName, eventSource }: Fields): boolean {
  return (
    typeof eventVersion === "string" && typeof eventTime === "string" && typeof eventName === "string" && typeof eventSource === "string"
  );
}

/** A call that failed has an error code, but CloudTrail gives no level, so neither do we. */
export function readCloudTrailObject(reading: Reading, object: Fields, text: string): void {
  const { awsRegion, recipientAccountId, userIdentity, tlsDetails } = object;
  reading.timeUnixNano = readUnixNano(object["eventTime"]);
  const region = typeof awsRegion === "string" && awsRegion !== "" ? awsRegion : undefined;
  const accountId = typeof recipientAccountId === "string" && recipientAccountId !== "" ? recipientAccountId : undefined;
  reading.hint = { subject: { accountId, region } };
  const table: Record<string, string> = { ...MEMBERS };
  if (reading.timeUnixNano === undefined) table["eventTime"] = "aws.cloudtrail.event_time";
  if (region === undefined) table["awsRegion"] = "aws.cloudtrail.aws_region";
  if (accountId === undefined) table["recipientAccountId"] = "aws.cloudtrail.recipient_account_id";
  if (!isObject(userIdentity)) table["userIdentity"] = "aws.user_identity";
  if (!isObject(tlsDetails)) table["tlsDetails"] = "aws.cloudtrail.tls_details";
  putMapped(reading, object, table, "aws.cloudtrail");
  if (isObject(tlsDetails)) putMapped(reading, tlsDetails, TLS, "aws.cloudtrail.tls_details");
  if (isObject(userIdentity)) putIdentity(reading, userIdentity);
  reading.body = text.trimEnd();
}

function putIdentity(reading: Reading, identity: Fields): void {
  const { sessionContext } = identity;
  if (!isObject(sessionContext)) {
    putMapped(reading, identity, { ...IDENTITY, sessionContext: "aws.user_identity.session_context" }, "aws.user_identity");
    return;
  }
  putMapped(reading, identity, IDENTITY, "aws.user_identity");
  const { attributes, sessionIssuer } = sessionContext;
  const prefix = "aws.user_identity.session_context";
  const table: Record<string, string> = { ...SESSION };
  if (!isObject(attributes)) table["attributes"] = `${prefix}.attributes`;
  if (!isObject(sessionIssuer)) table["sessionIssuer"] = `${prefix}.issuer`;
  putMapped(reading, sessionContext, table, prefix);
  if (isObject(attributes)) putMapped(reading, attributes, {}, `${prefix}.attributes`);
  if (isObject(sessionIssuer)) putMapped(reading, sessionIssuer, {}, `${prefix}.issuer`);
}
