import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fsBackend, saveTo } from "../../../src/backends/fs/index.ts";
import { openLedger } from "../../../src/index.ts";
import { sha256 } from "../../artifacts/fixtures.ts";
import { rounds } from "../../rounds.ts";
import { buildChild, everyFile, makePlace, pattern, run } from "./place.ts";

let child: Awaited<ReturnType<typeof buildChild>>;
beforeAll(async () => {
  child = await buildChild("save-child");
}, 60_000);
afterAll(async () => await child.remove());

const FILES: Readonly<Record<string, Uint8Array>> = {
  ...Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`small/${i % 7}/${i}`, pattern(3000, i + 1)])),
  "large.bin": pattern(20_000_000),
};

async function logged(): Promise<string> {
  const directory = await makePlace();
  const ledger = await openLedger(fsBackend(directory));
  await ledger.withRun({}, async (made) => void (await made.logArtifact("m", { files: FILES })));
  await ledger.close();
  return directory;
}

/** Checks that each file is whole, and returns those that are not temporary. */
async function whole(directory: string): Promise<string[]> {
  const files = (await everyFile(directory)).filter((path) => !/(^|\/)\.tmp-[0-9a-f]{32}$/.test(path));
  for (const path of files) {
    const expected = FILES[path.replaceAll("\\", "/")] as Uint8Array;
    expect([path, sha256(await readFile(join(directory, path)))]).toEqual([path, sha256(expected)]);
  }
  return files;
}

test("two processes save to one directory at once", { timeout: 60_000 }, async () => {
  const [ledger, target] = [await logged(), await makePlace()];
  const both = [1, 2].map(() => run([process.execPath, child.script, ledger, "m", target]));
  for (const { ended } of both) expect(await ended).toMatchObject({ code: 0, errors: "" });
  expect(await whole(target)).toHaveLength(Object.keys(FILES).length);
  expect(await everyFile(target)).toHaveLength(Object.keys(FILES).length);
});

test(
  "a process that is killed leaves whole files, and the next call saves the rest",
  { timeout: 120_000 },
  async () => {
    const directory = await logged();
    for (let round = 0; round < rounds(2, 10); round++) {
      const target = await makePlace();
      const killed = run([process.execPath, child.script, directory, "m", target]);
      await killed.ready;
      killed.process.kill("SIGKILL");
      const { lines, errors } = await killed.ended;
      expect([lines.length > 0, errors]).toEqual([true, ""]);
      const before = await whole(target);
      expect((await everyFile(target)).length - before.length).toBeLessThanOrEqual(4);
      const ledger = await openLedger(fsBackend(directory));
      await saveTo(await ledger.openArtifact("m"), target);
      await ledger.close();
      expect(await whole(target)).toHaveLength(Object.keys(FILES).length);
    }
  },
);
