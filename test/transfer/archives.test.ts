import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { concatBytes } from "../../src/backend/body.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { withChecksum } from "../../src/bytes/checked-json.ts";
import { crc32 } from "../../src/bytes/crc32.ts";
import { type Backend, type Ledger, openLedger } from "../../src/index.ts";
import { faultyBackend } from "../../src/testing/index.ts";
import { contentsFile, encodeContents } from "../../src/transfer/archive-contents.ts";
import { descriptor, directoryEntry, endOfArchive, localHeader } from "../../src/transfer/zip-records.ts";
import { objectsOnly } from "../journal/records.ts";
import { stride } from "../rounds.ts";
import { closedRuns, opener } from "../run-objects/closed-runs.ts";
import { contentsOf, objectsOf } from "./stores.ts";

const open = async (backend: Backend): Promise<Ledger> => await openLedger(backend, { onError: () => {} });
const start = { environment: false, flush: { intervalMs: 1e9 } } as const;
const bytesOf = async (stream: ReadableStream<Uint8Array>): Promise<Uint8Array> =>
  new Uint8Array(await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer());
const exported = async (ledger: Ledger, id: string): Promise<Uint8Array> =>
  await bytesOf(await ledger.exportRun(id, { format: "zip" }));

/** A run with everything that has a rule of its own in an archive. */
async function fullRun(backend: Backend): Promise<{ id: string; zip: Uint8Array }> {
  const ledger = await open(backend);
  const run = await ledger.startRun({ ...start, id: "full", experiment: "Ä" });
  for (let i = 0; i < 50; i++) run.log({ loss: i });
  await run.logArtifact("model", { files: { "a.bin": new Uint8Array(2000).fill(1), "b.bin": new Uint8Array(0) } });
  await run.finish();
  await (await ledger.resumeRun(run.id, { flush: start.flush })).finish();
  await ledger.deleteRun(run.id);
  return { id: run.id, zip: await exported(ledger, run.id) };
}

test("runs of every kind come out of an archive as they went in, from each kind of source", async () => {
  const from = memoryBackend();
  for (const add of Object.values(closedRuns)) await add(opener(from), from);
  const a = await open(from);
  // Without a sign of life between two reads.
  const running = await a.startRun({ ...start, heartbeatMs: 3_600_000 });
  running.log({ loss: 1 });
  await running.flush();
  const to = objectsOnly();
  const b = await open(to);
  let n = 0;
  for await (const { id } of a.iterateRuns({ view: "all" })) {
    const zip = await exported(a, id);
    expect(sha256(await exported(a, id))).toBe(sha256(zip));
    const blob = new Blob([zip as Uint8Array<ArrayBuffer>]);
    const read: number[] = [];
    const onProgress = ({ bytes }: { bytes: number }): void => void read.push(bytes);
    expect(await b.importRun([zip, blob, blob.stream()][n++ % 3]!, { onProgress })).toBe(id);
    expect(read.at(-1)).toBeLessThanOrEqual(zip.length);
    expect(await b.getRun(id)).toEqual(await a.getRun(id));
    expect(sha256(await exported(b, id))).toBe(sha256(zip));
    await expect(b.importRun(zip)).rejects.toMatchObject({ code: "RUN_EXISTS" });
    expect(await b.importRun(zip, { onConflict: "skip" })).toBe(id);
  }
  expect(n).toBeGreaterThan(5);
  expect((await b.searchRuns({ view: "all" })).runs).toEqual((await a.searchRuns({ view: "all" })).runs);
  expect((await b.verify()).problems).toEqual([]);
  await running.finish();
});

const run = promisify(execFile);
const has = async (program: string, ...args: string[]): Promise<boolean> =>
  await run(program, args).then(
    () => true,
    () => false,
  );

