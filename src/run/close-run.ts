import { callOptions } from "../backend/call-options.ts";
import type { Backend } from "../backend/backend.ts";
import { createOrMatch, holds } from "../backend/create-or-match.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { onDemand } from "../platform/on-demand.ts";
import { enter } from "../catalog/catalog-entry.ts";
import { losesRecords, lossError } from "../journal/damage.ts";
import { foldRun } from "../journal/fold-run.ts";
import { listRun, type RunListing } from "../journal/list-run.ts";
import { losesDocument, lostRecords, uniteDamage, withDamage } from "../journal/lost-objects.ts";
import type { RunCreated } from "../journal/run-created.ts";
import { encodeRunDocument, type RunDocument, runDocumentKey } from "../journal/run-document.ts";
import type { RunStatus } from "../journal/run-record.ts";
import type { RunState } from "../journal/run-state.ts";
import type { JournalWriter } from "../journal/journal-writer.ts";
import { compareWriters, highestOrder } from "../journal/writer-fold.ts";
import { removeSuperseded, type Superseded } from "./compact-run.ts";
import type { RunContext } from "./run-context.ts";
import { coverage, isAllCompacted } from "./coverage.ts";
import { discardAttempt, removeLeftovers, tidyLeftovers } from "./leftovers.ts";
import { makeDocument } from "./make-document.ts";
import { type CoveredRun, seemsActive, settledSegments } from "./other-writers.ts";

const runStates = /* @__PURE__ */ onDemand(() => import("../journal/run-state.ts"));

export interface CloseRunOptions {
  /** Who closes it. What this writer recorded need not be read back. */
  readonly writer?: JournalWriter | undefined;
  /** How far the others were when this writer began. */
  readonly positions?: ReadonlyMap<string, number> | undefined;
  /** The run as it was just read, without `writer`. */
  readonly state?: RunState | undefined;
  /** Leaves the run as it is if it turns out to be `running`. */
  readonly onlyFinal?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * Names of objects that earlier attempts to close the run here may have left behind. This one removes what no document names, and
   * adds what it leaves behind itself.
   */
  readonly leftovers?: Set<string> | undefined;
}

/** How often others may close the run at the same moment before it is given up. */
const TRIES = 100;

/**
 * What the other writers of a run recorded, which `writer` has heard of from then on. `FENCED` when one of them has shut
 * it out.
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

async function readListed(
  backend: Backend,
  created: RunCreated,
  listing: RunListing,
  except: string | undefined,
  signal?: AbortSignal,
): Promise<RunState> {
  const others = [...listing.writers.keys()].filter((writer) => writer !== except);
  if (others.length === 0 && listing.newestDocument === 0)
    return { listing, document: undefined, isCurrent: false, more: listing.writers, folds: [], lost: [] };
  // Loaded only when it is needed: a run alone is closed without reading any records.
  const { readRunState } = await runStates();
  return await readRunState(backend, created, {
    listing,
    ...(except !== undefined && { except }),
    ...callOptions(signal),
  });
}

/**
 * Writes the next document of a run: the fold of everything, with its points as Parquet unless another writer seems to go on.
 * Returns the run's status as the document has it. A run that is `running` is never compacted: its journals are what
 * `recover()` looks at.
 * Journals are removed once document and Parquet were read back and are right, and only those that no writer can add to any
 * more. Wherever this ends nothing is lost: the Parquet counts only once a document names it, and till then the journals stay.
 */
