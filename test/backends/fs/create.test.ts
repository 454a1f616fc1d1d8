import { link, mkdir, readFile, stat, symlink, unlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { byteStream } from "../../../src/backend/body.ts";
import { LedgerError } from "../../../src/errors/ledger-error.ts";
import { fsBackend } from "../../../src/backends/fs/index.ts";
import { type Writable, writeChunks, writeFully } from "../../../src/backends/fs/write-behind.ts";
import { bytes, everyFile, makePlace, open, pattern, refuseLink } from "./place.ts";

for (const [links, options] of [
  ["with links", {}],
  ["without links", { link: refuseLink }],
] as const) {
  test(`${links}: an object is the file of its key with the mode of a new file, and nothing else remains`, async () => {
    const place = await makePlace();
    const backend = open(place, options);
    await backend.create("runs/a/run.json", bytes("{}"));
    expect(await everyFile(place)).toEqual(["runs/a/run.json"]);
    expect(await readFile(join(place, "runs/a/run.json"), "utf8")).toBe("{}");
    const { mode } = await stat(join(place, "runs/a/run.json"));
    expect(mode & 0o777).toBe(0o666 & ~process.umask());
  });

  test(`${links}: many handles create one key: one wins, and its bytes stay`, async () => {
    const place = await makePlace();
    for (let round = 0; round < 10; round++) {
      const handles = Array.from({ length: 16 }, () => open(place, options));
      const results = await Promise.allSettled(handles.map((one, i) => one.create(`k/${round}`, pattern(5000, i))));
      const winners = results.flatMap((result, i) => (result.status === "fulfilled" ? [i] : []));
      expect(winners).toHaveLength(1);
      for (const result of results) {
        if (result.status === "rejected")
          expect(result.reason).toMatchObject({ code: "EXISTS", key: `k/${round}`, operation: "create" });
      }
      expect(await open(place).read(`k/${round}`)).toEqual(pattern(5000, winners[0]));
    }
    expect((await everyFile(place)).filter((name) => name.includes(".tmp-"))).toEqual([]);
  });

  test(`${links}: a reader sees the whole object or none`, async () => {
    const place = await makePlace();
    const backend = open(place, options);
    const size = 3 * 1024 * 1024;
    let done = false;
    const seen = new Set<number | undefined>();
    const watching = (async () => {
      while (!done) seen.add((await backend.stat("big"))?.size);
    })();
    await backend.create("big", pattern(size));
    done = true;
    await watching;
    expect([...seen].filter((one) => one !== undefined && one !== size)).toEqual([]);
  });

  test(`${links}: an object below an object, or above one, is a CONFLICT, and both stay usable`, async () => {
    const backend = open(await makePlace(), options);
    await backend.create("a", bytes("a"));
    await backend.create("b/c", bytes("c"));
    await expect(backend.create("a/b", bytes("x"))).rejects.toMatchObject({ code: "CONFLICT", key: "a/b" });
    await expect(backend.create("b", bytes("x"))).rejects.toMatchObject({ code: "CONFLICT", key: "b" });
    await expect(backend.append("a/b", bytes("x"))).rejects.toMatchObject({ code: "CONFLICT", key: "a/b" });
    await expect(backend.append("b", bytes("x"))).rejects.toMatchObject({ code: "CONFLICT", key: "b" });
    await expect(backend.read("a/b")).rejects.toMatchObject({ code: "NOT_FOUND", key: "a/b" });
    await expect(backend.read("b")).rejects.toMatchObject({ code: "NOT_FOUND", key: "b" });
    expect(await backend.stat("a/b")).toBeUndefined();
    expect(await backend.stat("b")).toBeUndefined();
    await backend.remove("b");
    await backend.remove("a/b");
    expect(await backend.read("b/c")).toEqual(bytes("c"));
  });

  test(`${links}: move gives an object another key, and refuses a taken one`, async () => {
    const place = await makePlace();
    const backend = open(place, { ...options, disk: true });
    await backend.create("from/x", bytes("x"));
    await backend.create("taken", bytes("t"));
    await expect(backend.move("from/x", "taken")).rejects.toMatchObject({ code: "EXISTS", key: "taken" });
    await expect(backend.move("nothing", "new")).rejects.toMatchObject({ code: "NOT_FOUND", key: "nothing" });
    await backend.move("from/x", "deep/er/y");
    expect(await everyFile(place)).toEqual(["deep/er/y", "taken"]);
    expect(await backend.read("deep/er/y")).toEqual(bytes("x"));
  });

  test(`${links}: one of many moves of one object wins`, async () => {
    const place = await makePlace();
    const backend = open(place, options);
    for (let round = 0; round < 10; round++) {
      await backend.create("spool", bytes("s"));
      const results = await Promise.allSettled(
        [0, 1, 2, 3].map((i) => open(place, options).move("spool", `to/${round}.${i}`)),
      );
      const won = results.filter((result) => result.status === "fulfilled").length;
      expect(won).toBeLessThanOrEqual(1);
      expect(await everyFile(place)).toHaveLength(
        (await backend.stat("spool")) === undefined ? round + won : round + 1,
      );
      expect(won).toBe(1);
    }
  });
}

test("bodies: streams of any chunking, even if their source reuses its buffer", async () => {
  const backend = open(await makePlace());
  const whole = pattern(5 * 1024 * 1024 + 17);
  for (const step of [1000, 65_536, 1024 * 1024, 3_000_001]) {
    const buffer = new Uint8Array(step);
    const reused = async function* () {
      for (let at = 0; at < whole.length; at += step) {
        const part = whole.subarray(at, at + step);
        buffer.set(part);
        yield buffer.subarray(0, part.length);
      }
    };
    await backend.create(`s/${step}`, byteStream(reused(), whole.length));
    expect(Buffer.compare(await backend.read(`s/${step}`), whole)).toBe(0);
  }
});

test("bodies: the error of a stream is passed on unchanged, even if it looks like one of the file system", async () => {
  const place = await makePlace();
  const backend = open(place);
  const failure = Object.assign(new Error("not ours"), { code: "ENOENT" });
  const failing = async function* () {
    yield new Uint8Array(2_000_000);
    throw failure;
  };
  await expect(backend.create("x", byteStream(failing()))).rejects.toBe(failure);
  await expect(backend.create("x", byteStream(failing(), 5))).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    key: "x",
  });
  expect(await everyFile(place)).toEqual([]);
});

