import { afterEach, describe, expect, test, vi } from "vitest";
import { blobKey } from "../../src/artifacts/blobs.ts";
import { KnownDigests } from "../../src/artifacts/known-digests.ts";
import { packsToRewrite } from "../../src/artifacts/places.ts";
import type { FileState, SourceFile } from "../../src/backend/file-tree.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import {
  artifacts,
  collect,
  failure,
  fileTree,
  MiB,
  override,
  readAll,
  sampleBytes,
  sha256,
  spied,
} from "./fixtures.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** Small files with different contents. */
function small(count: number, size = 400, seed = 0): Record<string, Uint8Array> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`f${10_000 + i}`, sampleBytes(size, seed + i + 1)]),
  );
}

/** A file that counts how often it is read. */
function counted(bytes: Uint8Array, state: FileState | undefined, reads: { count: number }): SourceFile {
  return {
    path: "",
    size: bytes.byteLength,
    state,
    readNow: () => {
      reads.count++;
      return bytes;
    },
    open: () => {
      throw new Error("not needed");
    },
  };
}

const settled = (id: string): FileState => ({ id, settled: true });
const blobsOf = (keys: readonly string[]): string[] => keys.filter((key) => key.startsWith("blobs/"));

describe("a directory of small files", () => {
  test("is one object for many files, and each file is read by one range of it", async () => {
    const { backend, calls, keys } = spied();
    const files = { ...small(300), empty: new Uint8Array(0), same: small(1)["f10000"]!, large: sampleBytes(64 * 1024) };
    const progress: number[] = [];
    const store = artifacts(backend);
    const version = await store.log("d", fileTree(files), { onProgress: ({ bytes }) => progress.push(bytes) });
    expect(progress.at(-1)).toBe(version.size);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(blobsOf(await keys())).toHaveLength(2);
    // One pack, and a larger file: see docs/scaling.md.
    expect(calls.length).toBeLessThanOrEqual(2 * 1 + 10 + 2);
    const lines = Object.entries(files)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, bytes]) => `${JSON.stringify([path, bytes.byteLength, sha256(bytes)])}\n`);
    expect(version.digest).toBe(`sha256:${sha256(lines.join(""))}`);
    expect(await store.digest(fileTree(files))).toEqual({ digest: version.digest, size: version.size });
    const opened = await store.open("d");
    calls.length = 0;
    expect(await opened.read("f10123")).toEqual(files["f10123" as "same"]);
    expect(await readAll(opened.stream("same"))).toEqual(files.same);
    expect(calls).toHaveLength(2);
    expect(await opened.read("empty")).toEqual(files.empty);
    expect(await readAll(opened.stream("empty"))).toEqual(files.empty);
    expect(await opened.verify()).toEqual({ intact: true, checked: 303, problems: [] });
    expect((await collect(opened.files()))[0]).toEqual({ path: "empty", size: 0, digest: `sha256:${sha256("")}` });
  });

  test("makes the same objects on every ledger, of at most 8 MiB", async () => {
    const files = small(150, 60_000);
    const [one, two] = [spied(), spied()];
    await artifacts(one.backend).log("d", fileTree(files));
    await artifacts(two.backend).log("other", { files });
    expect(blobsOf(await one.keys())).toHaveLength(2);
    expect(blobsOf(await one.keys())).toEqual(blobsOf(await two.keys()));
    for await (const { size } of one.backend.list("blobs")) expect(size).toBeLessThanOrEqual(8 * MiB);
  });

  test("with fewer than 16 small files has a blob for each", async () => {
    const { backend, keys } = spied();
    await artifacts(backend).log("d", fileTree({ ...small(15), large: sampleBytes(64 * 1024) }));
    expect(blobsOf(await keys())).toHaveLength(16);
  });

  test("is read as a whole by few requests, one file after another or all at once", async () => {
    const { backend, calls } = spied();
    const files = small(150, 60_000);
    const store = artifacts(backend);
    await store.log("d", fileTree(files));
    for (const atOnce of [false, true]) {
      const opened = await store.open("d");
      calls.length = 0;
      const reads = Object.entries(files).map(([path, bytes]) => async (): Promise<void> => {
        expect(Buffer.compare(await opened.read(path), bytes)).toBe(0);
      });
      if (atOnce) await Promise.all(reads.map((read) => read()));
      else for (const read of reads) await read();
      expect(calls.length).toBeLessThanOrEqual(5 * 2);
    }
  });

  test("is stored in order if its files are slow, and a signal ends it", async () => {
    const { backend, keys } = spied();
    const controller = new AbortController();
    const files = small(40);
    const slow = Object.entries(files).map(([path, bytes], i): [string, SourceFile] => [
      path,
      {
        path,
        size: bytes.byteLength,
        async *open() {
          for (let turns = 40 - i; turns > 0; turns--) await Promise.resolve();
          yield bytes;
        },
      },
    ]);
    await artifacts(backend).log("d", fileTree(Object.fromEntries(slow)));
    expect(blobsOf(await keys())).toEqual([blobKey(sha256(Buffer.concat(Object.values(files))))]);
    const hangs: SourceFile = {
      path: "",
      size: 5,
      // oxlint-disable-next-line require-yield -- it never gets that far
      async *open() {
        controller.abort(new Error("enough"));
        await new Promise(() => {});
      },
    };
    const log = artifacts(backend).log("e", fileTree({ ...small(40), f10020: hangs }), { signal: controller.signal });
    await expect(log).rejects.toThrow("enough");
    expect(await keys("artifacts/e")).toEqual([]);
  });

  test("with a file of another size than stated, or one that fails, is refused", async () => {
    const { backend, keys } = spied();
    const wrong = { ...counted(sampleBytes(5), undefined, { count: 0 }), open: () => fileTree({}).files() as never };
    expect(
      (await failure(artifacts(backend).log("d", fileTree({ ...small(20), x: { ...wrong, size: 6 } })))).code,
    ).toBe("CONFLICT");
    const broken: SourceFile = {
      ...wrong,
      readNow: () => {
        throw new TypeError("no such disk");
      },
    };
    const files = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`f${i}`, broken]));
    const error = await failure(artifacts(backend).log("d", fileTree(files)));
    expect([error.code, error.field]).toEqual(["IO", "source"]);
    expect(await keys("artifacts")).toEqual([]);
  });

  test("that cannot be stored is refused with the error of the store", async () => {
    const own = new LedgerError("PERMISSION_DENIED", "no");
    const backend = override(memoryBackend(), (inner) => ({
      create: async (key, body, options) => {
        if (key.startsWith("blobs/")) throw own;
        await inner.create(key, body, options);
      },
    }));
    await expect(artifacts(backend).log("d", fileTree(small(150, 60_000)))).rejects.toBe(own);
  });
});

