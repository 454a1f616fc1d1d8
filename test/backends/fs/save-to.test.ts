import { linkSync } from "node:fs";
import { chmod, link, mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { blobKey } from "../../../src/artifacts/blobs.ts";
import type { OpenArtifact } from "../../../src/artifacts/open.ts";
import { type SavableArtifact, type SaveProgress, saveTo } from "../../../src/backends/fs/index.ts";
import { saveFiles } from "../../../src/backends/fs/save-files.ts";
import { saveTools } from "../../../src/backends/fs/save-tools.ts";
import { assertNames } from "../../../src/backends/fs/save-names.ts";
import { memoryBackend } from "../../../src/backends/memory/index.ts";
import { artifacts, failure, fileTree, MiB, override, replace, sha256, spied } from "../../artifacts/fixtures.ts";
import { sampled, stride } from "../../rounds.ts";
import { everyFile, makePlace, pattern, refuseLink } from "./place.ts";

/** Small files in packs, two large ones, an empty one, and directories. */
const CONTENTS: Readonly<Record<string, Uint8Array>> = {
  ...Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`small/${i}.bin`, pattern(300 + i, i + 2)])),
  "deep/er/large.bin": pattern(9 * MiB + 5),
  "large.bin": pattern(70_000, 7),
  empty: new Uint8Array(),
  "é.txt": new Uint8Array([1]),
};
const PATHS = Object.keys(CONTENTS).toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

async function opened(backend = memoryBackend()): Promise<OpenArtifact> {
  const store = artifacts(backend);
  await store.log("d", fileTree(CONTENTS));
  return await store.open("d");
}

async function contents(directory: string): Promise<Record<string, string>> {
  const files = await everyFile(directory);
  return Object.fromEntries(
    await Promise.all(files.map(async (path) => [path, sha256(await readFile(join(directory, path)))] as const)),
  );
}

const digests = (of: Readonly<Record<string, Uint8Array>>): Record<string, string> =>
  Object.fromEntries(Object.entries(of).map(([path, bytes]) => [path, sha256(bytes)]));

/** What anybody may pass instead of an opened artifact. */
function made(files: Readonly<Record<string, string>>, portable?: false): SavableArtifact {
  const bytesOf = (path: string): Uint8Array => new TextEncoder().encode(files[path]);
  return {
    async *files() {
      for (const path of Object.keys(files)) {
        const bytes = bytesOf(path);
        const digest = `sha256:${sha256(bytes)}`;
        yield { path, size: bytes.length, digest, ...(portable === false && { portable }) };
      }
    },
    read: async (path) => bytesOf(path),
    stream: () => {
      throw new Error("not needed");
    },
  };
}

