import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, LedgerError, openLedger } from "../../src/index.ts";
import { intercept } from "../../src/testing/intercept.ts";
import { objectsOnly } from "../journal/records.ts";
import { closedRuns, opener } from "../run-objects/closed-runs.ts";

const quiet = { onError: () => {} };

test("what cannot be read, found or listed is a problem, and nothing is thrown", async () => {
  for (const operation of ["read", "stat", "list"] as const) {
    const backend = memoryBackend();
    const id = await closedRuns["of one writer"]!(opener(backend), backend);
    let fails = false;
    const refuse = (key: string): LedgerError => new LedgerError("PERMISSION_DENIED", `${key} is refused`, { key });
    const faulty = intercept(backend, {
      call: async (call, proceed) => {
        if (fails && call.operation === operation) throw refuse(call.key);
        return await proceed();
      },
      list: async function* (call, proceed) {
        if (fails && operation === "list") throw refuse(call.key);
        yield* proceed();
      },
    });
    const ledger = await openLedger(faulty, quiet);
    fails = true;
    const found = [await ledger.verify(), ...(operation === "list" ? [] : [await ledger.verify(id)])];
    for (const { intact, problems } of found) {
      expect(intact).toBe(false);
      expect(new Set(problems.map(({ kind }) => kind))).toEqual(new Set(["unreadable"]));
    }
  }
});

test("what many runs share is read once; without data nothing of it is read", async () => {
  const backend = memoryBackend();
  const ledger = await openLedger(backend, quiet);
  for (let i = 0; i < 3; i++) {
    const run = await ledger.startRun({ environment: false });
    await run.logArtifact("data", new Uint8Array(300_000));
    await run.finish();
  }
  let progress = { checked: 0, bytes: 0, problems: 0 };
  const all = await ledger.verify(undefined, { onProgress: (now) => (progress = { ...now }) });
  expect(all).toMatchObject({ intact: true, checked: progress.checked, bytes: progress.bytes });
  expect(all.bytes).toBeGreaterThan(300_000);
  expect(all.bytes).toBeLessThan(400_000);
  expect((await ledger.verify(undefined, { readData: false })).bytes).toBeLessThan(10_000);
  expect((await ledger.verify(undefined, { readData: "0%" })).bytes).toBeLessThan(10_000);
  expect((await ledger.verify(undefined, { readData: "100%" })).bytes).toBe(all.bytes);
});

test("a changed blob and a lost run are named, with what is intact and what to do", async () => {
  const backend: Backend = objectsOnly();
  const ledger = await openLedger(backend, quiet);
  const run = await ledger.startRun({ environment: false });
  const { digest } = await run.logArtifact("data", new Uint8Array(9));
  await run.finish();
  const other = await ledger.startRun({ environment: false });
  await other.finish();
  const blob = `blobs/sha256/${digest.slice(7, 9)}/${digest.slice(7)}`;
  await backend.remove(blob);
  await backend.create(blob, new Uint8Array(9).fill(1));
  for await (const { key } of backend.list(`runs/${other.id}`)) await backend.remove(key);
  const { intact, problems, missing } = await ledger.verify();
  expect(intact).toBe(false);
  expect(problems).toEqual([
    { kind: "digest", key: blob, message: expect.stringContaining("logging its content again") },
    { kind: "missing", key: `runs/${other.id}`, message: expect.stringContaining("the catalogue says") },
  ]);
  expect(missing).toEqual([`runs/${other.id}`]);
  expect((await ledger.verify(run.id)).problems).toMatchObject([{ kind: "digest", key: blob }]);
});

test("a directory of small files, which are in packs, is intact", async () => {
  const backend = memoryBackend();
  const ledger = await openLedger(backend, quiet);
  const files = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`f${i}`, new Uint8Array(99).fill(i)]));
  await ledger.withRun({ environment: false }, async (run) => {
    await run.logArtifact("small", { files });
    await run.logArtifact("small", { files: { ...files, g: new Uint8Array(9) } });
  });
  expect((await ledger.verify()).problems).toEqual([]);
  for await (const { key } of backend.list("blobs")) {
    await backend.remove(key);
    break;
  }
  expect((await ledger.verify()).problems).toMatchObject([{ kind: "missing" }]);
});

