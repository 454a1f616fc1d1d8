import { type Backend, type Clock, type IdSource, type Ledger, openLedger, type Run } from "../../src/index.ts";

/** What the program under test knows it did: the measure of what must be found. */
export interface Oracle {
  /** Every value handed to `log()`, with its step. Values are unique. */
  readonly logged: Map<number, number>;
  /** Those whose flush, or a later one, resolved. */
  readonly acknowledged: Set<number>;
  /** References of artifact versions whose `logArtifact` resolved, with their content. */
  readonly artifacts: Map<string, string>;
  runId: string | undefined;
  finished: boolean;
}

export function newOracle(): Oracle {
  return { logged: new Map(), acknowledged: new Set(), artifacts: new Map(), runId: undefined, finished: false };
}

/** A caller that meets an error gives up, or tries the same call again a few times and then goes on. */
export type Caller = "gives up" | "tries again";

class GaveUp extends Error {}

export interface Surroundings {
  readonly clock: Clock;
  readonly ids: (seed: number) => IdSource;
}

/** Two sessions on one run through the public API: rows of several shapes, tags, an artifact, flushes, both finish. */
export async function workload(
  backend: Backend,
  caller: Caller,
  { clock, ids }: Surroundings,
  oracle: Oracle,
): Promise<void> {
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    for (let tries = caller === "gives up" ? 1 : 4; ; tries--) {
      try {
        return await work();
      } catch (error) {
        if (tries <= 1) throw new GaveUp("", { cause: error });
      }
    }
  };
  const open = (seed: number): Promise<Ledger> => attempt(() => openLedger(backend, { clock, ids: ids(seed) }));
  let value = 0;
  const mine = new Map<Run, number[]>();
  const log = (run: Run, extra: object = {}): void => {
    value++;
    run.log({ value, ...extra }, { step: 100 - value });
    oracle.logged.set(value, 100 - value);
    mine.set(run, [...(mine.get(run) ?? []), value]);
  };
  const acknowledge = async (run: Run, work: () => Promise<unknown>): Promise<void> => {
    const before = [...(mine.get(run) ?? [])];
    await attempt(work);
    for (const one of before) oracle.acknowledged.add(one);
  };

  try {
    const ledger = await open(1);
    const run = await attempt(() => ledger.startRun({ params: { a: 1 }, environment: false }));
    oracle.runId = run.id;
    for (let i = 0; i < 3; i++) log(run);
    await acknowledge(run, () => run.flush());
    for (let i = 0; i < 3; i++) log(run, { other: i / 3 });
    run.setTags({ stage: "late" });
    await acknowledge(run, async () => {
      const { name, version } = await run.logArtifact("model", "weights");
      oracle.artifacts.set(`${name}:${version}`, "weights");
    });
    const second = await open(2);
    const joined = await attempt(() => second.resumeRun(run.id));
    log(joined);
    log(run);
    await acknowledge(joined, () => joined.flush());
    log(joined, { third: -0 });
    await acknowledge(run, () => run.finish());
    oracle.finished = true;
    log(joined);
    await acknowledge(joined, () => joined.finish());
  } catch (error) {
    if (!(error instanceof GaveUp)) throw error;
  }
}
