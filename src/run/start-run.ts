import { createOrMatch } from "../backend/create-or-match.ts";
import type { Backend } from "../backend/backend.ts";
import { readOptions } from "../arguments/options.ts";
import { mapBounded } from "../platform/bounded.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { enter } from "../catalog/catalog-entry.ts";
import { flushPolicy } from "../journal/flush-policy.ts";
import type { Dictionary } from "../journal/event.ts";
import { pickFixed } from "../journal/run-attributes.ts";
import { encodeRunCreated, type RunCreated, runCreatedKey } from "../journal/run-created.ts";
import { assertCanBegin } from "../journal/run-size.ts";
import { captureEnvironment } from "../provenance/environment.ts";
import { redactData } from "../provenance/redaction/data.ts";
import type { RunContext } from "./run-context.ts";
import { checkHeartbeat, checkOptions, START_OPTIONS, type StartRunOptions } from "./start-options.ts";
import { Run, type StartRun } from "./run.ts";
import { newWriter } from "./new-writer.ts";

/**
 * Begins a run: one object, in which all that was given is kept. Rejects with `INVALID_ARGUMENT` or `UNSUPPORTED` for bad
 * options, `RUN_EXISTS`, with what the backend met, or with the signal's reason. `start` starts children.
 */
export async function startRun(
  context: RunContext,
  given?: StartRunOptions,
  start: StartRun = (child) => startRun(context, child),
): Promise<Run> {
  const options = readStartOptions(given);
  const { signal } = options;
  signal?.throwIfAborted();
  const checked = checkOptions(options);
  const { backend, clock, ids } = context;
  const { append } = backend.capabilities;
  const policy = flushPolicy(options.flush, append);
  const beatMs = checkHeartbeat(options.heartbeatMs, append);
  const { environment, params, tags, note, startTime } = checked;
  const recorded = environmentOf(environment, context.environment);
  const id = checked.id ?? ids("run");
  const created: RunCreated = {
    v: 1,
    id,
    experiment: checked.experiment,
    name: checked.name ?? `${checked.experiment}-${id.slice(-6)}`,
    createdAt: clock.now(),
    ...(startTime !== undefined && { startTime }),
    ...(params && { params }),
    ...(tags && { tags }),
    ...(note !== undefined && { note }),
    ...pickFixed(checked),
    ...(recorded && { environment: recorded }),
    writer: { id: ids("writer"), beatMs, ...(backend.liveness && { alive: backend.liveness.token }) },
  };
  const held = assertCanBegin(created);
  // At once: if the entry alone is stored it tells of no run, and if the run alone is, nobody has been told of it.
  const begin = () => create(backend, created, signal);
  const entered = () => enter(backend, created.experiment, id, "open", 0, signal);
  // Without its marker the ledger could not be opened again.
  await mapBounded([begin, entered, context.keepMarker], 3, signal, (work) => work());
  return new Run({
    context,
    created,
    writer: newWriter(context, created, created.writer.id, {
      policy,
      beatMs,
      order: 0,
      fence: 0,
      held,
    }),
    params: created.params ?? {},
    startChild: start,
    signal,
  });
}

/** What a run records of where it runs. */
function environmentOf(given: Dictionary | boolean, ofLedger: Dictionary | undefined): Dictionary | undefined {
  if (given === false) return undefined;
  const text = given === true ? ofLedger : given;
  // The library's own look at the system reads no text that may hold a secret. To compile the patterns would take a fifth of startRun().
  return text === undefined ? captureEnvironment() : redactData(text);
}

/** Options of `startRun`, as `readOptions` reads them. */
export function readStartOptions(options: StartRunOptions | undefined): StartRunOptions {
  return readOptions("startRun", options, START_OPTIONS);
}

/**
 * Stores how the run begins. `RUN_EXISTS` if there is a run of its id. An attempt that seemed to fail may have stored it: the ids in it
 * tell.
 */
async function create(backend: Backend, created: RunCreated, signal: AbortSignal | undefined): Promise<void> {
  const isOwn = await createOrMatch(backend, runCreatedKey(created.id), encodeRunCreated(created), signal);
  if (!isOwn) throw runExists(created.id);
}

export function runExists(id: string, which?: string): LedgerError {
  const hint = which === undefined ? 'pass resume: "allow" to go on with it, or take another id' : "take another id";
  return new LedgerError("RUN_EXISTS", `there is a run ${id} already${which ? `, ${which}` : ""}: ${hint}`, {
    field: "id",
  });
}
