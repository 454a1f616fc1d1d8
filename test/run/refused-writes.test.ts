import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { LedgerError, openLedger } from "../../src/index.ts";
import { createTestClock, faultyBackend } from "../../src/testing/index.ts";

test("no attempt storm while a store refuses: a few tries a minute, and all is there in the end", async () => {
  const clock = createTestClock();
  const backend = faultyBackend(memoryBackend(), [
    {
      at: 1,
      times: Number.POSITIVE_INFINITY,
      mode: "error-before",
      only: ["append"],
      error: { code: "PERMISSION_DENIED" },
    },
  ]);
  const errors: LedgerError[] = [];
  const ledger = await openLedger(backend, { clock, onError: (error) => void errors.push(error) });
  const run = await ledger.startRun();
  for (let second = 0; second < 600; second++) {
    run.log({ a: second });
    await clock.advance(1000);
  }
  const attempts = backend.operations.log.filter(({ operation }) => operation === "append").length;
  expect(attempts).toBeGreaterThan(5);
  expect(attempts).toBeLessThan(40);
  expect(errors.every(({ code }) => code === "PERMISSION_DENIED")).toBe(true);
  expect(run.stats).toMatchObject({ points: 600, buffered: 600, acknowledged: 0, dropped: 0 });
  backend.lift();
  await run.finish();
  expect((await ledger.history(run.id, "a")).values.length).toBe(600);
  expect(LedgerError.is(run.stats.lastError)).toBe(true);
});
