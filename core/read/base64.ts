// Base64 (RFC 4648 section 4) -> bytes. Strict about its alphabet and its length; the padding may be left out.

/** Not a digit of base64. */
const NONE = 0xff;
const DIGITS = new Uint8Array(128).fill(NONE);
for (const [value, digit] of [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"].entries()) {
  DIGITS[digit.charCodeAt(0)] = value;
}
const EQUALS = 0x3d;

/** @returns undefined for what is no base64; white space is none */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  let end = text.length;
  if (end % 4 === 0 && text.charCodeAt(end - 1) === EQUALS) end -= text.charCodeAt(end - 2) === EQUALS ? 2 : 1;
  if (end % 4 === 1) return undefined;
  const bytes = new Uint8Array(Math.floor((end * 3) / 4));
  let written = 0;
  let bits = 0;
  let buffer = 0;
  // What no digit is sets a bit that no digit has.
  let seen = 0;
  const whole = end - (end % 4);
  for (let position = 0; position < whole; position += 4) {
    const a = digitAt(text, position);
    const b = digitAt(text, position + 1);
    const c = digitAt(text, position + 2);
    const d = digitAt(text, position + 3);
    seen |= a | b | c | d;
    const group = (a << 18) | (b << 12) | (c << 6) | d;
    bytes[written++] = group >> 16;
    bytes[written++] = group >> 8;
    bytes[written++] = group;
  }
  for (let position = whole; position < end; position++) {
    const digit = digitAt(text, position);
    seen |= digit;
    buffer = (buffer << 6) | digit;
    bits += 6;
    if (bits >= 8) bytes[written++] = buffer >> (bits -= 8);
  }
  return seen > 63 ? undefined : bytes;
}

function digitAt(text: string, position: number): number {
  return DIGITS[text.charCodeAt(position)] ?? NONE;
}
