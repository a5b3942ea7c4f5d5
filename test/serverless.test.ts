// serverless.yml, packaged offline by osls as a person would, and the template and the archive that come out of it.
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { buildLambdaBundle } from "./support/lambda-runtime.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const OSLS = join(ROOT, "test/aws-tools/node_modules/osls/bin/serverless.js");
const ENV = {
  OTEL_EXPORTER_OTLP_ENDPOINT: "https://otlp.example:4318",
  OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20my-api-key",
  OTLP_DRAIN_LOG_GROUPS: "/aws/lambda/api, /aws/lambda/web,/ecs/shop",
  OTLP_DRAIN_EXCLUDE_LOG_GROUPS: "/aws/codebuild/*",
  FIREHOSE_ACCESS_KEY: "an-access-key-nobody-can-guess",
  PORT: "4319",
  UNRELATED: "stays at home",
};

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DependsOn?: readonly string[];
}

let folder: string;
let resources: Readonly<Record<string, Resource>>;

/** A folder as it is after `npm run build`, as far as packaging looks at it. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "otlp-drain-serverless-"));
  for (const file of ["serverless.yml", "adapters/aws-lambda/deployment.cjs", "package.json"]) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await cp(join(ROOT, file), join(folder, file));
  }
  await build({ entryPoints: [join(ROOT, "core/config.ts")], bundle: true, format: "esm", outfile: join(folder, "dist/core/config.js") });
  await buildLambdaBundle(join(folder, "dist/aws-lambda.mjs"));
  await writeFile(join(folder, "stray.txt"), "not for the archive");
  await pack(ENV);
  resources = await readResources();
}, 60_000);

afterAll(async () => await rm(folder, { recursive: true, force: true }));

/** Nothing of the machine's own environment gets in, and no credentials are there. */
async function pack(env: Readonly<Record<string, string>>): Promise<string> {
  const home = { PATH: process.env["PATH"] ?? "", HOME: folder, SLS_TELEMETRY_DISABLED: "1" };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [OSLS, "package"], { cwd: folder, env: { ...home, ...env } });
  return stdout + stderr;
}

async function readResources(): Promise<Readonly<Record<string, Resource>>> {
  return JSON.parse(await readFile(join(folder, ".serverless/cloudformation-template-update-stack.json"), "utf8")).Resources;
}

/** The README's block of YAML that holds these words. */
async function readSnippet(words: string): Promise<string> {
  const readme = await readFile(join(ROOT, "README.md"), "utf8");
  const snippets = [...readme.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, snippet]) => snippet ?? "");
  const [found, ...others] = snippets.filter((snippet) => snippet.includes(words));
  expect([found === undefined, others.length]).toEqual([false, 0]);
  return found ?? "";
}

function ofType(type: string): readonly Resource[] {
  return Object.values(resources).filter(({ Type }) => Type === type);
}

function arnOf(resource: string): unknown {
  return { "Fn::GetAtt": [resource, "Arn"] };
}

const FUNCTIONS = ["LogsLambdaFunction", "ReplayLambdaFunction", "HttpLambdaFunction"];

describe("the functions", () => {
  test("are one bundle on Node 24 and arm64, with enough memory and time", () => {
    expect(ofType("AWS::Lambda::Function")).toHaveLength(3);
    for (const name of FUNCTIONS) {
      expect(resources[name]?.Properties).toMatchObject({
        Handler: "dist/aws-lambda.handler",
        Runtime: "nodejs24.x",
        Architectures: ["arm64"],
        MemorySize: 512,
        Timeout: 60,
      });
    }
  });

  test("have the variables that are set where they are deployed, no others, and never their own logs", () => {
    for (const name of FUNCTIONS) {
      expect(resources[name]?.Properties["Environment"]).toEqual({
        Variables: {
          OTEL_EXPORTER_OTLP_ENDPOINT: ENV.OTEL_EXPORTER_OTLP_ENDPOINT,
          OTEL_EXPORTER_OTLP_HEADERS: ENV.OTEL_EXPORTER_OTLP_HEADERS,
          FIREHOSE_ACCESS_KEY: ENV.FIREHOSE_ACCESS_KEY,
          OTLP_DRAIN_EXCLUDE_LOG_GROUPS: "/aws/codebuild/*,/aws/lambda/otlp-drain-dev-*",
        },
      });
    }
  });

  test("write to log groups that end after two weeks, and nothing on success", () => {
    const groups = ofType("AWS::Logs::LogGroup").map(({ Properties }) => Properties);
    expect(groups).toEqual(
      ["logs", "replay", "http"].map((name) => ({ LogGroupName: `/aws/lambda/otlp-drain-dev-${name}`, RetentionInDays: 14 })),
    );
    for (const name of FUNCTIONS)
      expect(resources[name]?.Properties["LoggingConfig"]).toEqual({ LogFormat: "JSON", SystemLogLevel: "WARN" });
  });

  test("are packed alone: the archive holds the bundle and nothing else", async () => {
    expect(await listArchive(join(folder, ".serverless/otlp-drain.zip"))).toEqual(["dist/aws-lambda.mjs"]);
  });
});

