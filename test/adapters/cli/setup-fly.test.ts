import { parse as parseToml } from "smol-toml";
import { describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { expectFault, runCommand } from "./support/command.ts";
import { runScript } from "./support/shell.ts";

const TOKEN = "a_token_for_the_log_shipper";
const URL_FLAGS = ["--url", "https://drain.example"];
/** `fly tokens create` prints a token with a space in it. */
const prints = { "fly tokens create readonly": "FlyV1 fm2_abc\\n" };

async function setup(args: readonly string[], env: Readonly<Record<string, string>> = { FLY_DRAIN_TOKEN: TOKEN }): Promise<string> {
  const { code, stdout, stderr } = await runCommand(["setup", "fly", ...args], { env });
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return stdout;
}

function secretsOf(calls: readonly (readonly string[])[]): Readonly<Record<string, string>> {
  const call = calls.find(([, words, verb]) => words === "secrets" && verb === "set") ?? [];
  return Object.fromEntries(
    call.filter((word) => /^[A-Z_]+=/.test(word)).map((word) => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]),
  );
}

describe("the stock log shipper", () => {
  test("sends here because of two secrets, and runs as a script", async () => {
    const stdout = await setup(URL_FLAGS);
    expect(stdout).toContain(`#    FLY_DRAIN_TOKEN=${TOKEN}\n`);
    expect(stdout).toContain("#    FLY_IGNORE_APPS=otlp-drain-shipper ");
    const { calls } = runScript(stdout, { prints });
    expect(calls.map(([name, verb]) => `${name} ${verb}`)).toEqual([
      "fly launch",
      "fly tokens",
      "fly secrets",
      "fly deploy",
      "fly logs",
      "npx otlp-drain",
    ]);
    expect(secretsOf(calls)).toEqual({
      ORG: "personal",
      ACCESS_TOKEN: "FlyV1 fm2_abc",
      SUBJECT: "logs.>",
      QUEUE: "otlp-drain",
      HTTP_URL: "https://drain.example/fly",
      HTTP_TOKEN: TOKEN,
    });
    expect(calls.find(([, verb]) => verb === "deploy")).toContain("--no-public-ips");
  });

  test("takes organization, app and subject from the flags", async () => {
    const { calls } = runScript(await setup([...URL_FLAGS, "--org", "acme", "--app", "shipper", "--subject", "logs.my-app.>"]), { prints });
    expect(calls[0]).toEqual(expect.arrayContaining(["--name", "shipper", "--org", "acme"]));
    expect(calls[1]).toEqual(["fly", "tokens", "create", "readonly", "acme"]);
    expect(secretsOf(calls)).toMatchObject({ ORG: "acme", SUBJECT: "logs.my-app.>" });
  });

  test("makes a token when there is none, the same for both ends", async () => {
    const stdout = await setup(URL_FLAGS, {});
    const made = /FLY_DRAIN_TOKEN=([0-9a-f]{64}) {3}\(made just now, shown this once\)/.exec(stdout)?.[1];
    expect(secretsOf(runScript(stdout, { prints }).calls)["HTTP_TOKEN"]).toBe(made);
    expect(await setup(URL_FLAGS, {})).not.toContain(made);
  });
});

