import { callOptions } from "../backend/call-options.ts";
import { checkChoice } from "../arguments/choice.ts";
import { type OptionNames, readOptions } from "../arguments/options.ts";
import { enter } from "../catalog/catalog-entry.ts";
import { type FlushOptions, flushPolicy } from "../journal/flush-policy.ts";
import { foldRun } from "../journal/fold-run.ts";
import { countWriters } from "../journal/lost-objects.ts";
import { mergeParams } from "../journal/params.ts";
import type { RunCreated } from "../journal/run-created.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { assertFits, sizeOfRun } from "../journal/run-size.ts";
import { type Dictionary, encodeEvent, type NewEvent } from "../journal/event.ts";
import type { JsonSize } from "../journal/json-size.ts";
import { assertNotDeleted } from "../journal/lifecycle.ts";
import { sealedError } from "../journal/sealing.ts";
import type { JournalWriter } from "../journal/journal-writer.ts";
import { LiveEvents } from "../journal/live-events.ts";
import { readRunState, type RunState } from "../journal/run-state.ts";
import { greatestStep, highestOrder, type WriterFold } from "../journal/writer-fold.ts";
import type { RunRecord } from "../journal/run-record.ts";
import { type OtherSessions, seemContinued } from "./other-writers.ts";
import { claimRun, recordFencedEnds } from "./claim-run.ts";
import { abortable } from "../platform/abort.ts";
import type { RunContext } from "./run-context.ts";
import { type CheckedOptions, checkHeartbeat } from "./start-options.ts";
import { Run, type RunParts, type StartRun } from "./run.ts";
import { newWriter } from "./new-writer.ts";
import { startRun } from "./start-run.ts";
import { assertStillThere, withdrawSession } from "./withdraw-session.ts";

/** Options of `resumeRun`. */
export interface ResumeRunOptions {
  /**
   * `"join"` (default) adds a writer to those that may be there; nobody loses anything. `"exclusive"` shuts out all
   * sessions that began before: they get `FENCED` and store nothing more. What was acknowledged to them stays.
   */
  readonly mode?: "join" | "exclusive" | undefined;
  /** When buffered records are written, and how many may wait. */
  readonly flush?: FlushOptions | undefined;
  /** The longest time between two signs of life that the session stores, in ms. Default as for `startRun`. */
  readonly heartbeatMs?: number | undefined;
  /** Aborting it before the run has been resumed rejects the call; after that it closes the run as `killed`. */
  readonly signal?: AbortSignal | undefined;
}

/** The names of all {@link ResumeRunOptions}. */
const NAMES: OptionNames<ResumeRunOptions> = {
  mode: true,
  flush: true,
  heartbeatMs: true,
  signal: true,
};

/** Options for the step to continue from, as users of W&B expect them. */
const REWINDING: ReadonlySet<string> = new Set(["step", "from", "fromStep", "resumeFrom", "forkOf"]);

/** Returns a copy of the options of `resumeRun`. Throws for unknown names. */
export function readResumeOptions(options: ResumeRunOptions | undefined): ResumeRunOptions {
  const adviceOn = (name: string): string =>
    REWINDING.has(name)
      ? '; log from that step on, and read histories with view: "latest", or start a run with forkOf: { run, step }'
      : "";
  return readOptions("resumeRun", options, NAMES, "options", adviceOn);
}

/** Values that `startRun` with `resume: "allow"` gives an existing run. */
export type ResumedValues = Partial<Pick<CheckedOptions, "params" | "tags" | "note">> &
  Pick<RunParts, "code" | "wantsCode" | "wantsEnvironment">;

/** What `startRun` records of the environment by itself. */
const CAPTURED: ReadonlySet<string> = new Set(["runtime", "os", "cpu", "cores", "memory"]);

/**
 * Resumes a run, finished or not, in a new session. The run keeps its params, tags and steps, except those that
 * `values` replace. Resolves once the session and the values are stored. `start` starts children.
 *
 * With `mode: "exclusive"` the backend acknowledges nothing more of earlier sessions, and of two sessions that claim a
 * run the later one shuts out the other. Rejects with `UNSUPPORTED` if the creates of the backend are not exclusive,
 * and with `FENCED` if another exclusive session began meanwhile. A claim that fails may have shut out the others
 * already.
 */