describe("the subscriptions", () => {
  test("are one filter a log group, to the function, of everything", () => {
    expect(ofType("AWS::Logs::SubscriptionFilter").map(({ Properties }) => Properties)).toEqual(
      ["/aws/lambda/api", "/aws/lambda/web", "/ecs/shop"].map((LogGroupName) => ({
        LogGroupName,
        FilterPattern: "",
        DestinationArn: arnOf("LogsLambdaFunction"),
      })),
    );
  });

  test("are permitted to every log group of this account and region, in one statement", () => {
    expect(resources["LogsPermission"]?.Properties).toEqual({
      FunctionName: arnOf("LogsLambdaFunction"),
      Action: "lambda:InvokeFunction",
      Principal: "logs.amazonaws.com",
      SourceAccount: { Ref: "AWS::AccountId" },
      SourceArn: { "Fn::Sub": `arn:\${AWS::Partition}:logs:\${AWS::Region}:\${AWS::AccountId}:log-group:*:*` },
    });
    const permissions = ofType("AWS::Lambda::Permission").filter(({ Properties }) =>
      JSON.stringify(Properties["Principal"]).includes("logs."),
    );
    expect(permissions).toHaveLength(2);
    for (const { DependsOn = [] } of ofType("AWS::Logs::SubscriptionFilter")) {
      expect(DependsOn.map((name) => resources[name]?.Type)).toEqual(["AWS::Lambda::Permission"]);
    }
  });

  test("that fail are tried three times within six hours, then kept in the queue", () => {
    expect(ofType("AWS::Lambda::EventInvokeConfig").map(({ Properties }) => Properties)).toEqual([
      {
        FunctionName: { Ref: "LogsLambdaFunction" },
        Qualifier: "$LATEST",
        MaximumRetryAttempts: 2,
        MaximumEventAgeInSeconds: 21_600,
        DestinationConfig: { OnFailure: { Destination: arnOf("FailedQueue") } },
      },
    ]);
  });
});

