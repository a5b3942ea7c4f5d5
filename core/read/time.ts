// A time as some sender wrote it (ISO 8601 text, or seconds, ms, us or ns since 1970) <-> exact nanoseconds, in BigInt and
// decimal digits only: a float product loses the last ones. What is no time for sure is undefined, never "now".

const NANOS_PER_SECOND = 1_000_000_000n;
const NANOS_PER_MILLI = 1_000_000n;
const SECONDS_PER_DAY = 86_400;
/** `time_unix_nano` is a fixed64: up to 2554-07-21. */
const MAX_UNIX_NANO = 0xffff_ffff_ffff_ffffn;
/** No sender writes a time longer than this; nobody needs more of its fraction. */
const MAX_TIME_TEXT_LENGTH = 128;

/**
 * Reads a time of any type; ns since the Unix epoch, 1 to 2^64 - 1, or undefined when it is not readable as one.
 *
 * Text: `YYYY-MM-DD`, `T`, `t` or space, `hh:mm[:ss[(.|,)fraction]]`, then `Z`, `UTC`, `GMT`, `+hh:mm`, `+hhmm`, `+hh` or nothing
 * (UTC). Fractions beyond 9 digits are cut; a leap second (`:60`) is the first second of the next minute.
 * A date alone is no time.
 *
 * Number, bigint or decimal text, by the digits of its integral part: 9 to 11 seconds, 12 to 14 ms, 15 to 17 us, 18 to 20 ns.
 * So every unit is told apart from 1973-03-03 on, up to 2286 and further. Fewer digits (0, a level, a duration) are no time.
 * A JavaScript number counts with its shortest decimal text, so pass ns beyond 2^53 as bigint or text.
 */
export function readUnixNano(value: unknown): bigint | undefined {
  switch (typeof value) {
    case "string":
      return readText(value);
    case "number":
      if (value >= 1e11 && value < 1e14 && Number.isInteger(value)) return millisToUnixNano(value);
      return readDecimal(String(value));
    case "bigint":
      return value > 0n && value <= MAX_UNIX_NANO ? readDecimal(String(value)) : undefined;
    default:
      return undefined;
  }
}

/** Milliseconds since the Unix epoch, fraction included, to ns; undefined for 0, negative, not finite or beyond 2^64 - 1 ns. */
export function millisToUnixNano(ms: number): bigint | undefined {
  if (!(ms > 0 && ms < 1e14)) return undefined;
  return inRange(Number.isInteger(ms) ? BigInt(ms) * NANOS_PER_MILLI : shiftDecimal(ms >= 1e-6 ? String(ms) : "0", 6));
}

/** RFC 3339 in UTC with nine fraction digits: `2023-06-27T01:19:11.789045558Z`. For 0 to 2^64 - 1. */
export function toRfc3339(unixNano: bigint): string {
  const seconds = Number(unixNano / NANOS_PER_SECOND);
  const nanos = String(unixNano % NANOS_PER_SECOND).padStart(9, "0");
  const days = Math.floor(seconds / SECONDS_PER_DAY);
  const rest = seconds - days * SECONDS_PER_DAY;
  return `${dateOfDay(days)}T${pad(Math.floor(rest / 3600))}:${pad(Math.floor(rest / 60) % 60)}:${pad(rest % 60)}.${nanos}Z`;
}

function readText(untrimmed: string): bigint | undefined {
  const text = untrimmed.trim();
  if (text.length > MAX_TIME_TEXT_LENGTH) return undefined;
  return text.charAt(4) === "-" ? readIso(text) : readDecimal(text);
}

/** `1704067200`, `1704067200.123456`. No sign, no exponent, no leading zero. */
function readDecimal(text: string): bigint | undefined {
  const whole = countDigits(text, 0);
  if (whole < 9 || whole > 20 || text.startsWith("0")) return undefined;
  if (whole < text.length) {
    const fraction = text.charAt(whole) === "." ? countDigits(text, whole + 1) : 0;
    if (fraction === 0 || whole + 1 + fraction < text.length) return undefined;
  }
  return inRange(shiftDecimal(text, whole <= 11 ? 9 : whole <= 14 ? 6 : whole <= 17 ? 3 : 0));
}

