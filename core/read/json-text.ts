// A parsed value -> JSON text again, total: big integers keep their digits, and nesting that would overflow the serializer's
// stack (some 4,000 levels in V8) is cut at the depth that values have anyway.
import { toAnyValue } from "./value.ts";

/** @returns "" for what JSON has no text for */
export function toJsonText(value: unknown): string {
  try {
    return JSON.stringify(value, bigintText) ?? "";
  } catch {
    return JSON.stringify(toAnyValue(value), bigintText) ?? "";
  }
}

function bigintText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
