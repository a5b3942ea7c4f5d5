import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { hang, html200, partialSuccess, type Receiver, redirect, rejectIf, startReceiver, status } from "../../support/receiver.ts";
import { createCertificate, type TestCertificate } from "./support/certificate.ts";
import { type Finished, runCommand } from "./support/command.ts";
import { closedPort } from "./support/ports.ts";

const KEY = "Bearer secret-api-key-of-mine";
const HEADERS = `authorization=${encodeURIComponent(KEY)}`;
/** Opens a drain, so that the sentence is about the destination alone. */
const OPEN = { FLY_DRAIN_TOKEN: "a_token_for_the_log_shipper" };

let receiver: Receiver;
let folder: string;
const servers: TcpServer[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "otlp-drain-doctor-"));
  receiver = await startReceiver();
});

afterEach(async () => {
  receiver.clear();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

afterAll(async () => {
  await receiver.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Report {
  readonly ok: boolean;
  readonly checks: readonly { readonly name: string; readonly status: string; readonly detail: string }[];
  readonly sentence: string;
}

/** @returns the report; what holds for all of them is checked here */
async function examine(env: Readonly<Record<string, string>>): Promise<Report> {
  const finished = await runCommand(["doctor", "--json"], { env: { ...OPEN, ...env } });
  const report = JSON.parse(finished.stdout) as Report;
  expect(finished.stderr.replace(/^\(node:\d+\) Warning: .*\n.*\n/gm, "")).toBe("");
  expect(finished.code).toBe(report.ok ? 0 : 1);
  expect(report.sentence).toMatch(/^[A-Z0-9][^\n]*\.$/);
  expect(finished.stdout).not.toContain("secret-api-key");
  return report;
}

function stateOf({ checks }: Report, name: string): string | undefined {
  return checks.findLast((check) => check.name === name)?.status;
}

/** Listens on loopback; closed after the test. */
async function listen(server: TcpServer): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

async function listenHttp(handler: RequestListener): Promise<number> {
  const server: Server = createServer(handler);
  return await listen(server);
}

async function listenHttps(certificate: TestCertificate, handler: RequestListener = (_, response) => response.end()): Promise<number> {
  return await listen(createHttpsServer(certificate, handler));
}

function trusting(certificate: TestCertificate): Readonly<Record<string, string>> {
  const file = join(folder, `${Math.random().toString(36).slice(2)}.pem`);
  writeFileSync(file, certificate.cert);
  return { NODE_EXTRA_CA_CERTS: file };
}

describe("a destination that works", () => {
  test("gets one marked record, as every record will look, and the sentence names the mark", async () => {
    const report = await examine({
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.href,
      OTEL_EXPORTER_OTLP_HEADERS: HEADERS,
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
    });
    expect(report.ok).toBe(true);
    expect(report.checks.map(({ name, status: state }) => `${name} ${state}`)).toEqual([
      "configuration ok",
      "drains ok",
      "name ok",
      "connection ok",
      "test record ok",
    ]);
    expect(receiver.violations).toEqual([]);
    expect(receiver.accepted).toHaveLength(1);
    const [record] = receiver.accepted;
    const mark = record?.attributes["otlp_drain.doctor"];
    expect(report.sentence).toBe(`Everything works: look for the record with otlp_drain.doctor = ${mark} at the destination.`);
    expect(record?.resource).toEqual({ "service.name": "otlp-drain-doctor", "deployment.environment.name": "test" });
    expect(record?.severityNumber).toBe(9);
    expect(receiver.requests[0]?.headers["authorization"]).toBe(KEY);
    expect(receiver.requests[0]?.headers["content-encoding"]).toBe("gzip");
  });

  test("is asked in the configured encoding", async () => {
    const env = { OTEL_EXPORTER_OTLP_PROTOCOL: "http/json", OTEL_EXPORTER_OTLP_COMPRESSION: "none" };
    expect((await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.href, ...env })).ok).toBe(true);
    expect(receiver.requests.map(({ encoding, headers }) => [encoding, headers["content-encoding"]])).toEqual([["json", undefined]]);
  });

  test("is said for a person too, ending with the sentence", async () => {
    const { code, stdout } = await runCommand(["doctor"], { env: { ...OPEN, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.href } });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ok {4}test record {5}answered 200, /m);
    expect(stdout.trimEnd().split("\n").at(-1)).toMatch(/^Everything works: /);
    expect(stdout).not.toContain("\u001b");
  });

  test("may reject the record all the same", async () => {
    receiver.behave(partialSuccess(1, "attribute limit"));
    const report = await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.href });
    expect(report.ok).toBe(false);
    expect(report.sentence).toMatch(/took the request and rejected the record \("attribute limit"\)/);
    expect(receiver.requests).toHaveLength(1);
  });

  test("may remark something", async () => {
    receiver.behave(partialSuccess(0, "deprecated path"));
    const report = await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.href });
    expect(report.ok).toBe(true);
    expect(report.sentence).toMatch(/and remarks \("deprecated path"\)/);
  });

  test("gets the project of Highlight, which is told to answer 200 for unknown ones", async () => {
    const report = await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.href, HIGHLIGHT_PROJECT_ID: "1jdkoe52" });
    expect(receiver.requests[0]?.headers["x-highlight-project"]).toBe("1jdkoe52");
    expect(receiver.accepted[0]?.resource["highlight.project_id"]).toBe("1jdkoe52");
    expect(report.sentence).toMatch(/for projects that do not exist too/);
  });

  test("is not all: no open drain takes deliveries", async () => {
    const report = await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.href, FLY_DRAIN_TOKEN: "" });
    expect(report.ok).toBe(true);
    expect(report.sentence).toMatch(/but no drain is open: set one of VERCEL_DRAIN_SECRET, FLY_DRAIN_TOKEN/);
  });
});

