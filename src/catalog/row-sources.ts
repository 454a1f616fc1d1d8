import type { FilterRow } from "../filter/filter-row.ts";
import { recordLoss } from "../journal/damage.ts";
import { breakIfDue } from "../platform/event-loop.ts";
import { onDemand } from "../platform/on-demand.ts";
import type { CatalogContext } from "./catalog-context.ts";
import type { CatalogRow } from "./catalog-row.ts";
import type { OpenCatalog } from "./open-catalog.ts";
import type { RecordedRow, SearchPlan } from "./search-plan.ts";
import { segmentRows } from "./segment-rows.ts";

/** Runs in a batch. */
const RUNS_AT_ONCE = 256;

const scanning = /* @__PURE__ */ onDemand(() => import("./scan-runs.ts"));

/** Reads the runs that are in no segment from their own objects, in batches. */
export async function* runsOutsideSegments(
  { backend }: CatalogContext,
  { experiments, unlisted, unreadable }: OpenCatalog,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly CatalogRow[], void, undefined> {
  if (unlisted.length > 0) {
    const { scanRuns } = await scanning();
    yield* scanRuns(backend, unlisted, unreadable, signal);
  }
  for (const { loose } of experiments)
    for (let i = 0; i < loose.length; i += RUNS_AT_ONCE)
      yield loose.slice(i, i + RUNS_AT_ONCE).filter(({ isOld }) => !isOld);
}

/**
 * Returns the rows that `plan` wants, of the runs that are in no segment. Adds runs that lost records to `damaged`,
 * even if they do not match, because with the lost records they might.
 */
export async function* rowsOutsideSegments(
  context: CatalogContext,
  catalog: OpenCatalog,
  plan: SearchPlan,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly RecordedRow[], void, undefined> {
  for await (const runs of runsOutsideSegments(context, catalog, signal)) {
    for (const { record } of runs) {
      const loss = plan.isOfExperiment(record) ? recordLoss(record) : undefined;
      if (loss) catalog.damaged.add(record.id, loss);
    }
    yield runs.flatMap(({ record }) => plan.rowOf(record) ?? []);
    await breakIfDue();
  }
}

/** Returns every row that `plan` wants, each run once. */
export async function* allRows(
  context: CatalogContext,
  catalog: OpenCatalog,
  plan: SearchPlan,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly FilterRow[], void, undefined> {
  yield* rowsOutsideSegments(context, catalog, plan, signal);
  // Two simultaneous compactions may have stored a run twice, and joint segments may have one of the two rows.
  const ofAll = catalog.experiments.some(({ ranges }) => ranges) ? new Set<unknown>() : undefined;
  for (const open of catalog.experiments) {
    const segments = open.segments.filter((segment) => plan.mayBeIn(segment));
    const seen = ofAll ?? (segments.length > 1 ? new Set<unknown>() : undefined);
    for (const segment of segments) {
      for await (const rows of segmentRows(context, { open, segment }, plan, signal))
        yield seen ? rows.filter((row) => seen.size < seen.add(row.attribute("id")).size) : rows;
    }
  }
}
