import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Ledger, openLedger, type Run } from "runledger";
import { aggregateHistories } from "runledger/compare";
import { createTestLedger } from "runledger/testing";
import { cutsOf, replacedFrom } from "../../src/series/replaced-points.ts";
import type { WriterFold } from "../../src/journal/writer-fold.ts";

interface Row {
  readonly step: number;
  readonly key: string;
}

async function shown(ledger: Ledger, id: string, view: "all" | "latest", options = {}): Promise<object> {
  const histories = await ledger.histories(id, undefined, { view, ...options });
  return Object.fromEntries([...histories].map(([key, { steps, values }]) => [key, [[...steps], [...values]]]));
}

/** What is left of sessions that followed each other: each value is the number of its row. */
function model(sessions: readonly (readonly Row[])[]): object {
  const firsts = sessions.map((rows) => rows.find(({ key }) => !key.startsWith("system/"))?.step ?? Infinity);
  const firstOf = (i: number, key: string): number => sessions[i]!.find((row) => row.key === key)?.step ?? firsts[i]!;
  const found: { [key: string]: [number[], number[]] } = {};
  let value = 0;
  const kept = sessions.flatMap((rows, i) =>
    rows
      .map((row) => ({ ...row, value: value++ }))
      .filter(
        ({ step, key }) =>
          key.startsWith("system/") || sessions.every((_, later) => later <= i || step < firstOf(later, key)),
      ),
  );
  for (const row of kept.toSorted((a, b) => a.step - b.step)) {
    const [steps, values] = (found[row.key] ??= [[], []]);
    steps.push(row.step);
    values.push(row.value);
  }
  return found;
}

