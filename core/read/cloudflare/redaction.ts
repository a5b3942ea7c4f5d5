// What the runtime takes out of a request before a batched tail sees it, ported for the streaming tail, which gets everything
// as it came. Same rules, checked against the runtime itself: https://github.com/cloudflare/workerd/blob/main/src/workerd/api/util.c%2B%2B

export const REDACTED = "REDACTED";

const SECRET_WORDS = ["auth", "jwt", "key", "secret", "token"] as const;

/** @param name of a header, in lower case. Names that merely contain a word count too: `x-author`, `x-monkey`. */
export function isSecretHeader(name: string): boolean {
  return name === "cookie" || name === "set-cookie" || SECRET_WORDS.some((word) => name.includes(word));
}

const UPPER = 1;
const LOWER = 2;
const DIGIT = 4;
const SEPARATOR = 8;
const HEX = 16;
/** What a run is made of; every other character ends one. */
const CLASSES = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  const hex = /[\dA-Fa-f]/.test(character) ? HEX : 0;
  if (/[A-Z]/.test(character)) return UPPER | hex;
  if (/[a-z]/.test(character)) return LOWER | hex;
  if (/\d/.test(character)) return DIGIT | hex;
  return "+-_".includes(character) ? SEPARATOR : 0;
});

const MIN_HEX_DIGITS = 32;
const MIN_BASE64_LENGTH = 21;
const MIN_OF_EACH_KIND = 2;
const MIN_CARD_DIGITS = 13;
const MAX_CARD_DIGITS = 19;

/**
 * Replaces each run of `[A-Za-z0-9+_-]` in a URL that looks like a secret: 32 or more hex digits and nothing else (UUIDs are),
 * 21 or more characters with two each of capitals, small letters and digits, or a card number (13 to 19 digits that pass the
 * Luhn check). Separators inside do not matter.
 */
export function redactUrl(url: string): string {
  let redacted = "";
  let copied = 0;
  let start = 0;
  for (let end = 0; end <= url.length; end++) {
    if (CLASSES[url.charCodeAt(end)]) continue;
    // The shortest run of all is a card number's.
    if (end - start >= MIN_CARD_DIGITS && isSecretRun(url, start, end)) {
      redacted += url.slice(copied, start) + REDACTED;
      copied = end;
    }
    start = end + 1;
  }
  return copied === 0 ? url : redacted + url.slice(copied);
}

function isSecretRun(url: string, start: number, end: number): boolean {
  let upper = 0;
  let lower = 0;
  let digits = 0;
  let hex = 0;
  for (let index = start; index < end; index++) {
    const kind = CLASSES[url.charCodeAt(index)] as number;
    if (kind & UPPER) upper++;
    if (kind & LOWER) lower++;
    if (kind & DIGIT) digits++;
    if (kind & HEX) hex++;
  }
  const symbols = upper + lower + digits;
  if (hex === symbols && hex >= MIN_HEX_DIGITS) return true;
  if (end - start >= MIN_BASE64_LENGTH && Math.min(upper, lower, digits) >= MIN_OF_EACH_KIND) return true;
  return digits === symbols && digits >= MIN_CARD_DIGITS && digits <= MAX_CARD_DIGITS && passesLuhn(url, start, end);
}

/** https://www.iso.org/standard/70484.html (ISO/IEC 7812-1, annex B): every second digit from the right counts double. */
function passesLuhn(url: string, start: number, end: number): boolean {
  let sum = 0;
  let double = false;
  for (let index = end - 1; index >= start; index--) {
    const digit = url.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) continue;
    const value = double ? digit * 2 : digit;
    sum += value > 9 ? value - 9 : value;
    double = !double;
  }
  return sum % 10 === 0;
}
