// What an operator may choose for both doors, and what a door knows beside the items.
import type { KeyValue, Scope } from "../../otlp/model.ts";
import { type CloudWatchFilter, type CloudWatchFilters, createCloudWatchFilter } from "./filter.ts";

export type PlatformLogs = "keep" | "report" | "drop";

export interface CloudWatchOptions {
  /** The forwarder's own region: that of the logs too, unless the payload says otherwise. */
  readonly region?: string | undefined;
  /** The forwarder's own log group, which is never delivered: it would feed itself. */
  readonly ownLogGroup?: string | undefined;
  readonly filters?: CloudWatchFilters | undefined;
  /** `report` keeps REPORT lines only, `drop` none; a line that tells of a failure (time-out, crash, lost logs) always stays. Default `keep`. */
  readonly platformLogs?: PlatformLogs | undefined;
}

/** The options with everything compiled; made once, used for every payload. */
export interface CloudWatchSettings {
  readonly ownLogGroup: string | undefined;
  readonly filter: CloudWatchFilter;
  readonly platformLogs: PlatformLogs;
}

export function createCloudWatchSettings({ ownLogGroup, filters = {}, platformLogs = "keep" }: CloudWatchOptions): CloudWatchSettings {
  return { ownLogGroup: ownLogGroup || undefined, filter: createCloudWatchFilter(filters), platformLogs };
}

export interface Door {
  readonly scope: Scope;
  /** Attributes that came with the request, for every resource. */
  readonly givenAttributes: readonly KeyValue[];
  /** `service.name` of what names nothing at all. */
  readonly lastServiceName: string;
  /** Region of the logs of this account, when nothing else tells it. */
  regionOf(accountId: string | undefined): string | undefined;
}