export async function closeRun(
  context: RunContext,
  created: RunCreated,
  options: CloseRunOptions = {},
): Promise<RunStatus> {
  const { positions, onlyFinal = false, signal } = options;
  const { backend } = context;
  // Without a fold part of what the writer recorded stands under another id: then only the journals tell.
  const own = options.writer?.fold(created);
  const writer = own && options.writer;
  let known = own || !options.writer ? options.state : undefined;
  const leftovers = options.leftovers ?? new Set<string>();
  let isConfirmed = false;
  let isTold = false;
  for (let left = TRIES; left > 0; left--) {
    const state =
      known ??
      (await readListed(backend, created, await listRun(backend, created.id, callOptions(signal)), writer?.id, signal));
    known = undefined;
    const folds = [...state.folds, ...(own ? [own] : [])].sort(compareWriters);
    const { fences, newestDocument } = state.listing;
    const lost = own ? uniteDamage(state.lost, lostRecords(created.id, folds, state.listing)) : state.lost;
    if (lost.length > state.lost.length && !isConfirmed) {
      // The listing may be behind.
      isConfirmed = true;
      continue;
    }
    // What earlier attempts left behind may be all that is left of something.
    const made = lost.length > 0 ? new Set<string>() : leftovers;
    await tidyLeftovers(backend, created.id, made, state);
    const record = withDamage(foldRun(created, folds), lost);
    const { status } = record;
    if (onlyFinal && status === "running") return status;
    const damage = record.damage.find(losesRecords);
    if (damage && !isTold) context.onError(lossError(`run ${created.id} is closed, and what it recorded is`, damage));
    isTold = true;
    if (isAllCompacted(created.id, state, writer)) return status;
    // A document that is not made from the lost one would pass for its successor. The journals tell it all, and stay.
    if (losesDocument(lost)) return status;
    const n = newestDocument + 1;
    const goesOn = status === "running" || (await seemsActive(backend, state.folds, { positions, fences }));
    const covers = coverage(state, writer);
    let document: RunDocument;
    let bytes: Uint8Array;
    try {
      document = await makeDocument(context, {
        created,
        state: { ...state, lost },
        folds,
        covers,
        record,
        writer,
        goesOn,
        made,
        signal,
      });
      bytes = encodeRunDocument(document);
      // Another writer closed the run at the same time: what it found has to go into what is written here.
      const durable = document.compacted !== state.document?.compacted;
      if (!(await createDocument(context, created.id, n, bytes, { durable, signal }))) {
        await removeLeftovers(backend, created.id, made);
        continue;
      }
    } catch (error) {
      await discardAttempt(backend, created.id, n, made);
      // Somebody else has just compacted what was to be read here.
      if (LedgerError.hasCode(error, "NOT_FOUND")) continue;
      if (!LedgerError.hasCode(error, "TOO_LARGE")) throw error;
      // Several writers together recorded more than a document holds. The journals tell it all, and stay.
      context.onError(error);
      return status;
    }
    made.clear();
    // While another writer goes on, the run stays open in the catalogue.
    const entered = goesOn ? undefined : enterClosed(context, created, n, signal);
    try {
      if (document.compacted && document.compacted !== state.document?.compacted) {
        const key = runDocumentKey(created.id, n);
        if ((await holds(backend, key, bytes, signal)) !== true)
          throw new LedgerError("IO", `${key} does not hold what was written to it`, { key });
        const covered = { created, folds, covers, fences, self: writer?.id };
        await removeJournals(context, created, { listing: state.listing, document }, covered, signal);
      }
    } finally {
      await entered;
    }
    return status;
  }
  throw new LedgerError("IO", `run ${created.id} is closed by others over and over`);
}

/** The run is closed whether or not that can be entered: searches read an open run itself. */
async function enterClosed(
  { backend, onError }: RunContext,
  { experiment, id }: RunCreated,
  document: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await enter(backend, experiment, id, "closed", document, signal);
  } catch (error) {
    if (!LedgerError.is(error)) throw error;
    onError(error);
  }
}

async function removeJournals(
  context: RunContext,
  created: RunCreated,
  superseded: Omit<Superseded, "settled">,
  covered: CoveredRun,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    const settled = await settledSegments(context, covered, signal);
    await removeSuperseded(context.backend, created.id, { ...superseded, settled }, signal);
  } catch (error) {
    // The run is closed all the same; `recover` removes what is left.
    if (!LedgerError.is(error)) throw error;
    context.onError(error);
  }
}

/** Creates document `n`. False if there is another document of that number. `durable`: it survives a power cut once this resolves. */
async function createDocument(
  { backend }: RunContext,
  runId: string,
  n: number,
  bytes: Uint8Array,
  { durable, signal }: { readonly durable: boolean; readonly signal: AbortSignal | undefined },
): Promise<boolean> {
  const key = runDocumentKey(runId, n);
  try {
    await backend.create(key, bytes, { ...(durable && { durable }), ...callOptions(signal) });
    return true;
  } catch (error) {
    const isTaken = LedgerError.hasCode(error, "EXISTS");
    // After an error of another kind the document may be in place, too.
    const isOwn = await holds(backend, key, bytes, undefined).catch((cause: unknown) => {
      throw isTaken ? cause : error;
    });
    if (isOwn === undefined && !isTaken) throw error;
    // `undefined`: the store refused the create because of another document that nobody can see yet.
    if (isOwn !== true) return false;
    // The create may have stored the document and failed to sync it. A create that finds the document syncs it.
    return !durable || (await createOrMatch(backend, key, bytes, undefined, durable));
  }
}
