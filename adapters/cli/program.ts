// The table of verbs, and what they share: help, usage faults in one line, exit codes. A new verb is one more line here.
import { Command, CommanderError } from "commander";
import { VERSION } from "../../core/version.ts";
import { convertVerb } from "./convert.ts";
import { doctorVerb } from "./doctor.ts";
import type { Env } from "./inputs.ts";
import { type CliOutput, type CliResult, DONE, type ExitCode } from "./output.ts";
import { sendVerb } from "./send.ts";
import { serveVerb } from "./serve.ts";
import { setupVerb } from "./setup.ts";

export interface CliContext {
  readonly env: Env;
  readonly output: CliOutput;
  readonly stdin: NodeJS.ReadableStream;
}

/** Makes an action of commander out of one that returns what became of it. The last arguments are the options and the command. */
type Act = <Arguments extends readonly unknown[]>(
  action: (...args: Arguments) => CliResult | Promise<CliResult>,
) => (...args: Arguments) => Promise<void>;

export interface Verb {
  /** Adds the verb, its flags and its help to `parent`. */
  readonly register: (parent: Command, context: CliContext, act: Act) => void;
}

const VERBS: readonly Verb[] = [serveVerb, setupVerb, sendVerb, convertVerb, doctorVerb];

/** @returns the exit code: 0 it worked, 1 it did not, 2 the command line is wrong */
export async function runCli(args: readonly string[], context: CliContext): Promise<0 | ExitCode> {
  const { output } = context;
  let result = DONE as CliResult;
  const act: Act =
    (action) =>
    async (...actionArguments) => {
      result = await action(...actionArguments);
    };
  // A fault of the command line is JSON too when it is asked for, wherever it stands on the line.
  output.json = args.includes("--json");
  const program = new Command("otlp-drain")
    .description("Turns what platforms send as logs into OpenTelemetry logs; a 2xx means delivered.")
    .version(VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [verb]", "print help for a verb")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => output.print(text.trimEnd()),
      writeErr: (text) => output.noteHelp(text),
      outputError: () => {},
      getOutHasColors: () => output.colored,
    })
    .configureHelp({
      styleTitle: (text) => output.colors.bold(text),
      styleCommandText: (text) => output.colors.cyan(text),
      styleOptionTerm: (text) => output.colors.cyan(text),
    });
  for (const { register } of VERBS) register(program, context, act);
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    // Help was asked for by leaving everything out; it stands on stderr already.
    if (error.code !== "commander.help") output.fail(describeUsage(error), 2);
    return 2;
  }
  if (result.ok) return 0;
  const { exitCode, message } = result.error;
  if (message !== undefined) output.fail(message, exitCode);
  return exitCode;
}

/** commander's words without what they repeat of the command line where that may be a secret. */
function describeUsage({ code, message }: CommanderError): string {
  const words = message
    .replace(/^error: /, "")
    .replace(/\n\(Did you mean (.+)\?\)$/s, ", did you mean $1")
    .replace(/ \(use .*\)$/, "");
  switch (code) {
    case "commander.unknownOption":
      return `${words.replace(/'(--?[\w-]*)[^']*'/, "'$1'")}: run it with --help to see its flags`;
    case "commander.excessArguments":
      return `${words.replace(/( but got \d+).*$/s, "$1")}: quote what holds spaces, or run it with --help`;
    case "commander.invalidArgument":
      return words.replace(
        /^command-argument value .* is invalid for argument '(.+?)'\. Allowed choices are (.*)\.$/s,
        "there is no $1 of that name: choose one of $2",
      );
    case "commander.unknownCommand":
      return `${words}: run otlp-drain --help to see the verbs`;
    default:
      return `${words}: run it with --help`;
  }
}
