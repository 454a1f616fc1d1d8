import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { withChecksum } from "../../src/bytes/checked-json.ts";
import { blobKey } from "../../src/artifacts/blobs.ts";
import type { Backend } from "../../src/backend/backend.ts";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import { fromPath, fsBackend } from "../../src/backends/fs/index.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import {
  MiB,
  artifacts,
  chunked,
  collect,
  failure,
  fileTree,
  override,
  readAll,
  replace,
  sampleBytes,
  sha256,
  spied,
} from "./fixtures.ts";

const directories: string[] = [];
afterAll(() =>
  Promise.all(directories.map((directory) => rm(directory, { recursive: true, force: true, maxRetries: 10 }))),
);

async function onDisk(): Promise<Backend> {
  const directory = await mkdtemp(join(tmpdir(), "runledger-artifacts-"));
  directories.push(directory);
  return fsBackend(directory);
}

const large = sampleBytes(9 * MiB + 5);

describe.each<[string, () => Promise<Backend>]>([
  ["memory", async () => memoryBackend()],
  ["fs", onDisk],
])("on %s", (_name, make) => {
  test("what was logged is read", async () => {
    const store = artifacts(await make());
    for (const bytes of [new Uint8Array(), sampleBytes(1), sampleBytes(4 * MiB), sampleBytes(8 * MiB), large]) {
      await store.log("m", bytes);
      const opened = await store.open("m");
      expect(Buffer.compare(await opened.read(), bytes)).toBe(0);
      expect(Buffer.compare(await readAll(opened.stream()), bytes)).toBe(0);
      expect(Object.getPrototypeOf(await opened.read())).toBe(Uint8Array.prototype);
    }
  });

  test("a directory", async () => {
    const store = artifacts(await make());
    const files = { "sub/é.bin": large, "a.txt": "hello", empty: "" };
    const version = await store.log("d", fileTree(files), { aliases: ["now"] });
    const opened = await store.open("d:now");
    expect(opened.version).toEqual(version);
    expect((await collect(opened.files())).map((file) => [file.path, file.size])).toEqual([
      ["a.txt", 5],
      ["empty", 0],
      ["sub/é.bin", large.byteLength],
    ]);
    expect(new TextDecoder().decode(await opened.read("a.txt"))).toBe("hello");
    expect(Buffer.compare(await readAll(opened.stream("sub/e\u0301.bin")), large)).toBe(0);
    expect(await opened.verify()).toEqual({ intact: true, checked: 3, problems: [] });
  });

  test("a stream that is spooled, and a second one with the same content", async () => {
    const backend = await make();
    const store = artifacts(backend);
    await store.log("m", chunked(large, 70_000));
    await store.log("m", chunked(large, MiB), { metadata: { again: true } });
    expect(sha256(await (await store.open("m")).read())).toBe(sha256(large));
    const blobs: string[] = [];
    for await (const { key } of backend.list("blobs")) blobs.push(key);
    expect(blobs).toEqual([blobKey(sha256(large))]);
  });

  test("a damaged blob", async () => {
    const backend = await make();
    const store = artifacts(backend);
    await store.log("m", large);
    const key = blobKey(sha256(large));
    const opened = await store.open("m");
    const flipped = large.slice();
    flipped[6 * MiB] = (flipped[6 * MiB] as number) ^ 1;
    const damages: [string, Uint8Array | undefined][] = [
      ["digest", flipped],
      ["size", large.subarray(1)],
      ["size", new Uint8Array(large.byteLength + 1)],
      ["size", new Uint8Array()],
      ["missing", undefined],
    ];
    for (const [kind, bytes] of damages) {
      await backend.remove(key);
      if (bytes !== undefined) await backend.create(key, bytes);
      expect(await failure(opened.read())).toMatchObject({ code: "CORRUPT", key });
      expect(await failure(readAll(opened.stream()))).toMatchObject({ code: "CORRUPT", key });
      expect(await opened.verify()).toMatchObject({ intact: false, checked: 1, problems: [{ kind, key }] });
    }
  });
});