test("a marker of a deletion that is damaged or lost, and an alias of a lost version, are problems", async () => {
  const backend = memoryBackend();
  const ledger = await openLedger(backend, quiet);
  const run = await ledger.startRun({ environment: false });
  await run.logArtifact("model", new Uint8Array(9), { aliases: ["best"] });
  await run.finish();
  await ledger.deleteRun(run.id);
  // Then a row of the catalogue says that the marker was there. An entry only says that it was to be.
  await ledger.compactCatalog();
  const marker = `runs/${run.id}/lifecycle/0001.json`;
  const bytes = await backend.read(marker);
  await backend.remove(marker);
  expect((await ledger.verify()).problems).toMatchObject([{ kind: "missing", key: marker }]);
  await backend.create(marker, bytes.with(9, 0));
  for (const found of [await ledger.verify(), await ledger.verify(run.id)])
    expect(found.problems).toMatchObject([{ kind: "damaged", key: marker }]);
  await backend.remove(marker);
  await backend.create(marker, bytes);
  expect((await ledger.verify()).problems).toEqual([]);
  const versions: string[] = [];
  for await (const { key } of backend.list("artifacts/model/versions")) versions.push(key);
  await backend.remove(versions[0]!);
  expect((await ledger.verify()).problems.map(({ kind, key }) => [kind, key])).toEqual([
    ["missing", expect.stringContaining("artifacts/model/aliases/best/")],
    ["missing", versions[0]],
  ]);
});

test("a run that a slow writer adds to after others have closed it is intact", async () => {
  // Nothing says whether a writer lives, as on a disk that machines share.
  const inner = memoryBackend();
  const appends: Backend = {
    ...objectsOnly(inner),
    capabilities: inner.capabilities,
    append: (key, bytes, options) => inner.append!(key, bytes, options),
    move: (from, to, options) => inner.move!(from, to, options),
  };
  for (const backend of [appends, objectsOnly()]) {
    const [slow, other] = [await openLedger(backend, quiet), await openLedger(backend, quiet)];
    const run = await slow.startRun({ environment: false });
    run.log({ loss: 1 });
    await run.flush();
    expect(await other.recover(run.id, { graceMs: 0 })).toMatchObject({ interrupted: [run.id] });
    run.log({ loss: 2 });
    await run.flush();
    for (const found of [await other.verify(run.id), await other.verify()]) expect(found.problems).toEqual([]);
    await run.finish();
    expect((await other.verify()).problems).toEqual([]);
  }
});

test("all versions of a run are verified, also behind one that cannot be read", async () => {
  const backend = memoryBackend();
  const ledger = await openLedger(backend, quiet);
  const run = await ledger.startRun({ environment: false });
  const keys: string[] = [];
  for (const name of ["a", "b", "c"])
    keys.push((await run.logArtifact(name, new TextEncoder().encode(name))).manifest.key);
  await run.finish();
  for (const key of keys) await backend.remove(key);
  for (const found of [await ledger.verify(run.id), await ledger.verify()]) expect(found.missing).toEqual(keys);
});

test("wrong arguments, unknown runs and aborts reject", async () => {
  const ledger = await openLedger(memoryBackend(), quiet);
  const run = await ledger.startRun({ environment: false });
  await run.finish();
  for (const readData of ["5", "101%", "-1%", 5, "1e2%"])
    await expect(ledger.verify(run.id, { readData } as never)).rejects.toMatchObject({ field: "readData" });
  await expect(ledger.verify(run.id, { onProgress: 5 } as never)).rejects.toMatchObject({ field: "onProgress" });
  await expect(ledger.verify(5 as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", field: "id" });
  for (const id of ["nothing", "../x", ""])
    await expect(ledger.verify(id)).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
  const thrown = new Error("no");
  const onProgress = (): never => {
    throw thrown;
  };
  for (const id of [undefined, run.id])
    await expect(ledger.verify(id, { onProgress })).rejects.toMatchObject({ field: "onProgress", cause: thrown });
  const reason = new Error("enough");
  for (const id of [undefined, run.id])
    await expect(ledger.verify(id, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
