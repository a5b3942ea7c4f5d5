// Delivers the pieces of one invocation, in stretches: ten thousand Kinesis records are a few requests, and never all in memory.
import type { Drain, Receipt } from "../../core/drain.ts";
import type { Failure, Source } from "../../core/source.ts";
import type { CloudWatchPayload } from "../../core/sources/cloudwatch.ts";
import { addReceipt, NO_RECEIPT } from "../receipts.ts";
import type { Piece } from "./event.ts";
import { type Item, unpack } from "./unpack.ts";

/** Inflated bytes that go into one delivery. A FireLens line whose parts lie in two deliveries stays in parts. */
const STRETCH_BYTES = 4 * 1024 * 1024;

export interface PieceDelivery {
  readonly drain: Drain;
  readonly source: Source<CloudWatchPayload>;
  /** Cap on one inflated piece. */
  readonly maxBytes: number;
  /** ms that are left for a delivery that starts now. */
  readonly remainingMs: () => number;
}

export interface PieceOutcome {
  readonly receipt: Receipt;
  /** Pieces that could not be read. */
  readonly skipped: number;
  /** The first one; nothing behind its stretch was tried. */
  readonly failure?: (Failure & { readonly from: Piece }) | undefined;
}

export async function deliverPieces(
  pieces: readonly Piece[],
  { drain, source, maxBytes, remainingMs }: PieceDelivery,
): Promise<PieceOutcome> {
  let receipt = NO_RECEIPT;
  let skipped = 0;
  let items: Item[] = [];
  let bytes = 0;
  let first: Piece | undefined;
  // What lies before the first piece of the stretch: when that fails, the rest comes again.
  let settled = { receipt, skipped };
  for (const [index, piece] of pieces.entries()) {
    const unpacked = await unpack(piece.data, maxBytes);
    if (unpacked.ok) {
      if (unpacked.value.items.length > 0 && first === undefined) {
        first = piece;
        settled = { receipt, skipped };
      }
      for (const item of unpacked.value.items) items.push(item);
      bytes += unpacked.value.bytes;
    } else {
      skipped++;
      receipt = addReceipt(receipt, { ...NO_RECEIPT, notes: [`skipped: ${unpacked.error}`] });
    }
    if (first === undefined || (bytes < STRETCH_BYTES && index < pieces.length - 1)) continue;
    const outcome = await drain.deliver(source, items, { budgetMs: remainingMs() });
    if (!outcome.ok) return { ...settled, failure: { ...outcome.error, from: first } };
    receipt = addReceipt(receipt, outcome.value);
    items = [];
    bytes = 0;
    first = undefined;
  }
  return { receipt, skipped };
}
