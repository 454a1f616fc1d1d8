import type { UnreadableRun } from "../journal/unreadable.ts";
import type { CatalogContext } from "./catalog-context.ts";
import { type RunGroup, RowSummary, type SummaryQuery } from "./compare/row-summary.ts";
import { Matches, type Wanted } from "./matches.ts";
import { visitRecorded } from "./visit-recorded.ts";
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
): Promise<{ groups: RunGroup[]; unreadable: readonly UnreadableRun[] }> {
  const matches = new Matches({ ...wanted, fields: new RowSummary(query).fields });
  return await withCatalog(context, wanted.experiment, signal, async (catalog) => {
    const summary = new RowSummary(query);
    await visitRecorded(context, catalog, matches, signal, (row) => summary.add(row));
    for (const open of catalog.experiments) {
      const segments = open.segments.filter((segment) => matches.mayBeIn(segment));
      // Two compactors at once may have stored one run twice.
      const seen = segments.length > 1 ? new Set<string>() : undefined;
      for (const segment of segments) {
        await matches.inSegment(context, open, segment, signal, (row) => {
          if (seen && seen.size === seen.add(row.attribute("id") as string).size) return;
          summary.add(row);
        });
      }
    }
    return { groups: summary.result(), unreadable: catalog.unreadable.list() };
  });
}
