import type { FileState } from "../backend/file-tree.ts";

/** The most files whose digests are remembered. The oldest are forgotten first. */
const MOST_FILES = 200_000;
/** The coarsest clock of a file system counts in steps of 2 s. A state that was first seen longer ago is settled. */
const SETTLED_MS = 2100;

/**
 * Remembers the digests of files by their states, so that unchanged files need not be read again. As git's index does,
 * it trusts a digest only if every write after the hashing is sure to change the state.
 */
export class KnownDigests {
  readonly #hexes = new Map<string, string>();
  /** When a state that was not settled was first seen, by `performance.now()`. */
  readonly #firstSeen = new Map<string, number>();

  /** Returns the digest of a file of this size in this state, if it is known. */
  get(state: FileState | undefined, size: number): string | undefined {
    if (state === undefined) return undefined;
    const id = idOf(state, size);
    const hex = this.#hexes.get(id);
    if (hex === undefined && !state.settled && !this.#firstSeen.has(id)) {
      keep(this.#firstSeen, id, performance.now());
    }
    return hex;
  }

  /**
   * Remembers the digest of a file. `begun`: the time by `performance.now()` before the first byte was read for it.
   */
  set(state: FileState | undefined, { hex, size }: { hex: string; size: number }, begun: number): void {
    if (state === undefined) return;
    const id = idOf(state, size);
    const seen = this.#firstSeen.get(id) ?? Infinity;
    if (!state.settled && !(begun - seen >= SETTLED_MS)) return;
    this.#firstSeen.delete(id);
    keep(this.#hexes, id, hex);
  }
}

function idOf({ id }: FileState, size: number): string {
  return `${size} ${id}`;
}

function keep<T>(map: Map<string, T>, id: string, value: T): void {
  map.set(id, value);
  if (map.size <= MOST_FILES) return;
  for (const oldest of map.keys()) return void map.delete(oldest);
}
