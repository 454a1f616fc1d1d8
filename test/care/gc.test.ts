import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { layer } from "../../src/backend/layers/layer.ts";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, type Ledger, openLedger } from "../../src/index.ts";
import { createTestClock } from "../../src/testing/index.ts";
import { objectsOnly } from "../journal/records.ts";

const code = (expected: string, message?: RegExp): object =>
  expect.objectContaining({ code: expected, ...(message && { message: expect.stringMatching(message) }) });
const quiet = { onError: () => {} };
const DAY = 86_400_000;

const big = (seed: number): Uint8Array => new Uint8Array(70_000).map((_, i) => (i * seed) % 251);

async function keys(backend: Backend, prefix = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of backend.list(prefix)) found.push(key);
  return found;
}

/** Versions v0 … v2 of "model", of which v0 and v2 share a file, and a run with a large text and code; then v2 and the run go. */
async function filled(ledger: Ledger): Promise<{ kept: string; purged: string }> {
  const kept = await ledger.startRun({ environment: false });
  await kept.logArtifact("model", { files: { a: big(1), b: big(2) } });
  await kept.logArtifact("model", { files: { a: big(3) } });
  await kept.logArtifact("model", { files: { a: big(1), c: big(4) } });
  await kept.logText("text", "kept ".repeat(20_000));
  kept.log({ loss: 1 });
  await kept.finish();
  const purged = await ledger.startRun({ environment: false });
  await purged.logText("text", "gone ".repeat(20_000));
  await purged.logText("shared", "kept ".repeat(20_000));
  await purged.finish();
  await ledger.removeArtifact("model:v2");
  await ledger.purgeRun(purged.id);
  return { kept: kept.id, purged: purged.id };
}

async function readable(ledger: Ledger, { kept }: { kept: string }): Promise<void> {
  for (const version of await ledger.artifactVersions("model"))
    expect(await (await ledger.openArtifact(version)).verify()).toMatchObject({ intact: true });
  const [entry] = await ledger.media(kept);
  expect(await ledger.openMedia(entry!)).toMatchObject({ text: "kept ".repeat(20_000) });
  expect((await ledger.verify()).problems).toEqual([]);
}

/** The bytes of all files below a directory. */
async function bytesBelow(directory: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  return bytes;
}

