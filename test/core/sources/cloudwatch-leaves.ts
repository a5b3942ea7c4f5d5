// What the AWS sources take on purpose: where the words of a prefixed line, and the members of an envelope, have to be found instead.
import type { Consumed, Leaf } from "../../support/leaves.ts";

/** Each prefix with the parts that must stand somewhere: times, ids, levels, names, and the text behind it. */
const PREFIXES: readonly RegExp[] = [
  // Node, .NET
  /^(\d{4}-\d\d-\d\dT[\d:.]+Z)\t([0-9a-f-]{36}|undefined)\t([A-Za-z]+)\t([\s\S]*)$/,
  // Python
  /^\[([A-Z]+)\]\t(\d{4}-\d\d-\d\dT[\d:.]+Z)\t([0-9a-f-]{36})\t([\s\S]*)$/,
  // Ruby
  /^[DIWEFA], \[(\S+) #(\d+)\]\s+([A-Z]+) ([0-9a-f-]{36}) -- ?(\w*): ([\s\S]*)$/,
  // Postgres: host and port apart
  /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+):(?:(.*?)(?:\((\d+)\))?)?:([^@:]*)@([^:]*):\[(\d+)\]:([A-Z]+\d?):\s+([\s\S]*)$/,
  // MySQL
  /^(\d{4}-\d\d-\d\dT[\d:.]+Z) (\d+) \[(\w+)\] ([\s\S]*)$/,
];

/** The parts of a line with a prefix, JSON behind it taken apart; undefined for a line without one. */
function partsOfLine({ text }: Pick<Leaf, "text">): readonly string[] | undefined {
  for (const prefix of PREFIXES) {
    const match = prefix.exec(text);
    if (match === null) continue;
    return match
      .slice(1)
      .filter((part) => part !== undefined && part !== "" && part !== "undefined")
      .flatMap((part) => textsOfJson(part) ?? [part.replace(/\r/g, "\n").trimEnd()]);
  }
  return undefined;
}

/** The strings and numbers of the object in a text, its runtime's label included. */
function textsOfJson(text: string): readonly string[] | undefined {
  const start = text.indexOf("{");
  if (start < 0) return undefined;
  try {
    return [text.slice(0, start).trim(), ...textsOf(JSON.parse(text.slice(start)))].filter((part) => part !== "");
  } catch {
    return undefined;
  }
}

function textsOf(value: unknown): readonly string[] {
  if (typeof value === "string" || typeof value === "number") return [String(value)];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

/** Members of a message that is JSON, below the path of the message. */
const MEMBERS: Consumed = {
  container_name: ({ text }) => [text.replace(/^\//, "")],
  ecs_task_definition: ({ text }) => text.split(":"),
  partial_id: "has done its work when the line is whole; stays otherwise",
  partial_last: "has done its work when the line is whole; stays otherwise",
  xray_trace_id: ({ text }) => (/^1-[0-9a-f]{8}-[0-9a-f]{24}$/.test(text) ? [text.slice(2).replace("-", "")] : undefined),
};

function below(path: string, names: readonly string[]): Consumed {
  return Object.fromEntries(names.map((name) => [`${path}/${name}`, MEMBERS[name] as string]));
}

export const CLOUDWATCH_CONSUMED: Consumed = {
  messageType: "tells log events from a health check",
  "logEvents/*/timestamp": "the message's own time is nearer to the truth; kept when the two are more than a minute apart",
  "logEvents/*/message/timestamp": ({ text }) => (/:\d\dZ$/.test(text) ? [] : undefined),
  "logEvents/*/message": partsOfLine,
  ...below("logEvents/*/message", ["container_name", "ecs_task_definition", "partial_id", "partial_last", "xray_trace_id"]),
  text: ({ text }) => (text.startsWith('{"messageType"') ? ["first", "second", "never arrives whole"] : undefined),
};

const isControl = (texts: readonly string[]) => (leaf: Leaf) => (texts.some((text) => leaf.text.startsWith(text)) ? [] : undefined);

export const FIREHOSE_CONSUMED: Consumed = {
  "records/*/messageType": "tells log events from a health check",
  "records/*/owner": isControl(["CloudwatchLogs"]),
  "records/*/logEvents/*/timestamp": isControl(["1525983444232"]),
  "records/*/logEvents/*/message": (leaf) => isControl(["CWL CONTROL MESSAGE"])(leaf) ?? partsOfLine(leaf),
  ...below("records/*", ["container_name", "ecs_task_definition"]),
  "records/*": ({ text }) => (text.includes('}{"messageType"') ? ["one", "two", "three", "four", "g1", "g2"] : undefined),
};
