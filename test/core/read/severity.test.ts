import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chooseNumericDialect, type Dialect, httpStatusSeverity, readSeverity } from "../../../core/read/severity.ts";

const DIALECTS: readonly Dialect[] = [
  ...([
    "generic",
    "syslog",
    "journald",
    "gcp",
    "azure",
    "dotnet",
    "serilog",
    "pino",
    "python",
    "monolog",
    "zap",
    "jul",
    "winston",
  ] as const),
  ...(["slog", "otel", "postgres", "mysql", "mongodb", "redis", "klog", "ruby", "datadog", "vercel", "console", "lambda", "http"] as const),
];

describe("a word of any dialect", () => {
  const generic: Readonly<Record<number, string>> = {
    1: "trace trc finest silly all",
    5: "debug dbg verbose vrb fine debug1 debug2 debug3 debug4 debug5 d",
    9: "info inf information informational log ok success i",
    10: "notice",
    13: "warn warning wrn w",
    17: "error err severe failure e",
    18: "dpanic",
    21: "fatal ftl critical crit alert panic emerg emergency f",
    0: "unknown none off default errors warned tracer notices fatality",
  };
  for (const [number, list] of Object.entries(generic)) {
    for (const word of list.split(" ")) {
      test(`"${word}" is ${number} in any case, spelled as it came`, () => {
        for (const text of [
          word,
          word.toUpperCase(),
          word.charAt(0).toUpperCase() + word.slice(1),
          word.slice(0, -1) + word.slice(-1).toUpperCase(),
        ]) {
          expect(readSeverity(text, "generic")).toEqual({ number: Number(number), text });
        }
      });
    }
  }

  test("white space around it is trimmed, brackets and a trailing colon stay in the text but not in the comparison", () => {
    expect(readSeverity("Warn ", "generic")).toEqual({ number: 13, text: "Warn" });
    expect(readSeverity("\tERROR\n", "generic")).toEqual({ number: 17, text: "ERROR" });
    expect(readSeverity("[ERROR]", "generic")).toEqual({ number: 17, text: "[ERROR]" });
    expect(readSeverity("info:", "generic")).toEqual({ number: 9, text: "info:" });
    expect(readSeverity("[INFO ]", "generic")).toEqual({ number: 9, text: "[INFO ]" });
    expect(readSeverity("[[info]]", "generic").number).toBe(0);
  });

  test("OTel's short names are known everywhere", () => {
    const families = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    families.forEach((name, family) => {
      for (const step of [1, 2, 3, 4]) {
        const text = step === 1 ? name : `${name}${step}`;
        expect(readSeverity(text, "otel")).toEqual({ number: family * 4 + step, text });
        if (name !== "DEBUG") for (const dialect of DIALECTS) expect(readSeverity(text, dialect).number).toBe(family * 4 + step);
      }
      expect(readSeverity(`${name}5`, "otel").number).toBe(name === "DEBUG" ? 5 : 0);
    });
    expect(readSeverity("SEVERITY_NUMBER_INFO2", "otel")).toEqual({ number: 10, text: "SEVERITY_NUMBER_INFO2" });
    expect(readSeverity("SEVERITY_NUMBER_LOUD", "otel")).toEqual({ number: 0, text: "SEVERITY_NUMBER_LOUD" });
  });

  test.each([
    ["DEBUG-4", 1],
    ["DEBUG+2", 7],
    ["INFO+2", 11],
    ["warn-1", 12],
    ["ERROR+4", 21],
    ["ERROR+400", 24],
    ["DEBUG-999999999999999999999999", 1],
    ["INFO+", 0],
    ["INFO+1x", 0],
    ["NOTICE+1", 0],
  ])("slog's %s is %i", (text, number) => {
    for (const dialect of ["slog", "generic", "pino"] as const) expect(readSeverity(text, dialect)).toEqual({ number, text });
  });

  test("is never found inside a longer text", () => {
    for (const text of ["no errors found", "Information about ERROR handling", "error!", "an error", "infos", "err or"]) {
      expect(readSeverity(text, "generic")).toEqual({ number: 0, text });
    }
  });
});

