import { beforeAll, expect, test } from "vitest";
import { ArtifactStore } from "../../../src/artifacts/store.ts";
import type { ArtifactVersion } from "../../../src/artifacts/version.ts";
import { memoryBackend } from "../../../src/backends/memory/index.ts";
import { type Backend, type Ledger, LedgerError, openLedger } from "../../../src/index.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { type FaultMode, faultyBackend, seededIds } from "../../../src/testing/index.ts";
import { objectsOnly } from "../../journal/records.ts";
import { rounds, stride } from "../../rounds.ts";
import { seededRandom } from "../../seeded-random.ts";
import { type Actor, Scheduler } from "../fencing/scheduler.ts";

const quiet = { onError: () => {} };
const content = (seed: number): Uint8Array => new Uint8Array(300).map((_, i) => (i * seed) % 251);
const REMOVE = { dryRun: false, graceMs: 0, takeOver: true };

/** Two versions that stay, and garbage: two versions that were removed, a purged run, and a spool. */
async function filled(backend: Backend): Promise<void> {
  const ledger = await openLedger(backend, quiet);
  const run = await ledger.startRun({ environment: false });
  for (const seed of [1, 2, 3, 4]) await run.logArtifact(`a${seed}`, content(seed));
  run.log({ loss: 1 });
  await run.finish();
  for (const name of ["a3", "a4"]) await ledger.removeArtifact(`${name}:v0`);
  const purged = await ledger.startRun({ environment: false });
  await purged.logText("text", "gone ".repeat(20_000));
  await purged.finish();
  await ledger.purgeRun(purged.id);
  await backend.create("blobs/incoming/left", new Uint8Array(5));
}

/** Loads what is loaded on demand: a scheduler takes a process that waits for a module for one that is stuck. */
beforeAll(async () => {
  const backend = memoryBackend();
  await filled(backend);
  const ledger = await openLedger(backend, quiet);
  await ledger.gc(REMOVE);
  const run = await ledger.startRun({ environment: false });
  await run.logArtifact("a", content(7));
  await run.finish();
  await ledger.verify();
});

async function keys(backend: Backend, prefix = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of backend.list(prefix)) found.push(key);
  return found;
}

/** Returns what of these versions cannot be read. */
async function unreadable(ledger: Ledger, versions: readonly (ArtifactVersion | string)[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const version of versions) {
    const check = await ledger.openArtifact(version).then(
      (opened) => opened.verify(),
      (error: unknown) => ({ intact: false, error }),
    );
    if (!check.intact) wrong.push(typeof version === "string" ? version : `${version.name}:${version.version}`);
  }
  return wrong;
}

const MODES: readonly FaultMode[] = ["crash-before", "crash-after", "error-before", "lost-ack", "late"];

test.each(MODES)(
  "%s at every operation of gc: nothing in use is removed, and a second call completes",
  async (mode) => {
    for (let at = 1, isOver = false; !isOver; at += stride(7)) {
      const inner = objectsOnly();
      await filled(inner);
      const backend = faultyBackend(inner, [{ at, mode }]);
      const ended = await openLedger(backend, quiet)
        .then((ledger) => ledger.gc(REMOVE))
        .catch((error: unknown) => error);
      isOver = backend.operations.log.length < at;
      if (mode === "late") await backend.settle();
      const after = await openLedger(inner, quiet);
      expect(await unreadable(after, ["a1", "a2"]), `${mode} ${at}`).toEqual([]);
      expect((await after.verify()).problems, `${mode} ${at}`).toEqual([]);
      // A writer meets what is left of the collection.
      const run = await after.startRun({ environment: false });
      const logged = await run.logArtifact("again", content(3)).catch((error: unknown) => {
        if (!LedgerError.hasCode(error, "CONFLICT")) throw error;
        return undefined;
      });
      await run.finish();
      await after.gc(REMOVE);
      expect((await after.gc()).removed, `${mode} ${at} ${String(ended)}`).toEqual([]);
      expect(await unreadable(after, ["a1", "a2", ...(logged ? [logged] : [])]), `${mode} ${at}`).toEqual([]);
      expect((await after.verify()).problems, `${mode} ${at}`).toEqual([]);
      expect(await keys(inner, "blobs/incoming")).toEqual([]);
    }
  },
);

