import type { Backend } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import { foldRun } from "../journal/fold-run.ts";
import type { JournalWriter } from "../journal/journal-writer.ts";
import { listRun, type RunListing } from "../journal/list-run.ts";
import type { KnownDocument } from "../journal/newest-document.ts";
import type { RunCreated } from "../journal/run-created.ts";
import type { RunState } from "../journal/run-state.ts";
import { highestOrder } from "../journal/writer-fold.ts";
import { onDemand } from "../platform/on-demand.ts";
import type { Ending } from "./finish-options.ts";
import { seemContinued } from "./other-writers.ts";
import type { RunContext } from "./run-context.ts";

const runStates = /* @__PURE__ */ onDemand(() => import("../journal/run-state.ts"));

/** Options of {@link readListed}. */
export interface ReadListedOptions {
  /** The newest document, if it was just read. */
  readonly knownDocument?: KnownDocument | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Returns what the other writers of a run recorded. Later events of `writer` come after theirs. Rejects with `FENCED`
 * if another session has shut `writer` out.
 */
export async function readOthers(
  { backend }: RunContext,
  created: RunCreated,
  writer: JournalWriter,
): Promise<RunState> {
  const listing = await listRun(backend, created.id);
  writer.assertUnfenced(listing.fences);
  const state = await readListed(backend, created, listing, writer.id);
  writer.observe(highestOrder(state.folds));
  return state;
}

/** What the other sessions of a run mean for the end of one session. */
export interface SharedEnd {
  /** Whether sessions outside this process seem to continue the run. */
  readonly isShared: boolean;
  /** How another session closed the run as failed or killed, if none opened it again. */
  readonly ending?: Ending | undefined;
}

/**
 * Returns what the other sessions mean for the end of the session of `writer`, whose records must be stored. `here`:
 * the writers of this process.
 */
export async function readSharedEnd(
  context: RunContext,
  created: RunCreated,
  writer: JournalWriter,
  here: ReadonlySet<string>,
): Promise<SharedEnd> {
  const { folds, listing } = await readOthers(context, created, writer);
  if (folds.length === 0 && created.writer.id === writer.id) return { isShared: false };
  const ending = new Set([...here, writer.id]);
  const isShared = await seemContinued(context, { created, folds, fences: listing.fences, ending });
  const own = await writer.fold(created);
  const { status, error } = foldRun(created, own ? [...folds, own] : folds, { summaries: false });
  return { isShared, ...((status === "failed" || status === "killed") && { ending: { status, error } }) };
}

/** Returns what the writers of `listing` recorded, without the writer `except`. */
export async function readListed(
  backend: Backend,
  created: RunCreated,
  listing: RunListing,
  except: string | undefined,
  { signal, knownDocument }: ReadListedOptions = {},
): Promise<RunState> {
  const others = [...listing.writers.keys()].filter((writer) => writer !== except);
  if (others.length === 0 && listing.newestDocument === 0)
    return { listing, document: undefined, isCurrent: false, more: listing.writers, folds: [], lost: [] };
  // Loaded only if it is needed: a run with one writer is closed without reading any records.
  const { readRunState } = await runStates();
  return await readRunState(backend, created, {
    listing,
    ...(except !== undefined && { except }),
    knownDocument,
    ...callOptions(signal),
  });
}
