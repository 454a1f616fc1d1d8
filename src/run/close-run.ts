import { callOptions } from "../backend/call-options.ts";
import { createOrMatch, holds } from "../backend/create-or-match.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { noNumberAfter } from "../errors/no-number-after.ts";
import { enter } from "../catalog/catalog-entry.ts";
import { losesRecords, lossError } from "../journal/damage.ts";
import { foldRun } from "../journal/fold-run.ts";
import { listRun } from "../journal/list-run.ts";
import { losesDocument, lostRecords, uniteDamage, withDamage } from "../journal/lost-objects.ts";
import { isSealDocument } from "../journal/sealing.ts";
import type { KnownDocument } from "../journal/newest-document.ts";
import type { RunCreated } from "../journal/run-created.ts";
import { encodeRunDocument, MAX_DOCUMENT_NUMBER, type RunDocument, runDocumentKey } from "../journal/run-document.ts";
import type { RunStatus } from "../journal/run-record.ts";
import type { RunState } from "../journal/run-state.ts";
import type { JournalWriter } from "../journal/journal-writer.ts";
import { compareWriters } from "../journal/writer-fold.ts";
import { removeRepeated, removeSuperseded, type Superseded } from "./compact-run.ts";
import { isOvertaken, outdatedDocuments, removeDocuments } from "./outdated-documents.ts";
import type { RunContext } from "./run-context.ts";
import { coverage, isAllCompacted } from "./coverage.ts";
import { discardAttempt, removeLeftovers, tidyLeftovers } from "./leftovers.ts";
import { inSlices } from "../platform/event-loop.ts";
import { areApart } from "./compact-records.ts";
import { makeDocument } from "./make-document.ts";
import { type CoveredRun, seemsActive, settledSegments } from "./other-writers.ts";
import { readListed } from "./shared-end.ts";

/** Options of {@link closeRun}. */
export interface CloseRunOptions {
  /** The writer that closes the run. Its records are not read back. */
  readonly writer?: JournalWriter | undefined;
  /** The number of records that each other writer had when this writer began. */
  readonly positions?: ReadonlyMap<string, number> | undefined;
  /** The run as it was just read, without `writer`. */
  readonly state?: RunState | undefined;
  /** Leaves the run unchanged if its status is `running`. */
  readonly onlyFinal?: boolean | undefined;
  /** The newest document, if it was just read. */
  readonly knownDocument?: KnownDocument | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Whether the run is closed to seal it. Nobody else closes a run that is being sealed. */
  readonly isForSeal?: boolean | undefined;
  /**
   * Names of objects that earlier attempts of this session to close the run may have left behind. This attempt removes
   * those that no document names, and adds the names of those that it leaves behind itself.
   */
  readonly leftovers?: Set<string> | undefined;
}

/** How often others may close the run at the same moment before this gives up. */
const TRIES = 100;

/**
 * Writes the next document of a run: the fold of all journals, and the points as Parquet unless another writer seems to
 * continue. Returns the status that the document has. A run that is `running` is never compacted, because `recover()`
 * reads its journals.
 *
 * Removes journals only after it has read back the document and the Parquet files, and only journals that no writer can
 * add to. A crash at any point loses nothing: the Parquet files count only once a document names them, and until then
 * the journals stay.
 */
