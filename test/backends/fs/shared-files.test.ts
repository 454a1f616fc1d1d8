import { appendFile, lstat, mkdir, mkdtemp, open, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fsBackend } from "../../../src/backends/fs/index.ts";
import { type FoundFile, SharedFiles } from "../../../src/backends/fs/shared-files.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "runledger-shared-"));
});
afterEach(() => rm(directory, { recursive: true, force: true, maxRetries: 10 }));

/** Files by name in the directory, and the calls on them. */
function watched(): { files: SharedFiles; log: string[] } {
  const log: string[] = [];
  const files = new SharedFiles({
    open: async (key) => {
      log.push(`open ${key}`);
      const file = await open(join(directory, key));
      const close = file.close.bind(file);
      file.close = async () => {
        await close();
        log.push(`close ${key}`);
      };
      return file;
    },
    look: async (key) => {
      log.push(`look ${key}`);
      return await lstat(join(directory, key), { bigint: true });
    },
  });
  return { files, log };
}

const textOf = async (found: FoundFile | undefined): Promise<string> => {
  const bytes = new Uint8Array((await found!.size)!);
  await found!.file.read(bytes, 0, bytes.length, 0);
  return new TextDecoder().decode(bytes);
};

const put = (name: string, text: string): Promise<void> => writeFile(join(directory, name), text);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a file that several calls open at one moment", () => {
  test("is opened once, and closed after the last call", async () => {
    await put("a", "abc");
    await put("b", "b");
    const { files, log } = watched();
    let finish = (): void => {};
    const slow = new Promise<void>((resolve) => (finish = resolve));
    const uses = [
      files.use("a", textOf),
      files.use("a", async (found) => {
        await slow;
        return await textOf(found);
      }),
      files.use("b", textOf),
    ];
    const failed = files.use("a", async () => Promise.reject(new Error("on purpose")));
    await expect(failed).rejects.toThrow("on purpose");
    expect(await uses[0]).toBe("abc");
    await turn();
    await turn();
    expect(log).not.toContain("close a");
    finish();
    expect(await Promise.all([uses[1], uses[2]])).toEqual(["abc", "b"]);
    await files.close();
    expect(log.toSorted()).toEqual(["close a", "close b", "open a", "open b"]);
  });

  test("is missing for each call, and for later calls, if it does not exist", async () => {
    const { files, log } = watched();
    const ask = (): Promise<PromiseSettledResult<string>[]> =>
      Promise.allSettled([files.use("none", textOf), files.use("none", textOf)]);
    expect((await ask()).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect((await ask()).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(log).toEqual(["open none", "open none"]);
    await put("none", "there");
    expect(await files.use("none", textOf)).toBe("there");
  });

  test("is not a file if it is a directory", async () => {
    await mkdir(join(directory, "a"));
    const { files, log } = watched();
    const sizeOf = async (found: FoundFile | undefined): Promise<number | undefined> => await found?.size;
    expect(await Promise.all([files.use("a", sizeOf), files.use("a", sizeOf)])).toEqual([undefined, undefined]);
    expect(await files.use("a", sizeOf)).toBeUndefined();
    await files.close();
    expect(log.filter((line) => line === "open a")).toHaveLength(2);
    expect(log.filter((line) => line === "close a")).toHaveLength(2);
  });
});

describe("a call right after others have read the file", () => {
  test("gets the open file, with the bytes added since", async () => {
    await put("a", "old");
    const { files, log } = watched();
    expect(await files.use("a", textOf)).toBe("old");
    expect(await files.use("a", textOf)).toBe("old");
    const both = files.use("a", async (found) => {
      await appendFile(join(directory, "a"), "er");
      return [await textOf(found), await files.use("a", textOf)];
    });
    expect(await both).toEqual(["old", "older"]);
    expect(log).toEqual(["open a", "look a", "look a", "look a"]);
    await turn();
    await files.close();
    expect(log.filter((line) => line === "close a")).toHaveLength(1);
    expect(await files.use("a", textOf)).toBe("older");
    expect(log.filter((line) => line === "open a")).toHaveLength(2);
  });

  test("gets another file if that has the name by then", async () => {
    await put("a", "old");
    const { files, log } = watched();
    const first = files.use("a", async (found) => {
      await put("new", "new one");
      await rename(join(directory, "new"), join(directory, "a"));
      return [await textOf(found), await files.use("a", textOf)];
    });
    expect(await first).toEqual(["old", "new one"]);
    expect(log.filter((line) => line === "open a")).toHaveLength(2);
    await files.close();
    expect(log.filter((line) => line === "close a")).toHaveLength(2);
  });

  test("finds nothing if the file is gone", async () => {
    await put("a", "old");
    const { files } = watched();
    const first = files.use("a", async (found) => {
      await rm(join(directory, "a"));
      await expect(files.use("a", textOf)).rejects.toThrow("ENOENT");
      return await textOf(found);
    });
    expect(await first).toBe("old");
    await files.close();
  });
});

describe("a range that is read while the size is queried", () => {
  test.each([
    [0, 4, "0123"],
    [8, 4, "89"],
    [10, 4, ""],
    [50, 4, ""],
    [3, 0, ""],
    [0, 2 ** 40, "0123456789"],
    [9, Number.MAX_SAFE_INTEGER, "9"],
  ])("%s and %s bytes from there: %j", async (offset, length, text) => {
    await put("a", "0123456789");
    const backend = fsBackend(directory);
    const bytes = await backend.read("a", { range: { offset, length } });
    expect(new TextDecoder().decode(bytes)).toBe(text);
    expect([bytes.byteOffset, bytes.buffer.byteLength]).toEqual([0, text.length]);
    await backend.close!();
  });
});

test("the backend sees what was acknowledged before, even if other reads still run", async () => {
  const backend = fsBackend(directory);
  await backend.append!("journal", new TextEncoder().encode("0"));
  for (let i = 1; i < 200; i++) {
    const before = [backend.read("journal"), backend.read("journal", { range: { offset: 0, length: 1 } })];
    if (i % 2 === 0) await Promise.resolve();
    await backend.append!("journal", new TextEncoder().encode("x"));
    const after = await Promise.all([backend.read("journal"), backend.read("journal")]);
    for (const bytes of after) expect(bytes.length).toBe(i + 1);
    for (const bytes of await Promise.all(before)) expect(bytes.length).toBeLessThanOrEqual(i + 1);
  }
  await appendFile(join(directory, "journal"), "y");
  expect((await backend.read("journal")).at(-1)).toBe("y".charCodeAt(0));
  await backend.close!();
});
