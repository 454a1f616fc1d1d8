import { inspect } from "node:util";
import { expect, test } from "vitest";
import { LedgerError, openLedger } from "runledger";
import { memoryBackend } from "runledger/backends/memory";
import { fsBackend, fromPath } from "runledger/backends/fs";
import { s3Backend } from "runledger/backends/s3";
import {
  compareRecords,
  formatComparison,
  paretoFront,
  parallelCoordinates,
  summariseRecords,
} from "runledger/compare";
import { openSql } from "runledger/duckdb";
import { catalogFiles, metricsFiles } from "runledger/files";
import { guardProcess } from "runledger/node";
import { createTestLedger } from "runledger/testing";

const boom = (): never => {
  throw new TypeError("boom");
};
const proxy: never = new Proxy(
  {},
  { get: boom, has: boom, ownKeys: boom, getPrototypeOf: boom, getOwnPropertyDescriptor: boom },
) as never;
const { proxy: revoked, revoke } = Proxy.revocable({}, {});
revoke();
/** Has every name of an option or argument, and throws when one of them is read. */
const getters = (...names: string[]): never =>
  Object.defineProperties(
    {},
    Object.fromEntries(names.map((name) => [name, { get: boom, enumerable: true }])),
  ) as never;

/** What a caller by mistake, or on purpose, may hand in. */
const HOSTILE: readonly [string, never][] = [
  ["a proxy", proxy],
  ["a revoked proxy", revoked as never],
  ["a list of proxies", [proxy] as never],
  ["null", null as never],
  ["a symbol", Symbol("s") as never],
  ["a number", Number.NaN as never],
  ["a function", boom as never],
  ["null without prototype", Object.create(null) as never],
  [
    "a cycle",
    (() => {
      const cycle: unknown[] = [];
      cycle.push(cycle);
      return cycle as never;
    })(),
  ],
  [
    "getters",
    getters(
      "signal",
      "step",
      "time",
      "params",
      "tags",
      "key",
      "type",
      "digest",
      "name",
      "version",
      "id",
      "data",
      "filter",
      "groupBy",
      "then",
    ),
  ],
];

const OF_CALLERS = ["withRun work", "openLedger clock"];

