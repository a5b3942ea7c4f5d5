// `otlp-drain setup firehose`: a delivery stream to the drain's HTTP endpoint with its backup bucket, its roles and, where groups are
// named, their subscriptions; one CloudFormation stack. The access key is a parameter that CloudFormation never shows.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kinesisfirehose-deliverystream.html
import { collect, generateSecret, readName, readPairs, readSecret, readUrl } from "./inputs.ts";
import { type CliResult, DONE, usageFault } from "./output.ts";
import type { CliContext, Verb } from "./program.ts";
import { command, printRecipe, quoteShell } from "./recipe.ts";

interface FirehoseOptions {
  readonly url?: string;
  readonly accessKey?: string;
  readonly name: string;
  readonly region?: string;
  readonly group?: readonly string[];
  readonly attribute?: readonly string[];
}

const SECRET_VARIABLE = "FIREHOSE_ACCESS_KEY";
const TEMPLATE_FILE = "otlp-drain-firehose.json";
const MAX_ACCESS_KEY_LENGTH = 4096;
const MAX_COMMON_ATTRIBUTES = 50;
/** Firehose keeps trying this long before it writes to the backup bucket; 7200 is its most. */
const RETRY_S = 7200;
const BUFFER_MB = 4;
const BUFFER_S = 60;

export const setupFirehoseVerb: Verb = {
  register(parent, context, act) {
    parent
      .command("firehose")
      .description("print a CloudFormation stack: Amazon Data Firehose to the drain, with backup and subscriptions")
      .option("--url <url>", "the drain's address, https://.../firehose")
      .option("--access-key <key>", `the drain's access key (default: ${SECRET_VARIABLE}, else a new one is made and shown once)`)
      .option("--name <name>", "name of the delivery stream", "otlp-drain")
      .option("--region <region>", "region (default: the one that the aws command is set to)")
      .option("--group <name>", "a CloudWatch log group to subscribe to the stream; several times", collect)
      .option("--attribute <key=value>", "a common attribute, such as x-highlight-project=1; several times", collect)
      .option("--json", "print the steps as JSON")
      .addHelpText(
        "after",
        `
The output is a shell script: read it, then paste it or pipe it into sh.

Example:
  otlp-drain setup firehose --url https://drain.example/firehose --group /aws/lambda/api --attribute x-highlight-project=1`,
      )
      .action(act((options: FirehoseOptions) => setupFirehose(options, context)));
  },
};

