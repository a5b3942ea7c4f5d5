// What CloudWatch Logs hands over: subscription objects, alone, concatenated or one a line, and whatever else a Kinesis or
// Firehose stream may carry beside them (a producer's own JSON, bare lines). Text in, items out; no item takes another with it.
import { isObject } from "../broken.ts";
import { parseJson } from "../json.ts";
import { BrokenItem } from "../json-items.ts";
import { toJsonText } from "../json-text.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * A decoded subscription message. Every field is optional and may be of another type: nothing is trusted.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
 */
export interface CloudWatchSubscription {
  /** `DATA_MESSAGE`, or `CONTROL_MESSAGE`, which only asks whether we are there. */
  readonly messageType?: unknown;
  /** The account of the log group: 12 digits. */
  readonly owner?: unknown;
  readonly logGroup?: unknown;
  readonly logStream?: unknown;
  /** Names of the filters that matched. */
  readonly subscriptionFilters?: unknown;
  readonly policyLevel?: unknown;
  /** Of `CloudWatchLogEvent`. */
  readonly logEvents?: unknown;
}

export interface CloudWatchLogEvent {
  /** 56 digits, the same whenever this event is delivered again. */
  readonly id?: unknown;
  /** ms since the Unix epoch. */
  readonly timestamp?: unknown;
  readonly message?: unknown;
  /** Fields of the filter pattern, `@aws.account` and `@aws.region` when the filter has `emitSystemFields`. */
  readonly extractedFields?: unknown;
}

/** A JSON object that is no subscription, beside the text that it was parsed from. */
export class ParsedItem {
  readonly object: Fields;
  readonly text: string;
  constructor(object: Fields, text: string) {
    this.object = object;
    this.text = text;
  }
}

/** A subscription, another JSON object, a bare line, or a subscription that was cut. */
export type CloudWatchItem = CloudWatchSubscription | ParsedItem | string | BrokenItem;

/** Whether an object means to be a subscription message; whether it is a good one shows later. */
export function isSubscription(item: unknown): item is CloudWatchSubscription {
  if (!isObject(item)) return false;
  const { messageType, logEvents } = item;
  if (Array.isArray(logEvents) || messageType === "DATA_MESSAGE" || messageType === "CONTROL_MESSAGE") return true;
  return typeof messageType === "string" && "logGroup" in item;
}

/** The items of one decoded and inflated payload, in its order. Total: what is no JSON is a bare line; a blank text has none. */
export function parseSubscription(text: string): readonly CloudWatchItem[] {
  return [...readTextItems(text)];
}

/** The same, one by one. */
export function* readTextItems(text: string): Generator<CloudWatchItem, void, undefined> {
  let lineStart = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  // How far objects that never close may be searched for their end: bounded, so that a body of broken lines stays linear.
  let searchBudget = 2 * text.length;
  // Behind an object that shares its line with the next one, parsing the rest of the line as a whole would be in vain.
  let concatenated = false;
  let lineEnd = -1;
  for (;;) {
    const position = skipBlank(text, lineStart);
    if (position >= text.length) return;
    if (lineEnd < position) {
      const lineFeed = text.indexOf("\n", position);
      lineEnd = lineFeed < 0 ? text.length : lineFeed;
    }
    const first = text.charCodeAt(position);
    if (first === 0x7b) {
      const whole = concatenated ? undefined : readItem(text.slice(position, lineEnd));
      if (whole !== undefined) {
        yield whole;
        lineStart = lineEnd + 1;
        continue;
      }
      const limit = Math.min(text.length, position + searchBudget);
      const end = findValueEnd(text, position, limit);
      if (end < 0 || end > lineEnd) searchBudget -= (end < 0 ? limit : end) - position;
      const item = end < 0 || !isItemEnd(text, end) ? undefined : readItem(text.slice(position, end));
      if (item !== undefined) {
        yield item;
        lineStart = end;
        concatenated = true;
        continue;
      }
    } else if (first === 0x5b) {
      const elements = readObjects(text.slice(position, lineEnd));
      if (elements !== undefined) {
        yield* elements;
        lineStart = lineEnd + 1;
        continue;
      }
    }
    const line = text.slice(findLineStart(text, lineStart, position), lineEnd).trimEnd();
    yield first === 0x7b && line.includes('"logEvents"') ? new BrokenItem(line, "not JSON") : line;
    concatenated = false;
    lineStart = lineEnd + 1;
  }
}

/** A bare line keeps its indentation, but not the blank lines before it. */
function findLineStart(text: string, from: number, position: number): number {
  let start = position;
  while (start > from && text.charCodeAt(start - 1) !== 0x0a) start--;
  return start;
}

/** An object ends an item when its line ends or another object follows; `{"a":1} is no limit` is prose. */
function isItemEnd(text: string, end: number): boolean {
  let position = end;
  while (text.charCodeAt(position) === 0x20 || text.charCodeAt(position) === 0x09 || text.charCodeAt(position) === 0x0d) position++;
  const code = text.charCodeAt(position);
  return position >= text.length || code === 0x0a || code === 0x7b;
}

function readItem(text: string): CloudWatchItem | undefined {
  const value = parseJson(text);
  return isObject(value) ? toItem(value, text) : undefined;
}

function toItem(object: Fields, text: string): CloudWatchItem {
  return isSubscription(object) ? object : new ParsedItem(object, text.trimEnd());
}

/** An array of objects is a batch; any other array is a line that merely looks like one (`[ERROR] ...`, `[1,"NR_LAMBDA_MONITORING",...]`). */
function readObjects(line: string): readonly CloudWatchItem[] | undefined {
  if (skipBlank(line, 1) >= line.length || line.charCodeAt(skipBlank(line, 1)) !== 0x7b) return undefined;
  const value = parseJson(line);
  return Array.isArray(value) && value.every(isObject) ? value.map((object) => toItem(object, toJsonText(object))) : undefined;
}

/** Behind the balanced object that begins at `start`; -1 when it does not close before `limit`. A JSON string holds no raw line feed. */
function findValueEnd(text: string, start: number, limit: number): number {
  let depth = 0;
  let quoted = false;
  for (let position = start; position < limit; position++) {
    const code = text.charCodeAt(position);
    if (quoted) {
      if (code === 0x5c) position++;
      else if (code === 0x22) quoted = false;
      else if (code === 0x0a) return -1;
    } else if (code === 0x22) {
      quoted = true;
    } else if (code === 0x7b || code === 0x5b) {
      depth++;
    } else if ((code === 0x7d || code === 0x5d) && --depth === 0) {
      return position + 1;
    }
  }
  return -1;
}

function skipBlank(text: string, from: number): number {
  let position = from;
  for (; position < text.length; position++) {
    const code = text.charCodeAt(position);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) break;
  }
  return position;
}
