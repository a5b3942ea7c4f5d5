// Arbitrary OTLP as our model holds it, and the plain data that a reader must find in it.
import fc from "fast-check";
import { type AnyValue, Float64, type KeyValue, type LogRecord, type ResourceLogs } from "../../../core/otlp/model.ts";
import type { FlatValue } from "../../support/oracle.ts";

/** Every kind of text: short and long, ASCII and not, lone surrogates, and lengths around the boundaries of a length's bytes. */
export const texts: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.string() },
  { weight: 3, arbitrary: fc.string({ unit: "binary", maxLength: 80 }) },
  { weight: 2, arbitrary: fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 60 }).map((units) => String.fromCharCode(...units)) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom("a", "é", "語", "😀"), fc.constantFrom(40, 48, 49, 62, 63, 64, 120, 124, 125, 126, 127, 128, 129, 256, 257))
      .map(([unit, length]) => unit.repeat(length)),
  },
  { weight: 1, arbitrary: fc.constantFrom("__proto__", "constructor", "toString", "", "\u0000", "\ud800", "\udc00\ud800") },
);

/** Keys that stay different as UTF-8. */
export const wellFormedKeys: fc.Arbitrary<string> = texts.map((text) => text.toWellFormed());

const scalars: fc.Arbitrary<AnyValue> = fc.oneof(
  { weight: 4, arbitrary: texts },
  fc.boolean(),
  fc.constant(null),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.bigInt({ min: -(2n ** 66n), max: 2n ** 66n }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.double().map((value) => new Float64(value)),
  fc.uint8Array({ maxLength: 40 }),
);

export const anyValues: fc.Arbitrary<AnyValue> = fc.letrec<{ value: AnyValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthIdentifier: "value" },
    { weight: 5, arbitrary: scalars },
    { weight: 1, arbitrary: fc.array(tie("value"), { maxLength: 4, depthIdentifier: "value" }) },
    {
      weight: 2,
      arbitrary: fc.array(fc.tuple(wellFormedKeys, tie("value")), { maxLength: 5, depthIdentifier: "value" }).map(Object.fromEntries),
    },
  ),
})).value;

export const attributes: fc.Arbitrary<readonly KeyValue[]> = fc.uniqueArray(fc.record({ key: wellFormedKeys, value: anyValues }), {
  maxLength: 8,
  selector: ({ key }) => key,
});

const times = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const hex = (digits: number) =>
  fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: digits, maxLength: digits }).filter((id) => /[^0]/.test(id));

export const logRecords: fc.Arbitrary<LogRecord> = fc.record(
  {
    attributes,
    timeUnixNano: times,
    observedTimeUnixNano: times,
    severityNumber: fc.integer({ min: 0, max: 24 }),
    severityText: texts,
    body: anyValues,
    droppedAttributesCount: fc.nat(),
    flags: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    traceId: hex(32),
    spanId: hex(16),
    eventName: texts,
  },
  { requiredKeys: ["attributes"] },
);

export const requests: fc.Arbitrary<readonly ResourceLogs[]> = fc.array(
  fc.record(
    {
      resource: fc.record({ attributes, droppedAttributesCount: fc.nat() }, { requiredKeys: ["attributes"] }),
      scopeLogs: fc.array(
        fc.record(
          {
            scope: fc.record({ name: texts, version: texts, attributes, droppedAttributesCount: fc.nat() }, { requiredKeys: ["name"] }),
            logRecords: fc.array(logRecords, { maxLength: 4 }),
            schemaUrl: texts,
          },
          { requiredKeys: ["logRecords"] },
        ),
        { maxLength: 3 },
      ),
      schemaUrl: texts,
    },
    { requiredKeys: ["scopeLogs"] },
  ),
  { maxLength: 4 },
);

/** What a reader of either encoding finds. */
export function toFlatValue(value: AnyValue | undefined): FlatValue {
  if (value === undefined || value === null) return null;
  switch (typeof value) {
    case "string":
      return value.toWellFormed();
    case "boolean":
      return value;
    case "bigint":
      if (value !== BigInt.asIntN(64, value)) return String(value);
      return Number.isSafeInteger(Number(value)) ? Number(value) : value;
    case "number":
      if (!Number.isFinite(value)) return String(value);
      if (Object.is(value, -0)) return 0;
      return Number.isInteger(value) && !Number.isSafeInteger(value) && value >= -(2 ** 63) && value < 2 ** 63 ? BigInt(value) : value;
  }
  if (value instanceof Float64) return Number.isFinite(value.value) ? value.value : String(value.value);
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(toFlatValue);
  const members = Object.entries(value as Record<string, AnyValue | undefined>).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key.toWellFormed(), toFlatValue(member)]));
}
