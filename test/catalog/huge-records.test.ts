import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { openLedger } from "../../src/index.ts";

test(
  "a run too large for a segment does not keep others out of it, and is still found",
  { timeout: 180_000 },
  async () => {
    const backend = memoryBackend();
    const ledger = await openLedger(backend);
    const huge = await ledger.startRun({ name: "huge" });
    const long = "x".repeat(400);
    huge.log(Object.fromEntries(Array.from({ length: 9000 }, (_, i) => [`weight ${i}/${long}`, i])));
    await huge.finish();
    for (let i = 0; i < 20; i++) {
      const run = await ledger.startRun({ name: `small ${i}` });
      run.log({ loss: i });
      await run.finish();
    }
    const look = async (): Promise<void> => {
      const reader = await openLedger(backend);
      expect((await reader.searchRuns({ filter: "metrics.loss >= 0", limit: 1000 })).runs).toHaveLength(20);
      const { runs } = await reader.searchRuns({ filter: `metrics.\`weight 77/${long}\` = 77` });
      expect(runs.map(({ name }) => name)).toEqual(["huge"]);
      expect(Object.keys(runs[0]!.metrics)).toHaveLength(9000);
      await reader.close();
    };
    const entered = async (): Promise<string[]> => {
      const ids = new Set<string>();
      for await (const { key } of backend.list("experiments/default/entries"))
        ids.add(key.split("/").at(-1)!.split(".")[0]!);
      return [...ids];
    };
    await look();
    await look();
    expect(await entered()).toEqual([huge.id]);
    await ledger.rebuildCatalog();
    expect(await entered()).toEqual([huge.id]);
    await look();
  },
);
