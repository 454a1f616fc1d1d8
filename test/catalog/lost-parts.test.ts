import { describe, expect, test } from "vitest";
import { memoryBackend, type MemoryBackend } from "../../src/backends/memory/index.ts";
import { type Ledger, type LedgerError, openLedger } from "../../src/index.ts";
import { countingBackend } from "../../src/testing/index.ts";

async function closed(ledger: Ledger, experiment: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const run = await ledger.startRun({ experiment, environment: false });
    run.log({ loss: i });
    await run.finish();
  }
}

const segmentsOf = (backend: MemoryBackend, experiment: string): string[] =>
  [...backend.snapshot().keys()].filter((key) => key.startsWith(`experiments/${experiment}/segments/`)).sort();

async function removeAll(backend: MemoryBackend, wanted: (key: string) => boolean): Promise<void> {
  for (const key of backend.snapshot().keys()) if (wanted(key)) await backend.remove(key);
}

/** 50 runs of `alpha` in segments of 40 and 10 rows, 9 runs of `beta` in one, and an open run of `alpha`. */
async function place(): Promise<MemoryBackend> {
  const backend = memoryBackend();
  backend.restore(await (contents ??= makeContents()));
  return backend;
}

let contents: Promise<ReadonlyMap<string, Uint8Array>> | undefined;

async function makeContents(): Promise<ReadonlyMap<string, Uint8Array>> {
  const backend = memoryBackend();
  const ledger = await openLedger(backend);
  await closed(ledger, "alpha", 40);
  await ledger.searchRuns({ experiment: "alpha", limit: 1 });
  await ledger.close();
  await closed(ledger, "alpha", 10);
  await closed(ledger, "beta", 9);
  await ledger.searchRuns({ limit: 1 });
  await ledger.close();
  await ledger.startRun({ experiment: "alpha", environment: false });
  expect([segmentsOf(backend, "alpha").length, segmentsOf(backend, "beta").length]).toEqual([2, 1]);
  return backend.snapshot();
}

const harms: { [name: string]: (backend: MemoryBackend) => Promise<void> } = {
  "the one segment of an experiment": (backend) => backend.remove(segmentsOf(backend, "beta")[0]!),
  "a segment that another one names": (backend) => backend.remove(segmentsOf(backend, "alpha")[0]!),
  "all segments of an experiment": (backend) => removeAll(backend, (key) => key.includes("alpha/segments/")),
  "an experiment's part without its entries": async (backend) => {
    await removeAll(backend, (key) => key.startsWith("experiments/alpha/segments"));
    await removeAll(backend, (key) => key.startsWith("experiments/beta/"));
  },
  "the whole catalogue": (backend) => removeAll(backend, (key) => key.startsWith("experiments/")),
};

describe.each(Object.entries(harms))("%s is removed", (_, harm) => {
  test.each([undefined, "alpha", "beta"])(
    "a search of %s notices it, reports it, and restores the catalogue",
    async (experiment) => {
      const backend = await place();
      await harm(backend);
      const told: LedgerError[] = [];
      const expected = { alpha: 51, beta: 9, undefined: 60 }[`${experiment}`]!;
      const query = { ...(experiment !== undefined && { experiment }) };
      const count = async (): Promise<number> => {
        const ledger = await openLedger(backend, { onError: (error) => told.push(error) });
        const { runs } = await ledger.searchRuns({ ...query, limit: 1000 });
        expect((await ledger.summarise(query)).reduce((sum, group) => sum + group.runs, 0)).toBe(runs.length);
        await ledger.close();
        return runs.length;
      };
      expect(await count()).toBe(expected);
      const before = told.length;
      expect(await count()).toBe(expected);
      expect(told).toHaveLength(before);
    },
  );
});

test("in an open ledger, too, even if a run was started since", async () => {
  const backend = await place();
  const told: LedgerError[] = [];
  const ledger = await openLedger(backend, { onError: (error) => told.push(error) });
  const count = async (experiment?: string): Promise<number> => {
    const { runs } = await ledger.searchRuns({ ...(experiment !== undefined && { experiment }), limit: 1000 });
    await ledger.close();
    return runs.length;
  };
  expect([await count("beta"), await count("alpha"), await count()]).toEqual([9, 51, 60]);
  await removeAll(backend, (key) => key.startsWith("experiments/beta/"));
  await closed(ledger, "beta", 1);
  expect([await count("beta"), await count()]).toEqual([10, 61]);
  expect(told).toMatchObject([{ code: "CORRUPT", key: "experiments/beta/segments" }]);
  await removeAll(backend, (key) => key.startsWith("experiments/"));
  await closed(ledger, "alpha", 1);
  expect([await count(), await count("alpha")]).toEqual([62, 52]);
});

test("a segment of another experiment instead of the right one is reported", async () => {
  const backend = await place();
  const [alpha] = segmentsOf(backend, "alpha");
  const [beta] = segmentsOf(backend, "beta");
  const bytes = await backend.read(alpha!);
  await backend.remove(beta!);
  await backend.create(beta!, bytes);
  const told: LedgerError[] = [];
  const ledger = await openLedger(backend, { onError: (error) => told.push(error) });
  expect((await ledger.searchRuns({ limit: 1000 })).runs).toHaveLength(60);
  expect(told).toMatchObject([{ code: "CORRUPT", key: beta }]);
});

test("an experiment whose runs and segments are all gone is checked once", async () => {
  const backend = await place();
  await removeAll(backend, (key) => key.startsWith("runs/") || key.startsWith("experiments/beta/"));
  const counting = countingBackend(backend);
  const told: LedgerError[] = [];
  const search = async (): Promise<number> => {
    const ledger = await openLedger(counting, { onError: (error) => told.push(error) });
    const { runs } = await ledger.searchRuns({ experiment: "beta" });
    await ledger.close();
    return runs.length;
  };
  expect(await search()).toBe(0);
  expect(told).toMatchObject([{ code: "CORRUPT", key: "experiments/beta/segments" }]);
  counting.reset();
  expect(await search()).toBe(0);
  expect(told).toHaveLength(1);
  // The marker of the ledger, and two listings.
  expect(counting.counters.requests).toBeLessThanOrEqual(3);
});

test("searches never miss segments that are merged again and again", async () => {
  const backend = memoryBackend();
  const told: LedgerError[] = [];
  const ledger = await openLedger(backend, { onError: (error) => told.push(error) });
  await closed(ledger, "alpha", 300);
  for (let i = 1; i <= 40; i++) {
    await ledger.searchRuns({ experiment: "alpha", limit: 1 });
    await ledger.close();
    await closed(ledger, "alpha", 8);
    const other = await openLedger(backend, { onError: (error) => told.push(error) });
    expect((await other.summarise({ experiment: "alpha" }))[0]?.runs).toBe(300 + 8 * i);
  }
  expect(told).toEqual([]);
});
