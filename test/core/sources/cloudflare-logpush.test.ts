import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import {
  type CloudflareLogpushOptions,
  createCloudflareLogpushSource,
  isLogpushValidation,
} from "../../../core/sources/cloudflare-logpush.ts";
import { describeSourceConformance } from "../../support/conformance.ts";
import type { Consumed } from "../../support/leaves.ts";
import { decode, decodeItems, log, textOfAll, traceItem } from "./cloudflare-decode.ts";

const consumed: Consumed = {
  ClientRegionCode: ({ text }) => [`US-${text}`],
  ClientRequestProtocol: () => ["http", "2"],
  ClientSSLProtocol: () => ["tls", "1.3"],
  "Event/ScheduledTimeMs": ({ text }) => [new Date(Number(text)).toISOString()],
  EventType: ({ text }) => [{ worker_rpc: "jsrpc", hibernatable_web_socket: "websocket" }[text] ?? text],
};

describeSourceConformance<Uint8Array>({ source: createCloudflareLogpushSource(), payloadOf: (bytes) => bytes, consumed });

const bytesOf = (text: string) => new TextEncoder().encode(text);
const linesOf = (...rows: readonly unknown[]) =>
  bytesOf(rows.map((row) => (typeof row === "string" ? row : JSON.stringify(row))).join("\n"));

function decodeRows(rows: readonly unknown[], options?: CloudflareLogpushOptions) {
  return decode(createCloudflareLogpushSource(options), linesOf(...rows));
}

describe("the validation upload", () => {
  test.each(["test", "tests", '{"content":"test"}', '{"content":"tests"}', '{ "content": "tests" }\n', "tests\r\n", '"test"', "", " \n"])(
    "is known as %j",
    (body) => {
      expect(isLogpushValidation(bytesOf(body))).toBe(true);
      expect(isLogpushValidation(gunzipSync(gzipSync(body)))).toBe(true);
    },
  );
  test.each([
    '{"content":"text"}',
    '{"content":"test","RayID":"7d2a"}',
    '{"RayID":"test"}',
    "testing",
    "null",
    '["test"]',
    '{"content":"test"}\n{"content":"test"}',
    `${"test".padEnd(300, "\n")}x`,
  ])("is not a delivery that looks like it: %j", (body) => {
    expect(isLogpushValidation(bytesOf(body))).toBe(false);
  });
});

describe("a body that is no NDJSON", () => {
  const csv = 'RayID,EdgeStartTimestamp,ClientIP\n7d2a9c31f0e84b15,"2026-11-20T22:20:41Z",192.0.2.44\n';
  test.each([csv, csv.split("\n")[1] as string, 'cf: {"RayID":"7d2a"}\ncf: {"RayID":"7d2b"}\n', "7d2a\t{}"])(
    "is refused with the setting to change: %j",
    (body) => {
      const result = createCloudflareLogpushSource().decode(bytesOf(body), { observedTimeUnixNano: 1n });
      expect(result).toMatchObject({ ok: false, error: { reason: "unsupported", detail: expect.stringContaining('"output_type"') } });
      if (!result.ok) expect(result.error.detail).not.toContain("7d2a");
    },
  );

  test("as a whole is not the same as one line that is none", () => {
    const { records, malformed } = decodeRows(["7d2a,no JSON", { RayID: "7d2b", EdgeStartTimestamp: 1795213241 }]);
    expect(malformed).toBe(1);
    expect(records.map(({ body }) => body).sort()).toEqual([undefined, "7d2a,no JSON"].sort());
  });

  test("but a JSON array is read like its elements", () => {
    const { records } = decode(createCloudflareLogpushSource(), bytesOf('[{"RayID":"a"},\n{"RayID":"b"}]'));
    expect(records.map(({ attributes }) => attributes["cloudflare.ray_id"])).toEqual(["a", "b"]);
  });
});

