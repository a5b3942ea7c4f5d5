import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { isSecretHeader, redactUrl } from "../../../core/read/cloudflare/redaction.ts";
import { decodeItems, log, requestItem, textOfAll, traceItem } from "./cloudflare-decode.ts";

const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN_ID = "00f067aa0ba902b7";
const TRACEPARENT = `00-${TRACE_ID}-${SPAN_ID}-01`;

describe("redaction", () => {
  const pairs = JSON.parse(readFileSync(new URL("../../fixtures/cloudflare-redaction-pairs.json", import.meta.url), "utf8")) as {
    readonly urls: readonly { readonly raw: string; readonly redacted: string }[];
    readonly headers: readonly { readonly name: string; readonly redacted: boolean }[];
  };
  test.each(pairs.urls)("of $raw is what the runtime makes of it", ({ raw, redacted }) => {
    expect(redactUrl(raw)).toBe(redacted);
    expect(redactUrl(redacted)).toBe(redacted);
  });
  test.each(pairs.headers)("of header $name: $redacted", ({ name, redacted }) => {
    expect(isSecretHeader(name)).toBe(redacted);
  });
});

describe("the request of an invocation", () => {
  const request = {
    url: "https://user:pass@shop.example.com:8443/cart/7?item=7&x=%20#part",
    method: "POST",
    headers: { "User-Agent": "curl/8", "cf-connecting-ip": "192.0.2.44", "x-request-id": "r-1", authorization: "Bearer z", cookie: "a=b" },
    cf: {
      asn: 64500,
      colo: "AMS",
      country: "NL",
      continent: "EU",
      city: "Amsterdam",
      regionCode: "NH",
      httpProtocol: "HTTP/3",
      tlsVersion: "TLSv1.3",
      latitude: "52.37",
      postalCode: "1011",
      tlsClientRandom: "c2VjcmV0",
      tlsExportedAuthenticator: { clientFinished: "651c19" },
      tlsClientAuth: { certSubjectDN: "CN=someone" },
    },
  };
  const item = traceItem({ event: { request, response: { status: 201 } } });

  test("is described by the semantic conventions", () => {
    const record = decodeItems([item]).records[0];
    expect(record?.body).toBe("POST https://REDACTED:REDACTED@shop.example.com:8443/cart/7?item=7&x=%20#part");
    expect(record?.attributes).toEqual({
      "cloudflare.handler_type": "fetch",
      "faas.trigger": "http",
      "cloudflare.outcome": "ok",
      "cloudflare.execution_model": "stateless",
      "http.request.method": "POST",
      "url.full": "https://REDACTED:REDACTED@shop.example.com:8443/cart/7?item=7&x=%20#part",
      "url.scheme": "https",
      "url.path": "/cart/7",
      "url.query": "item=7&x=%20",
      "server.address": "shop.example.com",
      "server.port": 8443,
      "http.response.status_code": 201,
      "user_agent.original": "curl/8",
      "network.protocol.name": "http",
      "network.protocol.version": "3",
      "tls.protocol.name": "tls",
      "tls.protocol.version": "1.3",
      "cloudflare.colo": "AMS",
      "cloudflare.asn": 64500,
      "geo.country.iso_code": "NL",
      "geo.continent.code": "EU",
      "geo.locality.name": "Amsterdam",
      "geo.region.iso_code": "NL-NH",
      "cloudflare.cpu_time": 3,
      "cloudflare.wall_time": 41,
    });
  });

  test("shows the visitor's address and headers only when asked, and never a secret one", () => {
    const options = { clientAddress: true, headerAllowList: ["X-Request-Id", "authorization", "x-missing"] };
    expect(decodeItems([item], options).records[0]?.attributes).toMatchObject({
      "client.address": "192.0.2.44",
      "http.request.header.x-request-id": ["r-1"],
      "http.request.header.authorization": ["REDACTED"],
    });
    expect(textOfAll(decodeItems([item], options).records)).not.toMatch(/Bearer z|a=b|c2VjcmV0|651c19|CN=someone|52\.37|1011/);
  });

  test("of odd URLs keeps them whole", () => {
    const attributesOf = (url: unknown) =>
      decodeItems([traceItem({ event: { request: { url, method: "GET", headers: {} } } })]).records[0]?.attributes;
    expect(attributesOf("not a URL")).toMatchObject({ "url.full": "not a URL" });
    expect(attributesOf("")).not.toHaveProperty("url.full");
    expect(attributesOf("http://[2001:db8::1]:8787?q")).toMatchObject({
      "server.address": "2001:db8::1",
      "server.port": 8787,
      "url.query": "q",
    });
    expect(attributesOf("http://example.com/a?b?c=/d")).toMatchObject({ "url.path": "/a", "url.query": "b?c=/d" });
  });

  test("of 20,000 headers is read in one pass", () => {
    const headers = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`x-flood-${index}`, "v"]));
    const { records } = decodeItems([requestItem({ ...headers, "user-agent": "curl/8" })]);
    expect(records[0]?.attributes["user_agent.original"]).toBe("curl/8");
    expect(Object.keys(records[0]?.attributes ?? {}).length).toBeLessThan(40);
  });
});

