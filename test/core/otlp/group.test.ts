import { describe, expect, test } from "vitest";
import { ResourceGroups } from "../../../core/otlp/group.ts";
import type { LogRecord, Scope } from "../../../core/otlp/model.ts";

const scope: Scope = { name: "s" };
const record = (body: string): LogRecord => ({ attributes: [], body });
const attributesOf = (value: string) => () => [{ key: "service.name", value }];

function bodiesOf(groups: ResourceGroups) {
  return groups
    .takeResourceLogs()
    .map(({ resource, scopeLogs }) => [
      resource?.attributes[0]?.value,
      ...scopeLogs.flatMap(({ logRecords }) => logRecords.map(({ body }) => body)),
    ]);
}

describe("records of one resource", () => {
  test("stand together, in order, groups in the order of their first record", () => {
    const groups = new ResourceGroups();
    for (const [service, body] of [
      ["b", "1"],
      ["a", "2"],
      ["b", "3"],
      ["c", "4"],
      ["a", "5"],
    ] as const) {
      groups.records(service, scope, attributesOf(service)).push(record(body));
    }
    expect(bodiesOf(groups)).toEqual([
      ["b", "1", "3"],
      ["a", "2", "5"],
      ["c", "4"],
    ]);
  });

  test("share one Resource object from batch to batch, made once", () => {
    const groups = new ResourceGroups();
    let made = 0;
    const attributes = () => {
      made++;
      return [];
    };
    const resources = [1, 2, 3].map(() => {
      groups.records("key", scope, attributes).push(record("r"));
      return groups.takeResourceLogs()[0]?.resource;
    });
    expect(new Set(resources).size).toBe(1);
    expect(made).toBe(1);
  });

  test("are handed out once, and a group without records not at all", () => {
    const groups = new ResourceGroups();
    groups.records("a", scope, attributesOf("a"));
    groups.records("b", scope, attributesOf("b")).push(record("1"));
    expect(bodiesOf(groups)).toEqual([["b", "1"]]);
    expect(bodiesOf(groups)).toEqual([]);
    groups.records("a", scope, attributesOf("a")).push(record("2"));
    expect(bodiesOf(groups)).toEqual([["a", "2"]]);
  });

  test("that were handed out are not touched by what comes later", () => {
    const groups = new ResourceGroups();
    groups.records("a", scope, attributesOf("a")).push(record("1"));
    const [first] = groups.takeResourceLogs();
    groups.records("a", scope, attributesOf("a")).push(record("2"));
    expect(first?.scopeLogs[0]?.logRecords).toHaveLength(1);
  });

  test("in very many groups cost no more, batch by batch", () => {
    const groups = new ResourceGroups();
    // Walking all groups for every batch would be 10^10 steps: the timeout is the judge.
    for (let index = 0; index < 100_000; index++) {
      groups.records(String(index), scope, attributesOf("a")).push(record("1"));
      expect(groups.takeResourceLogs()).toHaveLength(1);
    }
  });
});
