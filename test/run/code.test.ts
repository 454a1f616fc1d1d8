import type { CodeSnapshot } from "runledger/git";
import type { GivenCode } from "../../src/provenance/code-snapshot.ts";
import { compareRecords } from "runledger/compare";
import { type FaultyBackend, createTestLedger, faultyBackend } from "runledger/testing";
import {
  type Backend,
  type Ledger,
  type LedgerError,
  openLedger,
  type RecordedCode,
  type StartRunOptions,
} from "runledger";
import { memoryBackend } from "runledger/backends/memory";
import { where } from "runledger/where";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createTestClock, seededIds } from "../../src/testing/index.ts";
import { SNAPSHOT } from "../provenance/code-snapshot.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const PATCH = new TextDecoder().decode(SNAPSHOT.patch);
const COMMIT = SNAPSHOT.commit;
const NOTHING_KNOWN = {
  engine: "unknown",
  remotes: [],
  dirty: "unknown",
  changes: [],
  untracked: [],
  submodules: [],
};

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** A ledger on a backend, and what its `onError` gets. */
async function opened(backend: Backend = memoryBackend()): Promise<{ ledger: Ledger; errors: LedgerError[] }> {
  const errors: LedgerError[] = [];
  const clock = createTestClock();
  const ids = seededIds(1, () => clock.now());
  const ledger = await openLedger(backend, { clock, ids, onError: (error) => void errors.push(error) });
  return { ledger, errors };
}

afterEach(() => void vi.useRealTimers());

function blobs(keys: Iterable<string>): string[] {
  return [...keys].filter((key) => key.startsWith("blobs/"));
}

describe("what a run records", () => {
  test("a snapshot reads back, with its patch as a blob", async () => {
    const { ledger, backend } = await createTestLedger();
    const run = await ledger.startRun({ code: SNAPSHOT });
    run.log({ loss: 1 });
    await run.finish();
    const { code } = await ledger.getRun(run.id);
    const { patch: _, ...rest } = SNAPSHOT;
    expect(code).toEqual({
      ...rest,
      patch: { digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/), size: PATCH.length, complete: true },
    });
    expect(await ledger.codePatch(run.id)).toBe(PATCH);
    expect(await ledger.codePatch(run.id, { as: "bytes" })).toEqual(bytes(PATCH));
    expect(blobs(backend.snapshot().keys())).toEqual([
      `blobs/sha256/${code?.patch?.digest.slice(7, 9)}/${code?.patch?.digest.slice(7)}`,
    ]);
  });

  test("equal patches are stored once", async () => {
    const { ledger, backend } = await createTestLedger();
    for (let i = 0; i < 3; i++) await (await ledger.startRun({ code: SNAPSHOT })).finish();
    expect(blobs(backend.snapshot().keys())).toHaveLength(1);
  });

  test("parts that the caller knows", async () => {
    const { ledger } = await createTestLedger();
    const run = await ledger.startRun({ code: { commit: COMMIT, dirty: false } });
    await run.finish();
    expect((await ledger.getRun(run.id)).code).toEqual({
      ...NOTHING_KNOWN,
      commit: COMMIT,
      dirty: false,
      incomplete: [],
    });
    expect(await ledger.codePatch(run.id)).toBeUndefined();
  });

  test("a patch of which something was withheld is not complete", async () => {
    const { ledger } = await createTestLedger();
    const incomplete = ["patch: 1 hunk withheld, they look like secrets"];
    const run = await ledger.startRun({ code: { ...SNAPSHOT, incomplete } });
    await run.finish();
    expect((await ledger.getRun(run.id)).code).toMatchObject({ incomplete, patch: { complete: false } });
  });

  test("what looks like a secret is replaced", async () => {
    const { ledger, backend } = await createTestLedger();
    const token = `ghp_${"aB3xY9kQ".repeat(5).slice(0, 36)}`;
    const run = await ledger.startRun({
      code: {
        ...SNAPSHOT,
        branch: `of/${token}`,
        remotes: [{ name: "origin", url: `https://${token}@example.org/code.git` }],
        changes: [{ path: `${token}.ts`, status: "added" }],
        incomplete: [`commit: ${token}`],
      },
    });
    await run.finish();
    expect((await ledger.getRun(run.id)).code?.commit).toBe(COMMIT);
    for (const content of backend.snapshot().values()) expect(Buffer.from(content).includes(token)).toBe(false);
  });

  test("very long lists are cut, and the record says so", async () => {
    const { ledger } = await createTestLedger();
    const changes = Array.from({ length: 5000 }, (_, i) => ({ path: `f${i}`, status: "modified" }) as const);
    const untracked = Array.from({ length: 900 }, (_, i) => ({ path: `${"x".repeat(400)}${i}`, size: 1 }));
    const run = await ledger.startRun({ code: { ...SNAPSHOT, changes, untracked } });
    await run.finish();
    const { code } = await ledger.getRun(run.id);
    expect(code?.changes).toEqual(changes.slice(0, 1000));
    expect(code?.untracked).toEqual(untracked.slice(0, code?.untracked.length));
    expect(JSON.stringify(code).length).toBeLessThan(150_000);
    expect(code?.incomplete).toEqual([
      "changes: 4000 more are not recorded",
      `untracked: ${900 - (code?.untracked.length ?? 0)} more are not recorded`,
    ]);
  });

  test("later changes of the caller's objects have no effect", async () => {
    const { ledger } = await createTestLedger();
    const changes = [{ path: "a", status: "modified" as const }];
    const patch = bytes(PATCH);
    const run = await ledger.startRun({ code: { ...SNAPSHOT, changes, patch } });
    changes.pop();
    patch.fill(0);
    await run.finish();
    expect((await ledger.getRun(run.id)).code?.changes).toHaveLength(1);
    expect(await ledger.codePatch(run.id)).toBe(PATCH);
  });
});

