import type { Backend, CallOptions } from "../../src/backend/backend.ts";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import { type Mutant, later, mutant } from "./mutant.ts";

/** Returns a backend with the rejections of every method changed. */
function rejecting(change: (error: unknown, key: string) => unknown): Mutant["damage"] {
  return (inner) => {
    const wrap =
      <A extends [string, ...unknown[]], T>(method: (...args: A) => Promise<T>) =>
      (...args: A): Promise<T> =>
        method.apply(inner, args).catch((error: unknown) => {
          throw change(error, args[0]);
        });
    return { create: wrap(inner.create), read: wrap(inner.read), stat: wrap(inner.stat), remove: wrap(inner.remove) };
  };
}

function onlyCode(code: string, change: (error: LedgerError, key: string) => unknown): Mutant["damage"] {
  return rejecting((error, key) => (LedgerError.is(error) && error.code === code ? change(error, key) : error));
}

function nodeError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}

const without = (o: CallOptions | undefined): CallOptions => {
  const { signal: _, ...rest } = o ?? {};
  return rest;
};

/** Defects of rejections, aborts and closing. */
export const errorMutants: readonly Mutant[] = [
  mutant(
    "foreign error for NOT_FOUND",
    onlyCode("NOT_FOUND", () => nodeError("ENOENT")),
  ),
  mutant(
    "foreign error for EXISTS",
    onlyCode("EXISTS", () => nodeError("EEXIST")),
  ),
  mutant(
    "a foreign error that carries the right code",
    onlyCode("NOT_FOUND", (_, key) => Object.assign(new Error("gone"), { code: "NOT_FOUND", key })),
  ),
  mutant(
    "error with another code",
    onlyCode("EXISTS", (_, key) => new LedgerError("CONFLICT", "it exists", { key })),
  ),
  mutant(
    "error without its key",
    onlyCode("NOT_FOUND", () => new LedgerError("NOT_FOUND", "not found")),
  ),
  mutant(
    "EXISTS without its key",
    onlyCode("EXISTS", () => new LedgerError("EXISTS", "exists")),
  ),
  mutant(
    "error with the key of the store below",
    onlyCode("NOT_FOUND", (_, key) => new LedgerError("NOT_FOUND", "gone", { key: `/srv/${key}` })),
  ),
  mutant(
    "wrong size with another code",
    onlyCode("INVALID_ARGUMENT", (_, key) => new LedgerError("IO", "bad size", { key })),
  ),
  mutant("read throws synchronously", (inner, { objects }) => ({
    read: (key, o) => {
      if (!objects.has(key)) throw new LedgerError("NOT_FOUND", "not found", { key });
      return inner.read(key, o);
    },
  })),
  mutant("an aborted signal throws synchronously", (inner) => ({
    stat: (key, o) => {
      o?.signal?.throwIfAborted();
      return inner.stat(key, o);
    },
  })),
  mutant("stat returns no promise", (inner, { objects }) => ({
    stat: ((key: string, o: CallOptions | undefined) =>
      objects.has(key) && !o?.signal ? { size: objects.get(key)?.length } : inner.stat(key, o)) as Backend["stat"],
    ...({} as object),
  })),

  mutant("ignores the signal", (inner) => ({
    create: (key, body, o) => inner.create(key, body, without(o)),
    read: (key, o) => inner.read(key, without(o)),
    stat: (key, o) => inner.stat(key, without(o)),
    list: (prefix, o) => inner.list(prefix, without(o)),
    remove: (key, o) => inner.remove(key, without(o)),
  })),
  mutant("stat ignores the signal", (inner) => ({ stat: (key, o) => inner.stat(key, without(o)) })),
  mutant("append ignores the signal", (inner) => ({ append: (key, bytes, o) => inner.append(key, bytes, without(o)) })),
  mutant("move ignores the signal", (inner) => ({ move: (from, to, o) => inner.move(from, to, without(o)) })),
  mutant("aborted create still lands", (inner) => ({
    create: async (key, body, o) => {
      await inner.create(key, body, without(o)).catch((error: unknown) => {
        if (o?.signal?.aborted !== true) throw error;
      });
      o?.signal?.throwIfAborted();
    },
  })),
  mutant("aborted remove still removes", (inner) => ({
    remove: async (key, o) => {
      await inner.remove(key);
      o?.signal?.throwIfAborted();
    },
  })),
  mutant("aborted append still lands", (inner) => ({
    append: async (key, bytes, o) => {
      await inner.append(key, bytes);
      o?.signal?.throwIfAborted();
    },
  })),
  mutant(
    "an abort rejects with its own error",
    rejecting((error) => (LedgerError.is(error) ? error : new DOMException("aborted", "AbortError"))),
  ),
  mutant(
    "an abort rejects with a LedgerError",
    rejecting((error, key) =>
      LedgerError.is(error) ? error : new LedgerError("IO", "aborted", { key, cause: error }),
    ),
  ),
  mutant("hangs on abort", (inner) => ({
    create: (key, body, o) =>
      inner.create(key, body, body instanceof Uint8Array || o?.signal?.aborted ? o : without(o)),
  })),
  mutant("never settles once its signal is aborted", (inner) => ({
    read: (key, o) =>
      inner.read(key, without(o)).then((bytes) => (o?.signal?.aborted ? new Promise<never>(() => {}) : bytes)),
  })),
  mutant("an abort under way rejects with its own error", (inner) => ({
    read: async (key, o) => {
      const bytes = await inner.read(key, o);
      await later();
      if (o?.signal?.aborted === true) throw new LedgerError("IO", "aborted", { key });
      return bytes;
    },
  })),
  mutant("a list goes on after an abort", (inner) => ({
    async *list(prefix, o) {
      o?.signal?.throwIfAborted();
      yield* inner.list(prefix, without(o));
    },
  })),
  mutant("a list ends quietly when aborted", (inner) => ({
    async *list(prefix, o) {
      for await (const entry of inner.list(prefix, without(o))) {
        if (o?.signal?.aborted) return;
        yield entry;
      }
    },
  })),
  mutant("an abort after the call takes the object back", (inner, { objects }) => ({
    create: async (key, body, o) => {
      await inner.create(key, body, o);
      o?.signal?.addEventListener("abort", () => objects.delete(key));
    },
  })),
];
