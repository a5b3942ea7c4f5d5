// Exceptions inside log lines -> `exception.type`, `exception.message`, `exception.stacktrace` (OTel semantic conventions).
import type { KeyValue } from "../otlp/model.ts";
import { pushAttribute, readAttribute } from "./attributes.ts";

/** First line of a JavaScript, Java or .NET stack trace: a class name that ends in Error or Exception, then its message. */
const HEAD = /^(?:Uncaught |Unhandled )?((?:[A-Za-z_$][\w$]*\.)*[\w$]*(?:Error|Exception|Fault))(?:: ([^\n]*))?$/;

export interface Exception {
  readonly type?: string | undefined;
  readonly message?: string | undefined;
  readonly stacktrace?: string | undefined;
}

/** Type and message from the first line of a stack trace, when that line has the form of one. */
export function parseStackTrace(stacktrace: string): Exception {
  const end = stacktrace.indexOf("\n");
  const head = HEAD.exec(end < 0 ? stacktrace : stacktrace.slice(0, end));
  return { type: head?.[1], message: head?.[2], stacktrace };
}

/** A text whose first line names an exception and whose next lines are stack frames; undefined for any other text. */
export function readTextException(text: string): Exception | undefined {
  if (!text.includes("\n") || !(text.includes("\n    at ") || text.includes("\n\tat "))) return undefined;
  const exception = parseStackTrace(text);
  return exception.type === undefined ? undefined : exception;
}

/**
 * An error as loggers write it: pino and bunyan `{type|name, message, stack}`, Lambda `{errorType, errorMessage, stackTrace[]}`,
 * Powertools `{name, message, stack}`. Undefined when the object names neither a message nor a stack.
 */
export function readErrorObject(error: Readonly<Record<string, unknown>>): Exception | undefined {
  const stack = readStack(error["stack"] ?? error["stackTrace"] ?? error["stack_trace"] ?? error["stacktrace"]);
  const message = firstString(error["message"], error["errorMessage"], error["msg"]);
  if (message === undefined && stack === undefined) return undefined;
  const head = stack === undefined ? undefined : parseStackTrace(stack);
  return {
    type: firstString(error["type"], error["name"], error["errorType"], error["kind"]) ?? head?.type,
    message: message ?? head?.message,
    stacktrace: stack,
  };
}

/** A stack trace as a string or as an array of its lines. */
export function readStack(value: unknown): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  if (Array.isArray(value) && value.length > 0 && value.every((line) => typeof line === "string")) return value.join("\n");
  return undefined;
}

/** Appends `exception.*` unless the record has an exception already; says whether it did. */
export function putException(attributes: KeyValue[], exception: Exception): boolean {
  if (readAttribute(attributes, "exception.stacktrace") !== undefined || readAttribute(attributes, "exception.message") !== undefined) {
    return false;
  }
  pushAttribute(attributes, "exception.type", exception.type);
  pushAttribute(attributes, "exception.message", exception.message);
  pushAttribute(attributes, "exception.stacktrace", exception.stacktrace);
  return true;
}

function firstString(...values: readonly unknown[]): string | undefined {
  for (const value of values) if (typeof value === "string" && value !== "") return value;
  return undefined;
}
