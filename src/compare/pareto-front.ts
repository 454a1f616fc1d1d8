import { invalidArgument, reading } from "../errors/ledger-error.ts";
import type { RunRecord } from "../journal/run-record.ts";
import { checkRecords, type ComparableRecord } from "./check-records.ts";
import type { Aggregate } from "../filter/field.ts";
import { checkMetric, type Goal, sharedGoal, summaryOf, valueOf } from "./metric-value.ts";

/** A metric to make small or large. */
export interface Objective {
  /** The name of the metric. */
  readonly metric: string;
  /** Whether to minimize or to maximize it. Default: what the runs that have the metric define. */
  readonly goal?: Goal | undefined;
  /** Which value of a run counts. Default `"last"`. */
  readonly aggregate?: Aggregate | undefined;
}

/**
 * The runs that no other run dominates. One run dominates another if it is better in one objective and at least as good
 * in all others.
 */
export interface ParetoFront {
  /** The objectives with their defaults filled in. */
  readonly objectives: readonly {
    /** The name of the metric. */
    readonly metric: string;
    /** Whether it is minimized or maximized. */
    readonly goal: Goal;
    /** Which value of a run counts. */
    readonly aggregate: Aggregate;
  }[];
  /**
   * The ids of the runs, the best in the first objective first, then by the next objective. Runs with equal values are
   * all there, in the order in which they were given.
   */
  readonly front: readonly string[];
  /** The runs that cannot be compared. */
  readonly excluded: readonly {
    /** The id of the run. */
    readonly id: string;
    /** The metrics that are missing or NaN. */
    readonly metrics: readonly string[];
  }[];
}

/**
 * Returns the runs that no other run dominates. Takes `n log n` for one or two objectives, and `n` times the size of
 * the front for more. Throws `INVALID_ARGUMENT` without objectives, or if an objective has no goal and the runs define
 * none or disagree.
 */
export function paretoFront(given: readonly ComparableRecord[], objectives: readonly Objective[]): ParetoFront {
  return reading("records", () => {
    const records = checkRecords(given);
    if (!Array.isArray(objectives) || objectives.length === 0)
      throw invalidArgument("objectives", "an array of one or more objectives", objectives);
    const resolved = objectives.map((objective: Objective, i) => resolve(records, objective, `objectives[${i}]`));

    const excluded: { id: string; metrics: string[] }[] = [];
    const points: { id: string; at: number[] }[] = [];
    for (const record of records) {
      // Values to maximize change their sign, so that less is better below.
      const at = resolved.map(({ metric, goal, aggregate }) => {
        const value = valueOf(summaryOf(record, metric), aggregate, goal) ?? Number.NaN;
        return goal === "minimize" ? value : -value;
      });
      if (!at.some(Number.isNaN)) points.push({ id: record.id, at });
      else
        excluded.push({
          id: record.id,
          metrics: resolved.flatMap(({ metric }, i) => (Number.isNaN(at[i]) ? [metric] : [])),
        });
    }

    // In this order, no point is dominated by a later one. With two objectives, the last point of the front has the
    // least second value so far, so only that point needs a check.
    points.sort((a, b) => compare(a.at, b.at));
    const front: typeof points = [];
    for (const point of points) {
      const rivals = resolved.length <= 2 ? front.slice(-1) : front;
      if (!rivals.some((rival) => dominates(rival.at, point.at))) front.push(point);
    }
    return { objectives: resolved, front: front.map(({ id }) => id), excluded };
  });
}

function resolve(
  records: readonly RunRecord[],
  objective: Objective,
  field: string,
): { metric: string; goal: Goal; aggregate: Aggregate } {
  const { metric, goal: own, aggregate = "last" } = objective ?? {};
  if (typeof metric !== "string") throw invalidArgument(`${field}.metric`, "a string", metric);
  checkMetric(field, aggregate, own);
  const goal = own ?? sharedGoal(records, metric);
  if (goal !== "minimize" && goal !== "maximize") {
    const reason = goal ? "the runs disagree" : "the runs define none";
    throw invalidArgument(`${field}.goal`, `"minimize" or "maximize", as ${reason}`, own);
  }
  return { metric, goal, aggregate };
}

function compare(a: readonly number[], b: readonly number[]): number {
  const i = a.findIndex((x, i) => x !== b[i]);
  return i < 0 ? 0 : (a[i] as number) < (b[i] as number) ? -1 : 1;
}

function dominates(a: readonly number[], b: readonly number[]): boolean {
  let better = false;
  for (let i = 0; i < a.length; i++) {
    const x = a[i] as number;
    const y = b[i] as number;
    if (x > y) return false;
    if (x < y) better = true;
  }
  return better;
}
