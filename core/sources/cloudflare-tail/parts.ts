// What happened inside one invocation, as a trace item lists it -> records.
import type { LogRecord } from "../../otlp/model.ts";
import { type ConsoleFields, consoleRecord } from "../../read/cloudflare/console-record.ts";
import type { Invocation } from "../../read/cloudflare/invocation.ts";
import { readMember } from "../../read/cloudflare/platform-object.ts";
import { brokenPart, diagnosticsRecord, exceptionRecord } from "../../read/cloudflare/records.ts";
import type { TailReader } from "../../read/cloudflare/tail-options.ts";

/**
 * Console calls, exceptions and diagnostics, in this order: their numbers run through, since the clock stands still between them.
 * @returns how many of the records are raw
 */
export function pushParts(records: LogRecord[], item: object, invocation: Invocation, reader: TailReader): number {
  let malformed = 0;
  let sequence = 0;
  const push = (member: "logs" | "exceptions" | "diagnosticsChannelEvents", read: (part: object) => LogRecord): void => {
    const parts = readMember(item, member);
    if (parts === undefined || parts === null) return;
    for (const part of Array.isArray(parts) ? parts : [parts]) {
      if (typeof part === "object" && part !== null && Array.isArray(parts)) {
        records.push(read(part));
      } else {
        records.push(brokenPart(invocation, part, `${member} of another shape`));
        malformed++;
      }
      sequence++;
    }
  };
  push("logs", (log) => consoleRecord(invocation, readLog(log), sequence, reader.parseJsonMessages));
  push("exceptions", (exception) => exceptionRecord(invocation, exception, readMember(exception, "timestamp"), sequence));
  if (reader.diagnosticsChannels) {
    push("diagnosticsChannelEvents", (part) =>
      diagnosticsRecord(
        invocation,
        { time: readMember(part, "timestamp"), channel: readMember(part, "channel"), message: readMember(part, "message") },
        sequence,
      ),
    );
  }
  return malformed;
}

/** `readMember` takes many names of many objects, which the compiler cannot make fast; console calls are most of what a Worker hands over. */
function readLog(log: {
  readonly timestamp?: unknown;
  readonly level?: unknown;
  readonly message?: unknown;
  readonly errorInfo?: unknown;
}): ConsoleFields {
  try {
    return { time: log.timestamp, level: log.level, message: log.message, errorInfo: log.errorInfo };
  } catch {
    return {
      time: readMember(log, "timestamp"),
      level: readMember(log, "level"),
      message: readMember(log, "message"),
      errorInfo: readMember(log, "errorInfo"),
    };
  }
}
