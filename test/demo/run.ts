// `npm run demo`: a real OTLP receiver and the real server on loopback, and one delivery a platform replayed into it.
// Exits 0 only when every record arrived.
import { startServer } from "../../adapters/node.ts";
import { readConfig } from "../../core/config.ts";
import { toRfc3339 } from "../../core/read/time.ts";
import type { FlatRecord } from "../support/oracle.ts";
import { startReceiver } from "../support/receiver.ts";
import { DEMO_DELIVERIES, DEMO_SECRETS } from "./deliveries.ts";
import { createLambdaDelivery } from "./lambda.ts";
import { createTailDelivery } from "./tail.ts";

const MAX_SHOWN_RECORDS = 3;

const receiver = await startReceiver();
const config = readConfig({ ...DEMO_SECRETS, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.href, PORT: "0" });
if (!config.ok) throw new Error(config.error.map(({ message }) => message).join("\n"));
const server = await startServer(config.value);
console.log(`OTLP receiver   ${receiver.logsUrl.href}\notlp-drain      ${server.url}\n`);

let complete = true;
const rows = [["platform", "as it travels", "sent", "answered", "arrived"]];
const shown: FlatRecord[] = [];
for (const { platform, wire, records, send } of [...DEMO_DELIVERIES, createLambdaDelivery(receiver.url), createTailDelivery(receiver)]) {
  const before = receiver.accepted.length;
  const answer = await send(server.url);
  const arrived = receiver.accepted.slice(before);
  if (arrived.length !== records) complete = false;
  rows.push([platform, wire, String(records), answer, String(arrived.length)]);
  const [first] = arrived;
  if (first !== undefined && shown.length < MAX_SHOWN_RECORDS) shown.push(first);
}
if (receiver.violations.length > 0) complete = false;

printTable(rows);
for (const record of shown) printRecord(record);
for (const violation of receiver.violations) console.log(`violation: ${violation}`);
console.log(complete ? "\nEvery record arrived." : "\nSome records did not arrive.");

await server.close();
await receiver.close();
process.exitCode = complete ? 0 : 1;

function printTable(table: readonly (readonly string[])[]): void {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  for (const row of table)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    );
}

function printRecord(record: FlatRecord): void {
  console.log(`\n${record.scope}`);
  console.log(`  time       ${record.timeUnixNano === 0n ? "(unknown)" : toRfc3339(record.timeUnixNano)}`);
  console.log(`  severity   ${record.severityNumber} ${record.severityText}`);
  console.log(`  body       ${show(record.body)}`);
  if (record.traceId !== "") console.log(`  trace      ${record.traceId} ${record.spanId}`);
  console.log(`  resource   ${showAll(record.resource)}`);
  console.log(`  attributes ${showAll(record.attributes)}`);
}

function showAll(attributes: Readonly<Record<string, unknown>>): string {
  return Object.entries(attributes)
    .map(([key, value]) => `${key}=${show(value)}`)
    .join("\n             ");
}

function show(value: unknown): string {
  if (typeof value === "string") return value;
  return JSON.stringify(value, (_key, member) => (typeof member === "bigint" ? String(member) : member)) ?? "";
}
