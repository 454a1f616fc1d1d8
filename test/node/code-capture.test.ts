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

test.each([false, { ...others, code: false }])("capture: %j", async (capture) => {
  const ledger = await openLedger(memoryBackend(), { capture });
  const run = await ledger.startRun();
  await run.finish();
  expect((await ledger.getRun(run.id)).code).toBeUndefined();
});
