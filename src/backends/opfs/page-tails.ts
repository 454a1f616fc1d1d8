import { LedgerError } from "../../errors/ledger-error.ts";
import { resultOf } from "./indexed-db.ts";
import type { Place } from "./place.ts";

/** An append, or a part of one. */
interface Tail {
  readonly key: string;
  /** Where the part begins in the object. */
  readonly at: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Browsers store greater values in files of their own, which takes longer than a page that ends has. */
const PART_BYTES = 32 * 1024;
const STORE = "tails";

/**
 * Keeps copies of the appends that are not done when a page is left. A tab that is closed ends its worker at once, and
 * transactions that wait for an answer. But the browser completes a transaction that only adds values, if the database
 * was open before. The next page that opens the backend appends what is missing.
 */
export class PageTails {
  readonly #name: string;
  #database: Promise<IDBDatabase | undefined> | undefined;
  #open: IDBDatabase | undefined;
  #isReady = false;
  #isLeaving = false;
  /** The appends that are not done. */
  readonly #inFlight = new Set<Tail>();
  readonly #onHide = (): void => {
    this.#isLeaving = true;
    for (const tail of this.#inFlight) this.#keep(tail);
  };
  readonly #onShow = (): void => void (this.#isLeaving = false);

  constructor(directory: string) {
    this.#name = `runledger-tails:${directory}`;
  }

  /** Appends what earlier pages could not, as far as it is missing. Never rejects: what fails is left for the next page. */
  async restore(place: Place): Promise<void> {
    try {
      const known = await indexedDB.databases?.();
      if (known?.every(({ name }) => name !== this.#name)) return;
      const database = await this.#connect();
      if (!database) return;
      const store = database.transaction(STORE, "readonly").objectStore(STORE);
      const [ids, tails] = await Promise.all([resultOf(store.getAllKeys()), resultOf<Tail[]>(store.getAll())]);
      for (const tail of tails) await appendMissing(place, tail);
      const last = ids.at(-1);
      if (last === undefined) return;
      database.transaction(STORE, "readwrite").objectStore(STORE).delete(IDBKeyRange.upperBound(last));
    } catch {
      // Firefox refuses databases in private windows.
    }
  }

  /**
   * Makes an append with `work`. If the page is left before that is done, keeps a copy of it. The first call makes ready
   * for that.
   */
  async during(
    key: string,
    bytes: Uint8Array<ArrayBuffer>,
    at: number | undefined,
    work: () => Promise<void>,
  ): Promise<void> {
    // In a worker, nothing tells that its page ends.
    if (at === undefined || typeof document === "undefined" || typeof indexedDB === "undefined") return await work();
    this.#makeReady();
    const tail = { key, at, bytes: bytes.slice() };
    this.#inFlight.add(tail);
    if (this.#isLeaving) this.#keep(tail);
    try {
      await work();
    } finally {
      this.#inFlight.delete(tail);
    }
  }

  #makeReady(): void {
    if (this.#isReady) return;
    this.#isReady = true;
    void this.#connect();
    globalThis.addEventListener("pagehide", this.#onHide);
    globalThis.addEventListener("pageshow", this.#onShow);
  }

  #keep({ key, at, bytes }: Tail): void {
    if (!this.#open) return;
    try {
      const transaction = this.#open.transaction(STORE, "readwrite");
      const store = transaction.objectStore(STORE);
      for (let from = 0; from < bytes.byteLength; from += PART_BYTES) {
        const part: Tail = { key, at: at + from, bytes: bytes.slice(from, from + PART_BYTES) };
        store.add(part);
      }
      transaction.commit();
    } catch {
      // The browser has closed the database, as when the data of the site are cleared.
    }
  }

  async close(): Promise<void> {
    if (this.#isReady) {
      globalThis.removeEventListener("pagehide", this.#onHide);
      globalThis.removeEventListener("pageshow", this.#onShow);
    }
    (await this.#database)?.close();
    this.#open = undefined;
  }

  /** Resolves with `undefined` if there is no database to have. */
  #connect(): Promise<IDBDatabase | undefined> {
    return (this.#database ??= this.#connectNow().catch(() => undefined));
  }

  async #connectNow(): Promise<IDBDatabase> {
    const request = indexedDB.open(this.#name, 1);
    request.addEventListener("upgradeneeded", () => {
      request.result.createObjectStore(STORE, { autoIncrement: true });
    });
    const database = await resultOf(request);
    database.addEventListener("versionchange", () => database.close());
    return (this.#open = database);
  }
}

/** Appends the bytes of a tail that the object lacks. Leaves an object alone that is absent or ends elsewhere. */
async function appendMissing(place: Place, { key, at, bytes }: Tail): Promise<void> {
  const size = (await place.stat(key))?.size;
  if (size === undefined || size < at || size >= at + bytes.byteLength) return;
  try {
    await place.append?.(key, bytes.slice(size - at), { at: size });
  } catch (error) {
    // Another tab appends it, too.
    if (!LedgerError.is(error) || error.code !== "CONFLICT") throw error;
  }
}
