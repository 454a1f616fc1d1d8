import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { withChecks } from "../../src/backend/index.ts";
import { type Backend, type LedgerError, openLedger } from "../../src/index.ts";
import { openLedger as openHere } from "../../src/node/index.ts";
import { createTestLedger } from "../../src/testing/index.ts";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const code = (expected: string): object => expect.objectContaining({ code: expected });
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("an empty place becomes a ledger once, whoever opens it", async () => {
  const backend = memoryBackend();
  const ledgers = await Promise.all(Array.from({ length: 8 }, () => openLedger(backend)));
  const run = await ledgers[0]?.startRun();
  await run?.finish();
  expect((await ledgers[7]?.searchRuns())?.runs.length).toBe(1);
});

test.each([
  ["something else in it", "photo.jpeg", "x", "NOT_A_LEDGER"],
  ["another's marker", "ledger.json", '{"format":"other","version":1}', "NOT_A_LEDGER"],
  ["another's marker with a byte order mark", "ledger.json", '\ufeff{"format":"other","version":1}', "NOT_A_LEDGER"],
  ["a newer format", "ledger.json", '{"format":"runledger","version":2,"createdAt":0}', "FORMAT_TOO_NEW"],
  ["a damaged marker", "ledger.json", "\u0000\u0000", "CORRUPT"],
  ["an empty marker", "ledger.json", "", "CORRUPT"],
])("a place with %s is refused", async (_name, key, text, expected) => {
  const backend = memoryBackend();
  await backend.create(key, bytes(text));
  await expect(openLedger(backend)).rejects.toThrow(code(expected));
});