describe("a promise", () => {
  test("does not delay the start, and is recorded when it settles", async () => {
    const { ledger } = await createTestLedger();
    const { promise, resolve } = deferred<CodeSnapshot>();
    const run = await ledger.startRun({ code: promise });
    run.log({ loss: 1 });
    await run.flush();
    expect((await ledger.getRun(run.id)).code).toBeUndefined();
    resolve(SNAPSHOT);
    await expect
      .poll(async () => {
        await run.flush();
        return (await ledger.getRun(run.id)).code?.commit;
      })
      .toBe(COMMIT);
    expect((await ledger.getRun(run.id)).status).toBe("running");
    await run.finish();
  });

  test("finish waits for it", async () => {
    const { ledger } = await createTestLedger();
    const { promise, resolve } = deferred<CodeSnapshot>();
    const run = await ledger.startRun({ code: promise });
    const finished = run.finish();
    for (let turn = 0; turn < 5; turn++) await new Promise((resume) => setImmediate(resume));
    expect(run.status).toBe("running");
    resolve(SNAPSHOT);
    await finished;
    expect((await ledger.getRun(run.id)).code?.commit).toBe(COMMIT);
    expect(await ledger.codePatch(run.id)).toBe(PATCH);
  });

  test("without a repository nothing is recorded", async () => {
    const { ledger, errors } = await opened();
    const run = await ledger.startRun({ code: Promise.resolve(undefined) });
    await run.finish();
    expect((await ledger.getRun(run.id)).code).toBeUndefined();
    expect(errors).toEqual([]);
  });

  test("one that never settles does not keep the run open", async () => {
    const { ledger, errors } = await opened();
    const { promise, resolve } = deferred<CodeSnapshot>();
    const run = await ledger.startRun({ code: promise });
    run.log({ loss: 1 });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const finished = run.finish();
    await vi.advanceTimersByTimeAsync(11_999);
    expect(run.status).toBe("running");
    await vi.advanceTimersByTimeAsync(1);
    vi.useRealTimers();
    await finished;
    expect(run.status).toBe("finished");
    const unknown = { ...NOTHING_KNOWN, incomplete: ["commit: the code could not be recorded (IO)"] };
    expect((await ledger.getRun(run.id)).code).toEqual(unknown);
    expect(errors.map(({ message }) => message)).toEqual([
      "the code was not known within 12000 ms of the end of the run",
    ]);
    resolve(SNAPSHOT);
    await promise;
    expect((await ledger.getRun(run.id)).code).toEqual(unknown);
  });

  test("one that rejects is reported, and the run goes on", async () => {
    const { ledger, errors } = await opened();
    const reason = new TypeError("no git, token=ghp_aB3xY9kQaB3xY9kQaB3xY9kQaB3xY9kQaB3x");
    const run = await ledger.startRun({ code: Promise.reject(reason) });
    run.log({ loss: 1 });
    await run.finish();
    const { code, status } = await ledger.getRun(run.id);
    expect([status, code?.dirty]).toEqual(["finished", "unknown"]);
    expect(JSON.stringify(code)).not.toContain("ghp_");
    expect(errors.map(({ cause }) => cause)).toEqual([reason]);
  });

  test("one with bad code is reported with the field", async () => {
    const { ledger, errors } = await opened();
    const run = await ledger.startRun({ code: Promise.resolve({ dirty: "maybe" } as never) });
    await run.finish();
    expect(errors).toMatchObject([{ code: "INVALID_ARGUMENT", field: "code.dirty" }]);
    expect((await ledger.getRun(run.id)).code?.dirty).toBe("unknown");
  });

  test("one that rejects after a start that failed is nobody's trouble", async () => {
    const { ledger } = await opened();
    const { promise, reject } = deferred<CodeSnapshot>();
    await expect(ledger.startRun({ code: promise, name: "" })).rejects.toMatchObject({ field: "name" });
    await expect(ledger.startRun({ code: promise, id: "con" })).rejects.toMatchObject({ field: "id" });
    promise.catch(() => {});
    reject(new Error("too late"));
  });
});

