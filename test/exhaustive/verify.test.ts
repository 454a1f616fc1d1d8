import { describe, expect, test } from "vitest";
import type { Backend } from "../../src/index.ts";
import { openLedger } from "../../src/index.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { objectsOnly } from "../journal/records.ts";
import { closedRuns, opener, places } from "../run-objects/closed-runs.ts";
import { keysIn } from "../run-objects/found-objects.ts";

const quiet = { onError: () => {} };

describe.each(places)("on a store that %s", (_, make) => {
  test.each(Object.entries(closedRuns))("a run %s is intact", async (_name, close) => {
    const backend = make();
    const open = opener(backend);
    const id = await close(open, backend);
    const ledger = await open();
    expect(await ledger.verify(id)).toMatchObject({ intact: true, sealed: false, problems: [], missing: [] });
    expect((await ledger.verify()).problems).toEqual([]);
    expect((await ledger.verify(undefined, { readData: false })).problems).toEqual([]);
  });

  test("a run that others write and close meanwhile is intact", async () => {
    const backend = make();
    const [writing, verifying] = [await openLedger(backend, quiet), await openLedger(backend, quiet)];
    const problems: unknown[] = [];
    let isOver = false;
    const verifyAgain = async (): Promise<void> => {
      while (!isOver) problems.push(...(await verifying.verify()).problems);
    };
    const verified = verifyAgain();
    for (let i = 0; i < 12; i++) {
      const run = await writing.startRun({ environment: false });
      for (let step = 0; step < 4; step++) {
        run.log({ loss: step });
        await run.logText("note", `${step} `.repeat(2000));
        await run.flush();
      }
      await run.finish();
    }
    await writing.compactCatalog();
    isOver = true;
    await verified;
    expect(problems).toEqual([]);
  });
});

/** Makes a ledger with a run of every kind of object, a run that is open, and a catalogue with a segment. */
async function makeLedger(backend: Backend): Promise<{ finished: string; running: string }> {
  const ledger = await openLedger(backend, { onError: () => {} });
  const options = { environment: false, experiment: "e" } as const;
  const run = await ledger.startRun({ ...options, params: { lr: 0.1 } });
  for (let i = 0; i < 20_000; i++) run.log({ loss: i });
  await run.logImage("noise", { data: new Uint8Array(48 * 48 * 3).map((_, i) => i * 7), width: 48, height: 48 });
  await run.logArtifact("model", { files: { a: new Uint8Array(100_000).fill(1), b: new Uint8Array(70_000).fill(2) } });
  await run.logArtifact("model", new Uint8Array(9).fill(3), { aliases: ["best"] });
  await run.finish();
  for (let i = 0; i < 9; i++) await (await ledger.startRun({ ...options, params: { i } })).finish();
  await ledger.compactCatalog();
  const running = await ledger.startRun(options);
  running.log({ loss: 1 });
  await running.flush();
  return { finished: run.id, running: running.id };
}

/** A run without its beginning may be named as a whole, and so may the segments of an experiment. */
function isAbout(named: string, key: string): boolean {
  return key === named || (key.startsWith(`${named}/`) && named.split("/").length > 1);
}

/** Replaces an object. */
async function replace(backend: Backend, key: string, bytes: Uint8Array): Promise<void> {
  await backend.remove(key);
  await backend.create(key, bytes);
}

describe.each([
  ["appends", () => memoryBackend()],
  ["creates an object a flush", () => objectsOnly()],
])("on a store that %s", (_, make) => {
  test("every object that changes a byte, loses one or is removed is found and named", async () => {
    const backend = make();
    const { running } = await makeLedger(backend);
    const ledger = await openLedger(backend, { onError: () => {} });
    expect((await ledger.verify()).problems).toEqual([]);
    const missed: string[] = [];
    for (const key of await keysIn(backend, "")) {
      const bytes = await backend.read(key);
      // Objects without bytes say something by their keys alone: entries of the catalogue, aliases, digests.
      if (bytes.length === 0) continue;
      const middle = bytes.length >> 1;
      for (const [how, changed] of [
        ["a byte", bytes.with(middle, bytes[middle]! ^ 1)],
        ["the last byte", bytes.subarray(0, -1)],
        ["removed", undefined],
      ] as const) {
        // What a writer that still runs stored last can go without a trace.
        if (key.startsWith(`runs/${running}/journal/`) && how !== "a byte") continue;
        if (changed) await replace(backend, key, changed);
        else await backend.remove(key);
        const { intact, problems } = await ledger.verify();
        if (intact || !problems.some((problem) => isAbout(problem.key, key)))
          missed.push(`${how}: ${key}: ${problems.map((each) => each.key).join()}`);
        if (changed) await replace(backend, key, bytes);
        else await backend.create(key, bytes);
      }
    }
    expect(missed).toEqual([]);
    expect((await ledger.verify()).problems).toEqual([]);
  });
});
