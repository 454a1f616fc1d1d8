import { readdir, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Ledger, RunRecord } from "runledger";
import { formatChanges } from "runledger/compare";
import { where } from "runledger/where";

/** Prints what these runs came to, and gives the one with the best validation accuracy. */
export async function printReport(ledger: Ledger, ids: readonly string[], directory: string): Promise<RunRecord> {
  const { runs: mine } = await ledger.searchRuns({
    filter: where.attribute("id").in(ids),
    orderBy: "metrics.val/accuracy DESC",
  });
  const best = mine[0];
  if (best === undefined) throw new Error("the runs are not in the ledger");

  console.log("\nRuns, best first:\n");
  printTable(
    ["run", "status", "train/loss", "train/accuracy", "val/loss", "val/accuracy", "batches", "seconds"],
    mine.map((run) => [
      run.name,
      run.status,
      ...["train/loss", "train/accuracy", "val/loss", "val/accuracy"].map((key) => last(run, key).toFixed(4)),
      String(run.metrics["batch/loss"]?.count ?? 0),
      (((run.endTime ?? run.startTime) - run.startTime) / 1000).toFixed(1),
    ]),
  );

  console.log(`\nBest: ${best.name} (${best.id}), validation accuracy ${last(best, "val/accuracy").toFixed(4)}`);
  console.log("\nWhat differed:\n");
  const { params } = await ledger.compareRuns(mine.map(({ id }) => id));
  printTable(
    ["run", ...params.differs.map(({ path }) => path)],
    mine.map(({ name }, i) => [name, ...params.differs.map(({ values }) => JSON.stringify(values[i]) ?? "-")]),
  );

  const { code } = best;
  console.log(`\nCode: ${code?.commit ? `commit ${code.commit}, ${DIRTY[String(code.dirty)]}` : "no repository"}`);
  await printChanges(ledger, best, mine);

  const folder = join(directory, "runs", best.id);
  console.log(`\nThe ledger is ${directory}\nThe metrics and the summary of the best run are in ${folder}`);
  for (const { path, size } of await filesOf(folder)) console.log(`  ${String(size).padStart(8)}  ${path}`);
  for (const { name, version, digest, size } of best.artifacts) {
    console.log(`Its artifact ${name}:${version} has ${size} bytes, ${digest}`);
  }
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

function last(run: RunRecord, key: string): number {
  return run.metrics[key]?.last.value ?? Number.NaN;
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
