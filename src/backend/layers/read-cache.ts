import type { Backend } from "../backend.ts";
import { clampRange } from "../body.ts";
import { invalidArgument } from "../../errors/ledger-error.ts";
import { checkNames, layer } from "./layer.ts";

/** Options of `withReadCache`. */
export interface ReadCacheOptions {
  /** The greatest number of bytes to keep. Default 64 MiB. The least recently used object goes first. */
  readonly maxBytes?: number | undefined;
  /** The size of the largest object to keep, in bytes. Default: an eighth of `maxBytes`. */
  readonly maxObjectBytes?: number | undefined;
  /**
   * Returns `true` for a key that has the same bytes each time it is created, and that is never appended to. Default:
   * keys whose last segment is a digest of 64 hexadecimal digits, because there the key decides the bytes.
   */
  readonly cacheable?: ((key: string) => boolean) | undefined;
}

/**
 * Returns a backend that keeps small objects after they were read, so that reading them again costs nothing. It keeps
 * only keys that `cacheable` admits, because another process may remove an object and create the key again. Such a key
 * can be out of date in one way only: the object was removed. The cache never remembers that an object is missing, and
 * always asks the backend for `stat` and `list`.
 */
export function withReadCache(backend: Backend, options: ReadCacheOptions = {}): Backend {
  checkNames("withReadCache", options, { maxBytes: true, maxObjectBytes: true, cacheable: true });
  const maxBytes = limit(options.maxBytes, "maxBytes", 64 * 1024 * 1024);
  const maxObjectBytes = limit(options.maxObjectBytes, "maxObjectBytes", Math.floor(maxBytes / 8));
  const cacheable = options.cacheable ?? namedByDigest;
  const kept = new Map<string, Uint8Array>();
  let total = 0;
  // Counts the changes of this handle, because bytes read before a change must not be kept after it.
  let changes = 0;
  let closed = false;

  const forget = (key: string): void => {
    const bytes = kept.get(key);
    if (bytes !== undefined && kept.delete(key)) total -= bytes.byteLength;
  };

  const keep = (key: string, bytes: Uint8Array): void => {
    forget(key);
    if (closed || bytes.byteLength > maxObjectBytes) return;
    kept.set(key, new Uint8Array(bytes));
    total += bytes.byteLength;
    for (const oldest of kept.keys()) {
      if (total <= maxBytes) break;
      forget(oldest);
    }
  };

  /** Forgets the keys before and after a change, which takes effect at some time between its start and its end. */
  const changing = async (keys: readonly string[], change: () => Promise<void>): Promise<void> => {
    const clear = (): void => {
      changes++;
      for (const key of keys) forget(key);
    };
    clear();
    try {
      await change();
    } finally {
      clear();
    }
  };

  return layer(backend, {
    async read(key, call) {
      const hit = kept.get(key);
      if (hit !== undefined) {
        call?.signal?.throwIfAborted();
        kept.delete(key);
        kept.set(key, hit);
        const { start, end } = clampRange(call?.range, hit.byteLength);
        return hit.slice(start, end);
      }
      const before = changes;
      const bytes = await backend.read(key, call);
      if (call?.range === undefined && before === changes && cacheable(key)) keep(key, bytes);
      return bytes;
    },
    remove: (key, call) => changing([key], () => backend.remove(key, call)),
    append: (key, bytes, call) => changing([key], () => (backend as Required<Backend>).append(key, bytes, call)),
    move: (from, to, call) => changing([from, to], () => (backend as Required<Backend>).move(from, to, call)),
    close: async () => {
      closed = true;
      kept.clear();
      total = 0;
      await backend.close?.();
    },
  });
}

function namedByDigest(key: string): boolean {
  return /(?:^|\/)[0-9a-f]{64}$/.test(key);
}

function limit(value: number | undefined, field: string, fallback: number): number {
  if (value === undefined) return fallback;
  if (!Number.isSafeInteger(value) || value < 0) throw invalidArgument(field, "a non-negative safe integer", value);
  return value;
}
