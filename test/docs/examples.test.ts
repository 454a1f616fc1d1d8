import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type TestContext, describe, test } from "vitest";
import { isFull } from "../rounds.ts";
import { startFakeS3 } from "../servers/fake-s3.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");

type Finished = TestContext["onTestFinished"];

/** Runs an example as a user would, in an empty directory. */
async function example(
  onTestFinished: Finished,
  file: string,
  env: Record<string, string> = {},
): Promise<{ stdout: string; cwd: string }> {
  const cwd = await mkdtemp(join(tmpdir(), "runledger-example-"));
  onTestFinished(() => rm(cwd, { recursive: true, force: true, maxRetries: 10 }));
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const args = [
    join(root, "node_modules/tsx/dist/cli.mjs"),
    "--conditions=runledger-source",
    join(root, "examples", file),
  ];
  const { stdout } = await run(process.execPath, args, { cwd, env: { ...inherited, ...env } });
  return { stdout, cwd };
}

describe.concurrent("examples", () => {
  test("quickstart.ts", async ({ expect, onTestFinished }) => {
    const { stdout } = await example(onTestFinished, "quickstart.ts");
    expect(stdout).toBe("lr 0.1 finished 0.0001\nlr 0.01 finished 0.3716\n");
  });

  test(`s3.ts, with a bucket${isFull ? " and with a missing one" : ""}`, async ({ expect, onTestFinished }) => {
    const { env, fake, close } = await startFakeS3({ buckets: ["mine"] });
    onTestFinished(close);
    const { stdout } = await example(onTestFinished, "s3.ts", { ...env, RUNLEDGER_BUCKET: "mine" });
    expect(stdout).toMatch(/^finished/);
    expect(fake.calls.map(({ bucket }) => bucket)).toContain("mine");
    if (!isFull) return;
    await expect(example(onTestFinished, "s3.ts", { ...env, RUNLEDGER_BUCKET: "nobodys" })).rejects.toMatchObject({
      stderr: expect.stringMatching(/^BUCKET_NOT_FOUND: /m),
    });
  });

  test.skipIf(!isFull)(
    "train-mnist.ts, with 500 digits and two epochs",
    { timeout: 120_000 },
    async ({ expect, onTestFinished }) => {
      const { stdout, cwd } = await example(onTestFinished, "train-mnist.ts", {
        RUNLEDGER_DEMO_IMAGES: "500",
        RUNLEDGER_DEMO_EPOCHS: "2",
      });
      expect(stdout).toContain("Training on 400 digits, validating on 100");
      const table = stdout.match(/^ {2}adam 0\.0\d+ +finished .*$/gm) ?? [];
      expect(table).toHaveLength(3);
      const accuracies = table.map((line) => Number(line.trim().split(/ {2,}/)[2]));
      expect(accuracies).toEqual(accuracies.toSorted((a, b) => b - a));
      expect(accuracies[0]).toBeGreaterThan(0.5);
      const curves = table.map((line) => line.trim().split(/ {2,}/).at(-1));
      for (const curve of curves) expect(curve).toMatch(/^[▁▂▃▄▅▆▇█]{2}$/u);
      expect(stdout).toMatch(/^adam 0\.03 +epoch 1\/2 {2}val accuracy 0\.\d{4} {2}[\d.]+ s, \d+ s left$/m);
      expect(stdout).toMatch(/^ {2}optimizer\.learningRate +0\.0/m);
      // Neither colours nor movements of the cursor, because this is no terminal.
      expect(stdout).not.toContain("\u001b");
      expect(stdout).toContain(join(cwd, "runs"));
      expect(stdout).toMatch(/\nCode: (no repository|commit [0-9a-f]{40}, )/);
      expect(stdout).toContain("It is the first time that the demo makes this run here.");
      const again = await example(onTestFinished, "train-mnist.ts", {
        RUNLEDGER_DEMO_DIR: join(cwd, "runs"),
        RUNLEDGER_DEMO_IMAGES: "500",
        RUNLEDGER_DEMO_EPOCHS: "1",
        RUNLEDGER_DEMO_RATES: "0.003",
      });
      expect(again.stdout).toMatch(/What changed since the last time:\n\nadam 0\.003 \(\S+\)\nsince adam 0\.003 /);
      expect(again.stdout).toMatch(/\nparams\n {2}epochs {2}2 → 1\n/);
      expect(stdout).toMatch(/loaded again from the ledger: validation accuracy (0\.\d{4})\n.*to the last bit\.$/m);
    },
  );
});