describe("the trace of an invocation", () => {
  const logs = [log("log", "a"), log("log", { msg: "b", trace_id: "f".repeat(32) })];
  const exceptions = [{ timestamp: 1795213241871, name: "Error", message: "x" }];

  test("is the request's traceparent, on all records that name none themselves", () => {
    const { records } = decodeItems([requestItem({ traceparent: TRACEPARENT }, { logs, exceptions })]);
    expect(records.map(({ traceId }) => traceId)).toEqual([TRACE_ID, TRACE_ID, "f".repeat(32), TRACE_ID]);
    expect(records[0]).toMatchObject({ spanId: SPAN_ID, flags: 1 });
  });

  test("is not the traceparent when that is switched off, or invalid", () => {
    expect(decodeItems([requestItem({ traceparent: TRACEPARENT })], { traceparent: false }).records[0]?.traceId).toBe("");
    for (const traceparent of [
      `00-${"0".repeat(32)}-${SPAN_ID}-01`,
      `ff-${TRACE_ID}-${SPAN_ID}-01`,
      "nonsense",
      TRACEPARENT.toUpperCase(),
    ]) {
      expect(decodeItems([requestItem({ traceparent })]).records[0]).toMatchObject({ traceId: "", spanId: "" });
    }
  });
});

describe("the browser session of an invocation", () => {
  const correlationOf = (headers: Readonly<Record<string, string>>) => {
    const { records } = decodeItems([requestItem(headers, { logs: [log("log", "a")] })]);
    const [first, second] = records.map(({ attributes, traceId }) => [
      attributes["highlight.session_id"],
      traceId,
      attributes["highlight.trace_id"],
    ]);
    expect(second).toEqual(first);
    return first;
  };
  test.each([
    ["abc123/cadbc7a427cc836727783c887b329f44", "abc123", "cadbc7a427cc836727783c887b329f44", undefined],
    ["abc/ABCDEF0123456789ABCDEF0123456789", "abc", "abcdef0123456789abcdef0123456789", undefined],
    ["abc/x7Yt09QpLm", "abc", "", "x7Yt09QpLm"],
    [" abc/ ", "abc", "", undefined],
    ["abc", "abc", "", undefined],
    ["abc/x1, def/y2", "abc", "", "x1"],
    ["/x", undefined, "", undefined],
    ["", undefined, "", undefined],
    ["a b/c", undefined, "", undefined],
    [`abc/${"0".repeat(32)}`, "abc", "", undefined],
  ])("from x-highlight-request %j", (value, session, traceId, requestId) => {
    expect(correlationOf({ "x-highlight-request": value })).toEqual([session, traceId, requestId]);
  });

  test("is found whatever the case of the header's name", () => {
    expect(correlationOf({ "X-Highlight-Request": "abc/x1" })).toEqual(["abc", "", "x1"]);
  });

  test("comes from baggage when the header is missing", () => {
    expect(correlationOf({ baggage: "k=v;p=1, x-highlight-request=abc%2Fx1 ,z=1" })).toEqual(["abc", "", "x1"]);
    expect(correlationOf({ baggage: "x-highlight-request=def%2Fy2", "x-highlight-request": "abc/x1" })).toEqual(["abc", "", "x1"]);
    expect(correlationOf({ baggage: "x-highlight-request=%E0%A4%A" })).toEqual([undefined, "", undefined]);
  });

  test("does not replace a better trace", () => {
    expect(correlationOf({ "x-highlight-request": `abc/${"e".repeat(32)}`, traceparent: TRACEPARENT })).toEqual([
      "abc",
      TRACE_ID,
      "e".repeat(32),
    ]);
    expect(correlationOf({ "x-highlight-request": `abc/${TRACE_ID}`, traceparent: TRACEPARENT })).toEqual(["abc", TRACE_ID, undefined]);
    expect(correlationOf({ "x-highlight-request": "abc/x1", traceparent: TRACEPARENT })).toEqual(["abc", TRACE_ID, "x1"]);
  });

  test("of the line itself is the better one", () => {
    const logs = [log("log", { msg: "a", "highlight.session_id": "own" }), log("log", "b")];
    const { records } = decodeItems([requestItem({ "x-highlight-request": "abc/x1" }, { logs })], { invocationLogs: false });
    expect(records.map(({ attributes }) => attributes["highlight.session_id"])).toEqual(["own", "abc"]);
  });
});
