import { expect, test } from "vitest";
import type { Backend } from "../../src/backend/backend.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { LedgerError, openLedger } from "../../src/index.ts";

const MIB = 1024 * 1024;

/** The backend, with one object that somebody extended with zeros to `size` without storing them. */
class Sparse {
  readonly backend: Backend;
  key: string | undefined;
  size = 2 ** 40;
  bytesRead = 0;

  constructor(inner: Backend) {
    const sized = <T extends { key?: string; size: number }>(entry: T): T => ({ ...entry, size: this.size });
    this.backend = {
      contract: 1,
      name: "sparse",
      capabilities: { ...inner.capabilities, move: false },
      create: (key, body, options) => inner.create(key, body, options),
      append: async (key, bytes, options) => {
        if (key === this.key) throw new LedgerError("CONFLICT", `${key} has another size`, { key });
        return await inner.append!(key, bytes, options);
      },
      remove: (key, options) => inner.remove(key, options),
      stat: async (key, options) => {
        const found = await inner.stat(key, options);
        return found && key === this.key ? sized(found) : found;
      },
      list: async function* (this: Sparse, ...given: Parameters<Backend["list"]>) {
        for await (const entry of inner.list(...given)) yield entry.key === this.key ? sized(entry) : entry;
      }.bind(this),
      read: async (key: string, options?: Parameters<Backend["read"]>[1]) => {
        if (key !== this.key) return await inner.read(key, options);
        const { offset, length = this.size } = options?.range ?? { offset: 0 };
        const wanted = Math.max(0, Math.min(length, this.size - offset));
        this.bytesRead += wanted;
        if (this.bytesRead > 100 * MIB) throw new LedgerError("IO", "read without bound", { key });
        const bytes = new Uint8Array(wanted);
        bytes.set(await inner.read(key, { range: { offset, length: wanted } }));
        return bytes;
      },
    };
  }
}

async function journalOf(backend: Backend, id: string): Promise<string> {
  for await (const { key } of backend.list(`runs/${id}/journal`)) return key;
  throw new Error("there is no journal");
}

test("a journal of a terabyte of zeros is damage of its run alone, and little of it is read", async () => {
  const inner = memoryBackend();
  const writer = await openLedger(inner);
  const good = await writer.startRun({ id: "good", environment: false });
  good.log({ x: 1 });
  await good.finish();
  const bad = await writer.startRun({ id: "bad", environment: false });
  bad.log({ x: 2 });
  await bad.flush();
  const sparse = new Sparse(inner);
  sparse.key = await journalOf(inner, "bad");
  const ledger = await openLedger(sparse.backend, { onError: () => {} });

  const page = await ledger.searchRuns();
  expect(page.runs.map(({ id }) => id).sort()).toEqual(["bad", "good"]);
  expect(page.damaged).toMatchObject([{ id: "bad", error: { code: "CORRUPT", key: sparse.key } }]);
  const [group] = await ledger.summarise({ metrics: ["x"] });
  expect(group).toMatchObject({ metrics: { x: { count: 2, mean: 1.5 } } });
  expect((await ledger.getRun("bad")).damage).toMatchObject([
    { kind: "unreadable-tail", key: sparse.key, to: 2 ** 40 },
  ]);
  await expect(ledger.history("bad", "x")).rejects.toMatchObject({ code: "CORRUPT", key: sparse.key });
  expect((await ledger.history("good", "x")).values).toEqual(Float64Array.of(1));
  expect(await ledger.recover("bad", { graceMs: 0 })).toMatchObject({ interrupted: ["bad"] });
  // Each of these calls reads the journal a few times.
  expect(sparse.bytesRead).toBeLessThan(100 * MIB);
});

test("a run continues and finishes after somebody extended its journal by gigabytes", async () => {
  const sparse = new Sparse(memoryBackend());
  sparse.size = 8 * 1024 * MIB;
  const ledger = await openLedger(sparse.backend, { onError: () => {} });
  const run = await ledger.startRun({ environment: false });
  run.log({ x: 1 });
  await run.flush();
  sparse.key = await journalOf(sparse.backend, run.id);
  run.log({ x: 2 });
  await run.flush();
  await run.finish();
  // Nobody can tell what was in the gigabytes.
  await expect(ledger.history(run.id, "x")).rejects.toMatchObject({ code: "CORRUPT", key: sparse.key });
  expect((await ledger.history(run.id, "x", { damaged: "skip" })).values).toEqual(Float64Array.of(1, 2));
  expect(await ledger.getRun(run.id)).toMatchObject({ status: "finished", metrics: { x: { count: 2 } } });
  expect(sparse.bytesRead).toBeLessThan(100 * MIB);
});
