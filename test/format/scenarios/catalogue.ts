import type { Ledger } from "../../../src/index.ts";
import { flush, type Place } from "./place.ts";

async function some(ledger: Ledger, count: number, experiment: string): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    const run = await ledger.startRun({
      experiment,
      environment: false,
      flush,
      params: {
        lr: i % 3 === 0 ? i / 10 : i % 3 === 1 ? `text ${i}` : i % 2 === 0,
        nested: { list: [i, null, { deep: i % 2 === 0 ? 2n ** 70n : i }], none: null },
        "nested.none": i,
        whole: i % 2 === 0 ? 7n : 7,
        always: true,
      },
      tags: { i, ["__proto__"]: "x" },
    });
    run.defineMetric("loss", { goal: "minimize" });
    run.log({ loss: 1 / (i + 1), nan: Number.NaN, [`only/${i}`]: i === 0 ? Infinity : -0 });
    if (i % 4 === 0) run.logDataset("d", { digest: `${i}` });
    if (i % 5 === 4) await run.flush();
    else await run.finish();
    ids.push(run.id);
  }
  return ids;
}

/** A catalogue of entries and of segments, with rows that newer ones replace. */
export async function catalogue({ open }: Place): Promise<void> {
  const ledger = await open();
  const ids = await some(ledger, 20, "searched");
  await ledger.searchRuns({ experiment: "searched" });
  await ledger.close();
  await ledger.deleteRun(ids[0]!);
  const again = await ledger.resumeRun(ids[1]!, { flush });
  again.log({ loss: 0 });
  await again.finish();
  await some(ledger, 12, "searched");
  await ledger.searchRuns({ experiment: "searched" });
  await ledger.close();
  await ledger.restoreRun(ids[0]!);
  await some(ledger, 3, "only entries");
  await some(ledger, 10, `long ${"name 🏠".repeat(30)}`);
  await ledger.searchRuns({});
  await ledger.close();
  const back = await ledger.resumeRun(ids[2]!, { flush });
  back.log({ loss: 5 });
  await back.flush();
}

/** A catalogue of so many small experiments that their segments are joined. */
export async function joined({ open }: Place): Promise<void> {
  const ledger = await open();
  for (let i = 0; i < 16; i++) await some(ledger, 1, `small ${i}`);
  await ledger.compactCatalog();
}

/** A catalogue made again from the runs. */
export async function rebuilt({ open }: Place): Promise<void> {
  const ledger = await open();
  const ids = await some(ledger, 10, "rebuilt");
  await ledger.deleteRun(ids[3]!);
  await ledger.rebuildCatalog();
}
