import { memoryBackend } from "../../../src/backends/memory/index.ts";
import type { Entry } from "../../../src/backend/index.ts";
import { type Backend, type Ledger, LedgerError, openLedger, type Run } from "../../../src/index.ts";
import { createTestClock, seededIds } from "../../../src/testing/index.ts";
import { intercept } from "../../../src/testing/intercept.ts";
import { objectsOnly } from "../../journal/records.ts";
import { seededRandom } from "../../seeded-random.ts";
import { Known, type Session } from "./known.ts";
import { type Actor, type Fate, Scheduler } from "./scheduler.ts";
import { judge } from "./verdict.ts";

/** What an actor that breaks the protocol does; the simulation has to notice. */
export type Sabotage =
  /** Older writers do not find any fence. */
  | "no look"
  /** Those who claim do not see each other's claims. */
  | "no claims seen"
  /** Those who claim look at the journals before they put up the fence, not behind it. */
  | "looks too early";

/**
 * What the place can do. `racy`: it takes whole objects, says that its creates are exclusive, and checks a key some time before
 * it stores, so that two creates of one key may both succeed and the later one replaces the other.
 */
export type Store = "appends" | "objects" | "racy";

export interface Settings {
  readonly seed: number;
  readonly store: Store;
  readonly sabotage?: Sabotage;
}

/** What came of a simulation. In one where nothing happens nothing can go wrong, hence the counts. */
export interface Outcome {
  readonly wrong: readonly string[];
  readonly trace: readonly string[];
  readonly counts: {
    readonly claims: number;
    readonly fenced: number;
    readonly rows: number;
    readonly crashes: number;
  };
}

const isFenced = (error: unknown): boolean => LedgerError.hasCode(error, "FENCED");
const FATES: readonly Fate[] = ["error-before", "lost-ack", "unknown", "crash-before", "crash-after"];
const FLUSH = { intervalMs: 1e9 };

interface Program {
  readonly actor: Actor;
  readonly work: () => Promise<void>;
}

