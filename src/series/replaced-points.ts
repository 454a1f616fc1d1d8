import type { Backend, CallOptions } from "../backend/backend.ts";
import type { RunEvent } from "../journal/event.ts";
import type { RunListing } from "../journal/list-run.ts";
import { isSystemMetric } from "../journal/metric-field.ts";
import { readNewestDocument } from "../journal/newest-document.ts";
import type { RunCreated } from "../journal/run-created.ts";
import { readFolds } from "../journal/run-state.ts";
import type { SegmentEntry } from "../journal/segment.ts";
import type { WriterFold } from "../journal/writer-fold.ts";
import { isRecovery } from "../journal/writers-alive.ts";

/** Which sessions replace the points of others. */
export interface Cuts {
  /** The sessions of the run, in their order. */
  readonly sessions: readonly Pick<WriterFold, "writer" | "firstStep">[];
  /** By writer: the place of the first session that replaces its points. All sessions after that one do, too. */
  readonly from: ReadonlyMap<string, number>;
}

/** What tells the points of the latest sessions from replaced ones. */
export interface Latest {
  readonly cuts: Cuts;
  /** The writers of the compaction, in its order. */
  readonly compacted: readonly WriterFold[];
}

/** Returns what is replaced in a run, or `undefined` if nothing is. */
export async function readLatest(
  backend: Backend,
  runId: string,
  run: {
    readonly listing: RunListing;
    readonly isConfirmed: boolean;
    readonly more: ReadonlyMap<string, readonly SegmentEntry[]>;
    readonly readCreated: () => Promise<RunCreated>;
  },
  options: CallOptions | undefined,
): Promise<Latest | undefined> {
  const { document } = await readNewestDocument(backend, runId, run.listing, run.isConfirmed, options);
  const compacted = document?.compacted?.writers ?? [];
  const folds =
    run.more.size === 0 ? compacted : await readFolds(backend, await run.readCreated(), run.more, options, compacted);
  const cuts = cutsOf(folds);
  return cuts.from.size === 0 ? undefined : { cuts, compacted };
}

type Session = Pick<WriterFold, "writer" | "order" | "fence" | "next" | "firstStep" | "events">;

/**
 * Returns which sessions replace the points of others: those that certainly began after the end of the other, and have
 * logged a row.
 */
export function cutsOf(folds: readonly WriterFold[]): Cuts {
  const sessions = folds.filter((fold) => !isRecovery(fold)).sort((a, b) => a.order - b.order);
  const ends = endsOf(sessions, folds);
  const last = sessions.findLastIndex(({ firstStep }) => firstStep !== undefined);
  const from = new Map<string, number>();
  for (const { writer, order } of sessions) {
    const end = ends.get(writer);
    if (end === undefined) continue;
    const place = firstFrom(sessions, Math.max(end, order + 1));
    if (place <= last) from.set(writer, place);
  }
  return { sessions, from };
}

/**
 * Returns by writer the step from which on its points of a metric are replaced. A later session replaces them from the
 * step of its own first point of the metric on: a training that went back to a checkpoint repeats what it logged after
 * it, and metrics may count different steps, such as batches and epochs. Of a metric that it has not logged, it replaces
 * the points from the step of its first row on. `firsts` has the step of the first point of the metric by writer.
 * Measurements of the machine are never replaced.
 */
export function replacedFrom(key: string, firsts: ReadonlyMap<string, number>, cuts: Cuts): Map<string, number> {
  const { sessions, from } = cuts;
  if (isSystemMetric(key)) return new Map();
  // For each session the least of its steps and of those of the sessions that began after it.
  const least = new Float64Array(sessions.length + 1).fill(Infinity);
  for (let i = sessions.length - 1; i >= 0; i--) {
    const { writer, firstStep = Infinity } = sessions[i]!;
    least[i] = Math.min(least[i + 1]!, firsts.get(writer) ?? firstStep);
  }
  return new Map([...from].map(([writer, place]) => [writer, least[place]!]));
}

/** Returns the place of the first session whose order is not below `order`. */
function firstFrom(sessions: readonly Session[], order: number): number {
  let low = 0;
  let high = sessions.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sessions[middle]!.order < order) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Returns the order from which on sessions certainly began after the end of a writer, by writer. */
function endsOf(sessions: readonly Session[], folds: readonly WriterFold[]): Map<string, number> {
  const known = new Map(sessions.map((session) => [session.writer, session]));
  const ends = new Map<string, number>();
  const endsAt = (writer: string, order: number): void => {
    ends.set(writer, Math.min(order, ends.get(writer) ?? Infinity));
  };
  for (const { writer, events } of folds)
    for (const event of events)
      for (const [other, order] of endedBy(writer, event, known)) if (order > -Infinity) endsAt(other, order);
  // A session behind a fence began after all sessions before the fence had been shut out.
  const behind = [...sessions].sort((a, b) => b.fence - a.fence);
  let first = Infinity;
  for (let i = 0; i < behind.length;) {
    const { fence } = behind[i]!;
    const same: Session[] = [];
    for (; i < behind.length && behind[i]!.fence === fence; i++) same.push(behind[i]!);
    if (first < Infinity) for (const { writer } of same) endsAt(writer, first);
    for (const { order } of same) first = Math.min(first, order);
  }
  return ends;
}

/** Yields the writers that have ended, if an event says so, and the order from which on sessions began after that. */
function* endedBy(
  writer: string,
  event: RunEvent,
  known: ReadonlyMap<string, Session>,
): Generator<readonly [writer: string, order: number], void> {
  if (event.kind === "finish" || (event.kind === "leave" && event.next >= (known.get(writer)?.next ?? 0)))
    yield [writer, event.order + 1];
  if (event.kind !== "session" && event.kind !== "interrupted") return;
  // Whoever has stored nothing since another session read its journal had ended by then.
  for (const [other, next] of Object.entries(event.positions ?? {})) {
    const session = known.get(other);
    if (session && other !== writer && session.next <= next) yield [other, event.order];
  }
}
