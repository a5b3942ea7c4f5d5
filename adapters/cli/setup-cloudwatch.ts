// `otlp-drain setup cloudwatch`: subscribes log groups to the Lambda, one by one, by prefix, or the whole account; as `aws` commands
// or as a CloudFormation stack. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
import { accountTemplate, groupsPattern, groupsTemplate, prefixTemplate, type Subscription, sourceArn } from "./cloudwatch-templates.ts";
import { collect, readEnv } from "./inputs.ts";
import { type CliResult, DONE, usageFault } from "./output.ts";
import type { CliContext, Verb } from "./program.ts";
import { command, printRecipe, quoteShell, type Step } from "./recipe.ts";

interface CloudWatchOptions {
  readonly functionArn?: string;
  readonly group?: readonly string[];
  readonly prefix?: string;
  readonly account?: boolean;
  readonly exclude?: readonly string[];
  readonly filter: string;
  readonly name: string;
  readonly systemFields?: boolean;
  readonly cloudformation?: boolean;
}

const VARIABLE = "OTLP_DRAIN_FUNCTION_ARN";
const FUNCTION_ARN = /^arn:(aws[a-z-]*):lambda:([a-z0-9-]+):(\d{12}):function:([A-Za-z0-9_-]{1,64})(?::[A-Za-z0-9$_-]{1,128})?$/;
/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html */
const LOG_GROUP = /^[.\-_/#A-Za-z0-9]{1,512}$/;
const TEMPLATE_FILE = "otlp-drain-subscription.json";

export const setupCloudWatchVerb: Verb = {
  register(parent, context, act) {
    parent
      .command("cloudwatch")
      .description("print what subscribes CloudWatch log groups to the drain's Lambda function")
      .option("--function-arn <arn>", `the deployed function (default: ${VARIABLE})`)
      .option("--group <name>", "a log group; may be given several times", collect)
      .option("--prefix <prefix>", "every log group there is now whose name begins like this")
      .option("--account", "every log group of the account and region, those of tomorrow too")
      .option("--exclude <name>", "a log group to leave out of --prefix or --account; several times", collect)
      .option("--filter <pattern>", "filter pattern; empty takes every event", "")
      .option("--name <name>", "name of the subscription filter or policy", "otlp-drain")
      .option("--system-fields", "have the account and region sent with every event (centralized logging)")
      .option("--cloudformation", "a CloudFormation stack instead of single commands")
      .option("--json", "print the steps as JSON")
      .addHelpText(
        "after",
        `
The output is a shell script: read it, then paste it or pipe it into sh. A log group takes two subscription filters, an account one
policy. The function's own group is always left out.

Examples:
  otlp-drain setup cloudwatch --function-arn arn:aws:lambda:eu-west-1:123456789012:function:otlp-drain --group /aws/lambda/api
  otlp-drain setup cloudwatch --prefix /aws/lambda/ --cloudformation
  otlp-drain setup cloudwatch --account --exclude /aws/codebuild/noisy`,
      )
      .action(act((options: CloudWatchOptions) => setupCloudWatch(options, context)));
  },
};

function setupCloudWatch(options: CloudWatchOptions, { env, output }: CliContext): CliResult {
  const arn = FUNCTION_ARN.exec(options.functionArn ?? readEnv(env, VARIABLE) ?? "");
  if (arn === null) {
    return usageFault(
      `--function-arn is ${options.functionArn === undefined ? "missing" : "no ARN of a Lambda function"}: write it like arn:aws:lambda:eu-west-1:123456789012:function:otlp-drain`,
    );
  }
  const [functionArn, partition = "", region = "", accountId = "", functionName = ""] = arn;
  const { group = [], prefix, account, exclude = [], filter, name, systemFields = false } = options;
  if ([group.length > 0, prefix !== undefined, account === true].filter(Boolean).length !== 1)
    return usageFault("choose one of --group, --prefix and --account");
  for (const [flag, names] of [
    ["--group", group],
    ["--exclude", exclude],
    ["--prefix", prefix === undefined ? [] : [prefix]],
  ] as const)
    if (!names.every((one) => LOG_GROUP.test(one))) return usageFault(`${flag} is no name of a log group (letters, digits and . - _ / #)`);
  if (!/^[A-Za-z0-9._/#-]{1,256}$/.test(name)) return usageFault("--name takes letters, digits and . - _ / #");
  if (/[\u0000-\u001f]/.test(filter) || filter.length > 1024) return usageFault("--filter takes one line of at most 1024 characters");
  const ownGroup = `/aws/lambda/${functionName}`;
  if (group.includes(ownGroup)) return usageFault(`${ownGroup} is the drain's own log group: what it logs would feed itself, leave it out`);
  const subscription: Subscription = {
    functionArn,
    functionName,
    partition,
    region,
    accountId,
    filterName: name,
    filterPattern: filter,
    systemFields,
  };
  const excluded = [...new Set([ownGroup, ...exclude])];
  const build = options.cloudformation ? TEMPLATES : COMMANDS;
  const steps = account
    ? build.account(subscription, excluded)
    : prefix === undefined
      ? build.groups(subscription, [...new Set(group)])
      : build.prefix(subscription, prefix, excluded);
  printRecipe(steps, output);
  return DONE;
}

/** The three extents, in one of two forms. */
interface Forms {
  readonly groups: (subscription: Subscription, groups: readonly string[]) => readonly Step[];
  readonly prefix: (subscription: Subscription, prefix: string, excluded: readonly string[]) => readonly Step[];
  readonly account: (subscription: Subscription, excluded: readonly string[]) => readonly Step[];
}

const COMMANDS: Forms = {
  groups: (subscription, groups) => [
    permit(subscription, groupsPattern(groups)),
    { title: "Subscribe", commands: groups.map((group) => putFilter(subscription, quoteShell(group))) },
    check(subscription, groups[0] ?? ""),
    undo(
      groups.map(
        (group) =>
          `aws logs delete-subscription-filter --region ${subscription.region} --log-group-name ${group} --filter-name ${subscription.filterName}`,
      ),
    ),
  ],
  prefix: (subscription, prefix, excluded) => [
    permit(subscription, `${prefix}*`),
    {
      title: "Subscribe every group there is now; run it again for new ones",
      commands: [
        `${listGroups(subscription, prefix)} | tr '\\t' '\\n' |\n  grep -vxF ${excluded.map((group) => `-e ${quoteShell(group)}`).join(" ")} | while read -r group; do\n${indent(putFilter(subscription, '"$group"'))} </dev/null\ndone`,
      ],
    },
    check(subscription, `${prefix}...`),
  ],
  account: (subscription, excluded) => [
    permit(subscription, "*"),
    {
      title: "Subscribe the account, in this region",
      commands: [
        command(
          `aws logs put-account-policy --region ${subscription.region}`,
          `--policy-name ${quoteShell(subscription.filterName)} --policy-type SUBSCRIPTION_FILTER_POLICY --scope ALL`,
          `--policy-document ${quoteShell(JSON.stringify({ DestinationArn: subscription.functionArn, FilterPattern: subscription.filterPattern, Distribution: "Random" }))}`,
          `--selection-criteria ${quoteShell(`LogGroupName NOT IN ${JSON.stringify(excluded)}`)}`,
        ),
      ],
    },
    {
      title: "See that it is there",
      commands: [`aws logs describe-account-policies --region ${subscription.region} --policy-type SUBSCRIPTION_FILTER_POLICY`],
    },
    undo([
      `aws logs delete-account-policy --region ${subscription.region} --policy-name ${subscription.filterName} --policy-type SUBSCRIPTION_FILTER_POLICY`,
    ]),
  ],
};

const TEMPLATES: Forms = {
  groups: (subscription, groups) => deployment(subscription, groupsTemplate(subscription, groups, groupsPattern(groups))),
  prefix: (subscription, prefix, excluded) =>
    deployment(
      subscription,
      prefixTemplate(subscription, prefix),
      "--capabilities CAPABILITY_AUTO_EXPAND",
      `--parameter-overrides LogGroupNames="$(${listGroups(subscription, prefix)} | tr '\\t' '\\n' | grep -vxF ${excluded.map((group) => `-e ${quoteShell(group)}`).join(" ")} | paste -sd , -)"`,
    ),
  account: (subscription, excluded) => deployment(subscription, accountTemplate(subscription, excluded)),
};

function deployment({ region, filterName }: Subscription, template: object, ...flags: readonly string[]): readonly Step[] {
  const stack = `${filterName.replace(/[^A-Za-z0-9-]/g, "-")}-subscription`;
  return [
    { title: "The stack", file: TEMPLATE_FILE, content: JSON.stringify(template, undefined, 2) },
    {
      title: "Deploy it",
      commands: [command(`aws cloudformation deploy --region ${region} --stack-name ${stack} --template-file ${TEMPLATE_FILE}`, ...flags)],
    },
    undo([`aws cloudformation delete-stack --region ${region} --stack-name ${stack}`]),
  ];
}

function permit(subscription: Subscription, pattern: string): Step {
  const { region, functionArn, filterName, accountId } = subscription;
  return {
    title: "Allow CloudWatch Logs to call the function (says ResourceConflictException when it may already)",
    commands: [
      command(
        `aws lambda add-permission --region ${region} --function-name ${functionArn}`,
        `--statement-id ${filterName.replace(/[^A-Za-z0-9_-]/g, "-")}-logs --action lambda:InvokeFunction --principal logs.amazonaws.com`,
        `--source-arn ${quoteShell(sourceArn(subscription, pattern))} --source-account ${accountId}`,
      ),
    ],
  };
}

function putFilter({ region, filterName, filterPattern, functionArn, systemFields }: Subscription, group: string): string {
  return command(
    `aws logs put-subscription-filter --region ${region} --log-group-name ${group}`,
    `--filter-name ${quoteShell(filterName)} --filter-pattern ${quoteShell(filterPattern)}`,
    `--destination-arn ${functionArn}${systemFields ? " --emit-system-fields @aws.account @aws.region" : ""}`,
  );
}

function listGroups({ region }: Subscription, prefix: string): string {
  return `aws logs describe-log-groups --region ${region} --log-group-name-prefix ${quoteShell(prefix)} --query 'logGroups[].logGroupName' --output text`;
}

function check({ region, functionName }: Subscription, group: string): Step {
  return {
    title: "See that it works",
    note: [
      `aws logs describe-subscription-filters --region ${region} --log-group-name ${group}`,
      `aws logs tail /aws/lambda/${functionName} --region ${region} --since 10m   (silence is success)`,
    ],
  };
}

function undo(commands: readonly string[]): Step {
  return { title: "To undo it", note: commands };
}

function indent(text: string): string {
  return text.replace(/^/gm, "    ");
}
