import { expect, test } from "vitest";
import { readPublicApi } from "./public-api.ts";

const api = readPublicApi();

test("runledger exports at most 60 names, types included", () => {
  const names = api.find(({ entry }) => entry === "runledger")!.names;
  expect(names).toContain("openLedger");
  expect(names.length).toBeLessThanOrEqual(60);
});

// Helpers that the compiler infers from an interface of the caller. Nobody writes them.
const INFERRED: ReadonlySet<string> = new Set([
  "DefinedName",
  "LoggedMetrics",
  "MetricNamesOf",
  "MetricsOf",
  "NamesOf",
  "PartialParams",
  "ProposedMetrics",
  // Nobody writes it but programs that pass schemas on.
  "RunSchema",
  "SchemaParamsOf",
  "StartOptionsOf",
  "TableOf",
  "TagsOf",
  // It is in messages of the compiler.
  "UnknownMetric",
  // Libraries of schemas have their own name for it.
  "StandardSchema",
  "InputOf",
  "OutputOf",
]);

test("some entry exports every type that a public function or method takes or returns", () => {
  const exported = new Set(api.flatMap(({ names }) => names));
  const unnamed = api.flatMap(({ entry, foreign }) =>
    [...foreign]
      .filter(([name]) => !exported.has(name) && !INFERRED.has(name))
      .map(([name, place]) => `${entry}: ${name} in ${place}`),
  );
  expect(unnamed).toEqual([]);
});

test("every exported name and every public member has a docstring", () => {
  const counted = api.reduce((sum, entry) => sum + entry.counted, 0);
  expect(counted).toBeGreaterThan(700);
  expect(Object.fromEntries(api.map(({ entry, undocumented }) => [entry, undocumented]))).toEqual(
    Object.fromEntries(api.map(({ entry }) => [entry, []])),
  );
});
