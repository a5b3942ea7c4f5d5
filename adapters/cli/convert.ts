// `otlp-drain convert <source> [file]`: a payload in, OTLP/JSON out; no network. Through the drain itself, with an exporter that prints.
import { Argument } from "commander";
import { createDrain, type Drain, type Receipt } from "../../core/drain.ts";
import type { Exporter } from "../../core/export/exporter.ts";
import { createJsonRequest } from "../../core/otlp/json.ts";
import { countRecords } from "../../core/otlp/model.ts";
import { createConsoleExporter } from "../console-exporter.ts";
import { CONVERSIONS, type Conversion } from "./conversions.ts";
import { readPayload } from "./inputs.ts";
import { type CliOutput, type CliResult, DONE, failure, usageFault } from "./output.ts";
import type { CliContext, Verb } from "./program.ts";

interface ConvertOptions {
  readonly pretty?: boolean;
}

/** Nothing waits for the answer. */
const BUDGET_MS = 3_600_000;

export const convertVerb: Verb = {
  register(parent, context, act) {
    parent
      .command("convert")
      .description("turn a payload into OTLP/JSON, without any network")
      .addArgument(new Argument("<source>", "format of the payload").choices(CONVERSIONS.map(({ name }) => name)))
      .argument("[file]", "the payload, - for stdin; gzip is undone first", "-")
      .option("--pretty", "readable lines instead of OTLP/JSON")
      .addHelpText(
        "after",
        `
Sources:
${CONVERSIONS.map(({ name, payload }) => `  ${name.padEnd(23)} ${payload}`).join("\n")}

Examples:
  otlp-drain convert vercel delivery.ndjson.gz --pretty
  cat events.json | otlp-drain convert fly | curl -d @- -H 'content-type: application/json' http://127.0.0.1:4318/v1/logs`,
      )
      .action(
        act((source: string, file: string, options: ConvertOptions) =>
          convert(
            CONVERSIONS.find(({ name }) => name === source),
            file,
            options,
            context,
          ),
        ),
      );
  },
};

async function convert(
  conversion: Conversion | undefined,
  file: string,
  { pretty = false }: ConvertOptions,
  { env, output, stdin }: CliContext,
): Promise<CliResult> {
  // commander has checked the name against the table.
  if (conversion === undefined) return usageFault("there is no source of that name: see otlp-drain convert --help");
  const { name } = conversion;
  if (file === "-" && (stdin as { readonly isTTY?: boolean }).isTTY) return usageFault("name a file, or pipe the payload in");
  const payload = await readPayload(file, stdin);
  if (!payload.ok) return payload;
  const label = file === "-" ? "the standard input" : file;
  const printed = createPrinter(pretty, output);
  const outcome = await conversion.deliver(
    payload.value,
    (source, decoded) => printed.drain.deliver(source, decoded, { budgetMs: BUDGET_MS }),
    env,
  );
  if (!outcome.ok) {
    // The reader of the pipe has seen enough.
    if (outcome.error.reason === "retryable") return DONE;
    return failure(`${label} is no payload of ${name} (${outcome.error.detail}): choose another file or source`);
  }
  await printed.finish().catch(() => {});
  return judge(outcome, printed.records(), label, name, output);
}

function judge({ value }: { readonly value: Receipt }, records: number, label: string, name: string, output: CliOutput): CliResult {
  const { malformed, filtered, notes } = value;
  for (const note of notes) output.note(note);
  if (filtered > 0) output.note(`${filtered} skipped on purpose`);
  if (malformed === 0) return DONE;
  if (malformed >= records) return failure(`${label} does not read as ${name}: every record is its raw text, choose another source`);
  output.note(`${malformed} of ${records} records could not be read and hold their raw text`);
  return DONE;
}

interface Printer {
  readonly drain: Drain;
  readonly records: () => number;
  readonly finish: () => Promise<void>;
}

/** One request for the whole payload, so that it can be posted as it is; readable lines as they come. */
function createPrinter(pretty: boolean, output: CliOutput): Printer {
  const write = (text: string) => output.write(text);
  const request = createJsonRequest();
  const sink: Exporter = pretty
    ? createConsoleExporter({ write, pretty, colors: output.colored, now: Date.now })
    : {
        async export(batches) {
          let delivered = 0;
          for (const batch of batches) {
            request.append(batch);
            delivered += countRecords(batch);
          }
          return { ok: true, value: { delivered, rejected: 0, notes: [] } };
        },
      };
  let records = 0;
  const exporter: Exporter = {
    async export(batches, options) {
      const exported = await sink.export(batches, options);
      if (exported.ok) records += exported.value.delivered;
      return exported;
    },
  };
  return {
    drain: createDrain({ exporter, now: Date.now }),
    records: () => records,
    finish: () => (pretty ? Promise.resolve() : write(`${new TextDecoder().decode(request.finish())}\n`)),
  };
}