describe("what the dialects call their levels", () => {
  const table: readonly (readonly [Dialect, string])[] = [
    ["syslog", "emerg 21, alert 19, crit 18, critical 18, err 17, error 17, warning 13, notice 10, info 9, debug 5, emergency 21"],
    ["journald", "alert 19, crit 18"],
    ["gcp", "DEFAULT 0, DEBUG 5, INFO 9, NOTICE 10, WARNING 13, ERROR 17, CRITICAL 21, ALERT 22, EMERGENCY 24"],
    ["azure", "Verbose 5, Informational 9, Information 9, Warning 13, Error 17, Critical 21"],
    [
      "dotnet",
      "Trace 1, Debug 5, Information 9, Warning 13, Error 17, Critical 21, None 0, trce 1, dbug 5, info 9, warn 13, fail 17, crit 21",
    ],
    ["serilog", "Verbose 1, Debug 5, Information 9, Warning 13, Error 17, Fatal 21"],
    ["pino", "trace 1, debug 5, info 9, warn 13, error 17, fatal 21"],
    ["python", "DEBUG 5, INFO 9, WARNING 13, ERROR 17, CRITICAL 21, NOTSET 0"],
    ["monolog", "DEBUG 5, NOTICE 10, ALERT 21, EMERGENCY 21"],
    ["zap", "debug 5, dpanic 18, panic 19, fatal 21"],
    ["jul", "FINEST 1, FINER 5, FINE 6, CONFIG 7, INFO 9, WARNING 13, SEVERE 17"],
    ["winston", "silly 1, debug 5, verbose 7, http 8, info 9, warn 13, error 17"],
    ["slog", "DEBUG 5, INFO 9, WARN 13, ERROR 17"],
    ["postgres", "DEBUG1 5, DEBUG2 5, DEBUG5 5, LOG 9, INFO 9, NOTICE 10, WARNING 13, ERROR 17, FATAL 21, PANIC 24"],
    ["mysql", "System 9, Note 9, Warning 13, Error 17"],
    ["mongodb", "D 5, D1 5, D5 5, I 9, W 13, E 17, F 21"],
    ["redis", ". 5, - 9, * 10, # 13"],
    ["klog", "I 9, W 13, E 17, F 21"],
    ["ruby", "D 5, I 9, W 13, E 17, F 21, A 0, ANY 0, UNKNOWN 0"],
    [
      "datadog",
      "emerg 21, Emergency 21, f 21, fatal 21, alert 19, crit 18, critical 18, err 17, Errors 17, warn 13, Warnings 13, notice 10",
    ],
    [
      "datadog",
      "info 9, informational 9, trace 1, debug 5, tracing 5, verbose 5, ok 9, success 9, off 9, whatever 13, Hooray 9, log 9, TRACE3 3",
    ],
    ["vercel", "info 9, warning 13, warn 13, error 17, fatal 21"],
    ["console", "debug 5, log 9, info 9, warn 13, error 17, trace 1"],
    ["lambda", "TRACE 1, DEBUG 5, INFO 9, WARN 13, ERROR 17, FATAL 21, [WARNING] 13, [CRITICAL] 21"],
  ];
  for (const [dialect, list] of table) {
    test(`${dialect}: ${list}`, () => {
      for (const pair of list.split(", ")) {
        const [text, number] = pair.split(" ");
        expect(readSeverity(text, dialect), pair).toEqual({ number: Number(number), text });
      }
    });
  }

  test("where they disagree, the dialect decides", () => {
    const number = (level: unknown, dialect: Dialect) => readSeverity(level, dialect).number;
    expect(["syslog", "gcp", "azure", "dotnet", "generic"].map((dialect) => number("critical", dialect as Dialect))).toEqual([
      18, 21, 21, 21, 21,
    ]);
    expect(["syslog", "gcp", "generic"].map((dialect) => number("alert", dialect as Dialect))).toEqual([19, 22, 21]);
    expect(["syslog", "gcp", "generic"].map((dialect) => number("emergency", dialect as Dialect))).toEqual([21, 24, 21]);
    expect(["syslog", "gcp", "generic"].map((dialect) => number("notice", dialect as Dialect))).toEqual([10, 10, 10]);
    expect(["zap", "generic", "postgres"].map((dialect) => number("panic", dialect as Dialect))).toEqual([19, 21, 24]);
    expect(["azure", "generic", "winston", "serilog"].map((dialect) => number("verbose", dialect as Dialect))).toEqual([5, 5, 7, 1]);
    expect(["pino", "python", "generic"].map((dialect) => number(30, dialect as Dialect))).toEqual([9, 13, 0]);
    expect(["syslog", "azure", "generic"].map((dialect) => number(4, dialect as Dialect))).toEqual([13, 0, 0]);
  });
});

