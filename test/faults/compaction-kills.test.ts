import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, watch } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { openLedger } from "../../src/index.ts";
import { bundle } from "../processes/bundle.ts";
import { startChild } from "../processes/child-process.ts";
import { seededRandom } from "../seeded-random.ts";
import { wrongPoints } from "./stored-rows.ts";
import { isFull, rounds } from "../rounds.ts";

const KILLS = rounds(3, 60);
const AT_ONCE = 2;
/** Long enough for an overview. */
const ROWS = 40_000;
/** `COMPACTION_SEED=… npx vitest run test/faults/compaction-kills.test.ts` repeats the moments of earlier kills. */
const seed = Number(process.env["COMPACTION_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const tells = process.platform === "linux";

let child: Awaited<ReturnType<typeof bundle>>;
let directory: string;
beforeAll(async () => {
  child = await bundle(new URL("compaction-child.ts", import.meta.url));
  directory = await mkdtemp(join(tmpdir(), "runledger-compaction-"));
});
afterAll(async () => {
  await child.remove();
  await rm(directory, { recursive: true, force: true, maxRetries: 10 });
});

/** The objects of a run by name, segments as `journal`. */
async function objects(id: string): Promise<string[]> {
  const found = await readdir(join(directory, "runs", id), { recursive: true, withFileTypes: true });
  return found
    .filter((each) => each.isFile())
    .map(({ name, parentPath }) => (parentPath.endsWith("journal") ? "journal" : name))
    .sort();
}

/** Resolves once the run has an object of that name. */
async function appearance(id: string, object: string): Promise<void> {
  const place = join(directory, "runs", id);
  for await (const { filename } of watch(place)) if (filename === object || existsSync(join(place, object))) return;
}

/** How long it takes to close a run here and now, in ms. */
async function closingTime(): Promise<number> {
  const undisturbed = startChild([process.execPath, child.script, directory, String(ROWS)]);
  await undisturbed.line("closing");
  const began = performance.now();
  await undisturbed.line("closed");
  const took = performance.now() - began;
  await undisturbed.ended;
  return took;
}

test(
  `a process killed at ${KILLS} random moments while it closes a run: its points are all there, and recovery completes what it began`,
  { timeout: 300_000 },
  async () => {
    const ledger = await openLedger(fsBackend(directory));
    const wrong: string[] = [];
    // What was found after a kill: how far the closing had got.
    const reached = { journals: 0, parquet: 0, document: 0, all: 0 };
    let next = 0;
    const longest = 1.2 * Math.max(await closingTime(), await closingTime());
    const storm = async (): Promise<void> => {
      while (next < KILLS) {
        const round = next++;
        const random = seededRandom(seed + round);
        const doomed = startChild([process.execPath, child.script, directory, String(ROWS)]);
        const id = (await doomed.line("run ")).slice(4);
        // One in three at any moment, the others soon after an object has appeared.
        const object = [undefined, "metrics.parquet", "run.json"][round % 3];
        const appears = object && appearance(id, object);
        await doomed.line("closing");
        await appears;
        await new Promise((resolve) => setTimeout(resolve, random() ** 2 * (object ? longest / 6 : longest)));
        doomed.kill();
        await doomed.ended;
        const names = await objects(id);
        const kept = names.includes("journal");
        if (names.includes("run.json")) reached[kept ? "document" : "all"]++;
        else reached[names.includes("metrics.parquet") ? "parquet" : "journals"]++;

        const check = async (when: string): Promise<void> => {
          const found = await wrongPoints(ledger, id, ROWS);
          wrong.push(...found.wrong.map((what) => `kill ${round}, ${when}: ${what}`));
          const sampled = await ledger.history(id, "loss", { samples: 100 });
          if (sampled.values.length > 100 || sampled.values.length < 50)
            wrong.push(`kill ${round}, ${when}: bad sample`);
        };
        await check("before recovery");
        await ledger.recover(id, tells ? {} : { graceMs: 0 });
        await check("after recovery");
        const { status, damage } = await ledger.getRun(id);
        if (status !== "finished" && status !== "interrupted")
          wrong.push(`kill ${round}: after recovery it is ${status}`);
        if (damage.length > 0) wrong.push(`kill ${round}: ${JSON.stringify(damage)}`);
        // One compaction is left, its overview, no journal, and nothing half written.
        const after = await objects(id);
        const expected = [
          /^metrics(\.\d+)?\.overview$/,
          /^metrics(\.\d+)?\.parquet$/,
          /^run\.created\.json$/,
          /^run(\.\d+)?\.json$/,
        ];
        for (const pattern of expected)
          if (after.filter((name) => pattern.test(name)).length !== 1)
            wrong.push(`kill ${round}: left are ${after.join()}`);
        const others = after.filter((name) => !expected.some((pattern) => pattern.test(name)) && !name.startsWith("."));
        if (others.length > 0) wrong.push(`kill ${round}: left are ${others.join()}`);
        await ledger.recover(id);
        if ((await objects(id)).join() !== after.join())
          wrong.push(`kill ${round}: recovering again changed something`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, storm));
    console.info(`compaction kills: seed ${seed}, ${JSON.stringify(reached)}, ${wrong.length} violations`);
    expect(wrong, `seed ${seed}`).toEqual([]);
    // A sample is too small to get everywhere.
    if (!isFull) return;
    for (const kills of [reached.journals, reached.parquet + reached.document, reached.document + reached.all])
      expect(kills, JSON.stringify(reached)).toBeGreaterThan(2);
  },
);
