import { readdir } from "node:fs/promises";
import { expect, test } from "vitest";
import { fsBackend } from "../../../src/backends/fs/index.ts";
import { openLedger } from "../../../src/index.ts";
import { bytes, makePlace, open, refuseLink } from "./place.ts";

const directories = async (place: string): Promise<string[]> =>
  (await readdir(place, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();

test.skipIf(process.platform === "win32")("a finished run has no directory that is empty", async () => {
  const place = await makePlace();
  const ledger = await openLedger(fsBackend(place));
  const run = await ledger.startRun({ experiment: "e", environment: false });
  run.log({ loss: 1 });
  await run.finish();
  await ledger.close();
  expect(await readdir(`${place}/runs/${run.id}`)).toEqual(["metrics.parquet", "run.created.json", "run.json"]);
});

test.skipIf(process.platform === "win32")(
  "the last object takes its directories with it, but no others and not the root",
  async () => {
    const place = await makePlace();
    for (const disk of [false, true]) {
      const backend = open(place, { disk });
      for (const key of ["a/b/c/d", "a/b/c/e", "a/f"]) await backend.create(key, bytes(key));
      await backend.remove("a/b/c/d");
      expect(await directories(place)).toEqual(["a", "b", "c"]);
      await backend.remove("a/b/c/e");
      expect(await directories(place)).toEqual(["a"]);
      await backend.remove("a/f");
      expect(await readdir(place)).toEqual([]);
    }
  },
);

test.each([
  ["with links", {}],
  ["without links", { link: refuseLink }],
  ["synced to disk", { disk: true }],
] as const)("%s: writers that meet removals of their directories fail in nothing", async (_name, options) => {
  const place = await makePlace();
  const rounds = "disk" in options ? 10 : 60;
  const work = async (writer: number): Promise<void> => {
    const backend = open(place, options);
    for (let round = 0; round < rounds; round++) {
      const key = `a/b/${writer}.${round}`;
      if (round % 2 === 0) await backend.create(key, bytes(key), { durable: round % 4 === 0 });
      else await backend.append(key, bytes(key), { at: 0, durable: round % 4 === 1 });
      expect(await backend.read(key)).toEqual(bytes(key));
      await backend.remove(key);
    }
  };
  await Promise.all(Array.from({ length: 4 }, (_, i) => work(i)));
  expect((await readdir(place, { recursive: true })).filter((name) => name.includes("."))).toEqual([]);
});
