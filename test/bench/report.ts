// Figures -> a table for the terminal or the README, and one line per target.
import { cpus } from "node:os";
import { VARIANT_NAMES, type VariantName } from "./variant.ts";

/** Of one record. */
export interface Cost {
  readonly wallUs: number;
  /** All threads of the process: gzip runs beside the rest. */
  readonly cpuUs: number;
}

export type PerVariant<Value> = Readonly<Partial<Record<VariantName, Value>>>;

export interface Figures {
  /** Lines of each payload; the lists below have one element a size. */
  readonly sizes: readonly number[];
  readonly lineBytes: number;
  /** By round: round n of one variant ran beside round n of the others. */
  readonly convert: readonly PerVariant<readonly Cost[]>[];
  readonly deliver: readonly PerVariant<readonly Cost[]>[];
  /** At the largest size. */
  readonly peakRssBytes: PerVariant<number>;
  readonly bundleBytes: PerVariant<number>;
  readonly importMs: PerVariant<number>;
}

export interface Target {
  readonly isMet: boolean;
  readonly text: string;
}

const MIN_CONVERT_RATIO = 2.5;
const MAX_FLOOR_RATIO = 2.3;
const MIN_DELIVER_RATIO = 2.3;
const MAX_MEMORY_SHARE = 0.6;

const COLUMNS: Readonly<Record<VariantName, string>> = {
  floor: "JSON.parse alone",
  "sdk-json": "SDK, OTLPLogExporter (JSON)",
  "sdk-protobuf": "SDK, protobuf exporter",
  ours: "otlp-drain",
};

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** A target counts at every size: the worst one decides. */
export function checkTargets({ convert, deliver, peakRssBytes }: Figures): readonly Target[] {
  const toSdk = Math.min(...convert.map((costs) => ratioByRound(costs, "wallUs", "sdk-protobuf", "ours")));
  const toFloor = Math.max(...convert.map((costs) => ratioByRound(costs, "wallUs", "ours", "floor")));
  const delivered = Math.min(...deliver.map((costs) => ratioByRound(costs, "wallUs", "sdk-protobuf", "ours")));
  const memory = ratio(peakRssBytes.ours, peakRssBytes["sdk-protobuf"]);
  return [
    {
      isMet: toSdk >= MIN_CONVERT_RATIO,
      text: `convert ${toSdk.toFixed(1)} times as fast as the SDK's pipeline to protobuf (at least ${MIN_CONVERT_RATIO})`,
    },
    {
      isMet: toFloor <= MAX_FLOOR_RATIO,
      text: `convert in ${toFloor.toFixed(2)} times what JSON.parse alone takes (at most ${MAX_FLOOR_RATIO})`,
    },
    {
      isMet: delivered >= MIN_DELIVER_RATIO,
      text: `deliver ${delivered.toFixed(1)} times as fast as the SDK with its protobuf exporter (at least ${MIN_DELIVER_RATIO})`,
    },
    {
      isMet: memory < MAX_MEMORY_SHARE,
      text: `peak memory ${Math.round(memory * 100)} % of the SDK's (under ${MAX_MEMORY_SHARE * 100} %)`,
    },
  ];
}

/** The median of the rounds' ratios: whatever else slowed the machine down in a round slowed both. */
function ratioByRound(costs: PerVariant<readonly Cost[]>, key: keyof Cost, name: VariantName, base: VariantName): number {
  return median((costs[name] ?? []).map((cost, round) => ratio(cost[key], costs[base]?.[round]?.[key])));
}

function ratio(value: number | undefined, base: number | undefined): number {
  return (value ?? Number.NaN) / (base ?? Number.NaN);
}

/** Rows of cells; the first row is the head. */
function toRows({ sizes, convert, deliver, peakRssBytes, bundleBytes, importMs }: Figures): readonly (readonly string[])[] {
  const rows = [["", ...VARIANT_NAMES.map((name) => COLUMNS[name]), "SDK protobuf / otlp-drain"]];
  const push = (label: string, values: PerVariant<number>, digits: number, unit: string, sdkRatio?: number) => {
    const cells = VARIANT_NAMES.map((name) => (values[name] === undefined ? "" : `${values[name].toFixed(digits)} ${unit}`));
    rows.push([label, ...cells, `${(sdkRatio ?? ratio(values["sdk-protobuf"], values.ours)).toFixed(1)}x`]);
  };
  const pushCosts = (label: string, bySize: readonly PerVariant<readonly Cost[]>[], key: keyof Cost) => {
    for (const [index, size] of sizes.entries()) {
      const costs = bySize[index] ?? {};
      const medians = Object.fromEntries(Object.entries(costs).map(([name, list]) => [name, median(list.map((cost) => cost[key]))]));
      push(`${label} ${format(size)} lines, a record`, medians, 2, "µs", ratioByRound(costs, key, "sdk-protobuf", "ours"));
    }
  };
  pushCosts("convert", convert, "wallUs");
  pushCosts("deliver", deliver, "wallUs");
  pushCosts("CPU to deliver", deliver, "cpuUs");
  push(`peak memory, ${format(sizes.at(-1) ?? 0)} lines a delivery`, scale(peakRssBytes, 1024 * 1024), 0, "MiB");
  push("bundle, minified", scale(bundleBytes, 1024), 0, "KiB");
  push("import of the bundle", importMs, 1, "ms");
  return rows;
}

function scale(values: PerVariant<number>, divisor: number): PerVariant<number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value / divisor]));
}

function format(value: number): string {
  return value.toLocaleString("en-US");
}

function describe({ lineBytes }: Figures): string {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  return `Vercel NDJSON, ${Math.round(lineBytes)} bytes a line; medians; gzip to a receiver on loopback. Node ${process.versions.node}, ${cpus().length} cores (${model}).`;
}

export function toText(figures: Figures, targets: readonly Target[]): string {
  const rows = toRows(figures);
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const table = rows.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  "),
  );
  return [describe(figures), "", ...table, "", ...targets.map(({ isMet, text }) => `${isMet ? "met    " : "not met"}  ${text}`)].join("\n");
}

export function toMarkdown(figures: Figures, targets: readonly Target[]): string {
  const [head = [], ...rows] = toRows(figures);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    line(head),
    line(head.map((_, column) => (column === 0 ? "---" : "---:"))),
    ...rows.map(line),
    "",
    describe(figures),
    "",
    ...targets.map(({ isMet, text }) => `- ${isMet ? "met" : "not met"}: ${text}`),
  ].join("\n");
}
