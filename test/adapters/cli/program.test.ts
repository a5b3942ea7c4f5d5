import { build } from "esbuild";
import { describe, expect, test } from "vitest";
import { CliOutput } from "../../../adapters/cli/output.ts";
import { VERSION } from "../../../core/version.ts";
import { expectFault, runCommand } from "./support/command.ts";

const SECRET = "hunter2-hunter2-hunter2-hunter2-hunter2";
const ESCAPE = "\u001b[";

describe("help", () => {
  test("lists the verbs", async () => {
    const { code, stdout, stderr } = await runCommand(["--help"]);
    expect(code).toBe(0);
    expect(stderr).toBe("");
    for (const verb of ["serve", "setup", "send", "convert", "doctor"]) expect(stdout).toMatch(new RegExp(`^  ${verb}\\b`, "m"));
  });

  test.each([
    ["serve"],
    ["setup"],
    ["setup", "vercel"],
    ["setup", "fly"],
    ["setup", "cloudwatch"],
    ["setup", "cloudflare"],
    ["setup", "firehose"],
    ["send"],
    ["convert"],
    ["doctor"],
  ])("has a page for %s %s", async (...verb) => {
    const { code, stdout, stderr } = await runCommand([...verb, "--help"]);
    expect(code).toBe(0);
    expect(stderr).toBe("");
    expect(stdout).toContain(`Usage: otlp-drain ${verb.join(" ")}`);
  });

  test("comes on stderr, with the code of a usage fault, when nothing is asked for", async () => {
    const { code, stdout, stderr } = await runCommand([]);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain("Usage: otlp-drain");
  });

  test("the version is the package's", async () => {
    expect(await runCommand(["--version"])).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: "" });
  });
});

describe("a wrong command line is one line and exit code 2", () => {
  test.each([
    [["bogus"], /unknown command 'bogus'/],
    [["snd"], /did you mean send/],
    [["setup", "bogus"], /unknown command 'bogus'/],
    [["convert", "bogus"], /there is no source of that name: choose one of vercel, fly/],
    [["send", "bogus", "--url", "http://127.0.0.1"], /there is no drain of that name: choose one of vercel, fly/],
    [["send"], /missing required argument 'drain'/],
    [["doctor", "--bogus"], /unknown option '--bogus'/],
    [["send", "vercel", "--url"], /argument missing/],
    [["serve", "--port", "http"], /--port takes a whole number from 0 to 65535/],
  ])("%j", async (args, words) => {
    const finished = await runCommand(args);
    expectFault(finished, 2, words);
    expect(finished.stdout).toBe("");
  });

  test.each([
    [["send", "vercel", `--sceret=${SECRET}`]],
    [["setup", "vercel", `--token=${SECRET}`]],
    [["send", "vercel", SECRET]],
    [["send", SECRET]],
    [["send", "vercel", "--url", `https://user:${SECRET}@drain.example/vercel`]],
    [["send", "vercel", "--url", "http://127.0.0.1:1", "--secret", SECRET, "--rate", "x"]],
  ])("and repeats no secret: %j", async (args) => {
    expectFault(await runCommand(args), 2, /./, [SECRET]);
  });

  test("with --json it is an object", async () => {
    const { code, stderr } = await runCommand(["send", "vercel", "--json"]);
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toEqual({ error: expect.stringContaining("--url is missing"), exitCode: 2 });
  });
});

describe("colours", () => {
  test.each([{}, { CI: "true" }, { FORCE_COLOR: "1" }, { COLORTERM: "truecolor" }])("never reach a pipe, whatever %j says", async (env) => {
    const { stdout } = await runCommand(["--help"], { env });
    expect(stdout).not.toContain(ESCAPE);
    const { stderr } = await runCommand(["bogus"], { env });
    expect(stderr).not.toContain(ESCAPE);
  });

  test.each([
    ["a terminal has them", true, {}, true],
    ["NO_COLOR takes them away", true, { NO_COLOR: "1" }, false],
    ["an empty NO_COLOR does not", true, { NO_COLOR: "" }, true],
    ["a dumb terminal has none", true, { TERM: "dumb" }, false],
    ["a pipe has none", false, { FORCE_COLOR: "1", CI: "1" }, false],
  ])("%s", (_, isTTY, env, colored) => {
    let written = "";
    const stream = { isTTY, write: (text: string) => (written += text) };
    const output = new CliOutput(stream, stream, env);
    output.print(output.colors.bold("x"));
    output.fail("y", 1);
    expect(output.colored).toBe(colored);
    expect(written.includes(ESCAPE)).toBe(colored);
  });
});

test("the words of others neither break a line nor steer the terminal", () => {
  let written = "";
  const stream = { isTTY: false, write: (text: string) => (written += text) };
  new CliOutput(stream, stream, {}).fail("a\nb\u001b[2Jc\u009bd\u2028e", 1);
  expect(written).toBe("otlp-drain: a b [2Jc d e\n");
});

test("nothing of it is in what a Worker or a Lambda loads", async () => {
  const { metafile } = await build({
    entryPoints: ["adapters/http.ts", "core/index.ts"],
    bundle: true,
    write: false,
    metafile: true,
    outdir: "unused",
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    external: ["node:*"],
  });
  const inputs = Object.keys(metafile.inputs);
  expect(inputs).toContain("adapters/http.ts");
  expect(inputs.filter((path) => /adapters\/cli|commander|picocolors/.test(path))).toEqual([]);
});
