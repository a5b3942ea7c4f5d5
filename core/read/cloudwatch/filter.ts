// Which log groups, streams and messages are delivered at all. Everything is, unless a list says otherwise; what is
// skipped is counted by the caller.
import { createGlobMatcher } from "../glob.ts";

/** Globs in which `*` stands for any text. An empty include list includes everything; an exclusion beats an inclusion. */
export interface CloudWatchFilters {
  readonly includeLogGroups?: readonly string[] | undefined;
  readonly excludeLogGroups?: readonly string[] | undefined;
  readonly includeLogStreams?: readonly string[] | undefined;
  readonly excludeLogStreams?: readonly string[] | undefined;
  /** Against the whole message as CloudWatch has it, without its last line break; a reassembled message counts as one. */
  readonly includeMessage?: readonly string[] | undefined;
  readonly excludeMessage?: readonly string[] | undefined;
}

export interface CloudWatchFilter {
  /** A group or stream that the payload does not name passes: there is nothing to judge it by. */
  passesOrigin(logGroup: string | undefined, logStream: string | undefined): boolean;
  /** Undefined when every message passes. */
  readonly passesMessage: ((message: string) => boolean) | undefined;
}

export function createCloudWatchFilter(filters: CloudWatchFilters): CloudWatchFilter {
  const passesGroup = createTest(filters.includeLogGroups, filters.excludeLogGroups);
  const passesStream = createTest(filters.includeLogStreams, filters.excludeLogStreams);
  return {
    passesOrigin: (logGroup, logStream) =>
      (passesGroup === undefined || logGroup === undefined || passesGroup(logGroup)) &&
      (passesStream === undefined || logStream === undefined || passesStream(logStream)),
    passesMessage: createTest(filters.includeMessage, filters.excludeMessage),
  };
}

/** `[]` and `[""]`, which is what an empty variable splits to, are no list. */
function createTest(
  include: readonly string[] | undefined = [],
  exclude: readonly string[] | undefined = [],
): ((text: string) => boolean) | undefined {
  const includes = include.filter((glob) => glob !== "");
  const excludes = exclude.filter((glob) => glob !== "");
  if (includes.length === 0 && excludes.length === 0) return undefined;
  const isIncluded = createGlobMatcher(includes);
  const isExcluded = createGlobMatcher(excludes);
  return (text) => (includes.length === 0 || isIncluded(text)) && !isExcluded(text);
}
