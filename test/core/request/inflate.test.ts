import zlib from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Inflaters, inflateBody } from "../../../core/request/inflate.ts";

const TEXT = '{"message":"hello"}\n'.repeat(50);
const PLAIN = new TextEncoder().encode(TEXT);
const CAP = 1_000_000;
const MIB = 1024 * 1024;

function gzip(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(zlib.gzipSync(bytes));
}

function textOf(result: Awaited<ReturnType<typeof inflateBody>>): string {
  return result.ok ? new TextDecoder().decode(result.value) : result.error.reason;
}

async function read(bytes: Uint8Array, contentEncoding: string | null, options = {}): Promise<string> {
  return textOf(await inflateBody(bytes, contentEncoding, CAP, options));
}

describe("inflateBody", () => {
  test("passes an uncompressed body through under each of its names", async () => {
    for (const name of [null, "", " ", "identity", "Identity", "none", "identity, identity"]) {
      const result = await inflateBody(PLAIN, name, CAP);
      expect(result.ok && result.value, String(name)).toBe(PLAIN);
    }
  });

  test.each([
    ["gzip", gzip(PLAIN)],
    ["x-gzip", gzip(PLAIN)],
    ["GZIP", gzip(PLAIN)],
    [" gzip ,", gzip(PLAIN)],
    ["identity, gzip", gzip(PLAIN)],
    ["deflate", zlib.deflateSync(PLAIN)],
    ["deflate", zlib.deflateRawSync(PLAIN)],
    ["zlib", zlib.deflateSync(PLAIN)],
    ["gzip, gzip", gzip(gzip(PLAIN))],
    ["deflate, gzip", gzip(zlib.deflateSync(PLAIN))],
    ["gzip, deflate", zlib.deflateSync(gzip(PLAIN))],
  ])("undoes %s", async (contentEncoding, bytes) => {
    expect(await read(bytes, contentEncoding)).toBe(TEXT);
  });

  test("tells zlib from raw deflate, which Loki clients send under the same name", async () => {
    expect(await read(Buffer.from("789cab564a54b232ac0500082a0209", "hex"), "deflate")).toBe('{"a":1}');
    expect(await read(Buffer.from("ab564a54b232ac0500", "hex"), "deflate")).toBe('{"a":1}');
  });

  test("takes no raw deflate for zlib", async () => {
    const texts = Array.from({ length: 300 }, (_, index) => `${index} ${TEXT.slice(index)}`);
    for (const text of texts) expect(await read(zlib.deflateRawSync(text), "deflate")).toBe(text);
    // A stored block with a padding bit set, so that its first byte is zlib's method.
    expect(await read(Buffer.from("080300fcff616263010000ffff", "hex"), "deflate")).toBe("abc");
  });

  test("reads zlib of every compression level and window", async () => {
    for (let level = 0; level <= 9; level++) {
      for (const windowBits of [9, 12, 15]) expect(await read(zlib.deflateSync(PLAIN, { level, windowBits }), "deflate")).toBe(TEXT);
    }
  });

  test("reads snappy blocks", async () => {
    expect(await read(Buffer.from("07187b2261223a317d", "hex"), "snappy")).toBe('{"a":1}');
    expect(await read(Buffer.from("07187b2261223a31", "hex"), "snappy")).toBe("unreadable");
    expect(textOf(await inflateBody(Buffer.from("07187b2261223a317d", "hex"), "snappy", 6))).toBe("too-large");
  });

  test("sniffs gzip without a header only when asked to", async () => {
    expect(await read(gzip(PLAIN), null, { sniff: true })).toBe(TEXT);
    expect(await read(gzip(PLAIN), "identity", { sniff: true })).toBe(TEXT);
    expect(await read(PLAIN, null, { sniff: true })).toBe(TEXT);
    const result = await inflateBody(gzip(PLAIN), null, CAP);
    expect(result.ok && result.value).toEqual(gzip(PLAIN));
  });

  test("leaves an empty body empty whatever the header says", async () => {
    for (const name of ["gzip", "deflate", "snappy"]) expect(await read(new Uint8Array(0), name)).toBe("");
    expect(await read(gzip(new Uint8Array(0)), "gzip")).toBe("");
  });

  test("calls other codings unsupported and names them only where they are names", async () => {
    for (const name of ["zstd", "br", "compress", "gzip, br", "gzip, gzip, gzip", "constructor", "__proto__", "toString"]) {
      expect(await read(gzip(PLAIN), name), name).toBe("unsupported");
    }
    expect(await inflateBody(PLAIN, "zstd", CAP)).toEqual({ ok: false, error: { reason: "unsupported", detail: "content encoding zstd" } });
    const odd = await inflateBody(PLAIN, "<script>secret</script>", CAP);
    expect(!odd.ok && odd.error.detail).not.toContain("secret");
  });

  test("calls damaged, truncated and trailing bytes unreadable", async () => {
    const whole = gzip(PLAIN);
    const wrongChecksum = whole.slice();
    wrongChecksum[whole.length - 6] = (wrongChecksum[whole.length - 6] ?? 0) ^ 1;
    const cases: Readonly<Record<string, readonly [string, Uint8Array]>> = {
      "no gzip at all": ["gzip", PLAIN],
      "cut in the trailer": ["gzip", whole.subarray(0, -4)],
      "cut in the data": ["gzip", whole.subarray(0, -12)],
      "cut in the header": ["gzip", whole.subarray(0, 5)],
      "wrong checksum": ["gzip", wrongChecksum],
      "trailing garbage": ["gzip", Buffer.concat([whole, Buffer.from("garbage")])],
      "much trailing garbage": ["gzip", Buffer.concat([whole, Buffer.alloc(200_000, "garbage")])],
      "zlib cut": ["deflate", zlib.deflateSync(PLAIN).subarray(0, -2)],
      "raw deflate cut": ["deflate", zlib.deflateRawSync(PLAIN).subarray(0, -2)],
      "inner layer damaged": ["gzip, gzip", gzip(whole.subarray(0, -4))],
    };
    for (const [name, [contentEncoding, bytes]] of Object.entries(cases)) {
      expect(await read(bytes, contentEncoding), name).toBe("unreadable");
    }
    expect(await inflateBody(PLAIN, "gzip", CAP)).toEqual({ ok: false, error: { reason: "unreadable", detail: "damaged gzip data" } });
  });

  test("accepts exactly the cap, in every form, and refuses one byte more", async () => {
    for (const [name, bytes] of [
      [null, PLAIN],
      ["gzip", gzip(PLAIN)],
      ["deflate", zlib.deflateSync(PLAIN)],
    ] as const) {
      expect((await inflateBody(bytes, name, PLAIN.length)).ok, String(name)).toBe(true);
      expect(await inflateBody(bytes, name, PLAIN.length - 1), String(name)).toEqual({
        ok: false,
        error: { reason: "too-large", detail: `inflated body over the cap of ${PLAIN.length - 1} bytes` },
      });
    }
  });

  test("stops a gzip bomb at the cap with memory bounded", async () => {
    const bomb = gzip(new Uint8Array(256 * MIB));
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
    }, 1);
    const result = await inflateBody(bomb, "gzip", 8 * MIB);
    clearInterval(watch);
    expect(!result.ok && result.error.reason).toBe("too-large");
    expect(peak).toBeLessThan(64 * MIB);
  });

  test("stops a bomb within a bomb", async () => {
    const result = await inflateBody(gzip(gzip(new Uint8Array(16 * MIB))), "gzip, gzip", MIB);
    expect(!result.ok && result.error.reason).toBe("too-large");
  });

  test("uses the runtime's inflaters before its own, in the reverse order of the header", async () => {
    const calls: string[] = [];
    const note = (name: string): Inflaters[string] => {
      return async (bytes, maxBytes) => {
        calls.push(`${name} ${bytes.length} ${maxBytes}`);
        return { ok: true, value: bytes.subarray(1) };
      };
    };
    const inflaters = { zstd: note("zstd"), gzip: note("gzip") };
    expect(await read(PLAIN, "zstd, gzip", { inflaters })).toBe(TEXT.slice(2));
    expect(calls).toEqual([`gzip ${PLAIN.length} ${CAP}`, `zstd ${PLAIN.length - 1} ${CAP}`]);
    expect(await read(zlib.deflateSync(PLAIN), "deflate", { inflaters })).toBe(TEXT);
  });

  test("looks at every coding before it inflates anything", async () => {
    const failing: Inflaters = { gzip: () => Promise.reject(new Error("inflated too early")) };
    expect(await read(PLAIN, "br, gzip", { inflaters: failing })).toBe("unsupported");
  });

  test("never throws on random or damaged data", async () => {
    const vectors = [gzip(PLAIN), zlib.deflateSync(PLAIN), zlib.deflateRawSync(PLAIN)].map((bytes) => new Uint8Array(bytes));
    const damagedVector = fc.tuple(fc.constantFrom(...vectors), fc.nat(), fc.integer({ min: 1, max: 255 })).map(([vector, at, mask]) => {
      const copy = vector.slice();
      copy[at % copy.length] = (copy[at % copy.length] ?? 0) ^ mask;
      return copy;
    });
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array(), damagedVector), fc.constantFrom("gzip", "deflate", "snappy"), async (bytes, name) => {
        const result = await inflateBody(bytes, name, 10_000);
        expect(result.ok || result.error.reason).toBeOneOf([true, "unreadable", "too-large"]);
      }),
      { numRuns: 300 },
    );
  });
});
