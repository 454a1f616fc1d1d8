import { formatDigest } from "../bytes/digest.ts";
import { ownValue } from "../bytes/dictionary.ts";
import type { Compacted, Coverage } from "../journal/compacted.ts";
import { neededPacks } from "../journal/media-pack.ts";
import type { RunCreated } from "../journal/run-created.ts";
import { namedObjects, type RunDocument } from "../journal/run-document.ts";
import type { RunRecord } from "../journal/run-record.ts";
import type { RunState } from "../journal/run-state.ts";
import type { JournalWriter } from "../journal/journal-writer.ts";
import { storeSummaries } from "./compact-records.ts";
import { compactRun, isCompactable } from "./compact-run.ts";
import type { RunContext } from "./run-context.ts";
import { ownSegments } from "./coverage.ts";
import { journalObjects, keptObjects } from "./take-inventory.ts";

/** What the next document of a run is made from. */
export interface DocumentInput {
  readonly created: RunCreated;
  /** The run as it was read. */
  readonly state: RunState;
  /** The folds of all writers, in the order of the writers. */
  readonly folds: RunState["folds"];
  /** The segments that the folds contain. */
  readonly covers: readonly Coverage[];
  readonly record: RunRecord;
  /** The writer that closes the run, if it recorded something. */
  readonly writer: JournalWriter | undefined;
  /** Whether another writer continues. Then nothing is compacted. */
  readonly goesOn: boolean;
  /** Gets the names of the objects that this makes. */
  readonly made: Set<string>;
  readonly signal: AbortSignal | undefined;
}

/** Makes the next document of a run, and stores the objects that it names. */
export async function makeDocument(context: RunContext, input: DocumentInput): Promise<RunDocument> {
  const { backend, ids } = context;
  const { created, state, folds, covers, record, writer, goesOn, made, signal } = input;
  const newId = (): string => ids("records");
  const inventory = { backend, created, state, writer, signal };
  // Runs beside the compaction.
  const kept = keptObjects(inventory);
  kept.catch(() => {});
  const points = goesOn ? undefined : await compact(context, input, newId);
  const summaries = await storeSummaries({ backend, runId: created.id, folds, newId, made, signal });
  const compacted = points ? { ...points, summaries } : state.document?.compacted;
  const journals = await journalObjects(inventory, covers, compacted, goesOn);
  const packs = neededPacks(state.listing.media).map(({ name, size, hex }) => ({
    name,
    size,
    digest: formatDigest(hex),
  }));
  const objects = [...(await kept), ...journals, ...packs, ...namedObjects({ compacted, summaries })];
  objects.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { record, objects, compacted, summaries };
}

async function compact(
  { backend, compat }: RunContext,
  { created, state, folds, covers, writer, made, signal }: DocumentInput,
  newId: () => string,
): Promise<Compacted | undefined> {
  // Of two writers that close a run at once, the one that creates the document wins. Without that, journals must stay.
  if (!backend.capabilities.exclusiveCreate || folds.every(({ summaries }) => summaries.size === 0)) return undefined;
  // If something is lost, everything else must stay unchanged.
  if (state.lost.length > 0 || !isCompactable(folds)) return undefined;
  const { listing, document } = state;
  const base = document?.compacted;
  const segments = new Map(state.more);
  if (writer) segments.set(writer.id, ownSegments(created.id, writer, base && ownValue(base.ends, writer.id)));
  const reading = writer ? writer.withRetained() : backend;
  const runId = created.id;
  return await compactRun({
    backend: reading,
    runId,
    listing,
    folds,
    segments,
    base,
    covers,
    compat,
    made,
    signal,
    newId,
  });
}
