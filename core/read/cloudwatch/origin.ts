// What a log group and its stream tell about the sender: which service wrote there, under which name, in which format.
// The most specific pattern wins; a message that shows another format by itself is still read as that.
import type { KeyValue } from "../../otlp/model.ts";

/**
 * Only what a reading depends on: VPC flow, WAF, CloudTrail and Step Functions show themselves in every message.
 * `unknown`: the payload names no group, as with lines that Firehose extracted; `other`: any other group.
 */
export type OriginKind = "lambda" | "ecs" | "eks" | "postgres" | "mysql" | "api-gateway" | "other" | "unknown";

export interface Origin {
  readonly kind: OriginKind;
  readonly logGroup: string | undefined;
  readonly logStream: string | undefined;
  /** What the platform calls the sender: function, container, cluster, database, ...; undefined when only the group's own name is left. */
  readonly serviceName: string | undefined;
  /** `cloud.platform`, of the few that the conventions know. */
  readonly platform: string | undefined;
  /** Of a Lambda@Edge function, which logs in other regions than its own. */
  readonly homeRegion: string | undefined;
  /** Resource attributes that the names alone give. */
  readonly attributes: readonly KeyValue[];
}

interface GroupRule {
  /** The name is the path segment behind it. */
  readonly prefix: string;
  readonly kind: OriginKind;
  readonly platform?: string;
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html; the first prefix that fits is the only one that does. */
const GROUP_RULES: readonly GroupRule[] = [
  { prefix: "/aws/lambda/", kind: "lambda", platform: "aws_lambda" },
  { prefix: "/aws/eks/", kind: "eks", platform: "aws_eks" },
  { prefix: "API-Gateway-Execution-Logs_", kind: "api-gateway" },
  { prefix: "/aws/api-gateway/", kind: "api-gateway" },
  { prefix: "/aws/apigateway/", kind: "api-gateway" },
  { prefix: "/aws/http-api/", kind: "api-gateway" },
  { prefix: "/aws/vendedlogs/states/", kind: "other" },
  { prefix: "/aws/elasticbeanstalk/", kind: "other", platform: "aws_elastic_beanstalk" },
  { prefix: "/aws/apprunner/", kind: "other", platform: "aws_app_runner" },
  { prefix: "/aws/codebuild/", kind: "other" },
  { prefix: "/aws/docdb/", kind: "other" },
  { prefix: "/aws/appsync/apis/", kind: "other" },
  { prefix: "/aws/amplify/", kind: "other" },
];

/** `2024/10/04/[$LATEST]<32 hex>`; with a log group of the customer's choice the function's name stands before the version. */
const LAMBDA_STREAM = /^\d{4}\/[01]\d\/[0-3]\d\/([0-9A-Za-z_.-]{1,75})?\[(\$LATEST|[0-9A-Za-z_-]{1,129})\][0-9a-f]{32}$/;
const RDS_GROUP = /^\/aws\/rds\/(?:instance|cluster)\/([^/]+)\/([^/]+)$/;
/** `<prefix>/<container>/<task id>`. */
const ECS_STREAM = /^[^/].*\/([^/]+)\/([0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/;
/** Lambda@Edge writes to the region nearest to the viewer, under the name of its home region. */
const EDGE_FUNCTION = /^([a-z]{2}(?:-[a-z]+)+-\d)\.([^.]+)$/;
/** Longest names that AWS allows: 512 each. Anything longer is no name worth reading. */
const MAX_NAME_LENGTH = 512;

/** @param logGroup, logStream as the payload names them; undefined when it does not */
export function readOrigin(logGroup: string | undefined, logStream: string | undefined): Origin {
  const group = logGroup !== undefined && logGroup.length <= MAX_NAME_LENGTH ? logGroup : "";
  const stream = logStream !== undefined && logStream.length <= MAX_NAME_LENGTH ? logStream : "";
  const base = { logGroup, logStream, serviceName: undefined, platform: undefined, homeRegion: undefined, attributes: [] };
  for (const { prefix, kind, platform } of GROUP_RULES) {
    if (!group.startsWith(prefix)) continue;
    const name = group.slice(prefix.length).split("/", 1)[0] || undefined;
    if (kind === "lambda") return lambdaOrigin(base, name, stream);
    const attributes: KeyValue[] = kind === "eks" && name !== undefined ? [{ key: "k8s.cluster.name", value: name }] : [];
    return { ...base, kind, platform, serviceName: name, attributes };
  }
  const [, database, log] = RDS_GROUP.exec(group) ?? [];
  if (log !== undefined)
    return { ...base, kind: log === "postgresql" ? "postgres" : log === "error" ? "mysql" : "other", serviceName: database };
  return readStream(base, stream) ?? { ...base, kind: logGroup === undefined ? "unknown" : "other", serviceName: readOtherName(group) };
}

type Base = Omit<Origin, "kind">;

function readStream(base: Base, stream: string): Origin | undefined {
  if (LAMBDA_STREAM.test(stream)) return lambdaOrigin(base, undefined, stream);
  const [, container, taskId] = ECS_STREAM.exec(stream) ?? [];
  if (container === undefined || taskId === undefined) return undefined;
  const attributes: KeyValue[] = [
    { key: "aws.ecs.task.id", value: taskId },
    { key: "container.name", value: container },
  ];
  return { ...base, kind: "ecs", platform: "aws_ecs", serviceName: container, attributes };
}

function lambdaOrigin(base: Base, groupName: string | undefined, stream: string): Origin {
  const [, streamName, version] = LAMBDA_STREAM.exec(stream) ?? [];
  const [, homeRegion, edgeName] = EDGE_FUNCTION.exec(groupName ?? "") ?? [];
  const name = edgeName ?? groupName ?? streamName;
  const attributes: KeyValue[] = [];
  if (name !== undefined) attributes.push({ key: "faas.name", value: name });
  if (version !== undefined) attributes.push({ key: "faas.version", value: version });
  if (base.logStream !== undefined) attributes.push({ key: "faas.instance", value: base.logStream });
  return { ...base, kind: "lambda", platform: "aws_lambda", serviceName: name, homeRegion, attributes };
}

/** `sns/us-east-1/123456789012/<topic>` and its `/Failure` twin; `dms-tasks-<instance>`. */
function readOtherName(group: string): string | undefined {
  if (group.startsWith("sns/")) return group.split("/")[3];
  return group.startsWith("dms-tasks-") ? group.slice("dms-tasks-".length) : undefined;
}
