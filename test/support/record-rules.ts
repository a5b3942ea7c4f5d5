// The rules that every record of every source obeys, whatever its payload was; each broken one is a sentence.
import { MAX_ATTRIBUTES, MAX_SEVERITY_TEXT_LENGTH } from "../../core/limits.ts";
import { type ExportLogsServiceRequest, hexOfBytes } from "./oracle.ts";
import type { ProtoAnyValue, ProtoKeyValue, ProtoLogRecord } from "./otlp-messages.ts";

export interface RecordRules {
  /** Name of the only scope that the records may have; undefined when the payload brings its own (OTLP inside). */
  readonly scope?: string | undefined;
  /** The observed time that was passed in; undefined when the payload may bring its own. */
  readonly observedTimeUnixNano?: bigint | undefined;
}

/** A decode error is a reason of ours, never an excerpt of the payload. */
const MAX_REASON_LENGTH = 120;

/** The broken rules of a request made of one batch. */
export function findBrokenRules({ resourceLogs }: ExportLogsServiceRequest, rules: RecordRules): string[] {
  const faults: string[] = [];
  const resources = new Set<string>();
  for (const { resource, scopeLogs, schemaUrl } of resourceLogs) {
    const identity = JSON.stringify([resource ?? null, schemaUrl], (_, value) => (typeof value === "bigint" ? `${value}n` : value));
    if (resources.has(identity)) faults.push("two ResourceLogs of one batch have the same resource");
    resources.add(identity);
    checkAttributes(resource?.attributes ?? [], "resource", rules, faults);
    if (scopeLogs.length === 0) faults.push("a ResourceLogs without ScopeLogs");
    for (const { scope, logRecords } of scopeLogs) {
      if (rules.scope !== undefined && scope?.name !== rules.scope) faults.push(`scope ${JSON.stringify(scope?.name)}, not ${rules.scope}`);
      if (logRecords.length === 0) faults.push("a ScopeLogs without records");
      for (const record of logRecords) checkRecord(record, rules, faults);
    }
  }
  return faults;
}

/** Records that are marked as raw. */
export function countMarked({ resourceLogs }: ExportLogsServiceRequest): number {
  return resourceLogs
    .flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords))
    .filter(({ attributes }) => attributes.some(({ key }) => key === "otlp_drain.decode_error")).length;
}

function checkRecord(record: ProtoLogRecord, rules: RecordRules, faults: string[]): void {
  const { observedTimeUnixNano } = rules;
  if (observedTimeUnixNano !== undefined && record.observedTimeUnixNano !== observedTimeUnixNano) {
    faults.push(`observed time ${record.observedTimeUnixNano}, not the one passed in`);
  }
  if (record.observedTimeUnixNano === 0n) faults.push("no observed time");
  if (record.timeUnixNano === observedTimeUnixNano) faults.push("the arrival poses as the record's own time");
  if (record.severityNumber < 0 || record.severityNumber > 24) faults.push(`severity number ${record.severityNumber}`);
  if (record.severityText.length > MAX_SEVERITY_TEXT_LENGTH) faults.push("a severity text that is no level");
  checkId(record.traceId, 16, "trace id", faults);
  checkId(record.spanId, 8, "span id", faults);
  checkAttributes(record.attributes, "record", rules, faults);
  if (record.body !== undefined) checkValue(record.body, "body", faults);
}

function checkId(id: Uint8Array, length: number, name: string, faults: string[]): void {
  if (id.length === 0) return;
  if (id.length !== length) faults.push(`${name} of ${id.length} bytes`);
  else if (id.every((byte) => byte === 0)) faults.push(`${name} ${hexOfBytes(id)}`);
}

function checkAttributes(attributes: readonly ProtoKeyValue[], where: string, { scope }: RecordRules, faults: string[]): void {
  if (attributes.length > MAX_ATTRIBUTES) faults.push(`${attributes.length} attributes on one ${where}`);
  checkKeys(attributes, where, faults);
  for (const { key, value } of attributes) {
    if (scope !== undefined && value?.value.case === undefined)
      faults.push(`${where} attribute ${key} is empty: at top level it is absent`);
    if (key === "otlp_drain.decode_error" && !(value?.value.case === "stringValue" && value.value.value.length <= MAX_REASON_LENGTH)) {
      faults.push("a decode error that is no short reason");
    }
  }
}

function checkKeys(attributes: readonly ProtoKeyValue[], where: string, faults: string[]): void {
  const keys = new Set<string>();
  for (const { key, value } of attributes) {
    if (key === "") faults.push(`an empty key in ${where}`);
    if (keys.has(key)) faults.push(`the key ${JSON.stringify(key.slice(0, 80))} twice in ${where}`);
    keys.add(key);
    if (value !== undefined) checkValue(value, where, faults);
  }
}

function checkValue({ value }: ProtoAnyValue, where: string, faults: string[]): void {
  if (value.case === "kvlistValue") checkKeys(value.value.values, `a map of ${where}`, faults);
  else if (value.case === "arrayValue") for (const element of value.value.values) checkValue(element, where, faults);
}
