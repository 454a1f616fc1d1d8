import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, copyRuns, type Ledger, LedgerError, openLedger } from "../../src/index.ts";
import { generateSigner } from "../../src/seal/index.ts";
import { type FaultMode, faultyBackend } from "../../src/testing/index.ts";
import { objectsOnly } from "../journal/records.ts";
import { stride } from "../rounds.ts";
import { contentsOf, shown } from "./stores.ts";

const open = async (backend: Backend): Promise<Ledger> => await openLedger(backend, { onError: () => {} });
const start = { environment: false, flush: { intervalMs: 1e9 } } as const;

/** A ledger with a run that was closed twice, with a deleted one that a fork follows, and with a sealed one. */
async function source(): Promise<Backend> {
  const backend = memoryBackend();
  const ledger = await open(backend);
  const twice = await ledger.startRun({ ...start, id: "twice" });
  twice.log({ loss: 1 });
  await twice.logArtifact("model", new Uint8Array(9), { aliases: ["best"] });
  await twice.finish();
  const again = await ledger.resumeRun("twice", { mode: "exclusive", flush: start.flush });
  again.log({ loss: 2 });
  again.logText("note", "x".repeat(10_000), { step: 1 });
  await again.finish();
  const origin = await ledger.startRun({ ...start, id: "origin" });
  origin.log({ loss: 3 }, { step: 0 });
  await origin.finish();
  await ledger.deleteRun("origin");
  const fork = await ledger.startRun({ ...start, id: "fork", forkOf: { run: "origin", step: 0 } });
  await fork.useArtifact("model:best");
  await fork.finish();
  const sealed = await ledger.startRun({ ...start, id: "sealed" });
  sealed.log({ loss: 4 });
  await sealed.finish();
  await ledger.seal("sealed", { signer: await generateSigner() });
  return backend;
}

/** Opens a ledger in whose store a fault strikes the call with the number `at` after the opening. */
async function openFaulty(place: Backend, mode: FaultMode, at: number) {
  const opening = faultyBackend(place);
  await open(opening);
  const call = opening.operations.count + at;
  const faulty = faultyBackend(place, { mode, at: call });
  return { faulty, ledger: await open(faulty), isOver: () => faulty.operations.count < call };
}

const MODES: readonly FaultMode[] = ["crash-before", "crash-after", "torn", "lost-ack"];

test.each([
  ["that appends", () => memoryBackend()],
  ["of objects", () => objectsOnly()],
])(
  "a copy into a store %s, killed at each call, shows whole runs only, and the next one completes it",
  async (_n, make) => {
    const from = await source();
    const a = await open(from);
    const wanted = await shown(a);
    const whole = make();
    await copyRuns(a, await open(whole), { view: "all" });
    const contents = await contentsOf(whole);
    let most = 0;
    for (const mode of MODES) {
      for (let at = 1 + (MODES.indexOf(mode) % stride(5)); ; at += stride(5)) {
        const place = make();
        await open(place);
        const { faulty, ledger: b, isOver } = await openFaulty(place, mode, at);
        await copyRuns(a, b, { view: "all" }).catch(() => {});
        await b.close().catch(() => {});
        if (isOver()) break;
        expect(faulty.operations.log.some(({ fault }) => fault === mode)).toBe(true);
        most = Math.max(most, at);
        const now = await open(place);
        for (const run of await shown(now)) expect(wanted).toContainEqual(run);
        const { runs, unreadable } = await now.searchRuns({ view: "all", fields: ["id"] });
        expect(unreadable).toBe(undefined);
        for (const { id } of runs) expect((await now.verify(id)).problems).toEqual([]);
        // Also those that no search shows.
        for (const id of ["twice", "origin", "fork", "sealed"]) {
          const found = await now.getRun(id).catch((error: unknown) => error);
          if (LedgerError.is(found)) expect(["RUN_NOT_FOUND", "CORRUPT"]).toContain(found.code);
          else expect(found).toEqual(await a.getRun(id));
        }
        const { conflicts, copied, skipped } = await copyRuns(a, now, { view: "all" });
        expect(conflicts).toEqual([]);
        expect(copied.length + skipped.length).toBe(4);
        expect(await contentsOf(place)).toEqual(contents);
        expect(await shown(now)).toEqual(wanted);
        expect((await now.verify()).problems).toEqual([]);
        expect(await copyRuns(a, now, { view: "all" })).toMatchObject({ copied: [], bytes: 0 });
      }
    }
    expect(most).toBeGreaterThan(30);
  },
);

test("a copy of a run that goes on, killed at each call, shows what the run was at some time", async () => {
  for (let at = 1; ; at += stride(3)) {
    const from = memoryBackend();
    const a = await open(from);
    const place = memoryBackend();
    const plain = await open(place);
    const run = await a.startRun({ ...start, id: "run" });
    const seen: number[] = [];
    for (let i = 0; i < 3; i++) run.log({ loss: i });
    await run.flush();
    await copyRuns(a, plain);
    for (let i = 3; i < 5; i++) run.log({ loss: i });
    const others = [];
    for (let i = 0; i < 3; i++) {
      const other = await (await open(from)).resumeRun("run", { flush: start.flush });
      other.log({ loss: 10 + i });
      await other.flush();
      others.push(other);
    }
    await run.finish();
    const { ledger: b, isOver } = await openFaulty(place, at % 2 ? "crash-after" : "torn", at);
    await copyRuns(a, b).catch(() => {});
    const { values } = await plain.history("run", "loss");
    seen.push(values.length);
    // A torn append leaves what a torn write of the run itself leaves: readers pass over it.
    const { damage } = await plain.getRun("run");
    expect(damage.filter(({ kind }) => kind !== "torn-tail")).toEqual([]);
    expect(values.length).toBeGreaterThanOrEqual(3);
    expect((await copyRuns(a, plain)).conflicts).toEqual([]);
    for (const other of others) await other.finish();
    expect((await copyRuns(a, plain)).copied).toEqual(["run"]);
    expect(await shown(plain)).toEqual(await shown(a));
    expect([...(await contentsOf(place)).keys()].sort()).toEqual([...(await contentsOf(from)).keys()].sort());
    expect((await plain.verify()).problems).toEqual([]);
    if (isOver()) break;
  }
});

test("an object of the target that is not the source's is found before the run shows", async () => {
  const a = await open(await source());
  const target = memoryBackend();
  const whole = memoryBackend();
  await copyRuns(a, await open(whole));
  const key = "runs/twice/metrics.0002.parquet";
  const bytes = await whole.read(key);
  bytes[20]! ^= 1;
  const b = await open(target);
  await target.create(key, bytes);
  expect((await copyRuns(a, b, { filter: "id = 'twice'" })).conflicts).toEqual([
    { id: "twice", message: expect.stringContaining("other bytes") },
  ]);
  expect((await b.searchRuns()).runs).toEqual([]);
});
