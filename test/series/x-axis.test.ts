import fc from "fast-check";
import { expect, test } from "vitest";
import { alongside } from "../../src/series/x-axis.ts";
import { createTestLedger } from "../../src/testing/index.ts";

const series = (
  points: readonly (readonly [step: number, value: number])[],
): { steps: Float64Array; times: Float64Array; values: Float64Array } => ({
  steps: Float64Array.from(points, ([step]) => step),
  times: new Float64Array(points.length),
  values: Float64Array.from(points, ([, value]) => value),
});

test("the value at the same step, else the latest before it, else NaN; the n-th of a step belongs to the n-th", () => {
  const steps = fc
    .array(fc.integer({ min: 0, max: 12 }), { maxLength: 30 })
    .map((all) => all.toSorted((a, b) => a - b));
  fc.assert(
    fc.property(steps, steps, (own, others) => {
      const other = others.map((step, i) => [step, i] as const);
      const x = alongside(series(own.map((step) => [step, 0])), series(other));
      for (const [i, step] of own.entries()) {
        const nth = own.slice(0, i).filter((each) => each === step).length;
        const same = other.filter(([each]) => each === step);
        const before = other.filter(([each]) => each < step).at(-1);
        expect(x[i]).toBe((same[nth] ?? same.at(-1) ?? before)?.[1] ?? Number.NaN);
      }
    }),
  );
  expect(alongside(series([[1, 2]]), undefined)).toEqual(Float64Array.of(Number.NaN));
});

test("a history has the requested or defined metric on its x axis, running and finished", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  run.defineMetric("val/*", { stepMetric: "epoch" });
  run.log({ "val/loss": 9 }, { step: -1 });
  for (let step = 0; step < 40; step++) {
    if (step % 10 === 0) run.log({ epoch: step / 10 }, { step });
    run.log({ "val/loss": 1 / (step + 1), loss: step }, { step });
  }
  const check = async (): Promise<void> => {
    const { x, steps } = await ledger.history(run.id, "val/loss", { x: true });
    expect([...(x as Float64Array)]).toEqual([...steps].map((step) => (step < 0 ? Number.NaN : Math.floor(step / 10))));
    const late = await ledger.history(run.id, "val/loss", { x: true, from: 25 });
    expect([...(late.x as Float64Array)].slice(0, 6)).toEqual([2, 2, 2, 2, 2, 3]);
    const few = await ledger.history(run.id, "val/loss", { x: "epoch", samples: 4 });
    expect(few.x?.length).toBe(few.values.length);
    expect([...(few.x as Float64Array)].slice(1)).toEqual([...few.steps].slice(1).map((step) => Math.floor(step / 10)));
    const undefinedAxis = { code: "INVALID_ARGUMENT", field: "x", message: expect.stringContaining('"loss" has no') };
    await expect(ledger.history(run.id, "loss", { x: true })).rejects.toMatchObject(undefinedAxis);
    await expect(ledger.histories(run.id, ["val/loss", "loss"], { x: true })).rejects.toMatchObject(undefinedAxis);
    // Of all metrics, those without an axis have none.
    expect((await ledger.histories(run.id, undefined, { x: true })).get("loss")?.x?.every(Number.isNaN)).toBe(true);
    expect((await ledger.history(run.id, "loss")).x).toBeUndefined();
  };
  await run.flush();
  await check();
  await run.finish();
  await check();
  await expect(ledger.history(run.id, "loss", { x: 5 as never })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    field: "x",
  });
});
