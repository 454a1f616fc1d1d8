import type { Backend, Ledger, StartRunOptions } from "runledger";
import { openLedger } from "runledger";

/** Names that would end a text of SQL, and more that programs like to take for something else. */
export const ODD_EXPERIMENT = `It's "ünï"; DROP VIEW runs -- 100%`;
export const ODD_KEY: string = `a'b"c\`d; DROP VIEW params -- é${String.fromCodePoint(0x1f600)}`;

/** A run to be made; `accuracy: undefined` logs none. */
interface Plan extends StartRunOptions {
  readonly accuracy?: number;
}

/**
 * Makes a catalogue with everything that makes it hard to read: two experiments, two segments of one of them, rows that no longer count,
 * runs that are in no segment. The best run with `params.lr > 0.001` is one that was resumed.
 */
export async function makeCatalog(backend: Backend): Promise<Ledger> {
  let now = Date.UTC(2026, 0, 1);
  const ledger = await openLedger(backend, { clock: () => (now += 1000) });
  const ids: string[] = [];
  const make = async ({ accuracy, ...options }: Plan): Promise<string> => {
    const run = await ledger.startRun({ experiment: "mnist", ...options });
    run.defineMetric("val/accuracy", { goal: "maximize" });
    for (let step = 0; step < 3; step++) {
      if (accuracy !== undefined)
        run.log({ "val/accuracy": accuracy - 0.01 * (2 - step), loss: 1 / (step + 1) }, { step });
    }
    await run.finish();
    ids.push(run.id);
    return run.id;
  };

  for (let i = 0; i < 20; i++)
    await make({ params: { lr: 0.0005 * i }, accuracy: 0.5 + 0.01 * i, tags: { i: `${i}` } });
  // None of these has a number above 0.001 and the accuracy that it seems to have.
  await make({ params: { lr: "auto" }, accuracy: 0.999 });
  await make({ params: { lr: "0.5" }, accuracy: 0.999 });
  await make({ params: { lr: true }, accuracy: 0.999 });
  await make({ params: { lr: Number.NaN }, accuracy: 0.999 });
  await make({ params: { lr: 0.001 }, accuracy: 0.999 });
  await make({ params: { LR: 0.5 }, accuracy: 0.999 });
  await make({ params: { lr: 0.5 }, accuracy: Number.NaN });
  await make({ params: { lr: 0.5 } });
  await make({ accuracy: 0.999 });
  const deleted = await make({ params: { lr: 0.5 }, accuracy: 0.999 });
  const resumed = await make({ params: { lr: 0.01 }, accuracy: 0.2 });
  const worse = await make({ params: { lr: 0.5 }, accuracy: 0.999 });
  await ledger.searchRuns();
  await ledger.close();

  for (let i = 0; i < 16; i++)
    await make({
      experiment: ODD_EXPERIMENT,
      params: { lr: 0.1, [ODD_KEY]: ODD_KEY, nested: { list: [i, "x"] } },
      accuracy: 0.6,
    });
  const restored = await make({ experiment: ODD_EXPERIMENT, tags: { [ODD_KEY]: ODD_KEY }, note: "it's", group: "g" });
  await ledger.deleteRun(restored);
  await ledger.restoreRun(restored);
  await ledger.searchRuns();
  await ledger.close();

  await ledger.deleteRun(deleted);
  for (const [id, accuracy] of [
    [resumed, 0.97],
    [worse, 0.1],
  ] as const) {
    const again = await ledger.resumeRun(id);
    again.log({ "val/accuracy": accuracy }, { step: 3 });
    await again.finish();
  }
  for (let i = 0; i < 5; i++) await make({ params: { lr: 0.02, extra: i }, accuracy: 0.9 });
  await ledger.searchRuns();
  await ledger.close();

  for (let i = 0; i < 3; i++) await make({ params: { lr: 0.02 }, accuracy: 0.8 });
  return ledger;
}

/** The question that every program is asked. */
export async function askLedger(ledger: Ledger): Promise<{ id: string; accuracy: number; points: number }> {
  const { runs } = await ledger.searchRuns({
    filter: "params.lr > 0.001",
    orderBy: "metrics.val/accuracy DESC",
    limit: 1,
  });
  const { last, count } = runs[0]!.metrics["val/accuracy"]!;
  return { id: runs[0]!.id, accuracy: last.value, points: count };
}