describe("a numeric level", () => {
  const table: readonly (readonly [Dialect, Readonly<Record<number, string>>])[] = [
    [
      "syslog",
      { 0: "21 emerg", 1: "19 alert", 2: "18 crit", 3: "17 err", 4: "13 warning", 5: "10 notice", 6: "9 info", 7: "5 debug", 8: "0 8" },
    ],
    ["journald", { 0: "21 emerg", 3: "17 err", 6: "9 info", [-1]: "0 -1" }],
    ["gcp", { 0: "0 default", 100: "5 debug", 200: "9 info", 300: "10 notice", 400: "13 warning", 500: "17 error", 600: "21 critical" }],
    ["gcp", { 700: "22 alert", 800: "24 emergency", 50: "0 50", 299: "9 299", 801: "24 801", 5000: "24 5000", [-1]: "0 -1" }],
    ["pino", { 10: "1 trace", 20: "5 debug", 30: "9 info", 40: "13 warn", 50: "17 error", 60: "21 fatal" }],
    ["pino", { 17: "1 17", 35: "9 35", 9: "1 9", 0: "1 0", [-5]: "1 -5", 61: "21 61", 1000: "21 1000" }],
    ["python", { 10: "5 debug", 20: "9 info", 30: "13 warning", 40: "17 error", 50: "21 critical", 25: "0 25" }],
    ["monolog", { 100: "5 debug", 200: "9 info", 250: "10 notice", 300: "13 warning", 400: "17 error", 500: "21 critical" }],
    ["monolog", { 550: "21 alert", 600: "21 emergency", 30: "0 30" }],
    ["slog", { [-4]: "5 debug", 0: "9 info", 4: "13 warn", 8: "17 error", 2: "11 2", [-8]: "1 -8", 99: "24 99", [-99]: "1 -99" }],
    ["otel", { 1: "1", 9: "9", 10: "10", 24: "24", 25: "0 25" }],
    ["datadog", { 0: "21 emerg", 1: "19 alert", 3: "17 err", 7: "5 debug", 8: "9 8" }],
    ["generic", { 4: "0 4", 10: "0 10", 30: "0 30" }],
    ["azure", { 4: "0 4", 1: "0 1" }],
    ["vercel", { 30: "0 30" }],
  ];
  for (const [dialect, numbers] of table) {
    for (const [value, expected] of Object.entries(numbers)) {
      const [number, text] = expected.split(" ");
      test(`${value} of ${dialect} is ${number} "${text}", as number, digits and bigint`, () => {
        for (const level of [Number(value), value, ` ${value} `, BigInt(value)]) {
          expect(readSeverity(level, dialect)).toEqual({ number: Number(number), text });
        }
      });
    }
  }

  test("an HTTP status has no text", () => {
    expect(readSeverity(404, "http")).toEqual({ number: 13 });
    expect(readSeverity("503", "http")).toEqual({ number: 17 });
    expect(readSeverity(-1, "http")).toEqual({ number: 0 });
    expect(readSeverity("error", "http")).toEqual({ number: 17, text: "error" });
  });

  test("an unspecified OTel number is no level", () => expect(readSeverity(0, "otel")).toEqual({ number: 0 }));

  test("a fraction floors as its dialect floors, and is unknown elsewhere", () => {
    expect(readSeverity(30.5, "pino")).toEqual({ number: 9, text: "30.5" });
    expect(readSeverity(3.5, "syslog")).toEqual({ number: 0, text: "3.5" });
    expect(readSeverity(9.5, "otel")).toEqual({ number: 0, text: "9.5" });
  });
});

test.each([
  [100, 9],
  [101, 9],
  [200, 9],
  [304, 9],
  [399, 9],
  [400, 13],
  [499, 13],
  [500, 17],
  [599, 17],
  [999, 17],
  [0, 0],
  [99, 0],
  [-1, 0],
  [1000, 0],
  [Number.NaN, 0],
])("HTTP status %d gives %d", (status, number) => expect(httpStatusSeverity(status)).toBe(number));

