import type { Run } from "../../../src/index.ts";
import { seededRandom } from "../../seeded-random.ts";
import { randomRun } from "../../ledger/reference/random-runs.ts";
import { flush, keysBelow, type Place } from "./place.ts";

/** Documents that name other objects: summaries of very many metrics, and events that were superseded. */
export async function large({ open }: Place): Promise<void> {
  for (const isOpen of [false, true]) {
    const ledger = await open();
    const run = await ledger.startRun({ experiment: "large", environment: false, flush });
    logMany(run, 1);
    supersede(run);
    await run.finish();
    const other = await (await open()).resumeRun(run.id, { flush });
    logMany(other, 2);
    supersede(other);
    await other.flush();
    if (!isOpen) await other.finish();
  }
}

function logMany(run: Run, round: number): void {
  run.defineMetric("m/**", { goal: round === 1 ? "maximize" : "minimize" });
  for (let i = 0; i < 2100; i += 100) {
    const row = Array.from(
      { length: 100 },
      (_, k) => [`m/${i + k}`, k % 50 === 0 ? Number.NaN : (i + k) / round] as const,
    );
    run.log(Object.fromEntries(row));
    run.log(Object.fromEntries(row.slice(0, 10).map(([key]) => [key, 0.1])));
  }
}

/** Events of which later ones of the same writer replace all or a part. */
function supersede(run: Run): void {
  const set = (changes: object): void => run.setParams(changes, { overwrite: true });
  for (let i = 0; i < 5; i++) {
    run.setTags({ same: i, [`own${i}`]: i });
    run.removeTag(`own${i - 1}`);
    set({ deep: { a: i, b: { c: i } }, list: [i] });
    set({ deep: { b: i % 2 === 0 ? i : { d: i } } });
    run.setNote(`note ${i}`);
    run.defineMetric("m/0", { goal: i % 2 === 0 ? "minimize" : "maximize", ...(i === 2 && { unit: "u" }) });
    run.logDataset("d", { digest: "1", ...(i === 3 && { uri: "file:///d" }) });
    run.logDataset("d", { digest: "1", size: i });
  }
}

/** Runs at random: several writers, values, steps and times of all kinds. */
export async function random({ open }: Place, seed: number): Promise<string[]> {
  const next = seededRandom(seed);
  const ledger = await open();
  const ids: string[] = [];
  for (let i = 0; i < 25; i++) ids.push((await randomRun(ledger, next)).id);
  return ids;
}

/** The same, with the journals alone, on a store that keeps them. */
export async function randomJournals(place: Place, seed: number): Promise<void> {
  for (const id of await random(place, seed))
    for (const key of await keysBelow(place, `runs/${id}`))
      if (/\/(?:metrics.*|run(?:\.\d+)?\.json)$/.test(key)) await place.store.remove(key);
}
