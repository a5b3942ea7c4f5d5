// The level that a text line carries in its own format: Ruby, klog, logfmt, or a word after an optional clock. One scan from
// the left with bounded look-ahead, so linear; a line without a level costs a few character tests.
import { MAX_PREFIX_LENGTH } from "../limits.ts";
import { readSeverity, type Severity } from "./severity.ts";

export interface LevelPrefix {
  /** The level as the line spells it. */
  readonly word: string;
  readonly severity: Severity;
}

/** The only words that count in text: anything shorter, or any other, is more often prose than a level. */
const TEXT_WORDS = "trace debug info notice warn warning error err critical crit alert emerg fatal panic".split(" ");
const LONGEST_TEXT_WORD = 8;

/** Each word as it is usually written, with a ready-made answer. */
const PREFIXES: ReadonlyMap<string, LevelPrefix> = new Map(
  TEXT_WORDS.flatMap((word) => [word, word.toUpperCase(), word.charAt(0).toUpperCase() + word.slice(1)]).map((word) => [
    word,
    Object.freeze({ word, severity: readSeverity(word, "generic") }),
  ]),
);

/** `I, [2022-09-20T04:07:59.525790 #514]  INFO -- : text`; Lambda's Ruby puts the request id before the dashes. */
const RUBY = /^[DIWEFA], \[[^\]]{10,64}\]\s+(DEBUG|INFO|WARN|ERROR|FATAL|ANY)(?: [0-9a-f-]{36})? --/;
/** `E0102 10:11:12.123456 123 file.go:1] text` (glog, klog). */
const KLOG = /^([IWEF])\d{4} \d\d:\d\d:\d\d\.\d{6}\s/;

/**
 * Reads the level of one line, which must be free of ANSI codes (`stripAnsi`).
 * First hit wins: Ruby, klog, `level=`/`lvl=`/`severity=`, then `[word]` in any case, `WORD` in capitals or `word:` at the start
 * or after up to two clocks and a `[pid]`. Undefined when the line does not say; a bare level word further on is prose.
 * Only the first `maxLength` UTF-16 units are searched.
 */
export function readLevelPrefix(text: string, maxLength: number = MAX_PREFIX_LENGTH): LevelPrefix | undefined {
  const end = Math.min(text.length, maxLength);
  const second = text.charCodeAt(1);
  if (second === COMMA) return readRuby(text, end) ?? readLogfmt(text, end);
  return (isDigit(second) ? readKlog(text, end) : undefined) ?? readLogfmt(text, end) ?? readLeadingWord(text, end);
}

function readRuby(text: string, end: number): LevelPrefix | undefined {
  const word = RUBY.exec(text.slice(0, end))?.[1];
  return word === undefined ? undefined : { word, severity: readSeverity(word, "ruby") };
}

function readKlog(text: string, end: number): LevelPrefix | undefined {
  const word = KLOG.exec(text.slice(0, end))?.[1];
  return word === undefined ? undefined : { word, severity: readSeverity(word, "klog") };
}

/** `level=info`, `lvl="warn"` at the start or after white space or a comma. An unknown value is passed over. */
function readLogfmt(text: string, end: number): LevelPrefix | undefined {
  const head = end < text.length ? text.slice(0, end) : text;
  for (let equals = head.indexOf("="); equals !== -1; equals = head.indexOf("=", equals + 1)) {
    const key = levelKeyLength(head, equals);
    if (key === 0 || !(key === equals || isSeparator(head.charCodeAt(equals - key - 1)))) continue;
    const quoted = head.charCodeAt(equals + 1) === QUOTE;
    const from = equals + (quoted ? 2 : 1);
    const to = skipLetters(head, from, end);
    // Looked up in `text`, not `head`: a word that the window cuts must not pass for a whole one.
    if (quoted && text.charCodeAt(to) !== QUOTE) continue;
    const after = quoted ? to + 1 : to;
    if (to - from < 3 || !(after === text.length || isSeparator(text.charCodeAt(after)))) continue;
    const word = text.slice(from, to);
    const known = PREFIXES.get(word);
    if (known !== undefined) return known;
    const severity = readSeverity(word, "generic");
    if (severity.number > 0) return { word, severity };
  }
  return undefined;
}

/** Length of the level key that ends before `equals`, or 0. */
function levelKeyLength(text: string, equals: number): number {
  const last = text.charCodeAt(equals - 1);
  if (last === LOWER_L) return text.startsWith("level", equals - 5) ? 5 : text.startsWith("lvl", equals - 3) ? 3 : 0;
  return last === LOWER_Y && text.startsWith("severity", equals - 8) ? 8 : 0;
}

function readLeadingWord(text: string, end: number): LevelPrefix | undefined {
  let at = 0;
  let first = text.charCodeAt(0);
  if (first === OPEN || isDigit(first)) {
    at = skipPid(text, skipClock(text, skipClock(text, 0, end), end), end);
    first = text.charCodeAt(at);
  }
  if (first === OPEN) return readBracketed(text, at + 1, end);
  const upper = first >= UPPER_A && first <= UPPER_Z;
  if (!upper && !(first >= LOWER_A && first <= LOWER_Z)) return undefined;
  const to = skipLetters(text, at, Math.min(end, at + LONGEST_TEXT_WORD + 1));
  const next = text.charCodeAt(to);
  if (to - at < 3 || !(upper ? endsUpperWord(next, to === text.length) : next === COLON)) return undefined;
  const word = text.slice(at, to);
  // `Error: boom` is how an exception prints itself, so a capitalised word says nothing about the record.
  return upper && word !== word.toUpperCase() ? undefined : PREFIXES.get(word);
}

