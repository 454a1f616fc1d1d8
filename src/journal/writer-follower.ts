import type { Backend, CallOptions } from "../backend/backend.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import type { CompactedEnd } from "./compacted.ts";
import { type Damage, DamageList } from "./damage.ts";
import { firstFlush, type FlushRange, FlushRanges } from "./flush-pattern.ts";
import { type SegmentEntry, segmentKey, segmentSeed } from "./segment.ts";
import { recordRange } from "./decode-payload.ts";
import { type JournalVisitor, SegmentVisit } from "./journal-reader.ts";
import { decodeEvent } from "./decode-event.ts";
import { type Piece, readSegment } from "./segment-reader.ts";

/** The state of a segment that is followed. */
interface Followed extends FlushRange {
  readonly visit: SegmentVisit;
  damage: DamageList;
  /** The end of the last whole frame that the visitor got. */
  position: number;
  /** The size of the object when its end was last seen. */
  seen: number;
  /** The bytes after the last whole frame then. */
  tail: Extract<Piece, { kind: "tail" }> | undefined;
  /** Whether the last round did not reach its end. */
  isOpen: boolean;
  /** Whether it was listed, but did not exist. */
  isGone: boolean;
}

/** The result of a round of reading. */
export interface Round {
  /** Whether there were new bytes. */
  grew: boolean;
  /** Whether something looks missing or damaged that may only be late, or was removed while it was read. */
  unsettled: boolean;
}

/**
 * Reads the journal of one writer as it grows. Each round reads only new bytes, and the visitor gets every record once,
 * even if several segments have it. An incomplete frame at an end may still be completed. Records that look missing, or
 * damaged in the middle, count as lost only if the next round finds the same with a new listing: a listing may lack
 * objects that are created meanwhile.
 */
export class WriterFollower {
  readonly #backend: Backend;
  readonly #runId: string;
  readonly #writer: string;
  readonly #visitor: Pick<JournalVisitor, "row" | "event">;
  readonly #segments = new Map<number, Followed>();
  /**
   * The listed sizes of the last round by first flush, if it ended in doubt. What is missing or damaged within them
   * again is lost. A segment that repeats others begins with the same bytes as the one that began there before.
   */
  #doubted: ReadonlyMap<number, number> | undefined;
  /** Segments with lower numbers are skipped. */
  #passed = 0;
  #next = 0;

  constructor(backend: Backend, runId: string, writer: string, visitor: Pick<JournalVisitor, "row" | "event">) {
    this.#backend = backend;
    this.#runId = runId;
    this.#writer = writer;
    this.#visitor = visitor;
  }

  /** The number after the last record that the visitor got. */
  get next(): number {
    return this.#next;
  }

  /** Skips the records below `next`, which are known from elsewhere. */
  skipTo(next: number): void {
    this.#next = Math.max(this.#next, next);
  }

  /** Counts what is compacted as read, because it is known from elsewhere. */
  passOver({ segments, bytes }: CompactedEnd): void {
    if (segments === 0) return;
    const last = this.#segments.get(segments - 1) ?? this.#begin({ seq: segments - 1, flushes: 1 });
    last.seen = Math.max(last.seen, bytes);
    this.#passed = Math.max(this.#passed, segments - 1);
  }

