// FireLens: the JSON that Amazon ECS's log router wraps around a container's line, and lines beyond 16 KiB that it cut to pieces.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/firelens-using-fluentbit.html
import type { KeyValue } from "../../otlp/model.ts";
import { pushAttribute } from "../attributes.ts";
import { readAppObject } from "./app.ts";
import { type Fields, omit, type Reading } from "./reading.ts";
import { parseArn, type ResourceHint } from "./resource.ts";

const CONTAINER_MEMBERS = [
  "container_id",
  "container_name",
  "ecs_cluster",
  "ecs_task_arn",
  "ecs_task_definition",
  "ec2_instance_id",
] as const;
const PARTIAL_MEMBERS = ["partial_message", "partial_id", "partial_ordinal", "partial_last"] as const;
/** Longest name that a container or a task family can have, generously. */
const MAX_NAME_LENGTH = 512;

export function isFireLensObject(object: Fields): boolean {
  const { container_id: id, container_name: name, ecs_task_arn: task, log, source } = object;
  if (typeof id !== "string" && typeof name !== "string" && typeof task !== "string") return false;
  return typeof log === "string" || source === "stdout" || source === "stderr" || typeof task === "string";
}

/** Reads the wrapper into the resource, and then what the container wrote. */
export function readFireLensObject(reading: Reading, object: Fields, text: string): void {
  const { source } = object;
  const used: string[] = CONTAINER_MEMBERS.filter((member) => typeof object[member] === "string");
  if (source === "stdout" || source === "stderr") {
    used.push("source");
    pushAttribute(reading.attributes, "log.iostream", source);
  }
  reading.hint = readContainer(object);
  readAppObject(reading, omit(object, used) ?? {}, text);
}

function readContainer(object: Fields): ResourceHint {
  const [id, rawName, cluster, task, definition, instance] = CONTAINER_MEMBERS.map((member) => readText(object[member]));
  const attributes: KeyValue[] = [];
  const containerName = rawName?.startsWith("/") ? rawName.slice(1) : rawName;
  const [family, revision] = splitLast(definition, ":");
  pushAttribute(attributes, "container.id", id);
  pushAttribute(attributes, "container.name", containerName);
  pushAttribute(attributes, cluster?.startsWith("arn:") ? "aws.ecs.cluster.arn" : "aws.ecs.cluster.name", cluster);
  // Only the EC2 launch type knows its instance.
  if (instance !== undefined) pushAttribute(attributes, "aws.ecs.launchtype", "ec2");
  pushAttribute(attributes, "aws.ecs.task.arn", task);
  pushAttribute(attributes, "aws.ecs.task.id", splitLast(task, "/")[1]);
  pushAttribute(attributes, "aws.ecs.task.family", family);
  pushAttribute(attributes, "aws.ecs.task.revision", revision);
  pushAttribute(attributes, "host.id", instance);
  return {
    ...parseArn(task),
    platform: "aws_ecs",
    serviceName: readServiceName(containerName, family, revision) ?? family ?? containerName,
    attributes,
  };
}

function readText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The parts before and behind the last `separator`; without one the text is the first part. */
function splitLast(text: string | undefined, separator: string): readonly [string | undefined, string | undefined] {
  const at = text?.lastIndexOf(separator) ?? -1;
  return text === undefined || at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** Docker's name is `ecs-<family>-<revision>-<container>-<hash>` on EC2 and older Fargate; elsewhere it is the container's own. */
function readServiceName(name: string | undefined, family: string | undefined, revision: string | undefined): string | undefined {
  if (name === undefined || name.length > MAX_NAME_LENGTH || !name.startsWith("ecs-")) return name;
  const [head = "", hash = ""] = splitLast(name, "-");
  if (!/^[0-9a-f]{6,40}$/.test(hash)) return undefined;
  const known = `ecs-${family}-${revision}-`;
  if (head.startsWith(known)) return head.slice(known.length) || undefined;
  // Without the task's metadata: the container is what follows the last part that can be a revision.
  const parts = head.split("-");
  for (let index = parts.length - 2; index > 1; index--) if (/^\d+$/.test(parts[index] as string)) return parts.slice(index + 1).join("-");
  return undefined;
}

/** Which piece of a cut line an object is; undefined when it is a whole line, or does not say enough to be joined. */
export function readPart(object: Fields): { readonly key: string; readonly ordinal: number; readonly isLast: boolean } | undefined {
  const { partial_id: id, partial_ordinal: ordinal, partial_last: last, container_id: container, log } = object;
  if (typeof id !== "string" || typeof log !== "string" || (typeof ordinal !== "string" && typeof ordinal !== "number")) return undefined;
  const number = Number(ordinal);
  if (!Number.isSafeInteger(number) || number < 1) return undefined;
  return { key: JSON.stringify([String(container), id]), ordinal: number, isLast: last === "true" || last === true };
}

/** The whole line's object, made of its pieces in order. */
export function joinParts(parts: readonly Fields[]): Fields {
  const first = omit(parts[0] ?? {}, PARTIAL_MEMBERS) ?? {};
  return { ...first, log: parts.map(({ log }) => log as string).join("") };
}
