import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { openLedger, type RunRecord } from "../../src/index.ts";
import { bundle } from "../processes/bundle.ts";
import { sampled } from "../rounds.ts";

let child: Awaited<ReturnType<typeof bundle>>;
let copy: Awaited<ReturnType<typeof bundle>>;
beforeAll(async () => {
  child = await bundle(new URL("ending-child.ts", import.meta.url));
  copy = await bundle(new URL("library-copy.ts", import.meta.url));
});
afterAll(async () => {
  await child.remove();
  await copy.remove();
});

interface Ended {
  readonly runs: readonly RunRecord[];
  readonly code: number | null;
  readonly signal: string | null;
  /** The values that it printed, one per line. */
  readonly said: readonly unknown[];
  readonly stderr: string;
  /** Lines on stderr that the library wrote. */
  readonly told: readonly string[];
}

async function end(ending: string, signal?: NodeJS.Signals): Promise<Ended> {
  const directory = await mkdtemp(join(tmpdir(), "runledger-ending-"));
  try {
    const started: ChildProcess = spawn(process.execPath, [child.script, directory, ending, copy.script], {
      stdio: ["ignore", "pipe", "pipe"],
      // If it hangs, it is killed, so that nothing remains.
      timeout: 45_000,
      killSignal: "SIGKILL",
    });
    let stdout = "";
    let stderr = "";
    started.stdout?.on("data", (data) => {
      if (stdout === "" && signal) started.kill(signal);
      stdout += String(data);
    });
    started.stderr?.on("data", (data) => (stderr += String(data)));
    const [code, endedBy] = (await once(started, "close")) as [number | null, string | null];
    const ledger = await openLedger(fsBackend(directory));
    const runs: RunRecord[] = [];
    for await (const run of ledger.iterateRuns()) runs.push(run);
    const lines = (text: string): string[] => text.split("\n").filter((line) => line !== "");
    const said = lines(stdout).map((line) => JSON.parse(line) as unknown);
    const told = lines(stderr).filter((line) => line.startsWith("runledger"));
    return { runs, code, signal: endedBy, said, stderr, told };
  } finally {
    // A worker thread may still store something.
    await rm(directory, { recursive: true, force: true, maxRetries: 10 });
  }
}

/**
 * Listeners of SIGINT, SIGTERM, SIGHUP, uncaughtException and beforeExit. A copy of the library with open runs also
 * listens for the natural end.
 */
const GUARDED = [1, 1, 1, 1, 2];

test.each([
  ["two", GUARDED],
  ["two-copies", [1, 1, 1, 1, 3]],
])("a signal closes all guarded runs, and the process ends by it (%s)", async (ending, listeners) => {
  const { runs, said, signal, stderr } = await end(ending, "SIGINT");
  expect(said).toEqual([listeners]);
  expect(runs.map(({ status, metrics }) => [status, metrics["x"]?.count])).toEqual([
    ["killed", 1],
    ["killed", 1],
  ]);
  expect(signal).toBe("SIGINT");
  expect(stderr).toBe("");
});

test.each(sampled(["two-throw", "two-reject"], 2))(
  "an uncaught error fails all guarded runs, is shown once, and the exit code is 1 (%s)",
  async (ending) => {
    const { runs, code, stderr, told } = await end(ending);
    expect(runs.map(({ status, error }) => [status, error?.message])).toEqual([
      ["failed", "boom"],
      ["failed", "boom"],
    ]);
    expect(code).toBe(1);
    expect(stderr.match(/RangeError: boom/g)).toHaveLength(1);
    expect(told).toEqual([]);
  },
);

test("an uncaught error in a guarded worker thread is an error of the thread", async () => {
  const { runs, said } = await end("worker:two-throw");
  expect(runs.map(({ status }) => status)).toEqual(["failed", "failed"]);
  expect(said.slice(1)).toEqual(["worker: boom", "worker: 1"]);
});

