import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeBase64 } from "../../../core/read/base64.ts";

test("gives back every byte that base64 holds, with its padding or without", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const text = Buffer.from(bytes).toString("base64");
      expect(decodeBase64(text)).toEqual(bytes);
      expect(decodeBase64(text.replace(/=+$/, ""))).toEqual(bytes);
    }),
  );
});

test.each(["A", "AAAAA", "A===", "====", "=", "AA=A", "AAA=AAAA", "AA\nA", " AAA", "AA-_", "AAA\u00e9", "AA\u2603A", "not base64!"])(
  "takes nothing else for base64: %j",
  (text) => expect(decodeBase64(text)).toBeUndefined(),
);
