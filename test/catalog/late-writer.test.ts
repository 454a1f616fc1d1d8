import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { openLedger } from "../../src/index.ts";
import { objectsOnly } from "../journal/records.ts";

const quiet = { onError: () => {} };

test.each([
  ["appends", () => memoryBackend()],
  ["creates an object a flush", () => objectsOnly()],
])(
  "on a store that %s, a ledger that stays open finds what a writer stores after another one finished the run",
  async (_, make) => {
    const backend = make();
    const [first, second, reader] = await Promise.all([0, 1, 2].map(() => openLedger(backend, quiet)));
    const run = await first!.startRun({ environment: false });
    run.log({ loss: 5 });
    await run.flush();
    const late = await second!.resumeRun(run.id);
    late.log({ loss: 4 });
    await late.flush();
    await run.finish();
    await reader!.searchRuns();
    for (let i = 0; i < 9; i++) await (await first!.startRun({ environment: false })).finish();
    await reader!.searchRuns();
    await reader!.compactCatalog(); // No segment may hold the run while a writer may continue.
    late.log({ loss: 1 });
    late.setTags({ late: "yes" });
    await late.flush();
    const { runs } = await reader!.searchRuns({ filter: "metrics.loss.min < 2" });
    expect(runs.map(({ id, tags }) => [id, tags])).toEqual([[run.id, { late: "yes" }]]);
    expect((await reader!.getRun(run.id)).metrics["loss"]).toEqual(runs[0]!.metrics["loss"]);
    await late.finish();
    await reader!.compactCatalog();
    expect((await reader!.searchRuns({ filter: "metrics.loss.min < 2" })).runs).toHaveLength(1);
  },
);
