// Matches names against patterns in which `*` stands for any text and every other character for itself.
// No regular expressions: pieces between the stars are searched left to right, so no pattern makes a text backtrack.

/**
 * Compiles the patterns once.
 * @param patterns globs with `*` as their only sign; an empty one is ignored
 * @returns whether any pattern matches the whole text, case-sensitively
 */
export function createGlobMatcher(patterns: readonly string[]): (text: string) => boolean {
  const names = new Set<string>();
  const globs: (readonly string[])[] = [];
  for (const pattern of patterns) {
    if (pattern.includes("*")) globs.push(pattern.split("*"));
    else if (pattern !== "") names.add(pattern);
  }
  return (text) => names.has(text) || globs.some((pieces) => matches(pieces, text));
}

/** The first piece begins the text, the last one ends it, the others follow each other in between at their first place. */
function matches(pieces: readonly string[], text: string): boolean {
  const first = pieces[0] ?? "";
  const last = pieces[pieces.length - 1] ?? "";
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let position = first.length;
  for (let index = 1; index < pieces.length - 1; index++) {
    const piece = pieces[index] ?? "";
    const found = text.indexOf(piece, position);
    if (found < 0 || found + piece.length > end) return false;
    position = found + piece.length;
  }
  return true;
}