describe("saveTo", () => {
  test("writes every file, and returns where they are", async () => {
    const directory = join(await makePlace(), "a", "b");
    const progress: SaveProgress[] = [];
    const paths = await saveTo(await opened(), directory, { onProgress: (now) => progress.push(now) });
    expect(paths).toEqual(PATHS.map((path) => join(directory, path)));
    expect(await contents(directory)).toEqual(digests(CONTENTS));
    const total = Object.values(CONTENTS).reduce((sum, { length }) => sum + length, 0);
    expect(progress.at(-1)).toEqual({ bytes: total, total });
    const told = progress.map(({ bytes }) => bytes);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect(told.length).toBeGreaterThan(PATHS.length);
  });

  test("gives files the mode that other programs give them", async () => {
    const directory = await makePlace();
    await writeFile(join(directory, "theirs"), "");
    await saveTo(await opened(), directory);
    const { mode } = await stat(join(directory, "theirs"));
    for (const path of ["large.bin", "small/0.bin"]) expect((await stat(join(directory, path))).mode).toBe(mode);
  });

  test("saves one content under its name, also to a URL", async () => {
    const store = artifacts(memoryBackend());
    await store.log("m", { text: "hello" });
    const directory = await makePlace();
    const paths = await saveTo(await store.open("m"), pathToFileURL(directory));
    expect(paths).toEqual([join(directory, "content")]);
    expect(await readFile(paths[0] as string, "utf8")).toBe("hello");
  });

  test("keeps what is there, and leaves other files alone", async () => {
    const directory = await makePlace();
    await saveTo(await opened(), directory);
    await writeFile(join(directory, "theirs"), "x");
    const before = await Promise.all(PATHS.map((path) => stat(join(directory, path), { bigint: true })));
    const spy = spied();
    const artifact = await opened(spy.backend as ReturnType<typeof memoryBackend>);
    spy.calls.length = 0;
    const progress: SaveProgress[] = [];
    expect(await saveTo(artifact, directory, { onProgress: (now) => progress.push(now) })).toHaveLength(PATHS.length);
    expect(spy.calls).toEqual([]);
    expect(progress.at(-1)?.bytes).toBe(progress.at(-1)?.total);
    const after = await Promise.all(PATHS.map((path) => stat(join(directory, path), { bigint: true })));
    expect(after.map(({ ino, ctimeNs }) => [ino, ctimeNs])).toEqual(before.map(({ ino, ctimeNs }) => [ino, ctimeNs]));
    expect(await contents(directory)).toEqual({ ...digests(CONTENTS), theirs: sha256("x") });
  });

  test("replaces other contents only if it is told to", async () => {
    const directory = await makePlace();
    await mkdir(join(directory, "small"));
    const other = { "large.bin": pattern(70_000, 8), "small/3.bin": pattern(5), empty: pattern(1) };
    for (const [path, bytes] of Object.entries(other)) await writeFile(join(directory, path), bytes);
    const artifact = await opened();
    const error = await failure(saveTo(artifact, directory));
    expect(error).toMatchObject({ code: "EXISTS", field: "directory" });
    expect(error.message).toContain('"small/3.bin"');
    expect(await contents(directory)).toEqual(digests(other));
    await saveTo(artifact, directory, { overwrite: true });
    expect(await contents(directory)).toEqual(digests(CONTENTS));
  });

  test("refuses arguments that are none", async () => {
    const directory = await makePlace();
    const artifact = await opened();
    const bad: [unknown, unknown, unknown, string][] = [
      [undefined, directory, undefined, "opened"],
      [{ files() {} }, directory, undefined, "opened"],
      [artifact, "", undefined, "directory"],
      [artifact, 5, undefined, "directory"],
      [artifact, directory, { overwrite: 1 }, "overwrite"],
      [artifact, directory, { onProgress: 1 }, "onProgress"],
      [artifact, directory, { signal: 1 }, "signal"],
    ];
    for (const [from, to, options, field] of bad)
      expect(await failure(saveTo(from as SavableArtifact, to as string, options as object))).toMatchObject({
        code: "INVALID_ARGUMENT",
        field,
      });
    expect((await failure(saveTo(artifact, directory, { force: true } as object))).code).toBe("UNSUPPORTED");
    const onProgress = (): never => {
      throw new Error("mine");
    };
    expect(await failure(saveTo(artifact, directory, { onProgress }))).toMatchObject({ field: "onProgress" });
  });
});

describe("a damaged store", () => {
  test("a file with wrong bytes never appears", async () => {
    const backend = memoryBackend();
    const artifact = await opened(backend);
    const keys: string[] = [];
    for await (const { key } of backend.list("blobs")) keys.push(key);
    for (const key of keys) {
      const bytes = await backend.read(key);
      const wrong = bytes.slice();
      wrong[wrong.length - 1]! ^= 1;
      await replace(backend, key, wrong);
      const directory = await makePlace();
      if (bytes.length > 0) expect((await failure(saveTo(artifact, directory))).code).toBe("CORRUPT");
      const found = await contents(directory);
      const expected = digests(CONTENTS);
      for (const [path, digest] of Object.entries(found)) expect(digest).toBe(expected[path]);
      await replace(backend, key, bytes);
    }
  });

  test("a stream with too few or too many bytes is refused", async () => {
    const digest = `sha256:${sha256("x")}`;
    for (const size of [70_000, 70_002]) {
      const artifact: SavableArtifact = {
        async *files() {
          yield { path: "a", size: 70_001, digest };
        },
        read: async () => new Uint8Array(),
        stream: () => new Blob([new Uint8Array(size)]).stream() as ReadableStream<Uint8Array>,
      };
      const directory = await makePlace();
      expect((await failure(saveTo(artifact, directory))).code).toBe("CORRUPT");
      expect(await everyFile(directory)).toEqual([]);
    }
  });
});

