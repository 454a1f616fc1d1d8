import type { Backend, CallOptions } from "../backend/backend.ts";
import type { Damage } from "./damage.ts";
import { lostRecords, uniteDamage, withDamage } from "./lost-objects.ts";
import { foldRun } from "./fold-run.ts";
import { isFinal } from "./inventory.ts";
import { FIRST_STATE } from "./flush-pattern.ts";
import { type KnownRun, knownRun, segmentsBeyondKnown, stillKnown } from "./known-run.ts";
import type { SegmentEntry } from "./segment.ts";
import { listingMark, listRun, type RunListing } from "./list-run.ts";
import type { RunCreated } from "./run-created.ts";
import type { RunRecord } from "./run-record.ts";
import { type WriterFold, WriterFolder } from "./writer-fold.ts";
import { areWritersAlive } from "./writers-alive.ts";
import { decodeEvent } from "./decode-event.ts";
import { readWriter } from "./journal-reader.ts";
import { onDemand } from "../platform/on-demand.ts";
import { READ_BYTES } from "./segment-reader.ts";
import {
  assertConfirmed,
  type KnownDocument,
  readNewestDocument,
  whileItChanges,
  type NewestDocument,
} from "./newest-document.ts";

/** A run without its points. */
export interface RunState extends NewestDocument {
  readonly listing: RunListing;
  readonly folds: readonly WriterFold[];
  /** The records and objects that the run had once and has lost. */
  readonly lost: readonly Damage[];
}

/**
 * Reads and folds a run, without the writer `except`. `allMedia`: keeps all rich values that are not compacted.
 */
export async function readRunState(
  backend: Backend,
  created: RunCreated,
  {
    signal,
    listing,
    except,
    allMedia = false,
    knownDocument,
  }: CallOptions & {
    readonly listing?: RunListing;
    readonly except?: string;
    readonly allMedia?: boolean;
    readonly knownDocument?: KnownDocument | undefined;
  } = {},
): Promise<RunState> {
  const options = signal ? { signal } : undefined;
  return await whileItChanges(backend, created.id, options, listing, async (listed, isConfirmed) => {
    const known = knownDocument?.number === listed.newestDocument ? knownDocument.document : undefined;
    const beginning = await readNewestDocument(backend, created.id, listed, isConfirmed, options, known);
    const { document, more, lost } = beginning;
    const wanted = new Map([...more].filter(([writer]) => writer !== except));
    const compacted = document?.compacted?.writers;
    const folds = await readFolds(backend, created, wanted, { ...options, allMedia }, compacted);
    const lostToo = lostRecords(created.id, folds, listed, except);
    assertConfirmed(lostToo, isConfirmed);
    return {
      listing: listed,
      ...beginning,
      lost: uniteDamage(lost, lostToo),
      folds: folds.filter(({ writer }) => writer !== except),
    };
  });
}

/** A record of a run, and where it comes from. */
export interface ReadRecord {
  readonly record: RunRecord;
  /** The listing that it was read from. */
  readonly listing: RunListing;
  /** Whether it is the record of the newest document, and no writer can add to it without a new session. */
  readonly isSettled: boolean;
  /** What the next call for a running run may begin with. */
  readonly known?: KnownRun | undefined;
}

interface ReadFrom {
  readonly listing?: RunListing | undefined;
  /** What an earlier call read of the run. */
  readonly known?: KnownRun | undefined;
  /** Whether the states count that objects of journals begin with. Then damage before them is not noticed. */
  readonly byState?: boolean | undefined;
}

/** Returns the newest segments of journals that are not compacted, if they may begin with a state. */
function withStates(
  journals: ReadonlyMap<string, readonly SegmentEntry[]>,
  compacted: readonly WriterFold[],
): SegmentEntry[] {
  const without = new Set(compacted.map(({ writer }) => writer));
  return [...journals].flatMap(([writer, segments]) => {
    const last = segments.at(-1)!;
    const mayHave = last.seq >= FIRST_STATE && last.size <= READ_BYTES && last.end === undefined;
    return mayHave && !without.has(writer) ? [last] : [];
  });
}

const stateReading = /* @__PURE__ */ onDemand(() => import("./read-states.ts"));

/**
 * Reads the record of a run: that of its newest document if the journals hold no more, else folded. A run that no
 * writer closed reads as `interrupted` if all writers are certainly gone. That costs one more listing, because a writer
 * may have recorded something before it ended.
 */
export async function readRecord(
  backend: Backend,
  runId: string,
  readCreated: () => Promise<RunCreated>,
  { signal, listing, known, byState = false }: CallOptions & ReadFrom = {},
): Promise<ReadRecord> {
  const options = signal ? { signal } : undefined;
  for (let next = listing; ;) {
    const read = await whileItChanges(backend, runId, options, next, async (listed, isConfirmed) => {
      const before = stillKnown(known, listed);
      const { document, isCurrent, more, lost } = await readNewestDocument(
        backend,
        runId,
        listed,
        isConfirmed,
        options,
        before?.document,
      );
      if (document && isCurrent && document.record.status !== "running")
        return {
          record: withDamage(document.record, lost),
          listing: listed,
          isSettled: lost.length === 0 && isFinal(document),
        };
      const compacted = document?.compacted?.writers ?? [];
      const newest = byState && before === undefined ? withStates(more, compacted) : [];
      const states =
        newest.length > 0
          ? await (await stateReading()).readStates(backend, runId, listed, newest, options)
          : undefined;
      const standing = before ?? states?.known;
      const created = standing?.created ?? (await readCreated());
      const journals = standing ? [...standing.writers.values()].map(({ fold }) => fold) : [];
      const unread = standing ? segmentsBeyondKnown(standing, more) : more;
      const folds = await readFolds(states?.source ?? backend, created, unread, options, [...compacted, ...journals]);
      const lostToo = lostRecords(runId, folds, listed);
      assertConfirmed(lostToo, isConfirmed);
      const record = withDamage(foldRun(created, folds), uniteDamage(lost, lostToo));
      const now = record.damage.length === 0 ? knownRun(created, document, listed, more, folds) : undefined;
      return { record, listing: listed, isSettled: false, created, folds, known: now };
    });
    const { created, folds, ...result } = read;
    if (created === undefined || result.record.status !== "running") return result;
    if ((await areWritersAlive(backend, created, folds, read.listing.fences)) !== "gone") return result;
    next = await listRun(backend, runId, options);
    if (listingMark(next) === listingMark(read.listing))
      return { ...result, record: { ...foldRun(created, folds, { gone: true }), damage: result.record.damage } };
  }
}

/**
 * Reads and folds journals of a run. `known`: folds of earlier records. Memory does not grow with the number of points.
 */
export async function readFolds(
  backend: Backend,
  created: RunCreated,
  writers: ReadonlyMap<string, readonly SegmentEntry[]>,
  { allMedia = false, ...options }: CallOptions & { readonly allMedia?: boolean } = {},
  known: readonly WriterFold[] = [],
): Promise<WriterFold[]> {
  const folds = new Map(known.map((fold) => [fold.writer, fold]));
  for (const [writer, segments] of writers) {
    const base = folds.get(writer);
    const folder = new WriterFolder(base, { allMedia });
    const next = await readWriter(backend, created.id, segments, folder, options, base?.next, decodeEvent);
    folds.set(writer, folder.fold(writer, next, created));
  }
  return [...folds.values()];
}
