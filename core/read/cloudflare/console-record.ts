// One console call of an invocation -> a record.
import type { KeyValue, LogRecord } from "../../otlp/model.ts";
import { pushAttribute, putAppAttributes, putAttribute, readAttribute } from "../attributes.ts";
import { chooseTrace, type Message } from "../message.ts";
import { readSeverity, type Severity } from "../severity.ts";
import type { TraceContext } from "../trace-context.ts";
import { readConsole, type TextReading } from "./console.ts";
import { pushErrorInfo } from "./exception.ts";
import { type Invocation, SEQUENCE } from "./invocation.ts";
import { pushTime } from "./platform-object.ts";

export interface ConsoleFields {
  readonly time: unknown;
  readonly level: unknown;
  readonly message: unknown;
  readonly errorInfo: unknown;
  /** The platform cut the message. */
  readonly truncated?: boolean | undefined;
}

/**
 * @param sequence place in the invocation
 * @param trace the active span, where the platform knows it
 */
export function consoleRecord(
  invocation: Invocation,
  call: ConsoleFields,
  sequence: unknown,
  parseJson: boolean,
  trace: TraceContext | undefined = invocation.trace,
): LogRecord {
  const attributes = invocation.attributes.slice();
  pushAttribute(attributes, SEQUENCE, sequence);
  const { errorInfo } = call;
  const hasErrors = Array.isArray(errorInfo) && errorInfo.length > 0;
  const message = readConsole(call.message, hasErrors ? readingBeside(errorInfo, parseJson) : parseJson ? "all" : "all but JSON");
  if (hasErrors) pushErrorInfo(attributes, errorInfo);
  if (call.truncated) putAttribute(attributes, "cloudflare.truncated", true);
  const timeUnixNano = pushTime(attributes, call.time);
  const severity = chooseSeverity(message, readSeverity(call.level, "console"), attributes);
  const chosen = chooseTrace(message, trace, attributes);
  pushCorrelation(attributes, invocation.correlation, message.fields);
  const dropped = message.fields.length > 0 ? message.dropped + putAppAttributes(attributes, message.fields) : 0;
  return {
    timeUnixNano,
    observedTimeUnixNano: invocation.observedTimeUnixNano,
    severityNumber: severity.number,
    severityText: severity.text,
    body: message.body,
    attributes,
    droppedAttributesCount: dropped,
    flags: chosen?.flags,
    traceId: chosen?.traceId,
    spanId: chosen?.spanId,
    eventName: undefined,
  };
}

function readingBeside(errorInfo: readonly unknown[], parseJson: boolean): TextReading {
  return typeof errorInfo[0] === "object" && errorInfo[0] !== null ? "nothing" : parseJson ? "all" : "all but JSON";
}

/** A level inside the line, else the console method's own, which otherwise stays beside it. */
function chooseSeverity({ severity }: Message, printed: Severity, attributes: KeyValue[]): Severity {
  if (severity === undefined || severity.number === 0) return printed;
  if (severity.text !== printed.text) pushAttribute(attributes, "cloudflare.log.level", printed.text);
  return severity;
}

/** A session that the line names itself is the better one. */
function pushCorrelation(attributes: KeyValue[], correlation: readonly KeyValue[], fields: readonly KeyValue[]): void {
  for (const attribute of correlation) {
    if (fields.length > 0 && readAttribute(fields, attribute.key) !== undefined) continue;
    if (readAttribute(attributes, attribute.key) === undefined) attributes.push(attribute);
  }
}
