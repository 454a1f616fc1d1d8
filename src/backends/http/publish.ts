import { readOptions } from "../../arguments/options.ts";
import type { Backend, CallOptions, Entry } from "../../backend/backend.ts";
import { assertKey, MAX_STORED_KEY_BYTES } from "../../backend/key.ts";
import { withChecks } from "../../backend/layers/checks.ts";
import { backendOfLedger } from "../../backend/ledger-backend.ts";
import { LedgerError, reading } from "../../errors/ledger-error.ts";
import { MAX_CONTENT_BYTES, pageKey, PUBLISHED_PREFIX, type PublishedIndex } from "./published-index.ts";
import { PageWriter } from "./page-writer.ts";
import { decodeIndexes, readIndexes, replaceIndex } from "./replace-index.ts";
import { groupOf, settledEntries } from "./settled-entries.ts";

/** An open `Ledger`. */
export interface PublishableLedger {
  /** Searches runs. `publish` uses it to put the runs of the catalogue into few objects. */
  searchRuns(query: {
    /** The most runs to find. */
    readonly limit: number;
    /** Aborting it rejects the call. */
    readonly signal?: AbortSignal | undefined;
  }): Promise<unknown>;
  /** Waits for the work in the background. `publish` waits until a search has moved the runs. */
  close(options?: CallOptions): Promise<void>;
}

/** What `publish` did. */
export interface Publication {
  /** How many objects the index lists. */
  readonly objects: number;
  /** The bytes of these objects together. */
  readonly bytes: number;
  /** How many objects of the index were stored. 0 if nothing has changed since it was published. */
  readonly written: number;
}

/** The most objects whose content the index repeats. A ledger has one. */
const MAX_CONTENTS = 16;

/**
 * Writes the index with which `httpBackend` finds what is in a ledger, beside the ledger. Publish again after changes:
 * readers see what there was at the last time. Lists everything, and writes only the parts of the index that changed.
 * Readers that come meanwhile see the old index or the new one. Rejects with `UNSUPPORTED` if the ledger cannot be
 * written, and with `CONFLICT` if another program publishes it at the same moment.
 */
export async function publish(ledger: PublishableLedger | Backend, options?: CallOptions): Promise<Publication> {
  const { signal } = readOptions("publish", options, { signal: true });
  const call: CallOptions = signal ? { signal } : {};
  signal?.throwIfAborted();
  const ofLedger = reading("ledger", () => backendOfLedger(ledger));
  const backend = ofLedger ?? reading("ledger", () => withChecks(ledger as Backend));
  if (backend.capabilities.readOnly === true)
    throw new LedgerError("UNSUPPORTED", "this ledger can only be read, so it cannot be published: publish its source");
  // A search merges the entries of runs. Without that, a reader makes a request for each of them.
  if (ofLedger) {
    await (ledger as PublishableLedger).searchRuns({ limit: 1, ...call });
    await (ledger as PublishableLedger).close(call);
  }

  // Read before the pages are listed: a program that removes pages later replaces the index first.
  const indexes = await readIndexes(backend, call);
  const before = decodeIndexes(indexes);
  const stored = new Set<string>();
  for await (const { key } of backend.list(PUBLISHED_PREFIX, call)) stored.add(key);
  const writer = new PageWriter(backend, stored, call);
  const contents = new Map<string, Uint8Array>();
  for await (const entry of settledEntries(backend, call)) {
    if (entry === undefined) await writer.end();
    if (entry === undefined || !isValid(entry)) continue;
    await writer.add(entry);
    if (groupOf(entry.key) === "" && entry.size <= MAX_CONTENT_BYTES && contents.size < MAX_CONTENTS)
      contents.set(entry.key, await backend.read(entry.key, call));
  }
  await writer.end();
  const pages = writer.pages.toSorted((a, b) => (a.first < b.first ? -1 : 1));
  const names = new Set(pages.map(({ name }) => pageKey(name)));
  const { objects, bytes, written } = writer;
  const old = before?.pages.flatMap(({ name }) => (names.has(pageKey(name)) ? [] : [name])) ?? [];
  const number = (before?.number ?? 0) + 1;
  const index: PublishedIndex = { number, publishedAt: Date.now(), objects, bytes, pages, contents, old };
  const isAlone = indexes.current !== undefined && indexes.next === undefined;
  if (before && isAlone && contentOf(before) === contentOf(index)) return { objects, bytes, written: 0 };
  // Readers of the index before may still need its pages. Nobody needs those of the one before that.
  const unused = (before?.old ?? []).map(pageKey).filter((key) => stored.has(key) && !names.has(key));
  await replaceIndex(backend, { index, before: indexes, unused }, call);
  return { objects, bytes, written: written + 1 };
}

/** Returns whether a key can be one of a ledger. Other programs may keep other files beside it. */
function isValid({ key }: Entry): boolean {
  try {
    assertKey(key, MAX_STORED_KEY_BYTES);
    return true;
  } catch {
    return false;
  }
}

/** Returns what an index says of the objects. */
function contentOf({ pages, contents }: PublishedIndex): string {
  return JSON.stringify([pages, [...contents].map(([key, bytes]) => [key, [...bytes]])]);
}
