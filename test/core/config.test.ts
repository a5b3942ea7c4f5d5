import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Config, readConfig, SECRET_VARIABLES, VARIABLES } from "../../core/config.ts";
import { MAX_BODY_BYTES, MAX_DECODED_BYTES } from "../../core/limits.ts";

type Env = Readonly<Record<string, string | undefined>>;

function read(env: Env): Config {
  const result = readConfig(env);
  if (!result.ok) throw new Error(result.error.map(({ message }) => message).join("\n"));
  return result.value;
}

function faultsOf(env: Env): readonly string[] {
  const result = readConfig(env);
  return result.ok ? [] : result.error.map(({ message }) => message);
}

const ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT";
const LOGS_ENDPOINT = "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT";
const HEADERS = "OTEL_EXPORTER_OTLP_HEADERS";
const LOGS_HEADERS = "OTEL_EXPORTER_OTLP_LOGS_HEADERS";

describe("an empty environment", () => {
  const defaults: Config = {
    otlp: { endpoint: undefined, headers: {}, timeoutMs: 10_000, compression: "gzip", protocol: "http/protobuf" },
    exporter: "otlp",
    serviceName: undefined,
    defaultServiceName: undefined,
    resourceAttributes: [],
    highlightProjectId: undefined,
    secrets: { VERCEL_DRAIN_SECRET: [], FLY_DRAIN_TOKEN: [], FIREHOSE_ACCESS_KEY: [], LOGPUSH_TOKEN: [], OTLP_INTAKE_TOKEN: [] },
    vercelVerify: undefined,
    flyIgnoreApps: [],
    cloudflare: {
      invocationLogs: true,
      streamingTail: false,
      diagnosticsChannels: false,
      traceparent: true,
      parseJsonMessages: true,
      clientAddress: false,
      headerAllowList: [],
    },
    cloudWatch: {
      region: undefined,
      ownLogGroup: undefined,
      filters: {
        includeLogGroups: undefined,
        excludeLogGroups: undefined,
        includeLogStreams: undefined,
        excludeLogStreams: undefined,
        includeMessage: undefined,
        excludeMessage: undefined,
      },
      platformLogs: "keep",
    },
    insecure: false,
    maxBodyBytes: MAX_BODY_BYTES,
    maxDecodedBytes: MAX_DECODED_BYTES,
    port: 4319,
    host: "127.0.0.1",
    warnings: [],
  };

  test("gives the defaults", () => expect(read({})).toEqual(defaults));

  test("is the same as one in which every variable is empty, blank or no text", () => {
    for (const blank of ["", "  \n", undefined])
      expect(read(Object.fromEntries(VARIABLES.map(({ name }) => [name, blank])))).toEqual(defaults);
    const bindings = Object.fromEntries(VARIABLES.map(({ name }) => [name, { fetch: () => undefined }])) as unknown as Env;
    expect(read(bindings)).toEqual(defaults);
  });
});

