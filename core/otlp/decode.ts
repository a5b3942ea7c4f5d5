// OTLP in: ExportLogsServiceRequest bytes -> ResourceLogs[], strict about the wire and total. What our encoders wrote
// reads back as what encodes to the same bytes. JSON and the answers of a destination are read next door.
import { MAX_VALUE_DEPTH } from "../limits.ts";
import { defineMember } from "../read/value.ts";
import type { Failure, Result } from "../source.ts";
import { DEPTH_MARK, keepUnknownSeverity, MAX_SEVERITY_NUMBER, type RecordDraft, setIds } from "./incoming.ts";
import {
  type AnyValue,
  Float64,
  type KeyValue,
  type LogRecord,
  type Resource,
  type ResourceLogs,
  type Scope,
  type ScopeLogs,
} from "./model.ts";
import { END, WireReader } from "./wire.ts";

export { decodeJsonLogs } from "./decode-json.ts";
export { readExportResponse, readStatusMessage } from "./response.ts";

/** Ids have 8 or 16 bytes; what comes near is kept readable. */
const MAX_HEX_ID_BYTES = 64;

/**
 * Reads a request as `POST /v1/logs` with `Content-Type: application/x-protobuf` carries it.
 * Unknown fields are passed over; a known field of another wire type, a length beyond its message and a broken varint make the
 * whole unreadable. Ids of a wrong length become `otlp_drain.original_*` attributes. Of a singular field that comes twice, and of a
 * key that comes twice in a map, the last counts. Maps and lists below MAX_VALUE_DEPTH become a mark.
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/v1.7.0/opentelemetry/proto/logs/v1/logs.proto
 */
export function decodeProtobufLogs(bytes: Uint8Array): Result<readonly ResourceLogs[], Failure> {
  const reader = new WireReader(bytes);
  const end = bytes.length;
  const resourceLogs: ResourceLogs[] = [];
  for (let tag = reader.next(end); tag !== END; tag = reader.next(end)) {
    if (tag === 0x0a) resourceLogs.push(readResourceLogs(reader, reader.open(end)));
    else reader.skip(tag, end, 1);
  }
  if (reader.failed) return { ok: false, error: { reason: "unreadable", detail: "not an OTLP logs request in protobuf" } };
  return { ok: true, value: resourceLogs };
}

function readResourceLogs(reader: WireReader, end: number): ResourceLogs {
  let resource: Resource | undefined;
  let schemaUrl: string | undefined;
  const scopeLogs: ScopeLogs[] = [];
  for (let tag = reader.next(end); tag !== END; tag = reader.next(end)) {
    if (tag === 0x0a) resource = readResource(reader, reader.open(end));
    else if (tag === 0x12) scopeLogs.push(readScopeLogs(reader, reader.open(end)));
    else if (tag === 0x1a) schemaUrl = reader.text(end);
    else reader.skip(tag, end, 3);
  }
  return { resource, scopeLogs, schemaUrl };
}

function readResource(reader: WireReader, end: number): Resource {
  const attributes: KeyValue[] = [];
  let droppedAttributesCount: number | undefined;
  for (let tag = reader.next(end); tag !== END; tag = reader.next(end)) {
    if (tag === 0x0a) attributes.push(readKeyValue(reader, reader.open(end), 0));
    else if (tag === 0x10) droppedAttributesCount = reader.uint32();
    else reader.skip(tag, end, 2);
  }
  return { attributes, droppedAttributesCount };
}

function readScopeLogs(reader: WireReader, end: number): ScopeLogs {
  let scope: Scope | undefined;
  let schemaUrl: string | undefined;
  const logRecords: LogRecord[] = [];
  for (let tag = reader.next(end); tag !== END; tag = reader.next(end)) {
    if (tag === 0x0a) scope = readScope(reader, reader.open(end));
    else if (tag === 0x12) logRecords.push(readLogRecord(reader, reader.open(end)));
    else if (tag === 0x1a) schemaUrl = reader.text(end);
    else reader.skip(tag, end, 3);
  }
  return { scope, logRecords, schemaUrl };
}

function readScope(reader: WireReader, end: number): Scope {
  let name = "";
  let version: string | undefined;
  let droppedAttributesCount: number | undefined;
  const attributes: KeyValue[] = [];
  for (let tag = reader.next(end); tag !== END; tag = reader.next(end)) {
    if (tag === 0x0a) name = reader.text(end);
    else if (tag === 0x12) version = reader.text(end);
    else if (tag === 0x1a) attributes.push(readKeyValue(reader, reader.open(end), 0));
    else if (tag === 0x20) droppedAttributesCount = reader.uint32();
    else reader.skip(tag, end, 3);
  }
  return { name, version, attributes, droppedAttributesCount };
}

