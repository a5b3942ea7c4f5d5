// The receiver is what the delivery tests trust, so each behaviour is checked here with plain `fetch`, and once with the SDK's own exporter.
import { gzipSync } from "node:zlib";
import { fromBinary, fromJsonString } from "@bufbuild/protobuf";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { LoggerProvider, SimpleLogRecordProcessor } from "@opentelemetry/sdk-logs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type AttributeInit, encodeOracle } from "./oracle.ts";
import { responseSchema, statusSchema } from "./otlp-messages.ts";
import * as act from "./receiver.ts";

const PROTOBUF = { "content-type": "application/x-protobuf" };
const JSON_TYPE = { "content-type": "application/json" };
const HALF_TRACE_ID = new Uint8Array(8).fill(1);

let receiver: act.Receiver;
beforeEach(async () => {
  receiver = await act.startReceiver();
});
afterEach(() => receiver.close());

function requestOf(...bodies: string[]): Uint8Array<ArrayBuffer> {
  const logRecords = bodies.map((value) => ({ body: { value: { case: "stringValue" as const, value } } }));
  return encodeOracle({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
}

function post(body: BodyInit, headers: Record<string, string> = PROTOBUF, init: RequestInit = {}): Promise<Response> {
  return fetch(receiver.logsUrl, { method: "POST", body, headers, redirect: "manual", ...init });
}

const bodies = () => receiver.accepted.map(({ body }) => body);
const jsonRequest = `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"a"}}]}]}]}`;

describe("a receiver that behaves well", () => {
  test("takes protobuf and answers with an empty ExportLogsServiceResponse", async () => {
    const response = await post(requestOf("a", "b"));
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/x-protobuf");
    expect(fromBinary(responseSchema, new Uint8Array(await response.arrayBuffer())).partialSuccess).toBeUndefined();
    expect(bodies()).toEqual(["a", "b"]);
  });

  test("takes gzipped JSON and answers in JSON", async () => {
    const response = await post(gzipSync(jsonRequest), { ...JSON_TYPE, "content-encoding": "gzip" });
    expect([response.status, response.headers.get("content-type"), await response.text()]).toEqual([200, "application/json", "{}"]);
    expect(receiver.requests[0]).toMatchObject({ encoding: "json", behaviour: "ok", bytes: new TextEncoder().encode(jsonRequest) });
    expect(bodies()).toEqual(["a"]);
  });

  test("takes what the SDK's own exporter sends", async () => {
    const exporter = new OTLPLogExporter({ url: receiver.logsUrl.href });
    const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] });
    provider.getLogger("sdk").emit({ body: "from the SDK", severityNumber: 9 });
    await provider.shutdown();
    expect(receiver.accepted).toMatchObject([{ scope: "sdk", body: "from the SDK", severityNumber: 9 }]);
    expect(receiver.violations).toEqual([]);
  });
});

describe("what a collector refuses is answered so and listed as a violation", () => {
  const recordOf = (record: object) => encodeOracle({ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] });
  test.each([
    ["a wrong media type", 415, "content type text/plain", () => post("a", { "content-type": "text/plain" })],
    ["an unknown content encoding", 415, "content encoding br", () => post(requestOf("a"), { ...PROTOBUF, "content-encoding": "br" })],
    ["damaged gzip", 400, "unreadable", () => post("no gzip", { ...PROTOBUF, "content-encoding": "gzip" })],
    ["truncated protobuf", 400, "unreadable", () => post(requestOf("abc").slice(0, -1))],
    ["a trace id of 8 bytes", 400, "trace id of 8 bytes", () => post(recordOf({ traceId: HALF_TRACE_ID }))],
    ["a span id of 16 bytes", 400, "span id of 16 bytes", () => post(recordOf({ spanId: new Uint8Array(16) }))],
    [
      "a span id of 8 hex digits",
      400,
      "span id of 4 bytes",
      () => post(jsonRequest.replace(`"body"`, `"spanId":"01020304","body"`), JSON_TYPE),
    ],
    ["an unknown JSON field", 400, "unreadable", () => post(jsonRequest.replace(`"body"`, `"nonsense":1,"body"`), JSON_TYPE)],
    ["an unknown protobuf field", 400, "unknown field resourceLogs.0#99", () => post(Uint8Array.of(0x0a, 3, 0x98, 0x06, 1))],
    ["another path", 404, "no such path", () => fetch(new URL("/v1/traces", receiver.url), { method: "POST", body: "" })],
    ["GET", 405, "only POST", () => fetch(receiver.logsUrl)],
  ])("%s", async (_, code, violation, send) => {
    const response = await send();
    await response.arrayBuffer();
    expect(response.status).toBe(code);
    expect(receiver.violations).toEqual([expect.stringContaining(violation)]);
    expect(receiver.requests).toEqual([]);
    expect(receiver.accepted).toEqual([]);
  });
});

