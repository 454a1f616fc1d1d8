import type { CompactedEnd } from "./compacted.ts";
import { type Damage, DamageList } from "./damage.ts";
import type { RunEvent } from "./event.ts";
import { FlushRanges } from "./flush-pattern.ts";
import { segmentsIn } from "./inventory.ts";
import type { RunListing } from "./list-run.ts";
import { runPrefix } from "./run-created.ts";
import { namedObjects, parseRunDocumentKey, type RunDocument, runDocumentKey } from "./run-document.ts";
import type { RunRecord } from "./run-record.ts";
import { journalPrefix, segmentKey, type SegmentName } from "./segment.ts";
import type { WriterFold } from "./writer-fold.ts";

/**
 * Returns what the newest document of a run has, but the listing lacks: objects that the document names, and journals
 * that are not compacted. If the newest document itself is lost, the document before it names objects that the lost one
 * replaced.
 */
export function lostObjects(runId: string, { document, listing }: Stored): Damage[] {
  const listed = new Set([...listing.metrics.map(({ name }) => name), ...listing.records]);
  const sizeOf = listedSizes(listing);
  const by = runDocumentKey(runId, listing.newestDocument);
  const objects = namedObjects(document)
    .filter(({ name }) => !listed.has(name))
    .map(({ name }) => `${runPrefix(runId)}/${name}`);
  const segments = segmentsIn(document.objects)
    .filter((segment) => sizeOf(segment) < segment.bytes)
    .map((segment) => segmentKey(runId, segment));
  return [...new Set([...objects, ...segments])].map((key) => ({
    kind: "missing",
    key,
    message: `${key} is not as ${by} says: it is lost or cut, or a newer document is lost`,
  }));
}

interface Stored {
  readonly document: RunDocument;
  readonly listing: RunListing;
}

/** Returns whether all journals exist that a document was made from. Then nothing is lost without the document. */
export function areJournalsWhole({ document: { compacted, objects }, listing }: Stored): boolean {
  const sizeOf = listedSizes(listing);
  return (
    Object.entries<CompactedEnd>(compacted?.ends ?? {}).every(([writer, { segments, bytes }]) => {
      const seq = segments - 1;
      const listed = new FlushRanges((listing.writers.get(writer) ?? []).filter(({ size }) => size > 0));
      return listed.holdAll(0, seq - 1) && (segments === 0 || sizeOf({ writer, seq, flushes: 1 }) >= bytes);
    }) && segmentsIn(objects).every((segment) => sizeOf(segment) >= segment.bytes)
  );
}

/**
 * Returns a function that returns the listed bytes of a segment, or -1 if it is not listed. A segment that a longer one
 * repeats has any number of bytes.
 */
function listedSizes({ writers }: RunListing): (segment: SegmentName) => number {
  const listed = new Map([...writers].map(([writer, own]) => [writer, new FlushRanges(own)]));
  return (segment) => {
    const found = listed.get(segment.writer)?.holding(segment);
    if (found === undefined) return -1;
    return found.seq === segment.seq ? found.size : Number.POSITIVE_INFINITY;
  };
}

/** What the sessions of a run saw of the run when they began. */
export class Seen {
  /** By writer: the number after its last record. */
  readonly positions: Map<string, number> = new Map();
  /** Sessions that read a run document instead of journals. */
  readonly built: { readonly order: number; readonly document: number; readonly writers: number }[] = [];

  note(event: RunEvent): void {
    if (event.kind !== "session" && event.kind !== "interrupted") return;
    for (const [writer, next] of Object.entries(event.positions ?? {}))
      this.positions.set(writer, Math.max(next, this.positions.get(writer) ?? 0));
    if (event.kind !== "session" || event.document === undefined) return;
    const { order, document, writers = 0 } = event;
    this.built.push({ order, document, writers });
  }
}

/** A writer as it was read. */
type Found = Pick<WriterFold, "writer" | "order" | "next">;

/** Returns how many writers had recorded something before the session whose event has this `order`. */
export function countWriters(writers: readonly Found[], order: number): number {
  return writers.filter((each) => each.next > 0 && each.order < order).length;
}

