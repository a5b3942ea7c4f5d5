// `otlp-drain doctor`: from the configuration to the destination's answer, one step at a time, and one sentence at the end. It sends one
// marked record, and again only by other ways when the configured one fails.
import type { Note, Status } from "./doctor/diagnose.ts";
import { type CliOutput, type CliResult, DONE, failure, toOneLine } from "./output.ts";
import type { CliContext, Verb } from "./program.ts";

interface Check {
  readonly name: string;
  readonly status: Status;
  readonly detail: string;
}

export const doctorVerb: Verb = {
  register(parent, context, act) {
    parent
      .command("doctor")
      .description("find out why nothing arrives: configuration, name, port, encryption, one test record")
      .option("--json", "print the findings as JSON")
      .addHelpText(
        "after",
        `
Reads the same environment as the server and sends one marked record to the configured destination, by other paths, encodings and
ports of the same host when that fails. Exit code 0 when the configured way works.

Example:
  OTEL_EXPORTER_OTLP_ENDPOINT=https://otlp.example otlp-drain doctor`,
      )
      .action(act(() => doctor(context)));
  },
};

async function doctor({ env, output }: CliContext): Promise<CliResult> {
  const checks: Check[] = [];
  const note: Note = (name, status, detail) => {
    const check = { name, status, detail: toOneLine(detail) };
    checks.push(check);
    if (!output.json) printCheck(check, output);
  };
  // Only this verb needs what it loads.
  const { diagnose } = await import("./doctor/diagnose.ts");
  const { ok, sentence } = await diagnose(env, note);
  if (output.json) output.printJson({ ok, checks, sentence });
  else output.print(`\n${ok ? output.colors.green(sentence) : output.colors.bold(sentence)}`);
  return ok ? DONE : failure();
}

const NAME_WIDTH = 14;

function printCheck({ name, status, detail }: Check, output: CliOutput): void {
  const { green, yellow, red, dim } = output.colors;
  const paint = { ok: green, warn: yellow, fail: red, skip: dim }[status];
  output.print(`${paint(status.padEnd(4))}  ${name.padEnd(NAME_WIDTH)}  ${detail}`);
}
