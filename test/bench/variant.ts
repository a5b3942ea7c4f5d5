// What the benchmark compares: ways from a payload to its end, each with the same duty.

export interface Variant {
  /** Takes one payload of NDJSON to its end: every record converted, or acknowledged by the destination. */
  run(payload: Uint8Array<ArrayBuffer>): Promise<void>;
}

/** Where a variant's requests go: to a function, which gets the encoded bytes, or gzipped to a URL. */
export type Way =
  | { readonly kind: "convert"; readonly onRequest: (bytes: Uint8Array) => void }
  | { readonly kind: "deliver"; readonly url: string };

export const VARIANT_NAMES = ["floor", "sdk-json", "sdk-protobuf", "ours"] as const;
export type VariantName = (typeof VARIANT_NAMES)[number];

/** The code of a variant is loaded only where it runs. */
export async function createVariant(name: VariantName, way: Way): Promise<Variant> {
  switch (name) {
    case "floor":
      return (await import("./floor.ts")).createFloor();
    case "sdk-json":
    case "sdk-protobuf":
      return (await import("./sdk.ts")).createSdk(name === "sdk-json" ? "json" : "protobuf", way);
    case "ours":
      return (await import("./ours.ts")).createOurs(way);
  }
}
