import { expect } from "vitest";
import { type Backend, type Ledger, type LedgerError, openLedger, type RunQuery } from "../../src/index.ts";

/** Starts and finishes runs with a param that only their experiment has. */
export async function finished(ledger: Ledger, runs: number, experiment: string): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < runs; i++) {
    const run = await ledger.startRun({ experiment, environment: false, params: { i, [`of ${experiment}`]: i } });
    run.log({ loss: i });
    await run.finish();
    ids.push(run.id);
  }
  return ids;
}

/** Searches in several ways, and compares with the runs themselves. */
export async function isRight(backend: Backend, told: LedgerError[] = []): Promise<void> {
  const ledger = await openLedger(backend, { onError: (error) => told.push(error) });
  const ids = new Set<string>();
  for await (const { key } of backend.list("runs")) ids.add(key.split("/")[1]!);
  const records = await Promise.all([...ids].map((id) => ledger.getRun(id)));
  const active = records.filter(({ deletedAt }) => deletedAt === undefined);
  const search = async (query: RunQuery): Promise<string[]> =>
    (await ledger.searchRuns({ limit: 1000, ...query })).runs.map(({ id }) => id);
  const { runs } = await ledger.searchRuns({ view: "all", limit: 1000 });
  expect(runs).toHaveLength(records.length);
  for (const run of runs) expect(run).toEqual(records.find(({ id }) => id === run.id));
  const sorted = active.toSorted((a, b) => (a.metrics["loss"]?.last.value ?? 0) - (b.metrics["loss"]?.last.value ?? 0));
  const losses = async (query: RunQuery): Promise<unknown[]> =>
    (await ledger.searchRuns({ limit: 1000, ...query })).runs.map(({ metrics }) => metrics["loss"]?.last.value);
  expect(await losses({ orderBy: "metrics.loss" })).toEqual(sorted.map(({ metrics }) => metrics["loss"]?.last.value));
  expect(await search({ filter: "params.`of e7` >= 0" })).toHaveLength(
    active.filter(({ params }) => Object.hasOwn(params, "of e7")).length,
  );
  expect((await ledger.summarise({}))[0]?.runs).toBe(active.length);
  const experiments = await ledger.experiments();
  for (const { name, runs: count } of experiments)
    expect(count, name).toBe(active.filter(({ experiment }) => experiment === name).length);
  expect(await search({ experiment: "e3" })).toHaveLength(
    active.filter(({ experiment }) => experiment === "e3").length,
  );
}
