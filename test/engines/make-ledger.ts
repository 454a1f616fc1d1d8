import { openLedger } from "runledger";
import { fsBackend } from "runledger/backends/fs";
import { LoggedPoints } from "./logged.ts";
import { logLongSeries, logOddities, logPhases, logShortSeries } from "./points.ts";

/**
 * Makes a ledger in a directory: runs of several experiments, one of them by two writers, all finished. Resolves with what
 * was logged, run by run and writer by writer.
 */
export async function makeLedger(
  directory: string,
  parquet: "compact" | "compatible" = "compact",
): Promise<LoggedPoints> {
  const logged = new LoggedPoints();
  const ledger = await openLedger(fsBackend(directory), { parquet });

  const odd = await ledger.startRun({ experiment: "numbers" });
  logOddities(logged, odd);
  await odd.finish();

  const left = await ledger.startRun({ experiment: "training" });
  logLongSeries(logged, left);
  logPhases(logged, left);
  await left.flush();
  // Another one goes on, back by some steps. The last one to finish compacts what both have logged.
  const joined = await (await openLedger(fsBackend(directory), { parquet })).resumeRun(left.id);
  logLongSeries(logged, joined, 16_000, 3000);
  await left.finish();
  await joined.finish();

  const short = await ledger.startRun({ experiment: "training" });
  logShortSeries(logged, short);
  await short.fail(new Error("on purpose"));

  await (await ledger.startRun({ experiment: "nothing" })).finish();
  return logged;
}
