import { memoryBackend } from "../../../src/backends/memory/index.ts";
import { type Backend, type Ledger, LedgerError, openLedger, type RunRecord } from "../../../src/index.ts";
import { createTestClock, seededIds } from "../../../src/testing/index.ts";
import { type Call, intercept } from "../../../src/testing/intercept.ts";
import { objectsOnly } from "../../journal/records.ts";
import { seededRandom } from "../../seeded-random.ts";
import { type Actor, type Fate, Scheduler } from "../fencing/scheduler.ts";

/** A rule that is broken; the simulation has to notice. */
export type Sabotage =
  /** Entries are removed before the segment with their runs is there. */
  | "removes early"
  /** A resumed run is not entered. */
  | "resumes unseen";

export interface Settings {
  readonly seed: number;
  readonly appends: boolean;
  readonly sabotage?: Sabotage;
}

export interface Outcome {
  readonly wrong: readonly string[];
  readonly trace: readonly string[];
  readonly counts: {
    readonly searches: number;
    readonly segments: number;
    readonly resumed: number;
    readonly crashes: number;
  };
}

/** What is known of a run from outside, by the scheduler's time. */
interface Known {
  /** The highest value that was closed, from when on; of `deleted` too. */
  closed: { value: number; at: number };
  deleted: { is: boolean; from: number } | undefined;
  /** Somebody is changing it, or tried and failed. */
  unclear: boolean;
}

const EXPERIMENTS = ["a", "b"] as const;
const FATES: readonly Fate[] = ["error-before", "lost-ack", "crash-before", "crash-after"];

