import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { millisToUnixNano, readUnixNano, toRfc3339 } from "../../../core/read/time.ts";

const MAX_UNIX_NANO = 2n ** 64n - 1n;

describe("ISO text", () => {
  test.each([
    ["2023-06-27T01:19:11.789045558Z", 1687828751789045558n],
    ["2022-09-27T20:34:39.660159411Z", 1664310879660159411n],
    ["2024-01-01T00:00:00Z", 1704067200000000000n],
    ["2024-01-01t00:00:00z", 1704067200000000000n],
    ["2024-01-01 00:00:00", 1704067200000000000n],
    ["2024-01-01T00:00", 1704067200000000000n],
    ["2024-01-01T00:00Z", 1704067200000000000n],
    ["  2024-01-01T00:00:00Z\n", 1704067200000000000n],
    ["2024-01-01T00:00:00.1Z", 1704067200100000000n],
    ["2024-01-01T00:00:00.000000001Z", 1704067200000000001n],
    ["2024-01-01T00:00:00,123", 1704067200123000000n],
    ["2024-01-01T00:00:00.1234567899999Z", 1704067200123456789n],
    ["2024-01-01T00:00:00+00:00", 1704067200000000000n],
    ["2024-01-01T00:00:00-00:00", 1704067200000000000n],
    ["2024-01-01T00:00:00+0000", 1704067200000000000n],
    ["2024-01-01T00:00:00+00", 1704067200000000000n],
    ["2024-01-01 05:30:00.5 +05:30", 1704067200500000000n],
    ["2023-12-31T16:00:00.25-0800", 1704067200250000000n],
    ["2023-12-31T16:00:00-08", 1704067200000000000n],
    ["2023-03-23 14:40:18.149 UTC", 1679582418149000000n],
    ["2023-03-23 14:40:18.149 GMT", 1679582418149000000n],
    ["2024-02-29T12:00:00Z", 1709208000000000000n],
    ["2016-12-31T23:59:60Z", 1483228800000000000n],
    ["2016-12-31T23:59:60.5Z", 1483228800500000000n],
    ["1970-01-01T00:00:00.000000001Z", 1n],
    ["1969-12-31T23:30:00-01:00", 1800000000000n],
    ["1972-06-30T00:00:00Z", 78710400000000000n],
    ["2262-04-11T23:47:16.854775808Z", 2n ** 63n],
    ["2554-07-21T23:34:33.709551615Z", MAX_UNIX_NANO],
  ])("%s", (text, expected) => expect(readUnixNano(text)).toBe(expected));

  test.each([
    ["a day that does not exist", "2024-02-30T00:00:00Z"],
    ["29 February of a common year", "2023-02-29T00:00:00Z"],
    ["29 February of a common century", "2100-02-29T00:00:00Z"],
    ["31 April", "2024-04-31T00:00:00Z"],
    ["day 0", "2024-01-00T00:00:00Z"],
    ["month 0", "2024-00-01T00:00:00Z"],
    ["month 13", "2024-13-01T00:00:00Z"],
    ["hour 24", "2024-01-01T24:00:00Z"],
    ["minute 60", "2024-01-01T00:60:00Z"],
    ["second 61", "2024-01-01T00:00:61Z"],
    ["an offset of 24 hours", "2024-01-01T00:00:00+24:00"],
    ["an offset of 60 minutes", "2024-01-01T00:00:00+00:60"],
    ["a torn offset", "2024-01-01T00:00:00+0"],
    ["a torn offset", "2024-01-01T00:00:00+000"],
    ["a torn offset", "2024-01-01T00:00:00+00:"],
    ["a torn offset", "2024-01-01T00:00:00+00:0"],
    ["a torn fraction", "2024-01-01T00:00:00.Z"],
    ["a torn second", "2024-01-01T00:00:0"],
    ["a torn minute", "2024-01-01T00:"],
    ["another zone name", "2024-01-01 00:00:00 CET"],
    ["text after it", "2024-01-01T00:00:00Z x"],
    ["text after its offset", "2024-01-01T00:00:00+00:00x"],
    ["text after its offset", "2024-01-01T00:00:00+0000 UTC"],
    ["another mark in it", "2024-01-01T00.00:00Z"],
    ["another mark in it", "2024-01/01T00:00:00Z"],
    ["another mark in it", "2024-01-01_00:00:00Z"],
    ["a date alone", "2024-01-01"],
    ["slashes", "2024/01/01 00:00:00"],
    ["the American order", "01/02/2024 00:00:00"],
    ["the year before the epoch", "1969-12-31T23:59:59Z"],
    ["Go's zero time", "0001-01-01T00:00:00Z"],
    ["year 0", "0000-01-01T00:00:00Z"],
    ["the epoch itself, OTLP's unknown", "1970-01-01T00:00:00Z"],
    ["one ns beyond 64 bits", "2554-07-21T23:34:33.709551616Z"],
    ["year 9999", "9999-12-31T23:59:59Z"],
    ["signs for digits", "2024--1-01T00:00:00Z"],
    ["full-width digits", "\uff12024-01-01T00:00:00Z"],
    ["a fraction without end", `2024-01-01T00:00:00.${"1".repeat(1000)}Z`],
  ])("%s is no time: %s", (_, text) => expect(readUnixNano(text)).toBeUndefined());

  test("agrees with the platform's calendar on every day and offset", () => {
    const max = Date.parse("2554-07-21T00:00:00Z");
    fc.assert(
      fc.property(fc.integer({ min: 86_400_000, max: max - 86_400_000 }), fc.integer({ min: -1439, max: 1439 }), (ms, offset) => {
        const local = new Date(ms + offset * 60_000).toISOString().slice(0, -1);
        const hours = String(Math.floor(Math.abs(offset) / 60)).padStart(2, "0");
        const minutes = String(Math.abs(offset) % 60).padStart(2, "0");
        const zone = `${offset < 0 ? "-" : "+"}${hours}:${minutes}`;
        expect(readUnixNano(local + zone)).toBe(BigInt(ms) * 1_000_000n);
        expect(readUnixNano(`${local.replace("T", " ")} ${zone.replace(":", "")}`)).toBe(BigInt(ms) * 1_000_000n);
      }),
    );
  });
});

