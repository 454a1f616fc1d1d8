import { type MedianRange, medianRange } from "./statistics.ts";
import { nanosecondsOf } from "./timing.ts";

/** ns of two contenders that took turns: passed, and of the processor. */
export interface Pairs {
  readonly ours: readonly Cost[];
  readonly theirs: readonly Cost[];
}

interface Cost {
  readonly passed: number;
  readonly cpu: number;
}

/** How many pairs are run before those that count. */
const WARM_UP = 2;

/** What work takes. `prepare` runs before, `after` behind it, and neither is measured. */
export interface Contender {
  readonly work: () => Promise<unknown> | unknown;
  readonly prepare?: () => Promise<unknown>;
  readonly after?: () => Promise<unknown>;
}

/** Runs two contenders next to each other, many times. Which of them is first alternates. */
export async function runPairs(ours: Contender, theirs: Contender, count: number): Promise<Pairs> {
  const pairs: { ours: Cost[]; theirs: Cost[] } = { ours: [], theirs: [] };
  for (let i = -WARM_UP; i < count; i++) {
    const order = [
      { contender: ours, costs: pairs.ours },
      { contender: theirs, costs: pairs.theirs },
    ];
    for (const { contender, costs } of i % 2 === 0 ? order : order.toReversed()) {
      const cost = await costOf(contender);
      if (i >= 0) costs.push(cost);
    }
  }
  return pairs;
}

/** The quotients of pairs. */
export function pairedRatio({ ours, theirs }: Pairs, of: keyof Cost): MedianRange {
  return medianRange(ours.map((cost, i) => cost[of] / theirs[i]![of]));
}

async function costOf({ work, prepare, after }: Contender): Promise<Cost> {
  await prepare?.();
  const before = process.cpuUsage();
  const passed = await nanosecondsOf(work);
  const { user, system } = process.cpuUsage(before);
  await after?.();
  return { passed, cpu: (user + system) * 1000 };
}
