// Records that share a resource share one ResourceLogs: grouped by value, in order of first appearance in the batch, order kept inside.
import type { KeyValue, LogRecord, Resource, ResourceLogs, Scope } from "./model.ts";

interface Group {
  readonly resource: Resource;
  readonly scope: Scope;
  logRecords: LogRecord[];
  isPending: boolean;
}

/** Lives as long as one payload: batch after batch gets the same `Resource` objects, by which an encoder joins them. */
export class ResourceGroups {
  readonly #groups = new Map<string, Group>();
  /** Those that were asked for since the last `takeResourceLogs`: a payload may hold very many groups, a batch holds few. */
  #pending: Group[] = [];

  /**
   * The list that records of this resource and scope are appended to, until the next `takeResourceLogs`.
   * @param key the resource and scope by value: equal keys must mean equal attributes
   * @param attributes called once a key
   */
  records(key: string, scope: Scope, attributes: () => readonly KeyValue[]): LogRecord[] {
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = { resource: { attributes: attributes() }, scope, logRecords: [], isPending: false };
      this.#groups.set(key, group);
    }
    if (!group.isPending) {
      group.isPending = true;
      this.#pending.push(group);
    }
    return group.logRecords;
  }

  /** What was appended since the last call. */
  takeResourceLogs(): readonly ResourceLogs[] {
    const resourceLogs: ResourceLogs[] = [];
    for (const group of this.#pending) {
      const { resource, scope, logRecords } = group;
      if (logRecords.length > 0) resourceLogs.push({ resource, scopeLogs: [{ scope, logRecords }] });
      group.logRecords = [];
      group.isPending = false;
    }
    this.#pending = [];
    return resourceLogs;
  }
}
