// Vercel's payloads, as its documentation, its Test button and its users show them, and what must become of each.
import { gzipSync } from "node:zlib";
import {
  ATTR_CLIENT_ADDRESS,
  ATTR_DEPLOYMENT_ENVIRONMENT_NAME,
  ATTR_HTTP_REQUEST_HEADER,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_VERSION,
  ATTR_URL_PATH,
  ATTR_URL_QUERY,
  ATTR_URL_SCHEME,
  ATTR_USER_AGENT_ORIGINAL,
} from "@opentelemetry/semantic-conventions";
import {
  ATTR_CLOUD_PROVIDER,
  ATTR_DEPLOYMENT_ID,
  ATTR_FAAS_COLDSTART,
  ATTR_FAAS_VERSION,
  ATTR_HTTP_RESPONSE_BODY_SIZE,
  ATTR_LOG_IOSTREAM,
  ATTR_LOG_RECORD_UID,
  ATTR_TLS_CLIENT_JA3,
  ATTR_USER_EMAIL,
  ATTR_USER_ID,
  ATTR_USER_NAME,
  ATTR_VCS_REF_HEAD_NAME,
} from "@opentelemetry/semantic-conventions/incubating";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_ATTRIBUTES, MAX_BATCH_BYTES } from "../../../core/limits.ts";
import { encodeJson } from "../../../core/otlp/json.ts";
import { countRecords, type ScopeLogs } from "../../../core/otlp/model.ts";
import { encodeProtobuf } from "../../../core/otlp/protobuf.ts";
import { readAttribute } from "../../../core/read/attributes.ts";
import type { Batch } from "../../../core/source.ts";
import { vercel } from "../../../core/sources/vercel.ts";
import { describeSourceConformance, OBSERVED_TIME_UNIX_NANO } from "../../support/conformance.ts";
import { type Fixture, listCases } from "../../support/fixtures.ts";
import type { Leaf } from "../../support/leaves.ts";
import { decodeOracle, type FlatRecord, flatten } from "../../support/oracle.ts";

/** What of a Lambda envelope must be found: ids, measurements and every line that is not the platform's. */
function envelopeTexts({ text }: Leaf): readonly string[] | undefined {
  if (!/(?:START|END|REPORT) RequestId: /.test(text) || text.startsWith("{")) return undefined;
  const lines = (text.includes("\n") ? text : text.replace(/\\+n/g, "\n").replace(/\\+t/g, "\t")).split("\n");
  return lines.flatMap((line) => {
    if (/^(?:SAMPLE MESSAGE: )?(?:START|END) /.test(line))
      return line
        .replace("SAMPLE MESSAGE: ", "")
        .split(" ")
        .slice(2)
        .filter((word) => word !== "Version:");
    if (line.startsWith("REPORT ")) return [...line.matchAll(/: (\S+)/g)].map(([, value = ""]) => value);
    if (line.startsWith("XRAY "))
      return [...line.replace("1-5759e988-", "5759e988").matchAll(/(?:TraceId|SegmentId): (\S+)/g)].map(([, id = ""]) => id);
    if (line.startsWith("{"))
      return Object.entries(JSON.parse(line) as object).flatMap(([key, value]) => (key === "level" ? [] : [String(value)]));
    const [, time, id, , logged] = /^(\S+Z)\t(\S+)\t(\S+)\t(.*)$/.exec(line) ?? [];
    if (time !== undefined && id !== undefined && logged !== undefined)
      return [time, ...(id === "undefined" ? [] : [id]), ...(logged.startsWith("{") ? ["inner"] : [logged])];
    return line.trim() === "" ? [] : [line.trim()];
  });
}

const splitRequest = ({ text }: Leaf) => text.split("/").filter((part) => part !== "x");

