// Run as a process of its own by watch.test.ts.
// `child.mjs write <directory> <rows>` logs so many rows, a flush now and then, and finishes when it is told to;
// `child.mjs leave <directory> <run>` watches a run in each way there is, stops, and ends only if nothing holds it.
import { createInterface } from "node:readline";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { openLedger } from "../../src/index.ts";

const [command, directory, last] = process.argv.slice(2) as [string, string, string];
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const backend = fsBackend(directory);
const ledger = await openLedger(backend);

if (command === "write") {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const run = await ledger.startRun({ environment: false, flush: { intervalMs: 1e9 } });
  say(`run ${run.id}`);
  const rows = Number(last);
  for (let n = 0; n < rows; n++) {
    run.log({ n }, { step: rows - n });
    if (n % 1000 === 0) await run.flush();
  }
  await run.flush();
  say("logged");
  await lines.next();
  run.log({ n: rows }, { step: 0 });
  await run.finish();
  say("finished");
  process.stdin.destroy();
} else {
  for await (const _ of ledger.watchRun(last)) break;
  const waiting = ledger.watchRun(last);
  await waiting.next();
  const next = waiting.next();
  await waiting.return?.();
  await next;
  const stop = new AbortController();
  const aborted = ledger.watchRun(last, { signal: stop.signal });
  await aborted.next();
  const rejected = aborted.next();
  stop.abort(new Error("stopped"));
  say(
    await rejected.then(
      () => "no error",
      (error: unknown) => (error as Error).message,
    ),
  );
  // Neither the hints of a backend nor a watch whose consumer went away hold a process.
  const forgotten = ledger.watchRun(last);
  await forgotten.next();
  void backend.changes?.("runs")[Symbol.asyncIterator]().next();
  say("left");
}
