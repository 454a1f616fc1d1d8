import { createHash } from "node:crypto";
import { unzipSync, zipSync, type Zippable } from "fflate";
import { type Ledger, type LedgerError, openLedger, type StartRunOptions } from "runledger";
import { memoryBackend } from "runledger/backends/memory";
import { formatChanges } from "runledger/compare";
import { createTestLedger, faultyBackend } from "runledger/testing";
import { describe, expect, test } from "vitest";
import { decodeCheckedJson, encodeCheckedJson } from "../../src/bytes/checked-json.ts";
import { crc32 } from "../../src/bytes/crc32.ts";
import { splitArchive } from "../../src/run/archive-parts.ts";

const options = { level: 0, mtime: "1990-01-01T00:00:00" } as const;

/** Returns an archive of 80 files of 8 kB. `changed` has other bytes in files by number. */
function archiveOf(changed: { readonly [file: number]: number } = {}): Uint8Array {
  const files: Zippable = {};
  for (let i = 0; i < 80; i++) files[`src/file-${i}.ts`] = new Uint8Array(8000).fill(changed[i] ?? i);
  return zipSync(files, options);
}

const ARCHIVE = archiveOf();

/** Comparing by `toEqual` takes seconds. */
function isSame(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && Buffer.compare(a, b) === 0;
}

function blobsOf(keys: Iterable<string>): string[] {
  return [...keys].filter((key) => key.startsWith("blobs/"));
}

async function started(ledger: Ledger, archive: Uint8Array): Promise<string> {
  const run = await ledger.startRun({ code: { engine: "archive", archive } });
  await run.finish();
  return run.id;
}

test("the archive of a run reads back", async () => {
  const { ledger } = await createTestLedger();
  const id = await started(ledger, ARCHIVE);
  const { archive } = (await ledger.getRun(id)).code ?? {};
  expect(archive).toMatchObject({ files: 80, size: ARCHIVE.length, complete: true });
  expect(isSame(await ledger.codeArchive(id), ARCHIVE)).toBe(true);
  expect(Object.keys(unzipSync(ARCHIVE))).toHaveLength(80);
});

test("a run whose sessions had different archives names each earlier one once, and its code is not known", async () => {
  const { ledger } = await createTestLedger();
  const archives = [ARCHIVE, archiveOf({ 1: 200 })] as const;
  const code = (i: number) => ({ engine: "archive" as const, archive: archives[i % 2]! });
  for (let i = 0; i < 4; i++) {
    const run = await ledger.startRun({ id: "x", resume: "allow", code: code(i) });
    await run.finish();
  }
  const fresh = await started(ledger, archives[1]);
  const digests = [archives[0], archives[1]].map(
    (archive) => `sha256:${createHash("sha256").update(archive).digest("hex")}`,
  );
  const remarks = digests.map((digest) => `sessions: an earlier one ran other code: archive ${digest}`);
  const { code: recorded } = await ledger.getRun("x");
  expect([recorded?.archive?.digest, recorded?.incomplete]).toEqual([digests[1], remarks]);
  expect(await ledger.diffCode("x", fresh)).toMatchObject({
    same: "unknown",
    unknown: remarks.map((remark) => `a: ${remark}`),
  });
  expect((await ledger.reproduction("x")).missing).toEqual(expect.arrayContaining(remarks));
});

test.each([
  "../a.ts",
  "src/../../a",
  "..",
  "/etc/a",
  "\\\\h\\a",
  "C:\\a",
  "c:/a",
  "a\\..\\..\\b",
  "a\0b",
  "../\u202E\u001B[2Ja",
])("an archive with the path %j is refused", async (path) => {
  const { ledger, backend } = await createTestLedger();
  const archive = zipSync({ "a.ts": new Uint8Array(1), [path]: new Uint8Array(1) }, options);
  const refused = await started(ledger, archive).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "INVALID_ARGUMENT", field: "code.archive" });
  expect((refused as LedgerError).message).toMatch(/^[ -~\uFFFD]*$/);
  expect([...backend.snapshot().keys()].filter((key) => /^(runs|blobs)/.test(key))).toEqual([]);
});

test("names with marks of direction and escapes are stored, and escaped where they are shown", async () => {
  const { ledger } = await createTestLedger();
  const names = ["a\u202Etxt.ts", "b\u001B[2J.ts", "..c", "d..", "e:f"];
  const archive = zipSync(Object.fromEntries(names.map((name) => [name, new Uint8Array(1)])), options);
  const [first, second] = [await started(ledger, ARCHIVE), await started(ledger, archive)];
  const diff = await ledger.diffCode(first, second);
  expect(diff.archiveFiles?.onlyB).toEqual(names);
  const changes = await ledger.whatChanged(second, { against: first });
  const text = formatChanges(changes!);
  expect(text).toContain("a\uFFFDtxt.ts");
  for (const mark of ["\u202E", "\u001B"]) expect(text).not.toContain(mark);
});

test("runs with equal sources share all parts, and one changed file stores its part and the directory", async () => {
  const { ledger, backend } = await createTestLedger();
  await started(ledger, ARCHIVE);
  const before = blobsOf(backend.snapshot().keys()).length;
  expect(before).toBeGreaterThan(8);
  await started(ledger, ARCHIVE);
  expect(blobsOf(backend.snapshot().keys())).toHaveLength(before);
  const id = await started(ledger, archiveOf({ 40: 200 }));
  expect(blobsOf(backend.snapshot().keys())).toHaveLength(before + 2);
  expect(isSame(await ledger.codeArchive(id), archiveOf({ 40: 200 }))).toBe(true);
});