describe("other programs open an archive", () => {
  let directory: string;
  let path: string;
  let keys: string[];
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "archive-"));
    path = join(directory, "run.zip");
    const backend = memoryBackend();
    await writeFile(path, (await fullRun(backend)).zip);
    keys = [...(await contentsOf(backend)).keys()].filter((key) => !key.includes("/digests/"));
  });
  afterAll(async () => await rm(directory, { recursive: true }));

  test("unzip (skipped where it is missing)", async ({ skip }) => {
    if (!(await has("unzip", "-v"))) skip("unzip is not installed");
    expect((await run("unzip", ["-t", path])).stdout).toContain("No errors detected");
    const { stdout } = await run("unzip", ["-Z1", path]);
    expect(stdout.trim().split("\n")).toEqual(["runledger-archive.json", ...keys.sort()]);
  });

  test("Python (skipped where it is missing)", async ({ skip }) => {
    if (!(await has("python3", "--version"))) skip("python3 is not installed");
    const program = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(z.testzip(), len(z.namelist()))";
    expect((await run("python3", ["-c", program, path])).stdout.trim()).toBe(`None ${keys.length + 1}`);
  });
});

test("an import that is killed at each call shows nothing or the run, and the next one completes it", async () => {
  const from = memoryBackend();
  const { id, zip } = await fullRun(from);
  const wanted = await (await open(from)).getRun(id);
  const contents = await contentsOf(from);
  let most = 0;
  for (const mode of ["crash-before", "crash-after", "torn"] as const) {
    for (let at = 1; ; at += stride(2)) {
      const place = memoryBackend();
      await open(place);
      const probe = faultyBackend(place);
      await open(probe);
      const call = probe.operations.count + at;
      const faulty = faultyBackend(place, { mode, at: call });
      const b = await open(faulty);
      await b.importRun(zip).catch(() => {});
      if (faulty.operations.count < call) break;
      most = Math.max(most, at);
      const now = await open(place);
      for (const found of (await now.searchRuns({ view: "all" })).runs) expect(found).toEqual(wanted);
      for (const { version } of await now.artifactVersions("model"))
        expect((await (await now.openArtifact(`model:${version}`)).read("a.bin")).length).toBe(2000);
      await now.importRun(zip, { onConflict: "skip" });
      expect(await contentsOf(place)).toEqual(contents);
      expect(await now.getRun(id)).toEqual(wanted);
      expect((await now.verify()).problems).toEqual([]);
    }
  }
  expect(most).toBeGreaterThan(10);
});

