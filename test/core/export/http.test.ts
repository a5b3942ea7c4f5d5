import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Attempt, type HttpRequest, parseRetryAfter, postRequest } from "../../../core/export/http.ts";
import { MAX_RESPONSE_BYTES } from "../../../core/limits.ts";
import { encodeProtobuf } from "../../../core/otlp/protobuf.ts";
import { makeLogs } from "../../support/log-records.ts";
import { responseSchema, statusSchema } from "../../support/otlp-messages.ts";
import {
  type Behaviour,
  halfClose,
  hang,
  html200,
  ok,
  partialSuccess,
  type Receiver,
  redirect,
  reset,
  startReceiver,
  status,
  truncatedResponse,
} from "../../support/receiver.ts";

const PROTOBUF = { "content-type": "application/x-protobuf" };
const BODY = encodeProtobuf(makeLogs(["one", "two"]));
const NOW_MS = Date.UTC(2025, 10, 21, 8, 0, 0);
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  vi.restoreAllMocks();
  for (const close of closers.splice(0)) await close();
});

async function open(behaviour: Parameters<Receiver["behave"]>[0] = ok()): Promise<Receiver> {
  const receiver = await startReceiver({ behaviour });
  closers.push(() => receiver.close());
  return receiver;
}

/** A server that is no OTLP receiver at all. */
async function openRaw(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  closers.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/logs`;
}

function post(url: string | URL, request: Partial<HttpRequest> = {}, fetchFunction: typeof fetch = fetch): Promise<Attempt> {
  return postRequest(
    { url: String(url), headers: PROTOBUF, body: BODY, timeoutMs: 5_000, ...request },
    { fetch: fetchFunction, now: () => NOW_MS },
  );
}

async function attempt(behaviour: Behaviour, request: Partial<HttpRequest> = {}): Promise<Attempt> {
  return post((await open(behaviour)).logsUrl, request);
}

describe("a request", () => {
  test("is one POST of the bytes as they are, with the headers as they are", async () => {
    const receiver = await open();
    const url = `${receiver.logsUrl}?tenant=a%20b`;
    await post(url, { headers: { ...PROTOBUF, authorization: "Bearer x", "user-agent": "otlp-drain/1" } });
    expect(receiver.violations).toEqual([]);
    const [request] = receiver.requests;
    expect(receiver.requests.length).toBe(1);
    expect(request).toMatchObject({ method: "POST", url: "/v1/logs?tenant=a%20b" });
    expect(Buffer.compare(request?.wireBytes ?? new Uint8Array(), BODY)).toBe(0);
    expect(request?.headers).toMatchObject({
      authorization: "Bearer x",
      "user-agent": "otlp-drain/1",
      "content-type": PROTOBUF["content-type"],
    });
  });
});

describe("a success is", () => {
  const response = (rejectedLogRecords: bigint, errorMessage: string) =>
    toBinary(responseSchema, create(responseSchema, { partialSuccess: { rejectedLogRecords, errorMessage } }));

  test.each<[string, Behaviour, number, string]>([
    ["an empty ExportLogsServiceResponse", ok(), 0, ""],
    ["an empty body without a media type", status(200, { body: "", contentType: "" }), 0, ""],
    ["202", status(202, { body: "" }), 0, ""],
    ["a partial success", partialSuccess(2, "too old"), 2, "too old"],
    ["a partial success that says nothing", partialSuccess(1, ""), 1, ""],
    ["a warning", status(200, { body: response(0n, "deprecated field") }), 0, "deprecated field"],
    ["{} to a protobuf request", status(200, { body: "{}", contentType: "application/json" }), 0, ""],
    [
      "JSON to a protobuf request, its number as text",
      status(200, {
        body: '{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"no"}}',
        contentType: "application/json; charset=utf-8",
      }),
      3,
      "no",
    ],
    ["JSON with a number", status(200, { body: '{"partialSuccess":{"rejectedLogRecords":3}}', contentType: "application/json" }), 3, ""],
    [
      "JSON with a message only",
      status(200, { body: '{"partialSuccess":{"errorMessage":"slow down"}}', contentType: "application/json" }),
      0,
      "slow down",
    ],
  ])("%s", async (_, behaviour, rejected, message) => {
    expect(await attempt(behaviour)).toEqual({ kind: "delivered", rejected, message });
  });

  test("204", async () => {
    const url = await openRaw((request, answer) => request.resume().on("end", () => answer.writeHead(204).end()));
    expect(await post(url)).toEqual({ kind: "delivered", rejected: 0, message: "" });
  });

  test("gzip-encoded where the destination compresses its answers", async () => {
    const { gzipSync } = await import("node:zlib");
    const url = await openRaw((request, answer) =>
      request.resume().on("end", () => {
        answer.writeHead(200, { "content-type": "application/x-protobuf", "content-encoding": "gzip" });
        answer.end(gzipSync(response(1n, "bad")));
      }),
    );
    expect(await post(url)).toEqual({ kind: "delivered", rejected: 1, message: "bad" });
  });
});

describe("200 from something that is no OTLP receiver is no success:", () => {
  test.each<[string, Behaviour]>([
    ["HTML", html200()],
    ["text", status(200, { body: "ok", contentType: "text/plain" })],
    ["JSON of another kind", status(200, { body: '{"status":"ok"}', contentType: "application/json" })],
    ["a JSON array", status(200, { body: "[]", contentType: "application/json" })],
    ["broken protobuf", status(200, { body: Uint8Array.of(0x0a, 0x7f, 0x01), contentType: "application/x-protobuf" })],
    [
      "more bytes than any answer has",
      status(200, { body: new Uint8Array(MAX_RESPONSE_BYTES + 1), contentType: "application/x-protobuf" }),
    ],
  ])("%s", async (_, behaviour) => {
    const result = await attempt(behaviour);
    expect(result.kind).toBe("refused");
    expect(result).toMatchObject({ detail: expect.stringContaining("200") });
    expect(JSON.stringify(result)).not.toContain("Welcome");
  });
});

describe("a status", () => {
  test.each([429, 502, 503, 504])("%i is worth sending again", async (code) => {
    expect(await attempt(status(code))).toEqual({
      kind: "retryable",
      detail: `the destination answered ${code}: scripted`,
      retryAfterMs: undefined,
    });
  });

  test.each([500, 501, 505, 507, 520, 401, 402, 403, 404, 405, 408])("%i is the operator's or a proxy's fault", async (code) => {
    expect(await attempt(status(code))).toEqual({ kind: "refused", detail: `the destination answered ${code}: scripted` });
  });

  test("407 does not blame the payload, although fetch hides it as a failed connection", async () => {
    expect((await attempt(status(407))).kind).toBe("retryable");
  });

  test("413 is too large", async () => {
    expect(await attempt(status(413))).toEqual({ kind: "too-large", status: 413, message: "scripted" });
  });

  test.each([400, 415, 422, 406, 409, 418, 499])("%i blames the payload", async (code) => {
    expect(await attempt(status(code))).toEqual({ kind: "poison", status: code, message: "scripted" });
  });

  test("carries its Retry-After, as seconds or as a date, when it may be sent again", async () => {
    expect(await attempt(status(503, { retryAfter: 7 }))).toMatchObject({ kind: "retryable", retryAfterMs: 7_000 });
    expect(await attempt(status(429, { retryAfter: "0" }))).toMatchObject({ kind: "retryable", retryAfterMs: 0 });
    expect(await attempt(status(503, { retryAfter: "Fri, 21 Nov 2025 08:00:12 GMT" }))).toMatchObject({ retryAfterMs: 12_000 });
    expect(await attempt(status(503, { retryAfter: "soon" }))).toMatchObject({ kind: "retryable", retryAfterMs: undefined });
  });
});

describe("what the destination says of an error", () => {
  const said = (message: string) => toBinary(statusSchema, create(statusSchema, { code: 3, message }));

  test("is read from a google.rpc.Status in JSON too", async () => {
    const behaviour = status(400, { body: '{"code":3,"message":"no such tenant"}', contentType: "application/json" });
    expect(await attempt(behaviour)).toMatchObject({ message: "no such tenant" });
  });

  test("does not repeat a key of ours that stands in the URL or in a header", async () => {
    const message = "key s%2Fecret-in-url or s/ecret-in-url or Bearer token-of-ours in application/x-protobuf";
    const receiver = await open(status(401, { body: JSON.stringify({ code: 16, message }), contentType: "application/json" }));
    const result = await post(new URL(`${receiver.logsUrl}?key=s%2Fecret-in-url`), {
      headers: { ...PROTOBUF, authorization: "Bearer token-of-ours" },
    });
    expect(result).toMatchObject({ kind: "refused" });
    const { detail } = result as { detail: string };
    expect(detail).toContain("in application/x-protobuf");
    expect(detail).not.toMatch(/ecret-in-url|token-of-ours/);
  });

  test("is one short printable line", async () => {
    const result = await attempt(status(400, { body: said(`line one\nline\u0000\u0007two\u001b[31m\u0085${"x".repeat(1_000)}`) }));
    if (result.kind !== "poison") throw new Error(`it is ${result.kind}`);
    expect(result.message).toMatch(/^line one line two \[31m x+\.\.\.$/);
    expect(result.message.length).toBeLessThanOrEqual(203);
  });

  test.each([
    ["HTML", "<html>secret page</html>", "text/html"],
    ["text", "secret page", "text/plain"],
    ["JSON of another kind", '{"error":"secret page"}', "application/json"],
  ])("is never the body itself: %s", async (_, body, contentType) => {
    expect(JSON.stringify(await attempt(status(400, { body, contentType })))).not.toContain("secret");
    expect(await attempt(status(503, { body, contentType }))).toMatchObject({ detail: "the destination answered 503" });
  });
});

describe("a redirect", () => {
  test.each([301, 302, 303, 300, 304, 307, 308])("by %i to another origin is not followed", async (code) => {
    const elsewhere = await open();
    const receiver = await open(redirect(code, String(elsewhere.logsUrl)));
    const result = await post(receiver.logsUrl);
    expect(result.kind).toBe("refused");
    expect(result).toMatchObject({ detail: expect.stringContaining(`${code}, a redirect`) });
    expect(elsewhere.requests.length).toBe(0);
  });

  test.each([301, 302, 303])("by %i is not followed at home either: a client would make it an empty GET", async (code) => {
    const receiver = await open([redirect(code, "/v1/logs")]);
    expect((await post(receiver.logsUrl)).kind).toBe("refused");
    expect(receiver.requests.length).toBe(1);
    expect(receiver.violations).toEqual([]);
  });

  test.each([307, 308])("by %i at home is followed with method, headers and body", async (code) => {
    const receiver = await open([redirect(code, "/v1/logs?again=1")]);
    expect(await post(receiver.logsUrl, { headers: { ...PROTOBUF, authorization: "Bearer x" } })).toMatchObject({ kind: "delivered" });
    expect(receiver.requests.map(({ method, url, headers }) => [method, url, headers.authorization])).toEqual([
      ["POST", "/v1/logs", "Bearer x"],
      ["POST", "/v1/logs?again=1", "Bearer x"],
    ]);
    expect(receiver.accepted.length).toBe(2);
  });

  test("to the https of the same host is followed", async () => {
    const secure = await open();
    const receiver = await open(redirect(308, `https://127.0.0.1:${secure.port}/v1/logs`));
    // TLS itself is the runtime's business.
    const withoutTls: typeof fetch = (url, init) => fetch(String(url).replace("https:", "http:"), init);
    expect(await post(receiver.logsUrl, {}, withoutTls)).toMatchObject({ kind: "delivered" });
    expect(secure.accepted.length).toBe(2);
  });

  test("from https to http is not followed, lest the headers travel in the open", async () => {
    const plain = await open();
    const receiver = await open(redirect(307, String(plain.logsUrl)));
    const withoutTls: typeof fetch = (url, init) => fetch(String(url).replace("https:", "http:"), init);
    expect((await post(`https://127.0.0.1:${receiver.port}/v1/logs`, {}, withoutTls)).kind).toBe("refused");
    expect(plain.requests.length).toBe(0);
  });

  test("in circles comes to an end", async () => {
    const receiver = await open(redirect(307, "/v1/logs"));
    expect((await post(receiver.logsUrl)).kind).toBe("refused");
    expect(receiver.requests.length).toBe(4);
  });

  test.each(["", "http://[broken", "ftp://127.0.0.1/v1/logs", "HOME-WITH-CREDENTIALS"])("to %j is refused", async (location) => {
    const receiver = await open();
    const credentials = `http://user:secret@127.0.0.1:${receiver.port}/v1/logs`;
    receiver.behave([redirect(307, location === "HOME-WITH-CREDENTIALS" ? credentials : location)]);
    // An empty Location is the very same URL.
    expect((await post(receiver.logsUrl)).kind).toBe(location === "" ? "delivered" : "refused");
  });

  test("without a Location is refused", async () => {
    expect((await attempt(status(308, { body: "" }))).kind).toBe("refused");
  });
});

