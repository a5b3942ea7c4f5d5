import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createEnrichment, type Enrichment } from "../../core/enrich.ts";
import type { AnyValue, ResourceLogs } from "../../core/otlp/model.ts";
import { encodeProtobuf } from "../../core/otlp/protobuf.ts";
import { makeLogs, makeResource, toAttributes } from "../support/log-records.ts";
import { decodeOracle, flatten } from "../support/oracle.ts";

function enrich(members: Readonly<Record<string, AnyValue>>, ...layers: (Enrichment | undefined)[]): unknown {
  const { resourceLogs } = createEnrichment(...layers);
  return flatten(decodeOracle(encodeProtobuf(resourceLogs(makeLogs(["body"], makeResource(members))))))[0]?.resource;
}

const PAYLOAD = { "service.name": "payload", "highlight.project_id": "payload", team: "payload" };

describe("a resource", () => {
  test("without enrichment stays the very same object", () => {
    const resourceLogs = makeLogs(["a"]);
    expect(createEnrichment().resourceLogs(resourceLogs)).toBe(resourceLogs);
    expect(createEnrichment(undefined, {}, { attributes: [], serviceName: "", projectId: "" }).resourceLogs(resourceLogs)).toBe(
      resourceLogs,
    );
  });

  test("gets a named service and the project id, whatever the payload says", () => {
    expect(enrich(PAYLOAD, { serviceName: "named", projectId: "42" })).toEqual({
      "service.name": "named",
      "highlight.project_id": "42",
      team: "payload",
    });
  });

  test("gets attributes only where the payload has none of that name, be its value empty", () => {
    const attributes = toAttributes({ team: "red", region: "eu", "service.name": "other" });
    expect(enrich({ ...PAYLOAD, region: "" }, { attributes })).toEqual({ ...PAYLOAD, region: "" });
    expect(enrich({}, { attributes })).toEqual({ team: "red", region: "eu", "service.name": "other" });
  });

  test("gets what the stronger layer says, and from the weaker one what that leaves open", () => {
    const strong: Enrichment = { serviceName: "strong", attributes: toAttributes({ team: "strong" }) };
    const weak: Enrichment = { serviceName: "weak", projectId: "weak", attributes: toAttributes({ team: "weak", region: "weak" }) };
    expect(enrich({}, strong, weak)).toEqual({
      "service.name": "strong",
      "highlight.project_id": "weak",
      team: "strong",
      region: "weak",
    });
    expect(enrich({}, undefined, weak)).toMatchObject({ "service.name": "weak", team: "weak" });
  });

  test("gets LaunchDarkly's own name of the project as well where the destination is LaunchDarkly's", () => {
    expect(enrich(PAYLOAD, { projectId: "sdk-1" }, { launchDarkly: true, projectId: "other" })).toMatchObject({
      "highlight.project_id": "sdk-1",
      "launchdarkly.project_id": "sdk-1",
    });
    expect(enrich({}, { launchDarkly: true })).toEqual({});
  });

  test("that is missing is made", () => {
    const without: ResourceLogs[] = [{ scopeLogs: [{ logRecords: [{ attributes: [], body: "a" }] }] }];
    expect(createEnrichment({ projectId: "42" }).resourceLogs(without)[0]?.resource?.attributes).toEqual([
      { key: "highlight.project_id", value: "42" },
    ]);
  });

  test("never has a key twice, loses nothing else, and keeps its order", () => {
    const key = fc.constantFrom("service.name", "highlight.project_id", "launchdarkly.project_id", "a", "b", "c", "__proto__");
    const attributes = fc.uniqueArray(fc.record({ key, value: fc.string() }), { selector: (attribute) => attribute.key });
    const layer = fc.record(
      { serviceName: fc.string(), projectId: fc.string(), launchDarkly: fc.boolean(), attributes },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(attributes, layer, layer, (own, strong, weak) => {
        const { resourceLogs } = createEnrichment(strong, weak);
        const enriched = resourceLogs([{ resource: { attributes: own }, scopeLogs: [] }])[0]?.resource?.attributes ?? [];
        const keys = enriched.map((attribute) => attribute.key);
        expect(new Set(keys).size).toBe(keys.length);
        expect(keys.slice(0, own.length)).toEqual(own.map((attribute) => attribute.key));
        const winning = new Set(["service.name", "highlight.project_id", "launchdarkly.project_id"]);
        for (const attribute of own) if (!winning.has(attribute.key)) expect(enriched).toContainEqual(attribute);
      }),
    );
  });

  test("that several batches share stays one object, by which the encoder joins them", () => {
    const resource = makeResource();
    const { resourceLogs } = createEnrichment({ projectId: "42" });
    const [first, second] = [makeLogs(["a"], resource), makeLogs(["b"], resource)].map((batch) => resourceLogs(batch)[0]?.resource);
    expect(first).toBe(second);
    expect(resourceLogs(makeLogs(["c"], makeResource()))[0]?.resource).not.toBe(first);
  });

  test("keeps its count of dropped attributes, and the given object is not changed", () => {
    const resource = { attributes: toAttributes({ a: 1 }), droppedAttributesCount: 3 };
    const [enriched] = createEnrichment({ projectId: "42" }).resourceLogs([{ resource, scopeLogs: [], schemaUrl: "https://schema" }]);
    expect(enriched).toMatchObject({ schemaUrl: "https://schema", resource: { droppedAttributesCount: 3 } });
    expect(resource.attributes).toEqual(toAttributes({ a: 1 }));
  });
});

describe("headers", () => {
  test("repeat the project id that every record of the delivery has", () => {
    expect(createEnrichment({ projectId: "42" }).headers).toEqual({ "x-highlight-project": "42" });
    expect(createEnrichment({ projectId: "42", launchDarkly: true }).headers).toEqual({
      "x-highlight-project": "42",
      "x-launchdarkly-project": "42",
    });
  });

  test("are none without one: records may have projects of their own", () => {
    expect(createEnrichment({ serviceName: "named", launchDarkly: true }).headers).toBeUndefined();
    expect(createEnrichment().headers).toBeUndefined();
  });
});
