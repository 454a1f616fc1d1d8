import { type OptionNames, readOptions } from "../../arguments/options.ts";
import { ownValue, setOwn } from "../../bytes/dictionary.ts";
import { invalidArgument, reading } from "../../errors/ledger-error.ts";
import type { Dictionary } from "../../journal/event.ts";
import { matchesGlob } from "../../journal/metric-glob.ts";
import { isNested } from "../../journal/params.ts";

/** How far apart two values may be. They are within it if either bound holds. */
export interface Tolerance {
  /** The greatest difference. Default 0. */
  readonly absolute?: number | undefined;
  /** The greatest difference, as a share of the value that is farther from 0. Default 0. */
  readonly relative?: number | undefined;
}

/** Values of float32, in which most metrics are computed, agree in about seven digits. */
export const DEFAULT_TOLERANCE: Tolerance = { absolute: 0, relative: 1e-6 };

const NAMES: OptionNames<Tolerance> = { absolute: true, relative: true };

/** Returns a function that returns the tolerance of a metric. Throws `INVALID_ARGUMENT`, which names the field. */
export function readTolerances(given: unknown): (metric: string) => Tolerance {
  if (given === undefined) return () => DEFAULT_TOLERANCE;
  const own: Dictionary<Tolerance> = {};
  reading("tolerances", () => {
    if (!isNested(given)) throw invalidArgument("tolerances", "an object of tolerances by metric", given);
    for (const name of Object.keys(given)) setOwn(own, name, readTolerance(`tolerances.${name}`, given[name]));
  });
  const globs = Object.keys(own)
    .filter((name) => name.includes("*"))
    .reverse();
  return (metric) => {
    const named = ownValue(own, metric);
    if (named) return named;
    const glob = globs.find((pattern) => matchesGlob(pattern, metric));
    return glob === undefined ? DEFAULT_TOLERANCE : own[glob]!;
  };
}

function readTolerance(field: string, given: unknown): Tolerance {
  const { absolute = 0, relative = 0 } =
    typeof given === "number"
      ? { absolute: given }
      : readOptions("checkReproduction", checked(field, given), NAMES, field);
  for (const [name, value] of Object.entries({ absolute, relative }))
    if (typeof value !== "number" || !(value >= 0))
      throw invalidArgument(typeof given === "number" ? field : `${field}.${name}`, "a number from 0", value);
  return { absolute, relative };
}

function checked(field: string, given: unknown): Tolerance {
  if (isNested(given)) return given;
  throw invalidArgument(field, "a number, or an object with absolute or relative", given);
}

/** Returns whether two values are the same within a tolerance. NaN is the same as NaN, and 0 as -0. */
export function isWithin(a: number, b: number, { absolute = 0, relative = 0 }: Tolerance): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  const difference = Math.abs(a - b);
  // An endless share of an endless value is no bound.
  return (
    difference <= absolute ||
    (Number.isFinite(difference) && difference <= relative * Math.max(Math.abs(a), Math.abs(b)))
  );
}
