import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, type Ledger, openLedger } from "../../src/index.ts";
import { runObjects } from "../../src/run-objects/run-objects.ts";
import { type Fault, faultyBackend } from "../../src/testing/index.ts";
import { objectsOnly } from "../journal/records.ts";
import { stride } from "../rounds.ts";

const code = (expected: string, message?: RegExp): object =>
  expect.objectContaining({ code: expected, ...(message && { message: expect.stringMatching(message) }) });

const directories: string[] = [];
afterAll(async () => {
  for (const directory of directories) await rm(directory, { recursive: true });
});

const PLACES: [string, () => Promise<Backend>][] = [
  ["memory", async () => memoryBackend()],
  ["objects", async () => objectsOnly()],
  [
    "fs",
    async () => {
      const directory = await mkdtemp(join(tmpdir(), "rl-purge-"));
      directories.push(directory);
      return fsBackend(directory);
    },
  ],
];

const quiet = { onError: () => {} };

async function finished(ledger: Ledger, id?: string): Promise<string> {
  const run = await ledger.startRun({ environment: false, ...(id !== undefined && { id }) });
  run.log({ loss: 1 });
  void run.logText("note", "short");
  await run.finish();
  return run.id;
}

async function keys(backend: Backend, prefix = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of backend.list(prefix)) found.push(key);
  return found;
}

const ids = async (ledger: Ledger): Promise<string[]> =>
  (await ledger.searchRuns({ view: "all" })).runs.map(({ id }) => id).sort();

describe.each(PLACES)("%s", (_name, place) => {
  test("a purged run leaves one small object; nothing finds the run, and no run gets its id again", async () => {
    const backend = await place();
    const ledger = await openLedger(backend, quiet);
    await finished(ledger, "mine");
    const other = await finished(ledger);
    await ledger.compactCatalog();
    const session = await ledger.resumeRun("mine");
    session.log({ loss: 2 });
    await session.finish();
    await ledger.purgeRun("mine");
    await ledger.purgeRun("mine");
    expect(await keys(backend, "runs/mine")).toEqual(["runs/mine/purged.json"]);
    for (const each of [ledger, await openLedger(backend, quiet)]) {
      expect(await ids(each)).toEqual([other]);
      await expect(each.getRun("mine")).rejects.toEqual(code("RUN_NOT_FOUND", /was purged/));
      await expect(each.resumeRun("mine")).rejects.toEqual(code("RUN_NOT_FOUND", /was purged/));
      await expect(each.deleteRun("mine")).rejects.toEqual(code("RUN_NOT_FOUND", /was purged/));
      await expect(each.restoreRun("mine")).rejects.toEqual(code("RUN_NOT_FOUND", /was purged/));
      for (const resume of ["allow", "never"] as const)
        await expect(each.startRun({ id: "mine", resume })).rejects.toEqual(code("RUN_EXISTS", /was purged/));
      expect(await each.recover()).toEqual({ interrupted: [], running: [] });
      expect(await each.verify()).toMatchObject({ intact: true, problems: [] });
    }
    expect(await ledger.rebuildCatalog()).toEqual({ runs: 1 });
    expect((await keys(backend, "experiments")).filter((key) => key.includes("mine"))).toEqual([]);
    expect(await ids(await openLedger(backend, quiet))).toEqual([other]);
    const objects = await runObjects(backend, "mine");
    await expect(objects[Symbol.asyncIterator]().next()).rejects.toEqual(code("RUN_NOT_FOUND"));
  });

  test("a run that somebody may still write to is refused, and stays as it was", async () => {
    const backend = await place();
    const ledger = await openLedger(backend, quiet);
    const run = await ledger.startRun({ environment: false });
    run.log({ loss: 1 });
    await run.flush();
    for (const each of [ledger, await openLedger(backend, quiet)])
      await expect(each.purgeRun(run.id)).rejects.toEqual(code("CONFLICT", /open in this program|written/));
    expect((await ledger.getRun(run.id)).deletedAt).toBeUndefined();
    await run.finish();
    await ledger.purgeRun(run.id);
    expect(await ids(ledger)).toEqual([]);
  });
});