test("a directory and a file on disk", async () => {
  const root = await mkdtemp(join(tmpdir(), "runledger-source-"));
  directories.push(root);
  await mkdir(join(root, "data", "sub"), { recursive: true });
  await writeFile(join(root, "data", "weights.bin"), large);
  await writeFile(join(root, "data", "sub", "model.json"), "{}");
  const { backend, calls } = spied({}, await onDisk());
  const store = artifacts(backend);
  const version = await store.log("model", fromPath(join(root, "data")));
  const opened = await store.open(version);
  expect((await collect(opened.files())).map((file) => file.path)).toEqual(["sub/model.json", "weights.bin"]);
  expect(sha256(await opened.read("weights.bin"))).toBe(sha256(large));
  calls.length = 0;
  expect(await store.log("model", fromPath(join(root, "data")))).toEqual(version);
  expect(calls.filter((call) => /^(create|move|append)/.test(call))).toEqual([]);
  const single = await store.log("weights", fromPath(join(root, "data", "weights.bin")));
  expect(single.digest).toBe(`sha256:${sha256(large)}`);
  expect((await failure(() => store.log("model", fromPath(join(root, "nothing"))))).code).toBe("NOT_FOUND");
});

describe("paths", () => {
  test("of a directory, and of one content", async () => {
    const store = artifacts(memoryBackend());
    await store.log("d", fileTree(Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`f${i}`, "x"]))));
    await store.log("one", { text: "x" });
    const directory = await store.open("d");
    const without = await failure(directory.read());
    expect([without.code, without.field]).toEqual(["INVALID_ARGUMENT", "path"]);
    expect(without.message).toContain('"f0", "f1", "f2", "f3", "f4" and 4 more');
    const missing = await failure(directory.read("nope"));
    expect(missing.code).toBe("ARTIFACT_NOT_FOUND");
    expect(missing.message).toContain('"nope"');
    for (const path of ["../f0", "__proto__", "constructor", 5]) {
      expect((await failure(directory.read(path as string))).code).toBe("ARTIFACT_NOT_FOUND");
    }
    expect((await failure(() => directory.stream("nope"))).code).toBe("ARTIFACT_NOT_FOUND");
    const one = await store.open("one");
    expect(await one.read("content")).toEqual(await one.read());
  });
});

describe("streams", () => {
  test("read only what the caller asks for, and stop when cancelled", async () => {
    const { backend, calls } = spied();
    const store = artifacts(backend);
    await store.log("m", sampleBytes(20 * MiB));
    const opened = await store.open("m");
    calls.length = 0;
    const reader = opened.stream().getReader();
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toEqual([]);
    expect((await reader.read()).value?.byteLength).toBe(4 * MiB);
    expect(calls).toHaveLength(1);
    await reader.cancel();
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toHaveLength(1);
  });

  test("abort", async () => {
    const store = artifacts(memoryBackend());
    await store.log("m", sampleBytes(20 * MiB));
    const opened = await store.open("m");
    const abort = new AbortController();
    const reader = opened.stream(undefined, { signal: abort.signal }).getReader();
    await reader.read();
    const reason = new Error("stop");
    abort.abort(reason);
    await expect(reader.read()).rejects.toBe(reason);
    await expect(opened.read(undefined, { signal: abort.signal })).rejects.toBe(reason);
    await expect(opened.verify({ signal: abort.signal })).rejects.toBe(reason);
  });
});

