// The exception among the fields of a structured line.
import type { KeyValue } from "../../otlp/model.ts";
import { putAttribute } from "../attributes.ts";
import { type Exception, parseStackTrace, putException, readErrorObject, readStack, readTextException } from "../stack-trace.ts";
import type { Fields } from "./fields.ts";

const ERROR_KEYS = ["err", "error", "exception", "exc_info", "@x", "Exception"] as const;
const STACK_KEYS = ["stack", "stacktrace", "stackTrace", "stack_trace"] as const;

/** What an exception may be under. */
export const ERROR_NAMES: readonly string[] = [...ERROR_KEYS, ...STACK_KEYS, "errorType"];

/** Puts `exception.*` into `list`. The names that found their place go into `used`. */
export function readException(object: Fields, used: string[], list: KeyValue[]): void {
  for (const key of ERROR_KEYS) {
    const value = object[key];
    if (typeof value === "string") {
      // A bare error text is an attribute like any other; only a stack trace is sure to be an exception.
      const exception = readTextException(value);
      if (exception === undefined && key !== "@x") continue;
      used.push(key);
      putException(list, exception ?? parseStackTrace(value));
      return;
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) continue;
    const exception = readErrorObject(value as Fields);
    if (exception === undefined) continue;
    putException(list, exception);
    used.push(key);
    const rest = withoutKeys(value as Fields, ["type", "name", "message", "stack", "stackTrace", "stack_trace", "stacktrace"], exception);
    if (rest !== undefined) putAttribute(list, key, rest);
    return;
  }
  if (typeof object["errorType"] === "string" && typeof object["errorMessage"] === "string") {
    const { errorType: type, errorMessage: message } = object;
    const stackKey = STACK_KEYS.find((key) => readStack(object[key]) !== undefined);
    used.push("errorType", "errorMessage");
    if (stackKey !== undefined) used.push(stackKey);
    putException(list, { type, message, stacktrace: stackKey && readStack(object[stackKey]) });
    return;
  }
  for (const key of STACK_KEYS) {
    const stack = readStack(object[key]);
    if (stack === undefined || !stack.includes("\n")) continue;
    used.push(key);
    putException(list, parseStackTrace(stack));
    return;
  }
}

/** What of an error object `exception.*` does not say already; undefined when nothing is left. */
function withoutKeys(object: Fields, keys: readonly string[], exception: Exception): Fields | undefined {
  const said = new Set<unknown>(Object.values(exception));
  const rest = Object.entries(object).filter(([key, value]) => !(keys.includes(key) && said.has(readStack(value) ?? value)));
  return rest.length === 0 ? undefined : Object.fromEntries(rest);
}
