import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeSnappy } from "../../../core/request/snappy.ts";

const LINE = '{"log":{"level":"info"},"message":"GET /api/users 200 in 12ms","timestamp":"2026-01-02T03:04:05.123456789Z"}\n';

/** Made by the Rust `snap` crate, as Vector makes them: text, block, framed stream. */
const VECTORS: readonly (readonly [name: string, text: string, block: string, framed: string])[] = [
  ["a short literal", '{"a":1}', "07187b2261223a317d", "ff060000734e61507059010b0000c78a584d7b2261223a317d"],
  [
    "a run that overlaps its own copy",
    "a".repeat(300),
    "ac020061fe0100fe0100fe0100fe0100aa0100",
    "ff060000734e61507059001700005c724175ac020061fe0100fe0100fe0100fe0100aa0100",
  ],
  [
    "lines with a long literal and distant copies",
    LINE.repeat(3),
    "c702f0717b226c6f67223a7b226c6576656c223a22696e666f227d2c226d657373616765223a22474554202f6170692f75736572732032303020696e2031326d73222c2274696d657374616d70223a22323032362d30312d30325430333a30343a30352e3132333435363738395a227d0a7b226c6f67fe6d00fe6d00fe6d00526d00",
    "ff060000734e6150705900860000458f442bc702f0717b226c6f67223a7b226c6576656c223a22696e666f227d2c226d657373616765223a22474554202f6170692f75736572732032303020696e2031326d73222c2274696d657374616d70223a22323032362d30312d30325430333a30343a30352e3132333435363738395a227d0a7b226c6f67fe6d00fe6d00fe6d00526d00",
  ],
];
const CAP = 1_000_000;

function decodeHex(hex: string, maxBytes = CAP) {
  return decodeSnappy(Buffer.from(hex, "hex"), maxBytes);
}

function textOf(result: ReturnType<typeof decodeSnappy>): string {
  return result.ok ? new TextDecoder().decode(result.value) : result.error;
}

describe("decodeSnappy", () => {
  for (const [name, text, block, framed] of VECTORS) {
    test(`reads ${name} as a block`, () => expect(textOf(decodeHex(block))).toBe(text));
    test(`reads ${name} as a framed stream`, () => expect(textOf(decodeHex(framed))).toBe(text));
  }

  test("reads an empty block", () => expect(decodeHex("00")).toEqual({ ok: true, value: new Uint8Array(0) }));

  test("reads every element: literals of each length form, copies of each offset form", () => {
    const literal = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 7) & 0xff);
    const bytes = [
      ...[0x80 | (70_083 & 0x7f), 0x80 | ((70_083 >> 7) & 0x7f), 70_083 >> 14],
      ...[0xf8, 0x6f, 0x11, 0x01, ...literal], // 62: a literal whose length - 1 = 69,999 takes three bytes
      ...[0xf0, 0x02, 1, 2, 3], // 60: one byte of length
      ...[0xf4, 0x01, 0x00, 4, 5], // 61: two bytes of length
      ...[0xfc, 0x00, 0x00, 0x00, 0x00, 6], // 63: four bytes of length
      ...[0x01 | (2 << 2) | (1 << 5), 0x00], // 6 bytes from 256 back
      ...[0x02 | (7 << 2), 0x00, 0x80], // 8 bytes from 32,768 back
      ...[0x03 | (62 << 2), 0x00, 0x01, 0x01, 0x00], // 63 bytes from 65,792 back
    ];
    const expected = [...literal, 1, 2, 3, 4, 5, 6];
    for (const [length, offset] of [
      [6, 256],
      [8, 32_768],
      [63, 65_792],
    ] as const) {
      for (let index = 0; index < length; index++) expected.push(expected[expected.length - offset] ?? -1);
    }
    expect(expected).toHaveLength(70_083);
    expect(decodeSnappy(Uint8Array.from(bytes), CAP)).toEqual({ ok: true, value: Uint8Array.from(expected) });
  });

  test("checks the claimed size against the cap before anything else", () => {
    const [, text, block, framed] = VECTORS[1] ?? ["", "", "", ""];
    expect(decodeHex(block, text.length).ok).toBe(true);
    expect(decodeHex(framed, text.length).ok).toBe(true);
    expect(decodeHex(block, text.length - 1)).toEqual({ ok: false, error: "too-large" });
    expect(decodeHex(framed, text.length - 1)).toEqual({ ok: false, error: "too-large" });
    expect(decodeHex("ffffffff0f00")).toEqual({ ok: false, error: "too-large" });
  });

  test("refuses a size that so few bytes cannot hold without allocating it", () => {
    const before = process.memoryUsage().arrayBuffers;
    expect(decodeHex("ffffffff0f0061", 2 ** 40)).toEqual({ ok: false, error: "damaged" });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
  });

  test("calls damage damage", () => {
    const damaged: Readonly<Record<string, string>> = {
      "an empty input": "",
      "an endless size": "ffffffffffff01",
      "a size over 32 bits": "ffffffff1f00",
      "no elements": "05",
      "a literal past the input": "0510616263",
      "a literal past the size": "020861626364",
      "less than the size": "0508616263",
      "a copy from before the start": "0500610105",
      "a copy of offset zero": "0500610100",
      "a copy past the size": "0200610501",
      "a copy cut off": "0500610e01",
      "a reserved framed chunk": "ff060000734e61507059020b0000c78a584d7b2261223a317d",
      "a framed chunk past the input": "ff060000734e61507059010b0000c78a584d7b22",
      "a framed chunk without a checksum": "ff060000734e6150705901030000c78a58",
      "half a framed chunk head": "ff060000734e615070590100",
      "a wrong checksum": "ff060000734e61507059010b0000c68a584d7b2261223a317d",
      "a framed block that begins in the next chunk": "ff060000734e6150705900040000d8ea82a2000d0000c78a584d07187b2261223a317d",
    };
    for (const [name, hex] of Object.entries(damaged)) expect(decodeHex(hex), name).toEqual({ ok: false, error: "damaged" });
  });

  test("skips padding and repeated identifiers between framed chunks", () => {
    const chunk = "010b0000c78a584d7b2261223a317d";
    expect(textOf(decodeHex(`ff060000734e61507059fe020000aabb${chunk}ff060000734e61507059${chunk}80000000`))).toBe('{"a":1}{"a":1}');
  });

  test("never throws, and never passes the cap or the claim, on random and on damaged bytes", () => {
    const vectors = VECTORS.flatMap(([, , block, framed]) => [Buffer.from(block, "hex"), Buffer.from(framed, "hex")]);
    const damagedVector = fc
      .tuple(fc.constantFrom(...vectors), fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 4 }), fc.nat(200))
      .map(([vector, flips, cut]) => {
        const copy = vector.slice(0, Math.max(1, vector.length - (cut > 150 ? cut - 150 : 0)));
        for (const [at, value] of flips) copy[at % copy.length] = value;
        return copy;
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damagedVector), (bytes) => {
        const result = decodeSnappy(bytes, 500);
        return result.ok ? result.value.length <= 500 : result.error === "damaged" || result.error === "too-large";
      }),
      { numRuns: 3000 },
    );
  });
});
