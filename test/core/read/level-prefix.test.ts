import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stripAnsi } from "../../../core/read/ansi.ts";
import { readLevelPrefix } from "../../../core/read/level-prefix.ts";

describe("a line says its level", () => {
  test.each([
    // leading word after a clock
    ['2023-06-27T01:19:11.788889Z ERROR sink{component_kind="sink"}: x', 17, "ERROR"],
    ["22:47:21.414 [info] Testing logger", 9, "info"],
    ["2021-06-21 22:47:21 [warning] z", 13, "warning"],
    ["2024-01-01 10:00:00,123 WARNING x", 13, "WARNING"],
    ["[2024-01-01 10:00:00 +0000] [7] [INFO] Listening at", 9, "INFO"],
    ["2026-11-20T10:00:00Z WARN x", 13, "WARN"],
    ["2023/03/16 16:18:08 [error] 7#7: *1 open() failed", 17, "error"],
    ["2024-01-01T10:00:00.000+01:00  INFO 1 --- [main] x", 9, "INFO"],
    ["2024-01-01 10:00:00 -0500 ERROR x", 17, "ERROR"],
    ["2024-01-01 10:00:00 | 10:00:00.1 - CRITICAL: x", 21, "CRITICAL"],
    ["[10:00:00] [4711] warn: x", 13, "warn"],
    ["10:00:00.123456789 ERROR x", 17, "ERROR"],
    ["[4711] NOTICE: fpm is running", 10, "NOTICE"],
    // leading word alone
    ["INFO:     Started server process [1]", 9, "INFO"],
    ["ERROR:root:boom", 17, "ERROR"],
    ["ERROR boom", 17, "ERROR"],
    ["FATAL", 21, "FATAL"],
    ["PANIC|x", 21, "PANIC"],
    ["DEBUG-x", 5, "DEBUG"],
    ["TRACE] x", 1, "TRACE"],
    ["ERR\tx", 17, "ERR"],
    ["EMERG\n", 21, "EMERG"],
    ["error: connect ECONNREFUSED", 17, "error"],
    ["fatal: not a git repository", 21, "fatal"],
    // brackets
    ["[ERROR] First test message", 17, "ERROR"],
    ["[WARNING]\t2019-10-23T15:40:03.546Z\tid\tx", 13, "WARNING"],
    ["[Warn] x", 13, "Warn"],
    ["[cRiT]x", 21, "cRiT"],
    ["[alert]", 21, "alert"],
    // logfmt
    ['time="2023-06-27T01:19:12.541516209Z" level=debug msg="checking docker activity"', 5, "debug"],
    ["level=info", 9, "info"],
    ['lvl="warn" msg=x', 13, "warn"],
    ["a=1,severity=CRITICAL,b=2", 21, "CRITICAL"],
    ["errors=0 level=info", 9, "info"],
    ["level=verbose x", 5, "verbose"],
    ["level=Information", 9, "Information"],
    ["level=high severity=error", 17, "error"],
    ["INFO level=error x", 17, "error"],
    // Ruby
    ["I, [2022-09-20T04:07:59.525790 #514]  INFO -- : [b2f7eb1f] Started GET", 9, "INFO"],
    ["W, [2019-11-05T08:43:08.987513 #8]  WARN 3f1a5b9c-0000-4000-8000-000000000001 -- : x", 13, "WARN"],
    ["A, [2022-09-20T04:07:59.525790 #514]   ANY -- : x", 0, "ANY"],
    // klog
    ["E0102 10:11:12.123456 123 file.go:1] x", 17, "E"],
    ["I0615 09:15:36.000000       1 main.go:1] x", 9, "I"],
    ["F0615 09:15:36.000000 1 main.go:1] x", 21, "F"],
  ])("%j", (text, number, word) => expect(readLevelPrefix(text)).toEqual({ word, severity: { number, text: word } }));

  test("once its colours are off", () => {
    expect(readLevelPrefix(stripAnsi("\x1b[31mERROR\x1b[39m failed"))?.severity.number).toBe(17);
    expect(readLevelPrefix(stripAnsi("\x1b[2m2024-01-01T10:00:00Z\x1b[0m \x1b[33m WARN\x1b[0m x"))?.severity.number).toBe(13);
  });
});