describe("the table", () => {
  test("names every variable once, with what it is and what it accepts", () => {
    expect(VARIABLES.map(({ name }) => name).sort()).toEqual([
      "AWS_LAMBDA_LOG_GROUP_NAME",
      "AWS_REGION",
      "FIREHOSE_ACCESS_KEY",
      "FLY_APP_NAME",
      "FLY_DRAIN_TOKEN",
      "FLY_IGNORE_APPS",
      "HIGHLIGHT_PROJECT_ID",
      "HOST",
      "LOGPUSH_TOKEN",
      "OTEL_EXPORTER_OTLP_COMPRESSION",
      "OTEL_EXPORTER_OTLP_ENDPOINT",
      "OTEL_EXPORTER_OTLP_HEADERS",
      "OTEL_EXPORTER_OTLP_LOGS_COMPRESSION",
      "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
      "OTEL_EXPORTER_OTLP_LOGS_HEADERS",
      "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL",
      "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT",
      "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
      "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
      "OTEL_EXPORTER_OTLP_PROTOCOL",
      "OTEL_EXPORTER_OTLP_TIMEOUT",
      "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
      "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
      "OTEL_RESOURCE_ATTRIBUTES",
      "OTEL_SERVICE_NAME",
      "OTLP_DRAIN_CLIENT_ADDRESS",
      "OTLP_DRAIN_DIAGNOSTICS_CHANNELS",
      "OTLP_DRAIN_EXCLUDE_LOG_GROUPS",
      "OTLP_DRAIN_EXCLUDE_LOG_STREAMS",
      "OTLP_DRAIN_EXCLUDE_MESSAGE",
      "OTLP_DRAIN_EXPORTER",
      "OTLP_DRAIN_INCLUDE_LOG_GROUPS",
      "OTLP_DRAIN_INCLUDE_LOG_STREAMS",
      "OTLP_DRAIN_INCLUDE_MESSAGE",
      "OTLP_DRAIN_INSECURE",
      "OTLP_DRAIN_INVOCATION_LOGS",
      "OTLP_DRAIN_MAX_BODY_BYTES",
      "OTLP_DRAIN_MAX_DECODED_BYTES",
      "OTLP_DRAIN_PARSE_JSON",
      "OTLP_DRAIN_PLATFORM_LOGS",
      "OTLP_DRAIN_REQUEST_HEADERS",
      "OTLP_DRAIN_STREAMING_TAIL",
      "OTLP_DRAIN_TRACEPARENT",
      "OTLP_INTAKE_TOKEN",
      "PORT",
      "VERCEL_DRAIN_SECRET",
      "VERCEL_VERIFY",
    ]);
    for (const { description, accepted } of VARIABLES) expect(description.length * accepted.length).toBeGreaterThan(0);
  });

  test("marks what is secret", () => {
    const secrets = VARIABLES.filter(({ secret }) => secret).map(({ name }) => name);
    const headers = [HEADERS, LOGS_HEADERS, "OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_METRICS_HEADERS"];
    expect(secrets.sort()).toEqual([...headers, ...SECRET_VARIABLES].sort());
  });

  test("shows defaults that mean the same when they are set", () => {
    const env = Object.fromEntries(VARIABLES.map(({ name, defaultValue }) => [name, defaultValue]));
    expect(read(env)).toEqual(read({}));
  });
});

