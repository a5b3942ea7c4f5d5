// Lines of RDS and Aurora databases, by the group that they stand in: Postgres with RDS's fixed prefix, MySQL's error log.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Concepts.PostgreSQL.overview.parameter-groups.html

import { pushAttribute } from "../attributes.ts";
import { ORIGINAL_TIME } from "../broken.ts";
import { readSeverity } from "../severity.ts";
import { readUnixNano } from "../time.ts";
import type { Reading } from "./reading.ts";

/** `log_line_prefix = '%t:%r:%u@%d:[%p]:'`, then the level. */
const POSTGRES =
  /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (\w{1,16}):([^@\n]{0,128}?):([^@:\n]{0,128})@([^:\n]{0,128}):\[(\d{1,10})\]:([A-Z]{3,12}\d?):\s{1,8}/;
/** `<host>(<port>)`; IPv6 hosts hold colons. */
const REMOTE = /^(.{1,120})\((\d{1,5})\)$/;
/** `2024-10-04T00:36:35.800123Z 0 [Warning] [MY-010055] [Server] text`; MariaDB and MySQL 5 leave the brackets in the middle out. */
const MYSQL = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) (\d{1,20}) \[(System|Note|Warning|Error|ERROR|Entry)\] /;
/** Longest prefix that the patterns may need. */
const MAX_HEAD_LENGTH = 640;

/** @returns whether the line has the prefix; DETAIL, HINT and STATEMENT lines have it too, and are events of their own */
export function readPostgres(reading: Reading, text: string): boolean {
  const match = POSTGRES.exec(text.slice(0, MAX_HEAD_LENGTH));
  if (match === null) return false;
  const [prefix, time, zone, remote = "", user, database, pid, level] = match;
  const { attributes } = reading;
  const stamp = `${time} ${zone}`;
  reading.timeUnixNano = readUnixNano(stamp);
  if (reading.timeUnixNano === undefined) pushAttribute(attributes, ORIGINAL_TIME, stamp);
  reading.severity = readSeverity(level, "postgres");
  const [, host, port] = REMOTE.exec(remote) ?? [];
  pushAttribute(attributes, "client.address", host ?? remote);
  if (port !== undefined) attributes.push({ key: "client.port", value: Number(port) });
  pushAttribute(attributes, "user.name", user);
  pushAttribute(attributes, "db.namespace", database);
  attributes.push({ key: "process.pid", value: Number(pid) });
  attributes.push({ key: "db.system.name", value: "postgresql" });
  reading.body = text.slice(prefix.length);
  return true;
}

export function readMysqlError(reading: Reading, text: string): boolean {
  const match = MYSQL.exec(text.slice(0, MAX_HEAD_LENGTH));
  if (match === null) return false;
  const [prefix, time, thread, level] = match;
  reading.timeUnixNano = readUnixNano(time);
  reading.severity = readSeverity(level, "mysql");
  reading.attributes.push({ key: "thread.id", value: Number(thread) }, { key: "db.system.name", value: "mysql" });
  reading.body = text.slice(prefix.length);
  return true;
}
