import { checkChoice } from "../backend/choice.ts";
import { type OptionNames, readOptions } from "../backend/options.ts";
import { enter } from "../catalog/entry.ts";
import { type FlushOptions, flushPolicy } from "../journal/flush-policy.ts";
import { foldRun } from "../journal/fold.ts";
import type { RunCreated } from "../journal/run-created.ts";
import { sizeOfRun } from "../journal/run-size.ts";
import type { Dictionary } from "../journal/event.ts";
import { readRunState, type RunState } from "../journal/run-state.ts";
import { greatestStep, highestOrder } from "../journal/writer-fold.ts";
import { claimRun, recordFencedEnds } from "./claim-run.ts";
import type { RunContext } from "./context.ts";
import { checkHeartbeat } from "./options.ts";
import { Run, type StartRun } from "./run.ts";
import { newWriter, startRun } from "./start-run.ts";

export interface ResumeRunOptions {
  /**
   * `"join"` (default) adds a writer beside those there may be: nothing of any of them is lost. `"exclusive"` shuts out all
   * sessions that began before: they get `FENCED` and store nothing more, and all that was acknowledged to them stays.
   */
  readonly mode?: "join" | "exclusive" | undefined;
  readonly flush?: FlushOptions | undefined;
  /** As for `startRun`. */
  readonly heartbeatMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** All names of {@link ResumeRunOptions}. */
export const RESUME_OPTIONS: OptionNames<ResumeRunOptions> = {
  mode: true,
  flush: true,
  heartbeatMs: true,
  signal: true,
};

/**
 * Goes on with a run, finished ones included, in a session of its own. Params, tags and the implicit step go on where they
 * were. Resolves once the session is on record. With `mode: "exclusive"` no earlier session can have anything acknowledged
 * from then on, and the later of two that claim a run shuts out the other; `UNSUPPORTED` where the backend's creates are not
 * exclusive. `FENCED` when another exclusive session began meanwhile. A claim that fails may have shut out the others already.
 */
export async function resumeRun(
  context: RunContext,
  created: RunCreated,
  given?: ResumeRunOptions,
  start: StartRun = (child) => startRun(context, child),
): Promise<Run> {
  const options = readOptions("resumeRun", given, RESUME_OPTIONS);
  const { mode = "join", signal } = options;
  checkChoice("mode", mode, ["join", "exclusive"]);
  const { backend, ids } = context;
  const { append } = backend.capabilities;
  const policy = flushPolicy(options.flush, append);
  const beatMs = checkHeartbeat(options.heartbeatMs, append);
  const call = signal ? { signal } : {};
  const writerId = ids("writer");
  const claim = mode === "exclusive" ? await claimRun(backend, created, writerId, signal) : undefined;
  const state = await readRunState(backend, created, { ...call, ...claim });
  if (claim) await recordFencedEnds(backend, created, claim.fence, state, signal);
  const { folds, listing } = state;
  const fence = claim?.fence ?? listing.fences;
  const order = highestOrder(folds);
  const lastStep = greatestStep(folds);
  const writer = newWriter(context, created, writerId, {
    policy,
    beatMs,
    order,
    fence,
    held: sizeOfRun(created, folds),
  });
  const alive = backend.liveness?.token;
  const run = new Run({
    context,
    created,
    writer,
    params: foldRun(created, folds).params,
    lastStep,
    startChild: start,
    signal,
    positions: new Map(folds.map(({ writer: id, next }) => [id, next])),
    session: {
      kind: "session",
      mode,
      beatMs,
      ...(alive !== undefined && { alive }),
      ...(fence > 0 && { fence }),
      // Should one of these journals be cut or lost later, this tells. What is compacted needs none.
      ...(state.more.size > 0 && { positions: positionsOf(state) }),
    },
  });
  try {
    // First: once the session is on record the catalogue must not go on telling of the run as it was.
    await enter(backend, created.experiment, created.id, "open", listing.newestDocument, signal);
    await run.flush();
  } catch (error) {
    // Nobody holds the session, so it must not go on by itself.
    writer.close();
    context.onClose(run);
    throw error;
  }
  return run;
}

function positionsOf({ folds, more }: RunState): Dictionary<number> {
  return Object.fromEntries(folds.filter(({ writer }) => more.has(writer)).map(({ writer, next }) => [writer, next]));
}
