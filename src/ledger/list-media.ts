import { checkBounds } from "../series/history-options.ts";
import { callOptions } from "../backend/call-options.ts";
import { type OptionNames, readOptions } from "../arguments/options.ts";
import type { Backend, CallOptions } from "../backend/backend.ts";
import { checkChoice } from "../arguments/choice.ts";
import { invalidArgument, LedgerError } from "../errors/ledger-error.ts";
import { inSlices } from "../platform/event-loop.ts";
import { onDemand } from "../platform/on-demand.ts";
import { losesRecords, lossError } from "../journal/damage.ts";
import { MEDIA_KINDS, type MediaEntry, type MediaKind } from "../journal/media-entry.ts";
import { isWantedMedia, toMediaEntries } from "../journal/media-entries.ts";
import type { RunListing } from "../journal/list-run.ts";
import { runCreatedKey, runPrefix } from "../journal/run-created.ts";
import { readNewestDocument, whileItChanges } from "../journal/newest-document.ts";
import { readRunState, type RunState } from "../journal/run-state.ts";
import { compareWriters } from "../journal/writer-fold.ts";
import type { MediaRecord } from "../journal/event.ts";
import { checkRunId, readRunCreated } from "./read-run.ts";

const compactedItems = /* @__PURE__ */ onDemand(() => import("../journal/compacted-items.ts"));

/** Which rich values of a run to list. */
export interface MediaQuery {
  /** Only values of this name. Default: all. */
  readonly key?: string | undefined;
  /** Only values of this kind. Default: all. */
  readonly type?: MediaKind | undefined;
  /** The lowest step, inclusive. Default: no bound. */
  readonly from?: number | undefined;
  /** The highest step, inclusive. Default: no bound. */
  readonly to?: number | undefined;
  /**
   * What to do if records of the run are damaged or missing: `"reject"` (default) with `CORRUPT`, or `"skip"` to get
   * what is intact.
   */
  readonly damaged?: "reject" | "skip" | undefined;
  /** Aborting it rejects the call. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: OptionNames<MediaQuery> = { key: true, type: true, from: true, to: true, damaged: true, signal: true };

/** Returns the rich values of a run; see `Ledger.media`. */
export async function listMedia(backend: Backend, runId: string, query: MediaQuery = {}): Promise<MediaEntry[]> {
  const { key, type, from, to, damaged, signal } = checkQuery(query);
  const call = callOptions(signal);
  checkRunId(runId);
  const created = await readRunCreated(backend, runId, signal).catch((error: unknown) => {
    if (LedgerError.hasCode(error, "RUN_NOT_FOUND") || LedgerError.hasCode(error, "CORRUPT")) return error;
    throw error;
  });
  return await whileItChanges(backend, runId, call, undefined, async (listing, isConfirmed) => {
    const {
      folds,
      document,
      lost: lostObjects,
    } = LedgerError.is(created)
      ? await readCompacted(backend, runId, { listing, isConfirmed, error: created }, call)
      : await readRunState(backend, created, { ...call, listing, allMedia: true });
    const lost = [...lostObjects, ...folds.flatMap((fold) => fold.damage)].find(losesRecords);
    if (lost && damaged !== "skip") throw lossError(`the values of run ${runId} are`, lost);
    const filter = { key, type, from, to };
    const found = new Map<string, MediaRecord[]>([...folds].sort(compareWriters).map(({ writer }) => [writer, []]));
    const gone = new Set(lostObjects.map((each) => each.key));
    const objects = (document?.compacted?.media ?? []).filter(({ name }) => !gone.has(`${runPrefix(runId)}/${name}`));
    if (objects.length > 0) {
      // Only runs with long lists load this.
      const { readEventItems } = await compactedItems();
      for await (const { writer, event } of readEventItems(backend, runId, objects, call)) {
        if (event.kind === "media" && isWantedMedia(event, filter)) found.get(writer)?.push(event);
      }
    }
    for (const { writer, mediaList = [] } of folds)
      for (const event of mediaList) if (isWantedMedia(event, filter)) found.get(writer)?.push(event);
    return await inSlices(toMediaEntries(runId, [...found.values()]));
  });
}

/**
 * Returns what the document has of a run whose first object is gone or damaged, if the document covers everything.
 * Otherwise throws `error`, or `CORRUPT` if there is a document.
 */
async function readCompacted(
  backend: Backend,
  runId: string,
  found: { readonly listing: RunListing; readonly isConfirmed: boolean; readonly error: LedgerError },
  call: CallOptions,
): Promise<Pick<RunState, "folds" | "document" | "lost">> {
  const { document, more, lost } = await readNewestDocument(backend, runId, found.listing, found.isConfirmed, call);
  if (document === undefined) throw found.error;
  if (document.compacted && more.size === 0) return { document, lost, folds: document.compacted.writers };
  if (LedgerError.hasCode(found.error, "CORRUPT")) throw found.error;
  const key = runCreatedKey(runId);
  throw new LedgerError("CORRUPT", `${key} is missing: others have removed it`, { key, cause: found.error });
}

function checkQuery(given: MediaQuery): MediaQuery {
  const query = readOptions("media", given, NAMES, "query");
  const { key, type, damaged } = query;
  if (key !== undefined && typeof key !== "string") throw invalidArgument("key", "a string", key);
  if (type !== undefined) checkChoice("type", type, MEDIA_KINDS);
  if (damaged !== undefined) checkChoice("damaged", damaged, ["reject", "skip"]);
  checkBounds(query, ["from", "to"]);
  return query;
}