describe("the next version", () => {
  test("reads and stores nothing if the states of the files are known", async () => {
    const { backend, calls } = spied();
    const store = artifacts(backend);
    const reads = { count: 0 };
    const tree = (): Parameters<typeof store.log>[1] =>
      fileTree(
        Object.fromEntries(
          Object.entries(small(100)).map(([path, bytes]) => [path, counted(bytes, settled(path), reads)]),
        ),
      );
    const first = await store.log("d", tree());
    expect(reads.count).toBe(100);
    calls.length = 0;
    const progress: number[] = [];
    const again = await store.log("d", tree(), { onProgress: ({ bytes }) => progress.push(bytes) });
    expect(again).toEqual(first);
    expect(progress.at(-1)).toBe(first.size);
    expect(reads.count).toBe(100);
    expect(calls.filter((call) => !/^(list|read|stat)/.test(call))).toEqual([]);
    expect(calls.length).toBeLessThanOrEqual(1 + 10);
    expect(await store.digest(tree())).toMatchObject({ digest: first.digest });
    expect(reads.count).toBe(100);
  });

  test("stores only contents that the newest version does not have", async () => {
    const { backend, calls, keys } = spied();
    const store = artifacts(backend);
    await store.log("d", fileTree(small(100)));
    calls.length = 0;
    await store.log("d", fileTree({ ...small(100), f10050: sampleBytes(300, 999), moved: small(1)["f10000"]! }));
    expect(calls.filter((call) => call.startsWith("create blobs"))).toEqual([
      `create ${blobKey(sha256(sampleBytes(300, 999)))}`,
    ]);
    expect(blobsOf(await keys())).toHaveLength(2);
    expect((await (await store.open("d")).verify()).intact).toBe(true);
  });

  test.each([
    ["gone", undefined],
    ["shorter", 100],
  ])("stores contents again whose pack is %s", async (_, size) => {
    const { backend, keys } = spied();
    const store = artifacts(backend);
    await store.log("d", fileTree(small(100)));
    const [pack] = blobsOf(await keys()) as [string];
    const bytes = await backend.read(pack);
    await backend.remove(pack);
    if (size !== undefined) await backend.create(pack, bytes.slice(0, size));
    await store.log("d", fileTree({ ...small(100), more: sampleBytes(10) }));
    expect((await (await store.open("d")).verify()).intact).toBe(true);
  });

  test("a hundred versions that change one file in a hundred stay in few packs, and store little twice", async () => {
    const { backend, calls } = spied();
    const store = artifacts(backend);
    const files = small(400, 1000);
    const reads = { count: 0 };
    let state = 0;
    const withState = (bytes: Uint8Array): SourceFile => counted(bytes, settled(`${state++}`), reads);
    const tree = Object.fromEntries(Object.entries(files).map(([path, bytes]) => [path, withState(bytes)]));
    const paths = Object.keys(files);
    for (let version = 0; version <= 100; version++) {
      for (let i = 0; i < 4 && version > 0; i++) {
        // Spreads the changes over all files.
        const path = paths[(version * 617 + i * 101) % paths.length] as string;
        tree[path] = withState(sampleBytes(1000, 10_000 + version * 4 + i));
      }
      await store.log("d", fileTree(tree));
    }
    let stored = 0;
    for await (const { size } of backend.list("blobs")) stored += size;
    // Of 400 kB and 100 times 4 kB.
    expect(stored).toBeLessThan(3 * 800_000);
    const opened = await store.open("d:v100");
    calls.length = 0;
    expect((await opened.verify()).intact).toBe(true);
    expect(calls.filter((call) => call.startsWith("read")).length).toBeLessThanOrEqual(20);
  });
});

