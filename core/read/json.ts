// JSON text -> value without losing digits. Plain `JSON.parse` is several times faster than one with a reviver, and big
// integers are rare, so the text is read a second time only when the first reading met a number it had to round.
import { MAX_VALUE_DEPTH } from "../limits.ts";

/** Digits of the longest integer worth a BigInt (int64 has 19); longer ones stay text. */
const MAX_INTEGER_LENGTH = 20;

type ReviverContext = { readonly source?: string } | undefined;
type SourceReviver = (this: unknown, key: string, value: unknown, context: ReviverContext) => unknown;

/**
 * Reads JSON; `undefined` when the text is not JSON. Integers beyond 2^53 become a bigint when they fit int64, else their
 * digits as a string; a number too large for a double stays its text.
 */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return hasRoundedNumber(value, 0) ? parseExact(text, value) : value;
}

function hasRoundedNumber(value: unknown, depth: number): boolean {
  if (typeof value === "number") return !(value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER);
  if (typeof value !== "object" || value === null || depth > MAX_VALUE_DEPTH) return false;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const element: unknown = value[index];
      if (typeof element !== "string" && hasRoundedNumber(element, depth + 1)) return true;
    }
    return false;
  }
  for (const key in value) {
    const member = (value as Record<string, unknown>)[key];
    if (typeof member !== "string" && hasRoundedNumber(member, depth + 1)) return true;
  }
  return false;
}

/** JSON.parse source text access (ES2026; V8 since 11.4). A runtime without it keeps the rounded value. */
function parseExact(text: string, rounded: unknown): unknown {
  const reviver: SourceReviver = (_key, value, context) => {
    if (typeof value !== "number" || Number.isSafeInteger(value) || context?.source === undefined) return value;
    const { source } = context;
    if (!Number.isFinite(value)) return source;
    if (!/^-?\d+$/.test(source)) return value;
    if (source.length > MAX_INTEGER_LENGTH) return source;
    const exact = BigInt(source);
    return exact === BigInt.asIntN(64, exact) ? exact : source;
  };
  try {
    return JSON.parse(text, reviver as (this: unknown, key: string, value: unknown) => unknown);
  } catch {
    // A reviver recurses; nesting deeper than the stack is cut later anyway.
    return rounded;
  }
}
