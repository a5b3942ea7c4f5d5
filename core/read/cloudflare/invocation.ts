// One Worker invocation: what all of its records have in common.
import type { KeyValue } from "../../otlp/model.ts";
import { pushAttribute, putAttribute } from "../attributes.ts";
import type { TraceContext } from "../trace-context.ts";
import { faasTrigger } from "./handlers.ts";
import { namesOf, readMember } from "./platform-object.ts";

export interface Invocation {
  readonly observedTimeUnixNano: bigint;
  readonly handlerType: string;
  /** On every record. */
  readonly attributes: readonly KeyValue[];
  /** Session and request of the browser, on every record that does not name its own. */
  readonly correlation: readonly KeyValue[];
  readonly trace: TraceContext | undefined;
}

export interface InvocationFields {
  readonly handlerType: string;
  readonly invocationId?: unknown;
  readonly rayId?: unknown;
  readonly outcome?: unknown;
  readonly executionModel?: unknown;
  readonly entrypoint?: unknown;
  readonly durableObjectId?: unknown;
  readonly tailAttributes?: unknown;
  readonly truncated?: unknown;
}

/** More than these are no annotations: they stay together in one map, so that a flood cannot crowd out a record's own fields. */
const MAX_TAIL_ATTRIBUTES = 64;
/** Place of a record in its invocation: the clock only moves on I/O, so many of them share a millisecond. */
export const SEQUENCE = "cloudflare.invocation.sequence.number";

/** What every record of an invocation says. Names: https://developers.cloudflare.com/workers/observability/traces/spans-and-attributes */
export function invocationAttributes(fields: InvocationFields): readonly KeyValue[] {
  const { handlerType, tailAttributes, truncated } = fields;
  const attributes: KeyValue[] = [
    { key: "cloudflare.handler_type", value: handlerType },
    { key: "faas.trigger", value: faasTrigger(handlerType) },
  ];
  pushAttribute(attributes, "faas.invocation_id", fields.invocationId);
  pushAttribute(attributes, "cloudflare.ray_id", fields.rayId);
  pushAttribute(attributes, "cloudflare.outcome", fields.outcome);
  pushAttribute(attributes, "cloudflare.execution_model", fields.executionModel);
  pushAttribute(attributes, "cloudflare.entrypoint", fields.entrypoint);
  pushAttribute(attributes, "cloudflare.durable_object.id", fields.durableObjectId);
  if (truncated === true) attributes.push({ key: "cloudflare.truncated", value: true });
  const names = namesOf(tailAttributes);
  if (names.length > MAX_TAIL_ATTRIBUTES) pushAttribute(attributes, "cloudflare.tail_attributes", tailAttributes);
  else for (const name of names) putAttribute(attributes, `cloudflare.tail_attributes.${name}`, readMember(tailAttributes, name));
  return attributes;
}