describe('history(id, key, { view: "latest" })', () => {
  test("equals a plain model: sessions that follow each other, closed and not, at rest and in journals", async () => {
    const row = fc.record({
      step: fc.integer({ min: -3, max: 12 }),
      key: fc.constantFrom("loss", "eval", "system/cpu"),
    });
    const sessions = fc.array(
      fc.tuple(fc.array(row, { maxLength: 8 }), fc.constantFrom("finish", "leave", "exclusive")),
      {
        minLength: 1,
        maxLength: 4,
      },
    );
    await fc.assert(
      fc.asyncProperty(sessions, async (all) => {
        const { ledger, backend } = await createTestLedger();
        const rows = all.map(([own]) => own);
        let value = 0;
        let run: Run | undefined;
        for (const [own, end] of all) {
          // The last session goes on; only a claim shuts it out, if it did not close the run.
          run = run
            ? await ledger.resumeRun(run.id, {
                mode: run.status === "running" && end === "exclusive" ? "exclusive" : "join",
              })
            : await ledger.startRun();
          for (const { step, key } of own) run.log({ [key]: value++ }, { step });
          await run.flush();
          if (end === "finish") await run.finish();
        }
        const { id } = run!;
        const expected = model(rows);
        expect(await shown(ledger, id, "latest")).toEqual(expected);
        await run!.finish();
        expect(await shown(await openLedger(backend), id, "latest")).toEqual(expected);
        const points = Object.values(await shown(ledger, id, "all")) as [number[], number[]][];
        expect(points.reduce((sum, [steps]) => sum + steps.length, 0)).toBe(value);
      }),
      { numRuns: 40 },
    );
  });

  test("a training that crashed and went on from a checkpoint; ranges, samples, x and statistics over runs", async () => {
    const { ledger, backend } = await createTestLedger();
    const train = async (run: Run, from: number, to: number, offset: number): Promise<void> => {
      for (let step = from; step <= to; step++) {
        run.log({ loss: offset + step, epoch: step }, { step });
        if (step % 10 === 5) run.log({ eval: offset + step }, { step });
      }
      await run.flush();
    };
    const first = await ledger.startRun();
    await train(first, 0, 60, 0);
    const again = await ledger.resumeRun(first.id);
    await train(again, 51, 70, 1000);
    const check = async (from: Ledger): Promise<void> => {
      const { steps, values } = await from.history(first.id, "loss", { view: "latest" });
      expect([...steps]).toEqual(Array.from({ length: 71 }, (_, i) => i));
      expect([values[50], values[51], values[60]]).toEqual([50, 1051, 1060]);
      expect((await from.history(first.id, "loss")).steps).toHaveLength(81);
      expect((await from.history(first.id, "eval", { view: "latest" })).values).toEqual(
        Float64Array.of(5, 15, 25, 35, 45, 1055, 1065),
      );
      const range = { view: "latest", from: 50, to: 51, x: "epoch" } as const;
      expect(await from.history(first.id, "loss", range)).toMatchObject({
        values: Float64Array.of(50, 1051),
        x: Float64Array.of(50, 51),
      });
      const some = await from.history(first.id, "loss", { view: "latest", samples: 20 });
      expect(some.values.every((value, i) => value % 1000 === some.steps[i])).toBe(true);
      const { x, max } = await aggregateHistories(from, [first.id], "loss", { view: "latest", from: 60, to: 60 });
      expect([x[0], max[0]]).toEqual([60, 1060]);
    };
    await check(ledger);
    await again.finish();
    await check(await openLedger(backend));
    expect((await ledger.history(first.id, "loss", { view: "all", from: 60, to: 60 })).values).toHaveLength(2);
  });

  test("metrics of batches and of epochs are each replaced from their own steps on, whichever comes first", async () => {
    for (const isEpochFirst of [false, true]) {
      const { ledger, backend } = await createTestLedger();
      const train = async (run: Run, from: number, to: number, offset: number): Promise<void> => {
        for (let epoch = from; epoch < to; epoch++) {
          const log = (): void => run.log({ "train/loss": offset + epoch }, { step: epoch });
          if (isEpochFirst) log();
          for (let i = 2 * epoch; i < 2 * epoch + 2; i++) run.log({ "batch/loss": offset + i }, { step: i });
          if (!isEpochFirst) log();
          if (epoch % 3 === 2) run.log({ "val/loss": offset + epoch }, { step: epoch });
        }
        await run.flush();
      };
      const first = await ledger.startRun();
      await train(first, 0, 4, 0);
      await first.finish("failed");
      const again = await ledger.resumeRun(first.id);
      await train(again, 2, 6, 100);
      await again.finish();
      for (const from of [ledger, await openLedger(backend)])
        expect(await shown(from, first.id, "latest")).toEqual({
          "train/loss": [
            [0, 1, 2, 3, 4, 5],
            [0, 1, 102, 103, 104, 105],
          ],
          "batch/loss": [
            [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
            [0, 1, 2, 3, 104, 105, 106, 107, 108, 109, 110, 111],
          ],
          "val/loss": [
            [2, 5],
            [102, 105],
          ],
        });
    }
  });

  test("a metric that a later session has not logged yet is replaced from the first row of the session on", async () => {
    const { ledger } = await createTestLedger();
    const first = await ledger.startRun();
    for (let step = 0; step <= 10; step++) first.log({ loss: step, ...(step % 5 === 0 && { val: step }) }, { step });
    await first.finish("failed");
    const again = await ledger.resumeRun(first.id);
    for (let step = 8; step <= 9; step++) again.log({ loss: step }, { step });
    await again.flush();
    expect([...(await ledger.history(first.id, "val", { view: "latest" })).steps]).toEqual([0, 5]);
    // A result of the whole run.
    again.log({ best: 8 }, { step: 0 });
    await again.finish();
    expect([...(await ledger.history(first.id, "loss", { view: "latest" })).steps]).toEqual(
      Array.from({ length: 10 }, (_, i) => i),
    );
  });

  test("a writer that ran beside replaces nothing, and is not replaced", async () => {
    const { ledger } = await createTestLedger();
    const first = await ledger.startRun();
    first.log({ loss: 1 }, { step: 5 });
    await first.flush();
    const second = await ledger.resumeRun(first.id);
    second.log({ loss: 2 }, { step: 0 });
    await second.flush();
    first.log({ loss: 3 }, { step: 6 });
    await first.flush();
    expect((await ledger.history(first.id, "loss", { view: "latest" })).values).toEqual(Float64Array.of(2, 1, 3));
    await first.finish();
    expect((await ledger.history(first.id, "loss", { view: "latest" })).values).toEqual(Float64Array.of(2, 1, 3));
  });

  test("a run of one session is read as little as before", async () => {
    const { ledger } = await createTestLedger();
    const id = await ledger.withRun({}, (run) => {
      for (let step = 0; step < 2000; step++) run.log({ loss: step }, { step });
      return run.id;
    });
    const options = { samples: 100 } as const;
    expect(await ledger.history(id, "loss", { ...options, view: "latest" })).toEqual(
      await ledger.history(id, "loss", options),
    );
  });

  test("view is checked", async () => {
    const { ledger } = await createTestLedger();
    const run = await ledger.startRun();
    await expect(ledger.history(run.id, "m", { view: "newest" as never })).rejects.toMatchObject({ field: "view" });
  });

  test("ten thousand sessions are compared at once", () => {
    const folds = Array.from({ length: 10_000 }, (_, i) => ({
      writer: `w${i}`,
      order: i * 2,
      fence: 0,
      next: 1,
      firstStep: i,
      events: [{ kind: "finish", v: 1, order: i * 2 + 1, time: 0, status: "finished" }],
    })) as unknown as WriterFold[];
    const cuts = cutsOf(folds);
    const steps = replacedFrom("loss", new Map([["w5", 3]]), cuts);
    expect(steps.size).toBe(9999);
    expect(["w0", "w3", "w4", "w9998", "w9999"].map((writer) => steps.get(writer))).toEqual([1, 3, 3, 9999, undefined]);
    expect(replacedFrom("system/cpu", new Map(), cuts).size).toBe(0);
  });
});
