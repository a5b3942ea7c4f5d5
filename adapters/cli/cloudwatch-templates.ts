// CloudFormation for CloudWatch Logs subscriptions: the permission and the filters, or the account's policy.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-subscriptionfilter.html

/** What is subscribed to what. */
export interface Subscription {
  readonly functionArn: string;
  readonly functionName: string;
  readonly partition: string;
  readonly region: string;
  readonly accountId: string;
  readonly filterName: string;
  readonly filterPattern: string;
  /** `@aws.account` and `@aws.region` with every event. */
  readonly systemFields: boolean;
}

const PERMISSION = "OtlpDrainPermission";

export function groupsTemplate(subscription: Subscription, groups: readonly string[], pattern: string): object {
  const filters = groups.map((group, index) => [`OtlpDrainFilter${index + 1}`, filter(subscription, group)]);
  return template("Sends CloudWatch log groups to otlp-drain", subscription, pattern, Object.fromEntries(filters));
}

/** One filter a name in the parameter; `&{...}` takes from a name what no logical id may hold. */
export function prefixTemplate(subscription: Subscription, prefix: string): object {
  const { Resources, ...rest } = template(`Sends the CloudWatch log groups of ${prefix} to otlp-drain`, subscription, `${prefix}*`, {
    "Fn::ForEach::OtlpDrainFilters": [
      "LogGroup",
      { Ref: "LogGroupNames" },
      { "OtlpDrainFilter&{LogGroup}": filter(subscription, { Ref: "LogGroup" }) },
    ],
  });
  return {
    ...rest,
    Transform: "AWS::LanguageExtensions",
    Parameters: { LogGroupNames: { Type: "CommaDelimitedList", Description: "Names of the log groups, separated by commas" } },
    Resources,
  };
}

export function accountTemplate(subscription: Subscription, excluded: readonly string[]): object {
  const { functionArn, filterName, filterPattern } = subscription;
  return template("Sends every CloudWatch log group of this account and region to otlp-drain", subscription, "*", {
    OtlpDrainAccountPolicy: {
      Type: "AWS::Logs::AccountPolicy",
      DependsOn: PERMISSION,
      Properties: {
        PolicyName: filterName,
        PolicyType: "SUBSCRIPTION_FILTER_POLICY",
        Scope: "ALL",
        PolicyDocument: JSON.stringify({ DestinationArn: functionArn, FilterPattern: filterPattern, Distribution: "Random" }),
        SelectionCriteria: `LogGroupName NOT IN ${JSON.stringify(excluded)}`,
      },
    },
  });
}

interface Template {
  readonly AWSTemplateFormatVersion: string;
  readonly Description: string;
  readonly Resources: Readonly<Record<string, unknown>>;
}

function template(
  Description: string,
  subscription: Subscription,
  pattern: string,
  resources: Readonly<Record<string, unknown>>,
): Template {
  const { functionArn, accountId } = subscription;
  return {
    AWSTemplateFormatVersion: "2010-09-09",
    Description,
    Resources: {
      [PERMISSION]: {
        Type: "AWS::Lambda::Permission",
        Properties: {
          Action: "lambda:InvokeFunction",
          FunctionName: functionArn,
          Principal: "logs.amazonaws.com",
          SourceArn: sourceArn(subscription, pattern),
          SourceAccount: accountId,
        },
      },
      ...resources,
    },
  };
}

function filter({ functionArn, filterName, filterPattern, systemFields }: Subscription, logGroupName: unknown): object {
  return {
    Type: "AWS::Logs::SubscriptionFilter",
    DependsOn: PERMISSION,
    Properties: {
      LogGroupName: logGroupName,
      FilterName: filterName,
      FilterPattern: filterPattern,
      DestinationArn: functionArn,
      ...(systemFields ? { EmitSystemFields: ["@aws.account", "@aws.region"] } : {}),
    },
  };
}

/** One statement for all groups: one a group overflows the function's 20 kB policy at about a hundred. */
export function groupsPattern(groups: readonly string[]): string {
  const [first = "", ...others] = groups;
  if (others.length === 0) return first;
  let length = first.length;
  for (const other of others) while (!other.startsWith(first.slice(0, length))) length--;
  return `${first.slice(0, length)}*`;
}

export function sourceArn({ partition, region, accountId }: Subscription, pattern: string): string {
  return `arn:${partition}:logs:${region}:${accountId}:log-group:${pattern}:*`;
}
