/** A ledger in one SQLite file: a backend written with docs/writing-a-backend.md alone. */
import sqlite from "node-sqlite3-wasm";
import { type Backend, type CallOptions, type Entry, LedgerError, clampRange, collectBody } from "runledger/backend";

const PAGE = 500;

interface SqliteOptions {
  /** Whether every write waits for the disk. Default `true`. */
  readonly durable?: boolean;
}

/** Opens the file, or makes it. Several handles, of several processes too, may have one file open. */
export function sqliteBackend(file: string, { durable = true }: SqliteOptions = {}): Backend {
  const database = new sqlite.Database(file);
  if (!durable) database.exec("PRAGMA synchronous = OFF");
  database.exec("CREATE TABLE IF NOT EXISTS objects (key BLOB PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID");
  let closed = false;

  const enter = (operation: string, key: string, options: CallOptions | undefined): void => {
    if (closed) throw new LedgerError("CLOSED", `the database ${file} was closed`, { operation, key });
    options?.signal?.throwIfAborted();
  };
  /** Runs statements. They are synchronous, so nothing of this process comes between those of one call. */
  const query = <T>(operation: string, key: string, options: CallOptions | undefined, work: () => T): T => {
    enter(operation, key, options);
    try {
      return work();
    } catch (error) {
      if (LedgerError.is(error)) throw error;
      throw translated(error, operation, key);
    }
  };
  const missing = (operation: string, key: string): LedgerError =>
    new LedgerError("NOT_FOUND", `there is no object ${key}`, { operation, key });
  const taken = (operation: string, key: string): LedgerError =>
    new LedgerError("EXISTS", `the object ${key} exists`, { operation, key });

  return {
    contract: 1,
    name: "sqlite",
    // SQLite writes a value anew when it grows, so appending is better left to numbered objects.
    capabilities: { append: false, exclusiveCreate: true, durable, move: true },

    async create(key, body, options) {
      enter("create", key, options);
      const bytes = await collectBody(body, options?.signal, key);
      query("create", key, options, () => {
        // One statement decides: with a SELECT before it two writers could both find the key free.
        const { changes } = database.run("INSERT INTO objects VALUES (?, ?) ON CONFLICT DO NOTHING", [
          toBlob(key),
          bytes,
        ]);
        if (changes === 0) throw taken("create", key);
      });
    },

    async read(key, options) {
      return query("read", key, options, () => {
        const size = database.get("SELECT length(bytes) AS size FROM objects WHERE key = ?", [toBlob(key)])?.["size"];
        if (size === undefined) throw missing("read", key);
        const { start, end } = clampRange(options?.range, Number(size));
        const row = database.get("SELECT substr(bytes, ?, ?) AS part FROM objects WHERE key = ?", [
          start + 1,
          end - start,
          toBlob(key),
        ]);
        return new Uint8Array((row?.["part"] ?? []) as Uint8Array);
      });
    },

    async stat(key, options) {
      return query("stat", key, options, () => {
        const row = database.get("SELECT length(bytes) AS size FROM objects WHERE key = ?", [toBlob(key)]);
        return row === null ? undefined : { size: Number(row["size"]) };
      });
    },

    async *list(prefix, options) {
      // "0" is the character behind "/": everything under `prefix` lies between the two.
      const [from, to] = prefix === "" ? [toBlob(""), null] : [toBlob(`${prefix}/`), toBlob(`${prefix}0`)];
      let after = options?.startAfter ?? "";
      for (;;) {
        const page = query("list", prefix, options, () =>
          database
            .all(
              "SELECT key, length(bytes) AS size FROM objects WHERE key >= ? AND (? IS NULL OR key < ?) AND key > ? ORDER BY key LIMIT ?",
              [from, to, to, toBlob(after), PAGE],
            )
            .map((row): Entry => ({ key: fromBlob(row["key"] as Uint8Array), size: Number(row["size"]) })),
        );
        for (const entry of page) {
          enter("list", prefix, options);
          yield entry;
          after = entry.key;
        }
        if (page.length < PAGE) return;
      }
    },

    async remove(key, options) {
      query("remove", key, options, () => database.run("DELETE FROM objects WHERE key = ?", [toBlob(key)]));
    },

    async move(from, to, options) {
      query("move", from, options, () => {
        const { changes } = database.run("UPDATE OR IGNORE objects SET key = ? WHERE key = ?", [
          toBlob(to),
          toBlob(from),
        ]);
        if (changes > 0) return;
        throw database.get("SELECT 1 FROM objects WHERE key = ?", [toBlob(from)]) === null
          ? missing("move", from)
          : taken("move", to);
      });
    },

    async close() {
      if (!closed) database.close();
      closed = true;
    },
  };
}

/**
 * A key as the database keeps it: two bytes for each code unit, the larger half first. SQLite compares blobs byte by byte, which
 * then is the order `list` has to give; it would compare text as UTF-8, where characters beyond U+FFFF come elsewhere.
 */
function toBlob(key: string): Uint8Array {
  const blob = new DataView(new ArrayBuffer(key.length * 2));
  for (let i = 0; i < key.length; i++) blob.setUint16(i * 2, key.charCodeAt(i));
  return new Uint8Array(blob.buffer);
}

function fromBlob(blob: Uint8Array): string {
  return new TextDecoder("utf-16be", { ignoreBOM: true }).decode(blob);
}

/** What SQLite throws, as an error with a code. */
function translated(error: unknown, operation: string, key: string): LedgerError {
  const message = error instanceof Error ? error.message : String(error);
  const details = { operation, key, cause: error };
  if (/locked|busy/i.test(message)) return new LedgerError("UNAVAILABLE", message, { ...details, transient: true });
  if (/full/i.test(message)) return new LedgerError("NO_SPACE", message, details);
  if (/readonly/i.test(message)) return new LedgerError("PERMISSION_DENIED", message, details);
  return new LedgerError("IO", message, details);
}