describe("stopped at any request", () => {
  /** Calls `at` before the request with this number. */
  const at = async (number: number, act: () => void): Promise<{ artifact: OpenArtifact; reads: () => number }> => {
    let reads = 0;
    let counting = false;
    const backend = override(memoryBackend(), (inner) => ({
      read: async (key, options) => {
        if (counting && reads++ === number) act();
        return await inner.read(key, options);
      },
    }));
    const artifact = await opened(backend as ReturnType<typeof memoryBackend>);
    counting = true;
    return { artifact, reads: () => reads };
  };

  test("no part of a file remains, and the next call saves the rest", async () => {
    const whole = await at(-1, () => {});
    await saveTo(whole.artifact, await makePlace());
    const expected = digests(CONTENTS);
    for (let number = 0; number < whole.reads(); number += stride(3)) {
      const controller = new AbortController();
      const { artifact } = await at(number, () => controller.abort(new Error("stop")));
      const directory = await makePlace();
      await expect(saveTo(artifact, directory, { signal: controller.signal })).rejects.toThrow("stop");
      const found = await contents(directory);
      for (const [path, digest] of Object.entries(found)) expect(digest).toBe(expected[path]);
      await saveTo(artifact, directory);
      expect(await contents(directory)).toEqual(expected);
    }
  });

  test("an abort while a large file is written", async () => {
    const directory = await makePlace();
    const controller = new AbortController();
    const large = CONTENTS["deep/er/large.bin"]!.length;
    const onProgress = ({ bytes, total }: SaveProgress): void => {
      if (bytes > total - large) controller.abort(new Error("stop"));
    };
    const saving = saveTo(await opened(), directory, { signal: controller.signal, onProgress });
    await expect(saving).rejects.toThrow("stop");
    const { "deep/er/large.bin": _, ...others } = digests(CONTENTS);
    for (const [path, digest] of Object.entries(await contents(directory)))
      expect(digest).toBe((others as Record<string, string>)[path]);
  });

  test("nothing is done after an abort", async () => {
    const directory = join(await makePlace(), "new");
    const signal = AbortSignal.abort(new Error("stop"));
    await expect(saveTo(await opened(), directory, { signal })).rejects.toThrow("stop");
    await expect(stat(directory)).rejects.toThrow("ENOENT");
  });
});

describe("several at once", () => {
  test.each([
    ["with links", { link, linkSync }],
    [
      "without links",
      {
        link: refuseLink,
        linkSync: () => {
          throw Object.assign(new Error("EPERM"), { code: "EPERM" });
        },
      },
    ],
  ])("all succeed, %s", async (_, links) => {
    for (const overwrite of [false, true]) {
      const directory = await makePlace();
      const calls = [1, 2, 3].map(
        async () => await saveFiles(saveTools(), await opened(), directory, { overwrite, links }),
      );
      for (const paths of await Promise.all(calls)) expect(paths).toHaveLength(PATHS.length);
      expect(await contents(directory)).toEqual(digests(CONTENTS));
    }
  });

  test("a rival with other contents", async () => {
    const directory = await makePlace();
    const artifact = made({ a: "mine" });
    const late: SavableArtifact = {
      ...artifact,
      read: async (path) => {
        await writeFile(join(directory, path), "theirs");
        return await artifact.read(path);
      },
    };
    expect((await failure(saveTo(late, directory))).code).toBe("EXISTS");
    expect(await readFile(join(directory, "a"), "utf8")).toBe("theirs");
  });
});

describe("nothing outside the directory is written", () => {
  const outside = ["../x", "a/../../x", "/x", "a//b", ".", "a/.", "", "a\\..\\..\\x", "a\0b"];
  test.each(sampled(outside, 1))("%j", async (path) => {
    const place = await makePlace();
    const error = await failure(saveTo(made({ ok: "1", [path]: "2" }), join(place, "in")));
    expect(error.code).toBe("CORRUPT");
    expect(await everyFile(place)).toEqual([]);
  });

  test.each([false, true])("links inside are not followed (overwrite: %s)", async (overwrite) => {
    const place = await makePlace();
    const directory = join(place, "in");
    await mkdir(join(place, "out"));
    await mkdir(directory);
    await writeFile(join(place, "out", "a"), "theirs");
    await symlink(join(place, "out"), join(directory, "linked"));
    await symlink(join(place, "nowhere"), join(directory, "dangling"));
    await symlink(join(place, "out", "a"), join(directory, "file"));
    for (const path of ["linked/new", "linked/a", "linked/new/b", "dangling/new", "dangling/new/b"]) {
      const error = await failure(saveTo(made({ "1": "first", [path]: "mine" }), directory, { overwrite }));
      expect([path, error.code]).toEqual([path, "PERMISSION_DENIED"]);
    }
    if (overwrite) await saveTo(made({ file: "mine" }), directory, { overwrite });
    else expect((await failure(saveTo(made({ file: "mine" }), directory))).code).toBe("EXISTS");
    expect(await contents(join(place, "out"))).toEqual({ a: sha256("theirs") });
    expect(await everyFile(directory)).toEqual(["dangling", "file", "linked"]);
  });

  test("the directory itself may be a link", async () => {
    const place = await makePlace();
    await mkdir(join(place, "real"));
    await symlink(join(place, "real"), join(place, "link"));
    await saveTo(made({ "a/b": "1" }), join(place, "link"));
    expect(await everyFile(join(place, "real"))).toEqual([join("a", "b")]);
  });

  test("a directory in the place of a file, and the reverse", async () => {
    const directory = await makePlace();
    await mkdir(join(directory, "a"));
    await writeFile(join(directory, "b"), "");
    for (const overwrite of [false, true])
      for (const path of ["a", "b/c", "b/c/d"])
        expect((await failure(saveTo(made({ [path]: "1" }), directory, { overwrite }))).code).toBe("CONFLICT");
    expect(await everyFile(directory)).toEqual(["b"]);
  });

  test.skipIf(process.getuid?.() === 0)("a directory that may not be written", async () => {
    const directory = await makePlace();
    await chmod(directory, 0o500);
    expect((await failure(saveTo(made({ a: "1" }), directory))).code).toBe("PERMISSION_DENIED");
    await chmod(directory, 0o700);
  });
});

