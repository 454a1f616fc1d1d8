import { compareWriters, type WriterFold } from "../journal/writer-fold.ts";
import { compareUtf8 } from "../bytes/utf8-order.ts";

/** Where the points of one key go: those of the writers one behind the other. */
export interface PlannedKey {
  readonly key: string;
  readonly total: number;
  /** By writer: place of its first point. */
  readonly offsets: ReadonlyMap<string, number>;
}

/** Part of the points of a key, `[from, to)` of its {@link PlannedKey.total}. */
export interface PlannedPart {
  readonly planned: PlannedKey;
  readonly from: number;
  readonly to: number;
}

/** Points held in memory at once: 24 bytes each. The journals are read once for every so many. */
const POINTS_A_PASS: number = 4 * 1024 * 1024;

/** Every key of a run with its points, ascending by UTF-8 bytes. */
export function planKeys(folds: readonly WriterFold[]): PlannedKey[] {
  const plans = new Map<string, { key: string; total: number; offsets: Map<string, number> }>();
  for (const { writer, summaries } of [...folds].sort(compareWriters)) {
    for (const [key, { count }] of summaries) {
      const plan = plans.get(key) ?? { key, total: 0, offsets: new Map<string, number>() };
      plan.offsets.set(writer, plan.total);
      plan.total += count;
      plans.set(key, plan);
    }
  }
  return [...plans.values()].sort((a, b) => compareUtf8(a.key, b.key));
}

/** The keys cut into passes that hold a bounded number of points each. */
export function planPasses(keys: readonly PlannedKey[], pointsAPass: number = POINTS_A_PASS): PlannedPart[][] {
  const passes: PlannedPart[][] = [];
  let pass: PlannedPart[] = [];
  let room = pointsAPass;
  for (const planned of keys) {
    for (let from = 0; from < planned.total;) {
      // A key is cut only where it fills a pass of its own.
      if (room < Math.min(planned.total - from, pointsAPass)) {
        passes.push(pass);
        pass = [];
        room = pointsAPass;
      }
      const to = Math.min(planned.total, from + room);
      pass.push({ planned, from, to });
      room -= to - from;
      from = to;
    }
  }
  if (pass.length > 0) passes.push(pass);
  return passes;
}
