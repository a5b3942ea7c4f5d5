import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createCertificate } from "./support/certificate.ts";
import { expectFault, type Finished, runCommand } from "./support/command.ts";
import { type HttpsDrain, startHttpsDrain } from "./support/drain.ts";
import { closedPort } from "./support/ports.ts";
import { fault, startVercelApi, TEAM, TOKEN, VERIFICATION_CODE, type VercelStandIn } from "./support/vercel-api.ts";

const SECRET = "a_very_long_and_very_well_specified_secret";
const OTHER_SECRET = "another_secret_that_is_quite_long_enough_too";
const certificate = createCertificate();

let folder: string;
let caFile: string;
let api: VercelStandIn;
let drain: HttpsDrain;
const others: HttpsDrain[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "otlp-drain-cli-"));
  caFile = join(folder, "ca.pem");
  writeFileSync(caFile, certificate.cert);
  api = await startVercelApi({ ca: certificate.cert });
  drain = await startDrain({ VERCEL_DRAIN_SECRET: SECRET, VERCEL_VERIFY: VERIFICATION_CODE });
});

afterEach(() => {
  for (const list of [api.drains, api.requests, api.refusals]) list.length = 0;
});

afterAll(async () => {
  await Promise.all([api.close(), ...others.map((one) => one.close())]);
  rmSync(folder, { recursive: true, force: true });
});

async function startDrain(env: Readonly<Record<string, string>>): Promise<HttpsDrain> {
  const started = await startHttpsDrain(env, certificate);
  others.push(started);
  return started;
}

