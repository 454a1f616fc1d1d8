import { beforeEach, describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, copyRuns, type Ledger, openLedger, type Run } from "../../src/index.ts";
import { generateSigner, publicKey } from "../../src/seal/index.ts";
import { createTestClock, seededIds } from "../../src/testing/index.ts";
import { keysIn } from "../run-objects/found-objects.ts";

const signer = await generateSigner({ keyId: "ci" });
const keys = [publicKey(signer)];
const conflict = expect.objectContaining({
  code: "CONFLICT",
  message: expect.stringContaining("sealed") as string,
}) as object;
const clock = createTestClock();

let backend: Backend;
let ledger: Ledger;
let id: string;
let other: string;
const manifest = (n: number): string => `artifacts/model/versions/999999/${99 - n}.json`;
const marker = (n: number): string => manifest(n).replace("json", "removed");

async function finished(last: (run: Run) => Promise<void>): Promise<string> {
  const run = await ledger.startRun({ environment: false, experiment: "e" });
  run.log({ loss: 1 });
  await last(run);
  await run.finish();
  return run.id;
}

beforeEach(async () => {
  backend = memoryBackend();
  ledger = await openLedger(backend, { clock, ids: seededIds(1, () => clock.now()), onError: () => {} });
  id = await finished(async (run) => {
    for (let i = 0; i < 3; i++) await run.logArtifact("model", new Uint8Array(100).fill(i));
  });
  other = await finished(async (run) => void (await run.logArtifact("model", new Uint8Array(100).fill(9))));
  await ledger.seal(id, { signer });
  await ledger.seal(other, { signer });
});

async function problems(of?: string): Promise<(readonly [kind: string, key: string])[]> {
  const found = await ledger.verify(of, { keys });
  expect(found.missing).toEqual(found.problems.filter(({ kind }) => kind !== "digest").map(({ key }) => key));
  expect(found).toMatchObject({ intact: found.problems.length === 0, sealed: true, signedBy: ["ci"], lateRecords: [] });
  return found.problems.map(({ kind, key }) => [kind, key]);
}

describe("a version that a sealed run made", () => {
  test("is not removed by removeArtifact unless it is forced, and then verify says so", async () => {
    const before = await keysIn(backend, "");
    await expect(ledger.removeArtifact("model:v0")).rejects.toEqual(conflict);
    expect(await keysIn(backend, "")).toEqual(before);
    await ledger.removeArtifact("model:v0", { force: true });
    await ledger.removeArtifact("model:v0"); // Again: changes nothing.
    for (const of of [id, undefined]) {
      expect(await problems(of)).toEqual([["removed", manifest(0)]]);
      const { message } = (await ledger.verify(of)).problems[0]!;
      expect(message).toMatch(/^model:v0, .*It may have been meant.*Everything else of the run was compared/);
    }
    expect(await problems(other)).toEqual([]);
    // The seal is still the same, and others can sign it.
    const second = await generateSigner({ keyId: "second" });
    expect((await ledger.seal(id, { signer: second })).signedBy).toEqual(["ci", "second"]);
  });

  test("is kept by applyRetention, whatever the options", async () => {
    for (const keepAliased of [true, false])
      expect(await ledger.applyRetention({ keepLast: 1, keepAliased, dryRun: false })).toMatchObject({ removed: [] });
    const loose = await finished(async (run) => void (await run.logArtifact("model", new Uint8Array(100).fill(20))));
    await finished(async (run) => void (await run.logArtifact("model", new Uint8Array(100).fill(21))));
    expect((await ledger.applyRetention({ keepLast: 1 })).removed).toEqual(["model:v4"]);
    expect((await ledger.applyRetention({ keepLast: 1, dryRun: false })).removed).toEqual(["model:v4"]);
    expect(await problems(id)).toEqual([]);
    expect((await ledger.verify(loose)).problems).toEqual([]);
  });

  test("is missed if somebody stores the marker of its removal, with its objects there or gone", async () => {
    await backend.create(marker(1), new Uint8Array(0));
    expect(await problems(id)).toEqual([["removed", manifest(1)]]);
    expect(await problems()).toEqual([["removed", manifest(1)]]);
    await backend.remove(manifest(1));
    expect(await problems(id)).toEqual([["removed", manifest(1)]]);
    const blobs = await keysIn(backend, "blobs/sha256");
    for (const blob of blobs) await backend.remove(blob);
    const found = await ledger.verify(id);
    expect(found.problems.map(({ kind }) => kind).sort()).toEqual(["missing", "missing", "missing", "removed"]);
    for (const { kind, message } of found.problems)
      if (kind === "missing") expect(message).toContain("If it belonged to model:v1 alone, it was removed with that");
  });

  test("is no part of the seal if it was removed before", async () => {
    const late = await finished(async (run) => {
      for (const i of [40, 41]) await run.logArtifact("late", new Uint8Array(100).fill(i));
    });
    await ledger.removeArtifact("late:v0");
    const seal = await ledger.seal(late, { signer });
    expect(await problems(late)).toEqual([]);
    await backend.remove("artifacts/late/versions/999999/99.json");
    expect(await problems()).toEqual([]);
    expect(await ledger.seal(late, { signer })).toEqual(seal);
  });

  test("is copied as a removed one", async () => {
    await ledger.removeArtifact("model:v0", { force: true });
    const target = await openLedger(memoryBackend(), { onError: () => {} });
    expect(await copyRuns(ledger, target)).toMatchObject({ conflicts: [] });
    const found = await target.verify(id, { keys });
    expect(found.problems).toMatchObject([{ kind: "removed", key: manifest(0) }]);
  });
});

describe("a sealed run", () => {
  test("is not purged unless that is forced, and then verify says so once, with the time", async () => {
    const before = await keysIn(backend, "");
    await expect(ledger.purgeRun(id)).rejects.toEqual(conflict);
    await expect(ledger.purgeRun(id, { force: 1 as never })).rejects.toMatchObject({ field: "force" });
    expect(await keysIn(backend, "")).toEqual(before);
    const time = new Date(clock.now()).toISOString();
    await ledger.purgeRun(id, { force: true });
    await ledger.purgeRun(id);
    for (const of of [id, undefined]) {
      expect(await problems(of)).toEqual([["removed", `runs/${id}`]]);
      expect((await ledger.verify(of)).problems[0]!.message).toMatch(
        new RegExp(`^sealed run ${id} was purged: .*purged at ${time}\\. It may have been meant: purgeRun`),
      );
    }
    expect(await problems(other)).toEqual([]);
  });

  test.each([
    ["empty", new Uint8Array(0)],
    ["of another program", new TextEncoder().encode('{"time":5}')],
    ["too long", new Uint8Array(100_000)],
  ])(
    "is missed if somebody stores the marker of a purge that is %s, with its objects there or gone",
    async (_, bytes) => {
      await backend.create(`runs/${id}/purged.json`, bytes);
      for (const of of [id, undefined]) {
        expect(await problems(of)).toEqual([["removed", `runs/${id}`]]);
        expect((await ledger.verify(of)).problems[0]!.message).toContain("but is not as purgeRun makes it");
      }
      for (const key of await keysIn(backend, `runs/${id}`))
        if (!key.endsWith("/purged.json")) await backend.remove(key);
      const { intact, problems: found } = await ledger.verify();
      expect(intact).toBe(false);
      expect(found).toMatchObject([
        { kind: "missing", key: `runs/${id}/seal.json`, message: expect.stringContaining("somebody removed more") },
      ]);
    },
  );
});
