import { deepStrictEqual } from "node:assert/strict";
import { expect, test } from "vitest";
import { compareRecords, paretoFront, parallelCoordinates, summariseRecords } from "runledger/compare";
import { catalogFiles, metricsFiles } from "runledger/files";
import { createTestLedger } from "runledger/testing";

/** An object literal cannot set `__proto__` as a key; JSON can. */
const odd = <T>(value: T): { [key: string]: T } =>
  JSON.parse(
    `{"__proto__":${JSON.stringify(value)},"constructor":${JSON.stringify(value)},"toString":${JSON.stringify(value)}}`,
  );

/** Every object within a value, with the path to it. */
function* objectsIn(value: unknown, path: string): Generator<[string, object]> {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return;
  yield [path, value];
  const parts = value instanceof Map ? [...value] : Object.keys(value).map((key) => [key, Reflect.get(value, key)]);
  for (const [key, part] of parts) yield* objectsIn(part, `${path}.${key}`);
}

/** What is returned has the prototypes that literals have. */
function expectPlain(value: unknown, name: string): void {
  for (const [path, object] of objectsIn(value, name)) {
    const prototype: unknown = Object.getPrototypeOf(object);
    if (![Object.prototype, Array.prototype, Map.prototype, Set.prototype].includes(prototype as never))
      expect.fail(`${path} is not plain`);
  }
}

async function setUp() {
  const { ledger } = await createTestLedger();
  const params = { ...odd(1), nested: odd({ deep: odd(true) }), list: [odd("x"), {}] };
  const run = await ledger.startRun({ params, tags: odd("t"), environment: { set: odd("e") } });
  run.setParams({ later: odd([1]) });
  run.setTags({ more: "tag" });
  run.defineMetric("__proto__", { goal: "minimize" });
  run.defineMetric("constructor", { goal: "maximize" });
  run.log(odd(0.5), { step: 1 });
  run.log(odd(0.25), { step: 2 });
  await run.logText("__proto__", "words");
  const table = await run.logTable("constructor", odd([1, 2]) as never);
  const version = await run.logArtifact("data", new Uint8Array([1]), { metadata: odd({ a: odd(1) }) });
  run.logDataset("set", { digest: "sha256:1" });
  return { ledger, run, params, table, version };
}

test("a record is what literals are equal to, while the run is open and once it is closed", async () => {
  const { ledger, run, params } = await setUp();
  await run.flush();
  const check = async (): Promise<void> => {
    const record = await ledger.getRun(run.id);
    deepStrictEqual(record.params, { ...params, later: odd([1]) });
    // Vitest takes what is under `constructor` for the class, so an object there equals itself alone.
    const { constructor: _, nested: __, list: ___, later: ____, ...rest } = record.params;
    expect(rest).toStrictEqual(JSON.parse('{"__proto__":1,"toString":1}'));
    expect(record.tags).toStrictEqual({ ...odd("t"), more: "tag" });
    deepStrictEqual(record.tags, { ...odd("t"), more: "tag" });
    deepStrictEqual(record.environment, { set: odd("e") });
    expect(Object.keys(record.metrics).sort()).toEqual(["__proto__", "constructor", "toString"]);
    for (const key of ["__proto__", "constructor", "toString"]) {
      expect(Object.entries(record.metrics).find(([name]) => name === key)?.[1]).toMatchObject({
        count: 2,
        mean: 0.375,
      });
    }
    const best = Object.entries(record.metrics).map(([key, { best }]) => [key, best?.value]);
    expect(Object.fromEntries(best)).toStrictEqual(
      Object.fromEntries([
        ["__proto__", 0.25],
        ["constructor", 0.5],
        ["toString", undefined],
      ]),
    );
    deepStrictEqual(record.artifacts[0]?.metadata, odd({ a: odd(1) }));
    const { runs } = await ledger.searchRuns();
    deepStrictEqual(runs, [record]);
  };
  await check();
  await run.finish();
  await check();
  expect(Reflect.get({}, "deep")).toBe(undefined);
});

test("everything that is returned is made of plain objects", async () => {
  const { ledger, run, table, version } = await setUp();
  expectPlain([table, version], "logged");
  expectPlain({ ...run.stats, lastError: null }, "stats");
  await run.finish();
  const record = await ledger.getRun(run.id);
  expectPlain(record, "getRun");
  expectPlain(await ledger.searchRuns({ filter: 'params."__proto__" = 1 AND tags."constructor" = "t"' }), "searchRuns");
  expect((await ledger.searchRuns({ filter: 'metrics."__proto__" = 0.25' })).runs).toHaveLength(1);
  expect((await ledger.searchRuns({ filter: 'params."hasOwnProperty" IS NULL' })).runs).toHaveLength(1);
  expectPlain(await ledger.searchRuns({ fields: ["name", "params"] }), "fields");
  expectPlain(await ledger.searchRuns({ fields: ["name"] }), "fields of columns");
  const query = { groupBy: ["params.__proto__"], metrics: [{ key: "__proto__", as: "__proto__" }, "constructor"] };
  const groups = await ledger.summarise(query);
  expectPlain(groups, "summarise");
  deepStrictEqual(summariseRecords([record], query), groups);
  expect(Object.keys(groups[0]!.metrics)).toEqual(["__proto__", "constructor"]);
  expectPlain(await ledger.compareRuns([run.id]), "compareRuns");
  expectPlain(compareRecords([record, record]), "compareRecords");
  expectPlain(paretoFront([record], [{ metric: "__proto__" }]), "paretoFront");
  expectPlain(parallelCoordinates([record], ["params.__proto__", "metrics.constructor"]), "parallelCoordinates");
  expectPlain(await ledger.histories(run.id), "histories");
  const media = await ledger.media(run.id);
  expectPlain(media, "media");
  const opened = await ledger.openMedia(media.find(({ type }) => type === "table")!);
  if (opened.type !== "table") throw new Error("no table");
  expectPlain(opened.columns, "columns");
  deepStrictEqual(opened.columns, odd([1, 2]));
  expectPlain(await ledger.artifactVersions("data"), "artifactVersions");
  expectPlain((await ledger.openArtifact("data")).version, "openArtifact");
  for await (const update of ledger.watchRun(run.id)) expectPlain(update, "watchRun");
  expectPlain(await catalogFiles(ledger), "catalogFiles");
  expectPlain(await metricsFiles(ledger), "metricsFiles");
  expectPlain(await ledger.recover(), "recover");
  expectPlain(await ledger.rebuildCatalog(), "rebuildCatalog");
});