describe("epoch numbers", () => {
  const nanos = 1728347034087123456n;
  test.each<[string, unknown, bigint]>([
    ["seconds", 1728347034, 1728347034000000000n],
    ["seconds with a fraction", 1728347034.087, 1728347034087000000n],
    ["seconds with a fraction, as text to the ns", "1728347034.087123456", nanos],
    ["seconds with more digits than ns", "1728347034.0871234569", nanos],
    ["seconds as Splunk sends them", "1704067200.123456", 1704067200123456000n],
    ["milliseconds", 1728347034087, 1728347034087000000n],
    ["milliseconds with a fraction", 1728347034087.5, 1728347034087500000n],
    ["milliseconds with a fraction, as text", "1728347034087.123456", nanos],
    ["16 digits, which are microseconds and not 1970", 1728347034087123, 1728347034087123000n],
    ["16 digits as text", "1728347034087123", 1728347034087123000n],
    ["microseconds with a fraction, as text", "1728347034087123.456", nanos],
    ["nanoseconds as text", "1728347034087123456", nanos],
    ["nanoseconds as bigint", nanos, nanos],
    ["nanoseconds with a fraction, which is cut", "1728347034087123456.9", nanos],
    ["nanoseconds as a rounded number: the digits it prints", Number("1704067200123456789"), 1704067200123456800n],
    ["milliseconds as bigint", 1728347034087n, 1728347034087000000n],
    ["text with spaces", " 1728347034 ", 1728347034000000000n],
  ])("%s", (_, value, expected) => expect(readUnixNano(value)).toBe(expected));

  test("the units part at 1e11, 1e14 and 1e17, for number, bigint and text alike", () => {
    const cases: readonly (readonly [bigint, bigint | undefined])[] = [
      [99_999_999n, undefined],
      [100_000_000n, 100_000_000_000_000_000n],
      [10_000_000_000n, 10_000_000_000_000_000_000n],
      [99_999_999_999n, undefined], // 5138, beyond 64 bits of ns
      [100_000_000_000n, 100_000_000_000_000_000n],
      [10_000_000_000_000n, 10_000_000_000_000_000_000n],
      [99_999_999_999_999n, undefined],
      [100_000_000_000_000n, 100_000_000_000_000_000n],
      [10_000_000_000_000_000n, 10_000_000_000_000_000_000n],
      [100_000_000_000_000_000n, 100_000_000_000_000_000n],
      [10_000_000_000_000_000_000n, 10_000_000_000_000_000_000n],
    ];
    for (const [value, expected] of cases) {
      for (const form of [value, String(value), Number(value)]) expect(readUnixNano(form), `${typeof form} ${value}`).toBe(expected);
    }
    expect(readUnixNano(MAX_UNIX_NANO)).toBe(MAX_UNIX_NANO);
    expect(readUnixNano(String(MAX_UNIX_NANO))).toBe(MAX_UNIX_NANO);
    expect(readUnixNano(MAX_UNIX_NANO + 1n)).toBeUndefined();
    expect(readUnixNano(String(MAX_UNIX_NANO + 1n))).toBeUndefined();
  });

  test("the same instant reads the same in every unit, from 1973-03-04 to 2286", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 100_000_000n, max: 9_999_999_999n }), (seconds) => {
        for (const unit of [1n, 1000n, 1_000_000n, 1_000_000_000n]) {
          expect(readUnixNano(seconds * unit)).toBe(seconds * 1_000_000_000n);
          expect(readUnixNano(String(seconds * unit))).toBe(seconds * 1_000_000_000n);
          expect(readUnixNano(Number(seconds * unit))).toBe(seconds * 1_000_000_000n);
        }
      }),
    );
  });

  test.each([0, 30, 86_400, -1, -1728347034087, 0.5, 1e-7, 1e21, 1e300, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "%d is no time",
    (value) => {
      expect(readUnixNano(value)).toBeUndefined();
      expect(readUnixNano(String(value))).toBeUndefined();
    },
  );

  test.each([
    "",
    " ",
    "0",
    "-1728347034087",
    "+1728347034",
    "01728347034",
    "1728347034.",
    ".1728347034",
    "1728347034.5.5",
    "1.728347034e9",
    "1728347034s",
    "1_728_347_034",
    "0x6705c19a",
    "9".repeat(21),
    "9".repeat(100_000),
    "now",
    "20240101",
    "20240101120000",
  ])("%j is no time", (text) => expect(readUnixNano(text)).toBeUndefined());

  test.each([null, undefined, true, {}, [], [1728347034087], new Date(0), () => 1728347034087, Symbol("1728347034087"), -5n, 0n])(
    "%o is no time",
    (value) => {
      expect(readUnixNano(value)).toBeUndefined();
    },
  );
});