function readLogRecord(reader: WireReader, end: number): LogRecord {
  const record: RecordDraft = { attributes: [] };
  let severity: number | bigint = 0;
  let traceId: Uint8Array | undefined;
  let spanId: Uint8Array | undefined;
  for (let tag = reader.next(end); tag !== END; tag = reader.next(end)) {
    switch (tag) {
      case 0x09:
        record.timeUnixNano = reader.fixed64();
        break;
      case 0x10:
        severity = reader.int64();
        break;
      case 0x1a:
        record.severityText = reader.text(end);
        break;
      case 0x22:
        // `name`, removed from OTLP in 2022.
        reader.data(end);
        break;
      case 0x2a:
        record.body = readAnyValue(reader, reader.open(end), 0);
        break;
      case 0x32:
        record.attributes.push(readKeyValue(reader, reader.open(end), 0));
        break;
      case 0x38:
        record.droppedAttributesCount = reader.uint32();
        break;
      case 0x45:
        record.flags = reader.fixed32();
        break;
      case 0x4a:
        traceId = reader.data(end);
        break;
      case 0x52:
        spanId = reader.data(end);
        break;
      case 0x59:
        record.observedTimeUnixNano = reader.fixed64();
        break;
      case 0x62:
        record.eventName = reader.text(end);
        break;
      default:
        reader.skip(tag, end, 12);
    }
  }
  if (severity >= 0 && severity <= MAX_SEVERITY_NUMBER) record.severityNumber = Number(severity);
  else keepUnknownSeverity(record, String(severity));
  if (traceId !== undefined || spanId !== undefined) setIds(record, toHexId(traceId), toHexId(spanId));
  return record;
}

function readKeyValue(reader: WireReader, end: number, depth: number): KeyValue {
  let key = "";
  let value: AnyValue = null;
  for (let tag = reader.next(end); tag !== END; tag = reader.next(end)) {
    if (tag === 0x0a) key = reader.text(end);
    else if (tag === 0x12) value = readAnyValue(reader, reader.open(end), depth);
    else reader.skip(tag, end, 2);
  }
  return { key, value };
}

function readAnyValue(reader: WireReader, end: number, depth: number): AnyValue {
  let value: AnyValue = null;
  for (let tag = reader.next(end); tag !== END; tag = reader.next(end)) {
    switch (tag) {
      case 0x0a:
        value = reader.text(end);
        break;
      case 0x10:
        value = reader.int64() !== 0;
        break;
      case 0x18:
        value = reader.int64();
        break;
      case 0x21: {
        const double = reader.double();
        // An integral number would be written as an int.
        value = Number.isInteger(double) ? new Float64(double) : double;
        break;
      }
      case 0x2a:
      case 0x32:
        if (depth > MAX_VALUE_DEPTH) {
          reader.data(end);
          value = DEPTH_MARK;
        } else {
          value = tag === 0x2a ? readArray(reader, reader.open(end), depth + 1) : readMap(reader, reader.open(end), depth + 1);
        }
        break;
      case 0x3a:
        value = reader.data(end).slice();
        break;
      default:
        reader.skip(tag, end, 7);
    }
  }
  return value;
}

function readArray(reader: WireReader, end: number, depth: number): AnyValue {
  const values: AnyValue[] = [];
  for (let tag = reader.next(end); tag !== END; tag = reader.next(end)) {
    if (tag === 0x0a) values.push(readAnyValue(reader, reader.open(end), depth));
    else reader.skip(tag, end, 1);
  }
  return values;
}

function readMap(reader: WireReader, end: number, depth: number): AnyValue {
  const map: Record<string, AnyValue | undefined> = {};
  for (let tag = reader.next(end); tag !== END; tag = reader.next(end)) {
    if (tag === 0x0a) {
      const { key, value } = readKeyValue(reader, reader.open(end), depth);
      defineMember(map, key, value);
    } else {
      reader.skip(tag, end, 1);
    }
  }
  return map;
}

/** What is far too long to be an id stays bytes. */
function toHexId(bytes: Uint8Array | undefined): string | Uint8Array | undefined {
  if (bytes === undefined || bytes.length > MAX_HEX_ID_BYTES) return bytes?.slice();
  let hex = "";
  for (const byte of bytes) hex += (byte < 16 ? "0" : "") + byte.toString(16);
  return hex;
}