describe("hostile stores", () => {
  const manifestKey = "artifacts/m/versions/999999/99.json";
  const rewrite = async (backend: Backend, change: (manifest: Record<string, unknown>) => unknown): Promise<void> => {
    const manifest = JSON.parse(new TextDecoder().decode(await backend.read(manifestKey))) as Record<string, unknown>;
    const { crc32: _, ...rest } = manifest;
    await replace(backend, manifestKey, withChecksum(JSON.stringify(change(rest))));
  };

  test("only keys made of checked digests are ever read", async () => {
    const { backend, calls } = spied();
    const store = artifacts(backend);
    await store.log("m", fileTree({ a: "x" }));
    const bad = [
      "../../ledger.json",
      "sha256:../../../ledger.json",
      `sha256:${"A".repeat(64)}`,
      `sha256:${"a".repeat(64)}/..`,
    ];
    for (const digest of bad) {
      await rewrite(backend, (manifest) => ({ ...manifest, files: [{ path: "a", size: 1, digest }] }));
      calls.length = 0;
      expect((await failure(store.open("m"))).code).toBe("CORRUPT");
      expect(calls.filter((call) => !/^(list artifacts|read artifacts\/m\/versions\/)/.test(call))).toEqual([]);
    }
  });

  test("a listing that does not have the digest of the version", async () => {
    const { backend } = spied();
    const store = artifacts(backend);
    await store.log("m", fileTree({ a: "x", b: "y" }));
    await rewrite(backend, (manifest) => ({ ...manifest, files: (manifest["files"] as unknown[]).slice(1) }));
    expect(await failure(store.open("m"))).toMatchObject({ code: "CORRUPT", key: manifestKey });
    expect((await store.resolve("m")).version).toBe("v0");
  });

  test("false sizes cost nothing", async () => {
    const { backend } = spied();
    const store = artifacts(backend);
    await store.log("m", { text: "x" });
    await rewrite(backend, (manifest) => ({
      ...manifest,
      files: [{ ...(manifest["files"] as object[])[0], size: Number.MAX_SAFE_INTEGER - 1 }],
    }));
    const opened = await store.open("m");
    expect((await failure(opened.read())).code).toBe("CORRUPT");
    expect((await failure(readAll(opened.stream()))).code).toBe("CORRUPT");
    expect((await opened.verify()).problems).toMatchObject([{ kind: "size" }]);
  });

  test("verify reports what it could not read, and does not reject", async () => {
    const backend = memoryBackend();
    await artifacts(backend).log("m", fileTree({ a: "x", b: "y", c: "z" }));
    const broken = override(backend, (inner) => ({
      stat: async (key) => {
        if (key === blobKey(sha256("x"))) throw new LedgerError("IO", "disk on fire", { key });
        if (key === blobKey(sha256("y"))) throw new TypeError("not even ours");
        return inner.stat(key);
      },
    }));
    const check = await (await artifacts(broken).open("m")).verify();
    expect(check).toMatchObject({ intact: false, checked: 3 });
    expect(check.problems).toMatchObject([
      { kind: "unreadable", message: "disk on fire" },
      { kind: "unreadable", message: "not even ours" },
    ]);
  });

  test("a manifest that is moved under another name or number", async () => {
    const { backend } = spied();
    const store = artifacts(backend);
    await store.log("m", { text: "x" });
    const bytes = await backend.read(manifestKey);
    await backend.create("artifacts/other/versions/999999/99.json", bytes);
    await backend.create("artifacts/m/versions/999999/92.json", bytes);
    expect((await failure(store.open("other"))).code).toBe("CORRUPT");
    expect((await failure(store.open("m:v7"))).code).toBe("CORRUPT");
    expect((await store.resolve("m:v0")).version).toBe("v0");
  });

  test("a manifest too large to read is not read", async () => {
    const { backend, calls } = spied();
    const huge = override(backend, (inner) => ({
      async *list(prefix, options) {
        for await (const entry of inner.list(prefix, options)) yield { ...entry, size: 2 ** 40 };
      },
    }));
    await artifacts(backend).log("m", { text: "x" });
    calls.length = 0;
    expect((await failure(artifacts(huge).open("m"))).code).toBe("CORRUPT");
    expect(calls.filter((call) => call.startsWith("read"))).toEqual([]);
  });
});
