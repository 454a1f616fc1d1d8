import { answer, isMain } from "./child.ts";
import { fsBackend, openLedger } from "./library.ts";
import { forgetPeak, peakBytes, residentBytes } from "./peak-memory.ts";
import { withScratch } from "./scratch.ts";
import { ledgerBytes, parquetFiles } from "./stored-bytes.ts";
import { nanosecondsOf } from "./timing.ts";
import { logCalls, makeWorkload } from "./workloads.ts";

/** Rows between two waits for the store, so that no backlog counts as memory of compaction. */
const ROWS_A_FLUSH = 10_000;

/** What finishing a long run takes. */
export interface CompactionMemory {
  readonly points: number;
  /** Resident set above that before the run began, at its highest during `finish()`. In bytes. */
  readonly peak: number;
  /** ns. */
  readonly log: number;
  readonly finish: number;
  readonly runningBytes: number;
  readonly restBytes: number;
  readonly parquetFiles: number;
}

/** Logs W1 over and over, the steps and times going on, and finishes. Throws when the record does not count every point. */
async function measure(points: number, directory: string): Promise<CompactionMemory> {
  const calls = logCalls(makeWorkload("W1"));
  const last = calls.at(-1)!.at;
  const first = calls[0]!.at;
  const rows = Math.ceil(points / Object.keys(calls[0]!.metrics).length);
  const ledger = await openLedger(fsBackend(directory));
  const idle = residentBytes();
  const run = await ledger.startRun();
  const log = await nanosecondsOf(async () => {
    for (let i = 0; i < rows; i++) {
      const { metrics, at } = calls[i % calls.length]!;
      const turn = Math.floor(i / calls.length);
      run.log(metrics, { step: i, time: at.time + turn * (last.time - first.time + 55) });
      if (i % ROWS_A_FLUSH === 0) await run.flush();
    }
    await run.flush();
  });
  const runningBytes = ledgerBytes(directory);
  residentBytes();
  forgetPeak();
  const finish = await nanosecondsOf(() => run.finish());
  const peak = peakBytes() - idle;
  const restBytes = ledgerBytes(directory);
  const { metrics } = await ledger.getRun(run.id);
  const counted = Object.values(metrics).reduce((sum, { count }) => sum + count, 0);
  const logged = rows * Object.keys(calls[0]!.metrics).length;
  if (counted !== logged) throw new Error(`${logged} points were logged, and the record counts ${counted}`);
  return { points: logged, peak, log, finish, runningBytes, restBytes, parquetFiles: parquetFiles(directory) };
}

if (isMain(import.meta.url)) answer(await withScratch((directory) => measure(Number(process.argv[2]), directory)));
