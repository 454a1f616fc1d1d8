import type { Entry } from "../../backend/backend.ts";
import { SortedKeys } from "./sorted-keys.ts";

/** An object: the first `size` bytes of `bytes`. The others are reserved for appends. */
interface Stored {
  bytes: Uint8Array;
  size: number;
}

/**
 * The state that handles share: the objects, and the most bytes that they may take together. Every method is atomic.
 */
export class Place {
  readonly maxBytes: number;
  #used = 0;
  #objects = new Map<string, Stored>();
  readonly #keys = new SortedKeys();
  readonly #watchers = new Set<(key: string | undefined) => void>();

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get usedBytes(): number {
    return this.#used;
  }

  /** Returns whether this many more bytes fit. */
  fits(bytes: number): boolean {
    return this.#used + bytes <= this.maxBytes;
  }

  get(key: string): Stored | undefined {
    return this.#objects.get(key);
  }

  /** Stores the bytes without copying them. Nobody else may change them afterwards. */
  put(key: string, bytes: Uint8Array): void {
    this.#objects.set(key, { bytes, size: bytes.byteLength });
    this.#keys.add(key);
    this.#used += bytes.byteLength;
    this.#changed(key);
  }

  /**
   * Appends a copy of the bytes. Doubles the reserved space when it is used up, so that the cost of an append depends
   * on its bytes only.
   */
  append(key: string, bytes: Uint8Array): void {
    const object = this.#objects.get(key);
    if (object === undefined) return this.put(key, new Uint8Array(bytes));
    const size = object.size + bytes.byteLength;
    if (size > object.bytes.byteLength) {
      const grown = new Uint8Array(Math.max(size, object.bytes.byteLength * 2, 256));
      grown.set(object.bytes.subarray(0, object.size));
      object.bytes = grown;
    }
    object.bytes.set(bytes, object.size);
    object.size = size;
    this.#used += bytes.byteLength;
    this.#changed(key);
  }

  remove(key: string): void {
    this.#used -= this.#objects.get(key)?.size ?? 0;
    if (!this.#objects.delete(key)) return;
    this.#keys.delete(key);
    this.#changed(key);
  }

  move(from: string, to: string): void {
    const object = this.#objects.get(from) as Stored;
    this.#objects.delete(from);
    this.#keys.delete(from);
    this.#objects.set(to, object);
    this.#keys.add(to);
    this.#changed(from);
    this.#changed(to);
  }

  /** Returns the next entries under `root` after the key `after`, in order, or none at the end. */
  entriesAfter(root: string, after: string): Entry[] {
    // No string sorts between a key and the key followed by U+0000.
    const keys = this.#keys.from(after < root ? root : `${after}\0`);
    const out: Entry[] = [];
    for (const key of keys) {
      if (!key.startsWith(root)) break;
      out.push({ key, size: (this.#objects.get(key) as Stored).size });
    }
    return out;
  }

  copy(): Map<string, Uint8Array> {
    const sorted = [...this.#objects].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return new Map(sorted.map(([key, object]) => [key, object.bytes.slice(0, object.size)]));
  }

  replaceAll(objects: ReadonlyMap<string, Uint8Array>): void {
    this.#objects = new Map();
    this.#keys.clear();
    this.#used = 0;
    for (const [key, bytes] of objects) this.put(key, new Uint8Array(bytes));
    this.#changed(undefined);
  }

  /** Calls `seen` after each change of an object under `root`. Returns a function that stops this. */
  watch(root: string, seen: () => void): () => void {
    const watcher = (key: string | undefined): void => {
      if (key === undefined || key.startsWith(root)) seen();
    };
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  #changed(key: string | undefined): void {
    for (const watcher of this.#watchers) watcher(key);
  }
}
