import type { Ledger } from "../../src/index.ts";
import { rowOf } from "./kill-rows.ts";

/** What is wrong with the points of a run, of which `acknowledged` rows at least must be there. */
export async function wrongPoints(
  ledger: Ledger,
  id: string,
  acknowledged: number,
): Promise<{ rows: number; wrong: string[] }> {
  const wrong: string[] = [];
  const histories = await ledger.histories(id);
  const loss = histories.get("loss");
  const rows = loss?.values.length ?? 0;
  if (rows < acknowledged) wrong.push(`${acknowledged} rows were acknowledged, ${rows} are there`);
  for (const [key, { steps, times, values }] of histories) {
    if (key !== "loss" && key !== "accuracy") wrong.push(`${key} was never logged`);
    const every = key === "accuracy" ? 2 : 1;
    // Each once and in order: the i-th point is that of the i-th row that has the metric.
    for (let i = 0; i < values.length; i++) {
      const { metrics, step, time } = rowOf(i * every);
      if (steps[i] !== step || times[i] !== time || !Object.is(values[i], metrics[key])) {
        wrong.push(`${key} has ${values[i]} at step ${steps[i]} where ${String(metrics[key])} at ${step} belongs`);
        break;
      }
    }
    // A row is there with all of its values or with none.
    if (values.length !== Math.ceil(rows / every)) wrong.push(`${key} has ${values.length} points in ${rows} rows`);
  }
  return { rows, wrong };
}
