import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FsBackend, fsBackend } from "../../../src/backends/fs/index.ts";

let parent: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "runledger-changes-"));
});
afterEach(() => rm(parent, { recursive: true, force: true, maxRetries: 10 }));

type Handle = Required<FsBackend>;
const open = (directory: string): Handle => fsBackend(directory) as Handle;
const byte = Uint8Array.of(1);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Asks for a hint and repeats `change` until it comes. Returns true if the hints ended instead. */
async function hint(hints: AsyncIterator<void>, change: (n: number) => Promise<unknown>): Promise<boolean> {
  let step: IteratorResult<void> | undefined;
  const asked = hints.next().then((got) => (step = got));
  for (let n = 0; step === undefined; n++) {
    await change(n);
    await turn();
  }
  await asked;
  return step.done === true;
}

test("it reports changes of another handle in old, new and recreated directories", async () => {
  const directory = join(parent, "ledger");
  const [watching, writing] = [open(directory), open(directory)];
  await writing.create("other", byte);
  const hints = watching.changes("runs/1")[Symbol.asyncIterator]();
  // No part of the path exists yet.
  expect(await hint(hints, (n) => writing.create(`runs/1/journal/a${n}`, byte))).toBe(false);
  for (let round = 0; round < 5; round++) {
    const key = `runs/1/deep/er/${round}/log`;
    await writing.create(key, byte);
    expect(await hint(hints, () => writing.append(key, byte))).toBe(false);
    await rm(join(directory, "runs"), { recursive: true });
    expect(await hint(hints, (n) => writing.create(`runs/1/journal/b${round}-${n}`, byte))).toBe(false);
  }
  await hints.return?.();
  await Promise.all([watching.close(), writing.close()]);
});

test("the hints end if it cannot watch", async () => {
  expect(await open(join(parent, "absent")).changes("a")[Symbol.asyncIterator]().next()).toMatchObject({
    done: true,
  });
  const directory = join(parent, "ledger");
  const backend = open(directory);
  for (let n = 0; n < 210; n++) await mkdir(join(directory, "many", String(n)), { recursive: true });
  const many = backend.changes("many")[Symbol.asyncIterator]();
  expect(await many.next()).toMatchObject({ done: true });
  await mkdir(join(parent, "elsewhere"));
  await symlink(join(parent, "elsewhere"), join(directory, "link"));
  expect(await backend.changes("link")[Symbol.asyncIterator]().next()).toMatchObject({ done: true });
});
