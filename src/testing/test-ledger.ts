import { type MemoryBackend, memoryBackend } from "../backends/memory/index.ts";
import { type IdSource, type Ledger, type LedgerError, openLedger } from "../index.ts";
import { seededIds } from "./seeded-ids.ts";
import { createTestClock, type TestClock } from "./test-clock.ts";

export interface TestLedgerOptions {
  /** What the ids are made from. Default 1. */
  readonly seed?: number | undefined;
  /** Default: one that stands still at the beginning of 2026. A number sets where it stands, in ms since the epoch. */
  readonly clock?: TestClock | number | undefined;
  /** Ids of your own; see `openLedger`. Default: from the seed. */
  readonly ids?: IdSource | undefined;
  readonly onError?: ((error: LedgerError) => void) | undefined;
}

export interface TestLedger {
  readonly ledger: Ledger;
  readonly backend: MemoryBackend;
  readonly clock: TestClock;
}

/**
 * The real library on the memory backend, with time and ids that are set: the same calls give the same bytes each time.
 * Nothing happens in the background unless `clock.advance(ms)` lets time pass.
 */
export async function createTestLedger(options: TestLedgerOptions = {}): Promise<TestLedger> {
  const { seed = 1, onError } = options;
  const clock = typeof options.clock === "object" ? options.clock : createTestClock(options.clock);
  const ids = options.ids ?? seededIds(seed, () => clock.now());
  const backend = memoryBackend();
  const ledger = await openLedger(backend, { clock, ids, ...(onError && { onError }) });
  return { ledger, backend, clock };
}
