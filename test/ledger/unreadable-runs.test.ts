import { mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Backend } from "../../src/backend/backend.ts";
import { type ErrorCode, ERROR_CODES, concernsOneObject } from "../../src/errors/ledger-error.ts";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { catalogFiles, metricsFiles } from "../../src/files/index.ts";
import { memoryBackend, type MemoryBackend } from "../../src/backends/memory/index.ts";
import { type Ledger, LedgerError, openLedger } from "../../src/index.ts";
import { faultyBackend } from "../../src/testing/index.ts";

/** Calls on the run `id` reject; so does a listing that comes to it. */
function withBadRun(inner: Backend, id: string, code: ErrorCode, transient = false): Backend {
  const bad = (key: string): boolean => key === `runs/${id}` || key.startsWith(`runs/${id}/`);
  const error = (key: string): LedgerError => new LedgerError(code, `${key} is bad`, { key, transient });
  return {
    contract: 1,
    name: "bad run",
    capabilities: { ...inner.capabilities, move: false },
    create: (key, body, options) => inner.create(key, body, options),
    append: (key, bytes, options) => inner.append!(key, bytes, options),
    remove: (key, options) => inner.remove(key, options),
    stat: async (key, options) => (bad(key) ? Promise.reject(error(key)) : await inner.stat(key, options)),
    read: async (key, options) => (bad(key) ? Promise.reject(error(key)) : await inner.read(key, options)),
    async *list(prefix, options) {
      for await (const entry of inner.list(prefix, options)) {
        if (bad(entry.key)) throw error(`runs/${id}`);
        yield entry;
      }
    },
  };
}

async function threeRuns(backend: Backend): Promise<string[]> {
  const ledger = await openLedger(backend);
  const ids: string[] = [];
  for (let i = 0; i < 3; i++) {
    const run = await ledger.startRun({ environment: false, params: { i } });
    run.log({ loss: i });
    await run.finish();
    ids.push(run.id);
  }
  return ids;
}

async function open(backend: Backend): Promise<{ ledger: Ledger; told: LedgerError[] }> {
  const told: LedgerError[] = [];
  return { ledger: await openLedger(backend, { onError: (error) => told.push(error) }), told };
}

/** What every call over many runs gives: how many runs it read, and the ids of those that it names as unreadable. */
async function lookAtAll(ledger: Ledger) {
  const page = await ledger.searchRuns();
  const iterated: string[] = [];
  for await (const { id } of ledger.iterateRuns({ limit: 1 })) iterated.push(id);
  const groups = await ledger.summarise({ groupBy: ["experiment"], metrics: ["loss"] });
  const recovery = await ledger.recover();
  const names = (list: readonly { id: string }[] | undefined) => list?.map(({ id }) => id) ?? [];
  return {
    counts: [page.runs.length, iterated.length, groups.reduce((sum, { runs }) => sum + runs, 0)],
    searched: names(page.unreadable),
    summarised: names(groups.unreadable),
    recovered: names(recovery.unreadable),
    codes: page.unreadable?.map(({ error }) => error.code),
  };
}

const LOCAL = ERROR_CODES.filter((code) => concernsOneObject(new LedgerError(code, "x")) && code !== "NOT_FOUND");