test("abort: a create from a stalled stream ends at once and leaves nothing", async () => {
  const place = await makePlace();
  const backend = open(place);
  const controller = new AbortController();
  const standing = async function* () {
    yield new Uint8Array(2_000_000);
    controller.abort(new Error("enough"));
    await new Promise<never>(() => {});
  };
  await expect(backend.create("x", byteStream(standing()), { signal: controller.signal })).rejects.toThrow("enough");
  expect(await everyFile(place)).toEqual([]);
  await backend.create("x", bytes("later"));
});

test("short writes are completed, and a writer that takes nothing is an error", async () => {
  const taken: number[] = [];
  const three: Writable = {
    write: async (buffer, offset, length) => {
      const part = Math.min(3, length);
      taken.push(...buffer.subarray(offset, offset + part));
      return { bytesWritten: part };
    },
  };
  await writeFully(three, pattern(100), null);
  expect(taken).toEqual([...pattern(100)]);
  await expect(writeFully({ write: async () => ({ bytesWritten: 0 }) }, pattern(5), 0)).rejects.toThrow(
    "wrote no bytes",
  );
});

test("write-behind: no write is in progress after it has failed, and memory is bounded", async () => {
  const held = new Set<Uint8Array>();
  let open = 0;
  let most = 0;
  let calls = 0;
  const file: Writable = {
    async write(buffer, _offset, length) {
      held.add(buffer);
      most = Math.max(most, ++open);
      await new Promise((resolve) => setImmediate(resolve));
      open--;
      if (++calls === 20) throw new Error("disk gone");
      return { bytesWritten: length };
    },
  };
  const endless = async function* () {
    for (;;) yield new Uint8Array(700_000);
  };
  await expect(writeChunks(file, endless())).rejects.toThrow("disk gone");
  expect(open).toBe(0);
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(4);
  expect(new Set([...held].map((view) => view.buffer)).size).toBeLessThanOrEqual(4);
});

test("nothing is touched before it is needed: constructing, reading and listing make no directory", async () => {
  const place = join(await makePlace(), "not", "there");
  const backend = fsBackend(place);
  await expect(backend.read("a")).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(await backend.stat("a/b")).toBeUndefined();
  await backend.remove("a/b");
  for await (const entry of backend.list("")) expect(entry).toBeUndefined();
  expect(await backend.removeStaleTemporaryFiles({ olderThanMs: 0 })).toEqual({ removed: 0, bytes: 0 });
  await expect(stat(place)).rejects.toMatchObject({ code: "ENOENT" });
  await backend.create("ledger.json", bytes("{}"));
  expect(await everyFile(place)).toEqual(["ledger.json"]);
});

test("arguments are checked at once", () => {
  for (const wrong of ["", undefined, null, 7, "a\0b"]) {
    expect(() => fsBackend(wrong as string)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", field: "directory" }),
    );
  }
  expect(() => fsBackend("x", { durability: "memory" as "os" })).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT" }),
  );
});

