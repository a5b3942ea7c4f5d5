// The leaf finder is the judge of "nothing is lost": it must see what is gone, and accept every honest other form.
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { LogRecord } from "../../core/otlp/model.ts";
import { encodeProtobuf } from "../../core/otlp/protobuf.ts";
import { type Consumed, findLeaves, findLostLeaves } from "./leaves.ts";
import { decodeOracle } from "./oracle.ts";
import { toUnixNanos } from "./times.ts";

const bytesOf = (payload: unknown) => new TextEncoder().encode(typeof payload === "string" ? payload : JSON.stringify(payload));

function lostOf(payload: unknown, record: Partial<LogRecord>, consumed?: Consumed, used?: Set<string>): string[] {
  const message = decodeOracle(encodeProtobuf([{ scopeLogs: [{ logRecords: [{ attributes: [], ...record }] }] }]));
  return findLostLeaves(findLeaves(bytesOf(payload)), message, consumed, used);
}

describe("findLeaves", () => {
  const paths = (payload: string | Uint8Array) =>
    findLeaves(typeof payload === "string" ? bytesOf(payload) : payload).map(({ path, text }) => `${path}=${text}`);

  test("walks arrays, NDJSON, single objects and text, with paths inside the item", () => {
    expect(paths('[{"a":{"b":["x",2]}},{"c":null,"d":true,"e":" "}]')).toEqual(["a/b/0=x", "a/b/1=2"]);
    expect(paths('{"a":1}\n{"a":2}\n')).toEqual(["a=1", "a=2"]);
    expect(paths("GET /x\nnot json")).toEqual(["text=GET /x", "text=not json"]);
    expect(paths(gzipSync('{"a":"zipped"}'))).toEqual(["a=zipped"]);
  });

  test("keeps the digits of a number as they were written", () => {
    expect(paths('{"a":12345678901234567890,"b":1.50}')).toEqual(["a=12345678901234567890", "b=1.50"]);
  });
});

describe("findLostLeaves", () => {
  test("names a string, a number and a rounded number that are gone", () => {
    expect(lostOf({ a: "gone away", n: 42 }, {})).toEqual(["a = gone away", "n = 42"]);
    expect(lostOf('{"id":9007199254740993}', { body: 9_007_199_254_740_992 })).toEqual(["id = 9007199254740993"]);
  });

  test("does not take a short text or a number for found because it stands inside another", () => {
    expect(lostOf({ a: "ok", n: 20 }, { body: "look 200" })).toEqual(["a = ok", "n = 20"]);
  });

  test.each<[string, unknown, Partial<LogRecord>]>([
    ["a value inside a nested map", { a: "x" }, { attributes: [{ key: "m", value: { deep: ["x"] } }] }],
    ["a number kept as text", { n: 200 }, { attributes: [{ key: "n", value: "200" }] }],
    ["text of a number kept as a number", { n: "200" }, { attributes: [{ key: "n", value: 200 }] }],
    ["a double", '{"n":1.50}', { body: 1.5 }],
    ["an int64 beyond 2^53", '{"n":9007199254740993}', { body: 9_007_199_254_740_993n }],
    ["an integer beyond int64 as text", '{"n":123456789012345678901}', { body: "123456789012345678901" }],
    ["milliseconds", { t: 1_573_817_250_283 }, { timeUnixNano: 1_573_817_250_283_000_000n }],
    ["seconds with a fraction", '{"t":1573817250.283}', { timeUnixNano: 1_573_817_250_283_000_000n }],
    ["RFC 3339 with nanoseconds", { t: "2023-06-27T01:19:11.789045558Z" }, { timeUnixNano: 1_687_828_751_789_045_558n }],
    ["a trace id in upper case", { id: "0AF7651916CD43DD8448EB211C80319C" }, { traceId: "0af7651916cd43dd8448eb211c80319c" }],
    [
      "a traceparent",
      { tp: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
      { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" },
    ],
    ["a text without its colours", { m: "\u001b[31mred\u001b[0m" }, { body: "red" }],
    ["a lone surrogate", '{"m":"x\\ud800"}', { body: "x\ufffd" }],
    ["a severity word of another case", { level: "WARN" }, { severityText: "warn" }],
    ["a numeric level", { level: 50 }, { severityNumber: 17, severityText: "error" }],
    ["a path split at its query", { path: "/api/users?page=1" }, { body: "/api/users", attributes: [{ key: "q", value: "page=1" }] }],
    [
      "JSON in a string, spread over attributes",
      { message: '{"msg":"it works","user":{"id":7},"level":30}' },
      { body: "it works", severityNumber: 9, attributes: [{ key: "user", value: { id: 7 } }] },
    ],
    [
      "a line whose prefix was lifted",
      { m: 'level=warn msg="disk is full" free=3' },
      { severityText: "warn", body: "disk is full", attributes: [{ key: "free", value: 3 }] },
    ],
  ])("accepts %s", (_, payload, record) => {
    expect(lostOf(payload, record)).toEqual([]);
  });

  test("names what is gone from JSON in a string, and words that are gone from a line", () => {
    expect(lostOf({ message: '{"msg":"it works","user":7}' }, { body: "it works" })).toEqual(["message/user = 7"]);
    expect(lostOf("disk is full", { body: "disk is" })).toEqual(["text = disk is full"]);
    expect(lostOf({ t: "2023-06-27T01:19:11.789045558Z" }, { timeUnixNano: 1_687_828_751_789_000_000n })).toHaveLength(1);
  });

  test("skips what is consumed, demands what a rule gives instead, and notes which rules were used", () => {
    const used = new Set<string>();
    const consumed: Consumed = {
      "proxy/*/secret": "redacted on purpose",
      "**/joined": ({ text }) => text.split("+"),
      kind: ({ item }) => ((item as { skip?: unknown }).skip === true ? [] : undefined),
      "never/there": "stale",
    };
    const payload = [{ proxy: { a: { secret: "s3cret" } }, x: { joined: "one+two" }, kind: "metric", skip: true }, { kind: "log" }];
    expect(lostOf(payload, { body: "one" }, consumed, used)).toEqual(["x/joined = two", "kind = log"]);
    expect([...used]).toEqual(["proxy/*/secret", "**/joined", "kind"]);
  });
});

test("toUnixNanos reads digits without a float", () => {
  expect(toUnixNanos("1573817250283")).toContain("1573817250283000000");
  expect(toUnixNanos("1687828751.789045558")).toContain("1687828751789045558");
  expect(toUnixNanos("2023-06-27 03:19:11,789+0200")).toEqual(["1687828751789000000"]);
  expect(toUnixNanos("no time")).toEqual([]);
  expect(toUnixNanos("2023-13-45T00:00:00Z")).toEqual([]);
});