describe("times", () => {
  const nanos = 1795213241869123457n;
  test.each([
    ['"EdgeStartTimestamp":1795213241869123457', nanos],
    ['"EdgeStartTimestamp":1795213241', 1795213241000000000n],
    ['"EdgeStartTimestamp":"2026-11-20T22:20:41Z"', 1795213241000000000n],
    ['"EdgeStartTimestamp":"2026-11-20T22:20:41.869Z"', 1795213241869000000n],
    ['"EdgeStartTimestamp":"2026-11-20T22:20:41.869123457Z"', nanos],
    ['"Timestamp":1795213241869123457,"Datetime":"2020-01-01T00:00:00Z"', nanos],
    ['"Datetime":"2020-01-01T00:00:00Z","CreatedAt":1795213241869123457', nanos],
    ['"Timestamp":1,"EdgeStartTimestamp":1795213241869123457', nanos],
    ['"Timestamp":"soon","Datetime":"2026-11-20T22:20:41Z"', 1795213241000000000n],
    ['"When":1795213241869123457', nanos],
  ])("are exact, and taken in Cloudflare's order: {%s}", (members, time) => {
    const { records } = decodeRows([`{"RayID":"7d2a",${members}}`]);
    expect(records[0]).toMatchObject({ timeUnixNano: time, observedTimeUnixNano: 1_700_000_000_000_000_000n });
  });

  test("that cannot be read cost no record, and stay", () => {
    const { records, malformed } = decodeRows([{ RayID: "7d2a", EdgeStartTimestamp: "yesterday" }, { RayID: "7d2b" }]);
    expect(malformed).toBe(0);
    expect(records.map(({ timeUnixNano, attributes }) => [timeUnixNano, attributes["otlp_drain.original_time"]])).toEqual([
      [0n, "yesterday"],
      [0n, undefined],
    ]);
  });

  test("that are not the record's own stay attributes, to the digit", () => {
    const { records } = decodeRows([
      '{"EdgeStartTimestamp":1795213241869123457,"EdgeEndTimestamp":1795213241901987654,"Datetime":"2026-11-20"}',
    ]);
    expect(records[0]?.attributes).toEqual({ "cloudflare.edge_end_timestamp": 1795213241901987654n, "cloudflare.datetime": "2026-11-20" });
  });
});