describe("packs to rewrite", () => {
  const pack = (size: number, n: number): { hex: string; size: number } => ({ hex: `${n}`, size });

  test("are those that are mostly dead", () => {
    const packs = [pack(8 * MiB, 0), pack(8 * MiB, 1)] as const;
    const live = new Map([
      [packs[0], 4 * MiB],
      [packs[1], 4 * MiB - 1],
    ]);
    expect([...packsToRewrite(live)]).toEqual([packs[1]]);
  });

  test("are those of one size if there are more than four, but not full ones", () => {
    const alike = (size: number, count: number) => Array.from({ length: count }, (_, n) => pack(size, n));
    const found = (packs: readonly { hex: string; size: number }[]): number =>
      packsToRewrite(new Map(packs.map((one) => [one, one.size]))).size;
    expect(found(alike(1000, 4))).toBe(0);
    expect(found(alike(1000, 5))).toBe(5);
    expect(found([...alike(65_536, 3), ...alike(1, 3)])).toBe(6);
    expect(found([...alike(1000, 4), ...alike(100_000, 4), ...alike(MiB, 4)])).toBe(0);
    expect(found([...alike(1000, 4), ...alike(100_000, 5), ...alike(MiB, 4)])).toBe(5);
    expect(found(alike(4 * MiB, 50))).toBe(0);
  });
});

describe("hostile stores", () => {
  test("a pack that is gone, shorter or changed is CORRUPT and named with the file", async () => {
    const backend = memoryBackend();
    const store = artifacts(backend);
    await store.log("d", fileTree(small(100)));
    const { key } = (await collect(backend.list("blobs")))[0]!;
    const bytes = await backend.read(key);
    const flipped = bytes.slice();
    flipped[20 * 400] = (flipped[20 * 400] as number) ^ 1;
    const damages: [kind: string, problems: number, Uint8Array | undefined][] = [
      ["digest", 1, flipped],
      ["size", 100, bytes.subarray(0, 20 * 400 + 5)],
      ["missing", 100, undefined],
    ];
    for (const [kind, problems, damaged] of damages) {
      await backend.remove(key);
      if (damaged !== undefined) await backend.create(key, damaged);
      const opened = await store.open("d");
      // The first reads are of ranges, the later ones of the whole pack.
      for (let i = 0; i < 7; i++) {
        const error = await failure(opened.read("f10020"));
        expect(error).toMatchObject({ code: "CORRUPT", key });
        expect(error.message).toContain('"f10020"');
        if (damaged !== undefined) expect(await opened.read("f10019")).toEqual(small(100)["f10019"]);
      }
      expect(await failure(readAll(opened.stream("f10020")))).toMatchObject({ code: "CORRUPT", key });
      const check = await opened.verify();
      expect(check).toMatchObject({ intact: false, checked: 100 });
      expect(check.problems).toHaveLength(problems);
      expect(check.problems.every((problem) => problem.kind === kind && problem.key === key)).toBe(true);
      expect(check.problems.some(({ message }) => message.includes('"f10020"'))).toBe(true);
    }
  });
});

describe("known digests", () => {
  const blob = { hex: "a".repeat(64), size: 5 };

  test("are those of settled states, for files of the same size", () => {
    const known = new KnownDigests();
    known.set(settled("x"), blob, performance.now());
    expect(known.get(settled("x"), 5)).toBe(blob.hex);
    expect(known.get({ id: "x", settled: false }, 5)).toBe(blob.hex);
    expect([known.get(settled("x"), 6), known.get(settled("y"), 5), known.get(undefined, 5)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("of other states are trusted if they were hashed 2 s after the state was first seen", () => {
    const known = new KnownDigests();
    const racy = { id: "x", settled: false };
    const now = vi.spyOn(performance, "now").mockReturnValue(1000);
    known.set(racy, blob, 1e9);
    expect(known.get(racy, 5)).toBeUndefined();
    known.set(racy, blob, 3000);
    now.mockReturnValue(9000);
    expect(known.get(racy, 5)).toBeUndefined();
    known.set(racy, blob, 3100);
    expect(known.get(racy, 5)).toBe(blob.hex);
  });
});