describe("the destination", () => {
  test.each([
    ["http://collector:4318", "http://collector:4318/v1/logs"],
    ["http://collector:4318/", "http://collector:4318/v1/logs"],
    ["https://x.example/otlp", "https://x.example/otlp/v1/logs"],
    ["https://x.example/otlp/", "https://x.example/otlp/v1/logs"],
    ["https://x.example/otlp/?key=a%2Fb&n=1", "https://x.example/otlp/v1/logs?key=a%2Fb&n=1"],
    ["HTTPS://X.example", "https://x.example/v1/logs"],
    ["http://[::1]:4318", "http://[::1]:4318/v1/logs"],
    ["http://collector:4318/#fragment", "http://collector:4318/v1/logs"],
    [" http://collector:4318\n", "http://collector:4318/v1/logs"],
  ])("is %s with the logs path: %s", (value, endpoint) => expect(read({ [ENDPOINT]: value }).otlp.endpoint).toBe(endpoint));

  test("is the logs endpoint as it is, where there is one", () => {
    for (const url of ["https://x.example/otlp/logs?key=1", "https://x.example/v1/logs/"]) {
      expect(read({ [LOGS_ENDPOINT]: url, [ENDPOINT]: "http://other:4318" }).otlp.endpoint).toBe(url);
    }
  });

  test.each([
    ["collector:4318", "has no scheme, write http://collector:4318 or https://collector:4318"],
    ["localhost", "has no scheme, write http://localhost or https://localhost"],
    ["user:secret@collector:4318", "has no scheme"],
    ["/v1/logs", "has no scheme"],
    ["http:/collector", "has no scheme"],
    ["grpc://collector:4317", "has a scheme that is not http or https"],
    ["ftp://collector", "has a scheme that is not http or https"],
    ["http://", "is no valid URL"],
    ["http://collector:99999", "is no valid URL"],
  ])("refuses %s in one line with the mend", (value, words) => {
    expect(faultsOf({ [ENDPOINT]: value })).toEqual([
      `${ENDPOINT} ${words}; accepted: an http or https URL such as https://collector.example:4318`,
    ]);
    expect(faultsOf({ [LOGS_ENDPOINT]: value })).toEqual([
      `${LOGS_ENDPOINT} ${words}; accepted: an http or https URL such as https://collector.example:4318/v1/logs`,
    ]);
  });

  test("warns of the gRPC port and of a logs path in the base", () => {
    expect(read({ [ENDPOINT]: "http://collector:4317" }).warnings).toEqual([
      `${ENDPOINT} has port 4317, which usually speaks gRPC; OTLP over HTTP is usually on 4318`,
    ]);
    expect(read({ [LOGS_ENDPOINT]: "http://collector:4317/v1/logs" }).warnings[0]).toContain(`${LOGS_ENDPOINT} has port 4317`);
    expect(read({ [ENDPOINT]: "http://collector:4318/v1/logs" }).warnings[0]).toContain("already ends in /v1/logs");
    expect(read({ [LOGS_ENDPOINT]: "http://collector:4318/v1/logs" }).warnings).toEqual([]);
  });

  test("moves credentials out of the URL, which fetch refuses, into a Basic header", () => {
    const { endpoint, headers } = read({ [ENDPOINT]: "https://us%3Aer:p%C3%A4ss%40@x.example/otlp" }).otlp;
    expect(endpoint).toBe("https://x.example/otlp/v1/logs");
    expect(headers).toEqual({ authorization: `Basic ${Buffer.from("us:er:päss@").toString("base64")}` });
    expect(() => new Request(endpoint ?? "")).not.toThrow();
    expect(read({ [LOGS_ENDPOINT]: "https://token@x.example/" }).otlp.headers).toEqual({ authorization: `Basic ${btoa("token:")}` });
    expect(read({ [LOGS_ENDPOINT]: "https://u:50%off@x.example/" }).otlp.headers).toEqual({ authorization: `Basic ${btoa("u:50%off")}` });
  });

  test("prefers an Authorization header that is set, in any case", () => {
    const env = { [ENDPOINT]: "https://user:pass@x.example" };
    expect(read({ ...env, [HEADERS]: "AUTHORIZATION=Bearer%20token" }).otlp.headers).toEqual({ authorization: "Bearer token" });
    expect(read({ ...env, [LOGS_HEADERS]: "authorization=Bearer token" }).otlp.headers).toEqual({ authorization: "Bearer token" });
  });
});

describe("where other signals are forwarded to", () => {
  const forwarded = (env: Env) => {
    const { traces, metrics } = read(env).otlp;
    return [traces, metrics];
  };

  test("is the base with the path of each, and the general headers alone", () => {
    expect(
      forwarded({ [ENDPOINT]: "https://user:pass@x.example/otlp/?key=1", [HEADERS]: "a=1", [LOGS_HEADERS]: "a=2,authorization=x" }),
    ).toEqual([
      { endpoint: "https://x.example/otlp/v1/traces?key=1", headers: { a: "1", authorization: `Basic ${btoa("user:pass")}` } },
      { endpoint: "https://x.example/otlp/v1/metrics?key=1", headers: { a: "1", authorization: `Basic ${btoa("user:pass")}` } },
    ]);
  });

  test("is the signal's own endpoint as it is, with its headers over the general ones", () => {
    const env = {
      [ENDPOINT]: "http://base:4318",
      [HEADERS]: "a=1,b=1",
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://traces.example/in",
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: "b=2",
    };
    expect(forwarded(env)).toEqual([
      { endpoint: "https://traces.example/in", headers: { a: "1", b: "2" } },
      { endpoint: "http://base:4318/v1/metrics", headers: { a: "1", b: "1" } },
    ]);
  });

  test("is nowhere when only the logs have an address, or the base beside it is no address", () => {
    expect(forwarded({ [LOGS_ENDPOINT]: "http://collector:4318/v1/logs" })).toEqual([undefined, undefined]);
    expect(forwarded({ [LOGS_ENDPOINT]: "http://collector:4318/v1/logs", [ENDPOINT]: "collector:4317" })).toEqual([undefined, undefined]);
  });

  test("refuses what is no address", () => {
    expect(faultsOf({ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "grpc://x" })).toEqual([
      "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT has a scheme that is not http or https; accepted: an http or https URL such as https://collector.example:4318/v1/metrics",
    ]);
  });
});