/** With the token and the team in the environment, unless the test says otherwise. */
function setup(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Finished> {
  const base = { VERCEL_TOKEN: TOKEN, VERCEL_TEAM: TEAM, NODE_EXTRA_CA_CERTS: caFile };
  return runCommand(["setup", "vercel", "--api-url", api.url, ...args], { env: { ...base, ...env } });
}

function calls(): readonly string[] {
  return api.requests.map(({ method, path }) => `${method} ${path.replace(/drn_\w+/, "<id>")}`);
}

describe("creating", () => {
  test("fetches the verification code, looks for the name, then creates what the flags say", async () => {
    const { code, stdout, stderr } = await setup(
      [
        ...["--url", `${drain.url}/vercel`, "--project", "prj_1", "--project", "prj_2", "--sources", "lambda,edge"],
        ...["--environments", "production", "--sampling", "0.5:production:/api", "--sampling", "1", "--header", "x-highlight-project=7"],
      ],
      { VERCEL_DRAIN_SECRET: SECRET },
    );
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(calls()).toEqual(["GET /v1/verify-endpoint", "GET /v1/drains", "POST /v1/drains"]);
    expect(new Set(api.requests.map(({ query }) => query["teamId"]))).toEqual(new Set([TEAM]));
    expect(api.requests.at(-1)?.body).toEqual({
      name: "otlp-drain",
      projects: "some",
      projectIds: ["prj_1", "prj_2"],
      filter: {
        version: "v2",
        filter: { type: "basic", log: { sources: ["lambda", "edge"] }, deployment: { environments: ["production"] } },
      },
      schemas: { log: { version: "v1" } },
      delivery: {
        type: "http",
        endpoint: `${drain.url}/vercel`,
        encoding: "ndjson",
        compression: "gzip",
        headers: { "x-highlight-project": "7" },
        secret: SECRET,
      },
      sampling: [
        { type: "head_sampling", rate: 0.5, env: "production", requestPath: "/api" },
        { type: "head_sampling", rate: 1 },
      ],
      source: { kind: "self-served" },
    });
    expect(stdout).toContain(`Created the drain otlp-drain (${api.drains[0]?.id})`);
    for (const secret of [SECRET, TOKEN]) expect(stdout).not.toContain(secret);
    expect(drain.records()).toBe(0);
  });

  test("takes all projects, sources and environments when none are named, and adds the path to a bare address", async () => {
    expect((await setup(["--url", drain.url], { VERCEL_DRAIN_SECRET: SECRET })).code).toBe(0);
    const [created] = api.drains;
    expect(created?.projects).toBe("all");
    expect(created?.delivery["endpoint"]).toBe(`${drain.url}/vercel`);
    expect(created?.delivery["headers"]).toEqual({});
    expect(created?.sampling).toBeUndefined();
  });

  test("names the team by its slug too", async () => {
    expect((await setup(["--url", drain.url, "--team", "stand-in"], { VERCEL_DRAIN_SECRET: SECRET })).code).toBe(0);
    expect(api.requests[0]?.query).toEqual({ slug: "stand-in" });
  });

  test("signs with the first of several secrets, which rotate at the drain", async () => {
    await setup(["--url", drain.url], { VERCEL_DRAIN_SECRET: `${SECRET}, ${OTHER_SECRET}` });
    expect(api.drains[0]?.delivery["secret"]).toBe(SECRET);
  });

  test("makes a secret when there is none, shows it once, and waits until the drain has it", async () => {
    const closed = await startDrain({ VERCEL_VERIFY: VERIFICATION_CODE });
    const first = await setup(["--url", closed.url]);
    expectFault(
      first,
      1,
      /is closed or has another path \(404\), so nothing was changed: set the variables above there and VERCEL_DRAIN_SECRET here/,
    );
    expect(calls()).not.toContain("POST /v1/drains");
    const made = /VERCEL_DRAIN_SECRET=([0-9a-f]{64}) {3}\(made just now/.exec(first.stdout)?.[1] ?? "";
    expect(made).not.toBe("");
    expect(first.stdout).toContain(`VERCEL_VERIFY=${VERIFICATION_CODE}`);

    const opened = await startDrain({ VERCEL_DRAIN_SECRET: made, VERCEL_VERIFY: VERIFICATION_CODE });
    const second = await setup(["--url", opened.url], { VERCEL_DRAIN_SECRET: made });
    expect(second.code).toBe(0);
    expect(second.stdout).not.toContain(made);
    expect(api.drains[0]?.delivery["secret"]).toBe(made);
  });

  test("notices a drain that runs with another secret", async () => {
    expectFault(await setup(["--url", drain.url, "--secret", OTHER_SECRET]), 1, /runs with another secret/, [OTHER_SECRET]);
    expect(api.drains).toEqual([]);
  });

  test("notices a drain that is not there", async () => {
    expectFault(
      await setup(["--url", `https://localhost:${await closedPort()}/vercel`], { VERCEL_DRAIN_SECRET: SECRET }),
      1,
      /cannot be reached from here \(ECONNREFUSED\)/,
    );
  });

  test("warns of a drain that does not show the code, and says what Vercel refuses", async () => {
    const mute = await startDrain({ VERCEL_DRAIN_SECRET: SECRET });
    const finished = await setup(["--url", mute.url], { VERCEL_DRAIN_SECRET: SECRET });
    expectFault(finished, 1, /Vercel answered 400 \(endpoint_verification_failed: .*x-vercel-verify header\)/);
  });

  test("leaves the check out on demand, and shows what the drain needs", async () => {
    const { code, stdout } = await setup(["--url", drain.url, "--no-check"]);
    expect(code).toBe(0);
    const made = /VERCEL_DRAIN_SECRET=([0-9a-f]{64}) /.exec(stdout)?.[1];
    expect(made).toBe(api.drains[0]?.delivery["secret"]);
    expect(stdout).toContain(`VERCEL_VERIFY=${VERIFICATION_CODE}`);
  });

  test("tells of requests that no sampling rule matches", async () => {
    const { stderr } = await setup(["--url", drain.url, "--sampling", "1:production"], { VERCEL_DRAIN_SECRET: SECRET });
    expect(stderr).toMatch(/Vercel drops requests that no --sampling rule matches/);
  });

  test("has Vercel test the delivery on demand", async () => {
    const passed = await setup(["--url", drain.url, "--test"], { VERCEL_DRAIN_SECRET: SECRET });
    expect(passed.code).toBe(0);
    expect(calls().at(-1)).toBe("POST /v1/drains/test");
    api.refusals.push(...passing(3), { status: 200, body: { status: "failed", error: "endpoint answered 502" } });
    const failed = await setup(["--url", drain.url, "--test"], { VERCEL_DRAIN_SECRET: SECRET });
    expectFault(failed, 1, /Vercel's test delivery failed \(failed endpoint answered 502\)/);
  });

  test("says it all in JSON on demand", async () => {
    const { stdout } = await setup(["--url", drain.url, "--json", "--no-check"]);
    const { action, drain: shown, environment } = JSON.parse(stdout);
    expect(action).toBe("created");
    expect(shown).toEqual({
      id: api.drains[0]?.id,
      name: "otlp-drain",
      status: "enabled",
      projectIds: null,
      type: "http",
      endpoint: `${drain.url}/vercel`,
    });
    expect(environment).toEqual({ VERCEL_DRAIN_SECRET: api.drains[0]?.delivery["secret"], VERCEL_VERIFY: VERIFICATION_CODE });
  });
});

/** Answers as the API itself would give them, for requests before the one that matters. */
function passing(count: number): readonly { readonly status: number; readonly body: unknown }[] {
  const drain = { id: "drn_1", name: "otlp-drain", delivery: { type: "http" } };
  return [
    { status: 200, body: { verificationCode: VERIFICATION_CODE } },
    { status: 200, body: { drains: [drain] } },
    { status: 200, body: drain },
  ].slice(0, count);
}

describe("a second time", () => {
  test("updates the drain of that name instead of making another one", async () => {
    await setup(["--url", drain.url, "--sampling", "0.5", "--project", "prj_1"], { VERCEL_DRAIN_SECRET: SECRET });
    const id = api.drains[0]?.id;
    const { code, stdout } = await setup(["--url", `${drain.url}/vercel?service=web`, "--sources", "edge"]);
    expect(code).toBe(0);
    expect(stdout).toContain(`Updated the drain otlp-drain (${id})`);
    expect(api.drains).toHaveLength(1);
    const [updated] = api.drains;
    expect(updated?.delivery["endpoint"]).toBe(`${drain.url}/vercel?service=web`);
    expect(updated?.projects).toBe("all");
    expect(updated?.sampling).toEqual([]);
    expect(updated?.filter).toMatchObject({ filter: { log: { sources: ["edge"] } } });
    expect(calls().at(-1)).toBe("PATCH /v1/drains/<id>");
  });

  test("keeps the signing secret that is there, and shows none", async () => {
    await setup(["--url", drain.url], { VERCEL_DRAIN_SECRET: SECRET });
    const { stdout, stderr } = await setup(["--url", drain.url]);
    expect(api.drains[0]?.delivery["secret"]).toBe(SECRET);
    expect(stdout + stderr).not.toMatch(/SECRET/);
  });

  test("changes nothing when nothing is changed", async () => {
    const args = ["--url", drain.url, "--sampling", "0.5"];
    await setup(args, { VERCEL_DRAIN_SECRET: SECRET });
    const before = structuredClone(api.drains);
    expect((await setup(args, { VERCEL_DRAIN_SECRET: SECRET })).code).toBe(0);
    expect(api.drains).toEqual(before);
  });

  test("makes a new secret on demand", async () => {
    await setup(["--url", drain.url], { VERCEL_DRAIN_SECRET: SECRET });
    const { stdout } = await setup(["--url", drain.url, "--rotate-secret", "--no-check"], { VERCEL_DRAIN_SECRET: SECRET });
    const made = /VERCEL_DRAIN_SECRET=([0-9a-f]{64}) /.exec(stdout)?.[1];
    expect(made).toBe(api.drains[0]?.delivery["secret"]);
  });

  test("asks which one when several have the name, and takes it by its id", async () => {
    for (let index = 0; index < 2; index++) {
      await setup(["--url", drain.url, "--name", `drain ${index}`], { VERCEL_DRAIN_SECRET: SECRET });
    }
    for (const one of api.drains) one.name = "otlp-drain";
    const [first, second] = api.drains.map(({ id }) => id);
    expectFault(
      await setup(["--url", drain.url]),
      1,
      new RegExp(`2 drains are named otlp-drain \\(${first}, ${second}\\): choose one with --id`),
    );
    expect((await setup(["--url", drain.url, "--id", String(second), "--encoding", "json"])).code).toBe(0);
    expect(api.drains.map(({ delivery }) => delivery["encoding"])).toEqual(["ndjson", "json"]);
  });
});

describe("listing and removing", () => {
  test("lists drains without their secrets and headers", async () => {
    await setup(["--url", drain.url, "--header", "x-key=hidden-value"], { VERCEL_DRAIN_SECRET: SECRET });
    const table = await setup(["--list"]);
    expect(table.stdout).toMatch(/^name +id +status +projects +endpoint\notlp-drain +drn_\w+ +enabled +all +https:/);
    const { stdout } = await setup(["--list", "--json"]);
    expect(JSON.parse(stdout)).toEqual([
      { id: api.drains[0]?.id, name: "otlp-drain", status: "enabled", projectIds: null, type: "http", endpoint: `${drain.url}/vercel` },
    ]);
    for (const secret of [SECRET, "hidden-value"]) expect(table.stdout + stdout).not.toContain(secret);
  });

  test("says when there are none", async () => {
    expect((await setup(["--list"])).stdout).toBe("There are no drains.\n");
  });

  test("removes the drain of that name, once", async () => {
    await setup(["--url", drain.url], { VERCEL_DRAIN_SECRET: SECRET });
    expect((await setup(["--remove"])).stdout).toMatch(/^Removed the drain otlp-drain \(drn_\w+\)\.\n$/);
    expect(api.drains).toEqual([]);
    expectFault(await setup(["--remove"]), 1, /there is no drain named otlp-drain: look at --list/);
  });
});

describe("--dry-run", () => {
  test("prints requests that a shell can run, without the token and without any call", async () => {
    const { code, stdout } = await setup(["--url", drain.url, "--dry-run", "--header", "x-name=it's"], { VERCEL_DRAIN_SECRET: SECRET });
    expect(code).toBe(0);
    expect(api.requests).toEqual([]);
    expect(stdout).not.toContain(TOKEN);
    // With a curl that only writes down what it was called with.
    const bin = mkdtempSync(join(folder, "bin-"));
    writeFileSync(join(bin, "curl"), "#!/bin/sh\nprintf '%s\\0' \"$@\"; printf '\\1'\n", { mode: 0o755 });
    const called = execFileSync("sh", ["-c", stdout], { env: { PATH: `${bin}:${process.env["PATH"]}`, VERCEL_TOKEN: TOKEN } }).toString();
    const [verify, create] = called.split("\u0001").map((one) => one.split("\0"));
    expect(verify).toContain(`${api.url}/v1/verify-endpoint?teamId=${TEAM}`);
    expect(create).toContain(`Authorization: Bearer ${TOKEN}`);
    const response = await fetch(`${api.url}/v1/drains?teamId=${TEAM}`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      body: create?.[create.indexOf("-d") + 1] ?? "",
    });
    expect(response.status).toBe(200);
    expect(api.drains[0]?.delivery).toMatchObject({ secret: SECRET, headers: { "x-name": "it's" } });
  });

  test("needs no token", async () => {
    const { code, stdout } = await runCommand(["setup", "vercel", "--url", "https://drain.example", "--dry-run"]);
    expect(code).toBe(0);
    expect(stdout).toContain("$VERCEL_TOKEN");
    expect(stdout).toContain("https://api.vercel.com/v1/drains");
  });
});

describe("faults of the API are one line with a mend", () => {
  test.each([
    [
      401,
      fault(401, "unauthorized", "Invalid token"),
      /Vercel answered 401 \(unauthorized: Invalid token\): VERCEL_TOKEN is wrong or expired/,
    ],
    [402, fault(402, "payment_required", "Upgrade"), /402 .*drains need a Pro or Enterprise plan/],
    [403, fault(403, "forbidden", "Not authorized"), /403 .*the token must reach the team team_stand_in/],
    [404, fault(404, "not_found", "Project not found"), /404 .*check --team and the project ids/],
    [409, fault(409, "conflict", "A drain with that name exists"), /409 .*choose another --name or look at --list/],
    [500, fault(500, "internal", "Oops"), /500 .*nothing is wrong here, run it again later/],
    [502, { status: 502, body: "<html>Bad Gateway</html>" }, /^otlp-drain: Vercel answered 502: nothing is wrong here/],
  ])("%i", async (_, refusal, words) => {
    api.refusals.push(refusal);
    expectFault(await setup(["--list"]), 1, words, [TOKEN]);
  });

  test("a wrong token is never repeated, even when the answer does", async () => {
    api.refusals.push(fault(403, "forbidden", `token wrong-token-of-mine and ${OTHER_SECRET} are bad\nreally`));
    const finished = await setup(["--url", drain.url, "--secret", OTHER_SECRET], { VERCEL_TOKEN: "wrong-token-of-mine" });
    expectFault(finished, 1, /token \*\*\* and \*\*\* are bad really/, ["wrong-token-of-mine", OTHER_SECRET]);
  });

  test("a conflict while creating leaves nothing behind", async () => {
    api.refusals.push(passing(1)[0] as never, { status: 200, body: { drains: [] } }, fault(409, "conflict", "exists"));
    expectFault(await setup(["--url", drain.url], { VERCEL_DRAIN_SECRET: SECRET }), 1, /409/);
    expect(api.drains).toEqual([]);
  });

  test("a short rate limit is waited for", async () => {
    api.refusals.push({ ...fault(429, "rate_limited", "Slow down"), headers: { "retry-after": "1" } });
    const { code, stdout } = await setup(["--list"]);
    expect(code).toBe(0);
    expect(stdout).toBe("There are no drains.\n");
  });

  test("a long one is told", async () => {
    api.refusals.push({ ...fault(429, "rate_limited", "Slow down"), headers: { "retry-after": "3600" } });
    expectFault(await setup(["--list"]), 1, /429 \(rate_limited: Slow down\): run it again in 3600 seconds/);
  });

  test("one that does not end is given up", async () => {
    for (let index = 0; index < 5; index++)
      api.refusals.push({ ...fault(429, "rate_limited", "Slow down"), headers: { "retry-after": "0" } });
    expectFault(await setup(["--list"]), 1, /429/);
    expect(api.refusals).toHaveLength(2);
  });

  test("an answer of another server is no answer", async () => {
    api.refusals.push({ status: 200, body: "<html></html>" });
    expectFault(await setup(["--list"]), 1, /holds no JSON/);
    api.refusals.push({ status: 200, body: { hello: "world" } });
    expectFault(await setup(["--list"]), 1, /holds no list of drains/);
  });

  test("no answer names the network", async () => {
    const env = { VERCEL_TOKEN: TOKEN };
    const finished = await runCommand(["setup", "vercel", "--list", "--api-url", `http://127.0.0.1:${await closedPort()}`], { env });
    expectFault(finished, 1, /Vercel's API cannot be reached \(ECONNREFUSED\)/, [TOKEN]);
  });
});

describe("a wrong command line makes no call", () => {
  test.each([
    [["--list"], { VERCEL_TOKEN: "" }, /VERCEL_TOKEN is not set: make a token/],
    [["--list"], { VERCEL_TOKEN: "a b" }, /VERCEL_TOKEN holds characters that no token has/],
    [[], {}, /--url is missing/],
    [["--url", "drain.example"], {}, /--url has no scheme/],
    [["--url", "http://drain.example/vercel"], {}, /--url is not https/],
    [["--url", "https://drain.example", "--secret", "too-short-a-secret"], {}, /fewer than 32 characters/],
    [["--url", "https://drain.example", "--sources", "lambda,lamda"], {}, /--sources takes a comma-separated list of: static/],
    [["--url", "https://drain.example", "--environments", "staging"], {}, /--environments takes/],
    [["--url", "https://drain.example", "--sampling", "1.5"], {}, /--sampling takes rate/],
    [["--url", "https://drain.example", "--sampling", "0.5:staging"], {}, /--sampling takes rate/],
    [["--url", "https://drain.example", "--encoding", "xml"], {}, /--encoding takes one of: ndjson, json/],
    [["--url", "https://drain.example", "--header", "novalue"], {}, /--header takes name=value/],
    [
      ["--url", "https://drain.example", ..."abcdef".split("").flatMap((name) => ["--header", `${name}=1`])],
      {},
      /--header may be given 5 times/,
    ],
    [["--url", "https://drain.example", "--project", "my project"], {}, /--project takes the id/],
    [["--list", "--remove"], {}, /choose one of --list, --remove and --dry-run/],
    [["--list", "--api-url", "http://vercel.example"], {}, /--api-url is not https/],
  ] as const)("%j %j", async (args, env, words) => {
    expectFault(await setup(args, env), 2, words, ["too-short-a-secret"]);
    expect(api.requests).toEqual([]);
  });
});
