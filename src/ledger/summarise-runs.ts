import { readOptions } from "../arguments/options.ts";
import { allRows } from "../catalog/row-sources.ts";
import { readCatalog } from "../catalog/read-catalog.ts";
import { SearchPlan } from "../catalog/search-plan.ts";
import { type RunGroup, RunGrouper, type SummaryQuery } from "../compare/run-groups.ts";
import type { DamagedRun, UnreadableRun } from "../journal/unreadable-runs.ts";
import { breakIfDue } from "../platform/event-loop.ts";
import type { RunContext } from "../run/run-context.ts";
import { catalogOf } from "../catalog/catalog-context.ts";
import { checkSelection, filterAdvice, type RunSelection, SELECTION } from "./run-query.ts";

/** Which runs to group, how, and which metrics to aggregate. */
export interface RunSummaryQuery extends RunSelection, SummaryQuery {}

/** The groups of runs. */
export interface RunGroups extends Array<RunGroup> {
  /** The runs that are in no group because they cannot be read. Absent if there are none. */
  readonly unreadable?: readonly UnreadableRun[];
  /**
   * The runs of the experiment that lost records by damage, whether or not they match. The groups count the records
   * that are left. Absent if there are none.
   */
  readonly damaged?: readonly DamagedRun[];
}

/**
 * Groups the selected runs, each once, by columns of the catalogue. Only the query and the columns decide the goal of a
 * metric, so the result is the same whether or not a run is in a segment yet.
 */
export async function summariseRuns(run: RunContext, given?: RunSummaryQuery): Promise<RunGroups> {
  const query = readOptions("summarise", given, { ...SELECTION, groupBy: true, metrics: true }, "query", filterAdvice);
  const { signal, ...wanted } = checkSelection(query);
  const context = catalogOf(run);
  const { fields, allParams } = new RunGrouper(query);
  const plan = new SearchPlan(wanted, fields, allParams);
  return await readCatalog(context, wanted.experiment, signal, async (catalog) => {
    const summary = new RunGrouper(query);
    for await (const rows of allRows(context, catalog, plan, signal)) {
      for (const row of rows) {
        summary.add(row);
        // A row may have thousands of params.
        if (allParams) await breakIfDue();
      }
    }
    const unreadable = catalog.unreadable.list();
    const damaged = catalog.damaged.list();
    return Object.assign(summary.result(), unreadable.length > 0 && { unreadable }, damaged.length > 0 && { damaged });
  });
}
