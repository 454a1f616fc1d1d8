import type { Backend } from "../backend/backend.ts";
import { clampRange, concatBytes } from "../backend/body.ts";

/** A segment that grows stays in memory up to this size: closing the run then need not fetch it. */
const RETAINED_SEGMENT_BYTES: number = 64 * 1024;

/** The stored segments of a writer that are still in memory, by key. */
export class RetainedSegments {
  readonly #segments = new Map<string, () => Uint8Array>();

  /** Adds an object that will not change. `encode` returns its bytes. */
  add(key: string, encode: () => Uint8Array): void {
    this.#segments.set(key, encode);
  }

  /** Adds what was appended to a segment of `size` bytes. Forgets the segment if it is too long now. */
  append(key: string, size: number, bytes: Uint8Array): void {
    const before = this.#segments.get(key)?.() ?? new Uint8Array();
    const isWhole = before.length === size && size + bytes.length <= RETAINED_SEGMENT_BYTES;
    if (!isWhole) return void this.#segments.delete(key);
    const all = concatBytes([before, bytes]);
    this.#segments.set(key, () => all);
  }

  clear(): void {
    this.#segments.clear();
  }

  /** Returns a backend that reads these segments from memory, and everything else from `backend`. */
  over(backend: Backend): Backend {
    if (this.#segments.size === 0) return backend;
    const read: Backend["read"] = async (key, options) => {
      const bytes = this.#segments.get(key)?.();
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