interface Made {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Returns an archive of files, whatever they are. `list`: changes what the list of its objects says. */
function archiveOf(
  runId: string,
  files: readonly Made[],
  list: (lines: unknown[]) => unknown = (lines) => lines,
): Uint8Array {
  const objects = files.map(({ name, bytes }) => ({ key: name, size: bytes.length, hex: sha256(bytes) }));
  const text = JSON.stringify({
    format: "runledger-archive",
    v: 1,
    run: runId,
    objects: list(objects.map(({ key, size, hex }) => [key, size, hex])),
  });
  const contents = withChecksum(text);
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { name, bytes } of [{ name: "", bytes: contents }, ...files]) {
    const file = name === "" ? contentsFile(contents) : { name, size: bytes.length };
    const all = [localHeader(file), bytes, descriptor(file, crc32(bytes))];
    directory.push(directoryEntry(file, crc32(bytes), offset));
    parts.push(...all);
    offset += all.reduce((sum, { length }) => sum + length, 0);
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  return concatBytes([...parts, ...directory, endOfArchive(directory.length, size, offset)]);
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

describe("a hostile archive is refused, and shows nothing", () => {
  const backend = memoryBackend();
  let id: string;
  let zip: Uint8Array;
  let files: Made[];
  beforeAll(async () => {
    ({ id, zip } = await fullRun(backend));
    const objects = await objectsOf(backend);
    files = [...objects]
      .filter(([key]) => key.startsWith("blobs/") || key.includes("/versions/") || key.startsWith("runs/"))
      .map(([name, bytes]) => ({ name, bytes }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  });

  /** Imports an archive. Returns the code and the message of the refusal. */
  async function refusalOf(archive: Uint8Array): Promise<string> {
    const target = memoryBackend();
    const ledger = await open(target);
    const error: unknown = await ledger.importRun(archive).then(
      () => "imported",
      (reason: unknown) => reason,
    );
    for (const key of (await contentsOf(target)).keys())
      expect(key).not.toMatch(/run\.json|created|versions|lifecycle/);
    expect((await ledger.searchRuns({ view: "all" })).runs).toEqual([]);
    return error instanceof Error ? `${(error as { code?: string }).code}: ${error.message}` : String(error);
  }
  const sorted = (all: readonly Made[]): Made[] => [...all].sort((a, b) => (a.name < b.name ? -1 : 1));
  const extra = (name: string, bytes: Uint8Array = new Uint8Array(3)): Uint8Array =>
    archiveOf(id, sorted([...files, { name, bytes }]));

  test("the maker of these archives makes good ones, too", async () => {
    expect(archiveOf(id, files).length).toBeGreaterThan(1000);
    const ledger = await open(memoryBackend());
    expect(await ledger.importRun(archiveOf(id, files))).toBe(id);
    expect(encodeContents({ run: id, objects: [], origins: [], removed: [], aliases: [] }).length).toBeGreaterThan(10);
  });

  test.each([
    "../../etc/passwd",
    "/etc/passwd",
    "runs/full/../../x",
    "runs/full/media/../../../x",
    "runs/other/run.json",
    "runs/full/x.json",
    "runs/full\\run.json",
    "ledger.json",
    "experiments/=complete",
    "seals/x/99999999.json",
    "blobs/sha256/aa/" + "a".repeat(64),
    "blobs/incoming/x",
    "artifacts/..=2f/versions/999999/99.json",
    "artifacts/a/aliases/b/99999999.v0",
    "artifacts/a/versions/999999/9.json",
    "artifacts/A/versions/999999/99.json",
    "runs/full/journal/con.000001",
  ])("with a file %s", async (name) => {
    expect(await refusalOf(extra(name))).toMatch(/^CORRUPT: .*which no archive of run full has/);
  });

  test("with a name twice: in the list, or only among the files", async () => {
    const [first] = files;
    expect(await refusalOf(archiveOf(id, [first!, ...files]))).toMatch(/^CORRUPT: .*twice/);
    const hidden = archiveOf(id, [...files, files.at(-1)!], (lines) => lines.slice(0, -1));
    expect(await refusalOf(hidden)).toMatch(/^CORRUPT: .*directory/);
  });

  test("with files in another order than the list, or with other contents", async () => {
    const swapped = [files[1]!, files[0]!, ...files.slice(2)];
    expect(await refusalOf(archiveOf(id, swapped, (lines) => [lines[1], lines[0], ...lines.slice(2)]))).toMatch(
      /^CORRUPT: .*is not the next file/,
    );
    for (let i = 0; i < files.length; i++) {
      const changed = files.map((file, j) => (i === j ? { ...file, bytes: file.bytes.map((byte) => byte ^ 1) } : file));
      if (files[i]!.bytes.length === 0) continue;
      const old = files.map(({ name, bytes }) => [name, bytes.length, sha256(bytes)]);
      expect(await refusalOf(archiveOf(id, changed, () => old))).toMatch(/^CORRUPT: .*digest/);
    }
  });

  test("without something that its documents or manifests name", async () => {
    for (const name of files.map((file) => file.name)) {
      // A version that is missing was removed, and a deletion is one more.
      if (name.includes("/versions/") || name.includes("/lifecycle/") || name.endsWith("run.0002.json")) continue;
      expect(
        await refusalOf(
          archiveOf(
            id,
            files.filter((file) => file.name !== name),
          ),
        ),
      ).toMatch(/^CORRUPT: .*lacks/);
    }
  });

  test("with sizes that are no sizes, or that nobody could hold", async () => {
    for (const size of [-1, 1.5, "1", null, 2 ** 53, Number.MAX_SAFE_INTEGER]) {
      const list = (lines: unknown[]): unknown =>
        lines.map((line, i) => (i === 0 ? [(line as unknown[])[0], size, (line as unknown[])[2]] : line));
      expect(await refusalOf(archiveOf(id, files, list))).toMatch(/^CORRUPT/);
    }
    const many = Array.from({ length: 200_001 }, (_, i) => [`x${i}`, 0, "0"]);
    expect(await refusalOf(archiveOf(id, files, () => many))).toMatch(/^CORRUPT: .*(200000|damaged)/);
  });

  test("whose list is not one, or of a later version", async () => {
    expect(await refusalOf(archiveOf("../x", files))).toMatch(/^CORRUPT/);
    expect(await refusalOf(archiveOf(id, files, () => "objects"))).toMatch(/^CORRUPT/);
    const text = new TextDecoder("latin1").decode(zip);
    expect(text.indexOf('"v":1')).toBeGreaterThan(0);
    expect(await refusalOf(new Uint8Array(0))).toMatch(/^CORRUPT: .*cut/);
    expect(await refusalOf(new Uint8Array(1000))).toMatch(/^CORRUPT: .*begin/);
    expect(await refusalOf(new Uint8Array(100).fill(255))).toMatch(/^CORRUPT/);
  });

  test("that is cut anywhere, has a byte more, or one changed byte", { timeout: 60_000 }, async () => {
    for (let length = 0; length < zip.length; length += 1 + Math.floor(zip.length / (stride(1, 4) * 60)))
      expect(await refusalOf(zip.slice(0, length))).toMatch(/^CORRUPT: .*cut/);
    expect(await refusalOf(concatBytes([zip, new Uint8Array(1)]))).toMatch(/^CORRUPT: .*behind/);
    for (let at = 0; at < zip.length; at += 1 + Math.floor(zip.length / (stride(1, 4) * 60))) {
      const changed = zip.slice();
      changed[at]! ^= 4;
      expect(await refusalOf(changed)).toMatch(/^(CORRUPT|FORMAT_TOO_NEW)/);
    }
  });
});

test("another run, another version or a purged run of the ledger stays as it is", async () => {
  const { id, zip } = await fullRun(memoryBackend());
  const target = memoryBackend();
  const ledger = await open(target);
  const own = await ledger.startRun({ ...start, id });
  await own.finish();
  const before = await contentsOf(target);
  await expect(ledger.importRun(zip)).rejects.toMatchObject({ code: "RUN_EXISTS" });
  expect(await ledger.importRun(zip, { onConflict: "skip" })).toBe(id);
  expect(await contentsOf(target)).toEqual(before);
  await ledger.purgeRun(id);
  await expect(ledger.importRun(zip, { onConflict: "skip" })).rejects.toMatchObject({ code: "CONFLICT" });
  const other = await open(memoryBackend());
  const logged = await other.startRun(start);
  await logged.logArtifact("model", new Uint8Array(1));
  await logged.finish();
  await expect(other.importRun(zip)).rejects.toMatchObject({ code: "CONFLICT" });
  await expect(other.getRun(id)).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
});

test("wrong arguments, an abort and a damaged run are refused", async () => {
  const backend = memoryBackend();
  const { id, zip } = await fullRun(backend);
  const ledger = await open(backend);
  const wrong = ledger as unknown as {
    exportRun: (...args: unknown[]) => Promise<never>;
    importRun: (...args: unknown[]) => Promise<never>;
  };
  await expect(wrong.exportRun(id)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  await expect(wrong.exportRun(id, { format: "tar" })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    field: "format",
  });
  await expect(wrong.exportRun("none", { format: "zip" })).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
  for (const source of [undefined, "x", {}, new ArrayBuffer(3)])
    await expect(wrong.importRun(source)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", field: "source" });
  await expect(wrong.importRun(zip, { onConflict: "replace" })).rejects.toMatchObject({ field: "onConflict" });
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(ledger.importRun(zip, { signal })).rejects.toThrow("enough");
  await expect(ledger.exportRun(id, { format: "zip", signal })).rejects.toThrow("enough");
  const never = new ReadableStream<Uint8Array>({});
  const stop = new AbortController();
  const importing = ledger.importRun(never, { signal: stop.signal });
  stop.abort(new Error("later"));
  await expect(importing).rejects.toThrow("later");
  const key = `runs/${id}/metrics.parquet`;
  const bytes = await backend.read(key);
  bytes[9]! ^= 1;
  await backend.remove(key);
  await backend.create(key, bytes);
  await expect(exported(ledger, id)).rejects.toMatchObject({ code: "CORRUPT" });
});
