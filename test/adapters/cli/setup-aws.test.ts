import { describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { expectFault, runCommand } from "./support/command.ts";
import { flag, runScript } from "./support/shell.ts";

const FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:otlp-drain";
const LOGS = "arn:aws:logs:eu-west-1:123456789012:log-group";

/** The properties that CloudFormation documents for what is printed here; any other name is a slip. */
const PROPERTIES: Readonly<Record<string, readonly string[]>> = {
  "AWS::Lambda::Permission": [
    "Action",
    "EventSourceToken",
    "FunctionName",
    "FunctionUrlAuthType",
    "Principal",
    "PrincipalOrgID",
    "SourceAccount",
    "SourceArn",
  ],
  "AWS::Logs::SubscriptionFilter": [
    "ApplyOnTransformedLogs",
    "DestinationArn",
    "Distribution",
    "EmitSystemFields",
    "FieldSelectionCriteria",
    "FilterName",
    "FilterPattern",
    "LogGroupName",
    "RoleArn",
  ],
  "AWS::Logs::AccountPolicy": ["PolicyDocument", "PolicyName", "PolicyType", "Scope", "SelectionCriteria"],
  "AWS::S3::Bucket": ["BucketName", "BucketEncryption", "LifecycleConfiguration", "PublicAccessBlockConfiguration"],
  "AWS::IAM::Role": ["AssumeRolePolicyDocument", "ManagedPolicyArns", "Policies", "RoleName"],
  "AWS::KinesisFirehose::DeliveryStream": ["DeliveryStreamName", "DeliveryStreamType", "HttpEndpointDestinationConfiguration"],
};
const HTTP_ENDPOINT_PROPERTIES = [
  "BufferingHints",
  "CloudWatchLoggingOptions",
  "EndpointConfiguration",
  "ProcessingConfiguration",
  "RequestConfiguration",
  "RetryOptions",
  "RoleARN",
  "S3BackupMode",
  "S3Configuration",
  "SecretsManagerConfiguration",
];

interface Resource {
  readonly Type: string;
  readonly DependsOn?: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

interface Template {
  readonly AWSTemplateFormatVersion: string;
  readonly Transform?: string;
  readonly Parameters?: Readonly<Record<string, { readonly Type: string; readonly NoEcho?: boolean }>>;
  readonly Resources: Readonly<Record<string, Resource>>;
}

async function setup(
  platform: "cloudwatch" | "firehose",
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { code, stdout, stderr } = await runCommand(["setup", platform, ...args], { env });
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return stdout;
}

/** Reads a template as CloudFormation would, and holds it to real names and to resources that exist. */
function readTemplate(text: string): Template {
  const template = parseYaml(text) as Template;
  expect(JSON.parse(text)).toEqual(template);
  expect(template.AWSTemplateFormatVersion).toBe("2010-09-09");
  const resources = Object.entries(template.Resources).map(([name, resource]) =>
    Array.isArray(resource) ? [name, Object.values(resource[2])[0]] : [name, resource],
  );
  for (const [name, { Type, DependsOn, Properties }] of resources as [string, Resource][]) {
    expect(name).toMatch(/^(?:Fn::ForEach::)?[A-Za-z0-9]+$/);
    expect(PROPERTIES, Type).toHaveProperty([Type]);
    for (const property of Object.keys(Properties)) expect(PROPERTIES[Type], `${Type}.${property}`).toContain(property);
    if (DependsOn !== undefined) expect(template.Resources).toHaveProperty([DependsOn]);
  }
  const referred = [...text.matchAll(/"(?:Ref|Fn::GetAtt)": (?:\[\s*)?"(\w+)"/g)].map(([, name]) => name ?? "");
  const known = new Set([...Object.keys(template.Resources), ...Object.keys(template.Parameters ?? {}), "LogGroup"]);
  expect(referred.filter((name) => !known.has(name))).toEqual([]);
  return template;
}

describe("cloudwatch, as commands", () => {
  test("one group: one permission for it, one filter", async () => {
    const { calls } = runScript(
      await setup("cloudwatch", ["--function-arn", FUNCTION, "--group", "/aws/lambda/api", "--filter", 'ERROR "it\'s"']),
    );
    expect(calls).toHaveLength(2);
    const [permission, filter] = calls;
    expect(permission?.slice(0, 3)).toEqual(["aws", "lambda", "add-permission"]);
    expect(flag(permission, "--source-arn")).toBe(`${LOGS}:/aws/lambda/api:*`);
    expect(flag(permission, "--source-account")).toBe("123456789012");
    expect(flag(permission, "--principal")).toBe("logs.amazonaws.com");
    expect(flag(permission, "--function-name")).toBe(FUNCTION);
    expect(filter?.slice(0, 3)).toEqual(["aws", "logs", "put-subscription-filter"]);
    expect(flag(filter, "--log-group-name")).toBe("/aws/lambda/api");
    expect(flag(filter, "--filter-pattern")).toBe('ERROR "it\'s"');
    expect(flag(filter, "--destination-arn")).toBe(FUNCTION);
    expect(flag(filter, "--region")).toBe("eu-west-1");
  });

  test("several groups: one statement for all of them, so that the policy does not overflow", async () => {
    const groups = ["/aws/lambda/api", "/aws/lambda/web", "/aws/ecs/api"].flatMap((group) => ["--group", group]);
    const { calls } = runScript(await setup("cloudwatch", ["--function-arn", FUNCTION, ...groups, "--system-fields"]));
    expect(calls.map(([, , verb]) => verb)).toEqual(["add-permission", ...Array(3).fill("put-subscription-filter")]);
    expect(flag(calls[0], "--source-arn")).toBe(`${LOGS}:/aws/*:*`);
    expect(calls[1]?.slice(-3)).toEqual(["--emit-system-fields", "@aws.account", "@aws.region"]);
  });

  test("a prefix: every group there is but the function's own and the excluded ones", async () => {
    const stdout = await setup("cloudwatch", ["--prefix", "/aws/lambda/", "--exclude", "/aws/lambda/noisy"], {
      OTLP_DRAIN_FUNCTION_ARN: FUNCTION,
    });
    const prints = { "aws logs describe-log-groups": "/aws/lambda/api\\t/aws/lambda/otlp-drain\\t/aws/lambda/noisy\\t/aws/lambda/web\\n" };
    const { calls } = runScript(stdout, { prints });
    expect(flag(calls[0], "--source-arn")).toBe(`${LOGS}:/aws/lambda/*:*`);
    expect(flag(calls[1], "--log-group-name-prefix")).toBe("/aws/lambda/");
    expect(calls.slice(2).map((call) => flag(call, "--log-group-name"))).toEqual(["/aws/lambda/api", "/aws/lambda/web"]);
  });

  test("the account: one policy, which leaves out the function's own group", async () => {
    const { calls } = runScript(await setup("cloudwatch", ["--function-arn", FUNCTION, "--account", "--exclude", "/noisy"]));
    expect(flag(calls[0], "--source-arn")).toBe(`${LOGS}:*:*`);
    const policy = calls[1];
    expect(policy?.slice(0, 3)).toEqual(["aws", "logs", "put-account-policy"]);
    expect(JSON.parse(flag(policy, "--policy-document") ?? "")).toEqual({
      DestinationArn: FUNCTION,
      FilterPattern: "",
      Distribution: "Random",
    });
    expect(flag(policy, "--selection-criteria")).toBe('LogGroupName NOT IN ["/aws/lambda/otlp-drain","/noisy"]');
    expect(flag(policy, "--policy-type")).toBe("SUBSCRIPTION_FILTER_POLICY");
    expect(flag(policy, "--scope")).toBe("ALL");
  });

  test("other partitions keep their name", async () => {
    const { calls } = runScript(
      await setup("cloudwatch", ["--function-arn", FUNCTION.replace("arn:aws:", "arn:aws-us-gov:"), "--group", "/g"]),
    );
    expect(flag(calls[0], "--source-arn")).toMatch(/^arn:aws-us-gov:logs:/);
  });
});

describe("cloudwatch, as a CloudFormation stack", () => {
  async function deploy(args: readonly string[], prints = {}) {
    const run = runScript(await setup("cloudwatch", ["--function-arn", FUNCTION, "--cloudformation", ...args]), { prints });
    const call = run.calls.find(([, service, verb]) => service === "cloudformation" && verb === "deploy");
    expect(flag(call, "--template-file")).toBe("otlp-drain-subscription.json");
    return { call, template: readTemplate(run.read("otlp-drain-subscription.json")) };
  }

  test("groups: a permission and a filter for each", async () => {
    const { template } = await deploy(["--group", "/a/one", "--group", "/a/two", "--system-fields"]);
    const filters = Object.values(template.Resources).filter(({ Type }) => Type === "AWS::Logs::SubscriptionFilter");
    expect(filters.map(({ Properties }) => Properties)).toEqual(
      ["/a/one", "/a/two"].map((LogGroupName) => ({
        LogGroupName,
        FilterName: "otlp-drain",
        FilterPattern: "",
        DestinationArn: FUNCTION,
        EmitSystemFields: ["@aws.account", "@aws.region"],
      })),
    );
    expect(filters.every(({ DependsOn }) => DependsOn === "OtlpDrainPermission")).toBe(true);
    expect(template.Resources["OtlpDrainPermission"]?.Properties["SourceArn"]).toBe(`${LOGS}:/a/*:*`);
  });

  test("a prefix: the groups there are, as a parameter of a loop", async () => {
    const prints = { "aws logs describe-log-groups": "/a/one\\t/aws/lambda/otlp-drain\\t/a/two\\n" };
    const { template, call } = await deploy(["--prefix", "/a"], prints);
    expect(template.Transform).toBe("AWS::LanguageExtensions");
    expect(template.Parameters?.["LogGroupNames"]?.Type).toBe("CommaDelimitedList");
    expect(call).toContain("LogGroupNames=/a/one,/a/two");
    expect(call).toContain("CAPABILITY_AUTO_EXPAND");
    const [identifier, collection, fragment] = template.Resources["Fn::ForEach::OtlpDrainFilters"] as unknown as [string, object, object];
    expect(collection).toEqual({ Ref: "LogGroupNames" });
    expect(Object.keys(fragment)).toEqual([`OtlpDrainFilter&{${identifier}}`]);
  });

  test("the account: a policy that leaves out the function's own group", async () => {
    const { template } = await deploy(["--account"]);
    const { PolicyDocument, SelectionCriteria, PolicyType } = template.Resources["OtlpDrainAccountPolicy"]?.Properties ?? {};
    expect(JSON.parse(String(PolicyDocument))).toEqual({ DestinationArn: FUNCTION, FilterPattern: "", Distribution: "Random" });
    expect(SelectionCriteria).toBe('LogGroupName NOT IN ["/aws/lambda/otlp-drain"]');
    expect(PolicyType).toBe("SUBSCRIPTION_FILTER_POLICY");
  });
});

test.each([
  [["--group", "/g"], /--function-arn is missing/],
  [["--function-arn", "arn:aws:iam::123456789012:role/x", "--group", "/g"], /--function-arn is no ARN of a Lambda function/],
  [["--function-arn", FUNCTION], /choose one of --group, --prefix and --account/],
  [["--function-arn", FUNCTION, "--group", "/g", "--account"], /choose one of/],
  [["--function-arn", FUNCTION, "--group", "/aws/lambda/otlp-drain"], /the drain's own log group: what it logs would feed itself/],
  [["--function-arn", FUNCTION, "--group", "$(reboot)"], /--group is no name of a log group/],
  [["--function-arn", FUNCTION, "--prefix", "/a b"], /--prefix is no name of a log group/],
  [["--function-arn", FUNCTION, "--group", "/g", "--name", "a:b"], /--name takes/],
])("cloudwatch %j is a usage fault", async (args, words) => {
  expectFault(await runCommand(["setup", "cloudwatch", ...args]), 2, words);
});

describe("firehose", () => {
  const KEY = "an_access_key_of_firehose";

  test("is one stack: stream, backup, roles, subscriptions; the key stays a parameter", async () => {
    const args = ["--url", "https://drain.example", "--group", "/a/one", "--attribute", "x-highlight-project=7", "--region", "eu-west-1"];
    const stdout = await setup("firehose", args, { FIREHOSE_ACCESS_KEY: KEY });
    const { calls, read } = runScript(stdout);
    expect(calls).toHaveLength(1);
    expect(calls[0]).toEqual(expect.arrayContaining(["CAPABILITY_IAM", `AccessKey=${KEY}`, "--region", "eu-west-1"]));
    const text = read("otlp-drain-firehose.json");
    expect(text).not.toContain(KEY);
    const template = readTemplate(text);
    expect(template.Parameters?.["AccessKey"]).toMatchObject({ Type: "String", NoEcho: true });
    const http = template.Resources["DeliveryStream"]?.Properties["HttpEndpointDestinationConfiguration"] as Readonly<
      Record<string, unknown>
    >;
    for (const property of Object.keys(http)) expect(HTTP_ENDPOINT_PROPERTIES).toContain(property);
    expect(http).toMatchObject({
      EndpointConfiguration: { Url: "https://drain.example/firehose", AccessKey: { Ref: "AccessKey" } },
      RequestConfiguration: { ContentEncoding: "GZIP", CommonAttributes: [{ AttributeName: "x-highlight-project", AttributeValue: "7" }] },
      RetryOptions: { DurationInSeconds: 7200 },
      S3BackupMode: "FailedDataOnly",
    });
    expect(template.Resources["OtlpDrainFilter1"]?.Properties).toMatchObject({
      LogGroupName: "/a/one",
      DestinationArn: { "Fn::GetAtt": ["DeliveryStream", "Arn"] },
      RoleArn: { "Fn::GetAtt": ["LogsRole", "Arn"] },
    });
  });

  test("without groups there is no role for them", async () => {
    const { read } = runScript(await setup("firehose", ["--url", "https://drain.example"], { FIREHOSE_ACCESS_KEY: KEY }));
    expect(Object.keys(readTemplate(read("otlp-drain-firehose.json")).Resources)).toEqual(["Backup", "FirehoseRole", "DeliveryStream"]);
  });

  test("makes an access key when there is none, the same for both ends", async () => {
    const stdout = await setup("firehose", ["--url", "https://drain.example"]);
    const made = /FIREHOSE_ACCESS_KEY=([0-9a-f]{64}) {3}\(made just now/.exec(stdout)?.[1];
    expect(runScript(stdout).calls[0]).toContain(`AccessKey=${made}`);
  });

  test.each([
    [[], /--url is missing/],
    [["--url", "http://drain.example"], /--url is not https/],
    [["--url", "https://drain.example:8443"], /port 8443: Firehose delivers to port 443 alone/],
    [["--url", "https://drain.example", "--name", "my stream"], /--name is no name of a delivery stream/],
    [["--url", "https://drain.example", "--attribute", "x"], /--attribute takes name=value/],
    [["--url", "https://drain.example", "--region", "Frankfurt am Main"], /--region is no AWS region/],
  ])("%j is a usage fault", async (args, words) => {
    expectFault(await runCommand(["setup", "firehose", ...args]), 2, words);
  });
});
