import fc from "fast-check";
import { test, expect } from "vitest";
import { encodeProtobuf } from "../../core/otlp/protobuf.ts";
import { encodeJson } from "../../core/otlp/json.ts";
import { decodeOracle, reencode, parseJsonStrict, toGolden } from "./oracle.ts";
import { Float64, type AnyValue } from "../../core/otlp/model.ts";
const str = fc.oneof(fc.string({unit:"binary"}), fc.string({unit:"binary", minLength: 40, maxLength: 400}), fc.constantFrom("\ud800x","é".repeat(47),"é".repeat(100),"a".repeat(127),"a".repeat(125),"€".repeat(6000), "__proto__",""), fc.array(fc.constantFrom("\ud800","a","\udc00","é","😀")).map(a=>a.join("")));
const any = fc.letrec<{v: AnyValue}>((tie)=>({ v: fc.oneof({maxDepth:4},str, fc.boolean(), fc.double(), fc.integer(), fc.maxSafeInteger(), fc.bigInt({min:-(2n**65n),max:2n**65n}), fc.constant(null), fc.uint8Array({maxLength:300}), fc.double().map(v=>new Float64(v)), fc.constantFrom(-0,2**63,-(2**63),1e300,2**53,-1), fc.array(tie("v"),{maxLength:40}), fc.dictionary(str.map(s=>s||"k"), tie("v"),{maxKeys:6})) as fc.Arbitrary<AnyValue> })).v;
const kv = fc.record({key: str.map(s=>s||"k"), value: any});
const opt = <T>(a: fc.Arbitrary<T>) => fc.option(a,{nil: undefined});
const hex=(n:number)=>fc.uint8Array({minLength:n,maxLength:n}).map(b=>Buffer.from(b).toString("hex"));
const record = fc.record({timeUnixNano: opt(fc.bigInt({min:0n,max:2n**64n-1n})), observedTimeUnixNano: opt(fc.bigInt({min:0n,max:2n**64n-1n})), severityNumber: opt(fc.integer({min:0,max:24})), severityText: opt(str), body: opt(any), attributes: fc.array(kv,{maxLength:20}), droppedAttributesCount: opt(fc.integer({min:0,max:2**32-1})), flags: opt(fc.integer({min:0,max:2**32-1})), traceId: opt(hex(16)), spanId: opt(hex(8)), eventName: opt(str)});
const rl = fc.array(fc.record({resource: opt(fc.record({attributes: fc.array(kv,{maxLength:4}), droppedAttributesCount: opt(fc.nat())})), scopeLogs: fc.array(fc.record({scope: opt(fc.record({name:str, version: opt(str), attributes: opt(fc.array(kv,{maxLength:3}))})), logRecords: fc.array(record,{maxLength:25}), schemaUrl: opt(str)}),{maxLength:3}), schemaUrl: opt(str)}),{maxLength:3});
test("diff", () => {
  fc.assert(fc.property(rl, (r) => {
    const pb = encodeProtobuf(r as never);
    expect(Buffer.from(reencode(pb)).equals(Buffer.from(pb))).toBe(true);
    const j = parseJsonStrict(new TextDecoder().decode(encodeJson(r as never)));
    expect(toGolden(j)).toEqual(toGolden(decodeOracle(pb)));
  }), {numRuns: 1500});
}, 120000);
