import type {
  AppendOptions,
  CallOptions,
  CreateOptions,
  Entry,
  ListOptions,
  ReadOptions,
} from "../../backend/backend.ts";
import { clampRange } from "../../backend/body.ts";
import { BLOCK_BYTES, inBlocks } from "./blocks.ts";
import { failure, vanished, wrongSize } from "./errors.ts";
import { Database, resultOf, type Stores, type StoredObject, type Unfinished } from "./indexed-db.ts";
import { newName } from "./liveness.ts";
import type { Place } from "./place.ts";

/** The number of entries of a list that are read together. */
const PAGE = 500;
/** After this time in ms nobody stores an object any more, if the browser cannot tell who still runs. */
const ABANDONED_MS = 24 * 60 * 60 * 1000;

type Durability = "relaxed" | "strict";

/** The objects of a ledger in a database of IndexedDB. */
export class IndexedDbPlace implements Place {
  readonly #database: Database;
  readonly #writer: string;
  readonly #isAlive: ((writer: string) => Promise<boolean>) | undefined;
  #swept: Promise<void> | undefined;

  /** `writer` identifies the page or worker, and `isAlive` tells of another one whether it runs. */
  constructor(directory: string, writer: string, isAlive: ((writer: string) => Promise<boolean>) | undefined) {
    this.#database = new Database(`runledger:${directory}`);
    this.#writer = writer;
    this.#isAlive = isAlive;
  }

  /** Rejects if the browser has no database to write to. */
  async open(): Promise<void> {
    await this.#database.transact("readwrite", "relaxed", async () => {});
  }

