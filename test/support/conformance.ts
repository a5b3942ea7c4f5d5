// The suite that every source passes: its fixtures become their goldens, in canonical protobuf and in OTLP/JSON alike, nothing of them is
// lost, and no damaged payload makes it throw, lose the whole silently, or write a record that a collector would refuse.
import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeJson } from "../../core/otlp/json.ts";
import { countRecords } from "../../core/otlp/model.ts";
import { encodeProtobuf } from "../../core/otlp/protobuf.ts";
import type { Batch, DecodeContext, Failure, Source } from "../../core/source.ts";
import { expectGolden, type Fixture, listCases } from "./fixtures.ts";
import { type Consumed, findLeaves, findLostLeaves } from "./leaves.ts";
import { HOSTILE_BODIES, type Mutation, mutate, mutations } from "./mutations.ts";
import { decodeOracle, type ExportLogsServiceRequest, parseJsonStrict, reencode, toGolden } from "./oracle.ts";
import { requestSchema } from "./otlp-messages.ts";
import { countMarked, findBrokenRules } from "./record-rules.ts";

/** The arrival of every payload in this suite. */
export const OBSERVED_TIME_UNIX_NANO = 1_700_000_000_000_000_000n;
/** Larger fixtures are left out of the mutations, to keep the suite quick. */
const MAX_MUTATED_BYTES = 64 * 1024;
const MUTATION_RUNS = 600;
const MUTATION_SEED = 20_231_114;
const FAILURE_REASONS: readonly Failure["reason"][] = ["unauthorized", "too-large", "unsupported", "unreadable", "retryable", "refused"];

export interface SourceConformance<Payload> {
  readonly source: Source<Payload>;
  /** Default: every case under `test/fixtures/<source.name>/`. */
  readonly cases?: readonly Fixture[] | undefined;
  /**
   * What the source is given for these bytes: the bytes themselves for an HTTP drain, the parsed object for an event source.
   * May throw for mutated bytes, which then never reach the source.
   */
  readonly payloadOf: (bytes: Uint8Array<ArrayBuffer>, fixture: Fixture | undefined) => Payload;
  /** What the source takes on purpose and does not hand on as it came; a rule that matches no fixture fails the suite. */
  readonly consumed?: Consumed | undefined;
  /** Broken bodies of this platform, beside the general ones. */
  readonly broken?: Readonly<Record<string, string | Uint8Array>> | undefined;
  /** Whether a payload may decode to nothing at all, beside a blank one, `{}` and `[]`: a control message, an envelope without items. */
  readonly mayBeEmpty?: ((payload: Payload) => boolean) | undefined;
  /** The payload is OTLP and may bring its own scopes and observed times. */
  readonly carriesOtlp?: boolean | undefined;
  readonly defaultServiceName?: string | undefined;
  /** Another folder than `test/fixtures/`; for the tests of this suite only. */
  readonly fixturesRoot?: string | undefined;
}

/** Registers the suite. */
export function describeSourceConformance<Payload>(conformance: SourceConformance<Payload>): void {
  const { source, consumed = {}, broken = {} } = conformance;
  const cases = conformance.cases ?? listCases(source.name, conformance.fixturesRoot);

  describe(`source ${source.name}`, () => {
    describe.each(cases.map((fixture) => ({ name: fixture.name, fixture })))("$name", ({ fixture }) => {
      test("becomes its golden", () => {
        expectGolden(source.name, fixture.name, decodeCase(conformance, fixture), conformance.fixturesRoot);
      });
      test("is written as canonical protobuf, and as OTLP/JSON of the same message", () => {
        checkEncodings(decodeFixture(conformance, fixture));
      });
      test("gives records that obey every rule", () => {
        checkBatches(conformance, decodeFixture(conformance, fixture));
      });
      test("decodes to the same again, and is left as it was", () => {
        checkPurity(conformance, fixture);
      });
      test("loses no field", () => {
        expect(findLostOfCase(conformance, fixture, consumed, new Set())).toEqual([]);
      });
    });

    test("has no stale rule for consumed fields", () => {
      const used = new Set<string>();
      for (const fixture of cases) findLostOfCase(conformance, fixture, consumed, used);
      expect(Object.keys(consumed).filter((pattern) => !used.has(pattern))).toEqual([]);
    });

    test.each(Object.entries({ ...HOSTILE_BODIES, ...broken }))("survives a broken body: %s", (_, body) => {
      checkTotal(conformance, typeof body === "string" ? new TextEncoder().encode(body) : Uint8Array.from(body), undefined);
    });

    test("survives any mutation of its fixtures", () => {
      const small = cases.filter(({ bytes }) => bytes.length <= MAX_MUTATED_BYTES);
      // Drawn by name, so that a counterexample prints that and the mutation, not a payload.
      const property = fc.property(fc.constantFrom(...small.map(({ name }) => name)), mutations, (name: string, mutation: Mutation) => {
        const fixture = small.find((candidate) => candidate.name === name) as Fixture;
        checkTotal(conformance, mutate(fixture.bytes, mutation), fixture);
      });
      fc.assert(property, { numRuns: MUTATION_RUNS, seed: MUTATION_SEED });
    });
  });
}

/** Decodes a whole fixture to one message, as the oracle reads our protobuf bytes. Throws when the source refuses the fixture. */
export function decodeCase<Payload>(conformance: SourceConformance<Payload>, fixture: Fixture): ExportLogsServiceRequest {
  const batches = decodeFixture(conformance, fixture);
  return decodeOracle(encodeProtobuf(batches.flatMap(({ resourceLogs }) => resourceLogs)));
}

/**
 * Never throws, and decodes to a failure of the closed union or to records; nothing at all only where that is allowed.
 * @param fixture what the bytes were made from, for `payloadOf`
 */