test("bad ids and runs that are not there are refused; other files stay", async () => {
  const backend = memoryBackend();
  const ledger = await openLedger(backend, quiet);
  await expect(ledger.purgeRun("nothing")).rejects.toEqual(code("RUN_NOT_FOUND"));
  await expect(ledger.purgeRun("../x")).rejects.toEqual(code("RUN_NOT_FOUND"));
  await expect(ledger.purgeRun(3 as never)).rejects.toEqual(code("INVALID_ARGUMENT"));
  const id = await finished(ledger);
  await backend.create(`runs/${id}/README.md`, new Uint8Array(1));
  await ledger.purgeRun(id);
  expect(await keys(backend, `runs/${id}`)).toEqual([`runs/${id}/README.md`, `runs/${id}/purged.json`]);
  expect((await ledger.verify()).problems).toEqual([]);
});

test("a run whose beginning is damaged can be purged", async () => {
  const backend = memoryBackend();
  const ledger = await openLedger(backend, quiet);
  const id = await finished(ledger);
  await backend.remove(`runs/${id}/run.created.json`);
  await backend.create(`runs/${id}/run.created.json`, new Uint8Array(5));
  await ledger.purgeRun(id);
  expect(await keys(backend, `runs/${id}`)).toEqual([`runs/${id}/purged.json`]);
});

test("a purged parent is shown as purged in the lineage of its child", async () => {
  const ledger = await openLedger(memoryBackend(), quiet);
  const parent = await ledger.startRun({ environment: false });
  const child = await parent.startChild({ environment: false });
  await child.finish();
  await parent.finish();
  await ledger.purgeRun(parent.id);
  const { nodes } = await ledger.lineage(child.id);
  expect(nodes).toContainEqual({ kind: "run", id: parent.id, name: parent.id, purged: true });
  await expect(ledger.lineage(parent.id)).rejects.toEqual(code("RUN_NOT_FOUND", /was purged/));
});

const MODES: readonly Fault["mode"][] = ["crash-before", "crash-after", "lost-ack", "error-before"];
test.each(MODES)("%s at every operation: the run is whole, or can be purged again", async (mode) => {
  for (let at = 1, done = false; !done; at += stride(3)) {
    const inner = objectsOnly();
    const before = await openLedger(inner, quiet);
    const id = await finished(before);
    const other = await finished(before);
    await before.compactCatalog();
    const backend = faultyBackend(inner, [{ at, mode }]);
    try {
      await (await openLedger(backend, quiet)).purgeRun(id);
      done = backend.operations.log.every(({ fault }) => fault === undefined);
    } catch {
      // It failed, or the process died.
    }
    const after = await openLedger(inner, quiet);
    const purged = (await keys(inner, `runs/${id}`)).includes(`runs/${id}/purged.json`);
    if (purged) await expect(after.getRun(id)).rejects.toEqual(code("RUN_NOT_FOUND"));
    else expect((await after.histories(id)).get("loss")?.values).toEqual(Float64Array.of(1));
    await after.purgeRun(id);
    expect(await keys(inner, `runs/${id}`)).toEqual([`runs/${id}/purged.json`]);
    await after.rebuildCatalog();
    expect(await ids(after)).toEqual([other]);
    expect((await after.verify()).problems).toEqual([]);
  }
});

test("a session that resumes the run at the same moment is refused, or the purge is", async () => {
  for (let stop = 1; stop < 12; stop++) {
    const backend = objectsOnly();
    const ledger = await openLedger(backend, quiet);
    const id = await finished(ledger);
    // The session goes on after the purge has made `stop` calls.
    let calls = 0;
    let go: () => void = () => {};
    const gone = new Promise<void>((resolve) => (go = resolve));
    const counted = faultyBackend(backend, []);
    const slow: Backend = {
      ...counted,
      capabilities: counted.capabilities,
      create: async (key, body, options) => {
        if (key.includes("/journal/")) await gone;
        await counted.create(key, body, options);
      },
    };
    const purging: Backend = new Proxy(backend, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        return (...args: unknown[]): unknown => {
          if (++calls === stop) go();
          return (member as (...args: unknown[]) => unknown).apply(target, args);
        };
      },
    });
    const resumer = (await openLedger(slow, quiet)).resumeRun(id);
    const purger = (await openLedger(purging, quiet)).purgeRun(id).finally(() => go());
    const [resumed, purged] = await Promise.allSettled([resumer, purger]);
    expect([resumed.status, purged.status], `stop ${stop}`).not.toEqual(["fulfilled", "fulfilled"]);
    if (resumed.status === "fulfilled") await resumed.value.finish();
  }
});