/** What a defect hides from an actor. */
type Defect = "writers do not look" | "collectors mark once";

/**
 * Two writers log what is garbage, one or two collectors remove it, and two writers that stalled in runs that others
 * closed log it, too. Returns the versions that were acknowledged and cannot be read, and what happened.
 */
async function play(
  seed: number,
  defect?: Defect,
): Promise<{ wrong: string[]; acked: number; removed: number; trace: string[] }> {
  const random = seededRandom(seed);
  const inner = memoryBackend();
  await filled(inner);
  const scheduler = new Scheduler(random, random() < 0.5);
  const acked: ArtifactVersion[] = [];
  let removed = 0;
  const actor = (name: string, lie?: Actor["lie"]): Actor => ({ name, dead: false, fate: () => "made", lie });
  const blind: Actor["lie"] = ({ operation, key }) =>
    defect === "writers do not look" && operation === "list" && key === "gc" ? { instead: [] } : undefined;
  const tolerant = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!LedgerError.hasCode(error, "CONFLICT")) throw error;
    }
  };
  const programs = [];
  // A run that is open keeps collectors from removing, so half of the orders have none.
  const withRuns = defect === undefined && random() < 0.5;
  for (const [i, name] of withRuns ? ["first", "second"].entries() : []) {
    const own = actor(name, blind);
    const ledger = await openLedger(scheduler.backend(inner, own), {
      ...quiet,
      ids: seededIds(seed * 10 + i, Date.now),
    });
    const seeds = random() < 0.5 ? [3, 4] : [4];
    programs.push({
      actor: own,
      work: async () => {
        const run = await ledger.startRun({ environment: false });
        for (const each of seeds)
          await tolerant(async () => acked.push(await run.logArtifact(`by-${name}`, content(each))));
        await run.finish();
      },
    });
  }
  for (const [i, name] of ["stalled", "late"].entries()) {
    const own = actor(name, blind);
    const store = new ArtifactStore({
      backend: scheduler.backend(inner, own),
      clock: systemClock,
      ids: seededIds(seed * 10 + 6 + i, Date.now),
      readTable: () => Promise.reject(new Error("not used")),
    });
    programs.push({
      actor: own,
      work: () => tolerant(async () => acked.push(await store.log(`by-${name}`, content(3 + i)))),
    });
  }
  for (const [i, name] of (random() < 0.5 ? ["collector", "other"] : ["collector"]).entries()) {
    // A listing of artifacts from before the writers, each time.
    const before: { key: string; size: number }[] = [];
    for await (const entry of inner.list("artifacts")) before.push(entry);
    const stale: Actor["lie"] = ({ operation, key }) =>
      defect === "collectors mark once" && operation === "list" && key === "artifacts"
        ? { instead: before }
        : undefined;
    const own = actor(name, stale);
    const ledger = await openLedger(scheduler.backend(inner, own), {
      ...quiet,
      ids: seededIds(seed * 10 + 3 + i, Date.now),
    });
    programs.push({
      actor: own,
      work: async () => {
        for (let calls = 0; calls < 2; calls++)
          await tolerant(async () => void (removed += (await ledger.gc({ dryRun: false, graceMs: 0 })).removed.length));
      },
    });
  }
  await scheduler.run(programs);
  const after = await openLedger(inner, quiet);
  const wrong = await unreadable(after, ["a1", "a2", ...acked]);
  const { problems } = await after.verify();
  return { wrong: [...wrong, ...problems.map(({ key }) => key)], acked: acked.length, removed, trace: scheduler.trace };
}

test("writers and collectors in any order: what is acknowledged can be read", async () => {
  let [acked, removed] = [0, 0];
  for (let seed = 1; seed <= rounds(30, 250, "COLLECTIONS"); seed++) {
    const played = await play(seed);
    expect(played.wrong, `seed ${seed}\n${played.trace.join("\n")}`).toEqual([]);
    acked += played.acked;
    removed += played.removed;
  }
  // Both come about in the orders that were tried.
  expect(acked).toBeGreaterThan(20);
  expect(removed).toBeGreaterThan(20);
});

test.each<Defect>(["writers do not look", "collectors mark once"])("finds a defect: %s", async (defect) => {
  for (let seed = 1; seed <= 400; seed++) if ((await play(seed, defect)).wrong.length > 0) return;
  expect.fail("no order showed it");
});
