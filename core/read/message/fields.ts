// What the readings of a structured line share.

/** The line as parsed. */
export type Fields = Readonly<Record<string, unknown>>;

/** The member of a value that may be no object. */
export function readMember(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Fields)[key] : undefined;
}