/** A backend that calls `before` before each call. */
function watched(inner: Backend, before: (name: string, key: unknown) => Promise<void>): Backend {
  return new Proxy(inner, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      if (!["create", "append", "stat"].includes(String(name))) return member.bind(target);
      return async (...args: unknown[]): Promise<unknown> => {
        await before(String(name), args[0]);
        return await (member as (...args: unknown[]) => Promise<unknown>).apply(target, args);
      };
    },
  });
}

const isJournal = (key: unknown): boolean => String(key).includes("/journal/");

test.each(PLACES)("%s: a run that was purged while a session began is not resumed", async (_name, place) => {
  const inner = await place();
  const ledger = await openLedger(inner, quiet);
  const id = await finished(ledger);
  let isDone = false;
  const backend = watched(inner, async (name, key) => {
    if (isDone || name === "stat" || !isJournal(key)) return;
    isDone = true;
    await ledger.purgeRun(id);
  });
  const other = await openLedger(backend, quiet);
  await expect(other.resumeRun(id)).rejects.toEqual(code("RUN_NOT_FOUND", /was purged/));
  expect(isDone).toBe(true);
  expect((await keys(inner, `runs/${id}`)).filter(isJournal)).toEqual([]);
});

test.each(PLACES)("%s: a session that is refused leaves nothing in the record", async (_name, place) => {
  const inner = await place();
  const ledger = await openLedger(inner, quiet);
  const id = await finished(ledger);
  const before = await ledger.getRun(id);
  let isDone = false;
  const backend = watched(inner, async (name, key) => {
    if (isDone || name === "stat" || !isJournal(key)) return;
    isDone = true;
    await ledger.deleteRun(id);
  });
  const other = await openLedger(backend, quiet);
  await expect(other.resumeRun(id)).rejects.toEqual(code("RUN_CLOSED"));
  await ledger.restoreRun(id);
  expect(await ledger.getRun(id)).toEqual(before);
  await ledger.purgeRun(id);
});

test("a purge that is refused restores the run, and the session goes on", async () => {
  const inner = memoryBackend();
  const ledger = await openLedger(inner, quiet);
  const id = await finished(ledger);
  let session: Awaited<ReturnType<Ledger["resumeRun"]>> | undefined;
  const backend = watched(inner, async (name, key) => {
    if (session === undefined && name === "create" && String(key).includes("/lifecycle/"))
      session = await ledger.resumeRun(id);
  });
  const other = await openLedger(backend, quiet);
  await expect(other.purgeRun(id)).rejects.toEqual(code("CONFLICT"));
  expect((await ledger.getRun(id)).deletedAt).toBeUndefined();
  session?.log({ loss: 2 });
  await session?.finish();
  expect((await ledger.getRun(id)).status).toBe("finished");
});

test("a writer whose run was purged is shut out, and restores nothing", async () => {
  const inner = memoryBackend();
  const ledger = await openLedger(inner, quiet);
  const run = await ledger.startRun({ environment: false });
  run.log({ loss: 1 });
  await run.flush();
  await inner.remove(`runs/${run.id}/run.created.json`);
  await expect((await openLedger(inner, quiet)).purgeRun(run.id)).rejects.toEqual(code("CORRUPT", /force: true/));
  await (await openLedger(inner, quiet)).purgeRun(run.id, { force: true });
  run.log({ loss: 1 });
  await expect(run.flush()).rejects.toEqual(code("FENCED", /was purged/));
  await expect(run.finish()).rejects.toEqual(code("FENCED"));
  expect(await keys(inner, `runs/${run.id}`)).toEqual([`runs/${run.id}/purged.json`]);
});
