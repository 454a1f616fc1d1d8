import type { DamagedRun, UnreadableRun } from "../journal/unreadable.ts";
import type { CatalogContext } from "./catalog-context.ts";
import { type RunGroup, RowSummary, type SummaryQuery } from "./compare/row-summary.ts";
import { Matches, type Wanted } from "./matches.ts";
import { visitRows } from "./visit-rows.ts";
import { withCatalog } from "./with-catalog.ts";

/**
 * Groups all runs that are wanted, each once, from the columns of segments. The goal of a metric is told by those alone, so that the
 * answer is the same whether or not a run is in a segment yet.
 */
export async function summariseCatalog(
  context: CatalogContext,
  wanted: Omit<Wanted, "fields">,
  query: SummaryQuery,
  signal: AbortSignal | undefined,
): Promise<{ groups: RunGroup[]; unreadable: readonly UnreadableRun[]; damaged: readonly DamagedRun[] }> {
  const matches = new Matches({ ...wanted, fields: new RowSummary(query).fields });
  return await withCatalog(context, wanted.experiment, signal, async (catalog) => {
    const summary = new RowSummary(query);
    await visitRows(context, catalog, matches, signal, (row) => summary.add(row));
    return {
      groups: summary.result(),
      unreadable: catalog.unreadable.list(),
      damaged: catalog.damaged.list(),
    };
  });
}
