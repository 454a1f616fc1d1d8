import type { Backend } from "../backend/backend.ts";
import { clampRange, concatBytes } from "../backend/body.ts";

/**
 * If each flush creates an object, this many bytes of them stay in memory: closing the run then need not fetch them.
 */
const RETAINED_BYTES: number = 8 * 1024 * 1024;
/** A segment that grows stays in memory up to this size, for the same reason. */
const RETAINED_SEGMENT_BYTES: number = 64 * 1024;

/** The stored segments of a writer that are still in memory, by key. */
export class RetainedSegments {
  readonly #segments = new Map<string, Uint8Array>();
  #bytes = 0;

  get(key: string): Uint8Array | undefined {
    return this.#segments.get(key);
  }

  /** Keeps an object that will not change, if there is room. Returns whether it is kept. */
  add(key: string, bytes: Uint8Array): boolean {
    if (this.#bytes + bytes.length > RETAINED_BYTES) return false;
    this.#segments.set(key, bytes);
    this.#bytes += bytes.length;
    return true;
  }

  /** Adds what was appended to a segment of `size` bytes. Forgets the segment if it is too long now. */
  append(key: string, size: number, bytes: Uint8Array): void {
    const before = this.#segments.get(key) ?? new Uint8Array();
    if (before.length === size && size + bytes.length <= RETAINED_SEGMENT_BYTES)
      this.#segments.set(key, concatBytes([before, bytes]));
    else this.#segments.delete(key);
  }

  clear(): void {
    this.#segments.clear();
    this.#bytes = 0;
  }

  /** Returns a backend that reads these segments from memory, and everything else from `backend`. */
  over(backend: Backend): Backend {
    if (this.#segments.size === 0) return backend;
    const read: Backend["read"] = async (key, options) => {
      const bytes = this.#segments.get(key);
      if (bytes === undefined) return await backend.read(key, options);
      const { start, end } = clampRange(options?.range, bytes.length);
      return bytes.slice(start, end);
    };
    return {
      contract: 1,
      name: backend.name,
      capabilities: { ...backend.capabilities, append: false, move: false },
      create: (key, body, options) => backend.create(key, body, options),
      read,
      stat: (key, options) => backend.stat(key, options),
      list: (prefix, options) => backend.list(prefix, options),
      remove: (key, options) => backend.remove(key, options),
    };
  }
}
