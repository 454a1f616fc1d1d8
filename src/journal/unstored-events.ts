/** Kinds that tell of the writer, not of what the program does. */
const OWN: ReadonlySet<string> = new Set(["session", "beat", "dropped", "clock", "leave"]);

/** Knows whether events that the program asked for wait to be stored. */
export class UnstoredEvents {
  /** How many records there were with the latest of them. */
  #to = 0;

  /** An event of this kind is the latest of so many `records`. */
  add(kind: string, records: number): void {
    if (!OWN.has(kind)) this.#to = records;
  }

  /** Records are numbered from `base` on. */
  renumber(base: number): void {
    this.#to -= base;
  }

  /** Whether one is not among the first `stored` records. */
  exceed(stored: number): boolean {
    return this.#to > stored;
  }
}
