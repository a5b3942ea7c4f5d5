import { createHmac } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { CONVERSIONS } from "../../../adapters/cli/conversions.ts";
import { type Delivery, SENDERS, type Sender } from "../../../adapters/cli/deliveries.ts";
import { createDrain } from "../../../core/drain.ts";
import { decodeProtobufLogs } from "../../../core/otlp/decode.ts";
import { countRecords, type LogRecord, type ResourceLogs } from "../../../core/otlp/model.ts";

const NOW_MS = 1_795_000_000_000;
const SECRET = "a_secret_of_the_drain_that_is_long_enough";

function senderOf(name: string): Sender {
  const sender = SENDERS.find((one) => one.name === name);
  if (sender === undefined) throw new Error(name);
  return sender;
}

function deliver(name: string, secret: string | undefined = SECRET): Delivery {
  const sender = senderOf(name);
  return sender.deliver(sender.sample(NOW_MS, 0).payload, secret, { nowMs: NOW_MS, compression: sender.compression });
}

function answerOf(status: number, body: string | object = "", contentType = "application/json") {
  return { status, contentType, body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)) };
}

async function decode(source: string, payload: Uint8Array): Promise<readonly ResourceLogs[]> {
  const resourceLogs: ResourceLogs[] = [];
  const drain = createDrain({
    now: () => NOW_MS,
    exporter: {
      async export(batches) {
        for (const batch of batches) resourceLogs.push(...batch);
        return { ok: true, value: { delivered: countRecords(resourceLogs), rejected: 0, notes: [] } };
      },
    },
  });
  const conversion = CONVERSIONS.find(({ name }) => name === source);
  const outcome = await conversion?.deliver(payload, (one, decoded) => drain.deliver(one, decoded, { budgetMs: 1000 }), {});
  expect(outcome).toMatchObject({ ok: true, value: { malformed: 0, filtered: 0 } });
  return resourceLogs;
}

function recordsOf(resourceLogs: readonly ResourceLogs[]): readonly LogRecord[] {
  return resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords));
}

describe("samples", () => {
  test.each([
    ["vercel", "vercel"],
    ["fly", "fly"],
    ["firehose", "cloudwatch"],
    ["logpush", "cloudflare-logpush"],
  ])("of %s are as many records as they say, of now, and none is malformed", async (name, source) => {
    const { payload, records } = senderOf(name).sample(NOW_MS, 0);
    const decoded = recordsOf(await decode(source, payload));
    expect(decoded).toHaveLength(records);
    for (const { timeUnixNano = 0n } of decoded) expect(Math.abs(Number(timeUnixNano / 1_000_000n) - NOW_MS)).toBeLessThan(1000);
  });

  test("of otlp are a request", () => {
    const { payload, records } = senderOf("otlp").sample(NOW_MS, 0);
    const decoded = decodeProtobufLogs(payload);
    expect(decoded.ok && countRecords(decoded.value)).toBe(records);
  });

  test.each(["vercel", "firehose", "logpush"])("of %s differ in their ids from one delivery to the next", async (name) => {
    const ids = (serial: number) =>
      new TextDecoder().decode(senderOf(name).sample(NOW_MS, serial).payload).match(/"(?:id|RayID)":"[^"]+"/g) ?? [];
    const all = [0, 1, 2, 99_999].flatMap(ids);
    expect(all.length).toBeGreaterThanOrEqual(4);
    expect(new Set(all).size).toBe(all.length);
  });
});

describe("vercel", () => {
  test("signs the bytes that travel", () => {
    const { headers, body } = deliver("vercel");
    expect(headers["content-encoding"]).toBe("gzip");
    expect(headers["content-type"]).toBe("application/x-ndjson");
    expect(headers["x-vercel-signature"]).toBe(createHmac("sha1", SECRET).update(body).digest("hex"));
    expect(
      gunzipSync(body)
        .toString()
        .trimEnd()
        .split("\n")
        .map((line) => typeof JSON.parse(line).id),
    ).toEqual(["string", "string", "string"]);
  });

  test("calls an array JSON", () => {
    const { headers } = senderOf("vercel").deliver(Buffer.from(" [{}]"), SECRET, { nowMs: NOW_MS, compression: "none" });
    expect(headers).toMatchObject({ "content-type": "application/json" });
    expect(headers).not.toHaveProperty("content-encoding");
  });

  test("takes 200 alone as a success", () => {
    const { objection } = senderOf("vercel");
    expect(objection(answerOf(200), deliver("vercel"))).toBeUndefined();
    expect(objection(answerOf(204), deliver("vercel"))).toBe("status 204");
  });
});