describe("a line does not say its level", () => {
  test.each([
    "",
    " ",
    "E",
    "Error: boom",
    "Warning: foo",
    "info  - Compiled successfully",
    "error connect",
    "ERRORS found 0",
    "ERROR_CODE 7",
    "ERROR, boom",
    "INFORMATION x",
    "no errors found",
    "Information about ERROR handling",
    "Information desk",
    "GET /x?level=error 200",
    "2023/03/16 16:18:08 listening",
    "2023-03-16 16:18:08",
    "machine exited with exit code 0, not restarting",
    " ERROR indented",
    "- ERROR dashed",
    "[error",
    "[ error ]",
    "[errors] x",
    "[E] x",
    "[12345678] ERROR x",
    "10:00 ERROR x",
    "2024-01-01 ERROR x",
    "10:00:00 10:00:00 10:00:00 ERROR x",
    "10:00:00.1234567890 ERROR x",
    "10:00:00 -05 [ERROR] x",
    "I am fine",
    "W x",
    "OK: done",
    "log: x",
    "level=30",
    "level=",
    "level=e",
    "level=ok",
    "level=high",
    'level="error msg=x',
    'level=error" msg=x',
    "level=error;x",
    "sublevel=error",
    "log.level=error",
    "LEVEL=error",
    "level = error",
    '{"level":"error"}',
    "E0102 10:11:12.123 x",
    "E0102 10:11:12.1234567 x",
    "X0102 10:11:12.123456 x",
    "I, [short] INFO -- : x",
    "I, [2022-09-20T04:07:59.525790 #514]  INFO : x",
    "I, ERROR x",
    "stderr",
    "constructor: x",
    "[toString] x",
  ])("%j", (text) => expect(readLevelPrefix(text)).toBeUndefined());
});

describe("the window", () => {
  test("a level beyond it is not read", () => {
    expect(readLevelPrefix(`${"x".repeat(500)} level=error`)?.word).toBe("error");
    expect(readLevelPrefix(`${"x".repeat(501)} level=error`)).toBeUndefined();
    expect(readLevelPrefix(`${"x".repeat(120)} level=error`, 128)).toBeUndefined();
    expect(readLevelPrefix(`10:00:00${" ".repeat(600)}ERROR x`)).toBeUndefined();
    expect(readLevelPrefix("[error] x", 7)?.word).toBe("error");
    expect(readLevelPrefix("[error] x", 6)).toBeUndefined();
  });

  test("a word that it cuts is not taken for a shorter one", () => {
    for (let length = 0; length <= 24; length++) {
      for (const text of ["x level=errors y", "10:00:00 ERRORS y", "10:00:00 [errors] y", 'x lvl="warned" y', "INFORMATIVE x"]) {
        expect(readLevelPrefix(text, length), `${text} at ${length}`).toBeUndefined();
      }
    }
  });
});

// The published expressions, applied one after the other, are the oracle for the hand-written scan.
const CLOCK_AND_PID =
  /^(?:\[?(?:\d{4}[-/]\d\d[-/]\d\d[T ])?\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|[+-]\d\d:?\d\d))?\]?[\s|,-]*){0,2}(?:\[\d{1,7}\]\s*)?/;
const LEVELS = "trace|debug|info|notice|warning|warn|error|err|critical|crit|alert|emerg|fatal|panic";
const LEADING = [
  new RegExp(`^\\[(${LEVELS})\\]`, "i"),
  new RegExp(`^(${LEVELS.toUpperCase()})(?=[\\s:|\\]-]|$)`),
  new RegExp(`^(${LEVELS})(?=:)`),
] as const;
const LOGFMT = /(?:^|[\s,])(?:level|lvl|severity)=(?:"([A-Za-z]+)"|([A-Za-z]+))(?=[\s,]|$)/g;
const LOGFMT_WORDS = new RegExp(`^(?:${LEVELS}|verbose)$`, "i");

function expectedWord(text: string): string | undefined {
  const ruby = /^[DIWEFA], \[[^\]]{10,64}\]\s+(DEBUG|INFO|WARN|ERROR|FATAL|ANY) --/.exec(text)?.[1];
  const klog = /^([IWEF])\d{4} \d\d:\d\d:\d\d\.\d{6}\s/.exec(text)?.[1];
  const logfmt = [...text.matchAll(LOGFMT)].map((match) => match[1] ?? match[2] ?? "").find((word) => LOGFMT_WORDS.test(word));
  const rest = text.slice(CLOCK_AND_PID.exec(text)?.[0].length);
  return ruby ?? klog ?? logfmt ?? LEADING.map((pattern) => pattern.exec(rest)?.[1]).find((word) => word !== undefined);
}