describeSourceConformance({
  source: vercel,
  payloadOf: (bytes) => bytes,
  consumed: {
    // Records of other schemas are counted, not converted; the audit schema is named by the scope.
    "**": ({ item }) => {
      const schema = (item as { readonly schema?: unknown } | null)?.schema;
      return schema === undefined || schema === null || schema === "" || schema === "vercel.audit_log.v1" ? undefined : [];
    },
    schema: "audit",
    message: envelopeTexts,
    "message/x-highlight-request": splitRequest,
    "message/X-Highlight-Request": splitRequest,
    // A payload that is no single JSON value, nor one a line.
    text: ({ text }) =>
      /^\[?\{?"\w+":/.test(text)
        ? [...text.matchAll(/":\s*("(?:[^"\\]|\\.)*"|\d+)/g)].map(([, value = ""]) => String(JSON.parse(value)))
        : undefined,
  },
});

const observedTimeUnixNano = OBSERVED_TIME_UNIX_NANO;

function toBytes(payload: unknown): Uint8Array {
  if (payload instanceof Uint8Array) return payload;
  return new TextEncoder().encode(typeof payload === "string" ? payload : JSON.stringify(payload));
}

function decodeBatches(payload: unknown, defaultServiceName?: string): Batch[] {
  const result = vercel.decode(toBytes(payload), { observedTimeUnixNano, defaultServiceName });
  if (!result.ok) throw new Error(result.error.detail);
  return [...result.value.batches];
}

function decodeRecords(payload: unknown, defaultServiceName?: string): FlatRecord[] {
  const resourceLogs = decodeBatches(payload, defaultServiceName).flatMap((batch) => batch.resourceLogs);
  return flatten(decodeOracle(encodeProtobuf(resourceLogs)));
}

function decodeOne(fields: object, defaultServiceName?: string): FlatRecord {
  const records = decodeRecords([fields], defaultServiceName);
  expect(records).toHaveLength(1);
  return records[0] as FlatRecord;
}

function recordsOf(fixture: string): FlatRecord[] {
  return decodeRecords(listCases("vercel").find(({ name }) => name === fixture)?.bytes);
}

describe("lines of one request", () => {
  const proxies = [
    { timestamp: 1, method: "GET", host: "a.app", path: "/x?y=1", userAgent: ["Mozilla (KHTML", "like Gecko)"], statusCode: 200 },
    { timestamp: 1, method: "GET", host: "a.app", path: "/x?y=1", userAgent: ["Mozilla (KHTML", "like Gecko)"], statusCode: 500 },
    { timestamp: 1, method: "GET", host: "a.app", path: "/x?y=1", userAgent: ["Mozilla (KHTML"], statusCode: 200 },
    {
      timestamp: 1,
      method: "GET",
      host: "a.app",
      path: "/x?y=1",
      userAgent: ["Mozilla (KHTML", "like Gecko)"],
      statusCode: 200,
      wafRuleId: "w",
    },
    { timestamp: 1, method: "GET", host: "a.app", path: "/x?y=1", statusCode: 200, extra: { a: 1 } },
    { timestamp: 1, method: "GET" },
    { method: "GET", timestamp: 1 },
    {},
    "no object",
    null,
  ];

  test("are read as each of them alone, whatever they have in common", () => {
    const lines = fc.record(
      {
        id: fc.constantFrom("1", "2", 3),
        message: fc.constantFrom("one", "two", '{"level":"warn","msg":"three","type":"x"}', ""),
        source: fc.constantFrom("lambda", "edge"),
        type: fc.constantFrom("stdout", "stderr", "request"),
        requestId: fc.constantFrom("r1", "r2"),
        host: fc.constantFrom("h1", "h2", 5),
        statusCode: fc.constantFrom(200, 500, -1),
        projectName: fc.constantFrom("p1", "p2"),
        proxy: fc.constantFrom(...proxies),
      },
      { requiredKeys: [] },
    );
    const property = fc.property(fc.array(lines, { maxLength: 12 }), (list) => {
      const alone = list.flatMap((line) => decodeRecords([line]));
      const byService = (records: readonly FlatRecord[]) => Object.groupBy(records, ({ resource }) => JSON.stringify(resource));
      expect(byService(decodeRecords(list))).toEqual(byService(alone));
    });
    fc.assert(property, { numRuns: 500 });
  });
});

const sum = (batches: readonly Batch[], count: (batch: Batch) => number) => batches.reduce((total, batch) => total + count(batch), 0);

describe("the mapping tables", () => {
  const [record] = recordsOf("every_field");

  test("name the resource", () => {
    expect(record?.resource).toEqual({
      [ATTR_SERVICE_NAME]: "shop",
      [ATTR_SERVICE_VERSION]: "dpl_5m8CQaRBm3FnWRW1od3wKTpaECPx",
      [ATTR_DEPLOYMENT_ID]: "dpl_5m8CQaRBm3FnWRW1od3wKTpaECPx",
      [ATTR_DEPLOYMENT_ENVIRONMENT_NAME]: "production",
      "vercel.project.id": "prj_nqqNqAUcAEq8OpgwkTtPYF0pS",
      "vercel.project.name": "shop",
      [ATTR_VCS_REF_HEAD_NAME]: "main",
      [ATTR_CLOUD_PROVIDER]: "vercel",
    });
  });

  test("name every attribute of a log record as Elastic's encoding does, and those that it lacks", () => {
    expect(record?.attributes).toEqual({
      [ATTR_LOG_RECORD_UID]: "176354720000000000000000000001",
      "vercel.log.source": "lambda",
      "vercel.log.type": "stderr",
      [ATTR_LOG_IOSTREAM]: "stderr",
      "vercel.log.build.id": "bld_8Xq2",
      "vercel.log.entrypoint": "api/pay.js",
      "vercel.log.destination": "https://legacy.example/pay",
      "vercel.log.request.id": "fra1::iad1::q7zxk-1763547200037-0a1b2c3d4e5f",
      "vercel.log.branch": "main",
      "vercel.log.edge.type": "edge-function",
      "vercel.execution.region": "iad1",
      [ATTR_SERVER_ADDRESS]: "shop-3f9c1a.vercel.app",
      [ATTR_HTTP_ROUTE]: "/pay/[method].json",
      [ATTR_TLS_CLIENT_JA3]: "3b5074b1b5d032e5620f69f9f700ff0e",
      "tls.client.ja4": "t13d1516h2_8daaf6152771_02713d6af862",
      "vercel.invocation_id": "inv_1",
      "vercel.instance_id": "ins_9",
      [ATTR_HTTP_RESPONSE_STATUS_CODE]: 500,
      [ATTR_HTTP_REQUEST_METHOD]: "POST",
      [ATTR_URL_SCHEME]: "https",
      [ATTR_URL_PATH]: "/pay/card.json",
      [ATTR_URL_QUERY]: "step=2&next=%2Fdone%3F",
      [ATTR_CLIENT_ADDRESS]: "203.0.113.10",
      [ATTR_HTTP_RESPONSE_BODY_SIZE]: 2048,
      [ATTR_USER_AGENT_ORIGINAL]: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0",
      [ATTR_HTTP_REQUEST_HEADER("referer")]: ["https://shop.example/cart"],
      "vercel.proxy": {
        timestamp: 1_763_547_199_990,
        host: "shop.example",
        path: "/pay/card.json?step=2&next=%2Fdone%3F",
        referer: "https://shop.example/cart",
        region: "fra1",
        status_code: 502,
        cache_id: "cache_7",
        path_type: "func",
        path_type_variant: "api",
        vercel_id: "fra1::abc123",
        vercel_cache: "BYPASS",
        lambda_region: "iad1",
        waf_action: "challenge",
        waf_rule_id: "rule_block_bots",
      },
    });
    expect(record).toMatchObject({
      scope: "otlp-drain/vercel",
      timeUnixNano: 1_763_547_200_037_000_000n,
      observedTimeUnixNano,
      severityNumber: 17,
      severityText: "error",
      body: "payment refused",
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: "b7ad6b7169203331",
    });
  });

  test("name every attribute of an audit log", () => {
    const [audit] = recordsOf("audit_log");
    expect(audit?.resource).toEqual({
      [ATTR_SERVICE_NAME]: "vercel",
      [ATTR_CLOUD_PROVIDER]: "vercel",
      "vercel.team.id": "team_1",
      "vercel.project.id": "prj_1",
    });
    expect(audit?.attributes).toEqual({
      [ATTR_LOG_RECORD_UID]: "uev_1",
      "vercel.actor.type": "user",
      [ATTR_USER_ID]: "user_1",
      [ATTR_USER_NAME]: "Ada",
      [ATTR_USER_EMAIL]: "ada@example.com",
      [ATTR_CLIENT_ADDRESS]: "203.0.113.10",
      [ATTR_USER_AGENT_ORIGINAL]: "Mozilla/5.0",
      "vercel.request.id": "req_1",
      "vercel.token.id": "tok_1",
      "vercel.audit_log.payload": {
        delivery_format: "ndjson",
        http_status_code: 200,
        is_enabled: true,
        drain_url: "https://d.example",
        previous_drain_url: null,
        filter: { environment_types: ["production"], max_retry_count: 5 },
      },
    });
    expect(audit).toMatchObject({ eventName: "project.env.created", body: "project.env.created", severityNumber: 9 });
  });

  test("name the facts of a Lambda envelope", () => {
    const [version] = recordsOf("envelope_version_and_cold_start");
    expect(version?.attributes).toMatchObject({
      [ATTR_FAAS_VERSION]: "$LATEST",
      [ATTR_FAAS_COLDSTART]: true,
      "faas.invocation_id": "ae86ab0a-1234-5678-9abc-def012345678",
      "aws.lambda.duration_ms": 12.05,
      "aws.lambda.billed_duration_ms": 13,
      "aws.lambda.memory_size_mb": 1024,
      "aws.lambda.max_memory_used_mb": 88,
      "aws.lambda.init_duration_ms": 185.18,
    });
    const [restored] = recordsOf("envelope_restored_with_error_and_xray");
    expect(restored?.attributes).toMatchObject({
      "aws.lambda.restore_duration_ms": 320.1,
      "aws.lambda.status": "error",
      "aws.lambda.error_type": "Runtime.ExitError",
    });
  });

  test.each([
    ["vercel.logs", "vendor_sample"],
    ["vercel.auditlog.v1", "audit_log"],
  ])("scopes say %s", (format, fixture) => {
    const { bytes } = listCases("vercel").find(({ name }) => name === fixture) as Fixture;
    const scopes = decodeBatches(bytes).flatMap((batch) => batch.resourceLogs.flatMap(({ scopeLogs }) => scopeLogs));
    expect(scopes.map(({ scope }) => scope?.attributes)).toEqual([[{ key: "encoding.format", value: format }]]);
  });
});

describe("must-nots", () => {
  test("3: an array, NDJSON, blank lines, CRLF, a byte order mark, concatenated or pretty-printed objects are all the same", () => {
    const items = fc.array(fc.record({ id: fc.string(), message: fc.string({ unit: "binary" }) }), { minLength: 1, maxLength: 6 });
    const framings: ((texts: string[]) => string)[] = [
      (texts) => `[${texts.join(",")}]`,
      (texts) => ` [\n${texts.join(" ,\r\n")}\n]\n`,
      (texts) => texts.join("\n"),
      (texts) => `\r\n${texts.join("\r\n \r\n")}\r\n`,
      (texts) => `\ufeff${texts.join("\n")}\n`,
      (texts) => texts.join(""),
      (texts) => texts.join(" "),
      (texts) => texts.map((text) => JSON.stringify(JSON.parse(text), null, 2)).join("\n"),
      (texts) => texts.map((text) => `[${text}]`).join("\n"),
      (texts) => texts.map((text) => `[${text}]`).join(""),
      (texts) => `[]\n${texts.map((text) => `[\n  ${text}\n]`).join("\n")}`,
    ];
    const property = fc.property(items, fc.constantFrom(...framings), (objects, frame) => {
      const records = decodeRecords(frame(objects.map((object) => JSON.stringify(object))));
      expect(records.map(({ attributes }) => attributes["log.record.uid"] ?? "")).toEqual(objects.map(({ id }) => id.toWellFormed()));
    });
    fc.assert(property, { numRuns: 300 });
  });

  test.each(["", " \r\n\t", "\ufeff", "[]", "[\n]\n"])("3: a body of nothing is nothing: %j", (payload) => {
    expect(decodeBatches(payload)).toEqual([]);
  });

  test("4: one bad line or odd field costs neither the batch nor its neighbours", () => {
    const batches = decodeBatches(
      '{"id":"1","timestamp":1.7e12}\n{"id":"2",\n{"id":"3","timestamp":1725343693336.5,"statusCode":"200","proxy":{"userAgent":"curl"}}\n',
    );
    expect(sum(batches, ({ malformed }) => malformed)).toBe(1);
    const records = decodeRecords('{"id":"1"}\n{"id":"2",\n{"id":"3","timestamp":1725343693336.5,"statusCode":"200"}\n');
    expect(records.map(({ attributes }) => attributes["log.record.uid"])).toEqual(["1", undefined, "3"]);
    expect(records[2]).toMatchObject({ timeUnixNano: 1_725_343_693_336_500_000n, attributes: { "http.response.status_code": 200 } });
    expect(records[1]).toMatchObject({
      body: '{"id":"2",',
      severityNumber: 0,
      severityText: "",
      timeUnixNano: 0n,
      attributes: { "otlp_drain.decode_error": "not JSON" },
    });
  });

  test("5: any unknown field is kept, whatever it is called", () => {
    const names = fc.string({ minLength: 1, maxLength: 20 }).filter((name) => name.trim() !== "" && name !== "schema" && name !== "proxy");
    const property = fc.property(fc.uniqueArray(names, { maxLength: 12 }), (fields) => {
      const object = Object.fromEntries(fields.map((name, index) => [name, `value ${index}`]));
      const text = JSON.stringify(decodeOne(object), (_, value) => (typeof value === "bigint" ? String(value) : value));
      for (const value of Object.values(object)) expect(text).toContain(value);
    });
    fc.assert(property, { numRuns: 300 });
  });

  test("6: type does not beat level, and an unknown word is no INFO", () => {
    expect(decodeOne({ level: "info", type: "stderr" })).toMatchObject({ severityNumber: 9, severityText: "info" });
    expect(decodeOne({ level: "loud", type: "stderr" })).toMatchObject({ severityNumber: 0, severityText: "loud" });
    expect(decodeOne({ type: "stderr", statusCode: 200 })).toMatchObject({ severityNumber: 0, severityText: "" });
  });

  test.each(["643af4e3-975a-4cc7-9e7a-1eda11539d90", "bom1::iad1::5g9hp-1706327914010-7ba59b66d6f8", "0af7651916cd43dd8448eb211c80319c"])(
    "7: the request id %s is neither a trace nor a session",
    (requestId) => {
      const record = decodeOne({ message: "m", requestId });
      expect(record).toMatchObject({ traceId: "", spanId: "", attributes: { "vercel.log.request.id": requestId } });
      expect(Object.keys(record.attributes).filter((key) => key.startsWith("highlight"))).toEqual([]);
    },
  );

  test("8: nothing of the receiving service gets into a record", () => {
    const record = decodeOne({ message: "m" });
    expect(record).toMatchObject({ traceId: "", spanId: "", flags: 0, attributes: {} });
    expect(record.resource).toEqual({ "service.name": "vercel", "cloud.provider": "vercel" });
  });

  test.each<[string, object, string | undefined]>([
    ["no proxy", { path: "/api", host: "h", statusCode: 200 }, undefined],
    ["an empty proxy", { proxy: {} }, undefined],
    [
      "an absolute path",
      { host: "h", message: "", proxy: { method: "GET", path: "/api?x=1", host: "h", statusCode: 200 } },
      "GET /api 200",
    ],
    ["a path alone", { proxy: { path: "/api" } }, "/api"],
    ["no status", { statusCode: -1, proxy: { method: "GET", path: "/api" } }, "GET /api"],
  ])("9: the body of a record without a message is a clean request line or nothing: %s", (_, fields, body) => {
    expect(decodeOne(fields).body).toBe(body);
  });

  test("10: what is absent stays absent, and times are exact and never changed", () => {
    const { attributes } = decodeOne({ message: "m", proxy: { statusCode: null } });
    expect(attributes).toEqual({ "vercel.proxy": {} });
    expect(decodeOne({ statusCode: -1 }).attributes).toEqual({ "vercel.log.status_code": -1 });
    expect(decodeOne({ timestamp: 1_669_188_564_156 }).timeUnixNano).toBe(1_669_188_564_156_000_000n);
    expect(decodeOne({ timestamp: 1_573_817_250_283.25 }).timeUnixNano).toBe(1_573_817_250_283_250_000n);
    expect(decodeOne({ timestamp: "later" })).toMatchObject({ timeUnixNano: 0n, attributes: { "otlp_drain.original_time": "later" } });
  });

  test("11: several projects stay several services, and every record keeps an id of its own", () => {
    const services = new Set(recordsOf("several_projects_deployments_and_branches").map(({ resource }) => resource["service.name"]));
    expect([...services]).toEqual(["shop", "docs", "QmX1", "vercel"]);
    const uids = recordsOf("envelope_log_lines").map(({ attributes }) => attributes["log.record.uid"]);
    const id = "176354720000000000000000000001";
    expect(uids).toEqual([id, `${id}:1`, `${id}:2`, `${id}:3`, `${id}:4`]);
  });

  test("12: ids are raw bytes in protobuf and lower-case hex in JSON", () => {
    const fields = { traceId: "0AF7651916CD43DD8448EB211C80319C", spanId: "B7AD6B7169203331" };
    const resourceLogs = decodeBatches([fields]).flatMap((batch) => batch.resourceLogs);
    const [record] = decodeOracle(encodeProtobuf(resourceLogs)).resourceLogs[0]?.scopeLogs[0]?.logRecords ?? [];
    expect(record?.traceId).toHaveLength(16);
    expect(record?.spanId).toHaveLength(8);
    expect(new TextDecoder().decode(encodeJson(resourceLogs))).toContain(
      '"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331"',
    );
  });
});

describe("trace ids", () => {
  const envelope =
    "START RequestId: r\nm\nEND RequestId: r\nXRAY TraceId: 1-5759e988-bd862e3fe1be46a994272793\tSegmentId: 53995c3f42cd8ad8";

  test("of X-Ray count when nothing better is there, and stay as an attribute when it is", () => {
    expect(decodeOne({ message: envelope })).toMatchObject({ traceId: "5759e988bd862e3fe1be46a994272793", spanId: "53995c3f42cd8ad8" });
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    expect(decodeOne({ message: envelope, traceId })).toMatchObject({
      traceId,
      spanId: "",
      attributes: { "aws.xray.trace_id": "5759e988bd862e3fe1be46a994272793" },
    });
  });

  test("of X-Ray that are none stay in the body", () => {
    expect(decodeOne({ message: "START RequestId: r\nXRAY TraceId: none" })).toMatchObject({ traceId: "", body: "XRAY TraceId: none" });
  });

  test("of two spellings that are no ids are both kept", () => {
    const { attributes } = decodeOne({ "trace.id": "x", traceId: "y", "span.id": "z", spanId: "w" });
    expect(attributes).toEqual({ "vercel.trace.id": "x", "vercel.trace_id": "y", "vercel.span.id": "z", "vercel.span_id": "w" });
    expect(decodeOne({ "trace.id": null, traceId: "y", "span.id": "", spanId: "w" }).attributes).toEqual({
      "vercel.trace.id": "y",
      "vercel.span.id": "w",
    });
  });
});

describe("a Lambda envelope", () => {
  test.each<[string, string]>([
    ["words that only look like one", "START RequestId: a b c"],
    ["a sentence", "we saw END RequestId: 5 in the log"],
  ])("is not seen in %s", (_, message) => {
    expect(decodeOne({ message })).toMatchObject({ body: message, attributes: {} });
  });

  test("with Windows line ends is read all the same", () => {
    const message = "START RequestId: r\r\n2020-01-02T03:04:05.678Z\tr\tWARN\tlow\r\nEND RequestId: r\r\n";
    expect(decodeOne({ message })).toMatchObject({ body: "low", severityNumber: 13, timeUnixNano: 1_577_934_245_678_000_000n });
  });

  test("of the Test button may begin anywhere", () => {
    expect(decodeOne({ message: "SAMPLE MESSAGE: END RequestId: r" }).attributes).toEqual({
      "faas.invocation_id": "r",
      "vercel.log.truncated": true,
    });
  });
});

describe("service.name", () => {
  test.each<[string, object, string | undefined, string]>([
    ["the project's name", { projectName: "shop", projectId: "prj_1" }, "mine", "shop"],
    ["the configured one", { projectId: "prj_1" }, "mine", "mine"],
    ["the project's id", { projectId: "prj_1", host: "h" }, undefined, "prj_1"],
    ["never empty", { projectName: "", projectId: null, host: "h" }, undefined, "vercel"],
    ["never a thing that is no name", { projectName: { a: 1 }, projectId: 5 }, undefined, "vercel"],
  ])("is %s", (_, fields, defaultServiceName, expected) => {
    expect(decodeOne(fields, defaultServiceName).resource["service.name"]).toBe(expected);
  });

  test("of what could not be decoded is the configured one", () => {
    expect(decodeRecords("[1]", "mine")[0]?.resource["service.name"]).toBe("mine");
    expect(decodeRecords("no JSON", "mine")[0]?.resource["service.name"]).toBe("mine");
  });
});

describe("levels", () => {
  test.each<[string, object, number, string]>([
    ["a structured level beats the record's", { message: '{"level":50,"msg":"m"}', level: "info" }, 17, "error"],
    ["a level prefix beats the record's", { message: "[WARN] m", level: "info" }, 13, "WARN"],
    ["a level beats type fatal", { level: "info", type: "fatal" }, 9, "info"],
    ["type fatal beats the status", { type: "fatal", statusCode: 200 }, 21, ""],
    ["a status below 400 is INFO", { statusCode: 304 }, 9, ""],
    ["a status of 4xx is WARN", { statusCode: 404 }, 13, ""],
    ["a status of 5xx is ERROR", { proxy: { statusCode: 502 } }, 17, ""],
    ["a crash is ERROR", { statusCode: -1 }, 17, ""],
    ["what a function printed before it crashed is none", { statusCode: -1, type: "stdout" }, 0, ""],
    ["what it printed to stderr is none either", { statusCode: "-1", type: "stderr", level: null }, 0, ""],
    ["a status that is none leaves it to the proxy's", { statusCode: 0, proxy: { statusCode: 503 } }, 17, ""],
    ["a background revalidation says nothing", { proxy: { statusCode: -1 } }, 0, ""],
    ["what a function prints is not its request", { type: "stdout", statusCode: 500 }, 0, ""],
    ["a word that nobody knows in the message leaves the record's level", { message: '{"level":"gold"}', level: "error" }, 17, "error"],
  ])("%s", (_, fields, severityNumber, severityText) => {
    expect(decodeOne(fields)).toMatchObject({ severityNumber, severityText });
  });
});

describe("other schemas", () => {
  test("are counted and named once, record by record, and never guessed to be logs", () => {
    const { bytes } = listCases("vercel").find(({ name }) => name === "other_schemas") as Fixture;
    const [batch, ...more] = decodeBatches(bytes);
    expect(more).toEqual([]);
    expect(batch).toMatchObject({ malformed: 0, filtered: 5 });
    expect(batch?.notes).toEqual([
      "schema vercel.analytics.v2 is not a log",
      "schema vercel.speed_insights.v1 is not a log",
      "schema (unknown) is not a log",
    ]);
  });
});

describe("a large payload", () => {
  const count = 40_000;
  const texts = Array.from({ length: count }, (_, index) =>
    JSON.stringify({ id: String(index), projectName: `app ${index % 3}`, message: "x".repeat(60) }),
  );

  test.each<[string, string]>([
    ["an array beyond 4 MiB", `[${texts.join(",")}]`],
    ["NDJSON", texts.join("\n")],
  ])("%s comes in batches that share their resources, complete and in order", (_, payload) => {
    expect(payload.length).toBeGreaterThan(4 * 1024 * 1024);
    const batches = decodeBatches(payload);
    const resources = new Set(batches.flatMap(({ resourceLogs }) => resourceLogs.map(({ resource }) => resource)));
    expect(batches.length).toBeGreaterThan(payload.length / MAX_BATCH_BYTES / 2);
    expect(resources.size).toBe(3);
    const uids = batches.flatMap(({ resourceLogs }) =>
      resourceLogs.flatMap(({ scopeLogs }) =>
        scopeLogs.flatMap(({ logRecords }) => logRecords.map(({ attributes }) => Number(readAttribute(attributes, "log.record.uid")))),
      ),
    );
    expect(uids.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, index) => index));
    for (const { resourceLogs } of batches) {
      for (const { scopeLogs } of resourceLogs) {
        const own = (scopeLogs[0] as ScopeLogs).logRecords.map(({ attributes }) => Number(readAttribute(attributes, "log.record.uid")));
        expect(own).toEqual([...own].sort((a, b) => a - b));
      }
    }
  });

  test("that is broken in one element loses only that one", () => {
    const broken = [...texts];
    broken[20_000] = '{"id":"cut';
    const batches = decodeBatches(`[${broken.join(",\n")}]`);
    expect(sum(batches, ({ malformed }) => malformed)).toBe(1);
    expect(sum(batches, ({ resourceLogs }) => countRecords(resourceLogs))).toBe(count);
  });
});

describe("a body that is no payload of Vercel's", () => {
  test.each<[string, Uint8Array]>([
    ["gzip that nobody inflated", gzipSync("[]")],
    ["zeroes", new Uint8Array(100)],
    ["protobuf", encodeProtobuf([{ scopeLogs: [{ logRecords: [{ attributes: [], body: 0, timeUnixNano: 1n }] }] }])],
  ])("fails as unreadable when it is not even text: %s", (_, payload) => {
    expect(vercel.decode(payload, { observedTimeUnixNano })).toEqual({
      ok: false,
      error: { reason: "unreadable", detail: "the body is neither JSON nor text" },
    });
  });

  test("keeps good lines although one of them holds a NUL byte", () => {
    const records = decodeRecords('{"message":"a"}\n{"message":"b\u0000"}\n{"message":"c"}\n');
    expect(records.map(({ body }) => body)).toEqual(["a", '{"message":"b\u0000"}', "c"]);
  });
});

// Each of these took minutes, or the stack, before it was bounded: the timeout is the judge.
describe("hostile payloads of a megabyte are read in linear time", () => {
  const hex = "\\\\".repeat(200_000);
  test.each<[string, string]>([
    ["empty arrays, one a line", "[]\n".repeat(400_000)],
    ["objects on one line", '{"a":1}'.repeat(60_000)],
    ["arrays on one line", '[{"a":1}]'.repeat(60_000)],
    ["broken objects on one line", "{x}".repeat(100_000)],
    ["arrays whose first element never ends", "[{{},{}]".repeat(100_000)],
    ["unclosed strings in an array", `[${'{"a":"x},'.repeat(100_000)}`],
    ["unclosed brackets in an array", `[${'{"a":[{},{'.repeat(100_000)}`],
    ["broken lines", '{"a":\n'.repeat(100_000)],
    ["text lines", "text\n".repeat(100_000)],
    ["open brackets", "[".repeat(1_000_000)],
    ["open objects", '{"a":'.repeat(200_000)],
    ["arrays 300,000 deep", `${"[".repeat(300_000)}${"]".repeat(300_000)}`],
    ["a message 200,000 deep", `{"message":${"[".repeat(200_000)}${"]".repeat(200_000)}}`],
    ["a project id 200,000 deep", `{"projectId":${"[".repeat(200_000)}${"]".repeat(200_000)}}`],
    ["100,000 fields", `{${Array.from({ length: 100_000 }, (_, index) => `"k${index}":1`).join(",")}}`],
    ["100,000 fields of the proxy", `{"proxy":{${Array.from({ length: 100_000 }, (_, index) => `"k${index}":1`).join(",")}}}`],
    [
      "100,000 fields of a message",
      `{"message":${JSON.stringify(`{${Array.from({ length: 100_000 }, (_, index) => `"k${index}":1`).join(",")}}`)}}`,
    ],
    ["100,000 projects", Array.from({ length: 100_000 }, (_, index) => `{"projectName":"p${index}"}`).join("\n")],
    ["backslashes in an envelope", `{"message":"${hex}START RequestId: a${hex}"}`],
    ["lines that begin an envelope", JSON.stringify({ message: "START RequestId: ".repeat(60_000) })],
    ["lines that begin a request line", JSON.stringify({ message: `${'[GET] [middleware: "\n'.repeat(50_000)} status=` })],
    [
      "lines that begin a log line",
      JSON.stringify({ message: `START RequestId: a\n${"2020-01-02T03:04:05.678Z\tb\tINFO\t\n".repeat(20_000)}` }),
    ],
    ["a first line of an exception", JSON.stringify({ message: `${"a.".repeat(300_000)}\n    at x` })],
    ["an equals sign after a level key", JSON.stringify({ message: `level=${"=".repeat(500_000)}` })],
  ])("%s", (_, payload) => {
    const batches = decodeBatches(payload);
    if (!payload.startsWith("[]")) expect(sum(batches, ({ resourceLogs }) => countRecords(resourceLogs))).toBeGreaterThan(0);
    for (const { resourceLogs } of batches) expect(encodeProtobuf(resourceLogs).length).toBeGreaterThan(0);
  });

  test("a record has no more attributes than the cap, and counts the rest", () => {
    const record = decodeOne(Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`k${index}`, index])));
    expect(Object.keys(record.attributes)).toHaveLength(MAX_ATTRIBUTES);
    expect(record.droppedAttributesCount).toBe(5_000 - MAX_ATTRIBUTES);
  });

  test("after many elements without an end, good ones are still found", () => {
    const payload = `[${'{"a":[{"b":[},'.repeat(2_000)}${'{"message":"good"},'.repeat(2_000)}{"message":"last"}]`;
    const bodies = decodeRecords(payload).map(({ body }) => body);
    expect(bodies.filter((body) => body === "good").length).toBeGreaterThan(1_990);
    expect(bodies).toContain("last");
  });
});
