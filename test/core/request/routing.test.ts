import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readRouting } from "../../../core/request/routing.ts";

function route(headers: Readonly<Record<string, string>>, query = "") {
  return readRouting(new Request(`https://drain.example/vercel${query}`, { method: "POST", headers }));
}

test("a request that names nothing adds nothing", () => {
  expect(route({})).toBeUndefined();
  expect(route({ "x-highlight-project": " ", "x-highlight-service": "", "x-otlp-resource": "" }, "?other=1")).toBeUndefined();
});

describe("service and project", () => {
  test("come from the headers", () => {
    expect(route({ "X-Highlight-Service": "shop", "X-Highlight-Project": " 42 " })).toEqual({
      serviceName: "shop",
      projectId: "42",
      attributes: [],
    });
  });

  test("come from the query", () => {
    expect(route({}, "?service=shop%20front&project=42")).toEqual({ serviceName: "shop front", projectId: "42", attributes: [] });
    expect(route({}, "?service=first&service=second")).toMatchObject({ serviceName: "first" });
  });

  test("of the headers win over those of the query, one by one", () => {
    expect(route({ "x-highlight-project": "1" }, "?service=shop&project=2")).toMatchObject({ serviceName: "shop", projectId: "1" });
  });

  test("of an empty header leave it to the query", () => {
    expect(route({ "x-highlight-project": "", "x-highlight-service": " " }, "?service=shop&project=2")).toMatchObject({
      serviceName: "shop",
      projectId: "2",
    });
  });

  test.each([
    ["control characters", "?project=4%0d%0ax-evil:%201"],
    ["no text", "?project=%00"],
    ["too much text", `?project=${"4".repeat(257)}`],
  ])("are passed over when they hold %s", (_, query) => {
    expect(route({}, query)).toBeUndefined();
  });

  test("are always fit to stand in a header", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const routing = route({}, `?project=${encodeURIComponent(text.toWellFormed())}`);
        expect(() => new Headers({ "x-highlight-project": routing?.projectId ?? "" })).not.toThrow();
      }),
    );
  });
});

describe("x-otlp-resource", () => {
  const attributes = (value: string) => route({ "x-otlp-resource": value })?.attributes ?? [];

  test("holds key=value pairs, percent-encoded, blanks around them ignored", () => {
    expect(attributes(" team = red ,region=eu%2Dwest, note=a%2Cb%3Dc=d ,empty=")).toEqual([
      { key: "team", value: "red" },
      { key: "region", value: "eu-west" },
      { key: "note", value: "a,b=c=d" },
      { key: "empty", value: "" },
    ]);
  });

  test("holds every key once, and the last value counts", () => {
    expect(attributes("a=1,b=2,a=3")).toEqual([
      { key: "a", value: "3" },
      { key: "b", value: "2" },
    ]);
  });

  test("passes over a pair that does not parse, and keeps the others", () => {
    expect(attributes("novalue,=x,%zz=1,a=%zz,ok=1,,")).toEqual([{ key: "ok", value: "1" }]);
  });

  test("is no way to fill the memory: at most 64 pairs and 4 KiB", () => {
    expect(attributes(Array.from({ length: 200 }, (_, index) => `k${index}=v`).join(",")).length).toBe(64);
    expect(attributes(`a=${"x".repeat(5_000)}`)).toEqual([]);
  });

  test("touches no prototype", () => {
    expect(attributes("__proto__=x,constructor=y")).toEqual([
      { key: "__proto__", value: "x" },
      { key: "constructor", value: "y" },
    ]);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });

  test("is read whatever stands in it", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const header = text.replace(/[^\x20-\x7e]/g, "");
        for (const { key, value } of attributes(header)) expect(key !== "" && typeof value === "string").toBe(true);
      }),
    );
  });
});