describe("a sink for the stock shipper (Vector 0.29)", () => {
  test.each(["old", "0.29.1", "0.40"])("--vector %s: parses as TOML and holds the sink's documented options", async (version) => {
    const { calls, read } = runScript(await setup([...URL_FLAGS, "--vector", version]), { prints });
    expect(parseToml(read("otlp-drain-shipper/otlp_drain.toml"))).toEqual({
      transforms: {
        otlp_drain_not_self: { type: "filter", inputs: ["log_json"], condition: `.fly.app.name != "\${FLY_APP_NAME}"` },
      },
      sinks: {
        otlp_drain: {
          type: "http",
          inputs: ["otlp_drain_not_self"],
          uri: `\${OTLP_DRAIN_URL}`,
          encoding: { codec: "json" },
          framing: { method: "newline_delimited" },
          compression: "gzip",
          auth: { strategy: "bearer", token: `\${OTLP_DRAIN_TOKEN}` },
          batch: { max_bytes: 1_000_000, timeout_secs: 1 },
          buffer: { type: "memory", max_events: 20_000 },
          request: { concurrency: 4, timeout_secs: 60, retry_max_duration_secs: 30 },
          healthcheck: { uri: `\${OTLP_DRAIN_URL}` },
        },
      },
    });
    const secrets = secretsOf(calls);
    expect(secrets).toMatchObject({ OTLP_DRAIN_URL: "https://drain.example/fly", OTLP_DRAIN_TOKEN: TOKEN });
    expect(secrets).not.toHaveProperty("HTTP_URL");
    expect(calls.find(([, verb]) => verb === "deploy")).toContain("--file-local=/etc/vector/sinks/otlp_drain.toml=./otlp_drain.toml");
  });

  test("holds nothing that the shipper's start script would expand but the three variables", async () => {
    const { read } = runScript(await setup([...URL_FLAGS, "--vector", "old"]), { prints });
    const text = read("otlp-drain-shipper/otlp_drain.toml");
    expect(text).not.toMatch(/[`\\]/);
    const variables = ["FLY_APP_NAME", "OTLP_DRAIN_URL", "OTLP_DRAIN_TOKEN"].map((name) => `\${${name}}`);
    expect(new Set(text.match(/\$\{?\w*\}?/g))).toEqual(new Set(variables));
  });
});

describe("a Vector of one's own (0.55 and later)", () => {
  test("parses as YAML and TOML, without variables, with secrets from files", async () => {
    const { calls, read } = runScript(await setup([...URL_FLAGS, "--vector", "new", "--org", "acme", "--subject", "logs.my-app.>"]), {
      prints,
    });
    const vector = parseYaml(read("otlp-drain-shipper/vector.yaml"));
    expect(vector).toMatchObject({
      secret: { fly: { type: "directory", path: "/run/vector-secrets", remove_trailing_whitespace: true } },
      sources: {
        fly_nats: {
          type: "nats",
          url: "nats://[fdaa::3]:4223",
          connection_name: "otlp-drain",
          subject: "logs.my-app.>",
          queue: "otlp-drain",
          auth: { strategy: "user_password", user_password: { user: "acme", password: "SECRET[fly.fly_token]" } },
        },
      },
      transforms: {
        log_json: { type: "remap", inputs: ["fly_nats"], source: ". = parse_json!(.message)" },
        not_self: { type: "filter", inputs: ["log_json"], condition: '.fly.app.name != "otlp-drain-shipper"' },
      },
      sinks: {
        otlp_drain: {
          type: "http",
          inputs: ["not_self"],
          uri: "https://drain.example/fly",
          encoding: { codec: "json" },
          framing: { method: "newline_delimited" },
          compression: "gzip",
          auth: { strategy: "bearer", token: "SECRET[fly.otlp_drain_token]" },
          healthcheck: { uri: "https://drain.example/fly" },
        },
      },
    });
    expect(read("otlp-drain-shipper/vector.yaml")).not.toContain("$");
    const fly = parseToml(read("otlp-drain-shipper/fly.toml"));
    expect(fly).toMatchObject({ app: "otlp-drain-shipper", build: { image: "timberio/vector:0.57.0-debian" } });
    expect(fly["files"]).toEqual([
      { guest_path: "/etc/vector/vector.yaml", local_path: "vector.yaml" },
      { guest_path: "/run/vector-secrets/fly_token", secret_name: "FLY_TOKEN_FILE" },
      { guest_path: "/run/vector-secrets/otlp_drain_token", secret_name: "OTLP_DRAIN_TOKEN_FILE" },
    ]);
    const secrets = secretsOf(calls);
    expect(Buffer.from(secrets["OTLP_DRAIN_TOKEN_FILE"] ?? "", "base64").toString()).toBe(TOKEN);
    expect(Buffer.from(secrets["FLY_TOKEN_FILE"] ?? "", "base64").toString()).toBe("FlyV1 fm2_abc\n");
  });

  test("runs the version that is named", async () => {
    const { read } = runScript(await setup([...URL_FLAGS, "--vector", "0.55"]), { prints });
    expect(read("otlp-drain-shipper/fly.toml")).toContain("timberio/vector:0.55.0-debian");
  });
});

test("--json holds the same steps", async () => {
  const { steps } = JSON.parse(await setup([...URL_FLAGS, "--vector", "old", "--json"]));
  expect(steps.map(({ file }: { readonly file?: string }) => file).filter(Boolean)).toEqual(["otlp_drain.toml"]);
});

test.each([
  [[], /--url is missing/],
  [["--url", "http://drain.example/fly"], /--url is not https/],
  [["--url", "ftp://drain.example/fly"], /--url has no scheme of http or https/],
  [[...URL_FLAGS, "--org", "My Org"], /--org is no organization slug/],
  [[...URL_FLAGS, "--app", '"; rm -rf /'], /--app is no app name/],
  [[...URL_FLAGS, "--queue", "$(x)"], /--queue is no queue name/],
  [[...URL_FLAGS, "--subject", "metrics.>"], /--subject is no subject/],
  [[...URL_FLAGS, "--vector", "newest"], /--vector takes old, new or a version/],
])("%j is a usage fault", async (args, words) => {
  expectFault(await runCommand(["setup", "fly", ...args]), 2, words);
});
