import zlib from "node:zlib";
import { describe, expect, test } from "vitest";
import { createNodeInflaters } from "../../adapters/node-inflate.ts";
import { inflateBody } from "../../core/request/inflate.ts";

const TEXT = '{"message":"hello"}\n'.repeat(5000);
const PLAIN = new TextEncoder().encode(TEXT);
const CAP = 1_000_000;
const MIB = 1024 * 1024;
const inflaters = createNodeInflaters();

async function read(bytes: Uint8Array, contentEncoding: string, maxBytes = CAP): Promise<string> {
  const result = await inflateBody(bytes, contentEncoding, maxBytes, { inflaters });
  return result.ok ? new TextDecoder().decode(result.value) : `${result.error.reason}: ${result.error.detail}`;
}

const CODINGS = [
  ["gzip", zlib.gzipSync(PLAIN)],
  ["deflate", zlib.deflateSync(PLAIN)],
  ["deflate", zlib.deflateRawSync(PLAIN)],
  ["br", zlib.brotliCompressSync(PLAIN)],
  ["zstd", zlib.zstdCompressSync(PLAIN)],
] as const;

describe("createNodeInflaters", () => {
  test.each(CODINGS)("inflates %s to plain bytes, exactly to the cap and no further", async (name, bytes) => {
    expect(await read(bytes, name)).toBe(TEXT);
    expect(await read(bytes, name, PLAIN.length)).toBe(TEXT);
    expect(await read(bytes, name, PLAIN.length - 1)).toBe(`too-large: inflated body over the cap of ${PLAIN.length - 1} bytes`);
    const result = await inflaters[name]?.(bytes, CAP);
    expect(result?.ok && Object.getPrototypeOf(result.value)).toBe(Uint8Array.prototype);
  });

  test.each(CODINGS)("calls damaged, truncated and trailing bytes of %s unreadable", async (name, bytes) => {
    const unreadable = `unreadable: damaged ${name} data`;
    expect(await read(Buffer.from("this is not compressed at all"), name)).toBe(unreadable);
    expect(await read(bytes.subarray(0, -5), name)).toBe(unreadable);
    expect(await read(bytes.subarray(0, 3), name)).toBe(unreadable);
    expect(await read(Buffer.concat([bytes, Buffer.from("garbage")]), name)).toBe(unreadable);
  });

  test.each([
    ["gzip", zlib.gzipSync],
    ["zstd", zlib.zstdCompressSync],
  ] as const)("reads %s in several parts as their concatenation, under one cap", async (name, compress) => {
    const parts = Buffer.concat([compress(PLAIN), compress(Buffer.from("second ")), compress(PLAIN)]);
    expect(await read(parts, name)).toBe(`${TEXT}second ${TEXT}`);
    expect(await read(parts, name, PLAIN.length * 2 + 7)).toBe(`${TEXT}second ${TEXT}`);
    expect(await read(parts, name, PLAIN.length * 2 + 6)).toBe(`too-large: inflated body over the cap of ${PLAIN.length * 2 + 6} bytes`);
  });

  test("counts a last byte of zstd past the cap", async () => {
    const parts = Buffer.concat([zlib.zstdCompressSync(PLAIN), zlib.zstdCompressSync("x")]);
    const result = await inflaters["zstd"]?.(parts, PLAIN.length);
    expect(result?.ok === false && result.error.reason).toBe("too-large");
    expect(await read(parts, "zstd", PLAIN.length + 1)).toBe(`${TEXT}x`);
  });

  test("skips zstd's skippable frames", async () => {
    expect(await read(Buffer.concat([Buffer.from("502a4d1804000000aabbccdd", "hex"), zlib.zstdCompressSync("x")]), "zstd")).toBe("x");
  });

  test("refuses zstd in a million frames, and windows over the 8 MiB of the content coding", async () => {
    const frame = zlib.zstdCompressSync("");
    expect(await read(Buffer.concat(Array.from({ length: 1025 }, () => frame)), "zstd")).toBe("unreadable: damaged zstd data");
    // Magic number, no size, a window descriptor of 2^27 bytes, one empty last block.
    expect(await read(Buffer.from("28b52ffd0088010000", "hex"), "zstd")).toBe("unreadable: damaged zstd data");
    expect(await read(Buffer.from("28b52ffd0068010000", "hex"), "zstd")).toBe("");
  });

  test.each([
    ["gzip", zlib.gzipSync],
    ["deflate", zlib.deflateSync],
    ["br", zlib.brotliCompressSync],
    ["zstd", zlib.zstdCompressSync],
  ] as const)("stops a bomb of %s at the cap", async (name, compress) => {
    const bomb = compress(new Uint8Array(64 * MIB));
    const before = process.memoryUsage().arrayBuffers;
    expect(await read(bomb, name, MIB)).toBe(`too-large: inflated body over the cap of ${MIB} bytes`);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * MIB);
  });
});