function setupFirehose(options: FirehoseOptions, { env, output }: CliContext): CliResult {
  const url = readUrl(options.url, { flag: "--url", path: "/firehose", httpsOnlyFor: "Firehose" });
  if (!url.ok) return url;
  if (url.value.port !== "") return usageFault(`--url has port ${url.value.port}: Firehose delivers to port 443 alone`);
  const name = readName(options.name, "--name", /^[a-zA-Z0-9._-]{1,64}$/, "name of a delivery stream (letters, digits and . _ -)");
  if (!name.ok) return name;
  if (options.region !== undefined && !/^[a-z0-9-]{1,32}$/.test(options.region))
    return usageFault("--region is no AWS region, such as eu-west-1");
  const { group = [], attribute = [] } = options;
  if (!group.every((group) => /^[.\-_/#A-Za-z0-9]{1,512}$/.test(group)))
    return usageFault("--group is no name of a log group (letters, digits and . - _ / #)");
  const attributes = readPairs(attribute, "--attribute", MAX_COMMON_ATTRIBUTES);
  if (!attributes.ok) return attributes;
  const given = readSecret(options.accessKey, env, SECRET_VARIABLE);
  const accessKey = given ?? generateSecret();
  if (accessKey.length > MAX_ACCESS_KEY_LENGTH)
    return usageFault(`--access-key is longer than ${MAX_ACCESS_KEY_LENGTH} characters: choose a shorter one`);
  const template = firehoseTemplate({
    url: url.value.href,
    name: options.name,
    groups: [...new Set(group)],
    attributes: attributes.value,
  });
  const region = options.region === undefined ? "" : ` --region ${options.region}`;
  const stack = `${options.name.replace(/[^A-Za-z0-9-]/g, "-")}-firehose`;
  printRecipe(
    [
      {
        title: "On the drain: set this variable, and restart it",
        note: [`${SECRET_VARIABLE}=${accessKey}${given === undefined ? "   (made just now, shown this once)" : ""}`],
      },
      { title: "The stack", file: TEMPLATE_FILE, content: JSON.stringify(template, undefined, 2) },
      {
        title: "Deploy it",
        commands: [
          command(
            `aws cloudformation deploy${region} --stack-name ${stack} --template-file ${TEMPLATE_FILE}`,
            `--capabilities CAPABILITY_IAM --parameter-overrides AccessKey=${quoteShell(accessKey)}`,
          ),
        ],
      },
      {
        title: "See that it works",
        note: [
          `npx otlp-drain send firehose --url ${url.value.href}   (with ${SECRET_VARIABLE} set: a delivery as Firehose makes it)`,
          "What could not be delivered within two hours lies in the stack's bucket.",
        ],
      },
      { title: "To undo it (empty the bucket first)", note: [`aws cloudformation delete-stack${region} --stack-name ${stack}`] },
    ],
    output,
  );
  return DONE;
}

interface TemplateValues {
  readonly url: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
}

function firehoseTemplate({ url, name, groups, attributes }: TemplateValues): object {
  const commonAttributes = Object.entries(attributes).map(([AttributeName, AttributeValue]) => ({ AttributeName, AttributeValue }));
  const filters = groups.map((LogGroupName, index) => [
    `OtlpDrainFilter${index + 1}`,
    {
      Type: "AWS::Logs::SubscriptionFilter",
      Properties: {
        LogGroupName,
        FilterName: name,
        FilterPattern: "",
        DestinationArn: { "Fn::GetAtt": ["DeliveryStream", "Arn"] },
        RoleArn: { "Fn::GetAtt": ["LogsRole", "Arn"] },
      },
    },
  ]);
  return {
    AWSTemplateFormatVersion: "2010-09-09",
    Description: "Amazon Data Firehose to otlp-drain",
    Parameters: { AccessKey: { Type: "String", NoEcho: true, MinLength: 1, Description: `${SECRET_VARIABLE} of the drain` } },
    Resources: {
      Backup: {
        Type: "AWS::S3::Bucket",
        DeletionPolicy: "Retain",
        UpdateReplacePolicy: "Retain",
        Properties: {
          PublicAccessBlockConfiguration: {
            BlockPublicAcls: true,
            BlockPublicPolicy: true,
            IgnorePublicAcls: true,
            RestrictPublicBuckets: true,
          },
        },
      },
      FirehoseRole: role(
        "firehose.amazonaws.com",
        { "sts:ExternalId": { Ref: "AWS::AccountId" } },
        [
          "s3:AbortMultipartUpload",
          "s3:GetBucketLocation",
          "s3:GetObject",
          "s3:ListBucket",
          "s3:ListBucketMultipartUploads",
          "s3:PutObject",
        ],
        [{ "Fn::GetAtt": ["Backup", "Arn"] }, { "Fn::Sub": `\${Backup.Arn}/*` }],
      ),
      DeliveryStream: {
        Type: "AWS::KinesisFirehose::DeliveryStream",
        Properties: {
          DeliveryStreamName: name,
          DeliveryStreamType: "DirectPut",
          HttpEndpointDestinationConfiguration: {
            EndpointConfiguration: { Name: "otlp-drain", Url: url, AccessKey: { Ref: "AccessKey" } },
            RequestConfiguration: {
              ContentEncoding: "GZIP",
              ...(commonAttributes.length > 0 ? { CommonAttributes: commonAttributes } : {}),
            },
            BufferingHints: { SizeInMBs: BUFFER_MB, IntervalInSeconds: BUFFER_S },
            RetryOptions: { DurationInSeconds: RETRY_S },
            RoleARN: { "Fn::GetAtt": ["FirehoseRole", "Arn"] },
            S3BackupMode: "FailedDataOnly",
            S3Configuration: {
              BucketARN: { "Fn::GetAtt": ["Backup", "Arn"] },
              RoleARN: { "Fn::GetAtt": ["FirehoseRole", "Arn"] },
              CompressionFormat: "GZIP",
            },
          },
        },
      },
      ...(groups.length > 0
        ? {
            LogsRole: role(
              "logs.amazonaws.com",
              { "aws:SourceAccount": { Ref: "AWS::AccountId" } },
              ["firehose:PutRecord", "firehose:PutRecordBatch"],
              [{ "Fn::GetAtt": ["DeliveryStream", "Arn"] }],
            ),
          }
        : {}),
      ...Object.fromEntries(filters),
    },
    Outputs: { DeliveryStreamArn: { Value: { "Fn::GetAtt": ["DeliveryStream", "Arn"] } }, BackupBucket: { Value: { Ref: "Backup" } } },
  };
}

/** A role that one service may take, in the conditions given, for these actions on these resources alone. */
function role(service: string, equal: object, actions: readonly string[], resources: readonly object[]): object {
  return {
    Type: "AWS::IAM::Role",
    Properties: {
      AssumeRolePolicyDocument: {
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole", Condition: { StringEquals: equal } }],
      },
      Policies: [
        {
          PolicyName: "otlp-drain",
          PolicyDocument: { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: actions, Resource: resources }] },
        },
      ],
    },
  };
}