describe("a row", () => {
  test("of http_requests has each of its fields once, and not in the body as well", () => {
    const row = {
      RayID: "7d2a",
      ClientRequestMethod: "GET",
      ClientRequestHost: "a.example",
      ClientRequestURI: "/p?q=1",
      ClientRequestScheme: "https",
      EdgeResponseStatus: 404,
      WAFAttackScore: 96,
      SecurityRuleIDs: ["r1"],
    };
    expect(decodeRows([row]).records[0]).toMatchObject({
      body: "GET https://a.example/p?q=1",
      severityNumber: 13,
      attributes: {
        "cloudflare.ray_id": "7d2a",
        "http.request.method": "GET",
        "server.address": "a.example",
        "url.scheme": "https",
        "url.path": "/p",
        "url.query": "q=1",
        "http.response.status_code": 404,
        "cloudflare.waf_attack_score": 96,
        "cloudflare.security_rule_ids": ["r1"],
      },
    });
  });

  test.each([
    [200, 9],
    [304, 9],
    [404, 13],
    [503, 17],
    [0, 0],
    [undefined, 0],
  ])("with status %s is of severity %i", (EdgeResponseStatus, severity) => {
    expect(decodeRows([{ RayID: "7d2a", EdgeResponseStatus }]).records[0]?.severityNumber).toBe(severity);
  });

  test("of any dataset keeps its fields, typed, under cloudflare.*", () => {
    const row = {
      QueryName: "a.example",
      ResponseCached: true,
      QueryType: 28,
      Ratio: 0.5,
      Labels: ["a", "b"],
      Answer: { ttl: 60 },
      Empty: "",
      None: null,
      Nothing: [],
      Timestamp: 1795213241,
    };
    expect(decodeRows([row], { dataset: "dns_logs" }).records[0]).toMatchObject({
      body: "a.example",
      attributes: {
        "cloudflare.logpush.dataset": "dns_logs",
        "cloudflare.query_name": "a.example",
        "cloudflare.response_cached": true,
        "cloudflare.query_type": 28,
        "cloudflare.ratio": 0.5,
        "cloudflare.labels": ["a", "b"],
        "cloudflare.answer": { ttl: 60 },
      },
    });
    expect(Object.keys(decodeRows([row]).records[0]?.attributes ?? {})).toHaveLength(6);
  });

  test("of another layout than the one before it is not mixed up with it", () => {
    const rows = [
      { A: 1, B: 2 },
      { B: 3, A: 4 },
      { A: 5, B: 6, C: 7 },
      { A: 8, B: 9 },
    ];
    expect(decodeRows(rows).records.map(({ attributes }) => attributes)).toEqual(
      rows.map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [`cloudflare.${key.toLowerCase()}`, value]))),
    );
  });

  test("whose field names become one keeps both values", () => {
    const { records } = decodeRows([{ RayID: "a", ray_id: "b", RayId: "c", Asn: 1, ClientASN: 2 }]);
    expect(Object.values(records[0]?.attributes ?? {}).sort()).toEqual(["a", "b", "c", 1, 2].sort());
  });

  test("with fields of other types than documented keeps them, each once", () => {
    const row = {
      ClientRequestPath: 5,
      ClientRequestURI: "/x",
      ClientRequestQuery: [1],
      EdgeResponseStatus: "teapot",
      ClientCountry: "T1",
      ClientRegionCode: 7,
      ClientRequestProtocol: 2,
      ZoneName: 9,
      RequestHeaders: "none",
      clientRequestPath: "p",
    };
    expect(decodeRows([row]).records[0]?.attributes).toEqual({
      "cloudflare.client_request_path": 5,
      "url.path": "/x",
      "cloudflare.client_request_query": [1],
      "cloudflare.edge_response_status": "teapot",
      "cloudflare.client_country": "T1",
      "cloudflare.client_region_code": 7,
      "cloudflare.client_request_protocol": 2,
      "cloudflare.zone_name": 9,
      "cloudflare.request_headers": "none",
      "cloudflare.logpush.clientRequestPath": "p",
    });
  });

  test("joins the rows of its zone, which is its service", () => {
    const { batches, records } = decodeRows([
      { ZoneName: "a.example" },
      { ZoneName: "b.example" },
      { ZoneName: "a.example" },
      { RayID: "x" },
    ]);
    expect(batches.flatMap(({ resourceLogs }) => resourceLogs)).toHaveLength(3);
    expect(records.map(({ resource }) => [resource["service.name"], resource["cloudflare.zone"]])).toEqual([
      ["a.example", "a.example"],
      ["a.example", "a.example"],
      ["b.example", "b.example"],
      ["cloudflare", undefined],
    ]);
  });

  test("that carries the request's headers belongs to their trace and session", () => {
    const RequestHeaders = { traceparent: `00-${"a".repeat(32)}-00f067aa0ba902b7-01`, "x-highlight-request": "sess/req" };
    expect(decodeRows([{ RayID: "7d2a", RequestHeaders }]).records[0]).toMatchObject({
      traceId: "a".repeat(32),
      attributes: { "highlight.session_id": "sess", "highlight.trace_id": "req", "http.request.header.x-highlight-request": ["sess/req"] },
    });
  });
});

