// The OTLP oracle that is not ours: `@bufbuild/protobuf` on the official descriptors reads, re-encodes and flattens what our encoders wrote.
// Every function throws on bytes or text that an OTLP receiver would refuse to parse.
import { create, fromBinary, fromJsonString, type MessageInitShape, toBinary, toJson } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import { base64Decode } from "@bufbuild/protobuf/wire";
import { findSpellingFaults } from "./json-spelling.ts";
import { type ExportLogsServiceRequest, type ProtoAnyValue, type ProtoKeyValue, requestSchema } from "./otlp-messages.ts";

export type { ExportLogsServiceRequest } from "./otlp-messages.ts";

/** Nested messages: our value depth cap (64) takes three messages a level, and the parser's own default is 100. */
const RECURSION_LIMIT = 2_000;

/** An attribute value or body as plain data: int64 is a number when safe and a bigint otherwise, an empty AnyValue is null. */
export type FlatValue = string | boolean | number | bigint | null | Uint8Array | FlatValue[] | { [key: string]: FlatValue };

/** One log record with what stands around it, for assertions. Absent ids are "", absent times 0n. */
export interface FlatRecord {
  readonly resource: Record<string, FlatValue>;
  /** Scope name. */
  readonly scope: string;
  readonly scopeVersion: string;
  readonly timeUnixNano: bigint;
  readonly observedTimeUnixNano: bigint;
  readonly severityNumber: number;
  readonly severityText: string;
  /** undefined when the record has no body, null when the body is an empty AnyValue. */
  readonly body: FlatValue | undefined;
  readonly attributes: Record<string, FlatValue>;
  readonly droppedAttributesCount: number;
  readonly flags: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly eventName: string;
}

export type ExportRequestInit = MessageInitShape<typeof requestSchema>;
export type AttributeInit = MessageInitShape<GenMessage<ProtoKeyValue>>;

/** Parses protobuf bytes. Unknown fields stay on the message, where `findUnknownFields` sees them. */
export function decodeOracle(bytes: Uint8Array): ExportLogsServiceRequest {
  return fromBinary(requestSchema, bytes, { recursionLimit: RECURSION_LIMIT, readUnknownFields: true });
}

/** Protobuf bytes of a request built from plain data, for tests that need a client that is not ours. */
export function encodeOracle(request: ExportRequestInit): Uint8Array<ArrayBuffer> {
  return toBinary(requestSchema, create(requestSchema, request));
}

/**
 * Decodes and encodes again, without unknown fields: the canonical bytes (fields in number order, no defaults written).
 * Bytes equal to their re-encoding are canonical, and hold nothing that the official descriptors do not know.
 */
export function reencode(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return toBinary(requestSchema, decodeOracle(bytes), { writeUnknownFields: false });
}

/** Paths of fields that the official descriptors do not know, as `resourceLogs.0#99`. */
export function findUnknownFields(node: unknown, path = ""): string[] {
  if (typeof node !== "object" || node === null || node instanceof Uint8Array) return [];
  const own = "$unknown" in node && Array.isArray(node.$unknown) ? node.$unknown.map(({ no }: { no: number }) => `${path}#${no}`) : [];
  const members = Object.entries(node).filter(([key]) => !key.startsWith("$"));
  return own.concat(members.flatMap(([key, value]) => findUnknownFields(value, path === "" ? key : `${path}.${key}`)));
}

/**
 * Parses OTLP/JSON as a collector does: unknown fields and doubled keys are refused; ids are hex, as OTLP departs from protojson there.
 */
export function parseJson(text: string): ExportLogsServiceRequest {
  const message = fromJsonString(requestSchema, text, { ignoreUnknownFields: false, recursionLimit: RECURSION_LIMIT });
  const tree = JSON.parse(text) as RequestTree;
  // The hex ids went through as base64, and are put right from the text's own tree.
  for (const [i, resourceLogs] of message.resourceLogs.entries()) {
    for (const [j, scopeLogs] of resourceLogs.scopeLogs.entries()) {
      for (const [k, record] of scopeLogs.logRecords.entries()) {
        const source = tree.resourceLogs?.[i]?.scopeLogs?.[j]?.logRecords?.[k];
        record.traceId = bytesOfHex(source?.traceId ?? "");
        record.spanId = bytesOfHex(source?.spanId ?? "");
      }
    }
  }
  return message;
}

/** `parseJson`, and the spelling must be OTLP/JSON's own to the letter (see `json-spelling.ts`). */
export function parseJsonStrict(text: string): ExportLogsServiceRequest {
  const faults = findSpellingFaults(JSON.parse(text));
  if (faults.length > 0) throw new Error(`not OTLP/JSON:\n  ${faults.slice(0, 20).join("\n  ")}`);
  return parseJson(text);
}

/** A request as OTLP/JSON data, for golden files: members in field-number order, attributes in the order they came. */
export function toGolden(message: ExportLogsServiceRequest): unknown {
  const tree = toJson(requestSchema, message, { enumAsInteger: true }) as RequestTree;
  for (const resourceLogs of tree.resourceLogs ?? []) {
    for (const scopeLogs of resourceLogs.scopeLogs ?? []) {
      for (const record of scopeLogs.logRecords ?? []) {
        if (record.traceId !== undefined) record.traceId = hexOfBytes(base64Decode(record.traceId));
        if (record.spanId !== undefined) record.spanId = hexOfBytes(base64Decode(record.spanId));
      }
    }
  }
  return tree;
}

/** Every record of a request, in order, as plain data. */
export function flatten(message: ExportLogsServiceRequest): FlatRecord[] {
  return message.resourceLogs.flatMap(({ resource, scopeLogs }) =>
    scopeLogs.flatMap(({ scope, logRecords }) =>
      logRecords.map((record) => ({
        resource: flattenAttributes(resource?.attributes ?? []),
        scope: scope?.name ?? "",
        scopeVersion: scope?.version ?? "",
        timeUnixNano: record.timeUnixNano,
        observedTimeUnixNano: record.observedTimeUnixNano,
        severityNumber: record.severityNumber,
        severityText: record.severityText,
        body: record.body === undefined ? undefined : flattenValue(record.body),
        attributes: flattenAttributes(record.attributes),
        droppedAttributesCount: record.droppedAttributesCount,
        flags: record.flags,
        traceId: hexOfBytes(record.traceId),
        spanId: hexOfBytes(record.spanId),
        eventName: record.eventName,
      })),
    ),
  );
}

/** Lower-case hex. */
export function hexOfBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

interface RequestTree {
  resourceLogs?: { scopeLogs?: { logRecords?: { traceId?: string; spanId?: string }[] }[] }[];
}

function bytesOfHex(hex: string): Uint8Array {
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(hex)) throw new Error("an id is not hex");
  return Uint8Array.from(Buffer.from(hex, "hex"));
}

function flattenAttributes(attributes: readonly ProtoKeyValue[]): Record<string, FlatValue> {
  // fromEntries defines members, so that "__proto__" stays an ordinary key.
  return Object.fromEntries(attributes.map(({ key, value }) => [key, flattenValue(value)]));
}

function flattenValue(any: ProtoAnyValue | undefined): FlatValue {
  const value = any?.value;
  if (value?.case === undefined) return null;
  switch (value.case) {
    case "intValue": {
      const narrow = Number(value.value);
      return Number.isSafeInteger(narrow) ? narrow : value.value;
    }
    case "arrayValue":
      return value.value.values.map(flattenValue);
    case "kvlistValue":
      return flattenAttributes(value.value.values);
    default:
      return value.value;
  }
}
