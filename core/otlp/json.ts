// ResourceLogs[] -> ExportLogsServiceRequest as OTLP/JSON: the same message as `protobuf.ts` writes, in the
// protobuf JSON mapping with OTLP's exceptions (hex ids, integer enums, lowerCamelCase, 64-bit integers as strings).
import { MAX_VALUE_DEPTH } from "../limits.ts";
import type { AnyValue, KeyValue, LogRecord, RequestEncoder, Resource, ResourceLogs, Scope, ScopeLogs } from "./model.ts";
import { Float64 } from "./model.ts";

const DEPTH_MARK = "[truncated: depth]";

/** Encodes a request for `POST /v1/logs` with `Content-Type: application/json`, as UTF-8. */
export function encodeJson(resourceLogs: readonly ResourceLogs[]): Uint8Array<ArrayBuffer> {
  const request = createJsonRequest();
  request.append(resourceLogs);
  return request.finish();
}

/** A request that grows batch by batch; its size counts UTF-16 units, which for logs is near enough. */
export function createJsonRequest(): RequestEncoder {
  let items = "";
  return {
    contentType: "application/json",
    append(resourceLogs) {
      for (const item of resourceLogs) items += `${items === "" ? "" : ","}${resourceLogsJson(item)}`;
    },
    size: () => items.length,
    finish: () => new TextEncoder().encode(`{"resourceLogs":[${items}]}`),
  };
}

/** A request as text, on one line. */
export function stringifyRequest(resourceLogs: readonly ResourceLogs[]): string {
  return `{"resourceLogs":[${resourceLogs.map(resourceLogsJson).join(",")}]}`;
}

function resourceLogsJson({ resource, scopeLogs, schemaUrl }: ResourceLogs): string {
  const fields: string[] = [];
  if (resource !== undefined) fields.push(`"resource":${resourceJson(resource)}`);
  if (scopeLogs.length > 0) fields.push(`"scopeLogs":[${scopeLogs.map(scopeLogsJson).join(",")}]`);
  if (schemaUrl) fields.push(`"schemaUrl":${text(schemaUrl)}`);
  return `{${fields.join(",")}}`;
}

function resourceJson({ attributes, droppedAttributesCount }: Resource): string {
  const fields: string[] = [];
  if (attributes.length > 0) fields.push(`"attributes":${attributesJson(attributes)}`);
  if (droppedAttributesCount) fields.push(`"droppedAttributesCount":${droppedAttributesCount}`);
  return `{${fields.join(",")}}`;
}

function scopeLogsJson({ scope, logRecords, schemaUrl }: ScopeLogs): string {
  const fields: string[] = [];
  if (scope !== undefined) fields.push(`"scope":${scopeJson(scope)}`);
  if (logRecords.length > 0) fields.push(`"logRecords":[${logRecords.map(logRecordJson).join(",")}]`);
  if (schemaUrl) fields.push(`"schemaUrl":${text(schemaUrl)}`);
  return `{${fields.join(",")}}`;
}

function scopeJson({ name, version, attributes, droppedAttributesCount }: Scope): string {
  const fields: string[] = [];
  if (name) fields.push(`"name":${text(name)}`);
  if (version) fields.push(`"version":${text(version)}`);
  if (attributes !== undefined && attributes.length > 0) fields.push(`"attributes":${attributesJson(attributes)}`);
  if (droppedAttributesCount) fields.push(`"droppedAttributesCount":${droppedAttributesCount}`);
  return `{${fields.join(",")}}`;
}

/** One record as an OTLP/JSON LogRecord; also how a record is printed. */
export function logRecordJson(record: LogRecord): string {
  const fields: string[] = [];
  if (record.timeUnixNano) fields.push(`"timeUnixNano":"${record.timeUnixNano}"`);
  if (record.observedTimeUnixNano) fields.push(`"observedTimeUnixNano":"${record.observedTimeUnixNano}"`);
  if (record.severityNumber) fields.push(`"severityNumber":${record.severityNumber}`);
  if (record.severityText) fields.push(`"severityText":${text(record.severityText)}`);
  if (record.body !== undefined) fields.push(`"body":${valueJson(record.body, 0)}`);
  if (record.attributes.length > 0) fields.push(`"attributes":${attributesJson(record.attributes)}`);
  if (record.droppedAttributesCount) fields.push(`"droppedAttributesCount":${record.droppedAttributesCount}`);
  if (record.flags) fields.push(`"flags":${record.flags}`);
  if (record.traceId) fields.push(`"traceId":"${record.traceId}"`);
  if (record.spanId) fields.push(`"spanId":"${record.spanId}"`);
  if (record.eventName) fields.push(`"eventName":${text(record.eventName)}`);
  return `{${fields.join(",")}}`;
}

function attributesJson(attributes: readonly KeyValue[]): string {
  let json = "[";
  for (const attribute of attributes) json += `${json.length > 1 ? "," : ""}${attributeJson(attribute)}`;
  return `${json}]`;
}

/** One attribute as an OTLP/JSON KeyValue. */
export function attributeJson({ key, value }: KeyValue): string {
  return `{"key":${text(key)},"value":${valueJson(value, 0)}}`;
}

function valueJson(value: AnyValue, depth: number): string {
  switch (typeof value) {
    case "string":
      return `{"stringValue":${text(value)}}`;
    case "boolean":
      return `{"boolValue":${value}}`;
    case "number":
      if (Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63) return `{"intValue":"${BigInt(value)}"}`;
      return doubleJson(value);
    case "bigint":
      return value === BigInt.asIntN(64, value) ? `{"intValue":"${value}"}` : `{"stringValue":"${value}"}`;
  }
  if (value === null) return "{}";
  if (value instanceof Uint8Array) return `{"bytesValue":"${toBase64(value)}"}`;
  if (value instanceof Float64) return doubleJson(value.value);
  if (depth > MAX_VALUE_DEPTH) return `{"stringValue":"${DEPTH_MARK}"}`;
  if (Array.isArray(value)) {
    return `{"arrayValue":{"values":[${(value as readonly AnyValue[]).map((element) => valueJson(element, depth + 1)).join(",")}]}}`;
  }
  let members = "";
  for (const [key, member] of Object.entries(value as Record<string, AnyValue | undefined>)) {
    if (member === undefined) continue;
    members += `${members === "" ? "" : ","}{"key":${text(key)},"value":${valueJson(member, depth + 1)}}`;
  }
  return `{"kvlistValue":{"values":[${members}]}}`;
}

function doubleJson(value: number): string {
  if (!Number.isFinite(value)) return `{"stringValue":"${value}"}`;
  return `{"doubleValue":${Object.is(value, -0) ? "-0.0" : JSON.stringify(value)}}`;
}

/** A JSON string literal; lone surrogates become U+FFFD, as they do in UTF-8. */
function text(value: string): string {
  return JSON.stringify(value.toWellFormed());
}

/** Standard base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let start = 0; start < bytes.length; start += 0x8000) binary += String.fromCharCode(...bytes.subarray(start, start + 0x8000));
  return btoa(binary);
}
