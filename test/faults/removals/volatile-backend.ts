import type { Body } from "../../../src/backend/index.ts";
import type { Backend } from "../../../src/index.ts";
import { memoryBackend, type MemorySnapshot } from "../../../src/backends/memory/index.ts";
import { type Call, intercept } from "../../../src/testing/intercept.ts";

/** What a disk without order may hold after a power cut: either of the two for each key. */
export interface Cut {
  /** Which call had just been made. */
  readonly after: string;
  /** What is certainly there. Removals count as done. */
  readonly disk: MemorySnapshot;
  /** What the programs saw. */
  readonly seen: MemorySnapshot;
}

export interface VolatileBackend extends Backend {
  /** A cut before and after each call that changed something, since the last {@link sync}. */
  readonly cuts: Cut[];
  /** As if the system had written all back long ago. */
  sync(): void;
}

/**
 * A place whose disk takes what it is asked to keep (`durable`), loses all else at a power cut, and does removals at once: the worst
 * that a file system may do. `as` makes it what it is to the library.
 */
export function volatileBackend(as: (inner: Backend) => Backend = (inner) => inner): VolatileBackend {
  const inner = memoryBackend();
  const disk = new Map<string, Uint8Array>();
  const cuts: Cut[] = [];
  const note = ({ operation, key }: Call): void => {
    cuts.push({ after: `${operation} ${key}`, disk: new Map(disk), seen: inner.snapshot() });
  };
  const keep = async (key: string): Promise<void> => void disk.set(key, await inner.read(key));

  const call = async <T>(made: Call, proceed: (body?: Body) => Promise<T>): Promise<T> => {
    const { operation, key, to, durable } = made;
    if (operation === "read" || operation === "stat") return await proceed();
    try {
      return await proceed();
    } finally {
      if (durable) await keep(key);
      else if (operation === "remove") disk.delete(key);
      else if (to !== undefined && disk.has(key)) {
        disk.set(to, disk.get(key) as Uint8Array);
        disk.delete(key);
      }
      note(made);
    }
  };
  const backend = intercept(inner, { call, list: (_call, proceed) => proceed() });
  return Object.assign(as(backend), {
    cuts,
    sync: () => {
      disk.clear();
      for (const [key, bytes] of inner.snapshot()) disk.set(key, bytes);
      cuts.length = 0;
    },
  });
}
