// logfmt: `level=info msg="started" port=8080`. Only a text that is logfmt from end to end, and says a level or a message,
// is taken for it; prose that merely holds an `=` stays prose, and so does a text that would lose anything.
import { defineMember } from "./value.ts";

/** Longer texts are no logfmt lines worth reading. */
const MAX_LOGFMT_LENGTH = 64 * 1024;
const MAX_PAIRS = 256;
const KEY = /[A-Za-z_@][\w.@/-]*/y;

/**
 * @returns the pairs, all values strings (logfmt has no types); undefined when the text is not logfmt, is more than one line,
 * or has a key twice
 */
export function parseLogfmt(text: string): Readonly<Record<string, string>> | undefined {
  if (!hasMarkerKey(text) || text.length > MAX_LOGFMT_LENGTH) return undefined;
  const pairs: Record<string, string> = {};
  let position = 0;
  let count = 0;
  let marked = false;
  const end = text.trimEnd().length;
  const lineFeed = text.indexOf("\n");
  if (lineFeed >= 0 && lineFeed < end) return undefined;
  while (position < end) {
    if (text.charCodeAt(position) === 0x20) {
      position++;
      continue;
    }
    KEY.lastIndex = position;
    const key = KEY.exec(text)?.[0];
    if (key === undefined || text.charCodeAt(position + key.length) !== 0x3d || ++count > MAX_PAIRS) return undefined;
    if (Object.hasOwn(pairs, key)) return undefined;
    position += key.length + 1;
    const value = readPairValue(text, position, end);
    if (value === undefined) return undefined;
    position = value.end;
    defineMember(pairs, key, value.text);
    if (key === "level" || key === "lvl" || key === "severity" || key === "msg" || key === "message") marked = true;
  }
  return marked ? pairs : undefined;
}

function hasMarkerKey(text: string): boolean {
  return (
    text.includes("=") &&
    (text.includes("level=") || text.includes("msg=") || text.includes("lvl=") || text.includes("message=") || text.includes("severity="))
  );
}

function readPairValue(text: string, start: number, end: number): { readonly text: string; readonly end: number } | undefined {
  if (text.charCodeAt(start) !== 0x22) {
    const space = text.indexOf(" ", start);
    const stop = space < 0 || space > end ? end : space;
    return { text: text.slice(start, stop), end: stop };
  }
  let close = start + 1;
  for (; close < end && text.charCodeAt(close) !== 0x22; close++) if (text.charCodeAt(close) === 0x5c) close++;
  if (close >= end || (close + 1 < end && text.charCodeAt(close + 1) !== 0x20)) return undefined;
  const inner = text.slice(start + 1, close);
  return { text: inner.includes("\\") ? unescapeValue(inner) : inner, end: close + 1 };
}

function unescapeValue(inner: string): string {
  try {
    return JSON.parse(`"${inner}"`) as string;
  } catch {
    return inner;
  }
}
