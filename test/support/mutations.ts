// Ways to break a payload: damage to its bytes, values of other types and shapes inside its JSON, and whole bodies that no platform sends.
// All are deterministic: fast-check draws a mutation, `mutate` applies it.
import fc from "fast-check";

/** JSON texts that stand in for a value: other types, extreme numbers, depths, lengths and names. */
export const HOSTILE_VALUES: readonly string[] = [
  "null",
  "true",
  "[]",
  "{}",
  '""',
  '" "',
  "0",
  "-1",
  "-0",
  "1.5",
  "1e400",
  "-1e400",
  "9007199254740993",
  "9223372036854775807",
  "9223372036854775808",
  "123456789012345678901234567890",
  "253402300800000",
  '"NaN"',
  '"\\ud800"',
  '"\\udc00 lone \\ud83d"',
  '"\\u0000\\u001b[31m\\u0007"',
  '"2023-02-30T25:61:61Z"',
  '"0000-00-00T00:00:00.000000000Z"',
  '"00000000000000000000000000000000"',
  '"zz"',
  '"__proto__"',
  '{"__proto__":{"polluted":1},"constructor":1,"toString":null,"":"empty key"}',
  "[null,[[]],{}]",
  '[{"a":1},2,"3"]',
  '"{\\"level\\":30,\\"msg\\":{},\\"time\\":\\"x\\",\\"trace_id\\":7}"',
  '"{broken json"',
  '"level=warn msg=\\"unclosed"',
  `${"[".repeat(5_000)}${"]".repeat(5_000)}`,
  `${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`,
  `{${Array.from({ length: 3_000 }, (_, index) => `"key${index}":${index}`).join(",")}}`,
  JSON.stringify("x".repeat(100_000)),
  JSON.stringify(" ".repeat(50_000)),
  JSON.stringify("=\"'".repeat(20_000)),
  JSON.stringify("\t\n".repeat(20_000)),
  JSON.stringify("\u001b[".repeat(20_000)),
  JSON.stringify("{".repeat(20_000)),
  JSON.stringify("START RequestId: ".repeat(3_000)),
  JSON.stringify("    at f (a.js:1:1)\n".repeat(2_000)),
  JSON.stringify("2023-06-27T01:19:11.789Z\t".repeat(2_000)),
];

/** Whole bodies. The empty ones are probes: they may decode to nothing. */
export const HOSTILE_BODIES: Readonly<Record<string, string | Uint8Array>> = {
  empty: "",
  blank: " \r\n\t\n",
  "empty object": "{}",
  "empty array": "[]",
  null: "null",
  "a number": "0",
  "a string": '"text"',
  "plain text": "it is only text\nof two lines",
  "array of scalars": '[1,"two",null,true,[],{}]',
  "array inside arrays": '[[[{"message":"deep"}]]]',
  "object without end": '{"message":"cut',
  "array without end": '[{"message":"a"},{"message":"b"',
  "brackets the wrong way": "}{][",
  "two objects on one line": '{"message":"a"}{"message":"b"}',
  "byte order mark": '\ufeff{"message":"a"}',
  "lone surrogate escape": '{"message":"\\ud800"}',
  "invalid UTF-8": Uint8Array.of(0x7b, 0x22, 0x6d, 0x22, 0x3a, 0x22, 0xff, 0xfe, 0x22, 0x7d),
  "bytes that are no text": Uint8Array.from({ length: 512 }, (_, index) => (index * 7) % 256),
  "NUL bytes": new Uint8Array(64),
  "half of a gzip header": Uint8Array.of(0x1f, 0x8b, 0x08, 0x00),
  "20,000 arrays deep": `${"[".repeat(20_000)}${"]".repeat(20_000)}`,
  "20,000 objects deep": `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`,
  "20,000 open brackets": "[{".repeat(10_000),
  "20,000 blank lines": "\n".repeat(20_000),
  "20,000 broken lines": '{"a":\n'.repeat(20_000),
  "a line of 1 MiB": `{"message":"${"x".repeat(1024 * 1024)}"}`,
  "a key of 100 kB": `{"${"k".repeat(100_000)}":1}`,
  "doubled keys": '{"message":"a","message":"b","__proto__":{"x":1}}',
};

export type Mutation =
  | { readonly kind: "truncate"; readonly at: number }
  | { readonly kind: "flip"; readonly at: number; readonly mask: number }
  | { readonly kind: "insert"; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: "remove"; readonly at: number; readonly length: number }
  | { readonly kind: "repeat" }
  /** `at` picks the value, `value` is the JSON text put in its place. */
  | { readonly kind: "replace"; readonly at: number; readonly value: string };

/** A position as a fraction of the payload's length or number of values, evenly spread, as `fc.double` is not. */
const fraction = fc.nat({ max: 99_999 }).map((position) => position / 100_000);

/** Mutations of any payload; replacements, which reach deepest into a decoder, are drawn most often. */
export const mutations: fc.Arbitrary<Mutation> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("truncate" as const), at: fraction }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("flip" as const), at: fraction, mask: fc.integer({ min: 1, max: 255 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("insert" as const), at: fraction, bytes: fc.uint8Array({ minLength: 1, maxLength: 16 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("remove" as const), at: fraction, length: fc.integer({ min: 1, max: 64 }) }) },
  { weight: 1, arbitrary: fc.constant({ kind: "repeat" as const }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("replace" as const),
      at: fraction,
      value: fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...HOSTILE_VALUES) }, { weight: 1, arbitrary: fc.json({ maxDepth: 3 }) }),
    }),
  },
);

/** Applies a mutation. A replacement in a payload without JSON leaves it as it was. */
export function mutate(bytes: Uint8Array, mutation: Mutation): Uint8Array<ArrayBuffer> {
  const at = "at" in mutation ? Math.floor(mutation.at * bytes.length) : 0;
  switch (mutation.kind) {
    case "truncate":
      return bytes.slice(0, at);
    case "flip":
      return bytes.slice().map((byte, index) => (index === at ? byte ^ mutation.mask : byte));
    case "insert":
      return Uint8Array.from([...bytes.subarray(0, at), ...mutation.bytes, ...bytes.subarray(at)]);
    case "remove":
      return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + mutation.length)]);
    case "repeat":
      return Uint8Array.from([...bytes, ...bytes]);
    case "replace":
      return new TextEncoder().encode(replaceValue(new TextDecoder().decode(bytes), mutation.at, mutation.value));
  }
}

const HOLE = "\u0001hole\u0001";

/** Replaces one value of a JSON text, or of one line of NDJSON, by a JSON text. */
function replaceValue(text: string, at: number, value: string): string {
  const whole = parse(text);
  if (whole !== undefined) return replaceIn(whole, at, value);
  const lines = text.split("\n");
  const index = Math.floor(at * lines.length);
  const line = parse(lines[index] ?? "");
  // What is left of the fraction inside its line picks the value there.
  return line === undefined ? text : lines.with(index, replaceIn(line, (at * lines.length) % 1, value)).join("\n");
}

function replaceIn(tree: unknown, at: number, value: string): string {
  const root = { tree };
  const places = placesOf(root);
  const place = places[Math.floor(at * places.length)];
  if (place === undefined) return value;
  place.parent[place.key] = HOLE;
  return JSON.stringify(root.tree).replace(JSON.stringify(HOLE), () => value);
}

function placesOf(node: unknown): { readonly parent: Record<string, unknown>; readonly key: string }[] {
  if (typeof node !== "object" || node === null) return [];
  const parent = node as Record<string, unknown>;
  return Object.keys(parent).flatMap((key) => [{ parent, key }, ...placesOf(parent[key])]);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
