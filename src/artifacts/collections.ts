import type { Backend } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import { readBounded } from "../backend/read-bounded.ts";
import { decodeCheckedJson, MAX_CHECKED_JSON_BYTES } from "../bytes/checked-json.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { mapBounded } from "../platform/bounded.ts";
import { blobKey, type StoredBlob } from "./blobs.ts";

/** The prefix of the objects of collections. In nearly all ledgers there are none. */
export const COLLECTIONS_PREFIX = "gc";
const SHAPE =
  /^gc\/([0-9]{6}|[1-9][0-9]{6,11})\/(?:(begun)\.json|(ready|done)|condemned\.([0-9]{1,6})\.json|removing\.([0-9]{1,6})\.json)$/;
const ENDED = /^gc\/ended\/([0-9]{6}|[1-9][0-9]{6,11})\.json$/;
const PARALLEL = 16;

/** Returns the key of an object of collection `n`. */
export function collectionKey(n: number, name: string): string {
  return `${COLLECTIONS_PREFIX}/${String(n).padStart(6, "0")}/${name}`;
}

/** Returns the key of the object that says that `n` collections have ended. */
export function endedKey(n: number): string {
  return `${COLLECTIONS_PREFIX}/ended/${String(n).padStart(6, "0")}.json`;
}

/** Returns the number in a key that {@link endedKey} made, or `undefined` for any other key. */
export function parseEndedKey(key: string): number | undefined {
  return Number(ENDED.exec(key)?.[1]) || undefined;
}

/** Returns how many collections have ended. */
export function countEnded(keys: Iterable<string>): number {
  let most = 0;
  for (const key of keys) most = Math.max(most, parseEndedKey(key) ?? 0);
  return most;
}

/** A collection: a search for what nothing refers to, and its removal. */
export interface Collection {
  readonly n: number;
  /** The keys of its objects. */
  readonly keys: readonly string[];
  /** The keys of the lists of what it may remove. */
  readonly lists: readonly string[];
  /** Whether all lists are there. */
  readonly isReady: boolean;
  /** How many calls have begun to remove: the first, and those that took over from one that had ended. */
  readonly removers: number;
  /** Whether it has ended, so that it removes nothing more. */
  readonly isDone: boolean;
}

/** Returns the collections that have these objects, in ascending order. Ignores other keys. */
export function toCollections(keys: Iterable<string>): Collection[] {
  const byNumber = new Map<number, { key: string; name: string; isList: boolean; remover: number }[]>();
  for (const key of keys) {
    const match = SHAPE.exec(key);
    if (match === null) continue;
    const [, digits, json, empty, part, remover] = match;
    const own = byNumber.get(Number(digits)) ?? [];
    own.push({ key, name: json ?? empty ?? "", isList: part !== undefined, remover: Number(remover ?? 0) });
    byNumber.set(Number(digits), own);
  }
  return [...byNumber]
    .sort(([a], [b]) => a - b)
    .map(([n, own]) => {
      const has = (name: string): boolean => own.some((each) => each.name === name);
      return {
        n,
        keys: own.map(({ key }) => key),
        lists: own.filter(({ isList }) => isList).map(({ key }) => key),
        isReady: has("ready"),
        removers: own.reduce((most, { remover }) => Math.max(most, remover), 0),
        isDone: has("done"),
      };
    });
}

/** Lists the keys of the objects of all collections. */
export async function listCollectionKeys(backend: Backend, signal: AbortSignal | undefined): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of backend.list(COLLECTIONS_PREFIX, callOptions(signal))) keys.push(key);
  return keys;
}

/** Reads the keys and sizes in the lists of a collection. */
export async function readCondemned(
  backend: Backend,
  { lists }: Pick<Collection, "lists">,
  signal: AbortSignal | undefined,
): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const key of lists) {
    const list = decodeCheckedJson(await readBounded(backend, key, MAX_CHECKED_JSON_BYTES, callOptions(signal)));
    const items = (list as { keys?: unknown }).keys;
    const isItem = (item: unknown): item is [string, number] =>
      Array.isArray(item) && typeof item[0] === "string" && Number.isSafeInteger(item[1]);
    if (!Array.isArray(items) || !items.every(isItem))
      throw new LedgerError("CORRUPT", `${key} is not the list of a collection`, { key });
    for (const [each, size] of items) found.set(each, size);
  }
  return found;
}

/** What a writer relies on, and what it knows. */
export interface Relied {
  /** The blobs that its manifest names. */
  readonly blobs: readonly StoredBlob[];
  /** How many collections had ended before the writer looked for its first blob. */
  readonly before: number | undefined;
  /** The marker that says that the version with this number was removed. */
  readonly marker?: string | undefined;
}

/**
 * `kept`: no collection removes the blobs. `condemned`: one may do so at this moment. `lost`: some may be gone, and none
 * removes more. `taken`: the marker exists.
 */
export type Verdict = "kept" | "condemned" | "lost" | "taken";

/**
 * Returns whether collections leave the blobs of a manifest alone that was stored before `keys` were listed. A
 * collection that begins to remove later looks for manifests again before, so it sees this one.
 */
export async function judge(
  backend: Backend,
  keys: readonly string[],
  { blobs, before = 0, marker }: Relied,
  signal: AbortSignal | undefined,
): Promise<{ readonly verdict: Verdict; readonly ended: number }> {
  const collections = toCollections(keys);
  const ended = countEnded(keys);
  let hasEnded = ended > before;
  for (const each of collections) {
    if (each.removers === 0 || each.isDone) continue;
    let condemned: Map<string, number>;
    try {
      condemned = await readCondemned(backend, each, signal);
    } catch (error) {
      if (!LedgerError.hasCode(error, "NOT_FOUND")) throw error;
      // It has ended at this moment, and its lists are gone.
      hasEnded = true;
      continue;
    }
    if (blobs.some(({ hex }) => condemned.has(blobKey(hex)))) return { verdict: "condemned", ended };
  }
  if (!hasEnded) return { verdict: "kept", ended };
  if (marker !== undefined && (await backend.stat(marker, callOptions(signal)))) return { verdict: "taken", ended };
  const sizes = await mapBounded(blobs, PARALLEL, signal, async ({ hex }, stop) =>
    backend.stat(blobKey(hex), { signal: stop }),
  );
  const isWhole = blobs.every(({ size }, i) => sizes[i]?.size === size);
  return { verdict: isWhole ? "kept" : "lost", ended };
}

/** Returns the error for content that a collection may be removing. */
export function beingCollected(what: string): LedgerError {
  const message =
    `${what} has content that gc() removes at this moment: try again when it has ended. ` +
    "If its program died, call gc() again";
  return new LedgerError("CONFLICT", message, { key: COLLECTIONS_PREFIX, transient: true });
}
