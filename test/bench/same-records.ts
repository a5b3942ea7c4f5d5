// Before anything is timed: every variant must make the same records of the same lines, read by an oracle that belongs to none of them.
import { deepStrictEqual } from "node:assert";
import { decodeOracle, type FlatRecord, flatten, parseJson } from "../support/oracle.ts";
import { createVariant, type VariantName } from "./variant.ts";

/** Throws when one variant does less than the others. */
export async function checkSameRecords(payload: Uint8Array<ArrayBuffer>): Promise<void> {
  const ours = await readRecords("ours", payload);
  for (const name of ["sdk-protobuf", "sdk-json"] as const)
    deepStrictEqual(await readRecords(name, payload), ours, `${name} differs from ours`);
}

async function readRecords(name: VariantName, payload: Uint8Array<ArrayBuffer>): Promise<ReadonlyMap<unknown, FlatRecord>> {
  const records: FlatRecord[] = [];
  const variant = await createVariant(name, {
    kind: "convert",
    onRequest: (bytes) => records.push(...flatten(name === "sdk-json" ? parseJson(new TextDecoder().decode(bytes)) : decodeOracle(bytes))),
  });
  await variant.run(payload);
  // Arrival differs from run to run, and the order of resources from batch size to batch size.
  return new Map(records.map((record) => [record.attributes["log.record.uid"], { ...record, observedTimeUnixNano: 0n }]));
}
