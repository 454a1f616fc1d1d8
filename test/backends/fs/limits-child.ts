// Run as a process of its own by limits.test.ts: `child.mjs full|full-briefly|forbidden <directory>`. Prints what it
// met, as JSON lines.
import { rm, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fsBackend } from "../../../src/backends/fs/index.ts";
import { LedgerError, openLedger, type Run } from "../../../src/index.ts";

const [command, directory] = process.argv.slice(2) as [string, string];
const say = (what: object): void => void process.stdout.write(`${JSON.stringify(what)}\n`);
const codeOf = async (work: Promise<unknown>): Promise<string> =>
  await work.then(
    () => "ok",
    (error: unknown) => (LedgerError.is(error) ? error.code : `foreign: ${String(error)}`),
  );

const ledger = await openLedger(fsBackend(directory), { onError: () => {} });
let n = 0;
const log = (run: Run, count: number): void => {
  for (const end = n + count; n < end; n++) run.log({ value: n / 3 }, { step: n });
};
/** Returns the steps of the stored points, with -1 for a value that was not logged at its step. */
const stored = async (run: Run): Promise<number[]> => {
  const { steps, values } = await ledger.history(run.id, "value");
  return [...steps].map((step, i) => (values[i] === step / 3 ? step : -1));
};

if (command === "full-briefly") {
  const run = await ledger.startRun({ environment: false, flush: { intervalMs: 1e9 } });
  log(run, 100);
  await run.flush();
  await writeFile(`${directory}/ballast`, new Uint8Array(1 << 20)).catch(() => {});
  log(run, 4900);
  const rejected = await codeOf(run.flush());
  const meanwhile = await stored(run);
  await rm(`${directory}/ballast`);
  await run.finish();
  const { status } = await ledger.getRun(run.id);
  say({ rejected, status, dropped: run.stats.dropped, lastError: run.stats.lastError?.code });
  say(meanwhile);
  say(await stored(run));
} else if (command === "full") {
  const run = await ledger.startRun({ environment: false, flush: { intervalMs: 1e9, maxBufferedBytes: 100_000 } });
  log(run, 1000);
  await run.flush();
  await writeFile(`${directory}/ballast`, new Uint8Array(1 << 20)).catch(() => {});
  // Far more than the buffer holds. Pauses now and then, so that attempts can run in between.
  for (let i = 0; i < 100; i++) {
    log(run, 1000);
    if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const rejected = await codeOf(run.flush());
  const meanwhile = (await stored(run)).length;
  const full = run.stats;
  await rm(`${directory}/ballast`);
  const flushed = await codeOf(run.flush());
  log(run, 500);
  await run.finish();
  const record = await ledger.getRun(run.id);
  say({
    rejected,
    meanwhile,
    full,
    flushed,
    logged: n,
    stats: run.stats,
    dropped: record.dropped,
    status: record.status,
  });
  say(await stored(run));
} else {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const run = await ledger.startRun({ environment: false, flush: { intervalMs: 1e9 } });
  say({ id: run.id });
  await lines.next();
  log(run, 10);
  const codes = [
    await codeOf(run.flush()),
    await codeOf(run.flush()),
    await codeOf(run.finish()),
    await codeOf(ledger.startRun()),
  ];
  say({ codes, buffered: run.stats.buffered, readable: (await ledger.getRun(run.id)).status });
  await lines.next();
  await run.finish();
  say({ stored: await stored(run), status: (await ledger.getRun(run.id)).status });
  process.stdin.destroy();
}
