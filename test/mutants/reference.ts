import type { AppendOptions, Backend, Capabilities, Entry } from "../../src/backend/backend.ts";
import { clampRange, collectBody } from "../../src/backend/body.ts";
import { type HintSink, changeHints } from "../../src/backend/change-hints.ts";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import type { ConformanceHarness, OtherProcess } from "../../src/conformance/index.ts";
import { createEach } from "../conformance/create-each.ts";

/** The state that all handles on one place share. */
export interface Store {
  readonly objects: Map<string, Uint8Array>;
  /** Called after each change. */
  readonly watchers: Set<() => void>;
  /** For a handle in another process: called when that is killed. */
  readonly killed?: Set<() => void>;
}

const ALL: Capabilities = { append: true, exclusiveCreate: true, durable: true, move: true };

/** A small backend that keeps the contract, for mutants to break. Every step between two awaits is atomic. */
export function referenceBackend(store: Store, capabilities: Capabilities = ALL): Backend {
  const { objects, watchers } = store;
  let closed = false;
  const watching = new Set<HintSink>();
  const changed = (): void => {
    for (const watcher of watchers) watcher();
  };

  const enter = (operation: string, key: string, signal?: AbortSignal): void => {
    signal?.throwIfAborted();
    if (closed) throw new LedgerError("CLOSED", "this handle was closed", { key, operation });
  };
  const find = (key: string, operation: string): Uint8Array => {
    const bytes = objects.get(key);
    if (bytes === undefined) throw new LedgerError("NOT_FOUND", `there is no object ${key}`, { key, operation });
    return bytes;
  };
  const assertFree = (key: string, operation: string): void => {
    if (objects.has(key)) throw new LedgerError("EXISTS", `the object ${key} exists`, { key, operation });
  };

  const backend: Backend = {
    contract: 1,
    name: "reference",
    capabilities,
    liveness: { token: "this-process", isAlive: async (token) => (token === "this-process" ? true : undefined) },
    async create(key, body, options) {
      enter("create", key, options?.signal);
      const bytes = await collectBody(body, options?.signal, key);
      assertFree(key, "create");
      objects.set(key, bytes);
      changed();
    },
    async read(key, options) {
      enter("read", key, options?.signal);
      const bytes = find(key, "read");
      const { start, end } = clampRange(options?.range, bytes.byteLength);
      return new Uint8Array(bytes.subarray(start, end));
    },
    async stat(key, options) {
      enter("stat", key, options?.signal);
      const bytes = objects.get(key);
      return bytes && { size: bytes.byteLength };
    },
    async *list(prefix, options): AsyncGenerator<Entry> {
      enter("list", prefix, options?.signal);
      const root = prefix === "" ? "" : `${prefix}/`;
      const after = options?.startAfter;
      const keys = [...objects.keys()]
        .filter((key) => key.startsWith(root) && (after === undefined || key > after))
        .toSorted();
      for (const key of keys) {
        enter("list", prefix, options?.signal);
        const bytes = objects.get(key);
        if (bytes !== undefined) yield { key, size: bytes.byteLength };
      }
    },
    async remove(key, options) {
      enter("remove", key, options?.signal);
      if (objects.delete(key)) changed();
    },
    changes: (prefix, options) =>
      changeHints((sink) => {
        enter("changes", prefix);
        const watcher = (): void => sink.tell();
        watchers.add(watcher);
        watching.add(sink);
        return () => {
          watchers.delete(watcher);
          watching.delete(sink);
        };
      }, options),
    close: async () => {
      closed = true;
      for (const sink of watching) sink.end();
    },
  };
  if (capabilities.append) {
    Object.assign(backend, {
      append: async (key: string, bytes: Uint8Array, options?: AppendOptions) => {
        enter("append", key, options?.signal);
        const size = objects.get(key)?.length ?? 0;
        if (options?.at !== undefined && options.at !== size)
          throw new LedgerError("CONFLICT", `${key} has ${size} bytes`, { key, operation: "append" });
        objects.set(key, joined(objects.get(key) ?? new Uint8Array(0), bytes));
        changed();
      },
    });
  }
  if (capabilities.move === true) {
    Object.assign(backend, {
      move: async (from: string, to: string, options?: { signal?: AbortSignal }) => {
        enter("move", from, options?.signal);
        const bytes = find(from, "move");
        assertFree(to, "move");
        objects.delete(from);
        objects.set(to, bytes);
        changed();
      },
    });
  }
  return backend;
}

export function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.byteLength + b.byteLength);
  both.set(a);
  both.set(b, a.byteLength);
  return both;
}

/** Returns a harness with one shared store for each place. `wrap` changes each handle. */
export function harnessOf(name: string, open: (store: Store) => Backend): ConformanceHarness {
  return {
    name,
    async setup() {
      const store: Store = { objects: new Map(), watchers: new Set() };
      const otherProcess = async (): Promise<OtherProcess> => {
        const killed = new Set<() => void>();
        const backend = open({ ...store, killed });
        return {
          create: (keys, bytes) => createEach(backend, keys, bytes),
          kill: async () => {
            for (const each of killed) each();
          },
        };
      };
      return { open: async () => open(store), otherProcess, teardown: async () => {} };
    },
  };
}