test("the scan finds what the published expressions find", () => {
  const piece = fc.oneof(
    fc.constantFrom(..."[]()|,-:= \t\n\"'TZ+.0123456789xXE"),
    fc.constantFrom("2024-01-01T", "2024/01/01 ", "10:00:00", ".123", ",123456789", "Z ", " +0000", "+01:00", "[7] ", "[12345678]", " | "),
    fc.constantFrom("ERROR", "error", "Error", "INFO", "info", "warn", "WARNING", "Crit", "panic", "notice", "ERRORS", "verbose", "high"),
    fc.constantFrom(" level=", "level=", ",lvl=", 'severity="', "msg=x ", "level"),
    fc.constantFrom("E, [", "2022-09-20T04:07:59.525790 #514]", " INFO -- : ", "I0102 10:11:12.123456 ", "10:11:12.123456 "),
  );
  let hits = 0;
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 9 }), (pieces) => {
      const text = pieces.join("");
      const word = readLevelPrefix(text)?.word;
      expect(word).toBe(expectedWord(text));
      if (word !== undefined) hits++;
    }),
    { numRuns: 20_000 },
  );
  expect(hits).toBeGreaterThan(500);
});

test("any text is read without throwing, and a found word stands in it", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), fc.integer({ min: -1, max: 300 }), (text, maxLength) => {
      const found = readLevelPrefix(text, maxLength);
      if (found !== undefined) expect(text.slice(0, maxLength)).toContain(found.word);
    }),
  );
});

/** How many characters `run` looks at through `charCodeAt`, which is put back before anything else runs. */
function countLooks(run: () => void): number {
  const original = String.prototype.charCodeAt;
  let looks = 0;
  String.prototype.charCodeAt = function (index) {
    looks++;
    return original.call(this, index);
  };
  try {
    run();
  } finally {
    String.prototype.charCodeAt = original;
  }
  return looks;
}

test("adversarial megabytes cost no more looks than a few times the window, ordinary lines a handful", () => {
  const adversarial = [
    "10:00:00 ",
    "[",
    "[1] ",
    "level=",
    " level=a",
    ' level="',
    "10:00:00,",
    "[10:00:00]",
    "=",
    "severity",
    "ERROR",
    "a",
    "2024-01-01T10:00:00Z - ",
    " ",
    "E, [",
    "-|,",
  ];
  for (const unit of adversarial) {
    for (const text of [unit.repeat(100_000), `10:00:00${unit.repeat(100_000)}`, `10:00:00 10:00:00 [1] ${unit.repeat(100_000)}`]) {
      expect(
        countLooks(() => readLevelPrefix(text)),
        unit,
      ).toBeLessThan(4 * 512);
    }
  }
  for (const line of [
    "GET /api/users 200 in 12ms",
    "Listening on http://localhost:3000",
    "  at Object.<anonymous> (/app/x.js:1:1)",
    "{}",
  ]) {
    expect(
      countLooks(() => readLevelPrefix(line)),
      line,
    ).toBeLessThan(24);
  }
});

describe("ANSI colours", () => {
  test("wrapped around any text leave that text", () => {
    const colour = fc.array(fc.constantFrom(..."0123456789;:")).map((parameters) => `\x1b[${parameters.join("")}m`);
    const plain = fc.string().filter((text) => !text.includes("\x1b"));
    fc.assert(
      fc.property(fc.array(fc.tuple(colour, plain)), (pieces) => {
        expect(stripAnsi(pieces.flat().join(""))).toBe(pieces.map(([, text]) => text).join(""));
      }),
    );
  });

  test("are taken out, all other characters stay", () => {
    expect(stripAnsi("\x1b[1;31mred\x1b[0m and \x1b[mplain")).toBe("red and plain");
    expect(stripAnsi("\x1b[38;2;1;2;3mtrue\x1b[38:2::1:2:3mcolour\x1b[0m")).toBe("truecolour");
    expect(stripAnsi("\x1b[2Kother \x1b]0;title\x07 [31m \x1b[31")).toBe("\x1b[2Kother \x1b]0;title\x07 [31m \x1b[31");
  });
});
