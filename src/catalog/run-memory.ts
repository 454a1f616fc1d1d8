interface Held<T> {
  readonly value: T;
  readonly chars: number;
  /** The number of the call that last needed it. */
  call: number;
}

/**
 * What a ledger remembers of runs, by id, up to a number of characters. What neither this call nor the call before
 * needed makes room first; otherwise a run is not remembered.
 */
export class RunMemory<T> {
  readonly #runs = new Map<string, Held<T>>();
  readonly #most: number;
  #chars = 0;
  #call = 0;

  /** Remembers at most `most` characters. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Says that another call begins. */
  begin(): void {
    this.#call++;
  }

  /** Returns what is remembered of all runs. */
  *entries(): Generator<[id: string, value: T], void, undefined> {
    for (const [id, { value }] of this.#runs) yield [id, value];
  }

  /** Returns what is remembered of a run, which this call needs. */
  get(id: string): T | undefined {
    const held = this.#runs.get(id);
    if (held === undefined) return undefined;
    this.#runs.delete(id);
    this.#runs.set(id, held);
    held.call = this.#call;
    return held.value;
  }

  /** Remembers a value of `chars` characters, if there is room. */
  set(id: string, value: T, chars: number): void {
    this.forget(id);
    for (const [other, { call }] of this.#runs) {
      if (this.#chars + chars <= this.#most || call >= this.#call - 1) break;
      this.forget(other);
    }
    if (this.#chars + chars > this.#most) return;
    this.#runs.set(id, { value, chars, call: this.#call });
    this.#chars += chars;
  }

  forget(id: string): void {
    this.#chars -= this.#runs.get(id)?.chars ?? 0;
    this.#runs.delete(id);
  }
}
