import { readdir, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Ledger, RunRecord } from "runledger";
import { formatChanges, formatComparison } from "runledger/compare";
import { where } from "runledger/where";
import { sparkline } from "./sparkline.ts";

const ACCURACY = "val/accuracy";

/** Prints what these runs came to. Returns the one with the best epoch, by the accuracy of the validation. */
export async function printReport(ledger: Ledger, ids: readonly string[], directory: string): Promise<RunRecord> {
  const { runs: mine } = await ledger.searchRuns({
    filter: where.attribute("id").in(ids),
    orderBy: `metrics.${ACCURACY}.best DESC`,
  });
  const best = mine[0];
  if (best === undefined) throw new Error("the runs are not in the ledger");

  console.log("\nRuns, by their best epoch:\n");
  await printRuns(ledger, mine);
  const { value, step } = bestPoint(best);
  console.log();
  console.log(bold(`Best: ${best.name} (${best.id}), validation accuracy ${value.toFixed(4)} in epoch ${step + 1}`));

  console.log("\nWhat differed:\n");
  const compared = await ledger.compareRuns(mine.map(({ id }) => id));
  console.log(formatComparison(compared, { width: Math.max(60, Math.min(process.stdout.columns || 100, 120)) }));

  const { code } = best;
  console.log(`\nCode: ${code?.commit ? `commit ${code.commit}, ${DIRTY[String(code.dirty)]}` : "no repository"}`);
  await printChanges(ledger, best, mine);

  const folder = join(directory, "runs", best.id);
  console.log(`\nThe ledger is ${directory}\nThe metrics and the summary of the best run are in ${folder}`);
  for (const { path, size } of await filesOf(folder)) console.log(`  ${String(size).padStart(8)}  ${path}`);
  const model = best.artifacts.find(({ name }) => name === "mnist-model");
  if (model) console.log(`Its model is ${model.name}:${model.version}, ${model.size} bytes, ${model.digest}`);
  const [all] = await ledger.summarise({ experiment: "mnist", groupBy: [] });
  const others = (all?.runs ?? 0) - mine.length;
  if (others > 0) console.log(`It also holds ${others} earlier runs of this experiment.`);
  return best;
}

const DIRTY: Record<string, string> = {
  true: "with changes that are not committed",
  false: "without changes",
  unknown: "perhaps with changes",
};

/** Prints what changed since the last time that the demo made a run of the same name. */
async function printChanges(ledger: Ledger, run: RunRecord, mine: readonly RunRecord[]): Promise<void> {
  const began = Math.min(...mine.map(({ startTime }) => startTime));
  const { runs } = await ledger.searchRuns({
    experiment: run.experiment,
    filter: where.attribute("name").eq(run.name).and(where.attribute("start_time").lt(began)),
    limit: 1,
  });
  const against = runs[0]?.id;
  if (against === undefined) return console.log("It is the first time that the demo makes this run here.");
  const changes = await ledger.whatChanged(run.id, { against });
  if (changes) console.log(`\nWhat changed since the last time:\n\n${formatChanges(changes, { maxLines: 40 })}`);
}

/** Prints a row a run: its best epoch, its last one, and the accuracy of all of its epochs as a curve. */
async function printRuns(ledger: Ledger, runs: readonly RunRecord[]): Promise<void> {
  const curves = await Promise.all(runs.map(async ({ id }) => (await ledger.history(id, ACCURACY)).values));
  const all = curves.flatMap((values) => [...values]).filter(Number.isFinite);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const head = ["run", "status", "val/accuracy", "epoch", "last", "val/loss", "train/loss", "seconds", "curve"];
  const rows = runs.map((run, i) => {
    const { value, step } = bestPoint(run);
    const seconds = ((run.endTime ?? run.startTime) - run.startTime) / 1000;
    return [
      run.name,
      run.status,
      value.toFixed(4),
      String(step + 1),
      ...[ACCURACY, "val/loss", "train/loss"].map((key) => run.metrics[key]?.last.value.toFixed(4) ?? "-"),
      seconds.toFixed(1),
      sparkline(curves[i] ?? [], low, high),
    ];
  });
  printTable(head, rows);
}

/** The best epoch. `tfCallback` says that a greater accuracy is better. */
function bestPoint(run: RunRecord): { value: number; step: number } {
  return run.metrics[ACCURACY]?.best ?? { value: Number.NaN, step: Number.NaN };
}

/** Makes a text bold if stdout is a terminal that shows colours and `NO_COLOR` is not set. */
function bold(text: string): string {
  return process.stdout.isTTY && process.stdout.hasColors() ? `\u001b[1m${text}\u001b[22m` : text;
}

async function filesOf(folder: string): Promise<{ path: string; size: number }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return await Promise.all(
    files.map(async (path) => ({ path: relative(folder, path), size: (await stat(path)).size })),
  );
}

function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  ")}`;
  console.log(line(head));
  console.log(line(widths.map((width) => "─".repeat(width))));
  for (const row of rows) console.log(line(row));
}