describe("the Cloudflare variables", () => {
  test("turn invocation records off and the streaming tail on", () => {
    expect(read({ OTLP_DRAIN_INVOCATION_LOGS: "Off", OTLP_DRAIN_STREAMING_TAIL: "1" }).cloudflare).toMatchObject({
      invocationLogs: false,
      streamingTail: true,
    });
    expect(faultsOf({ OTLP_DRAIN_INVOCATION_LOGS: "0" })).toEqual(['OTLP_DRAIN_INVOCATION_LOGS is "0"; accepted: on, off']);
  });

  test.each([
    ["DIAGNOSTICS_CHANNELS", "on", { diagnosticsChannels: true }],
    ["TRACEPARENT", "off", { traceparent: false }],
    ["PARSE_JSON", "off", { parseJsonMessages: false }],
    ["CLIENT_ADDRESS", "on", { clientAddress: true }],
  ])("OTLP_DRAIN_%s=%s changes one thing", (name, value, change) => {
    const { cloudflare } = read({});
    expect(read({ [`OTLP_DRAIN_${name}`]: value }).cloudflare).toEqual({ ...cloudflare, ...change });
    expect(faultsOf({ [`OTLP_DRAIN_${name}`]: "yes" })).toEqual([`OTLP_DRAIN_${name} is "yes"; accepted: on, off`]);
  });

  test("name request headers, in any case, and do not repeat what is none", () => {
    expect(read({ OTLP_DRAIN_REQUEST_HEADERS: " X-Request-Id,referer , accept-language" }).cloudflare.headerAllowList).toEqual([
      "x-request-id",
      "referer",
      "accept-language",
    ]);
    expect(faultsOf({ OTLP_DRAIN_REQUEST_HEADERS: "referer,x-api-key=s3cret" })).toEqual([
      "OTLP_DRAIN_REQUEST_HEADERS has no valid header name in member 2; accepted: header names, separated by commas or spaces",
    ]);
  });
});

