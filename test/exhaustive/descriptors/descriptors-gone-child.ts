import { closeSync, openSync } from "node:fs";
import { fsBackend } from "../../../src/backends/fs/index.ts";
import { LedgerError, openLedger } from "../../../src/index.ts";

/**
 * Does something for the first time while the process has `left` descriptors, until they are free again: after
 * `afterMs`, or once the call has failed. Prints how the call and a second attempt ended.
 */
const [directory, name, left, afterMs] = process.argv.slice(2) as [string, string, string, string];
const ledger = await openLedger(fsBackend(directory), { onError: () => {} });
const run = await ledger.startRun({ environment: false });
run.log({ loss: 1 }, { step: 1 });
await run.flush();

const calls: Record<string, () => Promise<unknown>> = {
  getRun: async () => (await ledger.getRun(run.id)).status,
  history: async () => [...(await ledger.history(run.id, "loss")).values],
  search: async () => (await ledger.searchRuns()).runs.length,
  artifact: async () => (await run.logArtifact("m", new Uint8Array(9))).version,
  text: async () => (await run.logText("sample", "x", { step: 1 })).key,
  finish: () => run.finish(),
};
const attempt = async (): Promise<unknown> => {
  try {
    return (await calls[name]!()) ?? "ok";
  } catch (error) {
    return LedgerError.is(error) ? error.code : String(error);
  }
};

const taken: number[] = [];
try {
  for (;;) taken.push(openSync("/dev/null", "r"));
} catch {
  for (let i = 0; i < Number(left); i++) closeSync(taken.pop()!);
}
const free = (): void => {
  for (const each of taken.splice(0)) closeSync(each);
};
if (afterMs !== "never") setTimeout(free, Number(afterMs));
const first = await attempt();
free();
const second = await attempt();
await run.finish();
process.stdout.write(JSON.stringify([first, second]));
