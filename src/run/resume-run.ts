import { LedgerError, invalidArgument } from "../backend/error.ts";
import { type FlushOptions, flushPolicy } from "../journal/flush-policy.ts";
import { foldRun } from "../journal/fold.ts";
import { readFolds } from "../journal/read-folds.ts";
import type { RunCreated } from "../journal/run-created.ts";
import { highestOrder } from "../journal/writer-fold.ts";
import { listRun } from "./close-run.ts";
import type { RunContext } from "./context.ts";
import { checkHeartbeat } from "./options.ts";
import { Run } from "./run.ts";
import { newWriter, startRun } from "./start-run.ts";

export interface ResumeRunOptions {
  /** `"join"` (default) adds a writer beside those there may be: nothing of any of them is lost. */
  readonly mode?: "join" | "exclusive";
  readonly flush?: FlushOptions;
  /** As for `startRun`. */
  readonly heartbeatMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Goes on with a run, finished ones included, in a session of its own. Params, tags and the implicit step go on where they
 * were. Resolves once the session is on record. `UNSUPPORTED` for `mode: "exclusive"`.
 */
export async function resumeRun(
  context: RunContext,
  created: RunCreated,
  options: ResumeRunOptions = {},
): Promise<Run> {
  const { mode = "join", signal } = options;
  if (mode === "exclusive") {
    throw new LedgerError(
      "UNSUPPORTED",
      'resumeRun cannot fence off other writers yet: use mode "join", which keeps the points of all',
      { field: "mode" },
    );
  }
  if (mode !== "join") throw invalidArgument("mode", '"join"', mode);
  const { backend, ids } = context;
  const { append } = backend.capabilities;
  const policy = flushPolicy(options.flush, append);
  const beatMs = checkHeartbeat(options.heartbeatMs, append);
  const { writers } = await listRun(backend, created.id, signal);
  const folds = await readFolds(backend, created, writers, signal ? { signal } : {});
  const order = highestOrder(folds);
  const lastStep = folds.reduce((highest, fold) => Math.max(highest, fold.lastStep ?? -1), -1);
  const writer = newWriter(context, created, ids("writer"), { policy, beatMs, order });
  const alive = backend.liveness?.token;
  const run = new Run({
    context,
    created,
    writer,
    params: foldRun(created, folds).params,
    nextStep: lastStep + 1,
    startChild: (child) => startRun(context, child),
    signal,
    session: { kind: "session", mode: "join", beatMs, ...(alive !== undefined && { alive }) },
  });
  await run.flush();
  return run;
}
