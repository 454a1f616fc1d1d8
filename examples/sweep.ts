/**
 * Searches the best settings of a small network for the iris data: grid or random search with successive halving, in
 * several processes at once. Each trial is a run, the sweep is its parent. Stop it at any time, even with SIGKILL: the
 * same command goes on where it was.
 *
 *   npx tsx --conditions=runledger-source examples/sweep.ts [--search grid] [--trials 18] [--processes 2] [--seed 1]
 */
import { parseArgs } from "node:util";
import type { Ledger, Run } from "runledger";
import { openLedger } from "runledger/node";
import { where } from "runledger/where";
import { type Settings, grid, random } from "./sweep/settings.ts";
import { Processes } from "./sweep/processes.ts";

/** The epochs at which the trials are compared. The best third continues, the others stop. */
const RUNGS = [3, 9, 27];

const { values } = parseArgs({
  options: {
    search: { type: "string", default: "random" },
    trials: { type: "string", default: "18" },
    processes: { type: "string", default: "2" },
    seed: { type: "string", default: "1" },
  },
});
const { search, seed } = values;
if (search !== "grid" && search !== "random") throw new Error(`--search is "grid" or "random", not "${search}"`);
const directory = process.env["RUNLEDGER_DEMO_DIR"] ?? "./runs";
const settings = search === "grid" ? grid() : random(Number(values.trials), Number(seed));
const sweep = `iris-${search}-${settings.length}-${seed}`;
const idOf = (trial: number): string => `${sweep}-${String(trial).padStart(3, "0")}`;

const ledger = await openLedger(directory);
const start = { id: sweep, resume: "allow", experiment: "iris", jobType: "sweep", name: sweep } as const;
await ledger.withRun({ ...start, params: { search, seed: Number(seed), rungs: RUNGS } }, async (run) => {
  run.defineMetric("val/loss", { goal: "minimize" });
  const processes = new Processes(Number(values.processes), directory);
  try {
    await halve(ledger, run, processes);
  } finally {
    processes.close();
  }
});

/** Trains all trials for a few epochs, the better third of them for more, the best third of those for all. */
async function halve(ledger: Ledger, run: Run, processes: Processes): Promise<void> {
  let left = settings.map((_, trial) => trial);
  let trained = 0;
  for (const [rung, epochs] of RUNGS.entries()) {
    const losses = await lossesAt(ledger, epochs - 1);
    const missing = left.filter((trial) => !losses.has(idOf(trial)));
    console.log(`rung ${rung + 1}: ${left.length} trials until epoch ${epochs}, ${missing.length} to train`);
    const jobs = missing.map((trial) => ({ id: idOf(trial), sweep, epochs, settings: settings[trial] as Settings }));
    await processes.train(jobs, ({ id }) => console.log(`  ${id}`));

    const reached = await lossesAt(ledger, epochs - 1);
    const lossOf = (trial: number): number => reached.get(idOf(trial)) ?? Number.POSITIVE_INFINITY;
    left = left.toSorted((a, b) => lossOf(a) - lossOf(b) || a - b);
    const best = left[0] as number;
    run.log({ trials: left.length, "val/loss": lossOf(best) }, { step: rung });
    console.log(`  best: ${idOf(best)}  val/loss ${lossOf(best).toFixed(4)}  ${JSON.stringify(settings[best])}`);
    trained += left.length * (epochs - (RUNGS[rung - 1] ?? 0));
    left = left.slice(0, Math.ceil(left.length / 3));
  }
  console.log(`${trained} epochs in all; every trial until the end: ${settings.length * (RUNGS.at(-1) ?? 0)}`);
}

/** The loss of the validation at this epoch, of each trial that has reached it and is finished. */
async function lossesAt(ledger: Ledger, epoch: number): Promise<Map<string, number>> {
  const losses = new Map<string, number>();
  for await (const { id, metrics, status } of ledger.iterateRuns({ filter: where.attribute("parent").eq(sweep) })) {
    // A trial that was killed after its last epoch has to be finished.
    if (status !== "finished" || (metrics["val/loss"]?.last.step ?? -1) < epoch) continue;
    const { values: found } = await ledger.history(id, "val/loss", { from: epoch, to: epoch, view: "latest" });
    if (found[0] !== undefined) losses.set(id, found[0]);
  }
  return losses;
}
