import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Clock, systemClock } from "../../../src/platform/clock.ts";
import { fsBackend } from "../../../src/backends/fs/index.ts";
import { type Backend, openLedger } from "../../../src/index.ts";
import { readRunState } from "../../../src/journal/run-state.ts";
import { readRunCreated } from "../../../src/ledger/read-run.ts";
import { works } from "../../backends/fs/place.ts";
import { bundle } from "../../processes/bundle.ts";
import { type Child, startChild } from "../../processes/child-process.ts";
import { seededRandom } from "../../seeded-random.ts";
import { isFull, rounds } from "../../rounds.ts";

const PROCESSES = 6;
const THREADS = 5;
const ROUNDS = rounds(1, 30, "RACES");
/** `RACES_SEED=…` repeats the moments of an earlier test. */
const seed = Number(process.env["RACES_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const linux = process.platform === "linux";

let child: Awaited<ReturnType<typeof bundle>>;
beforeAll(async () => {
  child = await bundle(new URL("child.ts", import.meta.url));
});
afterAll(() => child.remove());

/** How its processes are started, and what a process outside can know of them. */
interface Arena {
  readonly prefix: readonly string[];
  readonly areKnown: boolean;
}

/** Whether a writer died before any record of it was whole. */
async function hasTornBeginning(backend: Backend): Promise<boolean> {
  for await (const { key } of backend.list("runs")) {
    const id = /^runs\/([^/]+)\/run\.created\.json$/.exec(key)?.[1];
    if (id === undefined) continue;
    const { folds } = await readRunState(backend, await readRunCreated(backend, id));
    if (folds.some(({ next, alive }) => next === 0 && alive === undefined)) return true;
  }
  return false;
}

/** Thirty threads in six processes write to one run and close it, and are killed. Returns what is wrong then. */
async function round(n: number, { prefix, areKnown }: Arena): Promise<string[]> {
  const random = seededRandom(seed + n);
  const directory = await mkdtemp(join(tmpdir(), "runledger-races-"));
  const children: Child[] = [];
  try {
    const backend = fsBackend(directory);
    // Where it can look processes up, recover() must not wait but for a writer whose first record is torn: nothing tells whose it is.
    // Elsewhere a silent writer counts as gone at once (`graceMs: 0`).
    let waited = 0;
    const clock: Clock = {
      ...systemClock,
      monotonic: () => systemClock.monotonic() + waited,
      sleep: async (ms) => {
        if (areKnown && !(await hasTornBeginning(backend))) throw new Error("recover() waits");
        waited += ms;
      },
    };
    const ledger = await openLedger(backend, { clock });
    for (let i = 0; i < PROCESSES; i++) {
      const args = [child.script, directory, String(i), String(seed + n * 1000 + i * 10), areKnown ? "10000" : "5"];
      children.push(startChild([...prefix, process.execPath, ...args]));
    }
    await Promise.all(children.map((each) => each.line("ready")));
    children[0]?.say("start");
    const id = (await children[0]!.line("run ")).slice(4);
    for (const each of children) each.say(`go ${id}`);
    const wrong: string[] = [];
    const killed = children.map(async (each) => {
      // Of ten, three are killed at any moment, the others once a writer of theirs has got that far.
      if (random() < 0.7) await each.line("ack ").catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, random() * 200));
      if (random() < 0.6) each.kill();
      else each.say("end");
      const { code, signal, errors } = await each.ended;
      if (signal !== "SIGKILL" && code !== 0) wrong.push(`a process ended with ${code}: ${errors}`);
    });
    await Promise.all(killed);

    const lines = children.flatMap((each) => each.lines);
    wrong.push(...lines.filter((line) => line.startsWith("wrong ")));
    const { running } = await ledger.recover(undefined, areKnown ? {} : { graceMs: 0 });
    if (running.length > 0) wrong.push("recovery left it running");
    const { status, damage, metrics } = await ledger.getRun(id);
    if (status === "running") wrong.push("it is running");
    wrong.push(...damage.filter(({ kind }) => kind !== "torn-tail").map(({ message }) => message));
    const [found] = (await ledger.searchRuns()).runs;
    if (found?.status !== status) wrong.push(`it is ${status}, and found as ${found?.status}`);
    const again = await ledger.recover();
    if (again.running.length + again.interrupted.length > 0) wrong.push("there was more to recover");
    for (let racer = 0; racer < PROCESSES * THREADS; racer++) {
      const key = `r${racer}`;
      const acknowledged = Number(lines.findLast((line) => line.startsWith(`ack ${racer} `))?.split(" ")[2] ?? 0);
      const { values } = await ledger.history(id, key);
      const sorted = values.toSorted();
      if (values.length < acknowledged) wrong.push(`${key}: ${values.length} of ${acknowledged} points are there`);
      if (sorted.some((value, i) => value !== i)) wrong.push(`${key}: points are there twice, or missing`);
      if ((metrics[key]?.count ?? 0) !== values.length) wrong.push(`${key}: the record counts other points`);
    }
    return wrong.map((what) => `round ${n}: ${what}`);
  } finally {
    for (const each of children) each.kill();
    await Promise.all(children.map((each) => each.ended.catch(() => {})));
    await rm(directory, { recursive: true, force: true, maxRetries: 10 });
  }
}

async function playRounds(count: number, arena: Arena): Promise<void> {
  const wrong: string[] = [];
  const began = performance.now();
  for (let n = 0; n < count; n++) {
    wrong.push(...(await round(n, arena)));
    if (n % 10 === 9) console.log(`${n + 1} of ${count} rounds in ${Math.round((performance.now() - began) / 1000)} s`);
  }
  expect(wrong, `RACES_SEED=${seed}`).toEqual([]);
}

test.skipIf(!linux)(
  `30 writers and closers of one run that are killed, ${ROUNDS} times: it ends, with all that was acknowledged (skipped: Linux only)`,
  { timeout: 60_000 + ROUNDS * 30_000 },
  () => playRounds(ROUNDS, { prefix: [], areKnown: true }),
);

const few = Math.ceil(ROUNDS / 10);

test.skipIf(!isFull || !linux || !works("unshare", "-pf", "true"))(
  `the same in process namespaces that know nothing of each other, ${few} times (skipped: needs root)`,
  { timeout: 60_000 + few * 30_000 },
  () => playRounds(few, { prefix: ["unshare", "-pf", "--kill-child", "--mount-proc"], areKnown: false }),
);

test.skipIf(!isFull || !linux || !works("unshare", "-pf", "true"))(
  `the same with the /proc of the namespace around them, ${few} times (skipped: needs root)`,
  { timeout: 60_000 + few * 30_000 },
  () => playRounds(few, { prefix: ["unshare", "-pf", "--kill-child"], areKnown: false }),
);
