import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { type Ledger, openLedger, type RunRecord } from "../../src/index.ts";
import { bundle } from "../processes/bundle.ts";
import { type Child, startChild } from "../processes/child-process.ts";
import { seededRandom } from "../seeded-random.ts";
import { wrongPoints } from "./stored-rows.ts";
import { rounds } from "../rounds.ts";

const KILLS = rounds(8, 200);
const AT_ONCE = 4;
/** `KILL_STORM_SEED=… npx vitest run test/faults/kill-storm.test.ts` repeats the moments of an earlier storm. */
const seed = Number(process.env["KILL_STORM_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
// Elsewhere the number of a process that ended may be in use again, so recovery waits for signs of life.
const tells = process.platform === "linux";

let child: Awaited<ReturnType<typeof bundle>>;
let directory: string;
beforeAll(async () => {
  child = await bundle(new URL("kill-child.ts", import.meta.url));
  directory = await mkdtemp(join(tmpdir(), "runledger-storm-"));
});
afterAll(async () => {
  await child.remove();
  await rm(directory, { recursive: true, force: true, maxRetries: 10 });
});

const start = (name: number): Child => startChild([process.execPath, child.script, directory, String(name)]);

async function kill(
  ledger: Ledger,
  round: number,
  random: () => number,
): Promise<{ run?: RunRecord; acknowledged: number; wrong: string[] }> {
  const wrong: string[] = [];
  const doomed = start(round);
  // Of ten, three are killed at any moment from their start on, the others while they log.
  if (random() < 0.7) await doomed.line("ack");
  await new Promise((resolve) => setTimeout(resolve, random() * 150));
  doomed.kill();
  const { signal, errors } = await doomed.ended;
  if (signal !== "SIGKILL") wrong.push(`the child ended by itself: ${errors}`);
  const id = doomed.lines.find((line) => line.startsWith("run "))?.slice(4);
  if (id === undefined) return { acknowledged: 0, wrong };

  const acknowledged = Number(doomed.lines.findLast((line) => line.startsWith("ack "))?.slice(4) ?? 0);
  const before = await ledger.getRun(id);
  if (before.status !== (tells ? "interrupted" : "running")) wrong.push(`before recovery it is ${before.status}`);
  const found = await wrongPoints(ledger, id, acknowledged);
  wrong.push(...found.wrong);
  if (before.damage.some(({ kind }) => kind !== "torn-tail")) wrong.push(`damage: ${JSON.stringify(before.damage)}`);
  for (const line of doomed.lines.filter((each) => each.startsWith("artifact "))) {
    const [, ref, when] = line.split(" ") as [string, string, string];
    const artifact = await ledger.openArtifact(ref);
    if (new TextDecoder().decode(await artifact.read()) !== `weights of ${round} after ${when}`)
      wrong.push(`${ref} holds something else`);
    if (before.artifacts.every(({ name, version }) => `${name}:${version}` !== ref))
      wrong.push(`the run does not name ${ref}`);
  }

  const began = performance.now();
  const recovery = await ledger.recover(id, tells ? {} : { graceMs: 0 });
  if (recovery.interrupted[0] !== id) wrong.push("recovery did not close it");
  if (tells && performance.now() - began > 4000) wrong.push("recovery waited, though the process is gone");
  const run = await ledger.getRun(id);
  if (run.status !== "interrupted") wrong.push(`after recovery it is ${run.status}`);
  if (run.params["seed"] !== String(round)) wrong.push("its params are others");
  const after = await wrongPoints(ledger, id, acknowledged);
  if (after.rows !== found.rows || after.wrong.length > found.wrong.length) wrong.push("recovery changed its points");
  return { run, acknowledged, wrong };
}

test(
  `a process killed at ${KILLS} random moments of a run: everything acknowledged is there once, and nothing else`,
  { timeout: 300_000 },
  async () => {
    const ledger = await openLedger(fsBackend(directory));
    const quiet = await ledger.startRun({ name: "quiet" });
    quiet.log({ loss: 1 });
    await quiet.finish();
    const quietRecord = await ledger.getRun(quiet.id);

    const wrong: string[] = [];
    const killed = new Map<string, RunRecord>();
    let acknowledged = 0;
    let next = 0;
    const storm = async (): Promise<void> => {
      // Kills before the run exists are welcome, and come on top of those that count.
      while (killed.size < KILLS && next < KILLS * 4) {
        const round = next++;
        const result = await kill(ledger, round, seededRandom(seed + round));
        wrong.push(...result.wrong.map((what) => `kill ${round}: ${what}`));
        acknowledged += result.acknowledged;
        if (result.run) killed.set(result.run.id, result.run);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, storm));
    expect(wrong, `seed ${seed}`).toEqual([]);

    // The storm disturbed nobody: neither the run that was closed before it, nor one that goes on, nor those killed earlier.
    const living = start(next);
    await living.line("ack");
    const livingId = (await living.line("run ")).slice(4);
    const { interrupted, running } = await ledger.recover(undefined, tells ? {} : { graceMs: 300 });
    living.kill();
    await living.ended;
    expect(running).toEqual([livingId]);
    // Only those can be left that were killed between their start and the first word of it.
    expect(interrupted.filter((id) => killed.has(id))).toEqual([]);
    expect(await ledger.getRun(quiet.id)).toEqual(quietRecord);
    for (const [id, record] of killed) expect(await ledger.getRun(id)).toEqual(record);
    const { runs } = await ledger.searchRuns({ limit: 1000 });
    await ledger.close();
    expect(runs.map(({ id }) => id)).toEqual(expect.arrayContaining([...killed.keys()]));

    console.info(
      `kill storm: seed ${seed}, ${next} kills, ${killed.size} of runs on record, ${acknowledged} rows acknowledged, ${wrong.length} violations`,
    );
    expect(killed.size).toBeGreaterThanOrEqual(KILLS);
  },
);
