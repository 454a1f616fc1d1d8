import { ownValue } from "../backend/dictionary.ts";
import { type CompactedEnd, isCompacted } from "./compacted.ts";
import type { Damage } from "./damage.ts";
import type { RunEvent } from "./event.ts";
import type { RunListing } from "./list-run.ts";
import { runPrefix } from "./run-created.ts";
import { objectsOf, type RunDocument, runDocumentKey } from "./run-document.ts";
import { journalPrefix, segmentKey } from "./segment.ts";
import type { WriterFold } from "./writer-fold.ts";

/**
 * What the newest document of a run says is there and is not listed: objects that it names, and journals that are not compacted. Where
 * the newest document itself is lost, the one before it names objects that the lost one had replaced.
 */
export function lostObjects(runId: string, { document, listing }: Found): Damage[] {
  const { compacted, covers } = document;
  const listed = new Set([...listing.metrics.map(({ name }) => name), ...listing.records]);
  const sizeOf = listedSizes(listing);
  const by = runDocumentKey(runId, listing.newestDocument);
  const objects = objectsOf(document)
    .filter(({ name }) => !listed.has(name))
    .map(({ name }) => `${runPrefix(runId)}/${name}`);
  const segments = covers.flatMap(({ writer, segments: own }) =>
    own
      .filter(({ seq, bytes }) => !isCompacted(compacted && ownValue(compacted.ends, writer), seq, bytes))
      .filter(({ seq, bytes }) => sizeOf(writer, seq) < bytes)
      .map(({ seq }) => segmentKey(runId, { writer, seq })),
  );
  return [...new Set([...objects, ...segments])].map((key) => ({
    kind: "missing",
    key,
    message: `${key} is not there as ${by} says it is: it is lost or cut, or a newer document is`,
  }));
}

interface Found {
  readonly document: RunDocument;
  readonly listing: RunListing;
}

/** Whether all journals are there that a document was made from. Then nothing is lost without the document. */
export function areJournalsWhole({ document: { compacted, covers }, listing }: Found): boolean {
  const sizeOf = listedSizes(listing);
  const isWhole = (writer: string, { segments, bytes }: CompactedEnd): boolean => {
    // The number of segments comes from the store: this ends with the first that is not listed.
    for (let seq = 0; seq < segments; seq++) if (sizeOf(writer, seq) < (seq === segments - 1 ? bytes : 1)) return false;
    return true;
  };
  return (
    Object.entries<CompactedEnd>(compacted?.ends ?? {}).every(([writer, end]) => isWhole(writer, end)) &&
    covers.every(({ writer, segments }) => segments.every(({ seq, bytes }) => sizeOf(writer, seq) >= bytes))
  );
}

/** Gives the bytes of a segment as listed, -1 for one that is not there. */
function listedSizes({ writers }: RunListing): (writer: string, seq: number) => number {
  const sizes = new Map([...writers].map(([id, own]) => [id, new Map(own.map(({ seq, size }) => [seq, size]))]));
  return (writer, seq) => sizes.get(writer)?.get(seq) ?? -1;
}

/** Records of writers that later sessions of the run saw, and that are in no journal. `except`: a writer that was not read. */
export function lostRecords(
  runId: string,
  folds: readonly WriterFold[],
  listing: RunListing,
  except?: string,
): Damage[] {
  const seen = new Map<string, number>();
  for (const { events } of folds) for (const event of events) noteSeen(event, seen);
  const found = new Map(folds.map(({ writer, next }) => [writer, next]));
  // What a writer that is shut out stored last may be cut off on purpose.
  const isCut = (writer: string): boolean => writer === except || listing.ends.has(writer);
  return missingRecords(runId, found, new Map([...seen].filter(([writer]) => !isCut(writer))));
}

/** Notes in `seen` how far a session saw other writers. */
export function noteSeen(event: RunEvent, seen: Map<string, number>): void {
  if (event.kind !== "session" && event.kind !== "interrupted") return;
  for (const [writer, next] of Object.entries(event.positions ?? {}))
    seen.set(writer, Math.max(next, seen.get(writer) ?? 0));
}

/** Writers that were `seen` further than they were `found`. */
export function missingRecords(
  runId: string,
  found: ReadonlyMap<string, number>,
  seen: ReadonlyMap<string, number>,
): (Damage & { readonly writer: string })[] {
  return [...seen].flatMap(([writer, next]) => {
    const here = found.get(writer) ?? 0;
    if (here >= next) return [];
    const key = `${journalPrefix(runId)}/${writer}`;
    const message = `${key}: records ${here} to ${next - 1} of this writer were there once and are nowhere`;
    return [{ kind: "missing", writer, key, message }];
  });
}