describe("the configuration", () => {
  test.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "" }, /^No destination is set, so records are only printed: set OTEL_EXPORTER_OTLP_ENDPOINT/],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" },
      /^Correct the configuration: OTEL_EXPORTER_OTLP_ENDPOINT has no scheme, write http:\/\/collector:4318 or https:/,
    ],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: "grpc://collector:4317" },
      /^Correct the configuration: OTEL_EXPORTER_OTLP_ENDPOINT has a scheme that is not http or https/,
    ],
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, /^Correct the configuration: OTEL_EXPORTER_OTLP_PROTOCOL is "grpc"/],
    [
      { OTEL_EXPORTER_OTLP_HEADERS: "authorization Bearer secret-api-key" },
      /^Correct the configuration: OTEL_EXPORTER_OTLP_HEADERS has no key=value/,
    ],
  ])("%j", async (env, sentence) => {
    const report = await examine(env);
    expect(report.ok).toBe(false);
    expect(report.sentence).toMatch(sentence);
    expect(stateOf(report, "configuration")).toBe("fail");
  });

  test("may print on purpose", async () => {
    const report = await examine({ OTLP_DRAIN_EXPORTER: "console" });
    expect(report.ok).toBe(true);
    expect(report.sentence).toMatch(/^Records are printed/);
  });

  test("warns of the hosted Highlight, whose services ended", async () => {
    const report = await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: "https://otel.highlight.io:4318", OTLP_DRAIN_EXPORTER: "console" });
    expect(report.checks).toContainEqual(
      expect.objectContaining({ status: "warn", detail: expect.stringContaining("ended on 2026-02-28") }),
    );
  });

  test("shows nothing secret, even when the destination repeats it", async () => {
    receiver.behave(() => status(400, { body: JSON.stringify({ code: 3, message: `what is ${KEY}?` }), contentType: "application/json" }));
    const report = await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.href, OTEL_EXPORTER_OTLP_HEADERS: HEADERS });
    expect(report.sentence).toContain('("what is ***?")');
  });
});

describe("the path", () => {
  test("/v1/logs twice: what to set instead, found by trying", async () => {
    const report = await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.logsUrl.href });
    expect(report.ok).toBe(false);
    expect(report.sentence).toBe(
      `The endpoint ends in /v1/logs, which is added again (/v1/logs/v1/logs): set OTEL_EXPORTER_OTLP_ENDPOINT=${receiver.url.origin}.`,
    );
    expect(stateOf(report, "another way")).toBe("ok");
    expect(receiver.accepted).toHaveLength(1);
  });

  test("no /v1/logs in the endpoint that is used as it is", async () => {
    const report = await examine({ OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: `${receiver.url.href}?key=secret-api-key` });
    expect(report.sentence).toBe(
      `The destination answers 404 this way and takes the record another way: set OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=${receiver.logsUrl.href}?....`,
    );
  });

  test("a receiver under a path of its own", async () => {
    const other = await startReceiver({ path: "/otlp/v1/logs" });
    const report = await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: other.url.href });
    await other.close();
    expect(report.sentence).toMatch(new RegExp(`set OTEL_EXPORTER_OTLP_ENDPOINT=${other.url.origin}/otlp\\.$`));
  });

  test("no receiver anywhere", async () => {
    const port = await listenHttp((_, response) => response.writeHead(404).end("not here"));
    const report = await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}/ingest` });
    expect(report.sentence).toMatch(/^There is no OTLP receiver at \/ingest\/v1\/logs \(404\): correct the path of the endpoint/);
  });

  test("a web page", async () => {
    receiver.behave(html200);
    const report = await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.href });
    expect(report.ok).toBe(false);
    expect(report.sentence).toMatch(/answers with a web page \(200\), so it is not the receiver: take the address of its OTLP endpoint/);
  });

  test("a redirect, with where it leads", async () => {
    const moved = await listenHttp((request, response) => {
      request.resume();
      response.writeHead(301, { location: "https://elsewhere.invalid/v1/logs?key=secret-api-key" }).end();
    });
    const report = await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${moved}` });
    expect(report.sentence).toMatch(/redirects to https:\/\/elsewhere\.invalid\/v1\/logs \(301\).*set the endpoint to the final address/);
    receiver.behave(redirect(302, "/elsewhere"));
    expect((await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.href })).sentence).toMatch(
      /redirects to http:\S+\/elsewhere \(302\)/,
    );
  });
});

