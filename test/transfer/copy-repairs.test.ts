import { describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, copyRuns, type Ledger, openLedger } from "../../src/index.ts";
import { contentsOf, objectsOf } from "./stores.ts";

const open = async (backend: Backend): Promise<Ledger> => await openLedger(backend, { onError: () => {} });
const start = { environment: false, flush: { intervalMs: 1e9 } } as const;

/** Returns two stores: the second one has a copy of the runs of the first. */
async function copied(): Promise<{ from: Backend; to: Backend; wanted: Awaited<ReturnType<typeof contentsOf>> }> {
  const [from, to] = [memoryBackend(), memoryBackend()];
  const a = await open(from);
  const maker = await a.startRun({ ...start, id: "maker" });
  await maker.logArtifact("data", new Uint8Array(50).fill(1), { aliases: ["good"] });
  await maker.finish();
  const run = await a.startRun({ ...start, id: "run" });
  await run.useArtifact("data:v0");
  run.log({ loss: 0.5 });
  run.logText("note", "x".repeat(70_000));
  await run.logArtifact("model", new Uint8Array(100).fill(2));
  await run.finish();
  await a.seal("run");
  expect((await copyRuns(a, await open(to))).conflicts).toEqual([]);
  return { from, to, wanted: await contentsOf(to) };
}

async function replace(backend: Backend, key: string, bytes: Uint8Array): Promise<void> {
  await backend.remove(key);
  await backend.create(key, bytes);
}

describe("an object that the target lost", () => {
  test("is copied again, whichever it is, and nothing else counts as skipped", async () => {
    const { from, to, wanted } = await copied();
    for (const [key, { size }] of wanted) {
      // An entry of the index of digests only makes a search faster.
      if (key.includes("/digests/")) continue;
      const bytes = await to.read(key);
      await to.remove(key);
      const [a, b] = [await open(from), await open(to)];
      const { copied: again, conflicts, bytes: stored } = await copyRuns(a, b);
      expect([key, conflicts]).toEqual([key, []]);
      if (!key.includes("/aliases/")) {
        expect([key, again.length > 0]).toEqual([key, true]);
        // A manifest may be stored for the runs that made and used it at the same moment.
        expect([key, stored === size || stored === 2 * size]).toEqual([key, true]);
      }
      expect(await to.read(key)).toEqual(bytes);
      expect(await copyRuns(a, b)).toMatchObject({ copied: [], bytes: 0 });
      expect((await b.verify()).problems).toEqual([]);
    }
    expect(await contentsOf(to)).toEqual(wanted);
  });

  test("is copied again if it is an entry of the catalogue", async () => {
    const { from, to } = await copied();
    for (const key of (await objectsOf(to, "experiments")).keys()) if (key.includes("/run.")) await to.remove(key);
    const [a, b] = [await open(from), await open(to)];
    expect((await b.searchRuns()).runs.map(({ id }) => id)).toEqual(["maker"]);
    expect(await copyRuns(a, b)).toMatchObject({ copied: ["run"], skipped: ["maker"], bytes: 0 });
    expect((await b.searchRuns()).runs.length).toBe(2);
    expect((await copyRuns(a, b)).copied).toEqual([]);
  });
});

describe("an object of the target with other bytes of the same size", () => {
  test("is there for a plain copy, and is replaced with `verify` if a digest says what it was", async () => {
    const { from, to, wanted } = await copied();
    const [a, b] = [await open(from), await open(to)];
    for (const [key, { size }] of wanted) {
      if (size === 0 || key.startsWith("artifacts/") || key.startsWith("seals/")) continue;
      // What the copy compares in any case.
      if (/run(\.\d+)?\.json$/.test(key)) continue;
      const bytes = await to.read(key);
      await replace(to, key, new Uint8Array(size));
      expect([key, await copyRuns(a, b)]).toMatchObject([key, { copied: [], conflicts: [], bytes: 0 }]);
      const { conflicts, copied: repaired } = await copyRuns(a, b, { verify: true });
      if (/seal\.(json|objects)$/.test(key)) {
        expect(conflicts).toEqual([{ id: "run", message: expect.stringContaining(`other bytes as ${key}`) }]);
        await replace(to, key, bytes);
      } else {
        expect([key, conflicts, repaired.length]).toEqual([key, [], 1]);
        expect(await to.read(key)).toEqual(bytes);
      }
    }
    expect(await contentsOf(to)).toEqual(wanted);
    expect(await copyRuns(a, b, { verify: true })).toMatchObject({ copied: [], conflicts: [], bytes: 0 });
  });

  test("stays as it is if the source is damaged, too", async () => {
    const { from, to } = await copied();
    const key = "runs/run/metrics.parquet";
    const { length } = await to.read(key);
    for (const backend of [from, to]) await replace(backend, key, new Uint8Array(length));
    const { conflicts } = await copyRuns(await open(from), await open(to), { verify: true });
    expect(conflicts).toEqual([{ id: "run", message: expect.stringContaining("and in the source") }]);
    expect((await to.read(key)).length).toBe(length);
    await expect(copyRuns(await open(from), await open(to), { verify: 1 as never })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      field: "verify",
    });
  });
});
