import type { RunGroup, SummaryQuery } from "../catalog/compare/row-summary.ts";
import { summariseCatalog } from "../catalog/summarise-catalog.ts";
import type { RunContext } from "../run/context.ts";
import { catalogOf } from "./catalog-of.ts";
import { checkSelection, type RunSelection } from "./run-query.ts";

/** Which runs, how to group them, and what of. */
export interface RunSummaryQuery extends RunSelection, SummaryQuery {}

/** The groups of runs. A run that cannot be read is left out and told to `onError`. */
export async function summariseRuns(context: RunContext, query: RunSummaryQuery): Promise<RunGroup[]> {
  const { signal, ...wanted } = checkSelection(query, ["groupBy", "metrics"]);
  return await summariseCatalog(catalogOf(context), wanted, query, signal);
}
