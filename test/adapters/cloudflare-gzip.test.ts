import { gunzipSync } from "node:zlib";
import { afterEach, expect, test, vi } from "vitest";
import { findGzip } from "../../adapters/cloudflare/gzip.ts";

afterEach(() => vi.unstubAllGlobals());

test("with the runtime's zlib, bytes come out as gzip of them", async () => {
  const bytes = new TextEncoder().encode("a log line\n".repeat(1_000));
  const zipped = await findGzip()?.(bytes);
  expect(zipped?.length).toBeLessThan(bytes.length / 10);
  expect(new Uint8Array(gunzipSync(zipped ?? new Uint8Array()))).toEqual(bytes);
});

test.each([
  ["no process", undefined],
  ["a process of before", {}],
  ["no such module", { getBuiltinModule: () => undefined }],
  ["a module without it", { getBuiltinModule: () => ({}) }],
])("with %s there is none, and the runtime's stream serves", (_, process) => {
  vi.stubGlobal("process", process);
  expect(findGzip()).toBeUndefined();
});
