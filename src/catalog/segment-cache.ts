import type { Backend } from "../backend/backend.ts";
import { Segment } from "./segment.ts";
import type { SegmentName } from "./segment-name.ts";

/** The most cells kept in memory, with about 16 bytes each. */
const MAX_CELLS = 8_000_000;
const MAX_SEGMENTS = 256;

/** Keeps opened segments, which never change. Forgets the least recently used ones. */
export class SegmentCache {
  readonly #backend: Backend;
  readonly #segments = new Map<string, Promise<Segment>>();

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  async open(name: SegmentName, signal: AbortSignal | undefined): Promise<Segment> {
    const known = this.#segments.get(name.key);
    this.#segments.delete(name.key);
    const segment = known ?? Segment.open(this.#backend, name, signal);
    this.#segments.set(name.key, segment);
    try {
      return await segment;
    } catch (error) {
      if (this.#segments.get(name.key) === segment) this.#segments.delete(name.key);
      // Another call was aborted, not this one.
      if (known !== undefined && !signal?.aborted) return await this.open(name, signal);
      throw error;
    }
  }

  forget({ key }: SegmentName): void {
    this.#segments.delete(key);
  }

  /** Forgets the least recently used segments beyond the limit. */
  async trim(): Promise<void> {
    let cells = 0;
    let segments = 0;
    for (const [key, opened] of [...this.#segments].reverse()) {
      const segment = await opened.catch(() => undefined);
      cells += segment?.held ?? 0;
      if (++segments > MAX_SEGMENTS || cells > MAX_CELLS) this.#segments.delete(key);
    }
  }
}
