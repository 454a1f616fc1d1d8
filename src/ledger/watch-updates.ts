import { type ErrorCode, LedgerError } from "../errors/ledger-error.ts";
import { runPrefix } from "../journal/run-created.ts";
import type { RunContext } from "../run/run-context.ts";
import { ChangeListener } from "./change-listener.ts";
import { pollDelay, PollPolicy } from "./poll-policy.ts";
import { checkRunId } from "./read-run.ts";
import { RunFollower } from "./run-follower.ts";
import { checkWatchOptions, type RunUpdate, type WatchRunOptions } from "./run-update.ts";

/** Codes of errors that another look cannot fix. */
const FINAL: readonly ErrorCode[] = ["RUN_NOT_FOUND", "CORRUPT", "CLOSED", "UNSUPPORTED", "INVALID_ARGUMENT"];

/**
 * Yields the updates of a run; see `Ledger.watchRun`. Reads only when the caller wants an update, and at most as many
 * points as an update may hold. So a slow consumer costs neither requests nor memory.
 */
export async function* watchUpdates(
  { backend, clock, onError }: RunContext,
  id: string,
  options: WatchRunOptions,
  signal: AbortSignal,
): AsyncGenerator<RunUpdate, void, undefined> {
  const checked = checkWatchOptions(options);
  signal.throwIfAborted();
  checkRunId(id);
  const run = new RunFollower(backend, id, checked, signal);
  const listener = new ChangeListener(backend, runPrefix(id), signal);
  const policy = new PollPolicy();
  let byHint = false;
  let failures = 0;
  let failingSince = 0;
  try {
    for (;;) {
      // Before the look: a change during the look is a reason to look again.
      listener.listen();
      try {
        for await (const _ of run.look()) {
          failures = 0;
          const update = await run.take();
          if (update !== undefined) yield update;
          signal.throwIfAborted();
        }
        failures = 0;
      } catch (error) {
        signal.throwIfAborted();
        if (!LedgerError.is(error) || FINAL.includes(error.code)) throw error;
        onError(error);
        if (failures++ === 0) failingSince = clock.monotonic();
        if (clock.monotonic() - failingSince >= checked.giveUpMs) throw error;
        byHint = await listener.wait(pollDelay(failures), false, clock, signal);
        continue;
      }
      const { hasNews, isClosed, round } = run;
      policy.looked({
        byHint,
        hinted: byHint || listener.heard,
        grew: round.grew,
        news: hasNews || round.unsettled,
      });
      const due = clock.monotonic() + policy.delay(listener.isActive);
      const update = await run.take();
      if (update !== undefined) yield update;
      signal.throwIfAborted();
      if (run.isOver) return;
      byHint =
        isClosed && !round.unsettled
          ? false
          : await listener.wait(due - clock.monotonic(), policy.hearsHints, clock, signal);
    }
  } finally {
    listener.close();
  }
}