export async function closeRun(
  context: RunContext,
  created: RunCreated,
  options: CloseRunOptions = {},
): Promise<RunStatus> {
  const { positions, onlyFinal = false, isForSeal = false, signal } = options;
  const { backend } = context;
  // Without a fold, a part of the writer's records has another writer id: then only the journals have all records.
  const own = await options.writer?.fold(created);
  const writer = own && options.writer;
  let known = own || !options.writer ? options.state : undefined;
  const leftovers = options.leftovers ?? new Set<string>();
  let isConfirmed = false;
  let isTold = false;
  for (let left = TRIES; left > 0; left--) {
    const state =
      known ??
      (await readListed(
        backend,
        created,
        await listRun(backend, created.id, callOptions(signal)),
        writer?.id,
        options,
      ));
    known = undefined;
    const folds = [...state.folds, ...(own ? [own] : [])].sort(compareWriters);
    const { fences, newestDocument } = state.listing;
    const lost = own ? uniteDamage(state.lost, lostRecords(created.id, folds, state.listing)) : state.lost;
    if (lost.length > state.lost.length && !isConfirmed) {
      // The listing may be old.
      isConfirmed = true;
      continue;
    }
    // Objects of earlier attempts may be the only copy of something that is lost.
    const made = lost.length > 0 ? new Set<string>() : leftovers;
    await tidyLeftovers(backend, created.id, made, state);
    // The document of a run with very many summaries does not hold them.
    const record = withDamage(foldRun(created, folds, { summaries: !areApart(folds) }), lost);
    const { status } = record;
    if (onlyFinal && status === "running") return status;
    // A document could replace what the seal covers.
    if (state.listing.isSealing && (!isForSeal || (state.document && isSealDocument(state.document)))) return status;
    const damage = record.damage.find(losesRecords);
    if (damage && !isTold) context.onError(lossError(`run ${created.id} is closed, and its record is`, damage));
    isTold = true;
    if (isAllCompacted(created.id, state, writer)) return status;
    // A document that is made without the lost one would pass for its successor. The journals have everything, and
    // stay.
    if (losesDocument(lost)) return status;
    const n = newestDocument + 1;
    const goesOn = status === "running" || (await seemsActive(backend, state.folds, { positions, fences }));
    const covers = coverage(state, writer);
    // Where two processes may create one object, nothing is removed.
    const outdated = backend.capabilities.exclusiveCreate ? outdatedDocuments(state.listing, n) : [];
    let document: RunDocument;
    let bytes: Uint8Array;
    try {
      // A later number would be one that no reader knows. Another program may have made the document with the last one.
      if (n > MAX_DOCUMENT_NUMBER) throw noNumberAfter(runDocumentKey(created.id, newestDocument));
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
      bytes = await inSlices(encodeRunDocument(document));
      // If the number is taken, another writer closed the run at the same time: the next document must include its
      // records.
      const durable = document.compacted !== state.document?.compacted || outdated.length > 0;
      if (!(await createDocument(context, created.id, n, bytes, { durable, signal }))) {
        await removeLeftovers(backend, created.id, made);
        continue;
      }
      if (await isOvertaken(backend, created.id, n, signal)) continue;
    } catch (error) {
      // A create that failed may still store the document. Without the journals of earlier sessions, readers could not
      // do without what it names. The next close or `recover` removes what no document names.
      if (state.document?.compacted === undefined) await discardAttempt(backend, created.id, n, made);
      // Another process has just compacted journals that this attempt needed.
      if (LedgerError.hasCode(error, "NOT_FOUND")) continue;
      if (!LedgerError.hasCode(error, "TOO_LARGE")) throw error;
      // Several writers together recorded more than a document holds, or there is no number for another object. The
      // journals have everything, and stay.
      context.onError(error);
      return status;
    }
    made.clear();
    // While another writer continues, the run stays open in the catalogue.
    const entered = goesOn ? undefined : enterClosed(context, created, n, signal);
    try {
      if (document.compacted && document.compacted !== state.document?.compacted) {
        const key = runDocumentKey(created.id, n);
        const held = await holds(backend, key, bytes, signal);
        // Others have closed the run on top of this document, and removed it.
        if (held === undefined && (await isOvertaken(backend, created.id, n, signal))) continue;
        if (held !== true) throw new LedgerError("IO", `${key} does not hold what was written to it`, { key });
        const covered = { created, folds, covers, fences, self: writer?.id };
        await removeJournals(context, created, { listing: state.listing, document, number: n }, covered, signal);
      } else {
        if (!goesOn) await removeRepeats(context, created, { listing: state.listing, covers }, signal);
        await removeDocuments(context, created.id, outdated, signal);
      }
    } finally {
      await entered;
    }
    return status;
  }
  throw new LedgerError("IO", `other writers closed run ${created.id} ${TRIES} times while this one tried to close it`);
}

/** Enters a closed run in the catalogue. The run is closed even if this fails: a search then reads the run itself. */
export async function enterClosed(
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

/** Removes the segments that others repeat, where the journals stay. */
async function removeRepeats(
  { backend, onError }: RunContext,
  { id }: RunCreated,
  journals: Parameters<typeof removeRepeated>[2],
  signal: AbortSignal | undefined,
): Promise<void> {
  // Where two processes may create one object, nothing is removed.
  if (!backend.capabilities.exclusiveCreate) return;
  try {
    await removeRepeated(backend, id, journals, signal);
  } catch (error) {
    // Readers do not need them.
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
    // The run is closed even so. `recover` removes the rest.
    if (!LedgerError.is(error)) throw error;
    context.onError(error);
  }
}

/**
 * Creates document `n`. Returns `false` if another document has that number. `durable`: the document survives a power
 * cut once this resolves.
 */
export async function createDocument(
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
    // After any other error the document may exist, too.
    const isOwn = await holds(backend, key, bytes, undefined).catch((cause: unknown) => {
      throw isTaken ? cause : error;
    });
    if (isOwn === undefined && !isTaken) throw error;
    // `undefined`: the store refused the create because of another document that is not visible yet.
    if (isOwn !== true) return false;
    // The create may have stored the document and failed to sync it. A create that finds the document syncs it.
    return !durable || (await createOrMatch(backend, key, bytes, undefined, durable));
  }
}
