// The instants that a text may mean, as decimal nanoseconds since the Unix epoch: digits are shifted as text, never multiplied as floats.
// A judge's reading, wide on purpose: it only says whether a time that a payload holds can be the time that a record carries.

/** Powers of ten from s, ms, us and ns to ns. */
const SCALES = [9, 6, 3, 0];
const ISO_TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9})\d*)?\s*(Z|UTC|[+-]\d\d:?\d\d)?$/i;

/** @returns every reading; none when the text is no time at all */
export function toUnixNanos(text: string): string[] {
  const number = /^(\d{1,19})(?:\.(\d+))?$/.exec(text);
  if (number !== null) {
    const [, whole = "", fraction = ""] = number;
    return SCALES.map((scale) => String(BigInt(whole + fraction.slice(0, scale).padEnd(scale, "0"))));
  }
  const iso = ISO_TIME.exec(text.trim());
  if (iso === null) return [];
  const [, date, time, fraction = "", zone = "Z"] = iso;
  const millis = Date.parse(`${date}T${time}${/^(?:Z|UTC)$/i.test(zone) ? "Z" : zone.replace(/^(...)(\d\d)$/, "$1:$2")}`);
  return Number.isNaN(millis) ? [] : [String(BigInt(millis) * 1_000_000n + BigInt(fraction.padEnd(9, "0")))];
}
