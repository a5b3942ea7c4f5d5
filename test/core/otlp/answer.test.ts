import { fromBinary, fromJsonString } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeExportResponse, encodeStatus, MEDIA_TYPES } from "../../../core/otlp/answer.ts";
import { readExportResponse, readStatusMessage } from "../../../core/otlp/response.ts";
import type { Encoding, Signal } from "../../../core/otlp/signal.ts";
import { responseSchema, statusSchema } from "../../support/otlp-messages.ts";

const signals = fc.constantFrom<Signal>("logs", "traces", "metrics");
const encodings = fc.constantFrom<Encoding>("json", "protobuf");

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

describe("an export response", () => {
  test("without remarks is `{}` or no bytes", () => {
    expect(textOf(encodeExportResponse("json", "logs", 0, ""))).toBe("{}");
    expect(encodeExportResponse("protobuf", "traces", 0, "").length).toBe(0);
  });

  test("in JSON names the count as its signal does, as a string", () => {
    expect(textOf(encodeExportResponse("json", "logs", 3, "too old"))).toBe(
      '{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"too old"}}',
    );
    expect(textOf(encodeExportResponse("json", "traces", 3, ""))).toBe('{"partialSuccess":{"rejectedSpans":"3"}}');
    expect(textOf(encodeExportResponse("json", "metrics", 0, "slow"))).toBe('{"partialSuccess":{"errorMessage":"slow"}}');
  });

  test("of logs is what the official parser reads, in both encodings", () => {
    fc.assert(
      fc.property(encodings, fc.nat({ max: 2 ** 40 }), fc.string({ unit: "grapheme" }), (encoding, rejected, message) => {
        const bytes = encodeExportResponse(encoding, "logs", rejected, message);
        const { partialSuccess } = encoding === "json" ? fromJsonString(responseSchema, textOf(bytes)) : fromBinary(responseSchema, bytes);
        expect(Number(partialSuccess?.rejectedLogRecords ?? 0)).toBe(rejected);
        expect(partialSuccess?.errorMessage ?? "").toBe(message);
      }),
    );
  });

  test("of any signal is what our exporter reads", () => {
    fc.assert(
      fc.property(signals, encodings, fc.nat(), fc.string(), (signal, encoding, rejected, message) => {
        const bytes = encodeExportResponse(encoding, signal, rejected, message);
        expect(readExportResponse(bytes, MEDIA_TYPES[encoding])).toEqual({ kind: "response", rejected, message });
      }),
    );
  });
});

test("a status is what the official parser and our exporter read, in both encodings", () => {
  fc.assert(
    fc.property(encodings, fc.integer({ min: 1, max: 16 }), fc.string({ unit: "grapheme", minLength: 1 }), (encoding, code, message) => {
      const bytes = encodeStatus(encoding, code, message);
      const read = encoding === "json" ? fromJsonString(statusSchema, textOf(bytes)) : fromBinary(statusSchema, bytes);
      expect(read).toMatchObject({ code, message });
      expect(readStatusMessage(bytes, MEDIA_TYPES[encoding])).toBe(message);
    }),
  );
});
