import type { Backend } from "../backend/backend.ts";
import { mapBounded } from "../platform/bounded.ts";
import type { Clock } from "../platform/clock.ts";
import { type FlushRange, LAST_ORDERED } from "./flush-pattern.ts";
import { segmentKey } from "./segment.ts";
import type { Removal, WriterOptions } from "./writer-options.ts";

/**
 * A listing of the run stays below a page of 1,000, and a run of an hour removes nothing before it is closed. Objects
 * stay for twice as long as {@link AWAY_MS}.
 */
const DEFAULT: Removal = { gathered: 512, keptMs: 10 * 60_000 };
/** Removals at a time. */
const REMOVALS_AT_ONCE = 8;
/**
 * A writer that has stored nothing for this long looks whether another process has gone on under its id, as a copied
 * virtual machine does. Otherwise it notices that by the objects that are there.
 */
export const AWAY_MS: number = 5 * 60_000;

/** The stored objects of a writer that later ones repeat. Removes them in the background. */
export class RepeatedObjects {
  readonly #backend: Backend;
  readonly #runId: string;
  readonly #clock: Clock;
  readonly #policy: Removal;
  #objects: readonly { readonly range: FlushRange; readonly since: number; readonly by: number }[] = [];
  #removal: AbortController | undefined;
  #isClosed = false;

  constructor({
    backend,
    runId,
    clock,
    removal = DEFAULT,
  }: Pick<WriterOptions, "backend" | "runId" | "clock" | "removal">) {
    this.#policy = removal;
    this.#backend = backend;
    this.#runId = runId;
    this.#clock = clock;
  }

  /** The objects that may still be there. */
  get ranges(): FlushRange[] {
    return this.#objects.map(({ range }) => range);
  }

  /** Adds objects that object number `by` repeats. */
  add(ranges: readonly FlushRange[], by: number): void {
    const since = this.#clock.monotonic();
    this.#objects = [...this.#objects, ...ranges.map((range) => ({ range, since, by }))];
  }

  /**
   * Begins to remove old objects of a writer if there are many. Everything that repeats them must be acknowledged. What
   * it cannot remove stays until the next time.
   */
  removeOld(writer: string): void {
    // Where two processes may create one object, nothing is removed.
    if (!this.#backend.capabilities.exclusiveCreate) return;
    const before = this.#clock.monotonic() - this.#policy.keptMs;
    const young = this.#objects.findIndex(({ since, by }) => since > before || by > LAST_ORDERED);
    const old = young < 0 ? this.#objects : this.#objects.slice(0, young);
    if (old.length < this.#policy.gathered || this.#removal !== undefined || this.#isClosed) return;
    this.#removal = new AbortController();
    void this.#remove(writer, old, this.#removal);
  }

  /** Ends a removal that is under way, and begins no other. */
  close(): void {
    this.#isClosed = true;
    this.#removal?.abort();
  }

  clear(): void {
    this.#objects = [];
  }

  async #remove(
    writer: string,
    old: readonly { readonly range: FlushRange }[],
    removal: AbortController,
  ): Promise<void> {
    const gone = new Set<FlushRange>();
    try {
      await mapBounded(old, REMOVALS_AT_ONCE, removal.signal, async ({ range }, signal) => {
        await this.#backend.remove(segmentKey(this.#runId, { writer, ...range }), { signal });
        gone.add(range);
      });
    } catch {
      // Readers do not need them, and closing the run removes them.
    }
    this.#objects = this.#objects.filter(({ range }) => !gone.has(range));
    this.#removal = undefined;
  }
}