describe("export headers", () => {
  test("are a percent-encoded list whose values may hold equals signs", () => {
    expect(read({ [HEADERS]: " X-Api-Key = a=b== , x-two=1%2C2%20%25,,x-empty=,X-TWO=later" }).otlp.headers).toEqual({
      "x-api-key": "a=b==",
      "x-two": "later",
      "x-empty": "",
    });
    expect(read({ [HEADERS]: "x=%C3%A9" }).otlp.headers).toEqual({ x: "é" });
  });

  test("are those of both variables, and the logs form wins name by name", () => {
    expect(read({ [HEADERS]: "a=1,B=2", [LOGS_HEADERS]: "b=3,c=4" }).otlp.headers).toEqual({ a: "1", b: "3", c: "4" });
  });

  test("reach no prototype", () => {
    const { headers } = read({ [HEADERS]: "__proto__=1,constructor=2" }).otlp;
    expect(Object.entries(headers)).toEqual([
      ["__proto__", "1"],
      ["constructor", "2"],
    ]);
  });

  test.each([
    ["Authorization: Bearer s3cret", "has no key=value in member 1 (write a comma inside a value as %2C)"],
    ["a=1,s3cret", "has no key=value in member 2 (write a comma inside a value as %2C)"],
    ["=s3cret", "has no key=value in member 1 (write a comma inside a value as %2C)"],
    ["a=s3cret%", "has wrong percent-encoding in member 1 (write % as %25)"],
    ["a=s3cret%E4", "has wrong percent-encoding in member 1 (write % as %25)"],
    ["s3cret name=1", "has no valid header name in member 1"],
    ["a=1,b=s3cret%0D%0Ax-evil: 1", "has a character that no header may hold in the value of member 2"],
    ["a=s3cret%00", "has a character that no header may hold in the value of member 1"],
    ["a=s3cret✓", "has a character that no header may hold in the value of member 1"],
    ["Content-Type=s3cret", "sets content-type, which the exporter sets itself"],
    ["content-length=3", "sets content-length, which the exporter sets itself"],
  ])("%s: refused without a word of it", (value, words) => {
    const [message, ...others] = faultsOf({ [HEADERS]: value });
    expect(message).toBe(`${HEADERS} ${words}; accepted: key=value,key2=value2, percent-encoded`);
    expect(message).not.toContain("s3cret");
    expect(others).toEqual([]);
  });

  test("that are accepted are accepted by Headers too", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: "binary", maxLength: 5 }), fc.string({ unit: "binary", maxLength: 8 }), { maxKeys: 3 }),
        (pairs) => {
          const value = Object.entries(pairs).map(
            ([key, text]) => `${encodeURIComponent(key.toWellFormed())}=${encodeURIComponent(text.toWellFormed())}`,
          );
          const result = readConfig({ [HEADERS]: value.join(",") });
          if (result.ok) new Headers(result.value.otlp.headers);
        },
      ),
    );
  });
});