describe("names that a system cannot hold", () => {
  const files = (...paths: string[]): { path: string; size: number; digest: string; portable: false }[] =>
    paths.map((path) => ({ path, size: 0, digest: "", portable: false }));
  const no = async (): Promise<boolean> => false;
  const yes = async (): Promise<boolean> => true;

  test("reserved names", async () => {
    const odd = files("aux.py", "a:b", "name.");
    await assertNames(odd, { reserved: false, foldsCase: yes });
    const error = await failure(assertNames(odd, { reserved: true, foldsCase: no }));
    expect(error.code).toBe("UNSUPPORTED");
    expect(error.message).toContain('"aux.py"');
    const drive = await failure(assertNames([{ path: "c:x", size: 0, digest: "" }], { reserved: true, foldsCase: no }));
    expect(drive.code).toBe("CORRUPT");
  });

  test("names that differ only in case", async () => {
    for (const paths of [
      ["A.txt", "a.txt"],
      ["a", "A/b"],
      ["A/b", "a"],
      ["ß", "SS"],
    ]) {
      await assertNames(files(...paths), { reserved: false, foldsCase: no });
      const error = await failure(assertNames(files(...paths, "aux"), { reserved: false, foldsCase: yes }));
      expect(error.code).toBe("UNSUPPORTED");
      for (const path of paths) expect(error.message).toContain(JSON.stringify(path));
      expect(error.message).not.toContain('"aux"');
    }
  });

  test("are saved where they differ", async () => {
    const directory = await makePlace();
    await writeFile(join(directory, "case"), "");
    const folds = await stat(join(directory, "CASE")).then(
      () => true,
      () => false,
    );
    const saving = saveTo(made({ "A.txt": "1", "a.txt": "2" }, false), directory);
    if (folds || process.platform === "win32") expect((await failure(saving)).code).toBe("UNSUPPORTED");
    else expect(await saving).toHaveLength(2);
    expect((await everyFile(directory)).length).toBe(folds ? 1 : 3);
  });

  test("a path that is there twice", async () => {
    const twice = [...files("a"), ...files("a")];
    expect((await failure(assertNames(twice, { reserved: false, foldsCase: no }))).code).toBe("CORRUPT");
  });
});

describe("many small files", () => {
  test("each pack is read by at most five requests, however its files are mixed with those of others", async () => {
    const spy = spied();
    const store = artifacts(spy.backend);
    const files = Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`f${1000 + i}`, pattern(2000, i + 1)]));
    for (let version = 0; version < 4; version++) {
      for (let i = version; i < 600; i += 7) files[`f${1000 + i}`] = pattern(2000, 10_000 * (version + 1) + i);
      await store.log("d", fileTree(files));
    }
    const artifact = await store.open("d");
    spy.calls.length = 0;
    const directory = await makePlace();
    await saveTo(artifact, directory);
    expect(await contents(directory)).toEqual(digests(files));
    const packs = new Set(spy.calls);
    expect(packs.size).toBeGreaterThan(3);
    expect(spy.calls.length).toBeLessThanOrEqual(5 * packs.size);
    expect([...packs].every((call) => call.startsWith(`read ${blobKey("0".repeat(64)).slice(0, 13)}`))).toBe(true);
  });
});
