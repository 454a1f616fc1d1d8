import type { Clock } from "../../../src/backend/index.ts";
import { type Backend, type Ledger, openLedger, type RunRecord } from "../../../src/index.ts";
import { createTestClock, type FaultyBackend, seededIds } from "../../../src/testing/index.ts";
import { acknowledge, log, type Oracle, setTag } from "./oracle.ts";
import { START } from "./places.ts";

/** What a program does when a call fails: it ends, or it makes the call again, up to three times more, before it ends. */
export type Caller = "gives up" | "tries again";

/** The program ended since a call failed. */
export class GaveUp extends Error {}

/** Makes calls as a caller does that ends, or insists. */
export function insist(caller: Caller, isDead: () => boolean): <T>(work: () => Promise<T>) => Promise<T> {
  return async (work) => {
    for (let left = caller === "gives up" ? 0 : 3; ; left--) {
      try {
        return await work();
      } catch (error) {
        if (left === 0 || isDead()) throw new GaveUp("", { cause: error });
      }
    }
  };
}

/** A program at work on a place. Resolves whether it got to its end; throws only what is no failure of a call. */
export type Workload = (
  backend: Backend & Partial<FaultyBackend>,
  caller: Caller,
  clock: Clock,
  oracle: Oracle,
) => Promise<void>;

const open = (backend: Backend, clock: Clock, seed: number): Promise<Ledger> =>
  openLedger(backend, { clock, ids: seededIds(seed, () => clock.now()), onError: () => {} });

const PARAMS = { optimizer: { name: "adam", learningRate: 1e-3 }, epochs: 5, weights: [Number.NaN, -0, 1n] };

/** Two processes on one run, and a short run before it: rows of several shapes, tags, artifacts, flushes, two ends. */
export const twoSessions: Workload = async (backend, caller, clock, oracle) => {
  const attempt = insist(caller, () => backend.crashed === true);
  let n = 0;
  let time = 1_700_000_000_000;
  const at = (step: number): { step: number; time: number } => ({ step, time: (time += 17) });

  const ledger = await attempt(() => open(backend, clock, 1));
  const started = async (params: object): ReturnType<Ledger["startRun"]> => {
    oracle.mayHaveUnknownRuns = true;
    const run = await attempt(() =>
      ledger.startRun({ params, environment: false, tags: { stage: "begun" }, flush: { maxPoints: 40 } }),
    );
    return run;
  };
  const finish = async (session: ReturnType<Oracle["joined"]>): Promise<void> => {
    session.finish = "tried";
    await acknowledge(session, () => attempt(() => session.run.finish()));
    session.finish = "done";
  };

  const short = oracle.started(await started({ a: 1 }), { a: 1 }).sessions[0]!;
  log(short, n++, {}, at(0));
  log(short, n++, { loss: 0.1 }, at(1));
  await finish(short);

  const known = oracle.started(await started(PARAMS), PARAMS);
  const first = known.sessions[0]!;
  const logArtifact = async (name: string, content: string): Promise<void> =>
    acknowledge(first, async () => {
      const { version } = await attempt(() =>
        first.run.logArtifact(name, { text: content }, { type: "model", aliases: ["best"] }),
      );
      known.artifacts.set(`${name}:${version}`, content);
    });
  for (let i = 0; i < 4; i++) log(first, n++, { loss: 1 / (i + 3) }, at(i));
  log(first, n++, { loss: Number.NaN, accuracy: -0 }, at(2));
  log(first, n++, { loss: Number.POSITIVE_INFINITY, accuracy: 5e-324 }, at(-7));
  await acknowledge(first, () => attempt(() => first.run.flush()));

  setTag(first, "stage", "second");
  for (let i = 0; i < 3; i++) log(first, n++, { train: { loss: i / 7, deep: { norm: i } }, loss: 2 }, at(2));
  await logArtifact("model", "weights");
  // Enough to begin a write of its own accord.
  for (let i = 0; i < 25; i++) log(first, n++, { loss: i }, at(100 - i));
  await logArtifact("model", "weights, later");
  await logArtifact("model", "weights");

  const other = await attempt(() => open(backend, clock, 2));
  const second = oracle.joined(known, await attempt(() => other.resumeRun(known.id)));
  log(second, n++, { loss: 3 }, at(2));
  log(first, n++, { loss: 4 }, at(2));
  await acknowledge(second, () => attempt(() => second.run.flush()));
  setTag(second, "stage", "third");
  log(second, n++, { accuracy: 0.5 }, at(Number.MAX_SAFE_INTEGER));
  await finish(first);
  log(second, n++, { loss: 5 }, at(2));
  await finish(second);
};

