import { describe, expect, test } from "vitest";
import { BrokenItem } from "../../../core/read/json-items.ts";
import { createFirehoseSource, type FirehosePayload, parseCommonAttributes, parseFirehoseRequest } from "../../../core/sources/firehose.ts";
import { describeSourceConformance } from "../../support/conformance.ts";
import { decodeAll } from "./cloudwatch-decode.ts";
import { FIREHOSE_CONSUMED } from "./cloudwatch-leaves.ts";

const encoder = new TextEncoder();

/** A fixture holds the texts of the records as they are after base64 and gzip, beside what the headers say. */
function payloadOf(bytes: Uint8Array): FirehosePayload {
  const fixture: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  const { records, commonAttributes, sourceArn } = fixture as { records: unknown[]; commonAttributes?: unknown; sourceArn?: unknown };
  return {
    records: records.map((record) => encoder.encode(typeof record === "string" ? record : JSON.stringify(record))),
    commonAttributes: parseCommonAttributes(JSON.stringify({ commonAttributes })) ?? {},
    sourceArn: typeof sourceArn === "string" ? sourceArn : undefined,
  };
}

const isBlank = ({ records }: FirehosePayload) =>
  records.every((record) => record instanceof Uint8Array && new TextDecoder().decode(record).trim() === "");

describeSourceConformance({
  source: createFirehoseSource(),
  payloadOf,
  consumed: FIREHOSE_CONSUMED,
  mayBeEmpty: (payload) => isBlank(payload) || payload.records.every((record) => isEmptyEnvelope(record)),
});

/** An envelope without log events has nothing to deliver; neither has an empty array. */
function isEmptyEnvelope(record: Uint8Array | BrokenItem): boolean {
  if (record instanceof BrokenItem) return false;
  const text = new TextDecoder().decode(record).trim();
  return text === "" || text === "[]" || (text.startsWith("{") && text.includes('"logEvents":[]'));
}

const ARN = "arn:aws:firehose:us-west-2:123456789012:deliverystream/logs-to-otlp";

function decode(records: readonly (string | Uint8Array | BrokenItem)[], rest: Partial<FirehosePayload> = {}, options = {}) {
  const bytes = records.map((record) => (typeof record === "string" ? encoder.encode(record) : record));
  return decodeAll(createFirehoseSource(options), { records: bytes, sourceArn: ARN, ...rest });
}

const subscription = (fields: object) =>
  JSON.stringify({
    messageType: "DATA_MESSAGE",
    owner: "123456789012",
    logGroup: "g",
    logStream: "s",
    subscriptionFilters: ["f"],
    logEvents: [{ id: "1", timestamp: 1_795_213_380_610, message: "hello" }],
    ...fields,
  });

describe("records of a delivery stream", () => {
  test("a plain line is a record, never a drop", () => {
    const { records, malformed } = decode(["no JSON at all\nsecond line"]);
    expect(records.map(({ body }) => body)).toEqual(["no JSON at all", "second line"]);
    expect(malformed).toBe(0);
  });

  test("several JSON documents in one record are several records, with or without a separator", () => {
    const { records } = decode(['{"msg":"a"}{"msg":"b"} {"msg":"c"}\n{"msg":"d"}']);
    expect(records.map(({ body }) => body)).toEqual(["a", "b", "c", "d"]);
  });

  test("any JSON with a timestamp is an app's line, with its own level, text and time", () => {
    const { records } = decode(['{"level":"error","message":"boom","timestamp":"2024-10-07T22:18:32.123Z"}']);
    expect(records[0]).toMatchObject({ severityNumber: 17, severityText: "error", body: "boom", timeUnixNano: 1_728_339_512_123_000_000n });
    expect(records[0]?.resource["service.name"]).toBe("logs-to-otlp");
  });

  test("a valid @timestamp is used; an invalid one stays an attribute and the time stays unset", () => {
    const { records } = decode(['{"@timestamp":"2024-10-07T22:18:32Z","msg":"a"}', '{"@timestamp":"soon","msg":"b"}']);
    expect(records.map(({ timeUnixNano }) => timeUnixNano)).toEqual([1_728_339_512_000_000_000n, 0n]);
    expect(records[1]?.attributes["@timestamp"]).toBe("soon");
  });

  test("a generic object keeps all its fields and its text", () => {
    const { records } = decode(['{"time":"2024-10-07T22:18:32Z","level":30,"path":"/x","ms":1.5}']);
    expect(records[0]).toMatchObject({
      body: '{"time":"2024-10-07T22:18:32Z","level":30,"path":"/x","ms":1.5}',
      severityNumber: 9,
      attributes: { path: "/x", ms: 1.5 },
    });
  });

  test("a control message is skipped and counted", () => {
    const { records, filtered, malformed } = decode([subscription({ messageType: "CONTROL_MESSAGE" }), "line"]);
    expect(records).toHaveLength(1);
    expect({ filtered, malformed }).toEqual({ filtered: 1, malformed: 0 });
  });

  test("a record that could not be decoded costs no other one anything", () => {
    const { records, malformed } = decode(["good", new BrokenItem("%%%", "not base64"), Uint8Array.of(0, 1, 2, 3), "good too"]);
    expect(records.map(({ body, attributes }) => [body, attributes["otlp_drain.decode_error"]])).toEqual([
      ["good", undefined],
      ["%%%", "not base64"],
      ["", "neither JSON nor text"],
      ["good too", undefined],
    ]);
    expect(malformed).toBe(2);
  });

  test("a subscription that was cut is a marked raw record", () => {
    const { records, malformed } = decode([subscription({}).slice(0, -5)]);
    expect(malformed).toBe(1);
    expect(records[0]?.attributes["otlp_drain.decode_error"]).toBe("not JSON");
  });

  test("invalid UTF-8 is replaced, not refused", () => {
    const { records } = decode([Uint8Array.of(0x61, 0xff, 0x62)]);
    expect(records[0]?.body).toBe("a\ufffdb");
  });

  test("an empty record is nothing", () => {
    expect(decode(["", "\n"])).toMatchObject({ records: [], malformed: 0, filtered: 0 });
  });

  test("a hundred thousand objects on one line are read in linear time", () => {
    const { records } = decode(['{"a":1}'.repeat(100_000)]);
    expect(records).toHaveLength(100_000);
  }, 10_000);

  test("a hundred thousand objects that never close are read in linear time", () => {
    const { records } = decode(['{"a":\n'.repeat(100_000)]);
    expect(records).toHaveLength(100_000);
  }, 10_000);
});

