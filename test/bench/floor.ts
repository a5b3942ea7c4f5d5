// The floor: what reading the JSON alone costs, line by line, in the way that holds the least memory.
import type { Variant } from "./variant.ts";

const LINE_FEED = 0x0a;
const decoder = new TextDecoder();

/** Parses every line of NDJSON: the SDK's pipeline begins with it too. */
export function forEachLine(payload: Uint8Array, use: (value: unknown) => void): void {
  for (let position = 0; position < payload.length; ) {
    const lineFeed = payload.indexOf(LINE_FEED, position);
    const end = lineFeed < 0 ? payload.length : lineFeed;
    use(JSON.parse(decoder.decode(payload.subarray(position, end))));
    position = end + 1;
  }
}

export function createFloor(): Variant {
  let last: unknown;
  return {
    async run(payload) {
      forEachLine(payload, (value) => {
        last = value;
      });
      if (last === undefined) throw new Error("the payload is empty");
    },
  };
}