describe("one run that cannot be read", () => {
  test.each(LOCAL)("%s: all others are found, grouped and recovered, and the run is named", async (code) => {
    const backend = memoryBackend();
    const ids = await threeRuns(backend);
    const { ledger, told } = await open(withBadRun(backend, ids[1]!, code));
    expect(await lookAtAll(ledger)).toEqual({
      counts: [2, 2, 2],
      searched: [ids[1]],
      summarised: [ids[1]],
      recovered: [ids[1]],
      codes: [code],
    });
    expect(told.length).toBeGreaterThanOrEqual(3);
    expect(new Set(told.map((error) => error.code))).toEqual(new Set([code]));
    expect((await metricsFiles(ledger)).files.map(({ runId }) => runId).sort()).toEqual([ids[0], ids[2]].sort());
    expect((await catalogFiles(ledger)).superseded).toEqual(new Set(ids));
    // Of a run that is asked for by its id the reason is thrown.
    await expect(ledger.getRun(ids[1]!)).rejects.toMatchObject({ code });
    await expect(ledger.recover(ids[1]!)).rejects.toMatchObject({ code });
  });

  test.each<[ErrorCode, boolean]>([
    ["UNAVAILABLE", true],
    ["CREDENTIALS", false],
    ["CLOSED", false],
    ["IO", true],
  ])("%s (transient: %s) is trouble of the place: calls reject", async (code, transient) => {
    const backend = memoryBackend();
    const ids = await threeRuns(backend);
    const { ledger } = await open(withBadRun(backend, ids[1]!, code, transient));
    await expect(ledger.searchRuns()).rejects.toMatchObject({ code });
    await expect(ledger.summarise({ groupBy: ["name"], metrics: ["loss"] })).rejects.toMatchObject({ code });
    await expect(ledger.recover()).rejects.toMatchObject({ code });
  });

  test("is found again once it can be read, also after the catalogue was made anew meanwhile", async () => {
    const backend = memoryBackend();
    const ids = await threeRuns(backend);
    const bad = await open(withBadRun(backend, ids[1]!, "PERMISSION_DENIED"));
    await bad.ledger.rebuildCatalog();
    expect((await bad.ledger.searchRuns()).unreadable?.map(({ id }) => id)).toEqual([ids[1]]);
    const { ledger, told } = await open(backend);
    expect((await ledger.searchRuns()).runs.map(({ id }) => id)).toEqual(ids.toReversed());
    expect(told).toEqual([]);
  });

  test("is found again where the catalogue was missing while it could not be read", async () => {
    const backend = memoryBackend();
    const ids = await threeRuns(backend);
    dropCatalog(backend);
    const bad = await open(withBadRun(backend, ids[1]!, "IO"));
    for (let i = 0; i < 2; i++) {
      const { runs, unreadable } = await bad.ledger.searchRuns();
      expect([runs.length, unreadable?.map(({ id }) => id)]).toEqual([2, [ids[1]]]);
    }
    await bad.ledger.rebuildCatalog();
    const { ledger } = await open(backend);
    expect((await ledger.searchRuns()).runs).toHaveLength(3);
  });
});