describe("the queue of failed batches", () => {
  test("keeps them for two weeks, as large as they come, and longer out of sight than a replay lasts", () => {
    const { Properties = {} } = resources["FailedQueue"] ?? {};
    expect(Properties).toMatchObject({ MessageRetentionPeriod: 1_209_600, MaximumMessageSize: 1_048_576, SqsManagedSseEnabled: true });
    const timeout = resources["ReplayLambdaFunction"]?.Properties["Timeout"] as number;
    expect(Properties["VisibilityTimeout"]).toBeGreaterThanOrEqual(6 * timeout);
  });

  test("is replayed one batch at a time, since one that fails throws", () => {
    expect(ofType("AWS::Lambda::EventSourceMapping").map(({ Properties }) => Properties)).toEqual([
      {
        BatchSize: 1,
        Enabled: true,
        EventSourceArn: arnOf("FailedQueue"),
        FunctionName: arnOf("ReplayLambdaFunction"),
        ScalingConfig: { MaximumConcurrency: 2 },
      },
    ]);
  });

  test("may be written and read by the functions", () => {
    const statements = JSON.stringify(ofType("AWS::IAM::Role"));
    for (const action of ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"]) expect(statements).toContain(action);
  });
});

test("the HTTP drains have a public URL, and no other function has one", () => {
  expect(ofType("AWS::Lambda::Url").map(({ Properties }) => Properties)).toEqual([
    { AuthType: "NONE", TargetFunctionArn: arnOf("HttpLambdaFunction") },
  ]);
  const open = ofType("AWS::Lambda::Permission").filter(({ Properties }) => Properties["Principal"] === "*");
  expect(open.map(({ Properties }) => [Properties["Action"], Properties["FunctionName"]])).toEqual([
    ["lambda:InvokeFunctionUrl", arnOf("HttpLambdaFunction")],
    ["lambda:InvokeFunction", arnOf("HttpLambdaFunction")],
  ]);
});

describe("the README's", () => {
  test("account policy subscribes everything but the functions' own log groups", async () => {
    const text = await readSnippet("AWS::Logs::AccountPolicy");
    const template = parse(text, { customTags: [{ tag: "!Sub", resolve: (value: string) => ({ "Fn::Sub": value }) }] });
    const policies = Object.values<Resource>(template.Resources).map(({ Type, Properties }) => ({ Type, ...Properties }));
    expect(policies).toMatchObject([
      { Type: "AWS::Logs::AccountPolicy", PolicyName: "otlp-drain", PolicyType: "SUBSCRIPTION_FILTER_POLICY", Scope: "ALL" },
    ]);
    const [{ PolicyDocument: document = {}, SelectionCriteria: criteria = "" } = {}] = policies as readonly Record<string, unknown>[];
    const substituted = (document as { "Fn::Sub": string })["Fn::Sub"].replace(
      /\$\{FunctionArn\}/,
      "arn:aws:lambda:eu-west-1:1:function:f",
    );
    expect(JSON.parse(substituted)).toEqual({
      DestinationArn: "arn:aws:lambda:eu-west-1:1:function:f",
      FilterPattern: "",
      Distribution: "Random",
    });
    expect(Object.keys(template.Parameters)).toEqual(["FunctionArn"]);
    const [, excluded = ""] = /^LogGroupName NOT IN (\[.*\])$/.exec(String(criteria)) ?? [];
    expect(JSON.parse(excluded)).toEqual(ofType("AWS::Logs::LogGroup").map(({ Properties }) => Properties["LogGroupName"]));
  });

  test("Kinesis function packages, and has its answers read", async () => {
    const original = await readFile(join(ROOT, "serverless.yml"), "utf8");
    try {
      const snippet = await readSnippet("type: kinesis");
      await writeFile(join(folder, "serverless.yml"), original.replace(/^functions:\n/m, `functions:\n${snippet}`));
      await pack(ENV);
      const mappings = Object.values(await readResources()).filter(({ Type }) => Type === "AWS::Lambda::EventSourceMapping");
      expect(mappings.map(({ Properties }) => Properties)).toContainEqual({
        EventSourceArn: "arn:aws:kinesis:eu-west-1:123456789012:stream/logs",
        FunctionName: arnOf("StreamLambdaFunction"),
        StartingPosition: "TRIM_HORIZON",
        BatchSize: 1000,
        MaximumBatchingWindowInSeconds: 5,
        FunctionResponseTypes: ["ReportBatchItemFailures"],
        Enabled: true,
      });
    } finally {
      await writeFile(join(folder, "serverless.yml"), original);
    }
  });
});

describe("packaging", () => {
  test.each<[string, Readonly<Record<string, string>>, string]>([
    ["without a destination", {}, "OTEL_EXPORTER_OTLP_ENDPOINT is not set"],
    ["with a faulty variable", { ...ENV, OTLP_DRAIN_PLATFORM_LOGS: "none" }, "OTLP_DRAIN_PLATFORM_LOGS is"],
  ])("%s ends before anything is deployed, and says why", async (_, env, message) => {
    await expect(pack(env)).rejects.toMatchObject({ stdout: expect.stringContaining(message) });
  });
});

/** The names in a zip archive's central directory. */
async function listArchive(path: string): Promise<readonly string[]> {
  const bytes = await readFile(path);
  const names: string[] = [];
  const signature = Buffer.from([0x50, 0x4b, 0x01, 0x02]);
  for (let at = bytes.indexOf(signature); at >= 0; at = bytes.indexOf(signature, at + 4)) {
    names.push(bytes.toString("utf8", at + 46, at + 46 + bytes.readUInt16LE(at + 28)));
  }
  return names;
}
