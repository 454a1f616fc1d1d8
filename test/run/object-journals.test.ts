import { describe, expect, test } from "vitest";
import { type Ledger, openLedger } from "../../src/index.ts";
import { listRun } from "../../src/journal/list-run.ts";
import { countingBackend, createTestClock } from "../../src/testing/index.ts";
import { objectsOnly } from "../journal/records.ts";

describe("a running run on a store without append", () => {
  test.each([1023, 4095])("costs few requests after %i flushes", { timeout: 120_000 }, async (flushes) => {
    const backend = countingBackend(objectsOnly());
    const clock = createTestClock();
    const options = { environment: false, flush: { intervalMs: 1e9 }, heartbeatMs: 1e9 } as const;
    const run = await (await openLedger(backend, { clock })).startRun(options);
    for (let step = 0; step < flushes; step++) {
      run.log({ loss: step }, { step });
      await run.flush();
      await clock.advance(10_000);
    }
    // As many reads as numbers have digits to base 4 that are not 0. All of these digits are 3.
    const digits = Math.log2(flushes + 1) / 2;
    const read = async (work: (ledger: Ledger) => Promise<unknown>): Promise<number> => {
      const ledger = await openLedger(backend, { clock });
      backend.reset();
      await work(ledger);
      return backend.counters.requests;
    };
    // A listing, the beginning, and the journal.
    expect(await read((ledger) => ledger.getRun(run.id))).toBeLessThanOrEqual(2 + digits);
    expect(await read((ledger) => ledger.history(run.id, "loss"))).toBeLessThanOrEqual(2 + digits);
    expect(await read((ledger) => ledger.searchRuns())).toBeLessThanOrEqual(4 + digits);
    const ledger = await openLedger(backend, { clock });
    const { values } = await ledger.history(run.id, "loss");
    expect([...values]).toEqual(Array.from({ length: flushes }, (_, i) => i));
    expect((await ledger.getRun(run.id)).damage).toEqual([]);
    const { writers, repeated } = await listRun(backend, run.id);
    expect([...writers.values()].map((own) => own.length)).toEqual([digits]);
    // A listing of the run is one page.
    expect(repeated.length).toBeLessThan(900);
    expect(backend.counters.bytesIn).toBe(0);
    await run.finish();
    const left = await listRun(backend, run.id);
    expect([...left.writers.values(), ...left.repeated]).toEqual([]);
  });
});