describe("the answer", () => {
  test("401 without headers", async () => {
    receiver.behave(() => status(401));
    const report = await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.href });
    expect(report.sentence).toMatch(/^The destination wants credentials and none are set \(401\): set OTEL_EXPORTER_OTLP_HEADERS/);
    expect(receiver.requests).toHaveLength(1);
  });

  test("403 with headers names the headers, not their values", async () => {
    receiver.behave(() => status(403));
    const report = await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.href, OTEL_EXPORTER_OTLP_HEADERS: HEADERS });
    expect(report.sentence).toMatch(
      /^The destination refuses the credentials \(403\): correct the value of authorization in OTEL_EXPORTER_OTLP_HEADERS/,
    );
  });

  test("a receiver that takes only JSON", async () => {
    const port = await listenHttp((request, response) => {
      request.resume();
      const isJson = request.headers["content-type"] === "application/json";
      response.writeHead(isJson ? 200 : 415, { "content-type": "application/json" }).end("{}");
    });
    const report = await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` });
    expect(report.sentence).toMatch(/answers 415 this way and takes the record another way: set OTEL_EXPORTER_OTLP_PROTOCOL=http\/json\.$/);
  });

  test("a receiver that takes no gzip, behind the variables for logs alone", async () => {
    const port = await listenHttp((request, response) => {
      request.resume();
      response.writeHead(request.headers["content-encoding"] === "gzip" ? 400 : 200).end();
    });
    const env = { OTEL_EXPORTER_OTLP_LOGS_COMPRESSION: "gzip", OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: `http://127.0.0.1:${port}/v1/logs` };
    expect((await examine(env)).sentence).toMatch(/answers 400 this way.*set OTEL_EXPORTER_OTLP_LOGS_COMPRESSION=none\.$/);
  });

  test("400 for any record repeats the destination's own short words", async () => {
    receiver.behave(() => rejectIf(() => true, 400));
    const report = await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.href });
    expect(report.sentence).toMatch(/^The destination refuses the record \(400\) \("a record is invalid"\)/);
  });

  test.each([
    [402, /its plan or quota is used up/],
    [413, /413 even to one small record/],
    [429, /overloaded or not ready \(429\): try again in a moment/],
    [500, /fails by itself \(500\): look at its own log/],
    [503, /overloaded or not ready \(503\)/],
  ])("%i is tried once", async (code, sentence) => {
    receiver.behave(() => status(code));
    expect((await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.href })).sentence).toMatch(sentence);
    expect(receiver.requests).toHaveLength(1);
  });

  test("none in time", async () => {
    receiver.behave(hang);
    const report = await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.href, OTEL_EXPORTER_OTLP_TIMEOUT: "300" });
    expect(report.sentence).toMatch(/takes the connection and does not answer in time/);
  });
});

describe("the clock", () => {
  const skewed: RequestListener = (request, response) => {
    request.resume();
    response.setHeader("date", new Date(Date.now() - 3 * 3_600_000).toUTCString());
    response.writeHead(request.headers["authorization"] === undefined ? 200 : 401).end();
  };

  test("of this machine is hours ahead, and everything else works", async () => {
    const report = await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await listenHttp(skewed)}` });
    expect(report.ok).toBe(true);
    expect(stateOf(report, "clock")).toBe("warn");
    expect(report.sentence).toMatch(/but this machine's clock is 3 hours ahead of the destination's: set the clock/);
  });

  test("may be why credentials fail", async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await listenHttp(skewed)}`, OTEL_EXPORTER_OTLP_HEADERS: HEADERS };
    expect((await examine(env)).sentence).toMatch(/clock is 3 hours ahead of the destination's, which fails signed credentials/);
  });
});

