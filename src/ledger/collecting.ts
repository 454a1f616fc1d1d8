import { callOptions } from "../backend/call-options.ts";
import { collect, type Collected, type CollectOptions } from "../care/collect/collect.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { listRuns } from "../journal/list-runs.ts";
import { readRunState } from "../journal/run-state.ts";
import { areWritersAlive } from "../journal/writers-alive.ts";
import { mapBounded } from "../platform/bounded.ts";
import type { OpenRun, RunContext } from "../run/run-context.ts";
import { readRunCreated } from "./read-run.ts";
import { isClosed, isTidy } from "./tidy-run.ts";

const RUNS_AT_ONCE = 16;
/** How many runs a message names. */
const SHOWN = 5;

/** Removes what nothing refers to; see `Ledger.gc`. `here`: the runs that are open in this ledger. */
export async function collectGarbage(
  context: RunContext,
  here: ReadonlySet<OpenRun>,
  options: CollectOptions | undefined,
): Promise<Collected> {
  const { backend, clock, ids } = context;
  const assertNoneOpen = async (signal: AbortSignal | undefined): Promise<void> => {
    const open = [...new Set([...[...here].map(({ id }) => id), ...(await openRuns(context, signal))])];
    if (open.length === 0) return;
    const shown = `${open.slice(0, SHOWN).join(", ")}${open.length > SHOWN ? ` and ${open.length - SHOWN} more` : ""}`;
    const message =
      `gc removes nothing while somebody may write to a run: ${shown}. Finish these runs, or call recover() if their ` +
      "programs are gone";
    throw new LedgerError("CONFLICT", message, { key: `runs/${open[0]}`, transient: true });
  };
  return await collect({ backend, clock, newId: () => ids("blob"), assertNoneOpen }, options);
}

/** Returns the runs that somebody may write to. Rejects if a run cannot be read. */
async function openRuns(context: RunContext, signal: AbortSignal | undefined): Promise<string[]> {
  const { backend } = context;
  const unlisted = (_id: string, error: LedgerError): void => {
    throw error;
  };
  const listed = await listRuns(backend, unlisted, signal);
  const untidy = [...listed].filter(
    ([, listing]) => !isTidy(listing) && (listing.created || listing.newestDocument > 0),
  );
  const open = await mapBounded(untidy, RUNS_AT_ONCE, signal, async ([id], stop) => {
    try {
      const created = await readRunCreated(backend, id, stop);
      const state = await readRunState(backend, created, callOptions(stop));
      if (isClosed(created, state)) return undefined;
      return (await areWritersAlive(backend, created, state.folds, state.listing.fences)) === "gone" ? undefined : id;
    } catch (error) {
      // It was purged at this moment.
      if (LedgerError.hasCode(error, "RUN_NOT_FOUND")) return undefined;
      throw error;
    }
  });
  return open.filter((id) => id !== undefined);
}
