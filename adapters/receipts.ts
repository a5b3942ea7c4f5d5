// Receipts of a payload that went out in several deliveries, added up.
import type { Receipt } from "../core/drain.ts";

export const NO_RECEIPT: Receipt = { delivered: 0, rejected: 0, malformed: 0, filtered: 0, notes: [] };

export function addReceipt(one: Receipt, other: Receipt): Receipt {
  return {
    delivered: one.delivered + other.delivered,
    rejected: one.rejected + other.rejected,
    malformed: one.malformed + other.malformed,
    filtered: one.filtered + other.filtered,
    notes: [...new Set([...one.notes, ...other.notes])],
  };
}
