// A program whose runs record what the platform says and permits. It prints what they recorded.
import { memoryBackend } from "runledger/backends/memory";
import { openLedger } from "runledger/node";

const errors: string[] = [];
const ledger = await openLedger(memoryBackend(), {
  onError: ({ message }) => errors.push(message),
  capture: { console: true, system: { intervalMs: 100 } },
});
const run = await ledger.startRun();
console.error("a line");
run.log({ loss: 1 });
while (!("system/process/memory/rss" in (await ledger.getRun(run.id)).metrics)) {
  await new Promise((resolve) => setTimeout(resolve, 20));
  await run.flush();
}
await run.finish();
const { status, environment, metrics } = await ledger.getRun(run.id);
const lines = await ledger.console(run.id);
console.log(JSON.stringify({ status, environment, metrics: Object.keys(metrics), lines, errors }));
