import { type MemoryBackend, memoryBackend } from "../backends/memory/index.ts";
import { type IdSource, type Ledger, LedgerError, openLedger, type RunRecord } from "../index.ts";
import { seededIds } from "./seeded-ids.ts";
import { createTestClock, type TestClock } from "./test-clock.ts";

/** Options of `createTestLedger`. */
export interface TestLedgerOptions {
  /** What the ids are made from. Default 1. */
  readonly seed?: number | undefined;
  /**
   * The clock, or the time it begins at in ms since the epoch. Default: a clock that begins with 2026 and moves on by 1
   * ms each time it is read, so that no two points have the same time. `createTestClock()` makes one that stands still.
   */
  readonly clock?: TestClock | number | undefined;
  /** Makes ids; see `openLedger`. Default: from the seed. */
  readonly ids?: IdSource | undefined;
  /** What runs record of where they run. Default: the same on every machine, `{ runtime: { name: "test" } }`. */
  readonly environment?: object | undefined;
  /** Hears of trouble that no call can reject with. Default: a warning by `console.warn`. */
  readonly onError?: ((error: LedgerError) => void) | undefined;
}

/** A ledger that also returns the record of the run that a pipeline under test has written. */
export interface LedgerUnderTest extends Ledger {
  /**
   * Returns the record of the run that started last, children and deleted runs included. Rejects with `RUN_NOT_FOUND`
   * before the first.
   */
  lastRun(): Promise<RunRecord>;
}

/** A test ledger and what it stands on. */
export interface TestLedger {
  /** The ledger. Hand it to the code under test. */
  readonly ledger: LedgerUnderTest;
  /** The memory backend that holds the ledger. */
  readonly backend: MemoryBackend;
  /** The clock of the ledger. */
  readonly clock: TestClock;
}

/**
 * Returns a real ledger on the memory backend, with a set clock, set ids and a set environment: the same calls give the
 * same records and the same bytes on every machine. Nothing happens in the background unless `clock.advance(ms)` lets
 * time pass.
 */
export async function createTestLedger(options: TestLedgerOptions = {}): Promise<TestLedger> {
  const { seed = 1, onError, environment = { runtime: { name: "test" } } } = options;
  const clock = typeof options.clock === "object" ? options.clock : createTestClock(options.clock, { tickMs: 1 });
  const ids = options.ids ?? seededIds(seed, () => clock.now());
  const backend = memoryBackend();
  const ledger = await openLedger(backend, { clock, ids, environment, onError });
  const lastRun = async (): Promise<RunRecord> => {
    const { runs } = await ledger.searchRuns({ view: "all", limit: 1, fields: ["id"] });
    if (runs[0] === undefined) throw new LedgerError("RUN_NOT_FOUND", "no run was started yet");
    return await ledger.getRun(runs[0].id);
  };
  return { ledger: Object.assign(ledger, { lastRun }), backend, clock };
}
