import { laterNumbers } from "../../bytes/sparse-numbers.ts";
import type { IndexReader } from "./index-reader.ts";
import { objectSize } from "./object-size.ts";
import type { Settings } from "./options.ts";
import type { PublishedIndex } from "./published-index.ts";

const RUN = /^runs\/[^/]+(?=\/|$)/;
const DOCUMENT = /\/run(?:\.(\d{1,9}))?\.json$/;

/**
 * Runs that were closed in the place after it was published, without another publish. A close removes objects that the
 * index lists. Such a run is read as in a place without an index: by the document that its close wrote.
 */
export class ClosedSince {
  readonly #settings: Settings;
  readonly #reader: IndexReader;
  /** By run: the index that is out of date. */
  readonly #outdated = new Map<string, PublishedIndex>();

  constructor(settings: Settings, reader: IndexReader) {
    this.#settings = settings;
    this.#reader = reader;
  }

  /** The number of such runs that were found. */
  get size(): number {
    return this.#outdated.size;
  }

  /** Returns whether a key or a prefix is of a run that was found. */
  has(key: string, { number, publishedAt }: PublishedIndex): boolean {
    const known = this.#outdated.get(RUN.exec(key)?.[0] ?? "");
    return known !== undefined && known.number === number && known.publishedAt === publishedAt;
  }

  /** Asks the server whether the run of a key that is missing was closed after the index was written. */
  async find(key: string, index: PublishedIndex, signal: AbortSignal | undefined): Promise<boolean> {
    const run = RUN.exec(key)?.[0];
    if (run === undefined) return false;
    let listed = 0;
    for await (const entry of this.#reader.list(run, undefined, signal)) {
      const match = DOCUMENT.exec(entry.key);
      if (match) listed = Math.max(listed, Number(match[1] ?? 1));
    }
    for (const later of laterNumbers(listed)) {
      const key = later === 1 ? `${run}/run.json` : `${run}/run.${String(later).padStart(4, "0")}.json`;
      try {
        await objectSize(this.#settings, { operation: "stat", key, signal });
      } catch {
        signal?.throwIfAborted();
        continue;
      }
      this.#outdated.set(run, index);
      return true;
    }
    return false;
  }
}
