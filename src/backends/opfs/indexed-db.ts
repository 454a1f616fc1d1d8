/** The stores of the database, by what they hold. */
export interface Stores {
  /** A {@link StoredObject} for each key. */
  readonly objects: IDBObjectStore;
  /** Bytes, by the id of their object and where they begin in it. */
  readonly parts: IDBObjectStore;
  /** An {@link Unfinished} for each id whose object is still being stored. */
  readonly unfinished: IDBObjectStore;
}

export interface StoredObject {
  readonly id: string;
  readonly size: number;
}

export interface Unfinished {
  /** The page or worker that stores it. */
  readonly writer: string;
  /** When it began, in ms since the epoch. */
  readonly time: number;
}

const NAMES = ["objects", "parts", "unfinished"] as const;

/** A connection to a database of objects, which is opened again if the browser closes it. */
export class Database {
  readonly #name: string;
  #connection: Promise<IDBDatabase> | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  /**
   * Runs `work` in a transaction, and resolves when the transaction is complete. `work` may await requests of the
   * stores only. If it rejects, nothing is changed.
   */
  async transact<T>(
    mode: "readonly" | "readwrite",
    durability: "relaxed" | "strict",
    work: (stores: Stores) => Promise<T>,
  ): Promise<T> {
    const transaction = (await this.#open()).transaction(NAMES, mode, { durability });
    const complete = new Promise<void>((resolve, reject) => {
      transaction.addEventListener("complete", () => resolve());
      transaction.addEventListener("abort", () => reject(transaction.error));
    });
    complete.catch(() => {});
    const [objects, parts, unfinished] = NAMES.map((name) => transaction.objectStore(name)) as [
      IDBObjectStore,
      IDBObjectStore,
      IDBObjectStore,
    ];
    try {
      const result = await work({ objects, parts, unfinished });
      transaction.commit();
      await complete;
      return result;
    } catch (error) {
      // The transaction knows why it failed, and the request only that it did.
      if (transaction.error) throw transaction.error;
      try {
        transaction.abort();
      } catch {
        // It has ended already.
      }
      throw error;
    }
  }

  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    (await connection?.catch(() => undefined))?.close();
  }

  #open(): Promise<IDBDatabase> {
    return (this.#connection ??= this.#connect().catch((error: unknown) => {
      this.#connection = undefined;
      throw error;
    }));
  }

  async #connect(): Promise<IDBDatabase> {
    const request = indexedDB.open(this.#name, 1);
    request.addEventListener("upgradeneeded", () => {
      for (const name of NAMES) request.result.createObjectStore(name);
    });
    const database = await resultOf(request);
    const forget = (): void => {
      this.#connection = undefined;
      database.close();
    };
    database.addEventListener("close", forget);
    // Somebody deletes the database.
    database.addEventListener("versionchange", forget);
    return database;
  }
}

/** Returns the result of a request. */
export function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error));
  });
}
