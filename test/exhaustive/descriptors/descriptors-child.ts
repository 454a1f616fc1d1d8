import { fsBackend } from "../../../src/backends/fs/index.ts";
import { openLedger, type Run } from "../../../src/index.ts";

/** Starts, flushes and closes many runs at once. */
const [directory, count] = process.argv.slice(2) as [string, string];
const ledger = await openLedger(fsBackend(directory), { onError: () => {} });
const runs: Run[] = [];
for (let i = 0; i < Number(count); i++) runs.push(await ledger.startRun({ environment: false }));
for (const run of runs) run.log({ loss: 1 });
const failures = async (works: Promise<unknown>[]): Promise<number> =>
  (await Promise.allSettled(works)).filter(({ status }) => status === "rejected").length;
const flushes = await failures(runs.map((run) => run.flush()));
const finishes = await failures(runs.map((run) => run.finish()));
const { runs: found } = await ledger.searchRuns({ filter: "attributes.status = 'finished'", limit: 1000 });
process.stdout.write(JSON.stringify({ flushes, finishes, found: found.length }));