test("frees the bytes that it says, on a file system; other files stay", async () => {
  const directory = await mkdtemp(join(tmpdir(), "rl-gc-"));
  try {
    const backend = fsBackend(directory);
    const ledger = await openLedger(backend, quiet);
    const runs = await filled(ledger);
    await writeFile(join(directory, "blobs", "README.md"), "mine");
    await writeFile(join(directory, "blobs", "sha256", "notes.txt"), "mine");
    await backend.create("blobs/incoming/left0over", new Uint8Array(1000));
    const found = await ledger.gc();
    expect(found).toMatchObject({ dryRun: true, kept: 4, waiting: 0 });
    const before = await bytesBelow(directory);
    const removed = await ledger.gc({ dryRun: false, graceMs: 0 });
    expect(removed).toEqual({ ...found, dryRun: false });
    // What stays of the collection: how many have ended.
    const count = await bytesBelow(join(directory, "gc"));
    expect(count).toBeLessThan(100);
    expect(before - (await bytesBelow(directory)) + count).toBe(removed.bytes);
    expect(removed.bytes).toBeGreaterThan(70_000 + 100_000 + 1000);
    const left = await readdir(directory, { recursive: true });
    expect(left).toContain(join("blobs", "README.md"));
    expect(left).toContain(join("blobs", "sha256", "notes.txt"));
    await readable(ledger, runs);
    expect(await ledger.gc({ dryRun: false, graceMs: 0 })).toMatchObject({ removed: [], bytes: 0 });
    expect((await keys(backend, "gc")).length).toBe(1);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("what is garbage waits for the grace time, and stays if it is used again meanwhile", async () => {
  const clock = createTestClock();
  const backend = memoryBackend();
  const ledger = await openLedger(backend, { ...quiet, clock });
  const runs = await filled(ledger);
  const first = await ledger.gc({ dryRun: false });
  expect(first).toMatchObject({ removed: [], waiting: 3 });
  await clock.advance(DAY - 1);
  expect(await ledger.gc({ dryRun: false })).toMatchObject({ removed: [], waiting: 3 });
  const run = await ledger.startRun({ environment: false });
  const again = await run.logArtifact("again", big(4));
  await run.finish();
  await clock.advance(1);
  const { removed, waiting } = await ledger.gc({ dryRun: false });
  expect(removed.map(({ key }) => key.split("/")[0]).sort()).toEqual(["artifacts", "blobs"]);
  expect(waiting).toBe(0);
  expect(await (await ledger.openArtifact(again)).read()).toEqual(big(4));
  await readable(ledger, runs);
  // The number of the removed version is still taken, although its manifest is gone.
  const last = await ledger.startRun({ environment: false });
  expect((await last.logArtifact("model", big(9))).version).toBe("v3");
  await last.finish();
  await expect(ledger.openArtifact("model:v2")).rejects.toEqual(code("ARTIFACT_NOT_FOUND", /was removed/));
  expect((await ledger.getRun(runs.kept)).artifacts.length).toBe(3);
  expect(await ledger.verify(runs.kept)).toMatchObject({ intact: true });
});

test("an open run keeps it from removing, and from nothing else", async () => {
  const backend = objectsOnly();
  const ledger = await openLedger(backend, quiet);
  await filled(ledger);
  const run = await ledger.startRun({ environment: false });
  for (const each of [ledger, await openLedger(backend, quiet)]) {
    expect((await each.gc()).removed.length).toBe(3);
    await expect(each.gc({ dryRun: false, graceMs: 0 })).rejects.toEqual(code("CONFLICT", new RegExp(run.id)));
  }
  await run.finish();
  expect((await ledger.gc({ dryRun: false, graceMs: 0 })).removed.length).toBe(3);
});

test("what is left of a purge that was stopped goes, too", async () => {
  const backend = memoryBackend();
  const ledger = await openLedger(backend, quiet);
  const { purged } = await filled(ledger);
  const late = `runs/${purged}/journal/w0123.000000`;
  await backend.create(late, new Uint8Array(10));
  const { removed } = await ledger.gc({ dryRun: false, graceMs: 0 });
  expect(removed.map(({ key }) => key)).toContain(late);
  expect(await keys(backend, `runs/${purged}`)).toEqual([`runs/${purged}/purged.json`]);
});

test("a manifest or a run that cannot be read stops it", async () => {
  for (const damaged of [/^artifacts\/model\/versions\/.*99\.json$/, /^runs\/.*\/run\.json$/]) {
    const backend = memoryBackend();
    const ledger = await openLedger(backend, quiet);
    await filled(ledger);
    const key = (await keys(backend)).find((each) => damaged.test(each))!;
    await backend.remove(key);
    await backend.create(key, new Uint8Array(9));
    const before = await keys(backend, "blobs");
    for (const dryRun of [true, false])
      await expect(ledger.gc({ dryRun, graceMs: 0 })).rejects.toEqual(code("CORRUPT"));
    expect(await keys(backend, "blobs")).toEqual(before);
  }
});

test("a collection that died is completed by one call that takes it over", async () => {
  const backend = memoryBackend();
  const ledger = await openLedger(backend, quiet);
  const runs = await filled(ledger);
  let left = 1;
  const dying = layer(backend, {
    remove: async (key, options) => {
      if (key.startsWith("blobs/") && left-- === 0) return await new Promise(() => {});
      await backend.remove(key, options);
    },
  });
  void (await openLedger(dying, quiet)).gc({ dryRun: false, graceMs: 0 });
  while (left >= 0) await new Promise((resolve) => setImmediate(resolve));
  const run = await ledger.startRun({ environment: false });
  // It may be removed at any moment.
  await expect(run.logArtifact("again", big(4))).rejects.toEqual(code("CONFLICT", /gc\(\)/));
  await run.logArtifact("other", big(8));
  await run.finish();
  await expect(ledger.gc({ dryRun: false })).rejects.toEqual(code("CONFLICT", /takeOver/));
  await ledger.gc({ dryRun: false, takeOver: true });
  expect((await ledger.gc()).removed.filter(({ key }) => key.startsWith("blobs/")).map(({ size }) => size)).toEqual([]);
  const last = await ledger.startRun({ environment: false });
  const { version } = await last.logArtifact("again", big(4));
  await last.finish();
  expect(await (await ledger.openArtifact(`again:${version}`)).read()).toEqual(big(4));
  await readable(ledger, runs);
});

test("refuses stores that let two programs create one key, and options that make no sense", async () => {
  const inner = memoryBackend();
  const ledger = await openLedger({
    ...layer(inner, {}),
    capabilities: { ...inner.capabilities, exclusiveCreate: false },
  });
  await expect(ledger.gc({ dryRun: false })).rejects.toEqual(code("UNSUPPORTED", /exclusive/));
  expect(await ledger.gc()).toEqual({ removed: [], bytes: 0, kept: 0, waiting: 0, dryRun: true });
  const other = await openLedger(memoryBackend());
  for (const options of [{ graceMs: -1 }, { graceMs: "1" }, { dryRun: 0 }, { takeOver: 1 }, { onProgress: 1 }])
    await expect(other.gc(options as never)).rejects.toEqual(code("INVALID_ARGUMENT"));
});
