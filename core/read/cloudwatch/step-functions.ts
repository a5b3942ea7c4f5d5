// Step Functions: one record for each step of an execution's history.
// https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
import { readUnixNano } from "../time.ts";
import { type Fields, putMapped, type Reading } from "./reading.ts";
import { parseArn } from "./resource.ts";

const MEMBERS: Readonly<Record<string, string>> = {
  id: "aws.step_functions.event.id",
  type: "aws.step_functions.event.type",
  previous_event_id: "aws.step_functions.previous_event.id",
  execution_arn: "aws.step_functions.execution.arn",
  event_timestamp: "",
};
/** AWS's table of log levels: these are logged at FATAL, and the failures, time-outs and aborts of a single step at ERROR. */
const FATAL_TYPES = new Set(["ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut"]);
const ERROR_TYPE = /(?:Failed|TimedOut|Aborted|^FailStateEntered)$/;
const FATAL = 21;
const ERROR = 17;
/** `arn:aws:states:<region>:<account>:execution:<state machine>:<execution>`; express executions have one part more. */
const EXECUTION_ARN = /^(arn:[\w-]{1,16}:states:[\w-]{1,32}:\d{12}):(?:execution|express):([^:]{1,80}):/;

export function isStepFunctionsObject({ type, execution_arn: arn, event_timestamp: time }: Fields): boolean {
  return typeof type === "string" && typeof arn === "string" && time !== undefined;
}

export function readStepFunctionsObject(reading: Reading, object: Fields, text: string): void {
  const type = object["type"] as string;
  const executionArn = object["execution_arn"] as string;
  reading.timeUnixNano = readUnixNano(object["event_timestamp"]);
  const table = reading.timeUnixNano === undefined ? { ...MEMBERS, event_timestamp: "aws.step_functions.event.timestamp" } : MEMBERS;
  putMapped(reading, object, table, "aws.step_functions");
  const [, prefix, name] = EXECUTION_ARN.exec(executionArn) ?? [];
  if (name !== undefined) {
    putMapped(reading, { arn: `${prefix}:stateMachine:${name}` }, { arn: "aws.step_functions.state_machine.arn" }, "");
    reading.hint = { ...parseArn(executionArn), serviceName: name };
  }
  if (FATAL_TYPES.has(type)) reading.severity = { number: FATAL };
  else if (ERROR_TYPE.test(type)) reading.severity = { number: ERROR };
  reading.body = text.trimEnd();
}
