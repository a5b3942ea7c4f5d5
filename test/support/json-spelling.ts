// How OTLP/JSON is spelled, beyond what a protojson parser checks: field names in lowerCamelCase only, enums as integers,
// 64-bit integers as decimal strings, ids as hex of their exact length, no nulls. Reports faults, changes nothing.
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { requestSchema } from "./otlp-messages.ts";

const ID_HEX_DIGITS: Readonly<Record<string, number>> = { trace_id: 32, span_id: 16 };
const LONG_SCALARS: readonly ScalarType[] = [
  ScalarType.INT64,
  ScalarType.UINT64,
  ScalarType.FIXED64,
  ScalarType.SFIXED64,
  ScalarType.SINT64,
];

/** Where a parsed ExportLogsServiceRequest departs from OTLP/JSON: one sentence per fault, in document order. */
export function findSpellingFaults(tree: unknown): string[] {
  const faults: string[] = [];
  checkMessage(requestSchema, tree, "$", faults);
  return faults;
}

function checkMessage(schema: DescMessage, node: unknown, path: string, faults: string[]): void {
  if (typeof node !== "object" || node === null || Array.isArray(node)) {
    faults.push(`${path}: an object is expected`);
    return;
  }
  for (const [name, value] of Object.entries(node)) {
    const field = schema.fields.find((candidate) => candidate.jsonName === name);
    if (field === undefined) faults.push(`${path}: unknown field ${JSON.stringify(name)}`);
    else checkField(field, value, `${path}.${name}`, faults);
  }
}

function checkField(field: DescField, value: unknown, path: string, faults: string[]): void {
  if (field.fieldKind === "message") checkMessage(field.message, value, path, faults);
  else if (field.fieldKind === "list" && !Array.isArray(value)) faults.push(`${path}: an array is expected`);
  else if (field.fieldKind === "list" && field.listKind === "message") {
    for (const [index, element] of (value as unknown[]).entries()) checkMessage(field.message, element, `${path}[${index}]`, faults);
  } else if (field.fieldKind === "enum") {
    if (!Number.isInteger(value)) faults.push(`${path}: an enum is an integer`);
  } else if (field.fieldKind === "scalar") checkScalar(field, value, path, faults);
}

function checkScalar(field: DescField & { fieldKind: "scalar" }, value: unknown, path: string, faults: string[]): void {
  const digits = ID_HEX_DIGITS[field.name];
  if (value === null) faults.push(`${path}: null`);
  else if (digits !== undefined) {
    const hex = typeof value === "string" && (value === "" || (value.length === digits && /^[0-9a-f]*$/.test(value)));
    if (!hex) faults.push(`${path}: an id is "" or ${digits} lower-case hex digits`);
  } else if (LONG_SCALARS.includes(field.scalar) && !(typeof value === "string" && /^-?\d+$/.test(value))) {
    faults.push(`${path}: a 64-bit integer is a decimal string`);
  }
}