function readBracketed(text: string, from: number, end: number): LevelPrefix | undefined {
  const to = skipLetters(text, from, Math.min(end, from + LONGEST_TEXT_WORD + 1));
  if (to - from < 3 || to >= end || text.charCodeAt(to) !== CLOSE) return undefined;
  const word = text.slice(from, to);
  const known = PREFIXES.get(word);
  if (known !== undefined) return known;
  return PREFIXES.has(word.toLowerCase()) ? { word, severity: readSeverity(word, "generic") } : undefined;
}

/**
 * The position after one clock and the separators that follow it, or `from` when there is none:
 * `[2024-01-01 10:00:00,123 +0000] `, `2023/03/16 16:18:08 `, `22:47:21.414 | `.
 */
function skipClock(text: string, from: number, end: number): number {
  let at = text.charCodeAt(from) === OPEN ? from + 1 : from;
  if (isDate(text, at)) at += 11;
  if (!(isPair(text, at) && text.charCodeAt(at + 2) === COLON && isPair(text, at + 3) && text.charCodeAt(at + 5) === COLON)) return from;
  if (!isPair(text, at + 6)) return from;
  at = skipZone(text, skipFraction(text, at + 8));
  if (text.charCodeAt(at) === CLOSE) at++;
  while (at < end && isClockSeparator(text.charCodeAt(at))) at++;
  return at;
}

/** `2024-01-01T` or `2024/01/01 `. */
function isDate(text: string, at: number): boolean {
  const mark = text.charCodeAt(at + 10);
  return (
    (mark === UPPER_T || mark === SPACE) &&
    isPair(text, at) &&
    isPair(text, at + 2) &&
    isDateMark(text.charCodeAt(at + 4)) &&
    isPair(text, at + 5) &&
    isDateMark(text.charCodeAt(at + 7)) &&
    isPair(text, at + 8)
  );
}

function skipFraction(text: string, from: number): number {
  const mark = text.charCodeAt(from);
  if (mark !== DOT && mark !== COMMA) return from;
  const to = skipDigits(text, from + 1, from + 10);
  return to === from + 1 ? from : to;
}

/** `Z`, `+00:00`, ` -0500`. */
function skipZone(text: string, from: number): number {
  const at = text.charCodeAt(from) === SPACE ? from + 1 : from;
  const mark = text.charCodeAt(at);
  if (mark === UPPER_Z) return at + 1;
  if ((mark !== PLUS && mark !== MINUS) || !isPair(text, at + 1)) return from;
  const minutes = text.charCodeAt(at + 3) === COLON ? at + 4 : at + 3;
  return isPair(text, minutes) ? minutes + 2 : from;
}

/** `[514] `. */
function skipPid(text: string, from: number, end: number): number {
  if (text.charCodeAt(from) !== OPEN) return from;
  let at = skipDigits(text, from + 1, from + 8);
  if (at === from + 1 || text.charCodeAt(at) !== CLOSE) return from;
  do at++;
  while (at < end && isSpace(text.charCodeAt(at)));
  return at;
}

function skipDigits(text: string, from: number, to: number): number {
  let at = from;
  while (at < to && isDigit(text.charCodeAt(at))) at++;
  return at;
}

function skipLetters(text: string, from: number, to: number): number {
  let at = from;
  while (at < to && isLetter(text.charCodeAt(at))) at++;
  return at;
}

// Character classes on UTF-16 units; NaN (past the end) is in none of them.
const SPACE = 32;
const QUOTE = 34;
const PLUS = 43;
const COMMA = 44;
const MINUS = 45;
const DOT = 46;
const SLASH = 47;
const COLON = 58;
const UPPER_A = 65;
const UPPER_T = 84;
const UPPER_Z = 90;
const OPEN = 91;
const CLOSE = 93;
const LOWER_A = 97;
const LOWER_L = 108;
const LOWER_Y = 121;
const LOWER_Z = 122;
const PIPE = 124;

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
function isPair(text: string, at: number): boolean {
  return isDigit(text.charCodeAt(at)) && isDigit(text.charCodeAt(at + 1));
}
function isLetter(code: number): boolean {
  return (code >= LOWER_A && code <= LOWER_Z) || (code >= UPPER_A && code <= UPPER_Z);
}
function isSpace(code: number): boolean {
  return code === SPACE || (code >= 9 && code <= 13);
}
function isSeparator(code: number): boolean {
  return code === COMMA || isSpace(code);
}
function isClockSeparator(code: number): boolean {
  return code === PIPE || code === COMMA || code === MINUS || isSpace(code);
}
function isDateMark(code: number): boolean {
  return code === MINUS || code === SLASH;
}
function endsUpperWord(code: number, atEnd: boolean): boolean {
  return atEnd || code === COLON || code === PIPE || code === CLOSE || code === MINUS || isSpace(code);
}
