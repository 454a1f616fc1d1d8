import type { ExtremeColumns } from "./bucket-columns.ts";

const UNKNOWN = 65535;
const FINEST = 65534;

/** Where `value` lies between the extremes of its bucket, 0 to 65,534; 65,535 where that cannot be told. */
export function shareOf(extremes: ExtremeColumns, b: number, value: number): number {
  const min = extremes.minValues[b]!;
  const range = extremes.maxValues[b]! - min;
  if (!Number.isFinite(range) || value !== value) return UNKNOWN;
  if (range === 0) return 0;
  return Math.max(0, Math.min(FINEST, Math.round(((value - min) / range) * FINEST)));
}

/** What a share stands for; NaN for one that could not be told. */
export function atShare(extremes: ExtremeColumns, b: number, share: number): number {
  if (share === UNKNOWN) return Number.NaN;
  const min = extremes.minValues[b]!;
  return min + (extremes.maxValues[b]! - min) * (share / FINEST);
}