test("fly sends an array with a bearer token, uncompressed, as Vector 0.29 does", () => {
  const { headers, body } = deliver("fly");
  expect(headers).toEqual({
    "content-type": "application/json",
    "user-agent": expect.stringContaining("Vector/0.29"),
    "accept-encoding": "identity",
    authorization: `Bearer ${SECRET}`,
  });
  expect(JSON.parse(Buffer.from(body).toString())).toHaveLength(2);
  expect(senderOf("fly").objection(answerOf(202), deliver("fly"))).toBeUndefined();
  expect(senderOf("fly").objection(answerOf(503), deliver("fly"))).toBe("status 503");
});

describe("firehose", () => {
  test("holds the gzip of CloudWatch in base64, with the same request id in header and body", () => {
    const { headers, body } = deliver("firehose");
    const request = JSON.parse(gunzipSync(body).toString());
    expect(request.requestId).toBe(headers["x-amz-firehose-request-id"]);
    expect(request.timestamp).toBe(NOW_MS);
    expect(headers["x-amz-firehose-access-key"]).toBe(SECRET);
    expect(JSON.parse(gunzipSync(Buffer.from(request.records[0].data, "base64")).toString())).toMatchObject({
      messageType: "DATA_MESSAGE",
    });
  });

  test("wants 200 and its own request id back", () => {
    const delivery = deliver("firehose");
    const requestId = delivery.headers["x-amz-firehose-request-id"];
    const { objection } = senderOf("firehose");
    expect(objection(answerOf(200, { requestId, timestamp: NOW_MS }), delivery)).toBeUndefined();
    expect(objection(answerOf(202, { requestId, timestamp: NOW_MS }), delivery)).toMatch(/only 200 counts/);
    expect(objection(answerOf(200, { requestId: "other", timestamp: NOW_MS }), delivery)).toMatch(/does not repeat the requestId/);
    expect(objection(answerOf(200, { requestId, timestamp: "now" }), delivery)).toMatch(/no timestamp/);
    expect(objection(answerOf(200, "OK"), delivery)).toMatch(/does not repeat the requestId/);
  });
});

describe("otlp", () => {
  test("tells JSON from protobuf by itself", () => {
    const type = (payload: Uint8Array<ArrayBuffer>) =>
      senderOf("otlp").deliver(payload, undefined, { nowMs: NOW_MS, compression: "none" }).headers["content-type"];
    expect(type(Buffer.from('\n {"resourceLogs":[]}'))).toBe("application/json");
    expect(type(senderOf("otlp").sample(NOW_MS, 0).payload)).toBe("application/x-protobuf");
    // A length that is the code of `{`.
    expect(type(Buffer.concat([Buffer.from([0x0a, 0x7b]), Buffer.alloc(0x7b)]))).toBe("application/x-protobuf");
  });

  test("sees rejected records and answers of other servers", () => {
    const { objection } = senderOf("otlp");
    expect(objection(answerOf(200, {}), deliver("otlp"))).toBeUndefined();
    expect(objection(answerOf(200, { partialSuccess: { rejectedLogRecords: "2" } }), deliver("otlp"))).toBe("2 records were rejected");
    expect(objection(answerOf(200, "<html>", "text/html"), deliver("otlp"))).toMatch(/none of an OTLP receiver/);
  });
});

test.each(SENDERS.map(({ name }) => name))("%s sends no credentials when there are none", (name) => {
  const { headers } = senderOf(name).deliver(senderOf(name).sample(NOW_MS, 0).payload, undefined, { nowMs: NOW_MS, compression: "none" });
  for (const header of ["authorization", "x-vercel-signature", "x-amz-firehose-access-key"]) expect(headers).not.toHaveProperty(header);
});
