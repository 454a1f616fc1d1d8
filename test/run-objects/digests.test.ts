import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import type { Backend } from "../../src/index.ts";
import { countingBackend } from "../../src/testing/index.ts";
import { objectsOnly } from "../journal/records.ts";
import { runObjects } from "../../src/run-objects/run-objects.ts";
import { opener, withoutExclusiveCreate } from "./closed-runs.ts";
import { all, sha256 } from "./found-objects.ts";

/** Logs 12 MiB in notes, more than a writer keeps in memory, and points where `points` says so. */
async function large(backend: Backend, points: boolean): Promise<string> {
  const run = await (await opener(backend)()).startRun({ environment: false, flush: { intervalMs: 1e9 } });
  for (let i = 0; i < 12; i++) {
    run.setNote(`${i}`.repeat(1024 * 1024).slice(0, 1024 * 1024));
    if (points) run.log({ loss: i });
    await run.flush();
  }
  await run.finish();
  return run.id;
}

test.each([
  ["may create an object twice", withoutExclusiveCreate, true],
  ["creates objects, of a run without points", () => objectsOnly(), false],
] as const)("on a store that %s, closing a long journal reads none of it", async (_, make, points) => {
  const backend = countingBackend(make());
  const id = await large(backend, points);
  expect(backend.counters.bytesOut).toBeLessThan(64 * 1024);
  const found = await all(await runObjects(backend, id));
  const journals = found.filter(({ kind }) => kind === "journal");
  // An object repeats at most 3 MiB.
  expect(journals.length).toBeGreaterThanOrEqual(4);
  for (const { key, digest } of journals) expect(digest).toBe(sha256(await backend.read(key)));
});

test("where a segment grows, closing a run without points reads it once", async () => {
  const backend = countingBackend(memoryBackend());
  const id = await large(backend, false);
  expect(backend.counters.bytesOut).toBeLessThan(12.1 * 1024 * 1024);
  const [journal] = (await all(await runObjects(backend, id))).filter(({ kind }) => kind === "journal");
  expect(journal!.digest).toBe(sha256(await backend.read(journal!.key)));
});

test("closing a run of one writer with points takes no request for the inventory", async () => {
  for (const make of [() => memoryBackend(), () => objectsOnly()]) {
    const backend = countingBackend(make());
    const run = await (await opener(backend)()).startRun({ environment: false, flush: { intervalMs: 1e9 } });
    run.log({ loss: 1 });
    await run.flush();
    backend.reset();
    await run.finish();
    // The Parquet file and the document, each read back once.
    expect(backend.counters.read).toBe(2);
  }
});
