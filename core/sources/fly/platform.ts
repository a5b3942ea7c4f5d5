// What Fly.io itself says around a line: where each member of its event goes. Members that have no place keep their path
// under `fly.`, so that none is lost. https://github.com/superfly/flyctl/blob/master/logs/entry.go
import type { KeyValue } from "../../otlp/model.ts";
import { pushAttribute } from "../../read/attributes.ts";
import { isObject } from "../../read/broken.ts";
import type { Fields } from "./framing.ts";

/** A member's attribute, the members of its own, or "" when the resource says it. */
interface Places {
  readonly prefix: string;
  readonly members: ReadonlyMap<string, string | Places>;
}

function places(prefix: string, members: Readonly<Record<string, string | Places>>): Places {
  return { prefix, members: new Map(Object.entries(members)) };
}

const HTTP_STATUS = "http.response.status_code";

const FLY = places("fly.", { app: places("fly.app.", { name: "", instance: "" }), region: "" });
/** Of every event with `fly`. */
const EVENT: ReadonlyMap<string, Places> = new Map([
  ["event", places("fly.event.", { provider: "fly.event.provider" })],
  ["log", places("fly.log.", { level: "fly.log.level" })],
]);
/** Of an event whose line is in `message`; in a merged one these are the app's. */
const DETAILS: ReadonlyMap<string, Places> = new Map([
  ["error", places("fly.error.", { code: "fly.error.code", message: "fly.error.message" })],
  [
    "http",
    places("fly.http.", {
      request: places("fly.http.request.", { id: "fly.request.id", method: "http.request.method", version: "network.protocol.version" }),
      response: places("fly.http.response.", { status_code: HTTP_STATUS }),
    }),
  ],
  ["url", places("fly.url.", { full: "url.full" })],
]);

/** Names that `putPlatform` takes from an event with `fly`. */
export const EVENT_FIELDS: readonly string[] = ["fly", "host", ...EVENT.keys()];
export const DETAIL_FIELDS: readonly string[] = [...DETAILS.keys()];

/**
 * Appends the attributes of an event that has `fly`.
 * @param withDetails whether `error`, `http` and `url` are the platform's
 * @returns the members without a place, by the names that they keep: they must not take the name of one that has it
 */
export function putPlatform(attributes: KeyValue[], event: Fields, fly: Fields, withDetails: boolean): Fields {
  const rest: Record<string, unknown> = {};
  putMembers(attributes, fly, FLY, rest);
  for (const [name, own] of EVENT) putMember(attributes, event, name, own, "", rest);
  pushAttribute(attributes, "fly.host", event["host"]);
  if (withDetails) for (const [name, own] of DETAILS) putMember(attributes, event, name, own, "", rest);
  return rest;
}

function putMembers(attributes: KeyValue[], object: Fields, { prefix, members }: Places, rest: Record<string, unknown>): void {
  for (const name in object) putMember(attributes, object, name, members.get(name), prefix, rest);
}

function putMember(
  attributes: KeyValue[],
  object: Fields,
  name: string,
  place: string | Places | undefined,
  prefix: string,
  rest: Record<string, unknown>,
): void {
  const value = object[name];
  if (value === undefined || value === null || value === "") return;
  if (typeof place === "object" && isObject(value)) {
    putMembers(attributes, value, place, rest);
    return;
  }
  if (place === "" && toName(value) !== undefined) return;
  const shown = place === HTTP_STATUS ? toStatus(value) : value;
  if (typeof place !== "string" || place === "" || shown === undefined) rest[prefix + name] = value;
  else pushAttribute(attributes, place, shown);
}

/** A name as text; undefined when it is empty or no scalar. */
export function toName(value: unknown): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  return typeof value === "number" || typeof value === "bigint" ? String(value) : undefined;
}

function toStatus(value: unknown): number | undefined {
  const status = typeof value === "string" && /^\d{3}$/.test(value) ? Number(value) : value;
  return typeof status === "number" && Number.isInteger(status) && status >= 100 && status < 1000 ? status : undefined;
}
