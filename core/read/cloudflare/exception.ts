// Exceptions of the runtime, uncaught or logged, -> `exception.*` (OTel semantic conventions).
import type { AnyValue, KeyValue } from "../../otlp/model.ts";
import { pushAttribute } from "../attributes.ts";
import { toAnyValue } from "../value.ts";
import { readMember, readText } from "./platform-object.ts";

/** `errorInfo` of a console call, parallel to its arguments: the first Error becomes `exception.*`, further ones stay together. */
export function pushErrorInfo(attributes: KeyValue[], errorInfo: readonly unknown[]): void {
  let further: AnyValue[] | undefined;
  let isFirst = true;
  for (const error of errorInfo) {
    if (typeof error !== "object" || error === null) continue;
    if (isFirst) {
      pushException(attributes, error);
      isFirst = false;
    } else {
      further ??= [];
      further.push(toErrorMap(error));
    }
  }
  if (further !== undefined) pushAttribute(attributes, "cloudflare.log.error_info", further);
}

function toErrorMap(error: object): AnyValue {
  return toAnyValue({ name: readMember(error, "name"), message: readMember(error, "message"), stack: readStacktrace(error) }) ?? null;
}

/** `exception.*` of an exception or of an Error that was logged. */
export function pushException(attributes: KeyValue[], error: unknown): void {
  pushAttribute(attributes, "exception.type", readMember(error, "name"));
  pushAttribute(attributes, "exception.message", readMember(error, "message"));
  pushAttribute(attributes, "exception.stacktrace", readStacktrace(error));
}

/** `Name: message`, or the one of them that there is. */
export function exceptionHead(error: unknown): string | undefined {
  const name = readText(error, "name");
  const message = readText(error, "message");
  return name === undefined || message === undefined ? (name ?? message) : `${name}: ${message}`;
}

/** The runtime's stacks begin at the first frame: the head goes back on. */
function readStacktrace(error: unknown): unknown {
  const stack = readMember(error, "stack");
  const head = exceptionHead(error);
  return typeof stack !== "string" || stack === "" || head === undefined || stack.startsWith(head) ? stack : `${head}\n${stack}`;
}
