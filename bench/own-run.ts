import { fsBackend, openLedger } from "./library.ts";
import { ledgerBytes, parquetFiles } from "./stored-bytes.ts";
import { nanosecondsOf } from "./timing.ts";
import type { LogCall } from "./workloads.ts";

/** One run through to its end. Times in ns, sizes of everything the ledger stores of it. */
export interface OwnRun {
  readonly id: string;
  /** All calls of `log()` and the `flush()` after them. */
  readonly log: number;
  readonly finish: number;
  readonly runningBytes: number;
  readonly restBytes: number;
  readonly parquetFiles: number;
}

/** Logs the calls to a new run in a directory that holds no other, and finishes it. */
export async function writeOwnRun(calls: readonly LogCall[], directory: string): Promise<OwnRun> {
  const ledger = await openLedger(fsBackend(directory));
  const run = await ledger.startRun();
  const log = await nanosecondsOf(async () => {
    for (const { metrics, at } of calls) run.log(metrics, at);
    await run.flush();
  });
  if (run.stats.dropped > 0) throw new Error(`${run.stats.dropped} points were dropped`);
  const runningBytes = ledgerBytes(directory);
  const finish = await nanosecondsOf(() => run.finish());
  return {
    id: run.id,
    log,
    finish,
    runningBytes,
    restBytes: ledgerBytes(directory),
    parquetFiles: parquetFiles(directory),
  };
}

/** ns that finishing takes when nothing was logged. */
export async function finishEmptyRun(directory: string): Promise<number> {
  const ledger = await openLedger(fsBackend(directory));
  const run = await ledger.startRun();
  await run.flush();
  return await nanosecondsOf(() => run.finish());
}
