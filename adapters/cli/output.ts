// What the command says and how: results on stdout, remarks and one-line faults on stderr, colours only where a person looks.
// A fault names what is wrong and what to do; it never holds a payload or a secret.
import picocolors from "picocolors";
import type { Result } from "../../core/source.ts";

/** 1: it did not work. 2: the command was not understood. */
export type ExitCode = 1 | 2;

/** `message` is absent when what was printed already says it. */
export interface CliFault {
  readonly exitCode: ExitCode;
  readonly message?: string | undefined;
}

export type CliResult<T = void> = Result<T, CliFault>;

export const DONE: CliResult = { ok: true, value: undefined };

/** The command line is wrong. */
export function usageFault(message: string): { readonly ok: false; readonly error: CliFault } {
  return { ok: false, error: { exitCode: 2, message } };
}

/** The command was understood, and could not do it. */
export function failure(message?: string): { readonly ok: false; readonly error: CliFault } {
  return { ok: false, error: { exitCode: 1, message } };
}

/** The part of a terminal or pipe that is used here. */
export interface TextStream {
  readonly isTTY?: boolean | undefined;
  write(text: string, done?: (error?: Error | null) => void): unknown;
}

export type Colors = ReturnType<typeof picocolors.createColors>;

export class CliOutput {
  /** For stdout. They add nothing where nobody looks, or where `NO_COLOR` is set (https://no-color.org). */
  readonly colors: Colors;
  readonly colored: boolean;
  readonly #errorColors: Colors;
  readonly #stdout: TextStream;
  readonly #stderr: TextStream;
  /** Faults as JSON too. */
  json = false;

  constructor(stdout: TextStream, stderr: TextStream, env: Readonly<Record<string, string | undefined>>) {
    const wanted = !env["NO_COLOR"] && env["TERM"] !== "dumb";
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.colored = wanted && stdout.isTTY === true;
    this.colors = picocolors.createColors(this.colored);
    this.#errorColors = picocolors.createColors(wanted && stderr.isTTY === true);
  }

  /** Resolves when the text is handed over. */
  write(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stdout.write(text, (error) => (error ? reject(error) : resolve()));
    });
  }

  print(text: string): void {
    this.#stdout.write(`${text}\n`);
  }

  printJson(value: unknown): void {
    this.#stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
  }

  /** A remark for the person at the terminal, out of the way of a pipe. */
  note(text: string): void {
    this.#stderr.write(`otlp-drain: ${toOneLine(text)}\n`);
  }

  /** Help that was shown because something is missing. */
  noteHelp(text: string): void {
    this.#stderr.write(text);
  }

  fail(message: string, exitCode: ExitCode): void {
    const line = toOneLine(message);
    if (this.json) this.#stderr.write(`${JSON.stringify({ error: line, exitCode })}\n`);
    else this.#stderr.write(`${this.#errorColors.red("otlp-drain:")} ${line}\n`);
  }
}

/** Text of others must neither break a line nor steer the terminal. */
export function toOneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim();
}

/** Rows in columns; the first row is the head. Cells hold no colours. */
export function formatTable(rows: readonly (readonly string[])[], colors: Colors): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return lines.map((line, index) => (index === 0 ? colors.bold(line) : line)).join("\n");
}
