import { expect, test } from "vitest";
import { compareRecords, formatComparison, parallelCoordinates, type RunComparison } from "runledger/compare";
import { createTestLedger } from "runledger/testing";

test("compareRuns and what is made of it leave out metrics of the system unless the options ask for them", async () => {
  const { ledger } = await createTestLedger();
  const ids: string[] = [];
  for (const lr of [0.1, 0.2])
    await ledger.withRun({ params: { lr } }, (run) => {
      run.log({ loss: lr, system: { cpu: { percent: 10 * lr } }, systematic: 1 });
      ids.push(run.id);
    });
  const keys = (comparison: RunComparison): string[] => comparison.metrics.map(({ key }) => key);
  expect(keys(await ledger.compareRuns(ids))).toEqual(["loss", "systematic"]);
  expect(formatComparison(await ledger.compareRuns(ids))).not.toContain("system/");
  const all = ["loss", "system/cpu/percent", "systematic"];
  expect(keys(await ledger.compareRuns(ids, { systemMetrics: true }))).toEqual(all);
  const records = await Promise.all(ids.map((id) => ledger.getRun(id)));
  expect(keys(compareRecords(records, { systemMetrics: true }))).toEqual(all);
  expect(parallelCoordinates(records).axes.map(({ label }) => label)).not.toContain("metrics.system/cpu/percent");
  expect(() => compareRecords(records, { system: true } as never)).toThrow("does not know the option");
});

test("compareRuns: in the order of the ids, each once, running and deleted runs too", async () => {
  const { ledger } = await createTestLedger();
  const ids: string[] = [];
  for (const lr of [0.1, 0.2, 0.3]) {
    const run = await ledger.startRun({ name: `lr ${lr}`, params: { lr, same: 1 } });
    run.defineMetric("loss", { goal: "minimize" });
    run.log({ loss: lr });
    await (lr === 0.3 ? run.flush() : run.finish());
    ids.push(run.id);
  }
  await ledger.deleteRun(ids[1]!);
  const [a, b, c] = ids as [string, string, string];
  const comparison = await ledger.compareRuns([c, a, b, a]);
  expect(comparison.runs.map(({ id }) => id)).toEqual([c, a, b]);
  expect(comparison.params.differs).toMatchObject([{ path: "lr", values: [0.3, 0.1, 0.2] }]);
  expect(comparison.metrics).toMatchObject([{ key: "loss", goal: "minimize", best: [a] }]);
  expect(comparison).toEqual(compareRecords(await Promise.all([c, a, b].map((id) => ledger.getRun(id)))));
  expect(formatComparison(comparison)).toMatch(/^ {2}loss \(min\) +0\.3 +0\.1 \* +0\.2$/m);
  expect((await ledger.compareRuns([])).runs).toEqual([]);

  await expect(ledger.compareRuns([a, "nobody"])).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
  await expect(ledger.compareRuns(a as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", field: "ids" });
  await expect(ledger.compareRuns([5 as never])).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(ledger.compareRuns([a], { signal })).rejects.toThrow("enough");
});