test("a directory that is none, or another's, is named", async () => {
  const directory = await mkdtemp(join(tmpdir(), "rl-"));
  try {
    const file = join(directory, "photo.jpeg");
    await writeFile(file, "x");
    const conflict = { code: "CONFLICT", message: expect.stringContaining(`(fs, ${file}) cannot be a ledger`) };
    await expect(openLedger(fsBackend(file))).rejects.toMatchObject(conflict);
    const other = { code: "NOT_A_LEDGER", message: expect.stringContaining(`(fs, ${directory}) is not a ledger`) };
    await expect(openLedger(fsBackend(directory))).rejects.toMatchObject(other);
    expect(await readFile(file, "utf8")).toBe("x");
    // In a bucket: the bucket and the prefix.
    const bucket = memoryBackend();
    await bucket.create("photo.jpeg", bytes("x"));
    const location = {
      kind: "s3",
      bucket: "b",
      region: "r",
      pathStyle: true,
      credentials: async () => undefined,
    } as const;
    const located: Backend = { ...withChecks(bucket), locate: (key) => ({ ...location, key: `runs/${key}` }) };
    await expect(openLedger(located)).rejects.toThrow("(memory, b/runs) is not a ledger");
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("files of people and systems in an otherwise empty place do not keep it from becoming a ledger", async () => {
  const directory = await mkdtemp(join(tmpdir(), "rl-"));
  const names = ["Thumbs.db", ".DS_Store", "README.md", ".gitignore", "desktop.ini", "LICENSE", ".gitkeep"];
  try {
    for (const name of names) await writeFile(join(directory, name), "x");
    await mkdir(join(directory, "lost+found"));
    const backend = memoryBackend();
    for (const key of ["readme.md", "thumbs.db", "license.txt"]) await backend.create(key, bytes("x"));
    for (const place of [fsBackend(directory), backend]) {
      const ledger = await openLedger(place);
      await (await ledger.startRun()).finish();
      expect((await ledger.searchRuns()).runs).toHaveLength(1);
      expect((await ledger.rebuildCatalog()).runs).toBe(1);
      expect(await ledger.recover()).toEqual({ interrupted: [], running: [] });
    }
    for (const name of names) expect(await readFile(join(directory, name), "utf8")).toBe("x");
  } finally {
    await rm(directory, { recursive: true });
  }
});

test.each(["readme", "thumbs.db.bak", "data/readme.md", "model.json"])("but another thing does: %s", async (key) => {
  const backend = memoryBackend();
  await backend.create(key === "readme" ? "readme/x" : key, bytes("x"));
  await expect(openLedger(backend)).rejects.toThrow(code("NOT_A_LEDGER"));
});

test("the promise of a backend is awaited, and its error is that of openLedger", async () => {
  const backend = memoryBackend();
  for (const open of [openLedger, openHere]) {
    await (await (await open(Promise.resolve(backend))).startRun()).finish();
    await expect(open(Promise.reject(new RangeError("no storage")))).rejects.toThrow("no storage");
  }
  expect((await (await openLedger(backend)).searchRuns()).runs.length).toBe(2);
});

test("anything but a backend is refused", async () => {
  for (const value of [undefined, 5, {}, { contract: 2 }])
    await expect(openLedger(value as Backend)).rejects.toThrow(code("INVALID_ARGUMENT"));
});

test("a file where the directory should be is refused", async () => {
  const directory = await mkdtemp(join(tmpdir(), "rl-"));
  try {
    await writeFile(join(directory, "file"), "x");
    await expect(openLedger(fsBackend(join(directory, "file")))).rejects.toMatchObject({ name: "LedgerError" });
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("unknown runs are named", async () => {
  const { ledger } = await createTestLedger();
  for (const id of ["nobody", "../x", "", "A", "x".repeat(100)]) {
    await expect(ledger.getRun(id)).rejects.toThrow(code("RUN_NOT_FOUND"));
    await expect(ledger.history(id, "a")).rejects.toThrow(code("RUN_NOT_FOUND"));
    await expect(ledger.recover(id)).rejects.toThrow(code("RUN_NOT_FOUND"));
  }
  await expect(ledger.getRun(5 as never)).rejects.toThrow(code("INVALID_ARGUMENT"));
});

test("runs are found newest first, by experiment, a page at a time, also while more are added", async () => {
  const { ledger } = await createTestLedger();
  const ids: string[] = [];
  for (let i = 0; i < 7; i++) {
    const run = await ledger.startRun({ experiment: i % 2 ? "odd" : "even" });
    ids.unshift(run.id);
    await run.finish();
  }
  expect((await ledger.searchRuns()).runs.map(({ id }) => id)).toEqual(ids);
  const first = await ledger.searchRuns({ experiment: "even", limit: 2 });
  expect(first.runs.length).toBe(2);
  await (await ledger.startRun({ experiment: "even" })).finish();
  const second = await ledger.searchRuns({ experiment: "even", limit: 2, pageToken: first.nextPageToken as string });
  expect([...first.runs, ...second.runs].map(({ id }) => id)).toEqual(ids.filter((_, i) => i % 2 === 0));
  expect(second.nextPageToken).toBeUndefined();
  let count = 0;
  for await (const _ of ledger.iterateRuns({ limit: 3 })) count++;
  expect(count).toBe(8);
  for (const query of [{ limit: 0 }, { pageToken: "forged" }, { pageToken: "after:../.." }, { experiment: "" }])
    await expect(ledger.searchRuns(query)).rejects.toThrow(code("INVALID_ARGUMENT"));
  await expect(ledger.searchRuns({ order: "a" } as never)).rejects.toThrow(code("UNSUPPORTED"));
});

test("one damaged run hides no other, and is reported", async () => {
  const errors: LedgerError[] = [];
  const { ledger, backend } = await createTestLedger({ onError: (error) => void errors.push(error) });
  const [a, b, c] = [await ledger.startRun(), await ledger.startRun(), await ledger.startRun()];
  for (const run of [a, b, c]) {
    run.log({ m: 1 });
    await run.finish();
  }
  await backend.remove(`runs/${b.id}/run.created.json`);
  await backend.remove(`runs/${b.id}/run.json`);
  await backend.create(`runs/${b.id}/run.created.json`, bytes("{"));
  expect((await ledger.searchRuns()).runs.map(({ id }) => id)).toEqual([c.id, a.id]);
  expect(errors).toMatchObject([{ code: "CORRUPT" }]);
  await expect(ledger.getRun(b.id)).rejects.toThrow(code("CORRUPT"));
  await ledger.recover();
});

test("a history with damage is refused, naming the object, unless what is intact will do", async () => {
  const { ledger, backend } = await createTestLedger();
  const run = await ledger.startRun();
  for (let i = 0; i < 5; i++) {
    run.log({ m: i });
    await run.flush();
  }
  let key = "";
  for await (const entry of backend.list(`runs/${run.id}/journal`)) key = entry.key;
  const stored = await backend.read(key);
  // Inside the second row: the frame of the first one, and its definitions, end before it.
  const at = Math.floor(stored.length / 3);
  stored[at] = (stored[at] as number) ^ 1;
  await backend.remove(key);
  await backend.create(key, stored);
  await expect(ledger.history(run.id, "m")).rejects.toMatchObject({ code: "CORRUPT", key });
  const { values } = await ledger.history(run.id, "m", { damaged: "skip" });
  expect(values.length).toBeGreaterThan(2);
  expect(values.length).toBeLessThan(5);
  expect((await ledger.getRun(run.id)).metrics["m"]?.count).toBe(values.length);
  expect((await ledger.getRun(run.id)).damage).toMatchObject([
    { kind: "corrupt", key },
    { kind: "missing", key },
  ]);
});

test("reading changes nothing", async () => {
  const { ledger, backend } = await createTestLedger();
  const run = await ledger.startRun();
  run.log({ a: 1 });
  await run.flush();
  const before = JSON.stringify(backend.snapshot());
  await ledger.getRun(run.id);
  await ledger.history(run.id, "a");
  await ledger.searchRuns();
  expect(JSON.stringify(backend.snapshot())).toBe(before);
  await run.finish();
});