async function calls(): Promise<[string, (hostile: never) => unknown][]> {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  run.log({ loss: 1 });
  await run.logArtifact("model", new Uint8Array(1));
  const entry = await run.logText("text", "words");
  const record = await ledger.getRun(run.id);
  return [
    ["log", (x) => run.log(x)],
    ["log a value", (x) => run.log({ loss: x } as never)],
    ["log at", (x) => run.log({ loss: 1 }, x)],
    ["log at step", (x) => run.log({ loss: 1 }, { step: x })],
    ["logText", (x) => run.logText("text", x)],
    ["logText key", (x) => run.logText(x, "text")],
    ["logText at", (x) => run.logText("text", "text", x)],
    ["logImage", (x) => run.logImage("image", x)],
    ["logImage data", (x) => run.logImage("image", { data: x, width: 1, height: 1 })],
    ["logHistogram", (x) => run.logHistogram("h", x)],
    ["logHistogram counts", (x) => run.logHistogram("h", { counts: x, edges: x })],
    ["logTable", (x) => run.logTable("t", x)],
    ["logTable column", (x) => run.logTable("t", { a: x })],
    ["setParams", (x) => run.setParams(x)],
    ["setParams value", (x) => run.setParams({ [Math.random()]: x })],
    ["setParams options", (x) => run.setParams({ a: 1 }, x)],
    ["setTags", (x) => run.setTags(x)],
    ["setTags value", (x) => run.setTags({ a: x })],
    ["removeTag", (x) => run.removeTag(x)],
    ["setNote", (x) => run.setNote(x)],
    ["defineMetric", (x) => run.defineMetric(x)],
    ["defineMetric options", (x) => run.defineMetric("loss", x)],
    ["defineMetric goal", (x) => run.defineMetric("loss", { goal: x })],
    ["logArtifact", (x) => run.logArtifact(x, new Uint8Array(1))],
    ["logArtifact source", (x) => run.logArtifact("a", x)],
    ["logArtifact options", (x) => run.logArtifact("a", new Uint8Array(1), x)],
    ["logArtifact aliases", (x) => run.logArtifact("a", new Uint8Array(1), { aliases: x })],
    ["logArtifact metadata", (x) => run.logArtifact("a", new Uint8Array(1), { metadata: x })],
    ["useArtifact", (x) => run.useArtifact(x)],
    ["useArtifact options", (x) => run.useArtifact("model", x)],
    ["logDataset", (x) => run.logDataset("d", x)],
    ["logDataset options", (x) => run.logDataset("d", { digest: "d" }, x)],
    ["startChild", (x) => run.startChild(x)],
    ["finish", (x) => run.finish(x)],
    ["startRun", (x) => ledger.startRun(x)],
    ["startRun params", (x) => ledger.startRun({ params: x })],
    ["startRun tags", (x) => ledger.startRun({ tags: x })],
    ["startRun environment", (x) => ledger.startRun({ environment: x })],
    ["startRun flush", (x) => ledger.startRun({ flush: x })],
    ["startRun signal", (x) => ledger.startRun({ signal: x })],
    ["withRun", (x) => ledger.withRun(x, () => 1)],
    ["withRun work", (x) => ledger.withRun({}, x)],
    ["resumeRun", (x) => ledger.resumeRun(x)],
    ["resumeRun options", (x) => ledger.resumeRun(run.id, x)],
    ["getRun", (x) => ledger.getRun(x)],
    ["getRun options", (x) => ledger.getRun(run.id, x)],
    ["searchRuns", (x) => ledger.searchRuns(x)],
    ["searchRuns filter", (x) => ledger.searchRuns({ filter: x })],
    ["searchRuns orderBy", (x) => ledger.searchRuns({ orderBy: x })],
    ["searchRuns fields", (x) => ledger.searchRuns({ fields: x })],
    ["searchRuns pageToken", (x) => ledger.searchRuns({ pageToken: x })],
    ["iterateRuns", (x) => ledger.iterateRuns(x).next()],
    ["summarise", (x) => ledger.summarise(x)],
    ["summarise groupBy", (x) => ledger.summarise({ groupBy: x })],
    ["summarise metrics", (x) => ledger.summarise({ groupBy: [], metrics: x })],
    ["experiments", (x) => ledger.experiments(x)],
    ["compareRuns", (x) => ledger.compareRuns(x)],
    ["compareRuns options", (x) => ledger.compareRuns([], x)],
    ["history", (x) => ledger.history(x, "loss")],
    ["history key", (x) => ledger.history(run.id, x)],
    ["history options", (x) => ledger.history(run.id, "loss", x)],
    ["histories keys", (x) => ledger.histories(run.id, x)],
    ["media", (x) => ledger.media(run.id, x)],
    ["openMedia", (x) => ledger.openMedia(x)],
    ["openMedia options", (x) => ledger.openMedia(entry, x)],
    ["openMedia digest", (x) => ledger.openMedia({ ...entry, inline: x, digest: x })],
    ["watchRun", (x) => ledger.watchRun(x).next()],
    ["watchRun options", (x) => ledger.watchRun(run.id, x).next()],
    ["openArtifact", (x) => ledger.openArtifact(x)],
    ["openArtifact options", (x) => ledger.openArtifact("model", x)],
    ["artifactVersions", (x) => ledger.artifactVersions(x)],
    ["artifactVersions options", (x) => ledger.artifactVersions("model", x)],
    ["setAlias", (x) => ledger.setAlias("model", "v0", x)],
    ["setAlias options", (x) => ledger.setAlias("model", "v0", "best", x)],
    ["deleteRun", (x) => ledger.deleteRun(x)],
    ["deleteRun options", (x) => ledger.deleteRun("no-such-run", x)],
    ["restoreRun options", (x) => ledger.restoreRun("no-such-run", x)],
    ["recover", (x) => ledger.recover(x)],
    ["recover options", (x) => ledger.recover("no-such-run", x)],
    ["catalogFiles", (x) => catalogFiles(x)],
    ["catalogFiles options", (x) => catalogFiles(ledger, x)],
    ["metricsFiles", (x) => metricsFiles(x)],
    ["metricsFiles ids", (x) => metricsFiles(ledger, x)],
    ["metricsFiles options", (x) => metricsFiles(ledger, [], x)],
    ["rebuildCatalog", (x) => ledger.rebuildCatalog(x)],
    ["openLedger", (x) => openLedger(x)],
    ["openLedger options", (x) => openLedger(memoryBackend(), x)],
    ["openLedger clock", (x) => openLedger(memoryBackend(), { clock: x })],
    ["memoryBackend", (x) => memoryBackend(x)],
    ["fsBackend", (x) => fsBackend(x)],
    ["fsBackend options", (x) => fsBackend("/nowhere", x)],
    ["fromPath", (x) => fromPath(x)],
    ["fromPath options", (x) => fromPath("/nowhere", x)],
    ["s3Backend", (x) => s3Backend(x)],
    ["compareRecords", (x) => compareRecords(x)],
    ["compareRecords a record", (x) => compareRecords([x])],
    ["compareRecords metrics", (x) => compareRecords([{ ...record, metrics: x }])],
    ["compareRecords a metric", (x) => compareRecords([{ ...record, metrics: { loss: x } }])],
    ["compareRecords inputs", (x) => compareRecords([{ ...record, inputs: x, datasets: x }])],
    ["compareRecords params", (x) => compareRecords([{ ...record, params: { a: x } }])],
    ["formatComparison", (x) => formatComparison(x)],
    ["formatComparison options", (x) => formatComparison(compareRecords([record]), x)],
    ["paretoFront", (x) => paretoFront(x, [{ metric: "loss", goal: "minimize" }])],
    ["paretoFront objectives", (x) => paretoFront([record], x)],
    ["parallelCoordinates", (x) => parallelCoordinates(x)],
    ["parallelCoordinates axes", (x) => parallelCoordinates([record], x)],
    ["summariseRecords", (x) => summariseRecords(x, { groupBy: [] })],
    ["summariseRecords query", (x) => summariseRecords([record], x)],
    ["openSql", (x) => openSql(x)],
    ["openSql options", async (x) => await (await openSql(ledger, x)).close()],
    ["guardProcess", (x) => guardProcess(x)()],
    ["guardProcess options", (x) => guardProcess(run, x)()],
  ];
}