describe("a connection that fails is worth another try:", () => {
  test.each<[string, () => Behaviour]>([
    ["reset", reset],
    ["closed without an answer", halfClose],
  ])("%s", async (_, behaviour) => {
    const result = await attempt(behaviour());
    expect(result).toEqual({ kind: "retryable", detail: expect.stringMatching(/^no connection: [A-Z_]+$/) });
  });

  test("nobody listens", async () => {
    const receiver = await open();
    await receiver.close();
    const result = await post(`${receiver.logsUrl}?api_key=secret`);
    expect(result).toEqual({ kind: "retryable", detail: "no connection: ECONNREFUSED" });
  });

  test("a success whose answer breaks off, because the destination may not have the records", async () => {
    expect(await attempt(truncatedResponse())).toEqual({ kind: "retryable", detail: "the answer broke off" });
  });

  test("an error whose answer breaks off still has its status", async () => {
    const url = await openRaw((request, answer) =>
      request.resume().on("end", () => {
        answer.writeHead(400, { "content-type": "application/x-protobuf", "content-length": 64 });
        answer.write("x", () => answer.socket?.destroy());
      }),
    );
    expect(await post(url)).toEqual({ kind: "poison", status: 400, message: "" });
  });

  test("something that speaks no HTTP", async () => {
    const { createServer: createTcpServer } = await import("node:net");
    const server = createTcpServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end("220 mail.example ESMTP\r\n"));
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    closers.push(() => new Promise((resolve) => server.close(() => resolve())));
    expect((await post(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/logs`)).kind).toBe("retryable");
  });
});

describe("the time of an attempt", () => {
  test("ends a destination that never answers", async () => {
    expect(await attempt(hang(), { timeoutMs: 40 })).toEqual({ kind: "retryable", detail: "no answer within 40 ms" });
  });

  test("ends an answer that never ends", async () => {
    const url = await openRaw((request, answer) =>
      request.resume().on("end", () => {
        answer.writeHead(200, { "content-type": "application/x-protobuf", "content-length": 64 });
        answer.write("x");
      }),
    );
    expect((await post(url, { timeoutMs: 100 })).kind).toBe("retryable");
  });

  test("ends redirects as well, all together", async () => {
    const url = await openRaw((request, answer) =>
      request.resume().on("end", () => {
        setTimeout(() => answer.writeHead(307, { location: "/v1/logs" }).end(), 60).unref();
      }),
    );
    expect((await post(url, { timeoutMs: 100 })).kind).toBe("retryable");
  });

  test("leaves no timer behind, however the attempt ends", async () => {
    const set = vi.spyOn(globalThis, "setTimeout");
    const clear = vi.spyOn(globalThis, "clearTimeout");
    for (const behaviour of [ok(), status(503), reset(), redirect(301, "/x"), truncatedResponse()]) {
      await attempt(behaviour, { timeoutMs: 4_321 });
    }
    const ours = set.mock.results.filter((_, index) => set.mock.calls[index]?.[1] === 4_321).map(({ value }) => value);
    expect(ours.length).toBe(5);
    const cleared = clear.mock.calls.map(([timer]) => timer);
    expect(ours.every((timer) => cleared.includes(timer))).toBe(true);
  });
});

describe("Retry-After", () => {
  test.each<[string | null, number | undefined]>([
    [null, undefined],
    ["0", 0],
    ["120", 120_000],
    [" 5 ", 5_000],
    ["999999999", 999_999_999_000],
    ["9999999999", undefined],
    ["-1", undefined],
    ["+1", undefined],
    ["1.5", undefined],
    ["1e3", undefined],
    ["0x10", undefined],
    ["5 seconds", undefined],
    ["", undefined],
    ["Infinity", undefined],
    ["Fri, 21 Nov 2025 08:01:00 GMT", 60_000],
    ["Fri, 21 Nov 2025 07:00:00 GMT", 0],
    ["Sat, 29 Feb 2025 08:00:00 GMT", undefined],
    ["Fri, 21 Nov 2025 24:61:00 GMT", undefined],
    ["Fri, 21 nov 2025 08:01:00 GMT", undefined],
    ["Fri, 21 Nov 2025 08:01:00 CET", undefined],
    ["Friday, 21-Nov-25 08:01:00 GMT", undefined],
    ["Fri Nov 21 08:01:00 2025", undefined],
    ["2025-11-21T08:01:00Z", undefined],
  ])("%j is %j ms", (text, ms) => {
    expect(parseRetryAfter(text, NOW_MS)).toBe(ms);
  });

  test("agrees with toUTCString on any date, and is never negative nor broken on any text", () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(1_000_000_000_000), max: new Date(9_000_000_000_000), noInvalidDate: true }), (date) => {
        const ms = parseRetryAfter(date.toUTCString(), NOW_MS);
        expect(ms).toBe(Math.max(0, Math.floor(date.getTime() / 1000) * 1000 - NOW_MS));
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        const ms = parseRetryAfter(text, NOW_MS);
        expect(ms === undefined || (Number.isSafeInteger(ms) && ms >= 0)).toBe(true);
      }),
    );
  });
});
