import type { CatalogContext } from "./catalog-context.ts";
import { allRows } from "./row-sources.ts";
import { readCatalog } from "./read-catalog.ts";
import { SearchPlan } from "./search-plan.ts";

/** An experiment that has runs. */
export interface ExperimentSummary {
  /** The name of the experiment. */
  readonly name: string;
  /** The number of its runs, without deleted ones. */
  readonly runs: number;
  /** When its latest run began, in ms since the epoch. */
  readonly lastStart: number;
}

const FIELDS = (["experiment", "start_time"] as const).map((name) => ({ kind: "attribute", name }) as const);

/**
 * Returns every experiment, the one with the latest start first, ties by name. Reads two columns of the segments, and
 * the runs that are in no segment.
 */
export async function listExperiments(
  context: CatalogContext,
  signal: AbortSignal | undefined,
): Promise<ExperimentSummary[]> {
  const plan = new SearchPlan({ experiment: undefined, filter: { kind: "all" }, view: "active" }, FIELDS);
  return await readCatalog(context, undefined, signal, async (catalog) => {
    const found = new Map<string, { name: string; runs: number; lastStart: number }>();
    for await (const rows of allRows(context, catalog, plan, signal)) {
      for (const row of rows) {
        const name = row.attribute("experiment") as string;
        const start = row.attribute("start_time") as number;
        const known = found.get(name);
        if (known === undefined) found.set(name, { name, runs: 1, lastStart: start });
        else {
          known.runs++;
          known.lastStart = Math.max(known.lastStart, start);
        }
      }
    }
    return [...found.values()].sort((a, b) => b.lastStart - a.lastStart || (a.name < b.name ? -1 : 1));
  });
}
