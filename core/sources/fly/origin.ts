// Where an event comes from, as far as it says, and the resource that this makes.
import type { KeyValue } from "../../otlp/model.ts";
import { pushAttribute } from "../../read/attributes.ts";
import { isObject } from "../../read/broken.ts";
import type { DecodeContext } from "../../source.ts";
import type { Fields } from "./framing.ts";
import { toName } from "./platform.ts";

export interface Origin {
  /** From Fly.io, and not only through Vector. */
  readonly isFly: boolean;
  /** The app, or the service that another sender names. */
  readonly name: string | undefined;
  readonly instance: string | undefined;
  readonly region: string | undefined;
  readonly host: string | undefined;
}

/** Of what names nothing. */
export const NOWHERE: Origin = { isFly: false, name: undefined, instance: undefined, region: undefined, host: undefined };

const CLOUD_PROVIDER: KeyValue = { key: "cloud.provider", value: "fly_io" };
const SERVICE_FIELDS = ["service", "service.name", "application"] as const;

/** @param used gets the names of the fields that the resource will say in full */
export function readOrigin(event: Fields, used: string[]): Origin {
  const { fly, subject } = event;
  const parts = typeof subject === "string" && subject.startsWith("logs.") ? subject.split(".") : undefined;
  if (isObject(fly) || parts !== undefined) return readFlyOrigin(isObject(fly) ? fly : {}, parts, used);
  const host = typeof event["host"] === "string" && event["host"] !== "" ? event["host"] : undefined;
  if (host !== undefined) used.push("host");
  return { isFly: false, name: readService(event, used), instance: undefined, region: undefined, host };
}

/** @param parts of the NATS subject `logs.<app>.<region>.<instance>`: all that an untouched message says */
function readFlyOrigin({ app, region: ownRegion }: Fields, parts: readonly string[] | undefined, used: string[]): Origin {
  const own = isObject(app) ? app : {};
  const name = toName(own["name"]) ?? toName(parts?.[1]);
  const region = toName(ownRegion) ?? toName(parts?.[2]);
  const instance = toName(own["instance"]) ?? toName(parts?.[3]);
  if (parts?.join(".") === ["logs", name, region, instance].join(".")) used.push("subject");
  return { isFly: true, name, instance, region, host: undefined };
}

/** A service that names itself, as a text or as ECS does (`{"service":{"name":...}}`, whose map stays). */
function readService(event: Fields, used: string[]): string | undefined {
  for (const field of SERVICE_FIELDS) {
    const value = event[field];
    if (typeof value === "string" && value !== "") {
      used.push(field);
      return value;
    }
    if (field === "service" && isObject(value) && typeof value["name"] === "string" && value["name"] !== "") return value["name"];
  }
  return undefined;
}

export function isSameOrigin(a: Origin, b: Origin): boolean {
  return a.name === b.name && a.instance === b.instance && a.region === b.region && a.isFly === b.isFly && a.host === b.host;
}

/** Equal texts mean equal origins. */
export function originKey({ isFly, name, instance, region, host }: Origin): string {
  return JSON.stringify([isFly, name, instance, region, host]);
}

export function originAttributes(
  { isFly, name, instance, region, host }: Origin,
  { defaultServiceName }: DecodeContext,
): readonly KeyValue[] {
  const attributes: KeyValue[] = [];
  pushAttribute(attributes, "service.name", name ?? defaultServiceName ?? (isFly ? "fly" : "vector"));
  pushAttribute(attributes, "service.instance.id", instance);
  pushAttribute(attributes, "host.id", instance);
  pushAttribute(attributes, "host.name", host);
  if (!isFly) return attributes;
  attributes.push(CLOUD_PROVIDER);
  pushAttribute(attributes, "cloud.region", region);
  pushAttribute(attributes, "fly.app.name", name);
  pushAttribute(attributes, "fly.app.instance", instance);
  pushAttribute(attributes, "fly.region", region);
  return attributes;
}