describe("milliseconds", () => {
  test.each([
    [1573840000000, 1573840000000000000n],
    [1573840000000.123, 1573840000000123000n],
    [1440442987001, 1440442987001000000n],
    [1, 1_000_000n],
    [0.000001, 1n],
    [1.5, 1_500_000n],
    [18446744073709, 18446744073709000000n],
  ])("%d is exact", (ms, expected) => expect(millisToUnixNano(ms)).toBe(expected));

  test.each([0, -0, -1, 1e-7, 18446744073710, 1e14, 1e300, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "%d is no time",
    (ms) => {
      expect(millisToUnixNano(ms)).toBeUndefined();
    },
  );

  test("keep every digit that the number prints", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 18_446_744_073_708 }), fc.integer({ min: 0, max: 99 }), (whole, hundredths) => {
        const ms = Number(`${whole}.${String(hundredths).padStart(2, "0")}`);
        const [, printed, fraction = ""] = /^(\d+)(?:\.(\d+))?$/.exec(String(ms)) ?? [];
        expect(millisToUnixNano(ms)).toBe(BigInt((printed ?? "") + fraction.padEnd(6, "0").slice(0, 6)));
      }),
    );
  });
});

test("printed times are RFC 3339 in UTC with nine digits", () => {
  expect(toRfc3339(0n)).toBe("1970-01-01T00:00:00.000000000Z");
  expect(toRfc3339(1n)).toBe("1970-01-01T00:00:00.000000001Z");
  expect(toRfc3339(1687828751789045558n)).toBe("2023-06-27T01:19:11.789045558Z");
  expect(toRfc3339(1709164800000000000n)).toBe("2024-02-29T00:00:00.000000000Z");
  expect(toRfc3339(MAX_UNIX_NANO)).toBe("2554-07-21T23:34:33.709551615Z");
});

test("every day that 64 bits reach prints as the platform's calendar has it", () => {
  const wrong: string[] = [];
  for (let day = 0; day <= 213_503; day++) {
    const date = toRfc3339(BigInt(day) * 86_400_000_000_000n).slice(0, 10);
    if (date !== new Date(day * 86_400_000).toISOString().slice(0, 10)) wrong.push(date);
  }
  expect(wrong).toEqual([]);
});

test("a printed time reads back as itself, and is the platform's own text to the millisecond", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: MAX_UNIX_NANO }), (time) => {
      const text = toRfc3339(time);
      expect(readUnixNano(text)).toBe(time);
      expect(`${text.slice(0, 23)}Z`).toBe(new Date(Number(time / 1_000_000n)).toISOString());
    }),
    { numRuns: 1000 },
  );
});

test("whatever comes in, the answer is a 64-bit time or undefined", () => {
  const nearTime = fc.tuple(fc.constantFrom(..."0123456789-:.,TtZz+ UC"), fc.nat(40)).map(([char, at]) => {
    const text = "2023-06-27T01:19:11.789045558+05:30";
    return text.slice(0, at) + char + text.slice(at + 1);
  });
  fc.assert(
    fc.property(fc.oneof(fc.anything(), fc.string(), fc.double(), fc.bigInt(), nearTime), (value) => {
      const time = readUnixNano(value);
      if (time !== undefined) expect(typeof time === "bigint" && time > 0n && time <= MAX_UNIX_NANO).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
