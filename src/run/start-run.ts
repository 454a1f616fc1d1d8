import { callOptions } from "../backend/call-options.ts";
import { createOrMatch } from "../backend/create-or-match.ts";
import type { Backend } from "../backend/backend.ts";
import { readOptions } from "../arguments/options.ts";
import { abortable } from "../platform/abort.ts";
import { mapBounded } from "../platform/bounded.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { onDemand } from "../platform/on-demand.ts";
import { enter } from "../catalog/catalog-entry.ts";
import { flushPolicy } from "../journal/flush-policy.ts";
import type { Dictionary } from "../journal/event.ts";
import { pickFixed } from "../journal/run-attributes.ts";
import { encodeRunCreated, type RunCreated, runCreatedKey } from "../journal/run-created.ts";
import { wasPurged } from "../journal/purged.ts";
import { assertCanBegin } from "../journal/run-size.ts";
import { captureEnvironment } from "../provenance/environment.ts";
import { redactData } from "../provenance/redaction/data.ts";
import { readCode } from "./code-log.ts";
import type { RunContext } from "./run-context.ts";
import {
  checkHeartbeat,
  checkOptions,
  type GivenStartOptions,
  START_OPTIONS,
  type StartRunOptions,
} from "./start-options.ts";
import { Run, type StartRun } from "./run.ts";
import { newWriter } from "./new-writer.ts";

const forking = /* @__PURE__ */ onDemand(() => import("./read-fork-origin.ts"));

/**
 * Starts a run: creates one object that holds everything in the options. Rejects with `INVALID_ARGUMENT` or
 * `UNSUPPORTED` for bad options, with `RUN_EXISTS`, with the backend's error, or with the signal's reason. `start`
 * starts children.
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
  const code = options.code === undefined ? undefined : await readCode(options.code);
  const { backend, clock, ids } = context;
  const { append } = backend.capabilities;
  const policy = flushPolicy(options.flush, append);
  const beatMs = checkHeartbeat(options.heartbeatMs, append);
  const { environment, params, tags, note, startTime } = checked;
  const recorded = environmentOf(environment, context.environment);
  const origin = checked.forkOf && (await (await forking()).readForkOrigin(context, checked.forkOf, signal));
  // A fork continues a run, so it is of the same experiment.
  const experiment = options.experiment === undefined && origin ? origin.experiment : checked.experiment;
  const id = checked.id ?? ids("run");
  const created: RunCreated = {
    v: 1,
    id,
    experiment,
    name: checked.name ?? `${experiment}-${id.slice(-6)}`,
    createdAt: clock.now(),
    ...(startTime !== undefined && { startTime }),
    ...(params && { params }),
    ...(tags && { tags }),
    ...(note !== undefined && { note }),
    ...pickFixed(checked),
    ...(checked.forkOf && { forkOf: checked.forkOf }),
    ...(recorded && { environment: recorded }),
    writer: { id: ids("writer"), beatMs, ...(backend.liveness && { alive: backend.liveness.token }) },
  };
  const held = assertCanBegin(created);
  // All at once. An entry without a run is harmless, and a run without an entry has not been returned to anybody.
  const begin = async () => {
    await create(backend, created, signal);
    // Asked afterwards, because the run of that id may be purged meanwhile.
    if (checked.id === undefined || !(await wasPurged(backend, id, callOptions(signal)))) return;
    await backend.remove(runCreatedKey(id), callOptions(signal));
    throw runExists(id, "which was purged");
  };
  const entered = () => enter(backend, created.experiment, id, "open", 0, signal);
  // Without its marker the ledger could not be opened again.
  const marked = () => abortable(context.keepMarker(), signal);
  await mapBounded([begin, entered, marked], 3, signal, (work) => work());
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
    lastStep: created.forkOf?.step,
    wantsEnvironment: environment === true && context.environment === undefined,
    code,
    wantsCode: options.code === undefined,
    startChild: start,
    signal,
  });
}

/** Returns the environment that a run records. */
function environmentOf(given: Dictionary | boolean, ofLedger: Dictionary | undefined): Dictionary | undefined {
  if (given === false) return undefined;
  const text = given === true ? ofLedger : given;
  // The library itself reads no text that may hold a secret. Compiling the patterns would take a fifth of startRun().
  return text === undefined ? captureEnvironment() : redactData(text);
}

/** Returns a copy of the options of `startRun`. Throws for unknown names. */
export function readStartOptions(options: GivenStartOptions | undefined): GivenStartOptions {
  return readOptions("startRun", options, START_OPTIONS);
}

/**
 * Stores the beginning of a run. Rejects with `RUN_EXISTS` if another run has its id. The object of an earlier attempt,
 * which only seemed to fail, has the same bytes, and counts as success.
 */
async function create(backend: Backend, created: RunCreated, signal: AbortSignal | undefined): Promise<void> {
  const isOwn = await createOrMatch(backend, runCreatedKey(created.id), encodeRunCreated(created), signal);
  if (!isOwn) throw runExists(created.id);
}

/** Returns the error for an id that is taken. `which`: what is special about the run that has it. */
export function runExists(id: string, which?: string): LedgerError {
  const hint = which === undefined ? 'pass resume: "allow" to resume it, or choose another id' : "choose another id";
  return new LedgerError("RUN_EXISTS", `there is a run ${id} already${which ? `, ${which}` : ""}: ${hint}`, {
    field: "id",
  });
}
