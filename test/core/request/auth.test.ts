import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createHmacSha1Verifier, createTokenVerifier, readCredentials, timingSafeEqual } from "../../../core/request/auth.ts";

const SECRET = "a_very_long_and_very_well_specified_secret";
const INVALID_UTF8 = Uint8Array.of(...utf8('{"m":"'), 0xff, 0xfe, ...utf8('"}'));

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

describe("createHmacSha1Verifier", () => {
  const verify = createHmacSha1Verifier([SECRET]);

  test.each([
    ["an empty body", utf8(""), "c6efe79822697e449c3750e4583cec5e0f0c84d0"],
    ["{}", utf8("{}"), "b118b21b57f8793076b5ca0e749bd44aadaaa467"],
    ["[]", utf8("[]"), "4bfaafb5adb1377f79519d19b8d2ca94408f1662"],
    ["UTF-8", utf8('[{"id":"1","message":"héllo ✓"}]'), "f817724142f09d237ff6d629d6b1d31634e9de59"],
    ["NDJSON", utf8('{"id":"1"}\n{"id":"2"}\n'), "caa64ca70dbe9ef00c8715d5cc959876d2b5993b"],
    ["bytes that are no UTF-8", INVALID_UTF8, "da63ada589f5582d867d85c03031372a3fec4958"],
    ["gzip", Buffer.from("1f8b08000000000002038b8e050029bb4c0d02000000", "hex"), "3e1b090a50c2d030923b670efd4f01805bdeaace"],
  ])("accepts Vercel's signature over %s", async (_, bytes, signature) => {
    expect(await verify(bytes, signature)).toBe(true);
  });

  test("refuses a signature over the body re-encoded as UTF-8", async () => {
    expect(await verify(INVALID_UTF8, "cac2843e56fa6ddfb80800dcc64369e41b303deb")).toBe(false);
  });

  test("refuses a missing, short, long, prefixed or non-hex signature", async () => {
    const right = "b118b21b57f8793076b5ca0e749bd44aadaaa467";
    for (const signature of [
      null,
      "",
      right.slice(1),
      `${right}0`,
      `sha1=${right}`,
      ` ${right}`,
      `${right}\n`,
      right.replace("b", "g"),
      "0".repeat(40),
    ]) {
      expect(await verify(utf8("{}"), signature), String(signature)).toBe(false);
    }
  });

  test("accepts any of several secrets, in upper-case hex too", async () => {
    const rotating = createHmacSha1Verifier(["old secret", SECRET, "newer secret"]);
    for (const secret of ["old secret", SECRET, "newer secret"]) {
      const signature = createHmac("sha1", secret).update("payload").digest("hex");
      expect(await rotating(utf8("payload"), signature)).toBe(true);
      expect(await rotating(utf8("payload"), signature.toUpperCase())).toBe(true);
      expect(await rotating(utf8("payload!"), signature)).toBe(false);
    }
    expect(await rotating(utf8("payload"), createHmac("sha1", "another").update("payload").digest("hex"))).toBe(false);
  });

  test("lets nobody in without secrets, nor by the signature of an empty secret", async () => {
    const signature = createHmac("sha1", "").update("payload").digest("hex");
    expect(await createHmacSha1Verifier([])(utf8("payload"), signature)).toBe(false);
    expect(await createHmacSha1Verifier(["", SECRET])(utf8("payload"), signature)).toBe(false);
  });

  test("agrees with Node's HMAC on any secret and bytes, also on a view into a larger buffer", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1, unit: "grapheme" }), fc.uint8Array({ minLength: 2 }), async (secret, bytes) => {
        const signature = createHmac("sha1", secret).update(bytes.subarray(1)).digest("hex");
        expect(await createHmacSha1Verifier([secret])(bytes.subarray(1), signature)).toBe(true);
        const flipped = bytes.slice(1);
        flipped[0] = (flipped[0] ?? 0) ^ 1;
        expect(await createHmacSha1Verifier([secret])(flipped, signature)).toBe(false);
      }),
    );
  });

  test("serves concurrent first calls", async () => {
    const fresh = createHmacSha1Verifier([SECRET]);
    const answers = await Promise.all([
      fresh(utf8("{}"), "b118b21b57f8793076b5ca0e749bd44aadaaa467"),
      fresh(utf8("[]"), "4bfaafb5adb1377f79519d19b8d2ca94408f1662"),
      fresh(utf8("[]"), "b118b21b57f8793076b5ca0e749bd44aadaaa467"),
    ]);
    expect(answers).toEqual([true, true, false]);
  });
});

