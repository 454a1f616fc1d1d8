import type { Backend, CallOptions, Entry } from "../backend/backend.ts";
import { equalBytes } from "../backend/body.ts";
import { readBounded } from "../backend/read-bounded.ts";
import { MAX_CHECKED_JSON_BYTES } from "../bytes/checked-json.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { storedKind } from "../journal/inventory.ts";
import { toRunListing, type RunListing } from "../journal/list-run.ts";
import { purgedKey } from "../journal/purged.ts";
import { readBareDocument } from "../journal/read-run-document.ts";
import { runCreatedKey, runPrefix } from "../journal/run-created.ts";
import { MAX_DOCUMENT_BYTES, type RunDocument, runDocumentKey } from "../journal/run-document.ts";
import { segmentsIn } from "../journal/inventory.ts";

/** The objects of a run in one of the two ledgers. */
export interface RunPlace {
  readonly backend: Backend;
  readonly id: string;
  /** Sizes by key. Without keys that no writer uses. */
  readonly sizes: ReadonlyMap<string, number>;
  readonly listing: RunListing;
  /** Whether the run was removed for good. */
  readonly isPurged: boolean;
}

/** Lists a run. */
export async function listPlace(backend: Backend, id: string, call: CallOptions): Promise<RunPlace> {
  const entries: Entry[] = [];
  let isPurged = false;
  const below = `${runPrefix(id)}/`;
  for await (const entry of backend.list(runPrefix(id), call)) {
    isPurged ||= entry.key === purgedKey(id);
    if (storedKind(entry.key.slice(below.length)) !== undefined) entries.push(entry);
  }
  return {
    backend,
    id,
    sizes: new Map(entries.map(({ key, size }) => [key, size])),
    listing: toRunListing(entries, id),
    isPurged,
  };
}

/** Returns whether two listings of a run show the same. */
export function isSamePlace(a: RunPlace, b: RunPlace): boolean {
  return a.sizes.size === b.sizes.size && holdsAll(a, b);
}

/** Returns whether `a` has all objects of `b`, with their sizes. */
export function holdsAll(a: RunPlace, b: RunPlace): boolean {
  return [...b.sizes].every(([key, size]) => a.sizes.get(key) === size);
}

/** Returns whether an object is the same in both ledgers, or `undefined` if one of them lacks it. */
export async function isSame(
  a: RunPlace,
  b: RunPlace,
  key: string,
  call: CallOptions,
  most: number = MAX_CHECKED_JSON_BYTES,
): Promise<boolean | undefined> {
  const size = a.sizes.get(key);
  const other = b.sizes.get(key);
  if (size === undefined || other === undefined) return undefined;
  if (size !== other) return false;
  const [own, found] = await Promise.all([a, b].map(({ backend }) => readBounded(backend, key, most, call)));
  return equalBytes(own!, found!);
}

/** Returns {@link isSame} of the newest document of `a`, or of the beginning if there is no document. */
export async function isSameHead(a: RunPlace, b: RunPlace, call: CallOptions): Promise<boolean | undefined> {
  const { newestDocument } = a.listing;
  if (newestDocument === 0) return await isSame(a, b, runCreatedKey(a.id), call);
  return await isSame(a, b, runDocumentKey(a.id, newestDocument), call, MAX_DOCUMENT_BYTES);
}

/** Reads the newest document of a run without its summaries. Returns `undefined` if there is none, or it is damaged. */
export async function newestDocument(
  { backend, id, listing }: RunPlace,
  call: CallOptions,
): Promise<RunDocument | undefined> {
  if (listing.newestDocument === 0) return undefined;
  try {
    return (await readBareDocument(backend, id, listing.newestDocument, call)).document;
  } catch (error) {
    if (LedgerError.hasCode(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}

/** Returns the writers that a run has or had. */
export function writersOf({ listing }: RunPlace, document: RunDocument | undefined): Set<string> {
  const { compacted, objects = [] } = document ?? {};
  return new Set([
    ...listing.writers.keys(),
    ...listing.repeated.map(({ writer }) => writer),
    ...segmentsIn(objects).map(({ writer }) => writer),
    ...(compacted?.writers.map(({ writer }) => writer) ?? []),
    ...Object.keys(compacted?.ends ?? {}),
  ]);
}
