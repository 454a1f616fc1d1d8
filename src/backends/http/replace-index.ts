import { equalBytes } from "../../backend/body.ts";
import type { Backend, CallOptions } from "../../backend/backend.ts";
import { LedgerError } from "../../errors/ledger-error.ts";
import { mapBounded } from "../../platform/bounded.ts";
import {
  decodeIndex,
  encodeIndex,
  INDEX_KEY,
  MAX_INDEX_BYTES,
  NEXT_INDEX_KEY,
  pageKey,
  PUBLISHED_PREFIX,
  type PublishedIndex,
} from "./published-index.ts";

/** The bytes below the two names of the index. `undefined` if there is no such object. */
export interface StoredIndexes {
  readonly current: Uint8Array | undefined;
  readonly next: Uint8Array | undefined;
}

/** What to put in the place of the index. */
interface Replacement {
  readonly index: PublishedIndex;
  /** What was stored when this program began to publish. */
  readonly before: StoredIndexes;
  /** Keys of pages that no reader needs any more. */
  readonly unused: readonly string[];
}

/** How many pages are removed at the same time. */
const REMOVALS_AT_ONCE = 8;

/** Returns what is stored below the two names of the index. */
export async function readIndexes(backend: Backend, options: CallOptions): Promise<StoredIndexes> {
  const current = await stored(backend, INDEX_KEY, options);
  return { current, next: await stored(backend, NEXT_INDEX_KEY, options) };
}

/** Returns the index of a place, or `undefined` if it has none that can be read. Throws `FORMAT_TOO_NEW`. */
export function decodeIndexes({ current, next }: StoredIndexes): PublishedIndex | undefined {
  for (const bytes of [current, next]) {
    try {
      if (bytes) return decodeIndex(bytes);
    } catch (error) {
      if (LedgerError.is(error) && error.code !== "CORRUPT") throw error;
    }
  }
  return undefined;
}

/**
 * Replaces the index of a place, and removes unused pages. Objects are never replaced in one step. So the new index is
 * first stored under another name, where readers look while the old one is gone. Rejects with `CONFLICT` if another
 * program has published since this one began. No backend can remove an object only if it is unchanged. So another
 * program may publish between a check and the removal after it. This function checks again after the removal: if there is
 * no index then, it stores its own, and rejects.
 */
export async function replaceIndex(
  backend: Backend,
  { index, before, unused }: Replacement,
  options: CallOptions,
): Promise<void> {
  const bytes = encodeIndex(index);
  const { current } = before;
  await assertStored(backend, before, options);
  if (current) {
    // What a publish that did not end has left. If only that is there, it stays until the new index is there.
    if (before.next) await backend.remove(NEXT_INDEX_KEY, options);
    await create(backend, NEXT_INDEX_KEY, bytes, options);
    await assertPages(backend, index, options);
    await assertStored(backend, { current, next: bytes }, options);
    await backend.remove(INDEX_KEY, options);
    const next = await stored(backend, NEXT_INDEX_KEY, options);
    if (!isSame(next, bytes)) {
      if (!next) await create(backend, INDEX_KEY, bytes, options);
      throw conflict(NEXT_INDEX_KEY);
    }
  }
  await create(backend, INDEX_KEY, bytes, options);
  await assertStored(backend, { current: bytes, next: current ? bytes : before.next }, options);
  // Before `next.json` is removed, so that nobody publishes meanwhile who counts on these pages.
  await mapBounded(unused, REMOVALS_AT_ONCE, options.signal, (key, stop) => backend.remove(key, { signal: stop }));
  await backend.remove(NEXT_INDEX_KEY, options);
  if (await stored(backend, INDEX_KEY, options)) return;
  if (await stored(backend, NEXT_INDEX_KEY, options)) return;
  await create(backend, INDEX_KEY, bytes, options);
  throw conflict(INDEX_KEY);
}

async function stored(backend: Backend, key: string, options: CallOptions): Promise<Uint8Array | undefined> {
  try {
    return await backend.read(key, { ...options, range: { offset: 0, length: MAX_INDEX_BYTES } });
  } catch (error) {
    if (LedgerError.hasCode(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}

/** Rejects with `CONFLICT` if something else is stored than expected. */
async function assertStored(backend: Backend, expected: StoredIndexes, options: CallOptions): Promise<void> {
  // `index.json` last: it is what the caller removes.
  if (!isSame(await stored(backend, NEXT_INDEX_KEY, options), expected.next)) throw conflict(NEXT_INDEX_KEY);
  if (!isSame(await stored(backend, INDEX_KEY, options), expected.current)) throw conflict(INDEX_KEY);
}

/** Rejects with `CONFLICT` if another program has removed a page of this index. */
async function assertPages(backend: Backend, { pages }: PublishedIndex, options: CallOptions): Promise<void> {
  const missing = new Set(pages.map(({ name }) => pageKey(name)));
  for await (const { key } of backend.list(PUBLISHED_PREFIX, options)) missing.delete(key);
  for (const key of missing) throw conflict(key);
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b);
}

async function create(backend: Backend, key: string, bytes: Uint8Array, options: CallOptions): Promise<void> {
  try {
    await backend.create(key, bytes, options);
  } catch (cause) {
    throw LedgerError.hasCode(cause, "EXISTS") ? conflict(key, cause) : cause;
  }
}

function conflict(key: string, cause?: unknown): LedgerError {
  return new LedgerError("CONFLICT", "another program publishes this ledger at this moment: publish it again", {
    key,
    operation: "publish",
    cause,
  });
}