/** The decimal `text` times ten to the `power`, further digits cut. */
function shiftDecimal(text: string, power: number): bigint {
  const point = text.indexOf(".");
  if (point === -1) return BigInt(text + "0".repeat(power));
  return BigInt(text.slice(0, point) + text.slice(point + 1, point + 1 + power).padEnd(power, "0"));
}

function readIso(text: string): bigint | undefined {
  const year = readDigits(text, 0, 4);
  const month = readDigits(text, 5, 2);
  const day = readDigits(text, 8, 2);
  const hour = readDigits(text, 11, 2);
  const minute = readDigits(text, 14, 2);
  if (!(year >= 0 && day >= 1 && day <= daysInMonth(year, month) && hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59))
    return undefined;
  if (text.charAt(7) !== "-" || !" Tt".includes(text.charAt(10)) || text.charAt(13) !== ":") return undefined;

  let at = 16;
  let second = 0;
  let nanos = 0;
  if (text.charAt(at) === ":") {
    second = readDigits(text, 17, 2);
    if (second < 0 || second > 60) return undefined;
    at = 19;
    if (text.charAt(at) === "." || text.charAt(at) === ",") {
      const digits = countDigits(text, ++at);
      if (digits === 0) return undefined;
      nanos = readDigits(text, at, Math.min(digits, 9)) * 10 ** Math.max(9 - digits, 0);
      at += digits;
    }
  }

  const offsetMinutes = readOffset(text, at);
  if (offsetMinutes === undefined) return undefined;
  const seconds = daysSinceEpoch(year, month, day) * SECONDS_PER_DAY + hour * 3600 + (minute - offsetMinutes) * 60 + second;
  return inRange(BigInt(seconds) * NANOS_PER_SECOND + BigInt(nanos));
}

/** Minutes east of UTC from the rest of an ISO text; no zone is UTC. */
function readOffset(text: string, from: number): number | undefined {
  const at = text.charAt(from) === " " ? from + 1 : from;
  const sign = text.charAt(at);
  if (sign === "") return 0;
  if (sign !== "+" && sign !== "-") return /^(?:Z|UTC|GMT)$/i.test(text.slice(at)) ? 0 : undefined;
  const hours = readDigits(text, at + 1, 2);
  const colon = text.charAt(at + 3) === ":" ? 1 : 0;
  const short = text.length === at + 3;
  const minutes = short ? 0 : readDigits(text, at + 3 + colon, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || !(short || text.length === at + 5 + colon)) return undefined;
  return (sign === "-" ? -1 : 1) * (hours * 60 + minutes);
}

/** OTLP's 0 means unknown, so the epoch itself cannot be told. */
function inRange(unixNano: bigint): bigint | undefined {
  return unixNano > 0n && unixNano <= MAX_UNIX_NANO ? unixNano : undefined;
}

/** Exactly `count` decimal digits as a number, or -1. */
function readDigits(text: string, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function countDigits(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) >= 48 && text.charCodeAt(at) <= 57) at++;
  return at - from;
}

/** 0 for a month that does not exist. */
function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  if (month < 1 || month > 12) return 0;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

// Proleptic Gregorian days, counted in years that begin on 1 March: the leap day is then the last of its year, and the
// months before any month have floor((153 m + 2) / 5) days. 1970-01-01 is day 719468 after 0000-03-01; 400 years are 146097 days.

function daysSinceEpoch(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1;
  const m = (month + 9) % 12;
  const daysOfYears = 365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400);
  return daysOfYears + Math.floor((153 * m + 2) / 5) + day - 1 - 719_468;
}

function dateOfDay(daysSince1970: number): string {
  const days = daysSince1970 + 719_468;
  const era = Math.floor(days / 146_097);
  const dayOfEra = days - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const m = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * m + 2) / 5) + 1;
  const month = m < 10 ? m + 3 : m - 9;
  const year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0);
  return `${String(year).padStart(4, "0")}-${pad(month)}-${pad(day)}`;
}

function pad(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