describe("behaviours", () => {
  test("status answers a google.rpc.Status in the request's encoding, and Retry-After", async () => {
    receiver.behave(act.status(503, { retryAfter: 7 }));
    const protobuf = await post(requestOf("a"));
    expect([protobuf.status, protobuf.headers.get("retry-after")]).toEqual([503, "7"]);
    expect(fromBinary(statusSchema, new Uint8Array(await protobuf.arrayBuffer()))).toMatchObject({ code: 14, message: "scripted" });
    const json = await post(jsonRequest, JSON_TYPE);
    expect(fromJsonString(statusSchema, await json.text()).code).toBe(14);
    expect(receiver.requests.map(({ behaviour }) => behaviour)).toEqual(["status", "status"]);
    expect(receiver.accepted).toEqual([]);
  });

  test("status answers any body when told", async () => {
    receiver.behave(act.status(500, { body: "oops", contentType: "text/plain" }));
    const response = await post(requestOf("a"));
    expect([response.status, response.headers.get("content-type"), await response.text()]).toEqual([500, "text/plain", "oops"]);
  });

  test("partialSuccess takes all but the last ones and says how many it refused", async () => {
    receiver.behave(act.partialSuccess(1, "too old"));
    const response = await post(requestOf("a", "b", "c"));
    const { partialSuccess } = fromBinary(responseSchema, new Uint8Array(await response.arrayBuffer()));
    expect(partialSuccess).toMatchObject({ rejectedLogRecords: 1n, errorMessage: "too old" });
    expect(bodies()).toEqual(["a", "b"]);
    expect(receiver.rejected.map(({ body }) => body)).toEqual(["c"]);
    const json = await post(jsonRequest, JSON_TYPE);
    expect(await json.json()).toEqual({ partialSuccess: { rejectedLogRecords: "1", errorMessage: "too old" } });
  });

  test("html200 and redirect take nothing", async () => {
    receiver.behave([act.html200(), act.redirect(301, "/elsewhere")]);
    const html = await post(requestOf("a"));
    expect([html.status, html.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    const moved = await post(requestOf("a"));
    expect([moved.status, moved.headers.get("location")]).toEqual([301, "/elsewhere"]);
    expect(receiver.accepted).toEqual([]);
  });

  test.each([
    ["reset", act.reset(), []],
    ["halfClose", act.halfClose(), []],
    ["resetAfterAccept", act.resetAfterAccept(), ["a"]],
  ] as const)("%s leaves the client without an answer", async (_, behaviour, taken) => {
    receiver.behave(behaviour);
    await expect(post(requestOf("a"))).rejects.toThrow("fetch failed");
    expect(bodies()).toEqual(taken);
  });

  test("truncatedResponse takes the records, says 200, and dies inside the body", async () => {
    receiver.behave(act.truncatedResponse());
    const response = await post(requestOf("a"));
    expect(response.status).toBe(200);
    await expect(response.arrayBuffer()).rejects.toThrow();
    expect(bodies()).toEqual(["a"]);
  });

  test("hang never answers, and close() ends it", async () => {
    receiver.behave(act.hang());
    const outcome = post(requestOf("a")).then(
      () => "answered",
      () => "ended",
    );
    await receiver.waitForRequests(1);
    await receiver.close();
    expect(await outcome).toBe("ended");
    expect(receiver.accepted).toEqual([]);
  });

  test("delay behaves as told afterwards, and close() does not wait for it", async () => {
    receiver.behave([act.delay(20, act.status(429)), act.delay(3_600_000)]);
    const startedAt = performance.now();
    expect((await post(requestOf("a"))).status).toBe(429);
    expect(performance.now() - startedAt).toBeGreaterThan(15);
    const late = post(requestOf("b")).catch(() => "ended");
    await receiver.waitForRequests(2);
    await receiver.close();
    expect(await late).toBe("ended");
  });

  test("rejectIf refuses the whole request for one record", async () => {
    receiver.behave(act.rejectIf(({ body }) => body === "poison"));
    expect((await post(requestOf("a", "poison"))).status).toBe(400);
    expect((await post(requestOf("a"))).status).toBe(200);
    expect(bodies()).toEqual(["a"]);
  });

  test("tooLargeIf counts bytes after inflating", async () => {
    receiver.behave(act.tooLargeIf(1000));
    const large = requestOf("x".repeat(2000));
    expect((await post(gzipSync(large), { ...PROTOBUF, "content-encoding": "gzip" })).status).toBe(413);
    expect((await post(requestOf("a"))).status).toBe(200);
  });

  test("a list is used up one by one, then all is well", async () => {
    receiver.behave([act.status(503), act.status(502)]);
    const statuses = [];
    for (const body of ["a", "b", "c"]) statuses.push((await post(requestOf(body))).status);
    expect(statuses).toEqual([503, 502, 200]);
  });

  test("a function may wait and sees the request; when it throws, that is a violation", async () => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    receiver.behave(async ({ records }, index) => {
      if (index > 0) throw new Error("test bug");
      await gate;
      return act.status(records.length === 2 ? 418 : 200);
    });
    const pending = post(requestOf("a", "b"));
    await receiver.waitForRequests(1);
    expect(receiver.requests[0]?.behaviour).toBe("undecided");
    open();
    expect((await pending).status).toBe(418);
    expect((await post(requestOf("c"))).status).toBe(500);
    expect(receiver.violations).toEqual([expect.stringContaining("test bug")]);
  });

  test("clear forgets requests and script; a closed port can be taken again", async () => {
    receiver.behave(act.status(503));
    await post(requestOf("a"));
    receiver.clear();
    expect((await post(requestOf("b"))).status).toBe(200);
    expect(receiver.requests).toHaveLength(1);
    await receiver.close();
    await expect(post(requestOf("c"))).rejects.toThrow();
    const again = await act.startReceiver({ port: receiver.port });
    expect((await post(requestOf("d"))).status).toBe(200);
    await again.close();
  });
});

test("attributes reach the flattened records", async () => {
  const attributes: AttributeInit[] = [{ key: "n", value: { value: { case: "intValue", value: 5n } } }];
  await post(encodeOracle({ resourceLogs: [{ resource: { attributes }, scopeLogs: [{ logRecords: [{ attributes }] }] }] }));
  expect(receiver.accepted).toMatchObject([{ resource: { n: 5 }, attributes: { n: 5 } }]);
});
