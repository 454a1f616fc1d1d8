import { callOptions } from "../backend/call-options.ts";
import { encodeJson } from "../bytes/encode-json.ts";
import { onDemand } from "../platform/on-demand.ts";
import { type Compacted, type CompactedObject, recordsName } from "../journal/compacted.ts";
import type { RunEvent } from "../journal/event.ts";
import { MAX_LISTED_MEDIA } from "../journal/media-fold.ts";
import { MAX_INLINE_SUMMARIES } from "../journal/run-document.ts";
import type { WriterFold } from "../journal/writer-fold.ts";
import { storeObject, type StoreOptions } from "./store-object.ts";
import type { Backend } from "../backend/backend.ts";
import type { SegmentEntry } from "../journal/segment.ts";

const compactedPages = /* @__PURE__ */ onDemand(() => import("../journal/compacted-pages.ts"));
const compactedItems = /* @__PURE__ */ onDemand(() => import("../journal/compacted-items.ts"));

type Records = Pick<Compacted, "writers" | "media" | "events">;

/**
 * Stores the records that a run document does not hold itself: long lists of rich values, and all events as they were
 * recorded if some of them are superseded. Objects of an earlier compaction stay unchanged.
 */
export async function compactRecords(input: RecordsInput): Promise<Records> {
  const { folds, base } = input;
  const media = await compactMedia(input);
  const isSuperseded = folds.some(({ superseded }) => superseded > 0);
  const events = isSuperseded ? await compactEvents(input) : [];
  const withoutLists = (): WriterFold[] => folds.map(({ mediaList: _list, ...fold }) => fold);
  return {
    writers: media.length > 0 ? withoutLists() : folds,
    media,
    events: events.length > 0 ? events : (base?.events ?? []),
  };
}

async function compactMedia(input: RecordsInput): Promise<readonly CompactedObject[]> {
  const { folds, base } = input;
  const before = base?.media ?? [];
  const count = countMedia(folds);
  const isListed = folds.every(({ mediaList }) => mediaList !== undefined);
  if (before.length === 0 && isListed && count <= MAX_LISTED_MEDIA) return [];
  if (before.length > 0 && count === countMedia(base?.writers ?? [])) return before;
  const known = before.length === 0 ? (base?.writers ?? []) : [];
  const lists = known.map(({ writer, mediaList = [] }) => ({ writer, events: mediaList }));
  return [...before, await storeEvents(input, "media", lists)];
}

async function compactEvents(input: RecordsInput): Promise<readonly CompactedObject[]> {
  const { base } = input;
  const before = base?.events ?? [];
  // Until the first event is superseded, only the document holds the earlier events.
  const known = before.length === 0 ? (base?.writers ?? []) : [];
  return [...before, await storeEvents(input, "events", known)];
}

async function storeEvents(
  input: RecordsInput,
  kind: "media" | "events",
  known: readonly { readonly writer: string; readonly events: readonly RunEvent[] }[],
): Promise<CompactedObject> {
  const { backend, runId, folds, segments, base, signal, newId } = input;
  const { encodePages } = await compactedPages();
  const { eventItems } = await compactedItems();
  const from = new Map(base?.writers.map((fold) => [fold.writer, fold]));
  const isWanted = (each: string): boolean => (each === "media") === (kind === "media") && each !== "beat";
  const items = async function* (): AsyncGenerator<string, void, undefined> {
    for (const { writer, events } of known) {
      if (events.length > 0) yield encodeJson(writer, "run");
      for (const event of events) yield encodeJson(event, "run");
    }
    yield* eventItems(backend, runId, folds, segments, { from, isWanted }, callOptions(signal));
  };
  const name = recordsName(newId(), kind);
  return await storeObject(backend, runId, name, encodePages(runId, name, items()), input);
}

/** Returns whether a run has so many summaries that its document does not hold them. */
export function areApart(folds: readonly WriterFold[]): boolean {
  return folds.reduce((sum, { summaries, media }) => sum + summaries.size + media.size, 0) > MAX_INLINE_SUMMARIES;
}

/**
 * Stores the summaries of a run that has very many. Returns `undefined` for other runs: their document holds the
 * summaries.
 */
export async function storeSummaries(
  input: Pick<RecordsInput, "backend" | "runId" | "folds" | "newId" | "made" | "signal">,
): Promise<CompactedObject | undefined> {
  const { backend, runId, folds, newId } = input;
  if (!areApart(folds)) return undefined;
  const { encodePages } = await compactedPages();
  const { summaryItems } = await compactedItems();
  const name = recordsName(newId(), "summaries");
  return await storeObject(backend, runId, name, encodePages(runId, name, summaryItems(folds)), input);
}

function countMedia(folds: readonly WriterFold[]): number {
  return folds.reduce((sum, { media }) => sum + [...media.values()].reduce((all, { count }) => all + count, 0), 0);
}

/** What a compaction reads. */
export interface RecordsInput extends StoreOptions {
  readonly backend: Backend;
  readonly runId: string;
  /** The folds of all writers, in the order of the writers. */
  readonly folds: readonly WriterFold[];
  /** Segments with records that `base` does not have, by writer. */
  readonly segments: ReadonlyMap<string, readonly SegmentEntry[]>;
  /** The compaction before this one. */
  readonly base: Compacted | undefined;
  /** Makes the ids of objects. */
  readonly newId: () => string;
}