describe("the other OTLP variables", () => {
  test.each([
    ["TIMEOUT", "2500", "timeoutMs", 2500],
    ["COMPRESSION", "none", "compression", "none"],
    ["COMPRESSION", "GZIP", "compression", "gzip"],
    ["PROTOCOL", "http/json", "protocol", "http/json"],
    ["PROTOCOL", "http/protobuf", "protocol", "http/protobuf"],
  ] as const)("%s=%s is read in both forms", (name, text, field, value) => {
    expect(read({ [`OTEL_EXPORTER_OTLP_${name}`]: text }).otlp[field]).toBe(value);
    expect(read({ [`OTEL_EXPORTER_OTLP_LOGS_${name}`]: text }).otlp[field]).toBe(value);
  });

  test("have a logs form that wins, over a general one that only suits traces too", () => {
    const { otlp } = read({
      OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
      OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_COMPRESSION: "zstd",
      OTEL_EXPORTER_OTLP_LOGS_COMPRESSION: "none",
      OTEL_EXPORTER_OTLP_TIMEOUT: "1",
      OTEL_EXPORTER_OTLP_LOGS_TIMEOUT: "2",
      [ENDPOINT]: "collector:4317",
      [LOGS_ENDPOINT]: "http://collector:4318/v1/logs",
    });
    expect(otlp).toEqual({
      endpoint: "http://collector:4318/v1/logs",
      headers: {},
      timeoutMs: 2,
      compression: "none",
      protocol: "http/json",
    });
  });

  test("grpc is refused with the protocols that are spoken", () => {
    expect(faultsOf({ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" })).toEqual([
      'OTEL_EXPORTER_OTLP_PROTOCOL is "grpc"; accepted: http/protobuf, http/json (grpc is not spoken; OTLP over HTTP usually listens on port 4318)',
    ]);
  });

  test.each(["0", "-1", "1.5", "10s", "1e3", "99999999999", "0x10"])("a timeout of %s is refused", (text) => {
    expect(faultsOf({ OTEL_EXPORTER_OTLP_TIMEOUT: text })[0]).toMatch(
      /^OTEL_EXPORTER_OTLP_TIMEOUT is .*; accepted: a whole number of milliseconds from 1 to 2147483647$/,
    );
  });
});

describe("the resource", () => {
  test("has the percent-decoded attributes, the last of equal keys winning", () => {
    expect(
      read({ OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=prod, team = a%2Cb%20c ,team=last,empty=" }).resourceAttributes,
    ).toEqual([
      { key: "deployment.environment.name", value: "prod" },
      { key: "team", value: "last" },
      { key: "empty", value: "" },
    ]);
  });

  test("has its service name from OTEL_SERVICE_NAME, else from its attributes", () => {
    const attributes = { OTEL_RESOURCE_ATTRIBUTES: "service.name=from-attributes,a=1" };
    expect(read(attributes)).toMatchObject({
      serviceName: undefined,
      defaultServiceName: "from-attributes",
      resourceAttributes: [{ key: "a", value: "1" }],
    });
    expect(read({ ...attributes, OTEL_SERVICE_NAME: "named" })).toMatchObject({
      serviceName: "named",
      resourceAttributes: [{ key: "a", value: "1" }],
    });
    expect(read({ OTEL_RESOURCE_ATTRIBUTES: "service.name=" }).defaultServiceName).toBeUndefined();
  });

  test("is refused when its list is broken", () => {
    expect(faultsOf({ OTEL_RESOURCE_ATTRIBUTES: "a=1,b" })).toEqual([
      "OTEL_RESOURCE_ATTRIBUTES has no key=value in member 2 (write a comma inside a value as %2C); accepted: key=value,key2=value2, percent-encoded",
    ]);
  });
});

describe("secrets", () => {
  const first = "a".repeat(32);
  const second = "b".repeat(40);

  test("are lists, for rotation", () => {
    for (const separator of [",", " ", ", ", "\n", " ,\t, "]) {
      for (const name of SECRET_VARIABLES) {
        const config = read({ [name]: `${first}${separator}${second}` });
        expect(config.secrets[name]).toEqual([first, second]);
        expect(config.warnings).toEqual([]);
      }
    }
  });

  test("that are short are accepted with a warning that does not repeat them", () => {
    expect(read({ VERCEL_DRAIN_SECRET: `${first},hunter2` })).toMatchObject({
      secrets: { VERCEL_DRAIN_SECRET: [first, "hunter2"] },
      warnings: ["VERCEL_DRAIN_SECRET holds a secret of fewer than 32 characters"],
    });
    expect(read({ FLY_DRAIN_TOKEN: "hunter2" }).warnings).toEqual(["FLY_DRAIN_TOKEN holds a secret of fewer than 16 characters"]);
  });

  test("are refused beside the word of their scheme, which would itself become a secret", () => {
    for (const scheme of ["Bearer", "basic", "Splunk"]) {
      expect(faultsOf({ FLY_DRAIN_TOKEN: `${scheme} ${first}` })).toEqual([
        "FLY_DRAIN_TOKEN holds the name of a scheme beside the token; accepted: secrets without their scheme, separated by commas or spaces",
      ]);
    }
  });

  test("are refused when there is nothing between the separators", () => {
    expect(faultsOf({ FLY_DRAIN_TOKEN: " , " })[0]).toContain("FLY_DRAIN_TOKEN holds nothing but separators");
  });
});

describe("the platforms", () => {
  test("HIGHLIGHT_PROJECT_ID is taken as it is, with a warning when it looks like no id", () => {
    for (const id of [
      "1",
      "1234567890",
      "1jdkoe52",
      "5f2b9c0d1e2f3a4b5c6d7e8f",
      "sdk-0a1b2c3d-4e5f-6a7b-8c9d-0e1f2a3b4c5d",
      "mob-0a1b2c3d-4e5f",
    ]) {
      expect(read({ HIGHLIGHT_PROJECT_ID: id }), id).toMatchObject({ highlightProjectId: id, warnings: [] });
    }
    // It becomes a header of every request.
    for (const id of ["my project", "projekt-ü"]) {
      const config = readConfig({ HIGHLIGHT_PROJECT_ID: id });
      expect(config.ok ? [] : config.error.map(({ variable }) => variable), id).toEqual(["HIGHLIGHT_PROJECT_ID"]);
    }
    for (const id of ["abc", "https://app.highlight.io/1"]) {
      const { highlightProjectId, warnings } = read({ HIGHLIGHT_PROJECT_ID: id });
      expect(highlightProjectId).toBe(id);
      expect(warnings).toEqual(["HIGHLIGHT_PROJECT_ID looks like no project id, and Highlight drops records of unknown projects"]);
    }
  });

  test("VERCEL_VERIFY is a word that fits a header", () => {
    expect(read({ VERCEL_VERIFY: "0a1b2c" }).vercelVerify).toBe("0a1b2c");
    for (const code of ["a b", "a\nb", "é"]) expect(faultsOf({ VERCEL_VERIFY: code })).toHaveLength(1);
  });

  test("FLY_IGNORE_APPS are globs, and this app's own name is one of them", () => {
    expect(read({ FLY_IGNORE_APPS: "shipper-*, *-vector\nother", FLY_APP_NAME: "my-drain" }).flyIgnoreApps).toEqual([
      "shipper-*",
      "*-vector",
      "other",
      "my-drain",
    ]);
    expect(read({ FLY_APP_NAME: "my-drain" }).flyIgnoreApps).toEqual(["my-drain"]);
  });

  test.each([
    ["OTLP_DRAIN_INCLUDE_LOG_GROUPS", "includeLogGroups"],
    ["OTLP_DRAIN_EXCLUDE_LOG_GROUPS", "excludeLogGroups"],
    ["OTLP_DRAIN_INCLUDE_LOG_STREAMS", "includeLogStreams"],
    ["OTLP_DRAIN_EXCLUDE_LOG_STREAMS", "excludeLogStreams"],
    ["OTLP_DRAIN_INCLUDE_MESSAGE", "includeMessage"],
    ["OTLP_DRAIN_EXCLUDE_MESSAGE", "excludeMessage"],
  ] as const)("%s are globs between commas, blanks inside and all", (name, filter) => {
    const { filters } = read({ [name]: " /aws/lambda/*, GET /health 200 *,,*[1]*," }).cloudWatch;
    expect(filters).toEqual({ ...read({}).cloudWatch.filters, [filter]: ["/aws/lambda/*", "GET /health 200 *", "*[1]*"] });
    expect(faultsOf({ [name]: " , " })).toEqual([
      `${name} holds nothing but separators; accepted: globs, separated by commas; * stands for any text`,
    ]);
  });

  test("OTLP_DRAIN_PLATFORM_LOGS is keep, report or drop", () => {
    for (const platformLogs of ["keep", "report", "drop"] as const)
      expect(read({ OTLP_DRAIN_PLATFORM_LOGS: platformLogs }).cloudWatch.platformLogs).toBe(platformLogs);
    expect(faultsOf({ OTLP_DRAIN_PLATFORM_LOGS: "none" })).toEqual(['OTLP_DRAIN_PLATFORM_LOGS is "none"; accepted: keep, report, drop']);
  });

  test("AWS Lambda tells the region and the drain's own log group", () => {
    expect(read({ AWS_REGION: "eu-west-1", AWS_LAMBDA_LOG_GROUP_NAME: "/aws/lambda/otlp-drain" }).cloudWatch).toMatchObject({
      region: "eu-west-1",
      ownLogGroup: "/aws/lambda/otlp-drain",
    });
  });
});

describe("the drain itself", () => {
  test("is opened by 1 and true alone", () => {
    for (const [text, insecure] of [
      ["1", true],
      ["TRUE", true],
      ["0", false],
      ["false", false],
    ] as const)
      expect(read({ OTLP_DRAIN_INSECURE: text }).insecure).toBe(insecure);
    for (const text of ["yes", "on", "2", "no"]) {
      expect(faultsOf({ OTLP_DRAIN_INSECURE: text })).toEqual([`OTLP_DRAIN_INSECURE is "${text}"; accepted: 1, true, 0, false`]);
    }
  });

  test("takes its caps in bytes", () => {
    expect(read({ OTLP_DRAIN_MAX_BODY_BYTES: "1", OTLP_DRAIN_MAX_DECODED_BYTES: "1073741824" })).toMatchObject({
      maxBodyBytes: 1,
      maxDecodedBytes: 1_073_741_824,
    });
    for (const text of ["20MiB", "0", "1073741825", "-1", "1e6", "Infinity"])
      expect(faultsOf({ OTLP_DRAIN_MAX_BODY_BYTES: text })).toHaveLength(1);
  });

  test("has a way out, a port and a host", () => {
    for (const exporter of ["otlp", "sdk", "console"] as const) expect(read({ OTLP_DRAIN_EXPORTER: exporter }).exporter).toBe(exporter);
    expect(faultsOf({ OTLP_DRAIN_EXPORTER: "kafka" })).toEqual(['OTLP_DRAIN_EXPORTER is "kafka"; accepted: otlp, sdk, console']);
    expect([read({ PORT: "0" }).port, read({ PORT: "65535" }).port]).toEqual([0, 65_535]);
    expect(faultsOf({ PORT: "65536" })).toEqual(["PORT is 65536; accepted: a whole number from 0 to 65535"]);
    for (const host of ["0.0.0.0", "::", "::1", "localhost", "fe80::1%eth0", "drain.internal"])
      expect(read({ HOST: host }).host).toBe(host);
    expect(faultsOf({ HOST: "localhost:4319" })[0]).toContain("HOST holds a port, which belongs into PORT");
    for (const host of ["http://localhost", "a b", "[::1]"]) expect(faultsOf({ HOST: host })).toHaveLength(1);
  });
});

describe("faults", () => {
  test("are all reported at once, one line each, under their variable", () => {
    const result = readConfig({ PORT: "x\ny", [ENDPOINT]: "collector:4318", OTLP_DRAIN_EXPORTER: "z".repeat(1000), HOST: "ok" });
    const faults = result.ok ? [] : result.error;
    expect(faults.map(({ variable }) => variable).sort()).toEqual([ENDPOINT, "OTLP_DRAIN_EXPORTER", "PORT"]);
    for (const { variable, message } of faults) {
      expect(message).toMatch(/^[^\n]{1,200}$/);
      expect(message.startsWith(`${variable} `)).toBe(true);
    }
  });

  test("never throw, whatever the environment holds", () => {
    const name = fc.constantFrom(...VARIABLES.map((variable) => variable.name));
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.webUrl({ withQueryParameters: true }),
      fc.stringMatching(/^[a-c=,%0-9 ]*$/),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.dictionary(name, text), (env) => {
        const result = readConfig(env);
        return result.ok || result.error.length > 0;
      }),
      { numRuns: 500 },
    );
  });

  test("and warnings never repeat what is secret", () => {
    const secret = fc.stringMatching(/^[!-~]{6,20}$/).map((text) => `s3cret${text}`);
    fc.assert(
      fc.property(
        secret,
        fc.constantFrom(HEADERS, LOGS_HEADERS, ...SECRET_VARIABLES),
        fc.constantFrom("", "a=", "Bearer ", "a=1,", ","),
        (text, name, prefix) => {
          const result = readConfig({ [name]: prefix + text });
          const lines = result.ok ? result.value.warnings : result.error.map(({ message }) => message);
          return lines.every((line) => !line.includes("s3cret"));
        },
      ),
    );
    for (const endpoint of [
      "user:s3cret@host:1",
      "http://user:s3cret@host:bad",
      "grpc://user:s3cret@host",
      "http://user:s3cret@host:4317",
    ]) {
      expect(JSON.stringify(readConfig({ [ENDPOINT]: endpoint, [HEADERS]: "authorization=x" }))).not.toContain("s3cret");
    }
  });
});
