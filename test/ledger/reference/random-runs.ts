import type { Ledger, Run } from "../../../src/index.ts";

/** A point as the program that logged it knows it. */
export interface KnownPoint {
  readonly step: number;
  readonly time: number;
  readonly value: number;
}

/** A run as the program that wrote it knows it: what each of its writers logged, in the order in which they joined. */
export interface KnownRun {
  readonly id: string;
  readonly start: number;
  readonly params: Readonly<Record<string, unknown>>;
  readonly tag: string | undefined;
  /** What the run defines as best, by metric. */
  readonly goals: ReadonlyMap<string, Goal>;
  readonly writers: readonly ReadonlyMap<string, KnownPoint[]>[];
}

export type Random = () => number;
export type Goal = "minimize" | "maximize";

export const METRICS: readonly string[] = ["loss", "acc", "a.b", "val/é"];
/** The goals that a run may define, by metric. `a.b` has none, and for `val/é` the runs disagree. */
const GOALS: Readonly<Record<string, readonly Goal[]>> = {
  loss: ["minimize"],
  acc: ["maximize"],
  "val/é": ["minimize", "maximize"],
};
const NUMBERS = [
  0,
  -0,
  1,
  -1,
  0.1,
  2.5,
  3,
  5e-324,
  -5e-324,
  1e-310,
  1e300,
  1e308,
  -1e308,
  1.7976931348623157e308,
  2 ** 53,
  Number.NaN,
  Infinity,
  -Infinity,
];
const SCALARS: readonly unknown[] = [
  ...NUMBERS,
  5n,
  2n ** 60n,
  2n ** 60n + 1n,
  -(2n ** 70n),
  "5",
  "a",
  "",
  "é",
  "😀",
  "true",
  true,
  false,
  null,
];

export const pickOf =
  (random: Random) =>
  <T>(from: readonly T[]): T =>
    from[Math.floor(random() * from.length)]!;

function randomParams(random: Random): Record<string, unknown> {
  const pick = pickOf(random);
  const params: Record<string, unknown> = {};
  if (random() < 0.8) params["p"] = pick(SCALARS);
  // One path, twice.
  if (random() < 0.5) params["a.b"] = pick(SCALARS);
  if (random() < 0.5) params["a"] = { b: pick(SCALARS) };
  if (random() < 0.5) params["list"] = pick<unknown>([[], [pick(SCALARS)], { x: [1] }, pick(SCALARS)]);
  return params;
}

export async function randomRun(ledger: Ledger, random: Random): Promise<KnownRun> {
  const pick = pickOf(random);
  const params = randomParams(random);
  const tag = random() < 0.5 ? pick(["x", "y"]) : undefined;
  const flush = { intervalMs: 1e9 };
  const first = await ledger.startRun({
    params,
    environment: false,
    flush,
    ...(tag !== undefined && { tags: { tag } }),
  });
  const goals = new Map<string, Goal>();
  for (const [key, some] of Object.entries(GOALS)) if (random() < 0.7) goals.set(key, pick(some));
  for (const [key, goal] of goals) first.defineMetric(key, { goal });
  const sessions: { run: Run; greatest: number | undefined; points: Map<string, KnownPoint[]> }[] = [];
  const join = async (run: Run): Promise<void> => {
    const all = sessions.flatMap(({ points }) => [...points.values()].flat().map(({ step }) => step));
    sessions.push({ run, greatest: all.length > 0 ? Math.max(...all) : undefined, points: new Map() });
  };
  await join(first);
  let time = 1_700_000_000_000;
  for (let rows = Math.floor(random() ** 2 * 60); rows >= 0; rows--) {
    if (random() < 0.06 && sessions.length < 4) {
      // A session counts on from what was stored when it joined.
      for (const { run } of sessions) await run.flush();
      await join(await ledger.resumeRun(first.id, { flush }));
    }
    const session = pick(sessions);
    const step = random() < 0.4 ? undefined : pick([0, 1, 2, 7, 7, 40, -3, 1e6, 2 ** 40 + Math.floor(random() * 5)]);
    time += Math.floor(random() * 3) - 1;
    const row = METRICS.filter(() => random() < 0.6).map((key) => [key, pick(NUMBERS)] as const);
    session.run.log(Object.fromEntries(row), { time, ...(step !== undefined && { step }) });
    if (row.length === 0) continue;
    const taken = step ?? (session.greatest === undefined ? 0 : session.greatest + 1);
    session.greatest = Math.max(taken, session.greatest ?? taken);
    for (const [key, value] of row) {
      const points = session.points.get(key) ?? [];
      session.points.set(key, [...points, { step: taken, time, value }]);
    }
    if (random() < 0.1) await session.run.flush();
  }
  for (const { run } of sessions) await run.finish();
  return {
    id: first.id,
    start: (await ledger.getRun(first.id)).startTime,
    params,
    tag,
    goals,
    writers: sessions.map(({ points }) => points),
  };
}