export function checkTotal<Payload>(
  conformance: SourceConformance<Payload>,
  bytes: Uint8Array<ArrayBuffer>,
  fixture: Fixture | undefined,
): void {
  let payload: Payload;
  try {
    payload = conformance.payloadOf(bytes, fixture);
  } catch {
    return;
  }
  const result = conformance.source.decode(payload, contextOf(conformance));
  if (!result.ok) {
    expect(FAILURE_REASONS).toContain(result.error.reason);
    expect(result.error.detail).not.toBe("");
    return;
  }
  const batches = [...result.value.batches];
  const seen = batches.reduce((sum, { resourceLogs, filtered }) => sum + countRecords(resourceLogs) + filtered, 0);
  if (seen === 0 && !isBlank(bytes)) {
    expect(conformance.mayBeEmpty?.(payload) ?? false, "a payload that is not empty decoded to no record, silently").toBe(true);
  }
  checkEncodings(batches);
  checkBatches(conformance, batches);
}

/**
 * Our bytes of all batches, joined to one request, are what the official descriptors would write; our JSON says the same of every record
 * (the protobuf encoder joins batches of one resource, the JSON encoder lists them one by one).
 */
export function checkEncodings(batches: readonly Batch[]): void {
  const resourceLogs = batches.flatMap((batch) => batch.resourceLogs);
  const bytes = encodeProtobuf(resourceLogs);
  const canonical = reencode(bytes);
  if (Buffer.compare(bytes, canonical) !== 0) expect(Buffer.from(bytes).toString("hex")).toBe(Buffer.from(canonical).toString("hex"));
  const json = parseJsonStrict(new TextDecoder("utf-8", { fatal: true }).decode(encodeJson(resourceLogs)));
  const [fromJson, fromProtobuf] = [listRecords(json), listRecords(decodeOracle(bytes))];
  // Comparing texts is much faster; the slow comparison is for its readable difference.
  if (JSON.stringify(fromJson) !== JSON.stringify(fromProtobuf)) expect(fromJson).toEqual(fromProtobuf);
}

/** Every record with what stands around it, as OTLP/JSON. */
function listRecords({ resourceLogs }: ExportLogsServiceRequest): unknown[] {
  return resourceLogs.flatMap(({ scopeLogs, ...around }) =>
    scopeLogs.flatMap(({ logRecords, ...scope }) =>
      logRecords.map((record) =>
        toGolden(create(requestSchema, { resourceLogs: [{ ...around, scopeLogs: [{ ...scope, logRecords: [record] }] }] })),
      ),
    ),
  );
}

/** Every record obeys `record-rules.ts`, and the counts are true. */
export function checkBatches<Payload>({ source, carriesOtlp }: SourceConformance<Payload>, batches: readonly Batch[]): void {
  const rules = carriesOtlp ? {} : { scope: `otlp-drain/${source.name}`, observedTimeUnixNano: OBSERVED_TIME_UNIX_NANO };
  for (const batch of batches) {
    const message = decodeOracle(encodeProtobuf(batch.resourceLogs));
    expect(findBrokenRules(message, rules)).toEqual([]);
    expect(batch.malformed, "malformed items and records marked with otlp_drain.decode_error").toBe(countMarked(message));
    expect(countRecords(batch.resourceLogs) + batch.filtered, "a batch of nothing").toBeGreaterThan(0);
  }
}

function checkPurity<Payload>(conformance: SourceConformance<Payload>, fixture: Fixture): void {
  const payload = conformance.payloadOf(fixture.bytes.slice(), fixture);
  const before = snapshotOf(payload);
  const [first, second] = [0, 1].map(() => {
    const result = conformance.source.decode(payload, contextOf(conformance));
    if (!result.ok) throw new Error(`decodes to a failure: ${result.error.detail}`);
    return [...result.value.batches];
  });
  expect(second).toEqual(first);
  expect(snapshotOf(payload) === before, "decoding changed the payload").toBe(true);
}

function findLostOfCase<Payload>(
  conformance: SourceConformance<Payload>,
  fixture: Fixture,
  consumed: Consumed,
  used: Set<string>,
): string[] {
  const batches = decodeFixture(conformance, fixture);
  // A payload that was skipped on purpose, and counted, has nothing to lose.
  if (batches.every(({ resourceLogs, filtered }) => countRecords(resourceLogs) === 0 && filtered > 0)) return [];
  const message = decodeOracle(encodeProtobuf(batches.flatMap(({ resourceLogs }) => resourceLogs)));
  return findLostLeaves(findLeaves(fixture.bytes), message, consumed, used);
}

function decodeFixture<Payload>(conformance: SourceConformance<Payload>, fixture: Fixture): Batch[] {
  const payload = conformance.payloadOf(fixture.bytes.slice(), fixture);
  const result = conformance.source.decode(payload, contextOf(conformance));
  if (!result.ok) throw new Error(`the fixture ${fixture.name} decodes to a failure: ${result.error.reason}, ${result.error.detail}`);
  return [...result.value.batches];
}

function contextOf({ defaultServiceName }: { readonly defaultServiceName?: string | undefined }): DecodeContext {
  return { observedTimeUnixNano: OBSERVED_TIME_UNIX_NANO, defaultServiceName };
}

/** A probe: blanks, `{}`, or an array of nothing. */
function isBlank(bytes: Uint8Array): boolean {
  const text = new TextDecoder().decode(bytes).replace(/\s+/g, "");
  return text === "{}" || /^[[\],]*$/.test(text);
}

/** A payload as comparable text. */
function snapshotOf(payload: unknown): string {
  if (payload instanceof Uint8Array) return Buffer.from(payload).toString("latin1");
  return JSON.stringify(payload, (_, value) => (typeof value === "bigint" ? `${value}n` : value));
}
