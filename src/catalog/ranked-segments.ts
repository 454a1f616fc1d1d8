import { compareRows, type OrderKey } from "../filter/order-by.ts";
import type { FilterRow } from "../filter/filter-row.ts";
import type { OpenExperiment } from "./open-experiment.ts";
import type { SearchPlan } from "./search-plan.ts";
import type { Segment } from "./segment.ts";
import { statisticsOf } from "./field-columns.ts";

/** A segment that may have wanted rows. */
export interface RankedSegment {
  readonly open: OpenExperiment;
  readonly segment: Segment;
  /** A row before which no row of the segment comes. `undefined` if that is not known. */
  readonly best: FilterRow | undefined;
}

/** Returns the segments that may have wanted rows, the one with the best rows first. */
export function rankSegments(
  experiments: readonly OpenExperiment[],
  plan: SearchPlan,
  orderBy: readonly OrderKey[],
): RankedSegment[] {
  const compare = compareRows(orderBy.slice(0, 1));
  return experiments
    .flatMap((open) => open.segments.map((segment) => ({ open, segment })))
    .filter(({ segment }) => plan.mayBeIn(segment))
    .map(({ open, segment }) => ({ open, segment, best: bestOf(segment, orderBy) }))
    .sort((a, b) => (a.best && b.best ? compare(a.best, b.best) : a.best ? 1 : b.best ? -1 : 0));
}

/** Returns the segments that may have a row before `worst`. */
export function thatMayBeat(
  worst: FilterRow | undefined,
  segments: readonly RankedSegment[],
  orderBy: readonly OrderKey[],
): RankedSegment[] {
  const compare = compareRows(orderBy.slice(0, 1));
  return segments.filter(({ best }) => !worst || !best || compare(best, worst) <= 0);
}

/** Returns a row that comes before all rows of a segment, by the first key and without ties. */
function bestOf(segment: Segment, orderBy: readonly OrderKey[]): FilterRow | undefined {
  const { field, descending } = orderBy[0] ?? START;
  const statistics = statisticsOf(segment, field);
  if (statistics === undefined || statistics.type !== "number") return undefined;
  const bound = descending ? statistics.max : statistics.min;
  if (typeof bound !== "number") return undefined;
  const isStart = field.kind === "attribute" && field.name === "start_time";
  return {
    // If the first keys are equal, the start and the id put this row first.
    attribute: (name) => (name === "id" ? "\u{10ffff}" : name === "start_time" && !isStart ? Infinity : bound),
    param: () => bound,
    paramPaths: () => [],
    isNested: () => false,
    tag: () => undefined,
    metric: () => bound,
    datasets: () => [],
  };
}

const START: OrderKey = { field: { kind: "attribute", name: "start_time" }, descending: true };
