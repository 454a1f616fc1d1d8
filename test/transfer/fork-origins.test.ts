import { describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, copyRuns, type Ledger, openLedger } from "../../src/index.ts";

const open = async (backend: Backend = memoryBackend()): Promise<Ledger> => await openLedger(backend);
const start = { environment: false } as const;

/** A run, a fork of it, and a fork of that one. */
async function forks(): Promise<Ledger> {
  const ledger = await open();
  await ledger.withRun({ ...start, id: "base" }, (run) => run.log({ loss: 1 }));
  for (const [id, run] of [
    ["fork", "base"],
    ["twig", "fork"],
  ] as const)
    await ledger.withRun({ ...start, id, experiment: id, forkOf: { run, step: 0 } }, (run) => run.log({ loss: 2 }));
  return ledger;
}

async function foreign(): Promise<Ledger> {
  const ledger = await open();
  await ledger.withRun({ ...start, id: "base" }, (run) => run.log({ loss: 777 }));
  return ledger;
}

const exported = async (ledger: Ledger, id: string): Promise<Uint8Array> => {
  const stream = await ledger.exportRun(id, { format: "zip" });
  return new Uint8Array(await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer());
};

const idsOf = async (ledger: Ledger): Promise<string[]> =>
  (await ledger.searchRuns({ view: "all" })).runs.map(({ id }) => id).sort();

describe("a fork is copied only to a ledger with its origin", () => {
  test.each([true, false])("not to one with another run of that id (dependencies: %s)", async (dependencies) => {
    const [a, b] = [await forks(), await foreign()];
    const { copied, conflicts } = await copyRuns(a, b, { dependencies });
    expect(copied).toEqual([]);
    expect(conflicts.map(({ id }) => id).sort()).toEqual(["base", "fork", "twig"]);
    expect(conflicts.find(({ id }) => id === "fork")!.message).toContain("run base, and the target has another run");
    expect(await idsOf(b)).toEqual(["base"]);
  });

  test("not without it, because another run may get the id later", async () => {
    const [a, b] = [await forks(), await open()];
    const { copied, conflicts } = await copyRuns(a, b, { experiment: "twig", dependencies: false });
    expect([copied, conflicts.map(({ id }) => id)]).toEqual([[], ["twig"]]);
    expect(await idsOf(b)).toEqual([]);
  });

  test("and after it, whatever the order in which searches find them", async () => {
    const a = await forks();
    for (const dependencies of [true, false]) {
      const b = await open();
      const { copied, conflicts } = await copyRuns(a, b, { dependencies });
      expect([copied.length, conflicts]).toEqual([3, []]);
      expect(await b.history("twig", "loss")).toEqual(await a.history("twig", "loss"));
      expect((await copyRuns(a, b, { dependencies })).skipped.length).toBe(3);
    }
  });

  test("an origin that was purged in the target is a conflict, and one that was purged in the source stays so", async () => {
    const [a, b, c] = [await forks(), await open(), await open()];
    await copyRuns(a, b, { filter: "run_id = 'base'" });
    await b.purgeRun("base");
    expect((await copyRuns(a, b)).conflicts.map(({ id }) => id).sort()).toEqual(["base", "fork", "twig"]);
    await a.purgeRun("base");
    expect((await copyRuns(a, c)).copied.sort()).toEqual(["fork", "twig"]);
    expect(await c.history("twig", "loss")).toEqual(await a.history("twig", "loss"));
    await expect(c.startRun({ ...start, id: "base" })).rejects.toThrow("purged");
    expect((await c.verify()).problems).toEqual([]);
  });
});

test("the archive of a fork is imported only where its origins are", async () => {
  const a = await forks();
  const zips = { base: await exported(a, "base"), fork: await exported(a, "fork"), twig: await exported(a, "twig") };
  const key = "runs/base/run.created.json";
  for (const b of [await open(), await foreign()]) {
    const before = await idsOf(b);
    for (const zip of [zips.fork, zips.twig]) {
      await expect(b.importRun(zip)).rejects.toMatchObject({ code: "CONFLICT" });
      await expect(b.importRun(zip, { onConflict: "skip" })).rejects.toThrow(/inherits points from run (base|fork)/);
    }
    await expect(b.importRun(zips.fork)).rejects.toMatchObject({ key });
    expect(await idsOf(b)).toEqual(before);
  }
  const c = await open();
  for (const zip of [zips.base, zips.fork, zips.twig]) await c.importRun(zip);
  expect(await c.history("twig", "loss")).toEqual(await a.history("twig", "loss"));
});
