import type { Goal, KnownPoint, KnownRun } from "./random-runs.ts";

// What the library says of runs once more, from what was logged, by the plainest means.

/** All points of a metric: writer by writer. */
export function pointsOf({ writers }: KnownRun, key: string): KnownPoint[] {
  return writers.flatMap((points) => points.get(key) ?? []);
}

/** A finite double as an integer number of the least doubles: sums of it are exact. */
function toUnits(value: number): bigint {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const exponent = (bits.getUint16(0) >> 4) & 0x7ff;
  const fraction = bits.getBigUint64(0) & (2n ** 52n - 1n);
  const units = exponent === 0 ? fraction : (fraction + 2n ** 52n) << BigInt(exponent - 1);
  return value < 0 ? -units : units;
}

/** Units divided by `divisor`, as the number next to it but for an error of the last place. */
function fromUnits(units: bigint, divisor: bigint): number {
  const size = ((units < 0n ? -units : units) << 64n) / divisor;
  const dropped = Math.max(0, size.toString(2).length - 64);
  const exponent = dropped - 64 - 1074;
  const half = Math.trunc(exponent / 2);
  return (units < 0n ? -1 : 1) * Number(size >> BigInt(dropped)) * 2 ** half * 2 ** (exponent - half);
}

/** A NaN makes it NaN; otherwise infinities alone count. */
export function meanOf(values: readonly number[]): number {
  if (values.some((value) => !Number.isFinite(value)))
    return values.reduce((sum, value) => sum + (Number.isFinite(value) ? 0 : value), 0);
  return fromUnits(
    values.map(toUnits).reduce((sum, value) => sum + value, 0n),
    BigInt(values.length),
  );
}

/** Of the sample. The values are made small first. */
export function stdOf(values: readonly number[]): number {
  if (values.some((value) => !Number.isFinite(value))) return Number.NaN;
  const scale = Math.max(...values.map(Math.abs)) || 1;
  const small = values.map((value) => value / scale);
  const mean = small.reduce((sum, value) => sum + value, 0) / small.length;
  return Math.sqrt(small.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (small.length - 1)) * scale;
}

export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const half = sorted.length / 2;
  if (!Number.isInteger(half)) return sorted[Math.floor(half)]!;
  const [low, high] = [sorted[half - 1]!, sorted[half]!];
  return low === high ? low : meanOf([low, high]);
}

const isNumber = (value: number): boolean => !Number.isNaN(value);
export const leastOf = (values: readonly number[]): number => values.filter(isNumber).reduce((a, b) => (b < a ? b : a));
export const greatestOf = (values: readonly number[]): number =>
  values.filter(isNumber).reduce((a, b) => (b > a ? b : a));

/** The value of a run that `metrics.<key>.<aggregate>` means; `undefined` if there is none. */
export function aggregateOf(run: KnownRun, key: string, aggregate: string): number | undefined {
  const points = pointsOf(run, key);
  const values = points.map(({ value }) => value);
  if (values.length === 0) return undefined;
  if (aggregate === "count") return values.length;
  if (aggregate === "last") return points.toSorted((a, b) => a.step - b.step).at(-1)?.value;
  if (aggregate === "mean") return meanOf(values);
  if (values.every(Number.isNaN)) return undefined;
  return aggregate === "min" ? leastOf(values) : greatestOf(values);
}

/** The goals of a metric that the runs tell: those of runs whose values differ. */
export function toldGoals(runs: readonly KnownRun[], key: string): Goal[] {
  const told = runs.flatMap((run) => {
    const values = pointsOf(run, key)
      .map(({ value }) => value)
      .filter(isNumber);
    return values.some((value) => value !== values[0]) ? (run.goals.get(key) ?? []) : [];
  });
  return [...new Set(told)];
}

/** All scalars of the params by path, with their depths, in order. */
function scalars(value: unknown, path: readonly string[]): { path: string; depth: number; value: unknown }[] {
  if (typeof value !== "object" || value === null) return [{ path: path.join("."), depth: path.length, value }];
  return [
    ...(path.length > 0 ? [{ path: path.join("."), depth: path.length, value }] : []),
    ...Object.entries(value).flatMap(([name, member]) => scalars(member, [...path, name])),
  ];
}

/** The param at a path: `undefined` for a missing one and for `null`, a list or an object as it is. 5n is 5, -0 is 0. */
export function paramOf({ params }: KnownRun, path: string): unknown {
  const [found] = scalars(params, [])
    .filter((each) => each.path === path && each.value !== null)
    .toSorted((a, b) => a.depth - b.depth);
  const value = found?.value;
  if (typeof value === "bigint" && BigInt(Number(value)) === value) return Number(value);
  return value === 0 ? 0 : value;
}
