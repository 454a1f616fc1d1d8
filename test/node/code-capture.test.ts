import { join } from "node:path";
import { memoryBackend } from "runledger/backends/memory";
import { captureGit } from "runledger/git";
import { openLedger } from "runledger/node";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Repository } from "../git/repository.ts";

const others = { environment: false, system: false };
let repository: Repository;
beforeEach(() => {
  repository = new Repository();
  repository.begin();
  repository.change();
});
afterEach(() => repository.dispose());

test("each run that begins records the code, after it has started", async () => {
  const { directory } = repository;
  const ledger = await openLedger(memoryBackend(), { capture: { ...others, code: { directory } } });
  const run = await ledger.startRun();
  const child = await run.startChild();
  for (const each of [child, run]) await each.finish();
  const { patch, ...expected } = (await captureGit({ directory })) ?? {};
  for (const { id } of [run, child]) {
    const { patch: stored, ...code } = (await ledger.getRun(id)).code ?? {};
    expect(code).toEqual(expected);
    expect(stored).toMatchObject({ complete: true, size: patch?.length });
    expect(await ledger.codePatch(id, { as: "bytes" })).toEqual(new Uint8Array(patch ?? []));
  }
});

test("runs keep the code that they are given, and those that are resumed keep theirs", async () => {
  const { directory } = repository;
  const ledger = await openLedger(memoryBackend(), { capture: { ...others, code: { directory, patch: false } } });
  const own = await ledger.startRun({ code: { commit: "mine" } });
  const none = await ledger.startRun({ code: false });
  for (const run of [own, none]) await run.finish();
  await (await ledger.resumeRun(own.id)).finish();
  expect((await ledger.getRun(own.id)).code?.commit).toBe("mine");
  expect((await ledger.getRun(none.id)).code).toBeUndefined();
});

test("a resumed run gets the code of the session that resumes it, if that differs", async () => {
  const { directory } = repository;
  const place = memoryBackend();
  // Runs of one ledger that start within a second share what was captured.
  const open = () => openLedger(place, { capture: { ...others, code: { directory } } });
  const ledger = await open();
  const id = await ledger.withRun({}, (run) => run.id);
  const first = (await ledger.getRun(id)).code;
  await (await (await open()).resumeRun(id)).finish();
  expect((await ledger.getRun(id)).code).toEqual(first);

  repository.write("later.txt", "other\n");
  repository.git("add", "later.txt");
  await (await (await open()).resumeRun(id)).finish();
  const { code } = await ledger.getRun(id);
  expect(code?.patch?.digest).not.toBe(first?.patch?.digest);
  const remark = `sessions: an earlier one ran other code: commit ${first?.commit}, with changes`;
  expect(code?.incomplete).toEqual([...first!.incomplete, remark]);
  expect((await ledger.reproduction(id)).missing).toContain(remark);
});

test("a resumed run without code and command gets those of the session that resumes it", async () => {
  const { directory } = repository;
  const place = join(directory, "runs");
  const bare = await openLedger(place, { capture: false, guard: false });
  const ledger = await openLedger(place, { capture: { system: false, code: { directory } }, guard: false });
  const killed = [];
  for (let i = 0; i < 3; i++) killed.push(await bare.startRun({ id: `run${i}`, resume: "allow" }));
  await (await ledger.resumeRun("run0")).finish();
  await (await ledger.startRun({ id: "run1", resume: "allow" })).finish();
  await (await ledger.startRun({ id: "run2", resume: "allow", code: false, environment: false })).finish();
  const commit = repository.git("rev-parse", "HEAD").trim();
  for (const id of ["run0", "run1"]) {
    const { code, environment } = await ledger.getRun(id);
    expect(code?.commit).toBe(commit);
    expect(environment?.["command"]).toBeDefined();
  }
  const { code, environment } = await ledger.getRun("run2");
  expect([code, environment?.["command"]]).toEqual([undefined, undefined]);
  for (const run of killed) await run.finish();
});

test.each([false, { ...others, code: false }])("capture: %j", async (capture) => {
  const ledger = await openLedger(memoryBackend(), { capture });
  const run = await ledger.startRun();
  await run.finish();
  expect((await ledger.getRun(run.id)).code).toBeUndefined();
});