describe("a part of the catalogue that cannot be read", () => {
  test.each<[string, RegExp, "read" | "list"]>([
    ["a segment", /\/segments\//, "read"],
    ["an experiment", /^experiments/, "list"],
  ])("%s: the runs themselves are read", async (_, key, operation) => {
    const backend = memoryBackend();
    const ledger = await openLedger(backend);
    const ids: string[] = [];
    for (let i = 0; i < 9; i++) {
      const run = await ledger.startRun({ environment: false, experiment: i < 8 ? "many" : "one" });
      await run.finish();
      ids.push(run.id);
    }
    await ledger.searchRuns();
    await ledger.close();
    const inner = operation === "read" ? backend : unlistable(backend, "experiments/many");
    const broken = faultyBackend(
      inner,
      operation === "read"
        ? [{ mode: "error-before", only: ["read"], at: 1, times: 1e9, key, error: { code: "PERMISSION_DENIED" } }]
        : [],
    );
    const told: LedgerError[] = [];
    const again = await openLedger(broken, { onError: (error) => told.push(error) });
    expect((await again.searchRuns()).runs.map(({ id }) => id)).toEqual(ids.toReversed());
    expect((await again.searchRuns({ experiment: "many" })).runs).toHaveLength(8);
    expect(told.map(({ code }) => code)).toEqual(["PERMISSION_DENIED", "PERMISSION_DENIED"]);
  });
});

describe("in a directory", () => {
  async function place(): Promise<{ directory: string; ids: string[]; of: (id: string) => string }> {
    const directory = await mkdtemp(join(tmpdir(), "runledger-unreadable-"));
    onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 10 }));
    const ids = await threeRuns(fsBackend(directory));
    return { directory, ids, of: (id) => join(directory, "runs", id) };
  }

  test("a run that was moved away and linked to, and one that is a file, hide no other", async () => {
    const { directory, ids, of } = await place();
    await rename(of(ids[0]!), join(directory, "elsewhere"));
    await symlink(join(directory, "elsewhere"), of(ids[0]!));
    await rm(of(ids[1]!), { recursive: true });
    await writeFile(of(ids[1]!), "x");
    const { ledger } = await open(fsBackend(directory));
    const { runs, unreadable } = await ledger.searchRuns();
    expect(runs.map(({ id }) => id)).toEqual([ids[2]]);
    expect(unreadable?.map(({ id, error }) => [id, error.code])).toContainEqual([ids[0], "PERMISSION_DENIED"]);
    expect(await ledger.recover()).toMatchObject({ interrupted: [], running: [] });
  });

  test("a sparse run document of 5 GB is refused before it is read", async () => {
    const { directory, ids, of } = await place();
    await truncate(join(of(ids[1]!), "run.json"), 5e9);
    const { ledger } = await open(fsBackend(directory));
    const before = process.memoryUsage.rss();
    const { runs, unreadable } = await ledger.searchRuns();
    expect(runs.map(({ id }) => id)).toEqual([ids[2], ids[0]]);
    expect(unreadable?.map(({ id, error }) => [id, error.code])).toEqual([[ids[1], "CORRUPT"]]);
    expect(process.memoryUsage.rss() - before).toBeLessThan(200e6);
  });

  test("a run whose document is a directory is named, and recover() does not wait for its writers", async () => {
    const { directory, ids, of } = await place();
    const document = join(of(ids[1]!), "run.json");
    await rm(document);
    await mkdir(document);
    const clock = { sleep: () => Promise.reject(new Error("recover() waits")) };
    const ledger = await openLedger(fsBackend(directory), { clock, onError() {} });
    const unreadable = [{ id: ids[1], error: { code: "CORRUPT", key: `runs/${ids[1]}/run.json` } }];
    expect(await ledger.searchRuns()).toMatchObject({ runs: [{ id: ids[2] }, { id: ids[0] }], unreadable });
    expect(await ledger.recover()).toMatchObject({ interrupted: [], running: [], unreadable });
  });

  // Root reads everything, whatever the modes say.
  const seteuid = process.getuid?.() === 0 ? process.seteuid : undefined;
  test.skipIf(process.platform === "win32" || (process.getuid?.() === 0 && seteuid === undefined))(
    "a run without read permission hides no other, from listings neither",
    async () => {
      const { chmod } = await import("node:fs/promises");
      const { directory, ids, of } = await place();
      await chmod(directory, 0o777);
      await chmod(of(ids[1]!), 0);
      onTestFinished(() => chmod(of(ids[1]!), 0o777));
      const { ledger } = await open(fsBackend(directory));
      try {
        seteuid?.(65_534);
        const { runs, unreadable } = await ledger.searchRuns();
        expect(runs.map(({ id }) => id)).toEqual([ids[2], ids[0]]);
        expect(unreadable?.map(({ id, error }) => [id, error.code])).toEqual([[ids[1], "PERMISSION_DENIED"]]);
        expect(await ledger.recover()).toMatchObject({ interrupted: [], unreadable: [{ id: ids[1] }] });
      } finally {
        seteuid?.(0);
      }
    },
  );
});

function dropCatalog(backend: MemoryBackend): void {
  backend.restore(new Map([...backend.snapshot()].filter(([key]) => !key.startsWith("experiments/"))));
}

function unlistable(inner: Backend, prefix: string): Backend {
  return {
    contract: 1,
    name: inner.name,
    capabilities: { ...inner.capabilities, move: false },
    create: (key, body, options) => inner.create(key, body, options),
    append: (key, bytes, options) => inner.append!(key, bytes, options),
    remove: (key, options) => inner.remove(key, options),
    stat: (key, options) => inner.stat(key, options),
    read: (key, options) => inner.read(key, options),
    async *list(below, options) {
      for await (const entry of inner.list(below, options)) {
        if (entry.key.startsWith(`${prefix}/`))
          throw new LedgerError("PERMISSION_DENIED", "cannot list it", { key: prefix });
        yield entry;
      }
    },
  };
}