describe("workers_trace_events", () => {
  const event = {
    RayID: "57d55f210d7b95f3-SJC",
    Request: { Method: "GET", URL: "https://shop.example.com/cart" },
    Response: { Status: 200 },
  };
  const row = {
    CPUTimeMs: 3,
    WallTimeMs: 41,
    Event: event,
    EventTimestampMs: 1795213241869,
    EventType: "fetch",
    Exceptions: [{ Name: "Error", Message: "late", TimestampMs: 1795213241871 }],
    Logs: [{ Level: "warn", Message: ["slow", { ms: 812 }], TimestampMs: 1795213241870 }],
    Outcome: "ok",
    ScriptName: "shop",
  };

  test("give the records that a tail gives", () => {
    const item = traceItem({
      event: {
        request: { method: "GET", url: "https://shop.example.com/cart", headers: { "cf-ray": "57d55f210d7b95f3-SJC" } },
        response: { status: 200 },
      },
      executionModel: undefined,
      logs: [log("warn", "slow", { ms: 812 })],
      exceptions: [{ name: "Error", message: "late", timestamp: 1795213241871 }],
    });
    const withoutScope = (records: readonly object[]) => records.map((record) => ({ ...record, scope: "" }));
    expect(withoutScope(decodeRows([row]).records)).toEqual(withoutScope(decodeItems([item]).records));
  });

  test("have no invocation record when those are off, and keep JSON texts when asked", () => {
    const Logs = [{ Level: "log", Message: ['{"a":1}'], TimestampMs: 1795213241870 }];
    const { records } = decodeRows([{ ...row, Exceptions: [], Logs }], { invocationLogs: false, parseJsonMessages: false });
    expect(records.map(({ body, attributes }) => [body, attributes["a"]])).toEqual([['{"a":1}', undefined]]);
    expect(decodeRows([{ ...row, Exceptions: [], Logs: [] }], { invocationLogs: false })).toMatchObject({ records: [], filtered: 1 });
  });

  test("say where Logpush cut something", () => {
    const cut = {
      ...row,
      Logs: [{ Level: "log", Message: ["x <<<Logpush: messages truncated>>>"], TimestampMs: 1 }],
      Exceptions: [{ Name: "Error", Message: "y <<<Logpush: exception messages truncated>>>", TimestampMs: 1 }],
    };
    expect(decodeRows([cut]).records.map(({ attributes }) => attributes["cloudflare.truncated"])).toEqual([undefined, true, true]);
  });

  test("keep fields that nobody documents", () => {
    const { records } = decodeRows([
      {
        ...row,
        Placement: "smart",
        Event: { ...event, Colo: "AMS" },
        Logs: [{ ...row.Logs[0], Source: "x.js" }],
        Exceptions: [{ ...row.Exceptions[0], Cause: "y" }],
      },
    ]);
    expect(records[0]?.attributes).toMatchObject({ "cloudflare.trace_event": { placement: "smart" }, "cloudflare.event": { colo: "AMS" } });
    expect(records[1]?.attributes["cloudflare.log.fields"]).toEqual({ source: "x.js" });
    expect(records[2]?.attributes["cloudflare.exception.fields"]).toEqual({ cause: "y" });
  });

  test("are told from other datasets by their fields, or by the dataset's name", () => {
    expect(decodeRows([{ EventType: "pageview", URL: "https://a.example/", Timestamp: 1795213241 }]).records[0]?.eventName).toBe("");
    expect(decodeRows([{ Outcome: "ok", EventType: "fetch" }], { dataset: "workers_trace_events" }).records[0]?.eventName).toBe(
      "cloudflare.invocation",
    );
    expect(decodeRows([row], { dataset: "http_requests" }).records).toHaveLength(1);
  });

  test("keep broken logs raw beside the good ones", () => {
    const { records, malformed } = decodeRows([{ ...row, Logs: ["text", ...row.Logs], Exceptions: "none" }]);
    expect(malformed).toBe(2);
    expect(records.map(({ body }) => body)).toEqual(["GET https://shop.example.com/cart", "text", "slow", "none"]);
  });
});

test("a failure or a note holds nothing of the payload", () => {
  const { batches } = decodeRows(['{"secret":"s3cr3t"', { RayID: "a" }]);
  const marks = batches.flatMap(({ resourceLogs }) =>
    resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords.flatMap(({ attributes }) => attributes))),
  );
  expect(textOfAll(marks.filter(({ key }) => key === "otlp_drain.decode_error"))).not.toContain("s3cr3t");
});
