import type { Backend, Entry } from "../backend.ts";
import { type Hints, relayHints } from "../change-hints.ts";
import { LedgerError } from "../../errors/ledger-error.ts";
import { MAX_STORED_KEY_BYTES, assertKey, assertPrefix } from "../key.ts";
import { layer } from "./layer.ts";

/**
 * Returns the part of `backend` under `prefix` as a backend of its own: keys go in and come out without the prefix, in
 * listings and in errors. `prefix` is one or more whole segments; the empty one changes nothing. Closing the result
 * closes `backend`.
 */
export function withPrefix(backend: Backend, prefix: string): Backend {
  assertPrefix(prefix, MAX_STORED_KEY_BYTES);
  if (prefix === "") return layer(backend, {});
  const root = `${prefix}/`;

  const inside = (key: string): string => {
    assertKey(key, MAX_STORED_KEY_BYTES);
    return root + key;
  };

  const listed = async function* (under: string, options: Parameters<Backend["list"]>[1]): AsyncGenerator<Entry> {
    assertPrefix(under, MAX_STORED_KEY_BYTES);
    const startAfter = options?.startAfter;
    const entries = backend.list(under === "" ? prefix : root + under, {
      ...options,
      ...(startAfter !== undefined && { startAfter: root + startAfter }),
    });
    try {
      for await (const entry of entries) {
        if (entry.key.startsWith(root)) yield { key: entry.key.slice(root.length), size: entry.size };
      }
    } catch (error) {
      throw outside(error, root);
    }
  };

  const changes = (under: string, options: Parameters<Backend["list"]>[1]): Hints =>
    relayHints(
      (call) => (backend as Required<Backend>).changes(under === "" ? prefix : root + under, call),
      options,
      (error) => outside(error, root),
      () => assertPrefix(under, MAX_STORED_KEY_BYTES),
    );

  const at = async <T>(key: string, call: (full: string) => Promise<T>): Promise<T> => {
    const full = inside(key);
    try {
      return await call(full);
    } catch (error) {
      throw outside(error, root);
    }
  };

  return layer(backend, {
    create: (key, body, options) => at(key, (full) => backend.create(full, body, options)),
    read: (key, options) => at(key, (full) => backend.read(full, options)),
    stat: (key, options) => at(key, (full) => backend.stat(full, options)),
    list: listed,
    remove: (key, options) => at(key, (full) => backend.remove(full, options)),
    append: (key, bytes, options) => at(key, (full) => (backend as Required<Backend>).append(full, bytes, options)),
    move: (from, to, options) => at(from, (full) => (backend as Required<Backend>).move(full, inside(to), options)),
    changes,
    locate: (key) => (backend as Required<Backend>).locate(inside(key)),
  });
}

/** Returns the error with its key as callers know it, without the prefix. */
function outside(error: unknown, root: string): unknown {
  if (!LedgerError.is(error) || error.key?.startsWith(root) !== true) return error;
  const { code, message, field, received, key, operation, status, transient, cause } = error;
  const short = key.slice(root.length);
  return new LedgerError(
    code,
    message.replaceAll(key, () => short),
    {
      field,
      received,
      key: short,
      operation,
      status,
      transient,
      cause,
    },
  );
}
