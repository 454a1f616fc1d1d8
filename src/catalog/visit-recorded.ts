import { onDemand } from "../platform/on-demand.ts";
import { recordLoss } from "../journal/damage.ts";
import type { RunRecord } from "../journal/run-record.ts";
import type { CatalogContext } from "./catalog-context.ts";
import type { Matches, RecordedRow } from "./matches.ts";
import type { OpenCatalog } from "./with-catalog.ts";

const scanning = /* @__PURE__ */ onDemand(() => import("./scan-runs.ts"));

/**
 * Calls `visit` with each wanted run whose own objects were read, since no segment tells of it. Adds those that lost records to `damaged`,
 * whether or not they fit: with the lost records they might.
 */
export async function visitRecorded(
  context: CatalogContext,
  { experiments, unlisted, unreadable, damaged }: OpenCatalog,
  matches: Matches,
  signal: AbortSignal | undefined,
  visit: (row: RecordedRow) => void,
): Promise<void> {
  const look = (record: RunRecord): void => {
    const loss = matches.isOfExperiment(record) ? recordLoss(record) : undefined;
    if (loss) damaged.add(record.id, loss);
    const row = matches.ofRecord(record);
    if (row) visit(row);
  };
  if (unlisted.length > 0) {
    const { scanRuns } = await scanning();
    for await (const { record } of scanRuns(context.backend, unlisted, unreadable, signal)) look(record);
  }
  for (const { loose } of experiments) {
    for (const { record, isOld } of loose) if (!isOld) look(record);
  }
}
