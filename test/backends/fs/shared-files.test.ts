import { appendFile, mkdtemp, open, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fsBackend } from "../../../src/backends/fs/index.ts";
import { type OpenFile, SharedFiles } from "../../../src/backends/fs/shared-files.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "runledger-shared-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Files by name in the directory, and what was done with them. */
function watched(): { files: SharedFiles; log: string[] } {
  const log: string[] = [];
  const files = new SharedFiles(async (key): Promise<OpenFile> => {
    log.push(`open ${key}`);
    const file = await open(join(directory, key));
    const close = file.close.bind(file);
    file.close = async () => {
      log.push(`close ${key}`);
      await close();
    };
    return { file, size: (await file.stat()).size };
  });
  return { files, log };
}

const textOf = async (opened: OpenFile | undefined): Promise<string> => {
  const bytes = new Uint8Array(opened!.size);
  await opened!.file.read(bytes, 0, bytes.length, 0);
  return new TextDecoder().decode(bytes);
};

describe("a file that several ask for at one moment", () => {
  test("is opened once, and closed when the last is done with it", async () => {
    await writeFile(join(directory, "a"), "abc");
    await writeFile(join(directory, "b"), "b");
    const { files, log } = watched();
    let finish = (): void => {};
    const slow = new Promise<void>((resolve) => (finish = resolve));
    const uses = [
      files.use("a", textOf),
      files.use("a", async (opened) => {
        await slow;
        return await textOf(opened);
      }),
      files.use("b", textOf),
    ];
    const failed = files.use("a", async () => Promise.reject(new Error("on purpose")));
    await expect(failed).rejects.toThrow("on purpose");
    expect(await uses[0]).toBe("abc");
    expect(log).not.toContain("close a");
    finish();
    expect(await Promise.all([uses[1], uses[2]])).toEqual(["abc", "b"]);
    expect(log.toSorted()).toEqual(["close a", "close b", "open a", "open b"]);
  });

  test("and that is not there is missed by each", async () => {
    const { files, log } = watched();
    const outcomes = await Promise.allSettled([files.use("none", textOf), files.use("none", textOf)]);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(log).toEqual(["open none"]);
  });
});

test("who asks after it was begun to be opened has it opened anew", async () => {
  await writeFile(join(directory, "a"), "old");
  const { files, log } = watched();
  const first = files.use("a", async (opened) => {
    await writeFile(join(directory, "new"), "new one");
    await rename(join(directory, "new"), join(directory, "a"));
    return [await textOf(opened), await files.use("a", textOf)];
  });
  expect(await first).toEqual(["old", "new one"]);
  expect(log.filter((line) => line === "open a")).toHaveLength(2);
});

test("the backend sees what was acknowledged before, whatever reads are under way", async () => {
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
