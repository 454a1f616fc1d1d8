import { type MemoryBackend, memoryBackend } from "../../../src/backends/memory/index.ts";
import { type Backend, type Ledger, openLedger, type OpenLedgerOptions } from "../../../src/index.ts";
import { createTestClock, seededIds, type TestClock } from "../../../src/testing/index.ts";

/** A ledger in memory that several processes write, with a set clock and ids from a seed. */
export interface Place {
  readonly store: MemoryBackend;
  readonly clock: TestClock;
  /** Opens the ledger as one more process does. */
  open(options?: OpenLedgerOptions): Promise<Ledger>;
}

export interface PlaceOptions {
  /** Each flush is an object of its own. */
  readonly numbered?: boolean;
  /** Two creates of one key may both succeed. */
  readonly shared?: boolean;
  /** What the writers record as `alive`. */
  readonly alive?: string;
  /** No journal is removed. */
  readonly keepsJournals?: boolean;
}

/** Rich values and metrics are stored when somebody flushes, so that the same calls give the same objects. */
export const flush = { intervalMs: 1e9 };

export function newPlace(seed: number, options: PlaceOptions = {}): Place {
  const store = memoryBackend();
  const clock = createTestClock(undefined, { tickMs: 1 });
  let opened = 0;
  return {
    store,
    clock,
    open: async (more) =>
      await openLedger(withFewerPromises(store, options), {
        clock,
        ids: seededIds(seed * 1000 + opened++, () => clock.now()),
        environment: { runtime: { name: "test" } },
        onError: () => {},
        ...more,
      }),
  };
}

function withFewerPromises(inner: MemoryBackend, { numbered, shared, alive, keepsJournals }: PlaceOptions): Backend {
  const isWhole = numbered === true || shared === true;
  return {
    contract: 1,
    name: "memory",
    capabilities: { append: !isWhole, exclusiveCreate: shared !== true, durable: false, move: false },
    create: (key, body, call) => inner.create(key, body, call),
    read: (key, call) => inner.read(key, call),
    stat: (key, call) => inner.stat(key, call),
    list: (prefix, call) => inner.list(prefix, call),
    remove: async (key, call) => {
      if (!(keepsJournals === true && key.includes("/journal/"))) await inner.remove(key, call);
    },
    append: (key, bytes, call) => inner.append!(key, bytes, call),
    ...(alive !== undefined && { liveness: { token: alive, isAlive: async () => undefined } }),
  };
}

/** Changes the bytes of an object, or removes it. */
export async function change(
  { store }: Place,
  key: string,
  edit: (bytes: Uint8Array) => Uint8Array | undefined,
): Promise<void> {
  const bytes = edit(await store.read(key));
  await store.remove(key);
  if (bytes) await store.create(key, bytes);
}

/** Keys below a prefix, in ascending order. */
export async function keysBelow({ store }: Place, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

/** Flips one bit. */
export function flip(bytes: Uint8Array, at: number): Uint8Array {
  const changed = bytes.slice();
  changed[at < 0 ? changed.length + at : at]! ^= 4;
  return changed;
}
