import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, copyRuns, type Ledger, openLedger } from "../../src/index.ts";
import { countingBackend } from "../../src/testing/index.ts";
import { objectsOnly } from "../journal/records.ts";
import { closedRuns, opener, places } from "../run-objects/closed-runs.ts";
import { rounds, sampled } from "../rounds.ts";
import { contentsOf, shown } from "./stores.ts";

const directories: string[] = [];
afterAll(async () => {
  for (const each of directories) await rm(each, { recursive: true });
});

async function onDisk(): Promise<Backend> {
  const directory = await mkdtemp(join(tmpdir(), "copy-"));
  directories.push(directory);
  return fsBackend(directory);
}

const open = async (backend: Backend): Promise<Ledger> => await openLedger(backend, { onError: () => {} });
const start = { environment: false, flush: { intervalMs: 1e9 } } as const;

describe.each(sampled(places, 2))("runs of every kind, from a store that %s", (_name, make) => {
  test("are the same, byte for byte, after each of the stores that they are copied through", async () => {
    const first = make();
    for (const add of Object.values(closedRuns)) await add(opener(first), first);
    const ledger = await open(first);
    const [deleted] = (await ledger.searchRuns({ limit: 1 })).runs;
    await ledger.deleteRun(deleted!.id);
    const wanted = await shown(ledger);
    expect(wanted.length).toBeGreaterThan(5);
    // Leftovers of closed runs do not belong to them, so the second store is what the others must be.
    let from = first;
    let before: Awaited<ReturnType<typeof contentsOf>> | undefined;
    for (const to of [await onDisk(), objectsOnly(), await onDisk()].slice(0, rounds(2, 3))) {
      const [a, b] = [await open(from), await open(to)];
      const { copied, skipped, conflicts, bytes } = await copyRuns(a, b, { view: "all" });
      expect(conflicts).toEqual([]);
      expect(copied.length).toBe(wanted.length);
      expect(skipped).toEqual([]);
      const now = await contentsOf(to);
      if (before) expect(now).toEqual(before);
      const sizes = [...now].filter(([key]) => !/\/(digests|aliases)\//.test(key)).map(([, { size }]) => size);
      expect(bytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
      expect(await shown(b)).toEqual(wanted);
      expect((await b.verify()).problems).toEqual([]);
      const again = await copyRuns(a, b, { view: "all" });
      expect(again).toMatchObject({ copied: [], conflicts: [], bytes: 0 });
      expect(await contentsOf(to)).toEqual(now);
      [from, before] = [to, now];
    }
  });
});

test("a second copy costs a fixed number of requests a run, and changes nothing", async () => {
  const [from, to] = [countingBackend(memoryBackend()), countingBackend(objectsOnly())];
  const [a, b] = [await open(from), await open(to)];
  const add = async (runs: number): Promise<void> => {
    for (let i = 0; i < runs; i++) {
      const run = await a.startRun(start);
      run.log({ loss: i });
      await run.logArtifact("data", new Uint8Array(100).fill(i));
      await run.finish();
    }
  };
  const costs = async (): Promise<{ from: number; to: number }> => {
    await copyRuns(a, b);
    for (const ledger of [a, b]) await ledger.compactCatalog();
    await copyRuns(a, b);
    from.reset();
    to.reset();
    await copyRuns(a, b);
    const { create, append, remove, requests } = to.counters;
    expect({ create, append, remove }).toEqual({ create: 0, append: 0, remove: 0 });
    return { from: from.counters.requests, to: requests };
  };
  await add(10);
  const few = await costs();
  await add(10);
  const more = await costs();
  // A listing and the newest document, a listing and the manifest of each version, a look at collections. The blobs are
  // those of the first runs.
  expect(more.to - few.to).toBe(50);
  // A listing, the newest document twice, four looks, and each manifest.
  expect(more.from - few.from).toBeLessThanOrEqual(81);
});

describe("a run that goes on", () => {
  test.each([
    ["disk", "disk", onDisk, onDisk],
    ["disk", "a bucket", onDisk, async () => objectsOnly()],
    ["a bucket", "disk", async () => objectsOnly(), onDisk],
    ["a bucket", "a bucket", async () => objectsOnly(), async () => objectsOnly()],
  ])("is copied from %s to %s up to what is acknowledged, and completed later", async (_a, _b, makeFrom, makeTo) => {
    const [from, to] = [await makeFrom(), await makeTo()];
    const [a, b] = [await open(from), await open(to)];
    const run = await a.startRun({ ...start, experiment: "e" });
    const seen: number[] = [];
    const copy = async (): Promise<void> => {
      expect((await copyRuns(a, b)).conflicts).toEqual([]);
      const { values } = await b.history(run.id, "loss");
      seen.push(values.length);
      expect(values).toEqual((await a.history(run.id, "loss")).values);
      expect((await b.getRun(run.id)).damage).toEqual([]);
    };
    run.log({ loss: 1 });
    await run.flush();
    await copy();
    for (let i = 0; i < 20; i++) {
      run.log({ loss: i });
      if (i % 3 === 0) await run.flush();
    }
    const other = await (await open(from)).resumeRun(run.id, { flush: start.flush });
    other.log({ loss: 100 });
    await other.flush();
    const third = await (await open(from)).resumeRun(run.id, { flush: start.flush });
    third.log({ loss: 100 });
    await third.flush();
    await run.flush();
    await copy();
    expect((await copyRuns(a, b)).copied).toEqual([]);
    await run.logArtifact("model", new Uint8Array(10));
    await run.flush();
    await copy();
    await other.finish();
    await third.finish();
    await run.finish();
    await copy();
    expect(seen).toEqual([1, 23, 23, 23]);
    expect((await b.getRun(run.id)).status).toBe("finished");
    expect((await b.searchRuns({ filter: "status = 'finished'" })).runs.length).toBe(1);
    // The journals that the copies of the open run stored.
    expect([...(await contentsOf(to)).keys()].filter((key) => key.includes("/journal/"))).toEqual([]);
    const resumed = await a.resumeRun(run.id, { flush: start.flush });
    resumed.log({ loss: 7 });
    await resumed.finish();
    await copy();
    expect(await shown(b)).toEqual(await shown(a));
    expect((await b.verify()).problems).toEqual([]);
  });

  test("in both ledgers is a conflict, and in the target alone it is not", async () => {
    const [from, to] = [memoryBackend(), memoryBackend()];
    const [a, b] = [await open(from), await open(to)];
    const run = await a.startRun(start);
    await run.finish();
    await copyRuns(a, b);
    const there = await b.resumeRun(run.id, { flush: start.flush });
    there.log({ loss: 1 });
    await there.finish();
    expect(await copyRuns(a, b)).toMatchObject({ copied: [], skipped: [run.id], conflicts: [] });
    const here = await a.resumeRun(run.id, { flush: start.flush });
    here.log({ loss: 2 });
    await here.finish();
    const before = await contentsOf(to);
    const { conflicts } = await copyRuns(a, b);
    expect(conflicts).toEqual([{ id: run.id, message: expect.stringContaining("went on") }]);
    expect(await contentsOf(to)).toEqual(before);
  });
});

test("ledgers with experiments of one name merge, and other runs under one id are conflicts", async () => {
  const [a, b] = [await open(memoryBackend()), await open(memoryBackend())];
  for (const ledger of [a, b])
    for (let i = 0; i < 2; i++) await (await ledger.startRun({ ...start, experiment: "e" })).finish();
  for (const ledger of [a, b]) await (await ledger.startRun({ ...start, experiment: "e", id: "same" })).finish();
  const { copied, conflicts } = await copyRuns(a, b, { experiment: "e" });
  expect(copied.length).toBe(2);
  expect(conflicts).toEqual([{ id: "same", message: expect.stringContaining("another run with the id") }]);
  expect((await b.searchRuns({ experiment: "e" })).runs.length).toBe(5);
  expect((await b.experiments()).map(({ runs }) => runs)).toEqual([5]);
});

test("another version under one number is a conflict of its run, of which nothing is copied", async () => {
  const target = memoryBackend();
  const [a, b] = [await open(memoryBackend()), await open(target)];
  const log = async (ledger: Ledger, content: number, aliases: string[] = []): Promise<string> => {
    const run = await ledger.startRun(start);
    await run.logArtifact("model", new Uint8Array(1000).fill(content), { aliases });
    await run.finish();
    return run.id;
  };
  const clashing = await log(a, 1, ["first"]);
  const fine = await log(a, 2, ["best", "second"]);
  const own = await log(b, 3, ["best"]);
  const before = await contentsOf(target);
  const { copied, conflicts } = await copyRuns(a, b);
  expect(copied).toEqual([fine]);
  expect(conflicts).toEqual([
    { id: clashing, message: expect.stringContaining("another version as model:v0") },
    { id: "model:best", message: expect.stringContaining("means v0 in the target and v1") },
  ]);
  const after = await contentsOf(target);
  for (const [key, bytes] of before) expect(after.get(key)).toEqual(bytes);
  expect([...after.keys()].filter((key) => key.includes(clashing))).toEqual([]);
  expect([...after.keys()].filter((key) => key.startsWith("blobs/")).length).toBe(2);
  const versions = await b.artifactVersions("model");
  expect(versions.map(({ version, aliases, runId }) => [version, aliases, runId])).toEqual([
    ["v0", ["best"], own],
    ["v1", ["second"], fine],
  ]);
});

test("parents, origins of forks and versions that runs used are copied, unless the caller wants none", async () => {
  const a = await open(memoryBackend());
  const parent = await a.startRun({ ...start, experiment: "p" });
  await parent.logArtifact("data", new Uint8Array(5), { aliases: ["good"] });
  await parent.finish();
  const origin = await a.startRun({ ...start, experiment: "p", parent: parent.id });
  for (let step = 0; step < 5; step++) origin.log({ loss: step }, { step });
  await origin.finish();
  const fork = await a.startRun({ ...start, experiment: "f", forkOf: { run: origin.id, step: 2 } });
  await fork.useArtifact("data:good");
  fork.log({ loss: 9 }, { step: 3 });
  await fork.finish();

  const bare = await open(memoryBackend());
  // A fork without its origin would have other points.
  for (const [experiment, ids] of [
    ["f", []],
    ["p", [origin.id]],
    ["f", [fork.id]],
  ] as const) {
    const filter = `run_id != '${parent.id}'`;
    expect((await copyRuns(a, bare, { experiment, filter, dependencies: false })).copied).toEqual(ids);
  }
  await expect(bare.openArtifact("data")).rejects.toMatchObject({ code: "ARTIFACT_NOT_FOUND" });
  // What is missing comes with the next copy.
  for (const to of [bare, await open(objectsOnly())]) {
    const { copied, skipped } = await copyRuns(a, to, { experiment: "f" });
    expect([...copied, ...skipped].sort()).toEqual([parent.id, origin.id, fork.id].sort());
    expect(skipped.sort()).toEqual(to === bare ? [origin.id, fork.id].sort() : []);
    expect((await to.history(fork.id, "loss")).values).toEqual(Float64Array.of(0, 1, 2, 9));
    expect(await (await to.openArtifact("data:good")).read()).toEqual(new Uint8Array(5));
    expect((await to.verify()).problems).toEqual([]);
  }
});

test("damaged runs are conflicts, and the others are copied", async () => {
  const from = memoryBackend();
  const [a, b] = [await open(from), await open(memoryBackend())];
  const ids: string[] = [];
  const damaged = async (damage: (id: string) => string): Promise<void> => {
    const run = await a.startRun(start);
    run.log({ loss: 1 });
    const { digest } = await run.logArtifact(`data-${ids.length}`, new Uint8Array(3_000_000).fill(ids.length));
    await run.finish();
    ids.push(run.id);
    const key = damage(run.id).replace("BLOB", `blobs/sha256/${digest.slice(7, 9)}/${digest.slice(7)}`);
    if (key === "") return;
    const bytes = await from.read(key);
    bytes[bytes.length >> 1]! ^= 1;
    await from.remove(key);
    await from.create(key, bytes);
  };
  await damaged((id) => `runs/${id}/metrics.parquet`);
  await damaged(() => "BLOB");
  await damaged((id) => `runs/${id}/run.json`);
  await damaged(() => "");
  const { copied, conflicts } = await copyRuns(a, b);
  expect(copied).toEqual([ids[3]]);
  expect(conflicts.map(({ id }) => id).sort()).toEqual(ids.slice(0, 3).sort());
  expect((await b.searchRuns()).runs.map(({ id }) => id)).toEqual([ids[3]]);
});

test("an abort ends the copy, progress is told, and wrong arguments are refused", async () => {
  const [a, b] = [await open(memoryBackend()), await open(memoryBackend())];
  for (let i = 0; i < 9; i++) await (await a.startRun(start)).finish();
  const stop = new AbortController();
  const told: number[] = [];
  const onProgress = ({ runs }: { runs: number }): void => {
    told.push(runs);
    if (runs === 2) stop.abort(new Error("enough"));
  };
  await expect(copyRuns(a, b, { signal: stop.signal, onProgress })).rejects.toThrow("enough");
  expect(told.slice(0, 2)).toEqual([1, 2]);
  const { copied, skipped } = await copyRuns(a, b);
  expect(skipped.length).toBeGreaterThanOrEqual(2);
  expect(copied.length + skipped.length).toBe(9);
  const refusals: [never[], string][] = [
    [[{}, b] as never[], "from"],
    [[a, undefined] as never[], "to"],
    [[a, b, { dependencies: 1 }] as never[], "dependencies"],
    [[a, b, { onProgress: 1 }] as never[], "onProgress"],
    [[a, b, { filter: "(" }] as never[], "filter"],
  ];
  for (const [args, field] of refusals)
    await expect(copyRuns(...(args as unknown as Parameters<typeof copyRuns>))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      field: expect.stringContaining(field) as string,
    });
});

test("what was removed for good on one side does not come back, and does not vanish from the other", async () => {
  const [a, b, c] = [await open(memoryBackend()), await open(memoryBackend()), await open(memoryBackend())];
  const run = await a.startRun(start);
  for (let i = 0; i < 3; i++) await run.logArtifact("model", new Uint8Array(10).fill(i));
  await run.finish();
  const user = await a.startRun(start);
  await user.useArtifact("model:v1");
  await user.finish();
  await copyRuns(a, b);
  await b.removeArtifact("model:v0");
  await a.removeArtifact("model:v1");
  expect(await copyRuns(a, b)).toMatchObject({ copied: [], conflicts: [], bytes: 0 });
  const versions = async (ledger: Ledger): Promise<string[]> =>
    (await ledger.artifactVersions("model")).map(({ version }) => version);
  expect(await versions(b)).toEqual(["v1", "v2"]);
  expect((await copyRuns(a, c)).conflicts).toEqual([]);
  expect(await versions(c)).toEqual(["v0", "v2"]);
  await expect(c.openArtifact("model:v1")).rejects.toThrow("was removed");
  expect((await c.verify()).problems).toEqual([]);

  await b.purgeRun(run.id);
  expect((await copyRuns(a, b)).conflicts).toEqual([{ id: run.id, message: expect.stringContaining("was purged") }]);
  await a.purgeRun(run.id);
  expect((await copyRuns(a, c)).skipped).toEqual([user.id]);
  expect((await c.getRun(run.id)).status).toBe("finished");
});

test("sealed runs stay sealed, and a copy of all of an experiment has its chain", async () => {
  const [a, b] = [await open(memoryBackend()), await open(objectsOnly())];
  const ids: string[] = [];
  for (let i = 0; i < 3; i++) {
    const run = await a.startRun({ ...start, experiment: "e" });
    run.log({ loss: i });
    await run.finish();
    await a.seal(run.id);
    ids.push(run.id);
  }
  expect((await copyRuns(a, b)).conflicts).toEqual([]);
  const { problems, sealed } = await b.verify(ids[0]);
  expect([problems, sealed]).toEqual([[], true]);
  expect((await b.verify()).problems).toEqual([]);
  expect(await copyRuns(a, b)).toMatchObject({ copied: [], bytes: 0 });
});
