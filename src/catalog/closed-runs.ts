import type { CatalogRow } from "./catalog-row.ts";
import { experimentPrefix } from "./catalog-entry.ts";
import type { ExperimentListing, RunEntries } from "./list-catalog.ts";
import { RunMemory } from "./run-memory.ts";
import { recordChars } from "./segment-limits.ts";

/** The most characters of records that are remembered, as JSON. */
const MAX_CHARS: number = 32 * 1024 * 1024;

interface Remembered extends CatalogRow {
  /** What the entries of the run said. */
  readonly entries: string;
}

/**
 * The rows of closed runs that are in no segment. They count as long as the entries of the run say the same, just as a
 * row in a segment does: every change of a run makes an entry. Only the removal of the run by hand makes none. So a row
 * is forgotten when its entries are gone, and no segment is made from what is remembered.
 */
export class ClosedRuns {
  readonly #rows: RunMemory<Remembered>;

  /** Remembers at most `most` characters of records. */
  constructor(most: number = MAX_CHARS) {
    this.#rows = new RunMemory(most);
  }

  /** Says that another call begins. What neither it nor the call before needs makes room first. */
  begin(): void {
    this.#rows.begin();
  }

  /**
   * Forgets the runs of an experiment, or of all, that a listing of the catalogue does not have. `prefix`: of the
   * experiment that was listed.
   */
  keepListed(prefix: string | undefined, listed: readonly ExperimentListing[]): void {
    const listings = new Map(listed.map((listing) => [listing.prefix, listing.entries]));
    for (const [id, { record }] of this.#rows.entries()) {
      const own = experimentPrefix(record.experiment);
      if ((prefix === undefined || own === prefix) && listings.get(own)?.has(id) !== true) this.forget(id);
    }
  }

  get(id: string, entries: RunEntries): CatalogRow | undefined {
    const row = this.#rows.get(id);
    if (row === undefined || row.entries === textOf(entries)) return row;
    this.forget(id);
    return undefined;
  }

  /** Remembers the row of a closed run, if there is room. */
  add({ record, document, marker }: CatalogRow, entries: RunEntries): void {
    this.#rows.set(record.id, { record, document, marker, entries: textOf(entries) }, recordChars(record));
  }

  /** Forgets a run, because a segment has it now. */
  forget(id: string): void {
    this.#rows.forget(id);
  }
}

const textOf = ({ open, closed, marked }: RunEntries): string => `${open} ${closed} ${marked}`;