describe("no level", () => {
  test("null, undefined, empty and non-scalar levels are 0 without text, in every dialect", () => {
    for (const dialect of DIALECTS) {
      for (const level of [
        null,
        undefined,
        "",
        "   ",
        true,
        false,
        {},
        [],
        { name: "error" },
        ["error"],
        Number.NaN,
        Number.POSITIVE_INFINITY,
        () => "error",
        Symbol("error"),
      ]) {
        expect(readSeverity(level, dialect)).toEqual({ number: 0 });
      }
    }
  });

  test("digits under generic are 0 with text: no regular expression takes them for WARN", () => {
    for (const text of ["10", "30", "17", "030"]) expect(readSeverity(text, "generic")).toEqual({ number: 0, text });
  });

  test("a level of megabytes is 0, its text cut at 64 units and never inside a surrogate pair", () => {
    for (const dialect of DIALECTS)
      expect(readSeverity("error ".repeat(2_000_000), dialect)).toEqual({ number: 0, text: "error ".repeat(11).slice(0, 64) });
    expect(readSeverity(`${" ".repeat(1000)}warn`, "generic")).toEqual({ number: 13, text: "warn" });
    expect(readSeverity(`${"x".repeat(63)}\u{1f525}`, "generic").text).toBe("x".repeat(63));
    expect(readSeverity("x".repeat(64), "generic").text).toBe("x".repeat(64));
  });

  test("names of object members are ordinary words", () => {
    for (const text of ["constructor", "__proto__", "toString", "hasOwnProperty"]) {
      for (const dialect of DIALECTS.filter((name) => name !== "datadog")) expect(readSeverity(text, dialect)).toEqual({ number: 0, text });
    }
  });
});

test("any value gives a number from 0 to 24 and a trimmed text of at most 64 units, and the same answer twice", () => {
  const level = fc.oneof(
    fc.anything(),
    fc.string(),
    fc.double(),
    fc.bigInt(),
    fc.constantFrom("info", " WARN", "[error]", "ERROR+9", "-4", ":"),
  );
  fc.assert(
    fc.property(level, fc.constantFrom(...DIALECTS), (value, dialect) => {
      const { number, text } = readSeverity(value, dialect);
      expect(Number.isInteger(number) && number >= 0 && number <= 24).toBe(true);
      if (text !== undefined) expect(text.length > 0 && text.length <= 64 && text.trim() === text).toBe(true);
      expect(readSeverity(value, dialect)).toEqual({ number, ...(text === undefined ? {} : { text }) });
      if (typeof value === "string" && text !== undefined && !/\d/.test(value)) expect(value.trim().startsWith(text)).toBe(true);
    }),
  );
});

describe("the dialect of a number in a JSON line", () => {
  test.each<[Dialect, Record<string, unknown>, string]>([
    ["otel", { severityNumber: 9, time: 1700000000000, msg: "x" }, "severityNumber"],
    ["otel", { severity_number: 9 }, "severity_number"],
    ["python", { level: 30, levelname: "WARNING", time: 1700000000000, msg: "x" }, "level"],
    ["python", { levelno: 30 }, "levelno"],
    ["pino", { level: 35, time: 1700000000000, pid: 1 }, "level"],
    ["pino", { level: 3, time: 1700000000000, hostname: "h" }, "level"],
    ["pino", { level: "35", time: 1700000000000, msg: "x" }, "level"],
    ["pino", { name: "app", hostname: "h", pid: 1, level: 35, msg: "x", time: "2023-06-27T01:19:11.789Z", v: 0 }, "level"],
    ["generic", { name: "app", hostname: "h", pid: 1, level: 35, msg: "x", time: "2023-06-27T01:19:11.789Z" }, "level"],
    ["generic", { level: 35, time: 1700000000, msg: "x" }, "level"],
    ["generic", { level: 35, time: 1700000000000000, msg: "x" }, "level"],
    ["generic", { level: 35, time: "2023-06-27T01:19:11.789Z", msg: "x" }, "level"],
    ["generic", { level: 35, time: 1700000000000 }, "level"],
    ["generic", { lvl: 35, time: 1700000000000, msg: "x" }, "lvl"],
    ["syslog", { version: "1.1", short_message: "x", level: 3 }, "level"],
    ["journald", { PRIORITY: "3", MESSAGE: "x" }, "PRIORITY"],
    ["monolog", { level: 200, level_name: "INFO", message: "x" }, "level"],
    ["pino", { severity: 30 }, "severity"],
    ["pino", { lvl: "60" }, "lvl"],
    ["pino", { lvl: 10n }, "lvl"],
    ["generic", { level: 200 }, "level"],
    ["generic", { level: 4 }, "level"],
    ["generic", { level: 70 }, "level"],
    ["generic", { level: 0 }, "level"],
    ["generic", { level: { valueOf: () => 30 } }, "level"],
    ["generic", { level: Symbol("30") }, "level"],
    ["generic", {}, "level"],
  ])("%s for %o by %s", (dialect, object, key) => expect(chooseNumericDialect(object, key)).toBe(dialect));

  test("a Monolog number alone is 0 with its digits", () => {
    const line = { level: 200, message: "x" };
    expect(readSeverity(line.level, chooseNumericDialect(line, "level"))).toEqual({ number: 0, text: "200" });
  });
});