describe("the way there", () => {
  test("a name that does not exist", async () => {
    const report = await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: "https://collector.invalid:4318" });
    expect(report.sentence).toMatch(
      /^The name collector\.invalid (?:does not exist \(ENOTFOUND\): check its spelling|cannot be looked up)/,
    );
    expect(stateOf(report, "name")).toBe("fail");
  });

  test("a closed port", async () => {
    const port = await closedPort();
    const report = await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` });
    expect(report.sentence).toMatch(new RegExp(`127\\.0\\.0\\.1:${port}`));
    expect(report.sentence).toMatch(/4318/);
    expect(stateOf(report, "connection")).toBe("fail");
  });

  test("a port that is gRPC's by its number", async () => {
    const report = await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4317" });
    expect(report.sentence).toMatch(/gRPC|another way works/);
    expect(report.sentence).toMatch(/4318/);
  });

  test("a server that speaks HTTP/2 alone, as gRPC does, at any port", async () => {
    const server = createHttp2Server();
    server.on("session", (session) => session.on("error", () => {}));
    const port = await listen(server as unknown as TcpServer);
    const report = await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` });
    expect(stateOf(report, "protocol")).toBe("fail");
    expect(report.sentence).toMatch(new RegExp(`^Port ${port} speaks gRPC, and OTLP over HTTP is what is spoken here: .*4318`));
  });

  test("a server that hangs up", async () => {
    const port = await listen(createTcpServer((socket) => socket.once("data", () => socket.resetAndDestroy()).on("error", () => {})));
    const report = await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` });
    expect(report.sentence).toMatch(/ends the connection without an answer|does not answer this way/);
  });
});

describe("the encryption", () => {
  test("works with a certificate that this machine trusts", async () => {
    const certificate = createCertificate();
    const port = await listenHttps(certificate);
    const report = await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: `https://localhost:${port}`, ...trusting(certificate) });
    expect(report.ok).toBe(true);
    expect(stateOf(report, "encryption")).toBe("ok");
  });

  test("a certificate that nobody vouches for", async () => {
    const port = await listenHttps(createCertificate());
    const report = await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: `https://localhost:${port}` });
    expect(report.sentence).toBe(
      `The certificate of localhost:${port} is signed by nobody this machine trusts (DEPTH_ZERO_SELF_SIGNED_CERT): give its authority as NODE_EXTRA_CA_CERTS=/path/to/ca.pem.`,
    );
  });

  test("a certificate for other names", async () => {
    const certificate = createCertificate({ names: ["collector.example", "otlp.example"] });
    const port = await listenHttps(certificate);
    const report = await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: `https://localhost:${port}`, ...trusting(certificate) });
    expect(report.sentence).toMatch(/is for other names \(collector\.example, otlp\.example\): use one of them/);
  });

  test.each([
    ["expired", -400, -30],
    ["not yet valid", 30, 400],
  ])("a certificate that is %s, or a wrong clock", async (_, from, to) => {
    const day = (days: number) => new Date(Date.now() + days * 86_400_000);
    const certificate = createCertificate({ notBefore: day(from), notAfter: day(to) });
    const port = await listenHttps(certificate);
    const report = await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: `https://localhost:${port}`, ...trusting(certificate) });
    const dates = [day(from), day(to), new Date()].map((date) => date.toISOString().slice(0, 10));
    expect(report.sentence).toContain(
      `is valid from ${dates[0]} to ${dates[1]} and this machine's clock says ${dates[2]}: set the clock if it is wrong`,
    );
  });

  test("https for a server that has none: found without sending the credentials in clear", async () => {
    const report = await examine({
      OTEL_EXPORTER_OTLP_ENDPOINT: `https://127.0.0.1:${receiver.port}`,
      OTEL_EXPORTER_OTLP_HEADERS: HEADERS,
    });
    expect(report.sentence).toBe(
      `The server at 127.0.0.1:${receiver.port} speaks no TLS: set OTEL_EXPORTER_OTLP_ENDPOINT=${receiver.url.origin}.`,
    );
    expect(receiver.requests.map(({ headers }) => headers["authorization"])).toEqual([undefined]);
  });

  test("http for a server that wants https", async () => {
    const certificate = createCertificate();
    const port = await listenHttps(certificate);
    const report = await examine({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://localhost:${port}`, ...trusting(certificate) });
    expect(report.ok).toBe(false);
    expect(report.sentence).toMatch(new RegExp(`and another one works: set OTEL_EXPORTER_OTLP_ENDPOINT=https://localhost:${port}\\.$`));
  });
});

test("a wrong flag is a usage fault", async () => {
  const finished: Finished = await runCommand(["doctor", "--fix"]);
  expect(finished.code).toBe(2);
  expect(finished.stderr).toMatch(/unknown option '--fix'/);
});