/** Finishers, searchers, which compact, and one who rebuilds, in one of the many orders there are. */
export async function simulate({ seed, appends, sabotage }: Settings): Promise<Outcome> {
  const random = seededRandom(seed);
  const scheduler = new Scheduler(random, random() < 0.5);
  const memory = memoryBackend();
  const place: Backend = appends ? memory : objectsOnly(memory);
  const clock = createTestClock();
  const wrong: string[] = [];
  const known = new Map<string, Known>();
  const counts = { searches: 0, segments: 0, resumed: 0, crashes: 0 };
  let handles = 0;

  const newActor = (name: string, faults: number, mayCrash: boolean): Actor => ({
    name,
    dead: false,
    fate: ({ operation }: Call) =>
      (random() < faults && operation !== "list" && FATES[Math.floor(random() * (mayCrash ? 4 : 2))]) || "made",
    lie: ({ operation, key }) =>
      sabotage === "resumes unseen" && operation === "create" && /\.o000[1-9]$/.test(key)
        ? { instead: undefined }
        : undefined,
  });
  const handle = (actor: Actor): Backend => toPages(scheduler.backend(place, actor), sabotage);
  const open = async (backend: Backend, told?: (error: LedgerError) => void): Promise<Ledger> =>
    await openLedger(backend, {
      clock,
      ids: seededIds(seed * 100 + handles++, () => clock.now()),
      ...(told && { onError: told }),
    });

  const close = async (ledger: Ledger, id: string, value: number): Promise<void> => {
    const run = await ledger.resumeRun(id, { flush: { intervalMs: 1e9 } });
    run.log({ value }, { step: value });
    await run.finish();
  };
  const start = async (ledger: Ledger): Promise<string> => {
    const experiment = EXPERIMENTS[random() < 0.8 ? 0 : 1];
    const run = await ledger.startRun({ experiment, environment: false, flush: { intervalMs: 1e9 } });
    run.log({ value: 1 }, { step: 1 });
    await run.finish();
    return run.id;
  };

  // Enough runs to be compacted, and often a segment or two.
  const before = await open(place);
  for (let i = 0, runs = 8 + Math.floor(random() * 6); i < runs; i++) {
    known.set(await start(before), { closed: { value: 1, at: 0 }, deleted: undefined, unclear: false });
    if (random() < 0.1) await before.compactCatalog();
  }

  /** Changes a run, one at a time; nobody else changes that one. */
  const changes = (actor: Actor, mine: string[]) => async (): Promise<void> => {
    const ledger = await open(handle(actor)).catch(ignored);
    if (ledger === undefined) return;
    for (let left = 2 + Math.floor(random() * 3); left > 0; left--) {
      const id = mine[Math.floor(random() * mine.length)];
      const draw = random();
      const closes = draw < 0.75 && !known.get(id ?? "")?.deleted?.is;
      if (id === undefined || draw < 0.4) {
        const own = await start(ledger).catch(ignored);
        if (own === undefined) continue;
        mine.push(own);
        known.set(own, { closed: { value: 1, at: scheduler.now }, deleted: undefined, unclear: false });
        continue;
      }
      const state = known.get(id)!;
      state.unclear = true;
      const done = closes
        ? await close(ledger, id, state.closed.value + 1).then(() => true, ignored)
        : await (state.deleted?.is ? ledger.restoreRun(id) : ledger.deleteRun(id)).then(() => true, ignored);
      // What failed may have been done in part.
      if (done === undefined) {
        mine.splice(mine.indexOf(id), 1);
        continue;
      }
      counts.resumed++;
      if (closes) state.closed = { value: state.closed.value + 1, at: scheduler.now };
      else state.deleted = { is: !state.deleted?.is, from: scheduler.now };
      state.unclear = false;
    }
  };

  /** Holds what a search gave against what was known before it began, of runs that nobody changed meanwhile. */
  const check = (
    who: string,
    runs: readonly RunRecord[],
    began: Map<string, Known>,
    query: { experiment?: string },
  ): void => {
    const found = new Map<string, RunRecord>();
    for (const record of runs) {
      if (found.has(record.id)) wrong.push(`${who} shows ${record.id} twice`);
      found.set(record.id, record);
    }
    for (const [id, then] of began) {
      const now = known.get(id)!;
      const record = found.get(id);
      if (record === undefined) {
        if (query.experiment === undefined) wrong.push(`${who} misses ${id}`);
        continue;
      }
      const value = record.metrics["value"]?.last.value ?? 0;
      if (value < then.closed.value) wrong.push(`${who} shows ${id} stale: ${value} and not ${then.closed.value}`);
      if (then.unclear || now.unclear || now.closed.at !== then.closed.at || now.deleted !== then.deleted) continue;
      if (value !== then.closed.value) wrong.push(`${who} shows ${value} of ${id}, nobody has closed that`);
      if (record.status !== "finished") wrong.push(`${who} shows ${id} as ${record.status}`);
      if ((record.deletedAt !== undefined) !== (then.deleted?.is ?? false))
        wrong.push(`${who} shows ${id} stale: ${then.deleted?.is ? "not deleted" : "deleted"}`);
    }
  };
  const snapshot = (): Map<string, Known> => new Map([...known].map(([id, state]) => [id, { ...state }]));
  const search = async (ledger: Ledger, who: string): Promise<void> => {
    const experiment = random() < 0.2 ? "b" : undefined;
    const query = { view: "all" as const, limit: 1000, ...(experiment && { experiment }) };
    const began = snapshot();
    const page = await ledger.searchRuns(query).catch(ignored);
    if (page !== undefined) {
      counts.searches++;
      // An injected failure of the backend is told in the answer, and names the run.
      for (const { id } of page.unreadable ?? []) began.delete(id);
      check(who, page.runs, began, query);
    }
    await ledger.close();
  };
  const searches = (actor: Actor) => async (): Promise<void> => {
    const ledger = await open(handle(actor), (error) => {
      if (error.code === "CORRUPT") wrong.push(`${actor.name}: ${error.message}`);
    }).catch(ignored);
    if (ledger === undefined) return;
    for (let left = 2 + Math.floor(random() * 3); left > 0; left--) await search(ledger, actor.name);
  };
  const rebuilds = (actor: Actor) => async (): Promise<void> => {
    const ledger = await open(handle(actor)).catch(ignored);
    await ledger?.rebuildCatalog().catch(ignored);
  };

  const ids = [...known.keys()];
  const half = Math.floor(ids.length / 2);
  const faulty = (): number => (random() < 0.4 ? 0.03 : 0);
  const actors = {
    w1: newActor("writer 1", faulty(), true),
    w2: newActor("writer 2", faulty(), true),
    s1: newActor("searcher 1", faulty(), true),
    s2: newActor("searcher 2", faulty(), true),
    s3: newActor("searcher 3", 0, false),
    r: newActor("rebuilder", faulty(), true),
  };
  const programs = [
    { actor: actors.w1, work: changes(actors.w1, ids.slice(0, half)) },
    { actor: actors.w2, work: changes(actors.w2, ids.slice(half)) },
    { actor: actors.s1, work: searches(actors.s1) },
    { actor: actors.s2, work: searches(actors.s2) },
    { actor: actors.s3, work: searches(actors.s3) },
    ...(random() < 0.3 ? [{ actor: actors.r, work: rebuilds(actors.r) }] : []),
  ];
  await scheduler.run(programs);

  // Afterwards, whoever died: everything is found, and put in order.
  const after = await open(place);
  for (const round of ["first", "second"]) {
    await search(after, `the ${round} search afterwards`);
    const { runs } = await after.searchRuns({ view: "all", limit: 1000 });
    await after.close();
    for (const record of runs) {
      const { environment: _e, ...own } = await after.getRun(record.id);
      const { environment: _f, ...shown } = record;
      if (JSON.stringify(own) !== JSON.stringify(shown))
        wrong.push(`afterwards ${record.id} is shown otherwise than it is`);
    }
  }
  counts.segments += [...memory.snapshot().keys()].filter((key) => key.includes("/segments/")).length;
  counts.crashes += Object.values(actors).filter(({ dead }) => dead).length;
  return { wrong, trace: scheduler.trace, counts };
}

function ignored(error: unknown): undefined {
  if (!LedgerError.is(error)) throw error;
}

/** Entries that one request of a listing gives. */
const PAGE = 4;

/** A backend that lists a few entries at a time, others coming in between, and breaks the rule that is given. */
function toPages(inner: Backend, sabotage: Sabotage | undefined): Backend {
  let entries = new Set<string>();
  return intercept(inner, {
    call: async ({ operation, key }, proceed) => {
      if (operation !== "create" || !key.includes("/segments/")) return await proceed();
      if (sabotage === "removes early") for (const entry of entries) await inner.remove(entry);
      return await proceed();
    },
    list: async function* ({ key: prefix, signal }) {
      const listed = new Set<string>();
      for (let last: string | undefined, more = true; more;) {
        const call = { ...(signal && { signal }), ...(last !== undefined && { startAfter: last }) };
        more = false;
        let left = PAGE;
        for await (const entry of inner.list(prefix, call)) {
          if (left-- === 0) {
            more = true;
            break;
          }
          last = entry.key;
          if (/^experiments\/.*\.c\d+$/.test(entry.key)) listed.add(entry.key).add(entry.key.replace(".c", ".o"));
          yield entry;
        }
      }
      if (prefix.startsWith("experiments")) entries = listed;
    },
  });
}