/** One older writer, two that claim its run, now and then one more that joins, in one of the many orders there are. */
export async function simulate({ seed, store, sabotage }: Settings): Promise<Outcome> {
  const random = seededRandom(seed);
  const slowAnswers = random() < 0.5;
  const scheduler = new Scheduler(random, slowAnswers);
  const memory = memoryBackend();
  // Journals that were compacted are removed; what was in them is part of what there was.
  const removed = new Map<string, Uint8Array>();
  const everything = (): Map<string, Uint8Array> => new Map([...removed, ...memory.snapshot()]);
  const keeping = intercept(memory, {
    call: async ({ operation, key }, proceed) => {
      const bytes = operation === "remove" ? memory.snapshot().get(key) : undefined;
      if (bytes) removed.set(key, bytes);
      return await proceed();
    },
    list: (_call, proceed) => proceed(),
  });
  const place: Backend = store === "appends" ? keeping : objectsOnly(keeping);
  const shown = (actor: Actor): Backend =>
    store === "racy" ? racy(scheduler.backend(replacing(place), actor)) : scheduler.backend(place, actor);
  const clock = createTestClock();
  const known = new Known();
  let nextValue = 1;
  let nextStep = 0;
  let handles = 0;

  const newActor = (name: string, faults: number, mayCrash: boolean): Actor => {
    const crashes = mayCrash && random() < 0.5;
    let listed: readonly Entry[] | undefined;
    return {
      name,
      dead: false,
      fate: () => (random() < faults && FATES[Math.floor(random() * (crashes ? 5 : 3))]) || "made",
      lie: ({ operation, key }) => {
        if (sabotage === "no look" && operation === "stat" && key.includes("/fences/")) return { instead: undefined };
        if (sabotage === undefined || operation !== "list") return undefined;
        const before = listed;
        listed = [...memory.snapshot()]
          .filter(([each]) => each.startsWith(`${key}/`))
          .map(([each, bytes]) => ({ key: each, size: bytes.length }));
        if (sabotage === "no claims seen") return { instead: listed.filter((each) => !each.key.includes(".claim.")) };
        return sabotage === "looks too early" && before ? { instead: before } : undefined;
      },
    };
  };
  /** A ledger as a process has it, and the ids of the writers it made. */
  const open = async (backend: Backend): Promise<{ ledger: Ledger; writers: string[] }> => {
    const made = seededIds(seed * 10 + handles++, () => clock.now());
    const writers: string[] = [];
    const ids: typeof made = (kind) => {
      const id = made(kind);
      if (kind === "writer") writers.push(id);
      return id;
    };
    return { ledger: await openLedger(backend, { clock, ids, onError: () => {} }), writers };
  };

  /** Once a session has been told that it is shut out, that is all it is told, and it leaves the place alone. */
  const shutOut = async (session: Session): Promise<void> => {
    const { run } = session;
    session.fenced = true;
    const mine = (): number => scheduler.trace.filter((what) => what.startsWith(`${session.actor}:`)).length;
    const before = mine();
    const ended = session.finish !== "not tried";
    if (!ended) {
      run.log({ value: 0 });
      run.setTags({ late: "yes" });
    }
    const calls = [
      () => run.flush(),
      () => run.logArtifact("late", { text: "late" }),
      () => run.finish(),
      () => run.fail(new Error("late")),
      () => run.flush(),
    ];
    for (const [i, call] of calls.entries()) {
      const error: unknown = await call().catch((thrown: unknown) => thrown);
      if (!isFenced(error)) known.wrong.push(`${session.actor}: call ${i} after FENCED gave ${String(error)}`);
    }
    const { points, acknowledged, buffered, dropped, lastError } = run.stats;
    if (!isFenced(lastError)) known.wrong.push(`${session.actor}: lastError is ${String(lastError)}`);
    if (points !== acknowledged + buffered + dropped || (buffered === 0 && !ended))
      known.wrong.push(`${session.actor}: ${JSON.stringify(run.stats)}`);
    if (mine() !== before) known.wrong.push(`${session.actor} went on after FENCED`);
  };

  /** Logs, flushes and perhaps finishes. Gives up when it is shut out. */
  const writeOn = async (session: Session, rounds: number, claims: boolean): Promise<void> => {
    const { run, logged } = session;
    const attempt = async (work: () => Promise<void>): Promise<boolean> => {
      const count = logged.length;
      try {
        await work();
        if (run.stats.acknowledged < count) known.wrong.push(`${session.actor} was told more than its stats say`);
        return true;
      } catch (error) {
        if (isFenced(error)) await shutOut(session);
        return false;
      }
    };
    for (let round = 0; round < rounds && !session.fenced; round++) {
      for (let rows = 1 + Math.floor(random() * 2); rows > 0; rows--) {
        // The first step of a session that claims is the library's to choose: behind all that it read.
        const step = claims && logged.length === 0 ? undefined : nextStep++;
        const value = nextValue++;
        logged.push({ value, step, at: scheduler.now });
        run.log({ value }, step === undefined ? {} : { step });
      }
      // What it records of itself puts its logical clock ahead of that of the others.
      for (let tags = random() < 0.3 ? 5 : 0; tags > 0; tags--) run.setTags({ by: `${session.actor}${tags}` });
      // Some try again at once, when nothing new has come that would have to be stored.
      if (!(await attempt(() => run.flush())) && !session.fenced && random() < 0.5) await attempt(() => run.flush());
    }
    // Compaction needs creates that are exclusive.
    if (session.fenced || store === "racy" || random() < 0.5) return;
    session.finish = "tried";
    for (let tries = 3; tries > 0 && !session.fenced; tries--) {
      if (!(await attempt(() => run.finish()))) continue;
      session.finish = "done";
      return;
    }
  };

  const resume = async (actor: Actor, mode: "join" | "exclusive", rounds: number): Promise<Program> => {
    const { ledger, writers } = await open(shown(actor));
    return { actor, work: () => goOn(actor, ledger, writers, mode, rounds) };
  };
  const goOn = async (
    actor: Actor,
    ledger: Ledger,
    writers: readonly string[],
    mode: "join" | "exclusive",
    rounds: number,
  ): Promise<void> => {
    for (let tries = 3; tries > 0; tries--) {
      let run: Run;
      try {
        run = await ledger.resumeRun(known.runId, { mode, flush: FLUSH });
      } catch (error) {
        if (!LedgerError.is(error)) throw error;
        continue;
      }
      const session = known.began(actor.name, writers.at(-1) as string, run);
      if (mode === "exclusive") known.claims.push({ session, at: scheduler.now, objects: everything() });
      return await writeOn(session, rounds, mode === "exclusive");
    }
  };

  const begins = random() < 0.6;
  const old = newActor("old", random() < 0.5 ? 0.06 : 0, false);
  const { ledger, writers } = await open(shown(old));
  const begun = await ledger.startRun({ environment: false, flush: FLUSH });
  known.runId = begun.id;
  const programs: Program[] = [
    begins
      ? { actor: old, work: () => writeOn(known.began("old", writers[0] as string, begun), 4, false) }
      : await resume(newActor("joined", random() < 0.5 ? 0.06 : 0, false), "join", 3),
  ];
  for (const name of ["A", "B"])
    programs.push(await resume(newActor(name, random() < 0.6 ? 0.06 : 0, true), "exclusive", 2));
  if (random() < 0.3) programs.push(await resume(newActor("late", 0, false), "join", 3));
  scheduler.onStill = () => known.look(scheduler.now);
  await scheduler.run(programs);
  await judge(known, place, clock, slowAnswers, everything);
  return {
    wrong: known.wrong,
    trace: scheduler.trace,
    counts: {
      claims: known.claims.length,
      fenced: known.sessions.filter(({ fenced }) => fenced).length,
      rows: known.sessions.reduce((sum, { acknowledged }) => sum + acknowledged, 0),
      crashes: programs.filter(({ actor }) => actor.dead).length,
    },
  };
}

/** A backend whose `create` replaces what is there. */
function replacing(place: Backend): Backend {
  return intercept(place, {
    call: async ({ operation, key }, proceed) => {
      if (operation === "create") await place.remove(key);
      return await proceed();
    },
    list: (_call, proceed) => proceed(),
  });
}

/** Looks before it creates, and others may come in between. */
function racy(place: Backend): Backend {
  return intercept(place, {
    call: async ({ operation, key }, proceed) => {
      if (operation === "create" && (await place.stat(key)) !== undefined)
        throw new LedgerError("EXISTS", "the key exists", { key });
      return await proceed();
    },
    list: (_call, proceed) => proceed(),
  });
}
