// The arguments of one console call, as a tail or Logpush hands them over -> body, severity, trace and fields.
// What they arrive as: strings, numbers, booleans, null, plain objects and arrays; everything else is a string by then.
import type { AnyValue, AnyValueMap, KeyValue } from "../../otlp/model.ts";
import { stripAnsi } from "../ansi.ts";
import { readAttribute } from "../attributes.ts";
import { isObject } from "../broken.ts";
import { toJsonText } from "../json-text.ts";
import { type Message, readFields, readMessage } from "../message.ts";
import { toAnyValue } from "../value.ts";

/**
 * Levels, exceptions, logfmt and JSON are looked for in a text. `nothing` is for an Error's text: its head is no level
 * (`error: no such relation`), and its stack comes apart from it.
 */
export type TextReading = "all" | "all but JSON" | "nothing";

const NOTHING: Message = {
  body: undefined,
  severity: undefined,
  timeUnixNano: undefined,
  trace: undefined,
  requestTrace: undefined,
  fields: [],
  dropped: 0,
};
/** The platform's own time is the time of the call; one inside the line is the app's business and stays a field. */
const WITHOUT_TIME = { time: false } as const;
/** A body may have been cut; its beginning is enough to know it by. */
const MAX_COMPARED_LENGTH = 256;

/**
 * Reads the arguments of a call.
 * Texts, numbers and arrays are the body, in order, as a terminal would show them (printf formats untouched). The members of
 * an object are fields; an object alone has its message as body, else itself. A text alone is a log line, JSON or not.
 * @param args what stands in `message`: always an array, but nothing relies on it
 * @param reading how much to read into a text
 */
export function readConsole(args: unknown, reading: TextReading): Message {
  if (!Array.isArray(args)) return readArgument(args, reading);
  if (args.length > 1) return readArguments(args, reading);
  return args.length === 0 ? NOTHING : readArgument(args[0], reading);
}

function readArgument(argument: unknown, reading: TextReading): Message {
  if (typeof argument === "string") return readLine(argument, reading);
  const value = toAnyValue(argument);
  if (isMap(value)) {
    const message = readFields(value, undefined, WITHOUT_TIME);
    return message.body === undefined ? { ...message, body: value } : message;
  }
  return { ...NOTHING, body: Array.isArray(value) ? value : toWord(value) };
}

function readArguments(args: readonly unknown[], reading: TextReading): Message {
  let text = "";
  let words = 0;
  let objects: AnyValueMap[] | undefined;
  for (const argument of args) {
    const value = toAnyValue(argument);
    if (isMap(value) && Object.keys(value).length > 0) {
      objects ??= [];
      objects.push(value);
    } else {
      text = words++ === 0 ? toWord(value) : `${text} ${toWord(value)}`;
    }
  }
  if (objects === undefined) return readLine(text, reading);
  if (words > 0) {
    const line = readLine(text, reading === "all" ? "all but JSON" : reading);
    return joinObjects(line, objects, line.body !== stripAnsi(text));
  }
  const [first, ...rest] = objects;
  const message = readFields(first as AnyValueMap, undefined, WITHOUT_TIME);
  const joined = joinObjects(message, rest, true);
  // Objects and no text, and the first does not say a message: all of them are the body.
  return message.body === undefined ? { ...joined, body: objects } : joined;
}

function readLine(text: string, reading: TextReading): Message {
  const isPlain = reading === "nothing" || (reading === "all but JSON" && /^\s*\{/.test(text));
  return isPlain ? { ...NOTHING, body: stripAnsi(text) } : readMessage(text, WITHOUT_TIME);
}

/**
 * Adds the fields of objects to a line. An object that would lose anything to another stays whole, in the body.
 * @param isStructured the line's own level and trace were fields too, so that another object's may not take their place
 */
function joinObjects(line: Message, objects: readonly AnyValueMap[], isStructured: boolean): Message {
  const fields = [...line.fields];
  let { body, severity, trace, requestTrace, dropped } = line;
  let hasLevel = isStructured && severity !== undefined && severity.number > 0;
  for (const object of objects) {
    const message = readFields(object, undefined, WITHOUT_TIME);
    const own = [...message.fields];
    restoreMessage(own, object, message.body);
    const level = message.severity !== undefined && message.severity.number > 0 ? message.severity : undefined;
    if (
      (hasLevel && level !== undefined) ||
      (trace !== undefined && message.trace !== undefined) ||
      (requestTrace !== undefined && message.requestTrace !== undefined) ||
      own.some(({ key, value }) => isTaken(fields, key, value))
    ) {
      body = typeof body === "string" ? `${body} ${toJsonText(object)}` : toJsonText(object);
      continue;
    }
    for (const field of own) if (readAttribute(fields, field.key) === undefined) fields.push(field);
    // A level in an object says more than one at the head of a text.
    if (level !== undefined) {
      severity = level;
      hasLevel = true;
    }
    trace ??= message.trace;
    requestTrace ??= message.requestTrace;
    dropped += message.dropped;
  }
  return { body, severity, timeUnixNano: undefined, trace, requestTrace, fields, dropped };
}

function isTaken(fields: readonly KeyValue[], key: string, value: AnyValue): boolean {
  const other = readAttribute(fields, key);
  return other !== undefined && other !== value;
}

/** Beside a text, an object's message is a field like the others: puts it back under its own name. */
function restoreMessage(fields: KeyValue[], object: AnyValueMap, body: AnyValue | undefined): void {
  if (typeof body !== "string") return;
  const head = body.slice(0, MAX_COMPARED_LENGTH);
  for (const key of Object.keys(object)) {
    const member = object[key];
    if (typeof member !== "string" || !stripAnsi(member).startsWith(head) || readAttribute(fields, key) !== undefined) continue;
    fields.push({ key, value: member });
    return;
  }
}

function isMap(value: AnyValue | undefined): value is AnyValueMap {
  return isObject(value) && !(value instanceof Uint8Array);
}

function toWord(value: AnyValue | undefined): string {
  if (typeof value === "string") return value;
  return typeof value === "object" && value !== null ? toJsonText(value) : String(value);
}