describe("splitting", () => {
  const lengths = (archive: Uint8Array): number[] => (splitArchive(archive)?.parts ?? []).map(({ length }) => length);

  test("the parts are the archive", () => {
    const { parts = [], paths } = splitArchive(ARCHIVE) ?? {};
    expect(isSame(Buffer.concat(parts), ARCHIVE)).toBe(true);
    expect(paths).toHaveLength(80);
  });

  test("a small archive stays whole", () => {
    const small = zipSync({ a: new Uint8Array(100), b: new Uint8Array(30_000) }, options);
    expect(lengths(small)).toEqual([small.length]);
    expect(lengths(zipSync({}, options))).toEqual([22]);
  });

  test("a large file is a part of its own", () => {
    const files = Object.fromEntries([..."abcdefgh"].map((name) => [name, new Uint8Array(9000)]));
    const archive = zipSync({ ...files, d: new Uint8Array(500_000) }, options);
    expect(lengths(archive)).toContain(500_000 + 31);
  });

  test("no paths make more than 128 parts", () => {
    const files: Zippable = {};
    // Names at which the archive is split.
    for (let i = 0; Object.keys(files).length < 200; i++)
      if (crc32(new TextEncoder().encode(`${i}`)) % 8 === 0) files[`${i}`] = new Uint8Array(6000);
    const archive = zipSync(files, options);
    const { parts = [] } = splitArchive(archive) ?? {};
    expect(parts.length).toBeGreaterThan(100);
    expect(parts.length).toBeLessThanOrEqual(128);
    expect(isSame(Buffer.concat(parts), archive)).toBe(true);
  });

  test.each([
    ["nothing", new Uint8Array()],
    ["a text", new TextEncoder().encode("import { train } from './train.ts';\n")],
    ["an archive that is cut", ARCHIVE.slice(0, -5)],
    ["an archive without its beginning", ARCHIVE.slice(8000)],
    [
      "an end alone, which promises files",
      Uint8Array.from([0x50, 0x4b, 5, 6, 0, 0, 0, 0, 9, 0, 9, ...new Array(11).fill(0)]),
    ],
  ])("%s is refused", async (_, archive) => {
    expect(splitArchive(archive)).toBeUndefined();
    const { ledger } = await createTestLedger();
    const error = { code: "INVALID_ARGUMENT", field: "code.archive" };
    await expect(ledger.startRun({ code: { archive } })).rejects.toMatchObject(error);
  });

  test("anything but bytes is refused", async () => {
    const { ledger } = await createTestLedger();
    const error = { code: "INVALID_ARGUMENT", field: "code.archive" };
    await expect(ledger.startRun({ code: { archive: "zip" } } as unknown as StartRunOptions)).rejects.toMatchObject(
      error,
    );
  });
});

test("an archive that is not whole, or cannot be stored, says so", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun({ code: { archive: ARCHIVE, incomplete: ["archive: 1 file left out"] } });
  await run.finish();
  expect((await ledger.getRun(run.id)).code?.archive?.complete).toBe(false);

  const faults = { mode: "error-before", at: 1, times: 1e9, only: ["create"], key: /^blobs\// } as const;
  const errors: LedgerError[] = [];
  const refusing = faultyBackend(memoryBackend(), faults);
  const second = await openLedger(refusing, { onError: (error) => void errors.push(error) });
  const id = await started(second, ARCHIVE);
  const { code } = await second.getRun(id);
  expect(code).toMatchObject({ engine: "archive", incomplete: [expect.stringMatching(/^archive: it could not be/)] });
  expect(code?.archive).toBeUndefined();
  expect(errors.length).toBeGreaterThan(0);
  expect(await second.codeArchive(id)).toBeUndefined();
});

test("a damaged archive is refused", async () => {
  const backend = memoryBackend();
  const ledger = await openLedger(backend);
  const id = await started(ledger, ARCHIVE);
  const [key = ""] = blobsOf(backend.snapshot().keys());
  await backend.remove(key);
  await expect(ledger.codeArchive(id)).rejects.toMatchObject({ code: "CORRUPT", key });
  await expect(ledger.codeArchive("nobody")).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
  await expect(ledger.codeArchive(id, { as: "x" } as never)).rejects.toMatchObject({ code: "UNSUPPORTED" });
  const aborted = AbortSignal.abort(new Error("stop"));
  await expect(ledger.codeArchive(id, { signal: aborted })).rejects.toThrow("stop");
});

test.each([
  ["a wrong sum", { size: 5 }],
  ["another digest", { digest: `sha256:${"a".repeat(64)}` }],
  ["too many bytes", { size: 2 ** 40, parts: [{ digest: `sha256:${"a".repeat(64)}`, size: 2 ** 40 }] }],
])("a record with %s is refused", async (_, wrong) => {
  const backend = memoryBackend();
  const ledger = await openLedger(backend);
  const run = await ledger.startRun({ code: { archive: ARCHIVE } });
  await run.finish();
  const key = `runs/${run.id}/run.json`;
  const document = decodeCheckedJson(await backend.read(key)) as { record: { code: { archive: object } } };
  Object.assign(document.record.code.archive, wrong);
  await backend.remove(key);
  await backend.create(key, encodeCheckedJson(document, "test"));
  await expect(ledger.codeArchive(run.id)).rejects.toMatchObject({ code: "CORRUPT" });
});

test("comparisons show the digest of the archive, not its parts", async () => {
  const { ledger } = await createTestLedger();
  const ids = [await started(ledger, ARCHIVE), await started(ledger, archiveOf({ 1: 9 }))];
  const { code } = await ledger.compareRuns(ids);
  expect(code.differs.map(({ path }) => path)).toEqual(["archive.digest"]);
  expect(code.same.map(({ path }) => path)).not.toContain("archive.parts");
});
