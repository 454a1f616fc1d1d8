import { setOwn } from "../backend/dictionary.ts";
import type { Dictionary, RunEvent } from "./event.ts";
import type { Damage } from "./damage.ts";
import type { Point, SummaryState } from "./summary.ts";
import type { MediaRecord, WriterFold } from "./writer-fold.ts";

/** A summary in the order count, sum, its rounding error, then value, step and time of the last, least and greatest point. */
export type StoredSummary = readonly number[];

/** A {@link WriterFold} as a run document keeps it. */
export interface StoredFold {
  readonly writer: string;
  readonly order: number;
  readonly fence: number;
  readonly next: number;
  readonly lastStep?: number | undefined;
  readonly lastTime?: number | undefined;
  readonly beatMs?: number | undefined;
  readonly alive?: string | undefined;
  readonly events: readonly RunEvent[];
  readonly media: readonly MediaRecord[];
  readonly damage: readonly Damage[];
  readonly metrics: Dictionary<StoredSummary>;
}

export function storeFold({ summaries, read: _read, ...rest }: WriterFold): StoredFold {
  const metrics: Dictionary<StoredSummary> = {};
  for (const [key, state] of summaries) setOwn(metrics, key, storeSummary(state));
  return { ...rest, metrics };
}

export function restoreFold({ metrics, lastStep, lastTime, beatMs, alive, ...rest }: StoredFold): WriterFold {
  return {
    ...rest,
    ...(lastStep !== undefined && { lastStep }),
    ...(lastTime !== undefined && { lastTime }),
    ...(beatMs !== undefined && { beatMs }),
    ...(alive !== undefined && { alive }),
    summaries: new Map(Object.entries(metrics).map(([key, stored]) => [key, restoreSummary(stored)])),
  };
}

/** Whether a value can be handed to {@link restoreFold} as a summary. */
export function isStoredSummary(value: unknown): value is StoredSummary {
  return (
    Array.isArray(value) &&
    (value.length === 6 || value.length === 12) &&
    value.every((item) => typeof item === "number") &&
    Number.isSafeInteger(value[0]) &&
    (value[0] as number) > 0
  );
}

function storeSummary({ count, sum, rest, last, min, max }: SummaryState): StoredSummary {
  const points = min && max ? [last, min, max] : [last];
  return [count, sum, rest, ...points.flatMap(({ value, step, time }) => [value, step, time])];
}

function restoreSummary(stored: StoredSummary): SummaryState {
  const number = (at: number): number => stored[at] as number;
  const point = (at: number): Point => ({ value: number(at), step: number(at + 1), time: number(at + 2) });
  return {
    count: number(0),
    sum: number(1),
    rest: number(2),
    last: point(3),
    ...(stored.length === 12 && { min: point(6), max: point(9) }),
  };
}
