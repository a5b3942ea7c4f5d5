import { describe, expect, test } from "vitest";
import type { KeyValue } from "../../../core/otlp/model.ts";
import { END_LINE, parseXrayHeader, parseXrayTraceId, putReport, REPORT_LINE, START_LINE } from "../../../core/read/lambda-platform.ts";

const ID = "ae86ab0a-1234-5678-9abc-def012345678";

function report(line: string) {
  const attributes: KeyValue[] = [];
  const trace = putReport(attributes, line);
  return { trace, values: Object.fromEntries(attributes.map(({ key, value }) => [key, value])) };
}

describe("platform lines", () => {
  test.each<[RegExp, string, (string | undefined)[]]>([
    [START_LINE, `START RequestId: ${ID}`, [ID, undefined]],
    [START_LINE, `START RequestId: ${ID} Version: $LATEST`, [ID, "$LATEST"]],
    [START_LINE, `START RequestId: ${ID}\tVersion: 12 \r`, [ID, "12"]],
    [START_LINE, "START RequestId: sin1::request-a", ["sin1::request-a", undefined]],
    [END_LINE, `END RequestId: ${ID}\t`, [ID]],
    [REPORT_LINE, `REPORT RequestId: ${ID}\tDuration: 1 ms`, [ID]],
    [REPORT_LINE, `REPORT RequestId: ${ID} Duration: 1 ms`, [ID]],
    [REPORT_LINE, `REPORT RequestId: ${ID}`, [ID]],
  ])("%s reads %j", (pattern, line, groups) => expect(pattern.exec(line)?.slice(1)).toEqual(groups));

  test.each<[RegExp, string]>([
    [START_LINE, `START RequestId: ${ID} and more`],
    [START_LINE, ` START RequestId: ${ID}`],
    [START_LINE, "START RequestId: "],
    [START_LINE, "RESTART RequestId: x"],
    [END_LINE, `END RequestId: ${ID} and more`],
    [REPORT_LINE, "REPORT RequestId:x"],
  ])("%s passes over %j", (pattern, line) => expect(pattern.test(line)).toBe(false));
});

describe("a REPORT line", () => {
  const tabs = `REPORT RequestId: ${ID}\tDuration: 1711.87 ms\tBilled Duration: 1800 ms\tMemory Size: 128 MB\tMax Memory Used: 98 MB\tInit Duration: 185.18 ms\t`;
  const values = {
    "aws.lambda.duration_ms": 1711.87,
    "aws.lambda.billed_duration_ms": 1800,
    "aws.lambda.memory_size_mb": 128,
    "aws.lambda.max_memory_used_mb": 98,
    "aws.lambda.init_duration_ms": 185.18,
    "faas.coldstart": true,
  };

  test.each([
    ["tabs", tabs],
    ["single spaces", tabs.replaceAll("\t", " ")],
    ["double spaces", tabs.replaceAll("\t", "  ")],
  ])("gives its values, unrounded, between %s", (_, line) => expect(report(line)).toEqual({ trace: undefined, values }));

  test("tells the durations of a restore apart, and keeps words as words", () => {
    const line = `REPORT RequestId: ${ID}\tDuration: 1 ms\tRestore Duration: 320.10 ms\tBilled Restore Duration: 321 ms\tStatus: timeout\tError Type: Runtime.ExitError`;
    expect(report(line).values).toEqual({
      "aws.lambda.duration_ms": 1,
      "aws.lambda.restore_duration_ms": 320.1,
      "aws.lambda.billed_restore_duration_ms": 321,
      "aws.lambda.status": "timeout",
      "aws.lambda.error_type": "Runtime.ExitError",
    });
  });

  test("carries an X-Ray trace", () => {
    const line = "XRAY TraceId: 1-5d83c0ad-b8eb33a0b1de97d804fac890\tSegmentId: 31255c3b19bd3637\tSampled: true\t";
    expect(report(line).trace).toEqual({ traceId: "5d83c0adb8eb33a0b1de97d804fac890", spanId: "31255c3b19bd3637", flags: 1 });
    expect(report(line.replace("true", "false")).trace?.flags).toBe(0);
    expect(report(line.replace("31255c3b19bd3637", "x")).trace?.spanId).toBeUndefined();
    expect(report("XRAY TraceId: none\tSegmentId: 31255c3b19bd3637").trace).toBeUndefined();
  });

  test("keeps what is no number as the text that it is", () => {
    expect(report("REPORT RequestId: x\tDuration: n/a ms\tMemory Size: 128").values).toEqual({
      "aws.lambda.duration_ms": "n/a",
      "aws.lambda.memory_size_mb": "128",
    });
  });
});

describe("X-Ray ids", () => {
  test.each<[unknown, string | undefined]>([
    ["1-5759e988-bd862e3fe1be46a994272793", "5759e988bd862e3fe1be46a994272793"],
    ["1-5759E988-BD862E3FE1BE46A994272793", "5759e988bd862e3fe1be46a994272793"],
    ["2-5759e988-bd862e3fe1be46a994272793", undefined],
    ["1-5759e988-bd862e3fe1be46a99427279", undefined],
    ["1-00000000-000000000000000000000000", undefined],
    ["5759e988bd862e3fe1be46a994272793", undefined],
    [5, undefined],
  ])("%j", (value, expected) => expect(parseXrayTraceId(value)).toBe(expected));

  test("of a header are those of its root", () => {
    const traceId = "5759e988bd862e3fe1be46a994272793";
    const root = "Root=1-5759e988-bd862e3fe1be46a994272793";
    expect(parseXrayHeader(`${root};Parent=53995c3f42cd8ad8;Sampled=1`)).toEqual({ traceId, spanId: "53995c3f42cd8ad8", flags: 1 });
    expect(parseXrayHeader(`Self=1-11111111-222222222222222222222222;${root};Sampled=0`)).toEqual({ traceId, spanId: undefined, flags: 0 });
    expect(parseXrayHeader("Self=1-5759e988-bd862e3fe1be46a994272793")).toBeUndefined();
  });
});