export async function resumeRun(
  context: RunContext,
  created: RunCreated,
  given?: ResumeRunOptions,
  start: StartRun = (child) => startRun(context, child),
  values: ResumedValues = {},
): Promise<Run> {
  const options = readResumeOptions(given);
  const { mode = "join", signal } = options;
  checkChoice("mode", mode, ["join", "exclusive"]);
  const { backend, ids } = context;
  const { append } = backend.capabilities;
  const policy = flushPolicy(options.flush, append);
  const beatMs = checkHeartbeat(options.heartbeatMs, append);
  const call = callOptions(signal);
  const writerId = ids("writer");
  const claim = mode === "exclusive" ? await claimRun(backend, created, writerId, signal) : undefined;
  const state = await readRunState(backend, created, { ...call, ...claim });
  if (claim) await recordFencedEnds(backend, created, claim.fence, state, signal);
  const { folds, listing } = state;
  if (listing.isSealing) throw sealedError(created.id);
  if (!claim) await assertNotDeleted(backend, created.id, listing.lifecycle, call);
  const fence = claim?.fence ?? listing.fences;
  const held = sizeOfRun(created, folds);
  const events = eventsOf(values);
  assertFit(held, events);
  const record = foldRun(created, folds);
  const wanted = await wantedFacts(context, { created, folds, fences: fence, ending: new Set() }, record, values);
  const writer = newWriter(context, created, writerId, {
    policy,
    beatMs,
    order: highestOrder(folds),
    fence,
    held,
  });
  let stored: Promise<void> | undefined;
  try {
    writer.event(sessionEvent(context, state, { mode, beatMs, fence }), "session");
    for (const event of events) writer.event(event, event.kind);
    // Not after the session: once the session is stored, the catalogue must not show the run as it was.
    const entered = enter(backend, created.experiment, created.id, "open", listing.newestDocument, signal);
    // Without its marker the ledger could not be opened again.
    await abortable(Promise.all([entered, context.keepMarker()]), signal);
    stored = writer.flush();
    await abortable(stored, signal);
    await assertStillThere(backend, created.id, listing.lifecycle, signal);
  } catch (error) {
    // Nobody holds the session, so its timers must end. After an abort the backend may still store the session.
    if (stored && signal?.aborted) leaveOnce(stored, writer);
    else {
      writer.close();
      // It was refused after it was stored. Otherwise a finished run would read as running.
      if (LedgerError.hasCode(error, "RUN_CLOSED") || LedgerError.hasCode(error, "RUN_NOT_FOUND"))
        await withdrawSession(backend, created.id, writer);
    }
    throw error;
  }
  const { params, metricDefinitions } = record;
  if (values.params) mergeParams(params, values.params);
  return new Run({
    context,
    created,
    writer,
    params,
    definitions: metricDefinitions,
    code: values.code,
    ...wanted,
    lastStep: lastStep(created, folds),
    startChild: start,
    signal,
    positions: new Map(folds.map(({ writer: id, next }) => [id, next])),
  });
}

/**
 * Returns what this session captures: its code, which may be other than that of earlier sessions, and of the environment
 * what the run lacks because the process that began it was killed early. While another session seems to continue the
 * run, that one captures it.
 */
async function wantedFacts(
  context: RunContext,
  sessions: OtherSessions,
  { code, environment }: RunRecord,
  values: ResumedValues,
): Promise<Pick<RunParts, "wantsCode" | "earlierCode" | "wantsEnvironment">> {
  const isUnknown = code === undefined || (code.engine === "unknown" && code.commit === undefined);
  const earlier = isUnknown ? {} : { earlierCode: code };
  const ofGiven = values.code === undefined ? {} : earlier;
  if (!context.capture) return ofGiven;
  // Code of which only the commit is known is what the caller gave.
  const isGiven = !isUnknown && code.engine === "unknown";
  const wantsCode = (values.wantsCode ?? true) && values.code === undefined && !isGiven;
  const given = sessions.created.environment;
  const isUndescribed =
    given !== undefined && environment === given && Object.keys(given).every((name) => CAPTURED.has(name));
  const wantsEnvironment = (values.wantsEnvironment ?? true) && context.environment === undefined && isUndescribed;
  if (!(wantsCode || wantsEnvironment) || (await seemContinued(context, sessions))) return ofGiven;
  return { wantsCode, wantsEnvironment, ...(wantsCode ? earlier : ofGiven) };
}

/** Returns the greatest step so far. A fork continues after the step that it was forked at. */
function lastStep({ forkOf }: RunCreated, folds: readonly WriterFold[]): number | undefined {
  const own = greatestStep(folds);
  return forkOf === undefined ? own : Math.max(forkOf.step, own ?? forkOf.step);
}

/** Ends a session that nobody holds, once it is stored: otherwise the run would read as running for a while. */
function leaveOnce(stored: Promise<void>, writer: JournalWriter): void {
  const leave = async (): Promise<void> => {
    await stored;
    writer.event({ kind: "leave", next: writer.next + 1 }, "leave");
    await writer.flush();
  };
  // If the session is not stored, nothing has to be undone.
  void leave()
    .catch(() => {})
    .finally(() => writer.close());
}

function sessionEvent(
  { backend }: RunContext,
  state: RunState,
  { mode, beatMs, fence }: { readonly mode: "join" | "exclusive"; readonly beatMs: number; readonly fence: number },
): NewEvent {
  const alive = backend.liveness?.token;
  const { document, listing, folds } = state;
  return {
    kind: "session",
    mode,
    beatMs,
    ...(alive !== undefined && { alive }),
    ...(fence > 0 && { fence }),
    // Shows if one of these journals is cut or lost later.
    ...(state.more.size > 0 && { positions: positionsOf(state) }),
    // Shows if the document that replaces the other journals is lost later.
    ...(document?.compacted && {
      document: listing.newestDocument,
      writers: countWriters(folds, Number.MAX_SAFE_INTEGER),
    }),
  };
}

function eventsOf({ params, tags, note }: ResumedValues): NewEvent[] {
  return [
    ...(params && Object.keys(params).length > 0 ? [{ kind: "params", set: params } as const] : []),
    ...(tags && Object.keys(tags).length > 0 ? [{ kind: "tags", set: tags } as const] : []),
    ...(note !== undefined ? [{ kind: "note", text: note } as const] : []),
  ];
}

/**
 * Throws `TOO_LARGE` before the writer gets any of the events: it may store the first event although the next one is
 * refused.
 */
function assertFit(held: JsonSize, events: readonly NewEvent[]): void {
  const live = new LiveEvents();
  for (const event of events) {
    live.add(encodeEvent(event, 0, 0, event.kind).event);
    assertFits(held, live.size, event.kind, event.kind);
  }
}

function positionsOf({ folds, more }: RunState): Dictionary<number> {
  return Object.fromEntries(folds.filter(({ writer }) => more.has(writer)).map(({ writer, next }) => [writer, next]));
}
