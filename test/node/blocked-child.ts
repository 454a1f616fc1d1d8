// A program that logs without a turn of the event loop, for as many ms as its second argument says.
import { openLedger } from "runledger";
import { fsBackend } from "runledger/backends/fs";

const [directory = "", how = "", ms = ""] = process.argv.slice(2);
const ledger = await openLedger(fsBackend(directory));
const run = await ledger.startRun({ flush: { intervalMs: 100 } });
const step = async (): Promise<number> => 1;
const end = performance.now() + Number(ms);
let flushed = 0;
while (performance.now() < end) {
  run.log({ x: 1 }, how === "past" ? { time: Date.UTC(2020, 0, 1) } : undefined);
  // A step of some training.
  const next = performance.now() + (how === "past" ? 0.05 : 1);
  while (performance.now() < next);
  if (how === "microtasks") await step();
  if (how === "yields" && performance.now() - flushed > 200) {
    await run.flush();
    flushed = performance.now();
  }
}
console.log(run.stats.acknowledged > 0, run.stats.lastError?.code);
await run.finish();