/** As little as makes sense, for more than one fault: a run that is flushed twice, joined and finished. */
export const oneSession: Workload = async (backend, caller, clock, oracle) => {
  const attempt = insist(caller, () => backend.crashed === true);
  const ledger = await attempt(() => open(backend, clock, 1));
  oracle.mayHaveUnknownRuns = true;
  const known = oracle.started(
    await attempt(() => ledger.startRun({ params: { a: 1 }, environment: false, tags: { stage: "begun" } })),
    { a: 1 },
  );
  const session = known.sessions[0]!;
  log(session, 0, { loss: 1 }, { step: 0, time: 5 });
  await acknowledge(session, () => attempt(() => session.run.flush()));
  log(session, 1, { loss: 2 }, { step: 0, time: 6 });
  setTag(session, "stage", "second");
  await acknowledge(session, () => attempt(() => session.run.flush()));
  log(session, 2, { accuracy: 3 }, { step: 1, time: 7 });
  const joined = oracle.joined(known, await attempt(() => ledger.resumeRun(known.id)));
  log(joined, 3, { loss: 4 }, { step: 1, time: 8 });
  session.finish = "tried";
  await acknowledge(session, () => attempt(() => session.run.finish()));
  session.finish = "done";
  await acknowledge(joined, () => attempt(() => joined.run.flush()));
};

/** Somebody recovers what two dead writers left. The place must hold it already: see `abandoned`. */
export const recovery: Workload = async (backend, caller, clock) => {
  const attempt = insist(caller, () => backend.crashed === true);
  const ledger = await attempt(() => open(backend, clock, 3));
  await attempt(() => ledger.recover());
};

/** Two runs of which the writers are gone: one with points nobody was told of, one with two writers. */
export async function abandoned(backend: Backend, oracle: Oracle): Promise<void> {
  // A clock of their own, which stands still: the writers never get another turn.
  const clock = createTestClock(START);
  const ledger = await open(backend, clock, 1);
  for (let i = 0; i < 2; i++) {
    const known = oracle.started(
      await ledger.startRun({ params: { i }, environment: false, tags: { stage: "begun" } }),
      { i },
    );
    const session = known.sessions[0]!;
    for (let n = 0; n < 3; n++) log(session, 10 * i + n, { loss: n / 3 }, { step: n, time: n });
    await acknowledge(session, () => session.run.flush());
    log(session, 10 * i + 4, {}, { step: 9, time: 9 });
    if (i === 0) continue;
    const joined = oracle.joined(known, await (await open(backend, clock, 2)).resumeRun(known.id));
    log(joined, 10 * i + 5, { loss: 7 }, { step: 1, time: 10 });
    await acknowledge(joined, () => joined.run.flush());
  }
}

/** Wide rows of values that do not compress: the file of their points is too large to be merged with a few others. */
export async function finishedRun(backend: Backend, oracle: Oracle): Promise<void> {
  const ledger = await open(backend, createTestClock(START), 1);
  const known = oracle.started(
    await ledger.startRun({ params: { a: 1 }, environment: false, tags: { stage: "begun" } }),
    { a: 1 },
  );
  const session = known.sessions[0]!;
  for (let n = 0; n < 45; n++) {
    const wide = Array.from({ length: 100 }, (_, i) => [`wide/${i}`, Math.sin(100 * n + i)] as const);
    log(session, n, Object.fromEntries(wide), { step: n, time: n });
  }
  session.finish = "tried";
  await acknowledge(session, () => session.run.finish());
  session.finish = "done";
}

/** A finished run is resumed and finished four times. Each session logs a few points. */
export const lateSessions: Workload = async (backend, caller, clock, oracle) => {
  const attempt = insist(caller, () => backend.crashed === true);
  const known = oracle.runs[0]!;
  known.mayBeOpen = true;
  const ledger = await attempt(() => open(backend, clock, 4));
  for (let i = 0; i < 4; i++) {
    const session = oracle.joined(known, await attempt(() => ledger.resumeRun(known.id)));
    log(session, 100 + 10 * i, { loss: i, "wide/3": i }, { step: 3 + i, time: 100 + i });
    await acknowledge(session, () => attempt(() => session.run.flush()));
    setTag(session, "stage", `late ${i}`);
    log(session, 101 + 10 * i, { loss: -i }, { step: 2, time: 101 + i });
    session.finish = "tried";
    await acknowledge(session, () => attempt(() => session.run.finish()));
    session.finish = "done";
  }
};

/** A run as text, for comparison: what JSON would lose is spelled out. */
export function asText(record: RunRecord): string {
  return JSON.stringify(record, (_key, value: unknown) => {
    if (typeof value === "bigint") return `${value}n`;
    return typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))
      ? Object.is(value, -0)
        ? "-0"
        : String(value)
      : value;
  });
}
