// Set-up steps as one shell script that can be pasted whole: comments, commands, and files as here-documents. Every value that
// comes from outside is quoted, so that it stays a value.
import type { CliOutput } from "./output.ts";

export type Step =
  /** Nothing to run: what to know, or what to set by hand. */
  | { readonly title: string; readonly note: readonly string[] }
  | { readonly title: string; readonly commands: readonly string[] }
  | { readonly title: string; readonly file: string; readonly content: string; readonly append?: boolean | undefined };

/** Prints the steps, for a person and a shell or, as JSON, for a program. */
export function printRecipe(steps: readonly Step[], output: CliOutput): void {
  if (output.json) output.printJson({ steps });
  else output.print(formatRecipe(steps, output.colors));
}

function formatRecipe(steps: readonly Step[], colors: CliOutput["colors"]): string {
  return steps.map((step, index) => `${colors.bold(`# ${index + 1}. ${step.title}`)}\n${formatStep(step)}`).join("\n\n");
}

function formatStep(step: Step): string {
  if ("note" in step) return step.note.map((line) => `#    ${line}`).join("\n");
  if ("commands" in step) return step.commands.join("\n");
  const content = step.content.trimEnd();
  return `cat ${step.append ? ">>" : ">"} ${quoteShell(step.file)} <<'${HERE}'\n${content}\n${HERE}`;
}

/** No line of ours is this word. */
const HERE = "OTLP_DRAIN_END";

/** One word of a POSIX shell. */
export function quoteShell(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A command over several lines: the first words, then a flag with its value a line. */
export function command(first: string, ...flags: readonly string[]): string {
  return [first, ...flags].join(" \\\n  ");
}
