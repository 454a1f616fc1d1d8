import type { CatalogContext } from "./catalog-context.ts";
import type { FilterRow } from "../filter/row.ts";
import type { Matches } from "./matches.ts";
import { visitRecorded } from "./visit-recorded.ts";
import type { OpenCatalog } from "./with-catalog.ts";

/** Calls `visit` with each wanted run, once. The row is valid during the call only. */
export async function visitRows(
  context: CatalogContext,
  catalog: OpenCatalog,
  matches: Matches,
  signal: AbortSignal | undefined,
  visit: (row: FilterRow) => void,
): Promise<void> {
  await visitRecorded(context, catalog, matches, signal, visit);
  for (const open of catalog.experiments) {
    const segments = open.segments.filter((segment) => matches.mayBeIn(segment));
    // Two compactors at once may have stored one run twice.
    const seen = segments.length > 1 ? new Set<string>() : undefined;
    for (const segment of segments) {
      await matches.inSegment(context, open, segment, signal, (row) => {
        if (seen && seen.size === seen.add(row.attribute("id") as string).size) return;
        visit(row);
      });
    }
  }
}
