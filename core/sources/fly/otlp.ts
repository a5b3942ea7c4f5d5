// OTLP inside a payload of another kind: passed on with its own resource and scope, equal ones joined, and every record
// brought inside the caps that our own records obey.
import { MAX_ATTRIBUTES, MAX_KEY_LENGTH, MAX_SEVERITY_TEXT_LENGTH } from "../../limits.ts";
import { Float64, type KeyValue, type LogRecord, type Resource, type ResourceLogs, type Scope, type ScopeLogs } from "../../otlp/model.ts";
import { APP_PREFIX } from "../../read/attributes.ts";
import { DECODE_ERROR } from "../../read/broken.ts";
import { EMPTY_KEY, toAnyValue, truncate } from "../../read/value.ts";

const MAX_UINT32 = 0xffff_ffff;

interface ScopeGroup {
  readonly scope: Scope | undefined;
  readonly schemaUrl: string | undefined;
  logRecords: LogRecord[];
}

interface Group {
  readonly resource: Resource | undefined;
  readonly schemaUrl: string | undefined;
  readonly scopes: Map<string, ScopeGroup>;
}

/** Lives as long as one payload: batch after batch gets the same `Resource` and `Scope` objects, by which an encoder joins them. */
export class OtlpGroups {
  readonly #groups = new Map<string, Group>();
  readonly #observedTimeUnixNano: bigint;

  /** @param observedTimeUnixNano for records that say none themselves */
  constructor(observedTimeUnixNano: bigint) {
    this.#observedTimeUnixNano = observedTimeUnixNano;
  }

  /** @returns how many records were appended, and how many of them are marked as raw */
  append(resourceLogs: readonly ResourceLogs[]): { readonly records: number; readonly malformed: number } {
    let records = 0;
    let malformed = 0;
    for (const item of resourceLogs) {
      for (const scopeLogs of item.scopeLogs) {
        if (scopeLogs.logRecords.length === 0) continue;
        const { logRecords } = this.#scopeGroup(item, scopeLogs);
        for (const record of scopeLogs.logRecords) {
          const bounded = boundRecord(record, this.#observedTimeUnixNano);
          if (bounded.attributes.some(({ key }) => key === DECODE_ERROR)) malformed++;
          logRecords.push(bounded);
          records++;
        }
      }
    }
    return { records, malformed };
  }

  #scopeGroup({ resource, schemaUrl }: ResourceLogs, scopeLogs: ScopeLogs): ScopeGroup {
    const bounded = resource && boundResource(resource);
    const key = identityOf([bounded ?? null, schemaUrl ?? ""]);
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = { resource: bounded, schemaUrl, scopes: new Map() };
      this.#groups.set(key, group);
    }
    const scope = scopeLogs.scope && boundScope(scopeLogs.scope);
    const scopeKey = identityOf([scope ?? null, scopeLogs.schemaUrl ?? ""]);
    let scopeGroup = group.scopes.get(scopeKey);
    if (scopeGroup === undefined) {
      scopeGroup = { scope, schemaUrl: scopeLogs.schemaUrl, logRecords: [] };
      group.scopes.set(scopeKey, scopeGroup);
    }
    return scopeGroup;
  }

  /** What was appended since the last call. */
  takeResourceLogs(): readonly ResourceLogs[] {
    const resourceLogs: ResourceLogs[] = [];
    for (const { resource, schemaUrl, scopes } of this.#groups.values()) {
      const scopeLogs: ScopeLogs[] = [];
      for (const group of scopes.values()) {
        if (group.logRecords.length > 0) scopeLogs.push({ scope: group.scope, logRecords: group.logRecords, schemaUrl: group.schemaUrl });
        group.logRecords = [];
      }
      if (scopeLogs.length > 0) resourceLogs.push({ resource, scopeLogs, schemaUrl });
    }
    return resourceLogs;
  }
}

/** Equal texts mean equal values. */
function identityOf(value: unknown): string {
  return JSON.stringify(value, (_key, member) => {
    if (typeof member === "bigint") return { int: String(member) };
    if (member instanceof Float64) return { double: String(member.value) };
    return member instanceof Uint8Array ? { bytes: [...member] } : member;
  });
}

function boundResource({ attributes, droppedAttributesCount }: Resource): Resource {
  const bounded = boundAttributes(attributes);
  return { attributes: bounded.attributes, droppedAttributesCount: addCounts(droppedAttributesCount, bounded.dropped) };
}

function boundScope({ name, version, attributes, droppedAttributesCount }: Scope): Scope {
  const bounded = boundAttributes(attributes ?? []);
  return { name, version, attributes: bounded.attributes, droppedAttributesCount: addCounts(droppedAttributesCount, bounded.dropped) };
}

function boundRecord(record: LogRecord, observedTimeUnixNano: bigint): LogRecord {
  const { attributes, dropped } = boundAttributes(record.attributes);
  return {
    ...record,
    observedTimeUnixNano: record.observedTimeUnixNano || observedTimeUnixNano,
    severityText: record.severityText && truncate(record.severityText, MAX_SEVERITY_TEXT_LENGTH),
    body: toAnyValue(record.body),
    attributes,
    droppedAttributesCount: addCounts(record.droppedAttributesCount, dropped),
  };
}

function addCounts(count: number | undefined, more: number): number | undefined {
  return more === 0 ? count : Math.min((count ?? 0) + more, MAX_UINT32);
}

/** Unique, named and not too many. A key that comes twice becomes `app.<key>`. */
function boundAttributes(attributes: readonly KeyValue[]): { readonly attributes: readonly KeyValue[]; readonly dropped: number } {
  const keys = new Set<string>();
  const bounded: KeyValue[] = [];
  for (const { key: name, value } of attributes) {
    if (bounded.length === MAX_ATTRIBUTES) break;
    const key = name === "" ? EMPTY_KEY : truncate(name, MAX_KEY_LENGTH);
    const unique = keys.has(key) ? APP_PREFIX + key : key;
    if (keys.has(unique)) continue;
    keys.add(unique);
    bounded.push({ key: unique, value: toAnyValue(value) ?? null });
  }
  return { attributes: bounded, dropped: attributes.length - bounded.length };
}
