import { didYouMean } from "../../arguments/did-you-mean.ts";
import { readOptions } from "../../arguments/options.ts";
import { reading } from "../../errors/ledger-error.ts";
import { matchesGlob } from "../../journal/metric-glob.ts";
import { isRuntimeMetric } from "../../journal/metric-field.ts";
import type { RunRecord } from "../../journal/run-record.ts";
import { checkRecords, type ComparableRecord } from "../check-records.ts";
import { summaryOf } from "../metric-value.ts";
import { printable } from "../printable.ts";
import { type ComparedInput, compareInputs, type ExplainedInput, type InputKind } from "./compare-inputs.ts";
import { isWithin, readTolerances, type Tolerance } from "./tolerance.ts";

/** A metric of a run and of its reproduction. */
export interface ReproducedMetric {
  /** The name of the metric. */
  readonly name: string;
  /** The last value of the original. `undefined` if the original does not have the metric. */
  readonly original: number | undefined;
  /** The last value of the reproduction. `undefined` if it does not have the metric. */
  readonly again: number | undefined;
  /** `again - original`: 0 if both are NaN or the same infinity. `undefined` if a value is missing. */
  readonly difference: number | undefined;
  /** Whether both values are the same within the tolerance of the metric. */
  readonly within: boolean;
}

/** Whether a run was made again. */
export interface ReproductionCheck {
  /**
   * Whether the run came out the same: both runs have ended, with the same status, and they have at least one metric,
   * all within their tolerances.
   */
  readonly reproduced: boolean;
  /** What went into the runs, and whether it was the same. */
  readonly inputs: readonly ComparedInput[];
  /** The metrics of both runs, by name, without those named `system/…` and `tfjs/…`. */
  readonly metrics: readonly ReproducedMetric[];
  /**
   * Why the metrics may differ, in words, the most telling reason first: what differs, then what is not known; of each,
   * code, data, params, environment, seeds, backend. At most 50. Empty if `reproduced`.
   */
  readonly because: readonly string[];
}

/** Options of `checkReproduction`. */
export interface CheckReproductionOptions {
  /**
   * How far apart the values of a metric may be, by name or glob: a number is the greatest difference. Its own name
   * comes before globs, and later globs before earlier ones. Default `{ relative: 1e-6 }`: values of float32, in which
   * most metrics are computed, agree in about seven digits.
   */
  readonly tolerances?: { readonly [metric: string]: number | Tolerance } | undefined;
}

const MAX_REASONS = 50;
const PLURAL: readonly string[] = ["changes", "untracked files", "submodules", "earlier sessions"];
const KINDS: readonly InputKind[] = ["code", "data", "artifact", "params", "environment", "seed", "backend"];

/**
 * Returns whether a run came out as the original did, and, if not, which input differs. Compares the last values of the
 * metrics. NaN equals NaN; a metric that one run lacks is not within any tolerance. Throws `INVALID_ARGUMENT`, which
 * names the wrong argument or tolerance.
 */
export function checkReproduction(
  first: ComparableRecord,
  second: ComparableRecord,
  options?: CheckReproductionOptions,
): ReproductionCheck {
  return reading("records", () => {
    const { tolerances } = readOptions("checkReproduction", options, { tolerances: true });
    const toleranceOf = readTolerances(tolerances);
    const [original, again] = checkRecords([first, second]) as [RunRecord, RunRecord];
    const metrics = metricNames(original, again).map((name): ReproducedMetric => {
      const [a, b] = [original, again].map((record) => summaryOf(record, name)?.last.value) as [number?, number?];
      return {
        name,
        original: a,
        again: b,
        difference: a === undefined || b === undefined ? undefined : Object.is(a, b) ? 0 : b - a,
        within: a !== undefined && b !== undefined && isWithin(a, b, toleranceOf(name)),
      };
    });
    const isWithinAll = metrics.length > 0 && metrics.every(({ within }) => within);
    const reproduced = isWithinAll && original.status === again.status && original.status !== "running";
    const inputs = compareInputs(original, again);
    return {
      reproduced,
      inputs: inputs.map(({ kind, name, same }) => ({ kind, name, same })),
      metrics,
      because: reproduced ? [] : [...unmatched(tolerances, metrics), ...reasons(original, again, metrics, inputs)],
    };
  });
}

function metricNames(original: RunRecord, again: RunRecord): string[] {
  const names = new Set([original, again].flatMap(({ metrics }) => Object.keys(metrics)));
  return [...names].filter((name) => !isRuntimeMetric(name)).sort();
}

/** Names the first of the tolerances that are of no metric. */
function unmatched(tolerances: object | undefined, metrics: readonly ReproducedMetric[]): string[] {
  const names = metrics.map(({ name }) => name);
  const wrong = Object.keys(tolerances ?? {}).find(
    (tolerance) => !names.some((name) => name === tolerance || matchesGlob(tolerance, name)),
  );
  if (wrong === undefined) return [];
  return [printable(`tolerances: neither run has the metric ${JSON.stringify(wrong)}${didYouMean(wrong, names)}`, 300)];
}

function reasons(
  original: RunRecord,
  again: RunRecord,
  metrics: readonly ReproducedMetric[],
  inputs: readonly ExplainedInput[],
): string[] {
  const found: string[] = [];
  if (original.status === "running" && again.status === "running") found.push("status: both runs still go on");
  if (original.status !== again.status) {
    const error = again.error ? `: ${again.error.name}: ${again.error.message}` : "";
    found.push(`status: the second run is ${again.status}, the first ${original.status}${error}`);
  }
  if (metrics.length === 0) found.push("metrics: neither run has one that could be compared");
  for (const same of [false, "unknown"] as const)
    for (const kind of KINDS)
      for (const input of inputs) if (input.kind === kind && input.same === same) found.push(reason(input));
  const isKnown = inputs.every(({ same }) => same === true);
  if (metrics.some(({ within }) => !within) && isKnown)
    found.push(
      "everything recorded is the same: the program itself may depend on chance, time or the order of threads",
    );
  const left = found.length - MAX_REASONS;
  const shown = left > 0 ? [...found.slice(0, MAX_REASONS - 1), `and ${left + 1} more`] : found;
  return shown.map((text) => printable(text, 300));
}

function reason({ kind, name, same, detail }: ExplainedInput): string {
  if (kind === "seed" && same === "unknown") return `seed: ${detail}`;
  const isPlural = kind === "code" && PLURAL.includes(name);
  const what =
    same === false
      ? `${name} ${isPlural ? "differ" : "differs"}`
      : `it is not known whether ${name} ${isPlural ? "are" : "is"} the same`;
  return `${kind}: ${what}${detail === undefined ? "" : `: ${detail}`}`;
}
