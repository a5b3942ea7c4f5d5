// TypeScript shapes of the official OTLP logs messages as `@bufbuild/protobuf` reads them, and their schemas out of the descriptor set.
import { createFileRegistry, type DescMessage, fromBinary, type Message } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import { base64Decode } from "@bufbuild/protobuf/wire";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { OPENTELEMETRY_DESCRIPTORS } from "./opentelemetry-descriptors.ts";

export type ProtoAnyValue = Message<"opentelemetry.proto.common.v1.AnyValue"> & {
  value:
    | { case: "stringValue"; value: string }
    | { case: "boolValue"; value: boolean }
    | { case: "intValue"; value: bigint }
    | { case: "doubleValue"; value: number }
    | { case: "arrayValue"; value: ProtoArrayValue }
    | { case: "kvlistValue"; value: ProtoKeyValueList }
    | { case: "bytesValue"; value: Uint8Array }
    | { case: undefined; value?: undefined };
};
export type ProtoArrayValue = Message<"opentelemetry.proto.common.v1.ArrayValue"> & { values: ProtoAnyValue[] };
export type ProtoKeyValueList = Message<"opentelemetry.proto.common.v1.KeyValueList"> & { values: ProtoKeyValue[] };
export type ProtoKeyValue = Message<"opentelemetry.proto.common.v1.KeyValue"> & { key: string; value?: ProtoAnyValue };
export type ProtoScope = Message<"opentelemetry.proto.common.v1.InstrumentationScope"> & {
  name: string;
  version: string;
  attributes: ProtoKeyValue[];
  droppedAttributesCount: number;
};
export type ProtoEntityRef = Message<"opentelemetry.proto.common.v1.EntityRef"> & {
  schemaUrl: string;
  type: string;
  idKeys: string[];
  descriptionKeys: string[];
};
export type ProtoResource = Message<"opentelemetry.proto.resource.v1.Resource"> & {
  attributes: ProtoKeyValue[];
  droppedAttributesCount: number;
  entityRefs: ProtoEntityRef[];
};
export type ProtoLogRecord = Message<"opentelemetry.proto.logs.v1.LogRecord"> & {
  timeUnixNano: bigint;
  observedTimeUnixNano: bigint;
  severityNumber: number;
  severityText: string;
  body?: ProtoAnyValue;
  attributes: ProtoKeyValue[];
  droppedAttributesCount: number;
  flags: number;
  traceId: Uint8Array;
  spanId: Uint8Array;
  eventName: string;
};
export type ProtoScopeLogs = Message<"opentelemetry.proto.logs.v1.ScopeLogs"> & {
  scope?: ProtoScope;
  logRecords: ProtoLogRecord[];
  schemaUrl: string;
};
export type ProtoResourceLogs = Message<"opentelemetry.proto.logs.v1.ResourceLogs"> & {
  resource?: ProtoResource;
  scopeLogs: ProtoScopeLogs[];
  schemaUrl: string;
};
/** What one OTLP/HTTP logs request carries. */
export type ExportLogsServiceRequest = Message<"opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest"> & {
  resourceLogs: ProtoResourceLogs[];
};
export type ExportLogsPartialSuccess = Message<"opentelemetry.proto.collector.logs.v1.ExportLogsPartialSuccess"> & {
  rejectedLogRecords: bigint;
  errorMessage: string;
};
export type ExportLogsServiceResponse = Message<"opentelemetry.proto.collector.logs.v1.ExportLogsServiceResponse"> & {
  partialSuccess?: ExportLogsPartialSuccess;
};
/** The body of an OTLP error answer; `details` is always empty here. */
export type RpcStatus = Message<"google.rpc.Status"> & { code: number; message: string };

const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, base64Decode(OPENTELEMETRY_DESCRIPTORS)));

function schemaOf<T extends Message>(typeName: T["$typeName"]): GenMessage<T> {
  const schema: DescMessage | undefined = registry.getMessage(typeName);
  if (schema === undefined) throw new Error(`the descriptor set lacks ${typeName}`);
  return schema as GenMessage<T>;
}

export const requestSchema = schemaOf<ExportLogsServiceRequest>("opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest");
export const responseSchema = schemaOf<ExportLogsServiceResponse>("opentelemetry.proto.collector.logs.v1.ExportLogsServiceResponse");
export const statusSchema = schemaOf<RpcStatus>("google.rpc.Status");
