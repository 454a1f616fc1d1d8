import { answer, isMain } from "./child.ts";
import { makeGitProject } from "./git-project.ts";
import { openCapturingLedger } from "./library.ts";
import { type Contender, type Pairs, runPairs } from "./paired.ts";
import { withScratch } from "./scratch.ts";

/** How many points are logged at a time. */
export const POINTS = 100_000;
/** How many pairs of runs are compared. */
export const PAIRS = 150;
/** The event loop turns once in so many calls, as in a training loop that awaits its batches. */
const CALLS_A_TURN = 100;

/** Pairs with and without capture. */
export interface LogPairs {
  readonly byDefault: Pairs;
  readonly withConsole: Pairs;
}

async function measure(directory: string): Promise<LogPairs> {
  const project = `${directory}/project`;
  makeGitProject(project, { files: 100, changed: 5, untracked: 1 }, "startup-nothing.mjs");
  process.chdir(project);
  const none = await contender(`${directory}/none`, false);
  const byDefault = await contender(`${directory}/default`, true);
  const withConsole = await contender(`${directory}/console`, { console: true });
  return {
    byDefault: await runPairs(byDefault, none, PAIRS),
    withConsole: await runPairs(withConsole, none, PAIRS),
  };
}

/** Logs to a run whose code and environment are known already, so that only what goes on until its end counts. */
async function contender(directory: string, capture: boolean | { readonly console: true }): Promise<Contender> {
  const ledger = await openCapturingLedger(directory, { capture });
  let run = await ledger.startRun();
  await run.finish();
  return {
    prepare: async () => {
      run = await ledger.startRun();
      if (capture === false) return;
      for (;;) {
        await run.flush();
        const { code, environment = {} } = await ledger.getRun(run.id);
        if (code !== undefined && "lockfile" in environment) return;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    work: async () => {
      for (let step = 0; step < POINTS; step++) {
        run.log({ loss: 1 / (step + 1) }, { step });
        if (step % CALLS_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await run.flush();
    },
    after: async () => {
      if (run.stats.dropped > 0) throw new Error(`${run.stats.dropped} points were dropped`);
      await run.finish();
    },
  };
}

if (isMain(import.meta.url)) answer(await withScratch(measure));