describe("bad code", () => {
  test.each<[unknown, string]>([
    [5, "code"],
    ["main", "code"],
    [[], "code"],
    [{ engine: "svn" }, "code.engine"],
    [{ commit: 5 }, "code.commit"],
    [{ branch: "x".repeat(9000) }, "code.branch"],
    [{ authoredAt: Number.NaN }, "code.authoredAt"],
    [{ committedAt: "now" }, "code.committedAt"],
    [{ dirty: 1 }, "code.dirty"],
    [{ remotes: {} }, "code.remotes"],
    [{ remotes: [{ name: "origin" }] }, "code.remotes[0].url"],
    [{ changes: [null] }, "code.changes[0]"],
    [{ changes: [{ path: "a", status: "renamed" }] }, "code.changes[0].status"],
    [{ untracked: [{ path: "a", size: -1 }] }, "code.untracked[0].size"],
    [{ submodules: [{ path: "a", dirty: "no" }] }, "code.submodules[0].dirty"],
    [{ lockfile: "package-lock.json" }, "code.lockfile.path"],
    [{ patch: PATCH }, "code.patch"],
    [{ incomplete: [1] }, "code.incomplete[0]"],
  ])("%j", async (code, field) => {
    const { ledger, backend } = await createTestLedger();
    const starting = ledger.startRun({ code } as StartRunOptions);
    await expect(starting).rejects.toMatchObject({ name: "LedgerError", code: "INVALID_ARGUMENT", field });
    expect([...backend.snapshot().keys()].filter((key) => key.startsWith("runs/"))).toEqual([]);
  });

  test("unknown members", async () => {
    const { ledger } = await createTestLedger();
    await expect(ledger.startRun({ code: { comit: COMMIT } } as StartRunOptions)).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringContaining('did you mean "commit"'),
    });
  });
});

