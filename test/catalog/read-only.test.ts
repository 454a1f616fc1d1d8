import { chmod, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, type Ledger, LedgerError, openLedger } from "../../src/index.ts";
import { intercept } from "../../src/testing/intercept.ts";

/** A backend whose caller may only read. */
function readOnly(inner: Backend): Backend {
  return intercept(inner, {
    call: async ({ operation, key }, proceed) => {
      if (!["read", "stat"].includes(operation))
        throw new LedgerError("PERMISSION_DENIED", "read only", { key, operation });
      return await proceed();
    },
    list: (_call, proceed) => proceed(),
  });
}

async function withRuns(backend: Backend): Promise<string[]> {
  const ledger = await openLedger(backend);
  const ids: string[] = [];
  for (let i = 0; i < 12; i++) {
    const run = await ledger.startRun({ environment: false });
    run.log({ loss: i });
    await run.finish();
    ids.push(run.id);
    // One segment, and loose runs that are enough for another.
    if (i === 2) await ledger.rebuildCatalog();
  }
  return ids.toReversed();
}

async function searches(ledger: Ledger, ids: readonly string[]): Promise<void> {
  for (let round = 0; round < 2; round++) {
    expect((await ledger.searchRuns()).runs.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    const { runs } = await ledger.searchRuns({ filter: "metrics.loss > 8", orderBy: "metrics.loss DESC", limit: 2 });
    expect(runs.map(({ metrics }) => metrics["loss"]!.last.value)).toEqual([11, 10]);
    await ledger.close();
  }
}

const damages: [what: string, damage: (inner: Backend, key: string) => Promise<void>, told: boolean][] = [
  ["as it should be", async () => {}, false],
  [
    "not there",
    async (inner) => {
      const keys: string[] = [];
      for await (const { key } of inner.list("experiments")) keys.push(key);
      for (const key of keys) await inner.remove(key);
    },
    false,
  ],
  [
    "damaged",
    async (inner, key) => {
      await inner.remove(key);
      await inner.create(key, new Uint8Array(100));
    },
    true,
  ],
];

test.each(damages)(
  "a reader without write permission searches a ledger whose catalogue is %s, and gets only that report",
  async (_what, damage, isTold) => {
    const inner = memoryBackend();
    const ids = await withRuns(inner);
    await damage(
      inner,
      [...inner.snapshot().keys()].find((key) => key.includes("/segments/"))!,
    );
    const before = inner.snapshot();
    const told: LedgerError[] = [];
    await searches(await openLedger(readOnly(inner), { onError: (error) => told.push(error) }), ids);
    expect(new Set(told.map(({ code }) => code))).toEqual(new Set(isTold ? ["CORRUPT"] : []));
    expect(inner.snapshot()).toEqual(before);
  },
);

test("in a place that declares readOnly, searches try no change, and an empty one is no ledger", async () => {
  const inner = memoryBackend();
  const ids = await withRuns(inner);
  await inner.remove("experiments/=complete");
  const changes: string[] = [];
  const declaring = (place: Backend): Backend => ({
    ...intercept(place, {
      call: async ({ operation, key }, proceed) => {
        if (!["read", "stat"].includes(operation)) changes.push(`${operation} ${key}`);
        return await proceed();
      },
      list: (_call, proceed) => proceed(),
    }),
    capabilities: { append: false, exclusiveCreate: false, durable: true, readOnly: true },
  });
  await searches(await openLedger(declaring(inner)), ids);
  await expect(openLedger(declaring(memoryBackend()))).rejects.toMatchObject({ code: "NOT_A_LEDGER" });
  expect(changes).toEqual([]);
});

const isRoot = process.getuid?.() === 0;
test.skipIf(isRoot || process.platform === "win32")(
  "a folder without write permission is searched without a report (skipped for root and on Windows)",
  async () => {
    const directory = await mkdtemp(join(tmpdir(), "rl-read-only-"));
    const ids = await withRuns(fsBackend(directory));
    const found = await readdir(directory, { recursive: true, withFileTypes: true });
    const folders = [
      directory,
      ...found.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name)),
    ];
    try {
      for (const folder of folders) await chmod(folder, 0o555);
      const told: LedgerError[] = [];
      await searches(await openLedger(fsBackend(directory), { onError: (error) => told.push(error) }), ids);
      expect(told).toEqual([]);
    } finally {
      for (const folder of folders) await chmod(folder, 0o755);
      await rm(directory, { recursive: true });
    }
  },
);
