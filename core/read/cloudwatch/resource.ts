// Who sent a record: the resource attributes, with the names of the OpenTelemetry Collector's `awslogsencodingextension` and more.
// Account and region are those of the log, never of the forwarder that handles it.
import type { KeyValue } from "../../otlp/model.ts";
import { pushAttribute, readAttribute } from "../attributes.ts";
import type { Origin } from "./origin.ts";

/** What a message itself says of its sender: it is nearer to it than the log group. */
export interface ResourceHint {
  readonly serviceName?: string | undefined;
  readonly platform?: string | undefined;
  /** Of the log group too, when nothing else tells them. */
  readonly accountId?: string | undefined;
  readonly region?: string | undefined;
  /** The record is about another account or region than that of its log group (an organization's trail): it alone is meant. */
  readonly subject?: { readonly accountId: string | undefined; readonly region: string | undefined } | undefined;
  readonly resourceId?: string | undefined;
  readonly attributes?: readonly KeyValue[] | undefined;
}

export interface Sender {
  readonly origin: Origin;
  /** Account and region of the log group: of the event, of the payload, or as the forwarder's region implies. */
  readonly accountId: string | undefined;
  readonly region: string | undefined;
  readonly maxMemoryBytes: number | undefined;
  readonly hint: ResourceHint | undefined;
}

/**
 * @param given attributes that the request brings along (Firehose's common attributes): as given, before all others
 * @param defaultServiceName configured, for what the platform gives no name but the log group's
 * @param lastServiceName when there is not even a log group
 */
export function resourceAttributes(
  { origin, accountId, region, maxMemoryBytes, hint }: Sender,
  given: readonly KeyValue[],
  defaultServiceName: string | undefined,
  lastServiceName: string,
): readonly KeyValue[] {
  const attributes: KeyValue[] = [...given];
  const put = (key: string, value: unknown) => {
    if (readAttribute(given, key) === undefined) pushAttribute(attributes, key, value);
  };
  const { logGroup, logStream } = origin;
  const cloudAccount = hint?.subject?.accountId ?? accountId;
  const cloudRegion = hint?.subject?.region ?? region;
  put("service.name", hint?.serviceName ?? origin.serviceName ?? defaultServiceName ?? logGroup ?? lastServiceName);
  put("cloud.provider", "aws");
  put("cloud.platform", hint?.platform ?? origin.platform);
  put("cloud.account.id", cloudAccount);
  put("cloud.region", cloudRegion);
  put("cloud.resource_id", hint?.resourceId ?? functionArn(origin, accountId, region));
  if (logGroup !== undefined) put("aws.log.group.names", [logGroup]);
  if (logStream !== undefined) put("aws.log.stream.names", [logStream]);
  const groupArn = logGroup === undefined ? undefined : arn("logs", region, accountId, `log-group:${logGroup}`);
  if (groupArn !== undefined) put("aws.log.group.arns", [`${groupArn}:*`]);
  if (groupArn !== undefined && logStream !== undefined) put("aws.log.stream.arns", [`${groupArn}:log-stream:${logStream}`]);
  if (origin.kind === "eks" && origin.serviceName !== undefined) {
    put("aws.eks.cluster.arn", arn("eks", region, accountId, `cluster/${origin.serviceName}`));
  }
  for (const { key, value } of origin.attributes) if (readAttribute(hint?.attributes ?? [], key) === undefined) put(key, value);
  put("faas.max_memory", maxMemoryBytes);
  for (const { key, value } of hint?.attributes ?? []) put(key, value);
  return attributes;
}

function functionArn(origin: Origin, accountId: string | undefined, region: string | undefined): string | undefined {
  if (origin.kind !== "lambda" || origin.serviceName === undefined) return undefined;
  return arn("lambda", origin.homeRegion ?? region, accountId, `function:${origin.serviceName}`);
}

function arn(service: string, region: string | undefined, accountId: string | undefined, resource: string): string | undefined {
  if (region === undefined || region === "" || accountId === undefined || !/^\d{12}$/.test(accountId)) return undefined;
  const partition = region.startsWith("cn-") ? "aws-cn" : region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
  return `arn:${partition}:${service}:${region}:${accountId}:${resource}`;
}

/** Account and region out of an ARN; empty when it is none, or belongs to no region. */
export function parseArn(value: unknown): { readonly region?: string | undefined; readonly accountId?: string | undefined } {
  if (typeof value !== "string" || !value.startsWith("arn:")) return {};
  const [, , , region = "", account = ""] = value.split(":", 5);
  return { region: /^[a-z0-9-]{1,32}$/.test(region) ? region : undefined, accountId: /^\d{12}$/.test(account) ? account : undefined };
}