describe("a patch that cannot be stored", () => {
  const refusing = (): FaultyBackend =>
    faultyBackend(memoryBackend(), { mode: "error-before", at: 1, times: 1e9, only: ["create"], key: /^blobs\// });

  test("does not keep the run from ending", async () => {
    const { ledger, errors } = await opened(refusing());
    const run = await ledger.startRun({ code: SNAPSHOT });
    await run.finish();
    const { code, status } = await ledger.getRun(run.id);
    expect(status).toBe("finished");
    expect(code).toMatchObject({ commit: COMMIT, dirty: true });
    expect(code?.patch).toBeUndefined();
    expect(code?.incomplete).toEqual([expect.stringMatching(/^patch: it could not be recorded \(/)]);
    expect(errors.length).toBeGreaterThan(0);
    expect(await ledger.codePatch(run.id)).toBeUndefined();
  });

  test("is tried again when the run ends", async () => {
    const backend = refusing();
    const { ledger } = await opened(backend);
    const run = await ledger.startRun({ code: SNAPSHOT });
    await expect
      .poll(async () => {
        await run.flush();
        return (await ledger.getRun(run.id)).code?.commit;
      })
      .toBe(COMMIT);
    backend.lift();
    await run.finish();
    expect((await ledger.getRun(run.id)).code).toMatchObject({ incomplete: [], patch: { complete: true } });
    expect(await ledger.codePatch(run.id)).toBe(PATCH);
  });
});

test("a run that is resumed by its id gets the code of the new session, and says that it had other code", async () => {
  const { ledger } = await createTestLedger();
  const resume = async (code?: GivenCode): Promise<RecordedCode | undefined> => {
    await (await ledger.startRun({ id: "r", resume: "allow", code })).finish();
    return (await ledger.getRun("r")).code;
  };
  const first = await resume(SNAPSHOT);
  expect(await resume()).toEqual(first);
  // The same commit, and no word on changes: nothing shows that the code differs.
  expect(await resume({ commit: COMMIT })).toMatchObject({ commit: COMMIT, dirty: "unknown", incomplete: [] });
  const others = ["e", "f"].map((digit) => digit.repeat(40));
  const remarks = [COMMIT, others[0]].map(
    (commit) => `sessions: an earlier one ran other code: commit ${commit}, with changes`,
  );
  expect(await resume({ commit: others[0]! })).toMatchObject({ commit: others[0], incomplete: [remarks[0]] });
  expect(await resume({ commit: others[1]! })).toMatchObject({ commit: others[1], incomplete: remarks });
  expect(await resume({ commit: others[1]! })).toMatchObject({ commit: others[1], incomplete: remarks });
  expect((await ledger.reproduction("r")).missing).toEqual(expect.arrayContaining(remarks));
});

test("code that a resumed run is given late, and that fails, leaves what is recorded", async () => {
  const { ledger } = await createTestLedger({ onError: () => {} });
  await (await ledger.startRun({ id: "r", code: SNAPSHOT })).finish();
  const before = (await ledger.getRun("r")).code;
  const failing = Promise.reject(new Error("no git"));
  await (await ledger.startRun({ id: "r", resume: "allow", code: failing })).finish();
  expect((await ledger.getRun("r")).code).toEqual(before);
});

test("a child may have its own code", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun({ code: SNAPSHOT });
  const child = await run.startChild({ code: { commit: "a".repeat(40) } });
  await child.finish();
  await run.finish();
  expect((await ledger.getRun(child.id)).code?.commit).toBe("a".repeat(40));
});

test("searches know commit, branch and dirty", async () => {
  const { ledger } = await createTestLedger();
  for (const [id, code] of Object.entries({
    none: undefined,
    dirty: SNAPSHOT,
    clean: { ...SNAPSHOT, dirty: false, branch: "side", patch: undefined },
    unknown: { commit: "a".repeat(40) },
  }))
    await (await ledger.startRun({ id, code })).finish();
  const open = await ledger.startRun({ id: "open", code: { ...SNAPSHOT, branch: "open" } });
  await open.flush();
  const found = async (filter: Parameters<Ledger["searchRuns"]>[0] & object): Promise<string[]> =>
    (await ledger.searchRuns(filter)).runs.map(({ id }) => id).sort();
  for (let round = 0; round < 2; round++) {
    expect(await found({ filter: `commit = '${COMMIT}'` })).toEqual(["clean", "dirty", "open"]);
    expect(await found({ filter: "commit LIKE '0123%' AND dirty = 'true'" })).toEqual(["dirty", "open"]);
    expect(await found({ filter: "attributes.dirty = 'unknown'" })).toEqual(["unknown"]);
    expect(await found({ filter: "branch IN ('side', 'open')" })).toEqual(["clean", "open"]);
    expect(await found({ filter: where.attribute("dirty").eq("false") })).toEqual(["clean"]);
    const { runs } = await ledger.searchRuns({ filter: "branch = 'side'", fields: ["code"] });
    expect(runs).toEqual([{ id: "clean", code: expect.objectContaining({ branch: "side", dirty: false }) }]);
    await ledger.rebuildCatalog();
  }
  await open.finish();
});

test("comparisons show the code", async () => {
  const { ledger } = await createTestLedger();
  const a = await ledger.startRun({ code: SNAPSHOT });
  const b = await ledger.startRun({ code: { ...SNAPSHOT, commit: "b".repeat(40), dirty: false } });
  await a.finish();
  await b.finish();
  const { code } = await ledger.compareRuns([a.id, b.id]);
  expect(code.differs.map(({ path }) => path)).toEqual(["commit", "dirty"]);
  expect(code.same.map(({ path }) => path)).toContain("branch");
  expect(compareRecords([await ledger.getRun(a.id), await ledger.getRun(b.id)]).code).toEqual(code);
});

test("a damaged patch is refused", async () => {
  const backend = memoryBackend();
  const { ledger } = await opened(backend);
  const run = await ledger.startRun({ code: SNAPSHOT });
  await run.finish();
  const [key = ""] = blobs(backend.snapshot().keys());
  await backend.remove(key);
  await expect(ledger.codePatch(run.id)).rejects.toMatchObject({ code: "CORRUPT", key });
  await backend.create(key, bytes(PATCH.replace("2", "3")));
  await expect(ledger.codePatch(run.id)).rejects.toMatchObject({ code: "CORRUPT", key });
  await expect(ledger.codePatch("nobody")).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
  await expect(ledger.codePatch(run.id, { as: "zip" } as never)).rejects.toMatchObject({ field: "as" });
});
