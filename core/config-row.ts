// What a row in the table of variables says.
import type { Parsed } from "./config-values.ts";

/** A variable as help shows it. */
export interface VariableDescription {
  readonly name: string;
  readonly description: string;
  readonly defaultValue: string | undefined;
  readonly accepted: string;
  readonly secret: boolean;
}

export interface Variable<T> extends VariableDescription {
  readonly parse: (text: string) => Parsed<T>;
  /** What is doubtful about a value that is accepted all the same. */
  readonly doubt: (value: T) => string | undefined;
}

/** A variable that always has a value. */
export type Defaulted<T> = Variable<T> & { readonly defaultValue: string };

export interface Row<T> {
  readonly name: string;
  readonly description: string;
  readonly accepted: string;
  readonly parse: (text: string) => Parsed<T>;
  readonly secret?: true;
  readonly doubt?: (value: T) => string | undefined;
}

/** The value of a variable that is not set. */
export function defaultOf<T>({ name, defaultValue, parse }: Defaulted<T>): T {
  const parsed = parse(defaultValue);
  if (!parsed.ok) throw new Error(`the default of ${name} ${parsed.error}`);
  return parsed.value;
}

export function variable<T>(row: Row<T>): Variable<T> {
  return { secret: false, defaultValue: undefined, doubt: () => undefined, ...row };
}

export function withDefault<T>(defaultValue: string, row: Row<T>): Defaulted<T> {
  return { ...variable(row), defaultValue };
}
