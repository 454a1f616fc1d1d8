import type { CatalogContext } from "./catalog-context.ts";
import type { FilterRow } from "../filter/row.ts";
import { Matches } from "./matches.ts";
import { visitRows } from "./visit-rows.ts";
import { withCatalog } from "./with-catalog.ts";

/** An experiment that has runs. */
export interface ExperimentSummary {
  readonly name: string;
  /** How many runs it has, deleted ones left out. */
  readonly runs: number;
  /** When the latest of them began, in ms since the epoch. */
  readonly lastStart: number;
}

const FIELDS = (["experiment", "start_time"] as const).map((name) => ({ kind: "attribute", name }) as const);

/** Every experiment, the one of the latest start first, ties by name. Reads two columns of segments, and runs that are in none. */
export async function listExperiments(
  context: CatalogContext,
  signal: AbortSignal | undefined,
): Promise<ExperimentSummary[]> {
  const matches = new Matches({ experiment: undefined, filter: { kind: "all" }, view: "active", fields: FIELDS });
  return await withCatalog(context, undefined, signal, async (catalog) => {
    const found = new Map<string, { runs: number; lastStart: number }>();
    await visitRows(context, catalog, matches, signal, (row: FilterRow) => {
      const name = row.attribute("experiment") as string;
      const lastStart = row.attribute("start_time") as number;
      const known = found.get(name);
      found.set(name, {
        runs: (known?.runs ?? 0) + 1,
        lastStart: Math.max(known?.lastStart ?? Number.NEGATIVE_INFINITY, lastStart),
      });
    });
    return [...found]
      .map(([name, summary]) => ({ name, ...summary }))
      .sort((a, b) => b.lastStart - a.lastStart || (a.name < b.name ? -1 : 1));
  });
}
