import type { Backend, CallOptions } from "../backend/backend.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import type { CompactedEnd } from "./compacted.ts";
import { type Damage, DamageList } from "./damage.ts";
import { type SegmentEntry, segmentKey, segmentSeed } from "./segment.ts";
import { recordRange } from "./decode-payload.ts";
import { type JournalVisitor, SegmentVisit } from "./journal-reader.ts";
import { decodeEvent } from "./decode-event.ts";
import { type Piece, readSegment } from "./segment-reader.ts";

/** A segment as far as it was read. */
interface Followed {
  readonly visit: SegmentVisit;
  damage: DamageList;
  /** End of the last whole frame that was handed on. */
  position: number;
  /** Size of the object when its end was last seen. */
  seen: number;
  /** What lay behind the last whole frame then. */
  tail: Extract<Piece, { kind: "tail" }> | undefined;
  /** The last round did not get to its end. */
  isOpen: boolean;
  /** It was listed, and not there. */
  isGone: boolean;
}

/** How a round of reading went. */
export interface Round {
  /** There are bytes that were not there before. */
  grew: boolean;
  /** Something looks missing or damaged that may yet turn out to be only late, or was removed while it was read. */
  unsettled: boolean;
}

/**
 * Reads the journal of one writer as it grows: in each round only what is new, every record once, whatever segments it is found in.
 * An incomplete frame at an end is waited for. What looks missing, or damaged in the middle, is believed only when the next
 * round, with a listing of its own, finds it again: a listing taken while objects are made may lack one.
 */
export class WriterFollower {
  readonly #backend: Backend;
  readonly #runId: string;
  readonly #writer: string;
  readonly #visitor: Pick<JournalVisitor, "row" | "event">;
  readonly #segments = new Map<number, Followed>();
  /** Sizes as listed in the last round, if that was left in doubt: what is still missing or damaged in there is so. */
  #doubted: ReadonlyMap<number, number> | undefined;
  /** All segments with lower numbers are passed over. */
  #passed = 0;
  #next = 0;

  constructor(backend: Backend, runId: string, writer: string, visitor: Pick<JournalVisitor, "row" | "event">) {
    this.#backend = backend;
    this.#runId = runId;
    this.#writer = writer;
    this.#visitor = visitor;
  }

  /** Number behind the last record that was handed on. */
  get next(): number {
    return this.#next;
  }

  /** Passes over the records below `next`, which are known from elsewhere. */
  skipTo(next: number): void {
    this.#next = Math.max(this.#next, next);
  }

  /** Counts what is compacted as read, because it is known from elsewhere. */
  passOver({ segments, bytes }: CompactedEnd): void {
    if (segments === 0) return;
    const last = this.#segments.get(segments - 1) ?? this.#begin(segments - 1);
    last.seen = Math.max(last.seen, bytes);
    this.#passed = Math.max(this.#passed, segments - 1);
  }

  /** Whether a segment that is compacted, as far as `end` says, was neither listed nor read. */
  lacks({ segments, bytes }: CompactedEnd, listed: ReadonlySet<number>): boolean {
    // The number of segments comes from the store: what is passed over is not looked at one by one.
    for (let seq = this.#passed; seq < segments; seq++) {
      // Of a segment before the last one it is enough that it was read.
      const needed = seq === segments - 1 ? bytes : 0;
      if (!listed.has(seq) && (this.#segments.get(seq)?.seen ?? -1) < needed) return true;
    }
    return false;
  }

  /** Damage in the segments that are listed, in the order in which `readWriter` reports it. */
  damage(listed: readonly SegmentEntry[]): Damage[] {
    const all = new DamageList();
    for (const [index, { seq }] of listed.entries()) {
      const segment = this.#segments.get(seq);
      if (segment === undefined) continue;
      const found = segment.damage;
      for (const each of found.list()) all.add(each);
      if (segment.tail === undefined) continue;
      // What a tail is depends on what comes behind it, so that it is told anew each time.
      segment.damage = new DamageList();
      segment.visit.tail(segment.tail, index === listed.length - 1);
      for (const each of segment.damage.list()) all.add(each);
      segment.damage = found;
    }
    return all.list();
  }

  /** One round over the segments as they are listed now. Pauses after each frame. After a failure the next round goes on. */
  async *read(
    listed: readonly SegmentEntry[],
    round: Round,
    options?: CallOptions,
  ): AsyncGenerator<void, void, undefined> {
    for (const entry of listed) {
      const segment = this.#segments.get(entry.seq) ?? this.#begin(entry.seq);
      if (entry.size <= segment.seen && !segment.isOpen) continue;
      segment.isOpen = true;
      if (yield* this.#readOn(entry, segment, round, options)) continue;
      // Behind what may be missing nothing can be told from its number.
      this.#doubted = new Map(listed.map(({ seq, size }) => [seq, size]));
      round.unsettled = true;
      return;
    }
    this.#doubted = undefined;
  }

  /** False when it stopped in doubt. */
  async *#readOn(
    entry: SegmentEntry,
    segment: Followed,
    round: Round,
    options: CallOptions | undefined,
  ): AsyncGenerator<void, boolean, undefined> {
    const seed = segmentSeed(this.#runId, entry);
    const believed = this.#doubted?.get(entry.seq) ?? -1;
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
      // Removed since it was listed. The next listing tells whether more than this is gone.
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

  /** Whether records are missing before those of a frame that begins before record `end`. */
  #lacks(payload: Uint8Array, end: number): boolean {
    try {
      const first = recordRange(payload)?.first ?? 0;
      return first > this.#next && first < end;
    } catch {
      return false; // It cannot be decoded: the visit says so.
    }
  }

  #begin(seq: number): Followed {
    const visit = new SegmentVisit(
      segmentKey(this.#runId, { writer: this.#writer, seq }),
      {
        row: (n, keys, step, time, values) => this.#visitor.row(n, keys, step, time, values),
        event: (n, event) => this.#visitor.event(n, event),
        damage: (found) => segment.damage.add(found),
      },
      0,
      decodeEvent,
    );
    const segment: Followed = {
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