describe("the sender of a record", () => {
  test("the delivery stream's region counts for logs of its own account only", () => {
    const { records } = decode([subscription({}), subscription({ owner: "210987654321" })]);
    expect(records.map(({ resource }) => [resource["cloud.account.id"], resource["cloud.region"]])).toEqual([
      ["123456789012", "us-west-2"],
      ["210987654321", undefined],
    ]);
  });

  test("a bare line has no account: the stream's is not known to be its", () => {
    const { resource } = decode(["line"]).records[0] ?? {};
    expect(resource).toEqual({
      "aws.firehose.delivery_stream.arn": ARN,
      "service.name": "logs-to-otlp",
      "cloud.provider": "aws",
    });
  });

  test("common attributes become resource attributes, the routing ones under their own names, and win over what the payload says", () => {
    const commonAttributes = parseCommonAttributes(
      '{"commonAttributes":{"x-highlight-project":"1jdkoe52","X-Highlight-Service":"billing","team":"shop","empty":"","constructor":"c","__proto__":"p"}}',
    );
    const { records } = decode([subscription({ logGroup: "/aws/lambda/checkout" })], { commonAttributes });
    expect(records[0]?.resource).toMatchObject({
      "highlight.project_id": "1jdkoe52",
      "service.name": "billing",
      team: "shop",
      constructor: "c",
      "faas.name": "checkout",
    });
    expect(Object.entries(records[0]?.resource ?? {})).toContainEqual(["__proto__", "p"]);
    expect(records[0]?.resource).not.toHaveProperty("empty");
  });

  test("filters see the groups of the envelopes, and let pass what names none", () => {
    const filters = { includeLogGroups: ["/aws/*"], excludeMessage: ["*health*"] };
    const { records, filtered } = decode([subscription({}), "bare line", "GET /health"], {}, { filters });
    expect(records.map(({ body }) => body)).toEqual(["bare line"]);
    expect(filtered).toBe(2);
  });
});

describe("parseFirehoseRequest", () => {
  const parse = (text: string) => parseFirehoseRequest(encoder.encode(text));

  test("reads request id, time and data", () => {
    expect(parse('{"requestId":"r-1","timestamp":1578090901599,"records":[{"data":"aGVsbG8="},{"data":""}]}')).toEqual({
      ok: true,
      value: { requestId: "r-1", timestamp: 1_578_090_901_599, data: ["aGVsbG8=", ""] },
    });
  });

  test("a record without data is told apart, and costs the others nothing", () => {
    const result = parse('{"requestId":"r-1","records":[{"data":"aGVsbG8="},{"data":7},null]}');
    expect(result).toEqual({ ok: true, value: { requestId: "r-1", timestamp: undefined, data: ["aGVsbG8=", undefined, undefined] } });
  });

  test.each(["", "[]", "not JSON", '{"records":[]}', '{"requestId":"","records":[]}', '{"requestId":7,"records":[]}', '{"requestId":"r"}'])(
    "refuses what is no request: %s",
    (text) => expect(parse(text)).toMatchObject({ ok: false, error: { reason: "unreadable" } }),
  );
});

describe("parseCommonAttributes", () => {
  test("reads the header", () => {
    expect(parseCommonAttributes('{"commonAttributes":{"a":"b","n":1,"deep":{}}}')).toEqual({ a: "b", n: "1" });
  });

  test("an absent header has none, a damaged one is told apart", () => {
    expect([null, undefined, " "].map(parseCommonAttributes)).toEqual([{}, {}, {}]);
    expect(["{", "[]", '{"commonAttributes":[]}', '{"a":"b"}'].map(parseCommonAttributes)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