/**
 * Returns what a run had once and has lost: records that later sessions saw or that a fence says were acknowledged, and
 * a run document that replaced journals. `except`: a writer that was not read.
 */
export function lostRecords(
  runId: string,
  folds: readonly WriterFold[],
  listing: SeenListing,
  except?: string,
): Damage[] {
  return lostSince(runId, seenBy(folds), folds, listing, except).map(withoutWriter);
}

/** Returns the writers some of whose records are lost. */
export function shortWriters(runId: string, folds: readonly WriterFold[], listing: SeenListing): Set<string> {
  return new Set(lostSince(runId, seenBy(folds), folds, listing).flatMap(({ writer }) => writer ?? []));
}

function seenBy(folds: readonly WriterFold[]): Seen {
  const seen = new Seen();
  for (const { events } of folds) for (const event of events) seen.note(event);
  return seen;
}

type SeenListing = Pick<RunListing, "ends" | "newestDocument">;

/** `writer`: whose records are lost; absent for a run document. */
export type LostRecords = Damage & { readonly writer?: string };

/** {@link lostRecords} of the writers that were `found`. */
export function lostSince(
  runId: string,
  seen: Seen,
  found: readonly Found[],
  { ends, newestDocument }: SeenListing,
  except?: string,
): LostRecords[] {
  // Records after the end of a writer that is shut out were never acknowledged.
  const expected = new Map([...seen.positions, ...ends]);
  if (except !== undefined) expected.delete(except);
  const records = missingRecords(runId, new Map(found.map(({ writer, next }) => [writer, next])), expected);
  // If a writer was not read, the writers cannot be counted.
  const document = except === undefined ? lostDocument(seen, found, newestDocument) : undefined;
  if (document === undefined) return records;
  const key = runDocumentKey(runId, document);
  const message = `${key} is missing, and so are the journals that it was made from`;
  return [{ kind: "missing", key, message }, ...records];
}

/** Returns the number of the newest document that is lost together with journals it was made from. */
function lostDocument({ built }: Seen, found: readonly Found[], newestDocument: number): number | undefined {
  const lost = built.filter(
    ({ order, document, writers }) => document > newestDocument && countWriters(found, order) < writers,
  );
  return lost.length > 0 ? lost.reduce((most, { document }) => Math.max(most, document), 0) : undefined;
}

/** Returns whether a lost run document is in the list of {@link lostRecords}. */
export function losesDocument(lost: readonly Damage[]): boolean {
  return lost.some(({ key }) => parseRunDocumentKey(key) !== undefined);
}

/**
 * Returns the lost records of writers that are shut out: neither a listed journal nor the document has them.
 */
export function lostBehindFences(
  runId: string,
  document: Pick<RunDocument, "compacted"> | undefined,
  { ends, writers }: RunListing,
): Damage[] {
  if (ends.size === 0) return [];
  const found = new Map((document?.compacted?.writers ?? []).map(({ writer, next }) => [writer, next]));
  return missingRecords(runId, found, new Map([...ends].filter(([writer]) => !writers.has(writer)))).map(withoutWriter);
}

function withoutWriter({ writer: _writer, ...damage }: LostRecords): Damage {
  return damage;
}

/** Returns the records that were `seen`, but not `found`. */
function missingRecords(
  runId: string,
  found: ReadonlyMap<string, number>,
  seen: ReadonlyMap<string, number>,
): LostRecords[] {
  return [...seen].flatMap(([writer, next]) => {
    const here = found.get(writer) ?? 0;
    if (here >= next) return [];
    const key = `${journalPrefix(runId)}/${writer}`;
    const message = `${key}: records ${here} to ${next - 1} of this writer existed once and are nowhere now`;
    return [{ kind: "missing", writer, key, message }];
  });
}

/** Returns the record with `lost` added to its damage. */
export function withDamage(record: RunRecord, lost: readonly Damage[]): RunRecord {
  return lost.length === 0 ? record : { ...record, damage: uniteDamage(record.damage, lost) };
}

/** Returns both lists as one, with each place once. */
export function uniteDamage(...lists: readonly (readonly Damage[])[]): Damage[] {
  return new DamageList(lists.flat()).list();
}
