/** The bytes that all columns together may gather before they are hashed, and those of one column. */
const GATHERED_BYTES: number = 64 * 1024 * 1024;
const COLUMN_BYTES: number = 64 * 1024;
/** How many values, and how many bytes of them, are hashed before the work looks whether it has to pause. */
const VALUES_AT_ONCE = 1024;
const BYTES_AT_ONCE: number = 512 * 1024;

/** Counts the work that the columns of a table take, so that it can pause. */
export class HashWork {
  /** The number of columns. */
  columns = 0;
  /** The values, also those inside of cells, and the bytes since the work last looked whether it has to pause. */
  values = 0;
  bytes = 0;

  /** How many bytes a column may gather before they are hashed. */
  get room(): number {
    return Math.min(COLUMN_BYTES, GATHERED_BYTES / this.columns);
  }

  /** Whether it is time to look. */
  get isDue(): boolean {
    return this.values >= VALUES_AT_ONCE || this.bytes >= BYTES_AT_ONCE;
  }

  /** Counts from zero. */
  restart(): void {
    this.values = 0;
    this.bytes = 0;
  }
}
