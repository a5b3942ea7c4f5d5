import { gzipSync } from "node:zlib";
import { afterEach, expect, test, vi } from "vitest";
import { findInflaters } from "../../adapters/cloudflare/inflate.ts";
import { inflateBody } from "../../core/request/inflate.ts";

afterEach(() => vi.unstubAllGlobals());

test("with the runtime's zlib, gzip in two members is read whole", async () => {
  const inflaters = findInflaters();
  expect(Object.keys(inflaters ?? {}).sort()).toEqual(["br", "deflate", "gzip", "zstd"]);
  const result = await inflateBody(Buffer.concat([gzipSync("one "), gzipSync("two")]), "gzip", 1_000, { inflaters });
  expect(result.ok && new TextDecoder().decode(result.value)).toBe("one two");
});

test("a zlib without br and zstd leaves them out", () => {
  const oneShot = () => {};
  const zlib = { gunzip: oneShot, inflate: oneShot, inflateRaw: oneShot };
  vi.stubGlobal("process", { getBuiltinModule: () => zlib });
  expect(Object.keys(findInflaters() ?? {})).toEqual(["gzip", "deflate"]);
});

test.each([
  ["no process", undefined],
  ["a process of before", {}],
  ["no such module", { getBuiltinModule: () => undefined }],
  ["a module without it", { getBuiltinModule: () => ({}) }],
])("with %s there is none, and the built-in ones serve", (_, process) => {
  vi.stubGlobal("process", process);
  expect(findInflaters()).toBeUndefined();
});