  async create(key: string, chunks: AsyncIterable<Uint8Array>, { durable }: CreateOptions): Promise<void> {
    const durability = durable ? "strict" : "relaxed";
    const id = newName(this.#writer);
    let size = 0;
    let stored = 0;
    try {
      // The last block is stored together with the object, and most objects have only that one.
      let last: Uint8Array<ArrayBuffer> | undefined;
      for await (const block of inBlocks(chunks)) {
        if (last) {
          await this.#storeBlock(id, last, size - last.byteLength, durability);
          stored++;
        }
        last = block;
        size += block.byteLength;
      }
      await this.#database.transact("readwrite", durability, async ({ objects, parts, unfinished }) => {
        await assertFree(objects, "create", key);
        // The database may be another one than that of the first blocks.
        if (stored > 0 && (await resultOf(parts.count(partsOf(id)))) !== stored) throw vanished("create", key);
        if (last && last.byteLength > 0) parts.put(last, [id, size - last.byteLength]);
        if (size > BLOCK_BYTES) unfinished.delete(id);
        await resultOf(objects.put({ id, size } satisfies StoredObject, key));
      });
    } catch (error) {
      if (size > BLOCK_BYTES) await this.#drop(id).catch(() => {}); // Another writer drops it later.
      throw error;
    }
  }

  async read(key: string, { range }: ReadOptions): Promise<Uint8Array> {
    return await this.#database.transact("readonly", "relaxed", async ({ objects, parts }) => {
      const { id, size } = await find(objects, "read", key);
      const { start, end } = clampRange(range, size);
      const bytes = new Uint8Array(end - start);
      if (start === end) return bytes;
      let at = start === 0 ? 0 : await beginning(parts, id, start);
      const blocks: unknown[] = await resultOf(parts.getAll(IDBKeyRange.bound([id, at], [id, end], false, true)));
      for (const block of blocks as Uint8Array[]) {
        const part = block.subarray(Math.max(0, start - at), Math.max(0, end - at));
        bytes.set(part, Math.max(0, at - start));
        at += block.byteLength;
      }
      if (at < end) throw failure("CORRUPT", "read", key, "the database lacks a part of it");
      return bytes;
    });
  }

  async stat(key: string): Promise<{ size: number } | undefined> {
    return await this.#database.transact("readonly", "relaxed", async ({ objects }) => {
      const found = (await resultOf(objects.get(key))) as StoredObject | undefined;
      return found && { size: found.size };
    });
  }

  async *list(prefix: string, { startAfter = "" }: ListOptions): AsyncGenerator<Entry> {
    const root = prefix === "" ? "" : `${prefix}/`;
    // The character after `/` is `0`.
    const end = prefix === "" ? undefined : `${prefix}0`;
    let after = startAfter < root ? root : startAfter;
    for (;;) {
      if (end !== undefined && after >= end) return;
      const range = end === undefined ? IDBKeyRange.lowerBound(after, true) : IDBKeyRange.bound(after, end, true, true);
      const [keys, found] = await this.#database.transact("readonly", "relaxed", ({ objects }) =>
        Promise.all([resultOf(objects.getAllKeys(range, PAGE)), resultOf(objects.getAll(range, PAGE))]),
      );
      for (const [i, key] of keys.entries()) yield { key: String(key), size: (found[i] as StoredObject).size };
      if (keys.length < PAGE) return;
      after = String(keys.at(-1));
    }
  }

  async remove(key: string, { signal }: CallOptions): Promise<void> {
    await this.#database.transact("readwrite", "relaxed", async ({ objects, parts }) => {
      const found = (await resultOf(objects.get(key))) as StoredObject | undefined;
      signal?.throwIfAborted();
      if (!found) return;
      parts.delete(partsOf(found.id));
      await resultOf(objects.delete(key));
    });
  }

  async append(key: string, bytes: Uint8Array<ArrayBuffer>, { at, durable }: AppendOptions): Promise<void> {
    await this.#database.transact("readwrite", durable ? "strict" : "relaxed", async ({ objects, parts }) => {
      const found = (await resultOf(objects.get(key))) as StoredObject | undefined;
      if (at !== undefined && (found?.size ?? 0) !== at) throw wrongSize(key, found?.size, at);
      const { id, size } = found ?? { id: newName(this.#writer), size: 0 };
      if (bytes.byteLength > 0) parts.put(bytes, [id, size]);
      await resultOf(objects.put({ id, size: size + bytes.byteLength } satisfies StoredObject, key));
    });
  }

  async move(from: string, to: string, { signal }: CallOptions): Promise<void> {
    await this.#database.transact("readwrite", "relaxed", async ({ objects }) => {
      const found = await find(objects, "move", from);
      await assertFree(objects, "move", to);
      signal?.throwIfAborted();
      objects.delete(from);
      await resultOf(objects.put(found, to));
    });
  }

  async close(): Promise<void> {
    // It waits for the transactions that have begun.
    await this.#database.close();
  }

  async #storeBlock(id: string, block: Uint8Array, at: number, durability: Durability): Promise<void> {
    if (at === 0) await (this.#swept ??= this.#sweep().catch(() => {})); // What others left only takes space.
    await this.#database.transact("readwrite", durability, async ({ parts, unfinished }) => {
      unfinished.put({ writer: this.#writer, time: Date.now() } satisfies Unfinished, id);
      await resultOf(parts.put(block, [id, at]));
    });
  }

  async #drop(id: string): Promise<void> {
    await this.#database.transact("readwrite", "relaxed", async ({ parts, unfinished }) => {
      parts.delete(partsOf(id));
      await resultOf(unfinished.delete(id));
    });
  }

  /** Removes what writers that have ended did not finish. */
  async #sweep(): Promise<void> {
    const [ids, left] = await this.#database.transact("readonly", "relaxed", ({ unfinished }) =>
      Promise.all([resultOf(unfinished.getAllKeys()), resultOf(unfinished.getAll())]),
    );
    for (const [i, { writer, time }] of (left as Unfinished[]).entries()) {
      const isAlive =
        writer === this.#writer || (this.#isAlive ? await this.#isAlive(writer) : time > Date.now() - ABANDONED_MS);
      if (!isAlive) await this.#drop(String(ids[i]));
    }
  }
}

async function find(objects: Stores["objects"], operation: string, key: string): Promise<StoredObject> {
  const found = (await resultOf(objects.get(key))) as StoredObject | undefined;
  if (!found) throw failure("NOT_FOUND", operation, key, "it does not exist");
  return found;
}

async function assertFree(objects: Stores["objects"], operation: string, key: string): Promise<void> {
  if ((await resultOf(objects.getKey(key))) !== undefined) throw failure("EXISTS", operation, key, "it exists already");
}

/** Returns where the part that holds this byte begins. */
async function beginning(parts: Stores["parts"], id: string, byte: number): Promise<number> {
  const cursor = await resultOf(parts.openKeyCursor(IDBKeyRange.bound([id], [id, byte]), "prev"));
  return ((cursor?.key ?? [id, 0]) as [string, number])[1];
}

/** An array sorts after every number. */
function partsOf(id: string): IDBKeyRange {
  return IDBKeyRange.bound([id], [id, []]);
}
