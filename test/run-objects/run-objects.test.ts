import { describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { ownValue } from "../../src/bytes/dictionary.ts";
import type { Backend } from "../../src/index.ts";
import { isCompacted } from "../../src/journal/compacted.ts";
import { listRun } from "../../src/journal/list-run.ts";
import { readRunDocument } from "../../src/journal/read-run-document.ts";
import { type KnownNumbers, runObjects } from "../../src/run-objects/run-objects.ts";
import { countingBackend } from "../../src/testing/index.ts";
import { closedRuns, opener, places } from "./closed-runs.ts";
import { all, keysIn, keysOf, sha256 } from "./found-objects.ts";

/**
 * What the inventory need not have: the journals that are compacted and that a writer may still append to, and what only documents of
 * earlier closes name, since nothing is removed where an object may be created twice.
 */
async function superseded(backend: Backend, id: string): Promise<Set<string>> {
  const { newestDocument, writers, repeated } = await listRun(backend, id);
  const newest = await readRunDocument(backend, id, newestDocument);
  const ends = newest?.compacted?.ends;
  const keys = new Set(
    [...writers.values(), repeated]
      .flat()
      .filter(({ writer, seq, size }) => isCompacted(ends && ownValue(ends, writer), seq, size))
      .map(({ key }) => key),
  );
  if (backend.capabilities.exclusiveCreate) return keys;
  for (const { key } of repeated) keys.add(key);
  const named = new Set(newest?.objects.map(({ name }) => name));
  for (let n = 1; n < newestDocument; n++) {
    const { objects = [] } = (await readRunDocument(backend, id, n)) ?? {};
    for (const { name } of objects) if (!named.has(name)) keys.add(`runs/${id}/${name}`);
  }
  return keys;
}

async function numbersOf(backend: Backend, id: string): Promise<KnownNumbers> {
  const { newestDocument, lifecycle } = await listRun(backend, id);
  return { document: newestDocument, marker: lifecycle };
}

describe.each(places)("on a store that %s", (_, make) => {
  test.each(Object.entries(closedRuns))("a run %s: the inventory is what is listed", async (_name, close) => {
    const backend = make();
    const open = opener(backend);
    const id = await close(open, backend);
    const numbers = await numbersOf(backend, id);
    const counting = countingBackend(backend);
    const objects = await runObjects(counting, id, { known: numbers });
    expect(objects.source).toBe("inventory");
    const found = await all(objects);

    const left = await superseded(backend, id);
    const own = (await keysIn(backend, `runs/${id}`)).filter((key) => !left.has(key));
    expect(keysOf(found).filter((key) => key.startsWith("runs/"))).toEqual(own);
    // The ledger has no other run.
    const versions = (await keysIn(backend, "artifacts")).filter((key) => key.includes("/versions/"));
    expect(keysOf(found).filter((key) => !key.startsWith("runs/"))).toEqual([
      ...versions,
      ...(await keysIn(backend, "blobs")),
    ]);
    for (const { key, size, digest } of found) {
      const bytes = await backend.read(key);
      expect({ key, size, digest }).toEqual({ key, size: bytes.length, digest: sha256(bytes) });
    }

    // One request for the document, and one for each marker, version, and object or journal with rich values.
    const record = await (await open()).getRun(id);
    const lists = found.filter(({ key, kind }) => kind === "journal" || key.endsWith(".media")).length;
    const { list, create, append, remove, requests } = counting.counters;
    expect({ list, create, append, remove }).toEqual({ list: 0, create: 0, append: 0, remove: 0 });
    expect(requests).toBeLessThanOrEqual(1 + numbers.marker + record.artifacts.length + (record.media ? lists : 0));
    // What is not known is looked for.
    counting.reset();
    const again = await runObjects(counting, id);
    expect(again.source).toBe("inventory");
    expect(await all(again)).toEqual(found);
    expect(counting.counters.list).toBe(0);
  });
});

test("without known numbers, a run that was closed once and never deleted costs four more requests", async () => {
  const backend = countingBackend(memoryBackend());
  const id = await closedRuns["of one writer"]!(opener(backend), backend);
  for (const [known, requests] of [
    [{ document: 1, marker: 0 }, 1],
    [undefined, 5],
  ] as const) {
    backend.reset();
    await all(await runObjects(backend, id, { known }));
    expect(backend.counters.requests).toBe(requests);
  }
});
