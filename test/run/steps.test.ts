import fc from "fast-check";
import { expect, test } from "vitest";
import { createTestLedger } from "../../src/testing/index.ts";

const code = (expected: string, field: string): object => expect.objectContaining({ code: expected, field });

test("without a step a row takes the step after the greatest so far, a rich value the greatest; neither disturbs given steps", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  expect((await run.logText("before", "x")).step).toBe(0);
  run.log({ a: 1 });
  run.log({ a: 2 }, { step: 500 });
  run.log({ a: 3 }, { step: 100 });
  run.log({});
  run.log({ skipped: undefined }, { step: 900 });
  expect((await run.logHistogram("h", [1])).step).toBe(500);
  run.log({ a: 4 });
  expect((await run.logText("t", "x")).step).toBe(501);
  void run.logText("t", "x", { step: 600 });
  void run.logText("t", "x", { step: 550 });
  run.log({ a: 5 });
  await run.finish();
  const { steps, values } = await ledger.history(run.id, "a");
  expect([...steps]).toEqual([0, 100, 500, 501, 601]);
  expect([...values]).toEqual([1, 3, 2, 4, 5]);
});

test("negative steps are counted on as they are, and -0 is 0", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  run.log({ a: 1 }, { step: -7 });
  run.log({ a: 2 });
  run.log({ b: 1 }, { step: -0 });
  await run.finish();
  expect([...(await ledger.history(run.id, "a")).steps]).toEqual([-7, -6]);
  expect(Object.is((await ledger.getRun(run.id)).metrics["b"]?.last.step, 0)).toBe(true);
});

test("behind the largest safe integer a row without a step is refused at the call, and the run goes on", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  run.log({ a: 1 }, { step: Number.MAX_SAFE_INTEGER });
  expect(() => run.log({ a: 2 })).toThrow(code("INVALID_ARGUMENT", "step"));
  expect((await run.logText("t", "x")).step).toBe(Number.MAX_SAFE_INTEGER);
  run.log({ a: 3 }, { step: 1 });
  await run.finish();
  expect([...(await ledger.history(run.id, "a")).steps]).toEqual([1, Number.MAX_SAFE_INTEGER]);
});

type Call = { readonly kind: "row" | "text" | "resume"; readonly step: number | undefined };

test("a session that resumes a run counts on where the run is, also from its compacted form", async () => {
  const call = fc.record<Call>({
    kind: fc.constantFrom("row", "text", "resume"),
    step: fc.option(fc.integer({ min: -3, max: 20 }), { nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 20 }), fc.boolean(), async (calls, finish) => {
      const { ledger } = await createTestLedger();
      let run = await ledger.startRun();
      const rows: number[] = [];
      const texts: number[] = [];
      // The rules of docs/, in another form: over the list of all that was logged.
      const logged: number[] = [];
      for (const { kind, step } of calls) {
        const greatest = logged.length === 0 ? undefined : Math.max(...logged);
        if (kind === "row") {
          run.log({ m: rows.length }, { ...(step !== undefined && { step }) });
          rows.push(step ?? (greatest ?? -1) + 1);
          logged.push(rows.at(-1) as number);
        } else if (kind === "text") {
          void run.logText("t", `${texts.length}`, { ...(step !== undefined && { step }) });
          texts.push(step ?? greatest ?? 0);
          if (step !== undefined && step > 0) logged.push(step);
        } else {
          await (finish ? run.finish() : run.flush());
          run = await ledger.resumeRun(run.id);
        }
      }
      await run.finish();
      const sorted = (steps: number[]): number[] => [...steps].sort((a, b) => a - b);
      expect([...(await ledger.history(run.id, "m")).steps]).toEqual(sorted(rows));
      expect((await ledger.media(run.id)).map(({ step }) => step)).toEqual(sorted(texts));
    }),
    { numRuns: 60 },
  );
});