test("with any argument, a call succeeds or fails with a LedgerError", async () => {
  const wrong: string[] = [];
  for (const [what, hostile] of HOSTILE) {
    for (const [name, call] of await calls()) {
      try {
        await call(hostile);
      } catch (error) {
        // What the caller's own function throws is thrown on.
        if (OF_CALLERS.includes(name) && hostile === (boom as never)) continue;
        if (!LedgerError.is(error)) wrong.push(`${name} with ${what}: ${inspect(error).slice(0, 300)}`);
        else if (!/^[a-z]/i.test(error.message)) wrong.push(`${name} with ${what} says ${error.message}`);
      }
    }
  }
  expect(wrong).toEqual([]);
}, 60_000);

test("whatever is thrown, fail and withRun record it", async () => {
  const { ledger } = await createTestLedger();
  const strange = new Error("strange");
  for (const member of ["stack", "message", "name"]) Object.defineProperty(strange, member, { get: boom });
  for (const thrown of [proxy, strange, Object.create(null), { toString: boom }, undefined, Symbol("s"), "\ud800"]) {
    const run = await ledger.startRun();
    await run.fail(thrown);
    expect(await ledger.getRun(run.id)).toMatchObject({ status: "failed", error: { name: expect.any(String) } });
    const work = (): never => {
      throw thrown;
    };
    const outcome = await ledger.withRun({}, work).then(
      () => "resolved",
      (error: unknown) => ({ error }),
    );
    expect((outcome as { error: unknown }).error === thrown).toBe(true);
  }
});

test("a printed error shows the class and what it says, no more", async () => {
  const error = new LedgerError("NOT_FOUND", "there is no such thing", { field: "id" });
  const printed = inspect(error);
  expect(printed).toMatch(/^LedgerError: there is no such thing\n {4}at /);
  expect(printed).not.toContain("undefined");
  expect(printed).toContain("code: 'NOT_FOUND'");
  expect(Object.keys(error)).toEqual(["code", "transient", "field"]);
  expect(error.position).toBe(undefined);
  expect(LedgerError.name).toBe("LedgerError");
  expect(inspect(new LedgerError("IO", "again", { cause: error }))).toContain("[cause]: LedgerError: there is no");
});
