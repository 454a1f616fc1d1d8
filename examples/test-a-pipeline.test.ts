/** How to test training code: the real library, in memory, with a clock, ids and an environment that are the same on every machine. */
import type { Run } from "runledger";
import { createTestLedger } from "runledger/testing";
import { expect, test } from "vitest";

/** The code under test: fits y = w·x by gradient descent, and stops when the loss rises. */
async function fitSlope(run: Run, points: readonly { x: number; y: number }[], learningRate: number): Promise<number> {
  let w = 0;
  let before = Infinity;
  for (let step = 0; step < 50; step++) {
    const errors = points.map(({ x, y }) => w * x - y);
    const loss = errors.reduce((sum, error) => sum + error * error, 0) / points.length;
    run.log({ loss, w }, { step });
    if (loss > before) throw new Error(`the loss rose at step ${step}`);
    before = loss;
    w -= (learningRate * 2 * errors.reduce((sum, error, i) => sum + error * (points[i]?.x ?? 0), 0)) / points.length;
  }
  await run.logArtifact("slope", { json: { w } }, { type: "model" });
  return w;
}

const points = [1, 2, 3].map((x) => ({ x, y: 2 * x }));

test("a good learning rate finds the slope, and the run says how", async () => {
  const { ledger, clock } = await createTestLedger({ seed: 1 });
  const w = await ledger.withRun({ experiment: "slope" }, async (run) => {
    const slope = await fitSlope(run, points, 0.05);
    await clock.advance(1500);
    return slope;
  });
  expect(w).toBeCloseTo(2);

  const record = await ledger.lastRun();
  expect(record.status).toBe("finished");
  expect((record.endTime ?? 0) - record.startTime).toBeGreaterThan(1500);
  expect(record.metrics["loss"]?.count).toBe(50);
  const { values } = await ledger.history(record.id, "loss");
  expect([...values]).toEqual([...values].toSorted((a, b) => b - a));
});

test("a bad learning rate fails the run, with the reason, and keeps what was logged", async () => {
  const { ledger } = await createTestLedger({ seed: 1 });
  const training = ledger.withRun({ experiment: "slope" }, (run) => fitSlope(run, points, 0.5));
  await expect(training).rejects.toThrow("the loss rose at step 1");

  const record = await ledger.lastRun();
  expect(record.status).toBe("failed");
  expect(record.error?.message).toContain("the loss rose");
  expect(record.metrics["loss"]?.count).toBe(2);
  expect(record.artifacts).toEqual([]);
});

test("the same seed gives the same run, fit for a snapshot", async () => {
  const record = async (): Promise<unknown> => {
    const { ledger } = await createTestLedger({ seed: 42 });
    await ledger.withRun({ experiment: "slope" }, (run) => fitSlope(run, points, 0.05));
    return await ledger.lastRun();
  };
  expect(await record()).toEqual(await record());
});
