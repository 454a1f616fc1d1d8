import { readOptions } from "../backend/options.ts";
import type { RunGroup, SummaryQuery } from "../catalog/compare/row-summary.ts";
import { summariseCatalog } from "../catalog/summarise-catalog.ts";
import type { DamagedRun, UnreadableRun } from "../journal/unreadable.ts";
import type { RunContext } from "../run/context.ts";
import { catalogOf } from "./catalog-of.ts";
import { checkSelection, type RunSelection, SELECTION } from "./run-query.ts";

/** Which runs, how to group them, and what of. */
export interface RunSummaryQuery extends RunSelection, SummaryQuery {}

/** Groups of runs. */
export interface RunGroups extends Array<RunGroup> {
  /** Runs that are in no group because they cannot be read. Absent if there are none. */
  readonly unreadable?: readonly UnreadableRun[];
  /**
   * Runs of the experiment that lost records by damage, whether or not they fit: the groups count what is left of them. Absent if there
   * are none.
   */
  readonly damaged?: readonly DamagedRun[];
}

/** The groups of runs. */
export async function summariseRuns(context: RunContext, given?: RunSummaryQuery): Promise<RunGroups> {
  const query = readOptions("summarise", given, { ...SELECTION, groupBy: true, metrics: true }, "query");
  const { signal, ...wanted } = checkSelection(query);
  const { groups, unreadable, damaged } = await summariseCatalog(catalogOf(context), wanted, query, signal);
  return Object.assign(groups, unreadable.length > 0 && { unreadable }, damaged.length > 0 && { damaged });
}
