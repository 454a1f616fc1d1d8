import { onDemand } from "../backend/on-demand.ts";
import type { CatalogContext } from "./catalog-context.ts";
import type { Matches, RecordedRow } from "./matches.ts";
import type { OpenCatalog } from "./with-catalog.ts";

const scanning = /* @__PURE__ */ onDemand(() => import("./scan-runs.ts"));

/** Calls `visit` with each wanted run whose own objects were read, since no segment tells of it. */
export async function visitRecorded(
  context: CatalogContext,
  { experiments, unlisted, unreadable }: OpenCatalog,
  matches: Matches,
  signal: AbortSignal | undefined,
  visit: (row: RecordedRow) => void,
): Promise<void> {
  if (unlisted.length > 0) {
    const { scanRuns } = await scanning();
    for await (const { record } of scanRuns(context.backend, unlisted, unreadable, signal)) {
      const row = matches.ofRecord(record);
      if (row) visit(row);
    }
  }
  for (const { loose } of experiments) {
    for (const { record, isOld } of loose) {
      if (isOld) continue;
      const row = matches.ofRecord(record);
      if (row) visit(row);
    }
  }
}
