import { type MemoryBackend, memoryBackend } from "../backends/memory/index.ts";
import { type IdSource, type Ledger, LedgerError, openLedger, type RunRecord } from "../index.ts";
import { type OptionNames, readOptions } from "../arguments/options.ts";
import { seededIds } from "./seeded-ids.ts";
import { createTestClock, type TestClock } from "./test-clock.ts";

/** Options of `createTestLedger`. */
export interface TestLedgerOptions {
  /** The number from which the ids follow. Default 1. */
  readonly seed?: number | undefined;
  /**
   * The clock, or the time at which it begins, in ms since the epoch. Default: a clock that begins at the start of 2026
   * and moves on by 1 ms at each reading, so that no two points have the same time. `createTestClock()` makes one that
   * stands still.
   */
  readonly clock?: TestClock | number | undefined;
  /** The function that makes ids; see `openLedger`. Default: ids that follow from the seed. */
  readonly ids?: IdSource | undefined;
  /** The environment that runs record. Default: `{ runtime: { name: "test" } }` on every machine. */
  readonly environment?: object | undefined;
  /** Called with errors that no call can reject with. Default: a warning by `console.warn`. */
  readonly onError?: ((error: LedgerError) => void) | undefined;
}

const NAMES: OptionNames<TestLedgerOptions> = { seed: true, clock: true, ids: true, environment: true, onError: true };

/** A ledger that also returns the record of the run that a pipeline under test has written. */
export interface LedgerUnderTest extends Ledger {
  /**
   * Returns the record of the run that started last, children and deleted runs included. Rejects with `RUN_NOT_FOUND`
   * before the first.
   */
  lastRun(): Promise<RunRecord>;
}

/** A test ledger, its backend and its clock. */
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
 * time pass, but for the catalogue, which is tidied after searches: `await ledger.close()` waits for that.
 */
export async function createTestLedger(given: TestLedgerOptions = {}): Promise<TestLedger> {
  const options = readOptions("createTestLedger", given, NAMES);
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
