// A list or map as text, for where nothing else is read: JSON, with big integers, doubles and bytes in their usual spelling.
import { toBase64 } from "../otlp/json.ts";
import { type AnyValue, Float64 } from "../otlp/model.ts";
import { TRUNCATION_MARK } from "../read/value.ts";

/** Text stays as it is. Total: what is nested too deep for the serializer is a mark. */
export function toText(value: AnyValue): string {
  if (typeof value === "string" || typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return toBase64(value);
  try {
    return JSON.stringify(value, toJsonMember);
  } catch {
    return TRUNCATION_MARK;
  }
}

function toJsonMember(_key: string, member: unknown): unknown {
  if (member instanceof Float64) return toJsonMember("", member.value);
  if (member instanceof Uint8Array) return toBase64(member);
  return typeof member === "bigint" || (typeof member === "number" && !Number.isFinite(member)) ? String(member) : member;
}