test.each([
  ["s3://bucket/runs", /address \(s3:\).*s3Backend\(\{ bucket/],
  [join("s3://bucket", "runs"), /address \(s3:\)/],
  ["https://minio:9000/bucket", /s3Backend\(\{ endpoint/],
  ["HTTP://h/x", /\(http:\)/],
  ["gs://bucket", /\(gs:\)/],
  ["memory://x", /"\.\/"/],
  ["~/runs", /homedir\(\)/],
  ["~", /homedir\(\)/],
  ["~\\runs", /homedir\(\)/],
  ["file:///a%2Fb", /file: URL/],
])("a text that only looks like a path is refused with advice: %s", async (directory, hint) => {
  expect(() => fsBackend(directory)).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", field: "directory", message: expect.stringMatching(hint) }),
  );
});

test("file: URLs are paths, and other names that begin with file are directories", async () => {
  const place = await makePlace();
  const url = pathToFileURL(join(place, "a b"));
  for (const given of [url, url.href, `${url.href}/`]) {
    await fsBackend(given).create(`x${String(given).length}${typeof given === "string"}`, bytes("x"));
    expect(fsBackend(given).directory).toBe(join(place, "a b"));
  }
  for (const name of ["~x", "s3:", "a:b", "x~/y", "./s3:/b"]) expect(fsBackend(name).directory).toBe(resolve(name));
});

test("a directory that is a file, and a path that is too long, say what they are", async () => {
  const place = await makePlace();
  await writeFile(join(place, "file"), "x");
  await expect(open(join(place, "file")).create("a", bytes("x"))).rejects.toMatchObject({ code: "CONFLICT", key: "a" });
  await expect(open(join(place, "n".repeat(300))).create("a", bytes("x"))).rejects.toSatisfy(LedgerError.is);
  const deep = join(place, ...Array.from({ length: 16 }, () => "d".repeat(250)));
  await expect(open(deep).create("a/".repeat(100) + "a", bytes("x"))).rejects.toMatchObject({ code: "INVALID_KEY" });
});

test("a root that is a link is followed, even if it later leads elsewhere", async () => {
  const place = await makePlace();
  await mkdir(join(place, "one"));
  await mkdir(join(place, "two"));
  await symlink("one", join(place, "root"));
  const backend = open(join(place, "root"));
  await backend.create("a/b", bytes("1"));
  expect(await readFile(join(place, "one/a/b"), "utf8")).toBe("1");
  const { unlink } = await import("node:fs/promises");
  await unlink(join(place, "root"));
  await symlink("two", join(place, "root"));
  await backend.create("a/b", bytes("2"));
  expect(await readFile(join(place, "two/a/b"), "utf8")).toBe("2");
});

test("disk mode: directories that vanish between calls are created again", async () => {
  const place = await makePlace();
  const backend = open(join(place, "root"), { disk: true });
  const { rm } = await import("node:fs/promises");
  await backend.create("a/b/c", bytes("1"));
  await rm(join(place, "root"), { recursive: true });
  await backend.create("a/b/c", bytes("2"));
  await backend.append("a/log", bytes("3"));
  await rm(join(place, "root"), { recursive: true });
  await backend.append("a/log", bytes("4"));
  expect(await backend.read("a/log")).toEqual(bytes("4"));
});

test("stale temporary files: only old ones, only ours, wherever they are", async () => {
  const place = await makePlace();
  const backend = open(place);
  await backend.create("a/b", bytes("1"));
  const ours = `.tmp-${"0".repeat(32)}`;
  await writeFile(join(place, "a", ours), "12345");
  await writeFile(join(place, `.tmp-claim-${"0".repeat(32)}`), "");
  await writeFile(join(place, "a", ".tmp-notours"), "1");
  expect(await backend.removeStaleTemporaryFiles({ olderThanMs: 3_600_000 })).toEqual({ removed: 0, bytes: 0 });
  const { utimes } = await import("node:fs/promises");
  await utimes(join(place, "a", ours), 1000, 1000);
  expect(await backend.removeStaleTemporaryFiles({ olderThanMs: 3_600_000 })).toEqual({ removed: 1, bytes: 5 });
  expect(await backend.removeStaleTemporaryFiles({ olderThanMs: 0 })).toEqual({ removed: 1, bytes: 0 });
  expect(await everyFile(place)).toEqual(["a/.tmp-notours", "a/b"]);
  await expect(backend.removeStaleTemporaryFiles({ olderThanMs: -1 })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
  });
});

test("a name was taken even if another process removes its object at once", async () => {
  const place = await makePlace();
  const disk = open(place, {
    disk: true,
    // The object is seen, but gone before it can be synced to disk.
    async link(existing, added) {
      await writeFile(added, "theirs");
      await link(existing, added).finally(() => unlink(added));
    },
  });
  await expect(disk.create("runs/a", bytes("mine"))).rejects.toMatchObject({ code: "EXISTS" });
  await expect(disk.read("runs/a")).rejects.toMatchObject({ code: "NOT_FOUND" });
});