test("one set of listeners serves all guards, and exists only while a run is guarded", async () => {
  const { said, code, stderr } = await end("sweep");
  const [first, swept, again, [before, off] = [], closed] = said as [unknown, unknown, unknown, unknown[], unknown];
  // Runs that are open, guarded or not, listen for the natural end once.
  const none = [0, 0, 0, 0, 1];
  expect(before).toEqual(none);
  expect(first).toEqual(GUARDED);
  expect(swept).toEqual(none);
  expect(again).toEqual(GUARDED);
  expect(off).toEqual(none);
  expect(closed).toEqual([0, 0, 0, 0, 0]);
  expect(code).toBe(0);
  expect(stderr).toBe("");
});

test.each(sampled(["loop", "loop-catch"], 2))(
  "a loop that logs while the guard closes its run ends with the signal alone (%s)",
  async (ending) => {
    const { runs, signal, stderr } = await end(ending, "SIGINT");
    expect(runs[0]?.status).toBe("killed");
    expect(runs[0]?.metrics["x"]?.count).toBeGreaterThan(0);
    expect(signal).toBe("SIGINT");
    expect(stderr).toBe("");
  },
);

test("a program that survives a signal gets one report that its values are dropped", async () => {
  const { runs, code, said, told } = await end("loop-kept", "SIGINT");
  expect(runs[0]?.status).toBe("killed");
  expect(code).toBe(0);
  const stats = said[1] as { points: number; acknowledged: number; dropped: number; buffered: number };
  expect(stats.acknowledged).toBe(2 * (runs[0]?.metrics["x"]?.count ?? 0));
  expect(stats.buffered).toBe(0);
  // At least three steps, each with two metrics and a text, and three rows of one.
  expect(stats.dropped).toBeGreaterThanOrEqual(12);
  expect(stats.points).toBe(stats.acknowledged + stats.dropped);
  expect(told).toHaveLength(1);
  expect(told[0]).toContain("RUN_CLOSED");
});

test("a call that rejects because the guard closed the run is not shown", async () => {
  const { runs, signal, stderr } = await end("late-artifact", "SIGTERM");
  expect(runs[0]?.status).toBe("killed");
  expect(signal).toBe("SIGTERM");
  expect(stderr).toBe("");
});

const LEFT: readonly [ending: string, code: number, left: string][] = [
  ["throw", 1, "1000 points of run"],
  ["reject-in-with-run", 1, "1000 points of run"],
  ["exit", 3, "1000 points of run"],
  ["exit-one", 0, "1 point of run"],
  ["exit-tags", 0, "other records of run"],
  ["exit-finishing", 0, "1000 points"],
  ["worker:throw", 0, "1000 points of run"],
  ["worker:exit", 0, "1000 points of run"],
];
test.each(sampled(LEFT, 3))(
  "points that a process had no time to store are reported in one line (%s)",
  async (ending, code, text) => {
    const ended = await end(ending);
    expect(ended.code).toBe(code);
    expect(ended.told).toHaveLength(1);
    expect(ended.told[0]).toContain(text);
    // `withRun` does not see an error outside its function.
    expect(ended.told[0]).toContain("guardProcess(run) closes a run after an uncaught error or rejection");
    expect(ended.told[0]).not.toContain("withRun");
    expect(ended.told[0]).toContain(String(ended.said[0]));
    expect(ended.runs.map(({ status }) => status)).toEqual(["interrupted"]);
  },
);

test("many runs are reported in one line", async () => {
  const { told, said } = await end("exit-many");
  expect(told).toHaveLength(1);
  expect(told[0]).toContain(`1000 points of run ${String(said[2])}, records of 2 more runs`);
});

test.each(sampled(["exit-stored", "memory-exit", "memory-natural"], 2))(
  "nothing is reported if everything was stored, or ends with the process by design (%s)",
  async (ending) => {
    const { stderr, code } = await end(ending);
    expect(stderr).toBe("");
    expect(code).toBe(0);
  },
);
