// Terminal colours out of a text line. Pure; a line without an escape character comes back as the very same string.

/** SGR only (ECMA-48 8.3.117): the sequences that colour and embolden. No nested quantifier, so linear. */
const SGR = /\x1b\[[0-9;:]*m/g;

/** `text` without its colour codes (`ESC [ ... m`); other control sequences stay as they are. */
export function stripAnsi(text: string): string {
  return text.includes("\x1b") ? text.replace(SGR, "") : text;
}
