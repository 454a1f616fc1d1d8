import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, describe, expect, test } from "vitest";
import { openLedger } from "../../src/index.ts";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { rounds } from "../rounds.ts";

const root = join(import.meta.dirname, "../..");
const SWEEP = "iris-random-6-3";

/** Runs the sweep until it ends, or until it has printed this many lines: then it is killed with its processes. */
async function sweep(directory: string, lines = Number.POSITIVE_INFINITY): Promise<string> {
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const args = ["--conditions=runledger-source", "--import", "tsx", join(root, "examples/sweep.ts")];
  const child = spawn(process.execPath, [...args, "--trials", "6", "--seed", "3"], {
    cwd: root,
    detached: true,
    env: { ...inherited, RUNLEDGER_DEMO_DIR: directory },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
    if (printed.split("\n").length - 1 >= lines) process.kill(-(child.pid as number), "SIGKILL");
  });
  const [code] = (await once(child, "close")) as [number | null];
  expect(code).toBe(lines === Number.POSITIVE_INFINITY ? 0 : null);
  return printed;
}

async function scratch(onTestFinished: TestContext["onTestFinished"]): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "runledger-sweep-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 10 }));
  return directory;
}

/** The losses of all trials, by run. */
async function losses(directory: string): Promise<Map<string, number[]>> {
  const ledger = await openLedger(fsBackend(directory));
  const found = new Map<string, number[]>();
  for await (const { id, status } of ledger.iterateRuns({ filter: `parent = '${SWEEP}'`, orderBy: "name" })) {
    expect(status).toBe("finished");
    const { values } = await ledger.history(id, "val/loss", { view: "latest" });
    found.set(id, [...values]);
  }
  return found;
}

// Each start loads TensorFlow.js in three processes.
describe.skipIf(rounds(0, 1) === 0)("with test:faults alone, because it is slow", () => {
  test(
    "a sweep that is killed again and again comes to what an undisturbed one does",
    { timeout: 300_000 },
    async ({ onTestFinished }) => {
      const [undisturbed, killed] = [await scratch(onTestFinished), await scratch(onTestFinished)];
      const whole = await sweep(undisturbed);
      expect(whole).toMatch(/^rung 1: 6 trials until epoch 3, 6 to train$/m);
      expect(whole).toMatch(/^rung 3: 1 trials until epoch 27, 1 to train\n/m);

      for (const lines of [1, 3, 5]) await sweep(killed, lines);
      const rest = await sweep(killed);
      expect(rest).not.toMatch(/^rung 1: 6 trials until epoch 3, 6 to train$/m);
      const best = (text: string): string | undefined => text.match(/^ {2}best: .*$/gm)?.at(-1);
      expect(best(rest)).toBe(best(whole));
      expect(await losses(killed)).toEqual(await losses(undisturbed));
      expect([...(await losses(killed)).values()].map(({ length }) => length).sort((a, b) => a - b)).toEqual([
        3, 3, 3, 3, 9, 27,
      ]);

      // A third start finds nothing to train.
      expect(await sweep(killed)).not.toMatch(/[1-9]\d* to train/);
    },
  );
});