describe("createTokenVerifier", () => {
  const verify = createTokenVerifier(["first-token", "zweites-Tökén"]);

  test("accepts each of its tokens and nothing near them", async () => {
    expect(await verify("first-token")).toBe(true);
    expect(await verify("zweites-Tökén")).toBe(true);
    for (const candidate of ["first-toke", "first-token ", "First-token", "first-tokenfirst-token", "zweites-Token", undefined, ""]) {
      expect(await verify(candidate), String(candidate)).toBe(false);
    }
  });

  test("lets nobody in without tokens, nor by an empty token", async () => {
    expect(await createTokenVerifier([])("anything")).toBe(false);
    expect(await createTokenVerifier([""])("")).toBe(false);
    expect(await createTokenVerifier(["", "token"])("")).toBe(false);
  });

  test("accepts exactly the members of its list", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ minLength: 1, maxLength: 3 }), { maxLength: 4 }),
        fc.string({ maxLength: 3 }),
        async (tokens, candidate) => {
          expect(await createTokenVerifier(tokens)(candidate)).toBe(tokens.includes(candidate));
        },
      ),
    );
  });
});

describe("readCredentials", () => {
  const basic = (text: string) => Buffer.from(text, "utf8").toString("base64");

  test.each([
    ["Bearer token", ["token"]],
    ["bEaReR   token  ", ["token"]],
    ["Bearer a b", ["a b"]],
    [`Basic ${basic("user:password")}`, ["password"]],
    [`BASIC ${basic("user:pass:word")}`, ["pass:word"]],
    [`Basic ${basic("user:Pässwörd ✓").replace(/=+$/, "")}`, ["Pässwörd ✓"]],
    [`Basic ${basic("token:")}`, ["token"]],
    [`Basic ${basic("token")}`, ["token"]],
    [`Basic ${basic(":token")}`, ["token"]],
    ["token", ["token"]],
    ["Splunk 11111111-2222", ["Splunk 11111111-2222"]],
  ])("reads %s", (value, expected) => expect(readCredentials(new Headers({ authorization: value }))).toEqual(expected));

  test("finds no candidate in a missing, empty or undecodable header", () => {
    expect(readCredentials(new Headers())).toEqual([]);
    for (const value of ["", "  ", "Bearer", "Bearer ", "Basic", "Basic %%%", `Basic ${basic(":")}`, `Basic ${basic("")}`]) {
      expect(readCredentials(new Headers({ authorization: value })), value).toEqual([]);
    }
  });

  test("never throws, and offers no empty candidate", () => {
    fc.assert(
      fc.property(fc.constantFrom("", "Basic ", "Bearer "), fc.stringMatching(/^[ -~]*$/), (scheme, rest) =>
        readCredentials(new Headers({ authorization: scheme + rest })).every((candidate) => candidate !== ""),
      ),
    );
  });
});

describe("timingSafeEqual", () => {
  test("is equality of bytes", () => {
    expect(timingSafeEqual(Uint8Array.of(), Uint8Array.of())).toBe(true);
    expect(timingSafeEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(timingSafeEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0))).toBe(false);
    for (let index = 0; index < 20; index++) {
      for (let bit = 0; bit < 8; bit++) {
        const other = new Uint8Array(20);
        other[index] = 1 << bit;
        expect(timingSafeEqual(new Uint8Array(20), other)).toBe(false);
      }
    }
  });
});
