// Platform field names -> attribute names.

/** `executionRegion` -> `execution_region`, `drainURL` -> `drain_url`, `ja4Digest` -> `ja4_digest`; dots and snake_case stay. */
export function toSnakeCase(name: string): string {
  return name
    .replace(/([a-z\d])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .replace(/[\s-]+/g, "_")
    .toLowerCase();
}
