import { type OptionNames, readOptions } from "../../arguments/options.ts";
import {
  type Collection,
  collectionKey,
  COLLECTIONS_PREFIX,
  countEnded,
  endedKey,
  listCollectionKeys,
  parseEndedKey,
  readCondemned,
  toCollections,
} from "../../artifacts/collections.ts";
import type { Backend, Entry } from "../../backend/backend.ts";
import { callOptions } from "../../backend/call-options.ts";
import { createOrMatch } from "../../backend/create-or-match.ts";
import { readBounded } from "../../backend/read-bounded.ts";
import { decodeCheckedJson, encodeCheckedJson } from "../../bytes/checked-json.ts";
import { invalidArgument, LedgerError } from "../../errors/ledger-error.ts";
import type { Clock } from "../../platform/clock.ts";
import { findGarbage, type Garbage } from "./garbage.ts";

/** How far a call of `ledger.gc` has come. */
export interface CollectionProgress {
  /** The number of references that were found so far. */
  readonly references: number;
  /** The number of objects that were removed so far. */
  readonly removed: number;
}

/** Options of `ledger.gc`. */
export interface CollectOptions {
  /** Only say what would go. Default `true`. */
  readonly dryRun?: boolean | undefined;
  /**
   * How long an object must have been found to be garbage before it is removed, in ms. 0 removes at once. Default: 24
   * hours.
   */
  readonly graceMs?: number | undefined;
  /**
   * Completes a collection whose program died while it removed. Say `true` only if that program has certainly ended.
   * Default `false`.
   */
  readonly takeOver?: boolean | undefined;
  /** Called while it looks, and after each removal. */
  readonly onProgress?: ((progress: CollectionProgress) => void) | undefined;
  /** Aborting it rejects the call. What is removed by then stays removed; a later call completes the rest. */
  readonly signal?: AbortSignal | undefined;
}

/** What `ledger.gc` removed, or would remove. */
export interface Collected {
  /** The objects. */
  readonly removed: {
    /** The key of the object. */
    readonly key: string;
    /** Bytes. */
    readonly size: number;
  }[];
  /** The bytes of these objects together. */
  readonly bytes: number;
  /** The number of blobs that stay, because something refers to them. */
  readonly kept: number;
  /** The number of objects that a later call removes, once they have waited `graceMs`. */
  readonly waiting: number;
  /** Whether the call only looked. */
  readonly dryRun: boolean;
}

/** What a collection needs of a ledger. */
export interface CollectContext {
  readonly backend: Backend;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Rejects with `CONFLICT` if somebody may write to a run. */
  readonly assertNoneOpen: (signal: AbortSignal | undefined) => Promise<void>;
}

const NAMES: OptionNames<CollectOptions> = {
  dryRun: true,
  graceMs: true,
  takeOver: true,
  onProgress: true,
  signal: true,
};
const DAY_MS = 86_400_000;
/** How many keys a list holds. */
const LIST_KEYS = 50_000;
const MAX_SMALL_BYTES = 4096;

/** Removes what nothing refers to, or says what that is. */
export async function collect(context: CollectContext, given: CollectOptions | undefined): Promise<Collected> {
  const options = readOptions("gc", given, NAMES);
  const { dryRun = true, graceMs = DAY_MS, takeOver = false, onProgress, signal } = options;
  for (const [name, value] of Object.entries({ dryRun, takeOver }))
    if (typeof value !== "boolean") throw invalidArgument(name, "a boolean", value);
  if (!(typeof graceMs === "number" && graceMs >= 0))
    throw invalidArgument("graceMs", "a non-negative number", graceMs);
  if (onProgress !== undefined && typeof onProgress !== "function")
    throw invalidArgument("onProgress", "a function", onProgress);
  const work = new Work(context, onProgress, signal);
  if (dryRun) {
    const { objects, kept } = await work.find();
    return { removed: plain(objects), bytes: sum(objects), kept, waiting: 0, dryRun };
  }
  try {
    return await work.run(graceMs, takeOver);
  } catch (error) {
    // Another call has ended a collection at this moment.
    const key = LedgerError.hasCode(error, "NOT_FOUND") ? error.key : undefined;
    throw key?.startsWith(`${COLLECTIONS_PREFIX}/`) === true ? inUse(key) : error;
  }
}

