// Run as a process of its own by compaction-kills.test.ts: `child.mjs <directory> <rows>`. Logs so many rows and closes the run;
// prints `run <id>`, `closing` once everything is acknowledged, and `closed` at the end.
import { fsBackend } from "../../src/backends/fs/index.ts";
import { openLedger } from "../../src/index.ts";
import { rowOf } from "./kill-rows.ts";

const [directory, rows] = process.argv.slice(2) as [string, string];
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const ledger = await openLedger(fsBackend(directory));
const run = await ledger.startRun({ environment: false });
say(`run ${run.id}`);
for (let n = 0; n < Number(rows); n++) {
  const { metrics, step, time } = rowOf(n);
  run.log(metrics, { step, time });
}
await run.flush();
say("closing");
await run.finish();
say("closed");