  /** Returns whether a compacted segment was neither listed nor read. */
  lacks({ segments, bytes }: CompactedEnd, listed: readonly FlushRange[]): boolean {
    const last = segments - 1;
    // A segment before the last one cannot grow, so any read was a full one.
    const read = [...this.#segments.values()].filter(({ seq, seen }) => seen >= (seq === last ? bytes : 0));
    return !new FlushRanges<FlushRange>([...listed, ...read]).holdAll(this.#passed, last);
  }

  /** Returns the damage in the listed segments, in the order of `readWriter`. */
  damage(listed: readonly SegmentEntry[]): Damage[] {
    const all = new DamageList();
    for (const [index, { seq }] of listed.entries()) {
      const segment = this.#segments.get(seq);
      if (segment === undefined) continue;
      const found = segment.damage;
      for (const each of found.list()) all.add(each);
      if (segment.tail === undefined) continue;
      // Whether a tail is damage depends on the segments after it, so this decides each time.
      segment.damage = new DamageList();
      segment.visit.tail(segment.tail, index === listed.length - 1);
      for (const each of segment.damage.list()) all.add(each);
      segment.damage = found;
    }
    return all.list();
  }

  /** Reads one round over the listed segments. Pauses after each frame. After a failure the next round continues. */
  async *read(
    listed: readonly SegmentEntry[],
    round: Round,
    options?: CallOptions,
  ): AsyncGenerator<void, void, undefined> {
    for (const entry of listed) {
      const segment = this.#segments.get(entry.seq) ?? this.#begin(entry);
      if (entry.size <= segment.seen && !segment.isOpen) continue;
      segment.isOpen = true;
      if (yield* this.#readOn(entry, segment, round, options)) continue;
      // Stops here: after records that may be missing, the numbers of later records say nothing.
      this.#doubted = new Map(listed.map((each) => [firstFlush(each), each.size]));
      round.unsettled = true;
      return;
    }
    this.#doubted = undefined;
  }

  /** Reads the new bytes of a segment. Returns `false` if it stopped in doubt. */
  async *#readOn(
    entry: SegmentEntry,
    segment: Followed,
    round: Round,
    options: CallOptions | undefined,
  ): AsyncGenerator<void, boolean, undefined> {
    const seed = segmentSeed(this.#runId, entry);
    const believed = this.#doubted?.get(firstFlush(entry)) ?? -1;
    let end = segment.position;
    let tail: Followed["tail"];
    segment.visit.end = entry.end ?? segment.visit.end;
    try {
      for await (const piece of readSegment(this.#backend, entry.key, seed, options, segment.position)) {
        if (piece.kind === "tail") {
          tail = piece;
          end = piece.to;
          break;
        }
        const isDoubtful = piece.kind === "gap" || this.#lacks(piece.payload, segment.visit.end);
        if (isDoubtful && piece.from >= believed) return false;
        round.grew = true;
        if (piece.kind === "gap") segment.visit.gap(piece);
        else {
          segment.visit.next = this.#next;
          segment.visit.frame(piece.payload, piece.from, piece.to);
          this.#next = segment.visit.next;
        }
        segment.position = end = piece.to;
        yield;
      }
    } catch (error) {
      if (!LedgerError.hasCode(error, "NOT_FOUND")) throw error;
      // The segment was removed after the listing. The next listing shows whether more is gone.
      if (!segment.isGone) round.unsettled = true;
      segment.isGone = true;
      return true;
    }
    segment.isOpen = false;
    segment.isGone = false;
    if (end !== segment.seen) round.grew = true;
    segment.tail = tail;
    segment.seen = end;
    return true;
  }

  /** Returns whether records are missing before the records of a frame that begins before record `end`. */
  #lacks(payload: Uint8Array, end: number): boolean {
    try {
      const first = recordRange(payload)?.first ?? 0;
      return first > this.#next && first < end;
    } catch {
      return false; // The visit reports that it cannot be decoded.
    }
  }

  #begin({ seq, flushes }: FlushRange): Followed {
    const visit = new SegmentVisit(
      segmentKey(this.#runId, { writer: this.#writer, seq, flushes }),
      {
        row: (n, keys, step, time, values) => this.#visitor.row(n, keys, step, time, values),
        event: (n, event) => this.#visitor.event(n, event),
        damage: (found) => segment.damage.add(found),
      },
      0,
      decodeEvent,
    );
    const segment: Followed = {
      seq,
      flushes,
      visit,
      damage: new DamageList(),
      position: 0,
      seen: -1,
      tail: undefined,
      isOpen: false,
      isGone: false,
    };
    this.#segments.set(seq, segment);
    return segment;
  }
}