/** One call that removes. */
class Work {
  readonly #context: CollectContext;
  readonly #onProgress: CollectOptions["onProgress"];
  readonly #signal: AbortSignal | undefined;
  readonly #removed: Entry[] = [];
  #references = 0;
  #kept = 0;

  constructor(context: CollectContext, onProgress: CollectOptions["onProgress"], signal: AbortSignal | undefined) {
    this.#context = context;
    this.#onProgress = onProgress;
    this.#signal = signal;
  }

  async find(): Promise<Garbage> {
    const found = await findGarbage(this.#context.backend, (read) => this.#tell(read), this.#signal);
    this.#kept = found.kept;
    return found;
  }

  #tell(references = this.#references): void {
    this.#references = references;
    this.#onProgress?.({ references, removed: this.#removed.length });
  }

  async run(graceMs: number, takeOver: boolean): Promise<Collected> {
    const { backend, assertNoneOpen } = this.#context;
    if (!backend.capabilities.exclusiveCreate) {
      const message =
        "gc cannot remove safely in a store that lets two programs create one key: its creates are not exclusive";
      throw new LedgerError("UNSUPPORTED", message, { operation: "gc" });
    }
    await assertNoneOpen(this.#signal);
    let waiting = 0;
    let isWaiting = false;
    for (const each of toCollections(await listCollectionKeys(backend, this.#signal))) {
      if (each.isDone || !each.isReady) continue;
      if (each.removers > 0) await this.#complete(each, takeOver);
      else if (await this.#isDue(each, graceMs)) await this.#remove(each);
      else {
        isWaiting = true;
        waiting = (await readCondemned(backend, each, this.#signal)).size;
      }
    }
    // What is found now would only wait longer than what waits already.
    if (!isWaiting) {
      const condemned = await this.#condemn();
      if (condemned && graceMs === 0) await this.#remove(condemned.collection);
      else waiting = condemned?.size ?? 0;
    }
    const removed = plain(this.#removed);
    return { removed, bytes: sum(removed), kept: this.#kept, waiting, dryRun: false };
  }

  /** Finds what nothing refers to, and stores the list. Returns nothing if there is no garbage. */
  async #condemn(): Promise<{ readonly collection: Collection; readonly size: number } | undefined> {
    const { backend, clock, newId } = this.#context;
    const { objects } = await this.find();
    if (objects.length === 0) return undefined;
    const earlier = await listCollectionKeys(backend, this.#signal);
    const begun = { time: clock.now(), id: newId() };
    let n = Math.max(toCollections(earlier).at(-1)?.n ?? 0, countEnded(earlier));
    do n++;
    while (!(await this.#create(n, "begun.json", { n, ...begun })));
    for (let part = 0; part * LIST_KEYS < objects.length; part++) {
      const keys = objects.slice(part * LIST_KEYS, (part + 1) * LIST_KEYS).map(({ key, size }) => [key, size]);
      await this.#create(n, `condemned.${part}.json`, { n, part, keys });
    }
    await this.#create(n, "ready");
    const collection = toCollections(await listCollectionKeys(backend, this.#signal)).find((each) => each.n === n);
    if (collection === undefined) throw inUse(collectionKey(n, removing(1)));
    return { collection, size: objects.length };
  }

  async #isDue({ n }: Collection, graceMs: number): Promise<boolean> {
    const key = collectionKey(n, "begun.json");
    const begun = decodeCheckedJson(
      await readBounded(this.#context.backend, key, MAX_SMALL_BYTES, callOptions(this.#signal)),
    );
    const { time } = begun as { time?: unknown };
    // A time that is not one waits for ever, unless the grace time is 0.
    return graceMs === 0 || (typeof time === "number" && time + graceMs <= this.#context.clock.now());
  }

  /** Removes what a collection condemned and what is still garbage. No other call does so at the same time. */
  async #remove(collection: Collection): Promise<void> {
    const { backend, assertNoneOpen } = this.#context;
    const key = await this.#claim(collection);
    let garbage: Garbage;
    try {
      await assertNoneOpen(this.#signal);
    } catch (error) {
      // Nothing was removed yet.
      await backend.remove(key);
      throw error;
    }
    try {
      garbage = await this.find();
    } catch (error) {
      // Somebody must complete or mend what cannot be read. Until then, writers need not wait.
      if (LedgerError.hasCode(error, "CORRUPT") || LedgerError.hasCode(error, "CONFLICT")) await backend.remove(key);
      throw error;
    }
    await this.#sweep(collection, garbage);
  }

  /** Goes on with a collection that another call began to remove. That call must have ended for certain. */
  async #complete(collection: Collection, takeOver: boolean): Promise<void> {
    if (!takeOver && !(await this.#hasDied(collection)))
      throw inUse(collectionKey(collection.n, removing(collection.removers)));
    await this.#context.assertNoneOpen(this.#signal);
    await this.#claim(collection);
    await this.#sweep(collection, await this.find());
  }

  /** Becomes the one call that removes. Returns the key of the claim. */
  async #claim({ n, removers }: Collection): Promise<string> {
    const { backend, newId, clock } = this.#context;
    const own = { n, id: newId(), time: clock.now(), ...(backend.liveness && { alive: backend.liveness.token }) };
    const name = removing(removers + 1);
    if (!(await this.#create(n, name, own))) throw inUse(collectionKey(n, removing(1)));
    return collectionKey(n, name);
  }

  async #hasDied({ n, removers }: Collection): Promise<boolean> {
    const { backend } = this.#context;
    const key = collectionKey(n, removing(removers));
    const claim = decodeCheckedJson(await readBounded(backend, key, MAX_SMALL_BYTES, callOptions(this.#signal)));
    const { alive } = claim as { alive?: unknown };
    if (typeof alive !== "string" || alive === backend.liveness?.token) return false;
    return (await backend.liveness?.isAlive(alive)) === false;
  }

  /** Removes what was found after the claim, and says that nothing more is removed. */
  async #sweep(collection: Collection, { objects }: Garbage): Promise<void> {
    const { backend } = this.#context;
    const condemned = await readCondemned(backend, collection, this.#signal);
    for (const entry of objects) {
      if (!condemned.has(entry.key)) continue;
      await backend.remove(entry.key, callOptions(this.#signal));
      this.#removed.push(entry);
      this.#tell();
    }
    await this.#end(collection);
  }

  /**
   * Says that nothing more is removed. The count comes first: a writer that began earlier and does not see the collection
   * any more must see that one has ended. Each has a count of its own, because others may end at the same moment.
   */
  async #end({ n }: Collection): Promise<void> {
    const { backend, newId } = this.#context;
    const id = newId();
    let ended = countEnded(await listCollectionKeys(backend, this.#signal));
    const bytes = encodeCheckedJson({ v: 1, n, id }, "collection");
    do ended++;
    while (!(await createOrMatch(backend, endedKey(ended), bytes, this.#signal, true)));
    await this.#create(n, "done");
    const keys = await listCollectionKeys(backend, this.#signal);
    for (const key of keys)
      if ((parseEndedKey(key) ?? ended) < ended) await backend.remove(key, callOptions(this.#signal));
    for (const { isDone, n: other, keys: own } of toCollections(keys)) {
      if (!isDone) continue;
      // What says that it is done goes last.
      const done = collectionKey(other, "done");
      for (const key of own) if (key !== done) await backend.remove(key, callOptions(this.#signal));
      await backend.remove(done, callOptions(this.#signal));
    }
  }

  /** Creates an object of a collection that survives a power cut. Returns `false` if it holds something else. */
  async #create(n: number, name: string, content?: object): Promise<boolean> {
    const bytes = content ? encodeCheckedJson({ v: 1, ...content }, "collection") : new Uint8Array(0);
    return await createOrMatch(this.#context.backend, collectionKey(n, name), bytes, this.#signal, true);
  }
}

const removing = (remover: number): string => `removing.${remover}.json`;

function inUse(key: string): LedgerError {
  const message =
    `another call of gc() removes, or died while it removed (${key}): wait until it has ended. If its program has ` +
    "certainly ended, pass { takeOver: true }";
  return new LedgerError("CONFLICT", message, { key, transient: true });
}

const plain = (entries: readonly Entry[]): { key: string; size: number }[] =>
  entries.map(({ key, size }) => ({ key, size }));
const sum = (entries: readonly { readonly size: number }[]): number => entries.reduce((all, { size }) => all + size, 0);
