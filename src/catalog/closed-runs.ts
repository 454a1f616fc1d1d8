import type { CatalogRow } from "./catalog-row.ts";
import { experimentPrefix } from "./catalog-entry.ts";
import type { ExperimentListing, RunEntries } from "./list-catalog.ts";
import { recordChars } from "./segment-limits.ts";

/** The most characters of records that are remembered, as JSON. */
const MAX_CHARS: number = 32 * 1024 * 1024;

interface Remembered extends CatalogRow {
  readonly chars: number;
  /** What the entries of the run said. */
  readonly entries: string;
  /** The number of the call that last needed it. */
  call: number;
}

/**
 * The rows of closed runs that are in no segment. They count as long as the entries of the run say the same, just as a
 * row in a segment does: every change of a run makes an entry. Only the removal of the run by hand makes none. So a row
 * is forgotten when its entries are gone, and no segment is made from what is remembered.
 */
export class ClosedRuns {
  readonly #rows = new Map<string, Remembered>();
  readonly #most: number;
  #chars = 0;
  #call = 0;

  /** Remembers at most `most` characters of records. */
  constructor(most: number = MAX_CHARS) {
    this.#most = most;
  }

  /** Says that another call begins. What neither it nor the call before needs makes room first. */
  begin(): void {
    this.#call++;
  }

  /**
   * Forgets the runs of an experiment, or of all, that a listing of the catalogue does not have. `prefix`: of the
   * experiment that was listed.
   */
  keepListed(prefix: string | undefined, listed: readonly ExperimentListing[]): void {
    if (this.#rows.size === 0) return;
    const listings = new Map(listed.map((listing) => [listing.prefix, listing.entries]));
    for (const [id, { record }] of this.#rows) {
      const own = experimentPrefix(record.experiment);
      if ((prefix === undefined || own === prefix) && listings.get(own)?.has(id) !== true) this.forget(id);
    }
  }

  get(id: string, entries: RunEntries): CatalogRow | undefined {
    const row = this.#rows.get(id);
    if (row === undefined) return undefined;
    this.#rows.delete(id);
    if (row.entries !== textOf(entries)) {
      this.#chars -= row.chars;
      return undefined;
    }
    row.call = this.#call;
    this.#rows.set(id, row);
    return row;
  }

  /** Remembers the row of a closed run, if there is room. */
  add({ record, document, marker }: CatalogRow, entries: RunEntries): void {
    this.forget(record.id);
    const chars = recordChars(record);
    for (const [id, row] of this.#rows) {
      if (this.#chars + chars <= this.#most || row.call >= this.#call - 1) break;
      this.forget(id);
    }
    if (this.#chars + chars > this.#most) return;
    this.#rows.set(record.id, { record, document, marker, chars, entries: textOf(entries), call: this.#call });
    this.#chars += chars;
  }

  /** Forgets a run, because a segment has it now. */
  forget(id: string): void {
    this.#chars -= this.#rows.get(id)?.chars ?? 0;
    this.#rows.delete(id);
  }
}

const textOf = ({ open, closed, marked }: RunEntries): string => `${open} ${closed} ${marked}`;
