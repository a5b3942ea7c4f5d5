import { create, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readExportResponse, readStatusMessage } from "../../../core/otlp/decode.ts";
import { responseSchema, statusSchema } from "../../support/otlp-messages.ts";

const PROTOBUF = "application/x-protobuf";
const JSON_TYPE = "application/json";
const utf8 = (text: string) => new TextEncoder().encode(text);
const response = (rejected: number, message = "") => ({ kind: "response", rejected, message });
const OTHER = { kind: "other" };

describe("readExportResponse", () => {
  test.each([PROTOBUF, JSON_TYPE, "text/plain", "text/html", null])("no bytes are a success (%s)", (type) => {
    expect(readExportResponse(new Uint8Array(), type)).toEqual(response(0));
  });

  test.each([PROTOBUF, "application/protobuf; charset=utf-8", "Application/X-Protobuf", "application/octet-stream", null])(
    "reads a partial success in protobuf (%s)",
    (type) => {
      const partialSuccess = { rejectedLogRecords: 2n ** 40n, errorMessage: "zu groß" };
      expect(readExportResponse(toBinary(responseSchema, create(responseSchema, { partialSuccess })), type)).toEqual(
        response(2 ** 40, "zu groß"),
      );
      expect(readExportResponse(Uint8Array.of(0x0a, 0x00), type)).toEqual(response(0));
    },
  );

  test.each([
    ["{}", response(0)],
    ['{"partialSuccess":null}', response(0)],
    ['{"partialSuccess":{}}', response(0)],
    ['{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"no"}}', response(3, "no")],
    ['{"partialSuccess":{"rejectedLogRecords":3}}', response(3)],
    ['{"partial_success":{"rejected_log_records":"4","error_message":"no"}}', response(4, "no")],
    ['{"partialSuccess":{"errorMessage":"slow down"},"future":1}', response(0, "slow down")],
    ['{"status":"ok"}', OTHER],
    ['{"message":"not found"}', OTHER],
    ['{"partialSuccess":[]}', OTHER],
    ['{"partialSuccess":"all"}', OTHER],
    ['{"partialSuccess":{"rejectedLogRecords":"many"}}', OTHER],
    ['{"partialSuccess":{"rejectedLogRecords":-1}}', OTHER],
    ['{"partialSuccess":{"errorMessage":5}}', OTHER],
    ["[]", OTHER],
    ["null", OTHER],
    ['{"partialSuccess":{}', OTHER],
  ])("reads %s", (json, expected) => {
    expect(readExportResponse(utf8(json), JSON_TYPE)).toEqual(expected);
    if (json.startsWith("{"))
      for (const type of [null, PROTOBUF, "text/plain; charset=utf-8"]) expect(readExportResponse(utf8(json), type)).toEqual(expected);
  });

  test.each(["<!doctype html><title>Welcome</title>", "OK", "ok", "success", "accepted!", "Unauthorized", "\n", " {}x"])(
    "%j is no answer",
    (text) => {
      for (const type of ["text/html", "text/plain", null, "application/octet-stream"])
        expect(readExportResponse(utf8(text), type)).toEqual(OTHER);
    },
  );

  test.each([
    ["a cut length", "0a05"],
    ["a negative count", "0a0b08ffffffffffffffffff01"],
    ["another wire type", "0801"],
    ["a count that is text", "0a030a0161"],
    ["a message that is no UTF-8", "0a031201ff"],
  ])("protobuf with %s is no answer", (_, hex) => expect(readExportResponse(Buffer.from(hex, "hex"), PROTOBUF)).toEqual(OTHER));

  test("an unknown field is one of a newer receiver only where the media type says protobuf", () => {
    const bytes = Buffer.from("0a0208019a0601ff", "hex");
    expect(readExportResponse(bytes, PROTOBUF)).toEqual(response(1));
    expect(readExportResponse(bytes, null)).toEqual(OTHER);
  });

  test("is total", () => {
    const types = fc.constantFrom(PROTOBUF, JSON_TYPE, "text/html", "", ";", null);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), types, (bytes, type) => {
        const read = readExportResponse(bytes, type);
        expect(read.kind === "other" || (read.rejected >= 0 && typeof read.message === "string")).toBe(true);
        expect(["string", "undefined"]).toContain(typeof readStatusMessage(bytes, type));
      }),
    );
  });
});

describe("readStatusMessage", () => {
  test("reads google.rpc.Status in both encodings", () => {
    const bytes = toBinary(statusSchema, create(statusSchema, { code: 3, message: "bad trace id" }));
    expect(readStatusMessage(bytes, PROTOBUF)).toBe("bad trace id");
    expect(readStatusMessage(Buffer.concat([bytes, Buffer.from("1a03616263", "hex")]), null)).toBe("bad trace id");
    expect(readStatusMessage(utf8('{"code":3,"message":"bad trace id","details":[]}'), JSON_TYPE)).toBe("bad trace id");
    expect(readStatusMessage(utf8('{"code":3,"message":"bad trace id"}'), "text/plain")).toBe("bad trace id");
  });

  test.each([
    ["", JSON_TYPE],
    ["{}", JSON_TYPE],
    ['{"message":""}', JSON_TYPE],
    ['{"message":5}', JSON_TYPE],
    ["<html>bad gateway</html>", "text/html"],
    ["upstream connect error", null],
    ["upstream connect error", PROTOBUF],
  ])("finds none in %j (%s)", (text, type) => expect(readStatusMessage(utf8(text), type)).toBeUndefined());
});
