import type { Backend } from "../backend/backend.ts";
import type { Damage } from "../journal/damage.ts";
import { FlushRanges } from "../journal/flush-pattern.ts";
import type { RunListing } from "../journal/list-run.ts";
import type { RunCreated } from "../journal/run-created.ts";
import type { RunDocument } from "../journal/run-document.ts";
import type { SegmentEntry } from "../journal/segment.ts";
import { type WriterFold, WriterFolder } from "../journal/writer-fold.ts";
import { WriterFollower } from "../journal/writer-follower.ts";
import type { PointBuffer } from "./point-buffer.ts";

interface Writer {
  readonly follower: WriterFollower;
  readonly folder: WriterFolder;
}

/** The journals of a run that is followed: how far each writer was read, and what it recorded so far. */
export class FollowedWriters {
  readonly #backend: Backend;
  readonly #runId: string;
  readonly #buffer: PointBuffer | undefined;
  readonly #onNews: () => void;
  readonly #writers = new Map<string, Writer>();

  /** Puts the points into `buffer`. `onNews` is called for every record that is more than a sign of life. */
  constructor(backend: Backend, runId: string, buffer: PointBuffer | undefined, onNews: () => void) {
    this.#backend = backend;
    this.#runId = runId;
    this.#buffer = buffer;
    this.#onNews = onNews;
  }

  /** Whether no writer is followed yet. */
  get isEmpty(): boolean {
    return this.#writers.size === 0;
  }

  /** Returns what reads the journal of a writer. */
  follower(writer: string): WriterFollower {
    const known = this.#writers.get(writer);
    if (known) return known.follower;
    const folder = new WriterFolder();
    const points = this.#buffer?.writer(writer);
    const follower = new WriterFollower(this.#backend, this.#runId, writer, {
      row: (n, keys, step, time, values) => {
        folder.row(n, keys, step, time, values);
        points?.row(keys, step, time, values);
        this.#onNews();
      },
      event: (n, event) => {
        folder.event(n, event);
        if (event.kind !== "beat") this.#onNews();
      },
    });
    this.#writers.set(writer, { follower, folder });
    return follower;
  }

  /** Returns what each writer recorded so far. */
  folds(created: RunCreated, listing: RunListing): WriterFold[] {
    return [...this.#writers].map(([writer, { follower, folder }]) => ({
      ...folder.fold(writer, follower.next, created),
      damage: follower.damage(segmentsOf(listing, writer)),
    }));
  }

  /** Returns the damage of all journals. */
  damage(listing: RunListing): Damage[] {
    return [...this.#writers].flatMap(([writer, { follower }]) => follower.damage(segmentsOf(listing, writer)));
  }

  /** Returns whether compacted segments are gone that were not read to the end. */
  lacks(document: RunDocument, listing: RunListing): boolean {
    return Object.entries(document.compacted?.ends ?? {}).some(([writer, end]) => {
      const listed = segmentsOf(listing, writer);
      const follower = this.#writers.get(writer)?.follower;
      return follower ? follower.lacks(end, listed) : !new FlushRanges(listed).holdAll(0, end.segments - 1);
    });
  }
}

function segmentsOf({ writers }: RunListing, writer: string): readonly SegmentEntry[] {
  return writers.get(writer) ?? [];
}
