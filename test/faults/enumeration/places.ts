import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fsBackend } from "../../../src/backends/fs/index.ts";
import { type MemoryBackend, memoryBackend } from "../../../src/backends/memory/index.ts";
import { s3Backend } from "../../../src/backends/s3/index.ts";
import type { Clock } from "../../../src/backend/index.ts";
import type { Backend } from "../../../src/index.ts";
import { objectsOnly } from "../../journal/records.ts";
import { FAKE_KEYS, FakeS3 } from "../../servers/fake-s3.ts";

/** Bytes by name. */
export type Contents = ReadonlyMap<string, Uint8Array>;

/** Somewhere a ledger can be, and how to look at it from outside. */
export interface Place {
  /** A handle as a process has it. Pauses between its attempts are those of the clock. */
  open(clock: Clock): Backend;
  /** Everything that is stored, temporary files included. */
  contents(): Promise<Contents>;
  /** Puts objects into an empty place. */
  put(contents: Contents): Promise<void>;
  /** An empty place in memory on which the core works in the same way. */
  like(): Promise<Place>;
  remove(): Promise<void>;
}

/** Where the clocks of the tests begin. */
export const START: number = Date.UTC(2026, 0, 1);

/** The same objects in memory, where looking at them from all sides costs next to nothing. */
export async function copyOf(place: Place): Promise<Place> {
  const copy = await place.like();
  await copy.put(new Map([...(await place.contents())].filter(([key]) => !/(?:^|\/)\.tmp-/.test(key))));
  return copy;
}

function inMemory(backend: MemoryBackend, handle: Backend, like: () => Promise<Place>): Place {
  return {
    open: () => handle,
    contents: async () => backend.snapshot(),
    put: async (contents) => backend.restore(contents),
    like,
    remove: async () => {},
  };
}

async function onMemory(): Promise<Place> {
  const backend = memoryBackend();
  return inMemory(backend, backend, onMemory);
}

/** As memory, where nothing can be appended. */
async function onObjects(): Promise<Place> {
  const backend = memoryBackend();
  return inMemory(backend, objectsOnly(backend), onObjects);
}

async function onFs(): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), "runledger-faults-"));
  const opened: Backend[] = [];
  return {
    open() {
      const backend = fsBackend(directory);
      opened.push(backend);
      return backend;
    },
    async contents() {
      const found = await readdir(directory, { recursive: true, withFileTypes: true });
      const files = found.filter((one) => !one.isDirectory()).map((one) => join(one.parentPath, one.name));
      const read = async (file: string): Promise<[string, Uint8Array]> => [
        file.slice(directory.length + 1),
        new Uint8Array(await readFile(file)),
      ];
      return new Map(await Promise.all(files.toSorted().map(read)));
    },
    async put(contents) {
      for (const [key, bytes] of contents) {
        await mkdir(join(directory, dirname(key)), { recursive: true });
        await writeFile(join(directory, key), bytes);
      }
    },
    like: onMemory,
    async remove() {
      for (const backend of opened) await backend.close?.();
      await rm(directory, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

/** Emptied servers are used again: what was found out about their conditional writes need not be asked each time. */
const servers: FakeS3[] = [];

async function onS3(): Promise<Place> {
  const fake = servers.pop() ?? new FakeS3({ now: () => START });
  const { objects } = fake.bucket();
  return {
    open: (clock) =>
      s3Backend({
        endpoint: "http://localhost:9000",
        bucket: "bucket",
        credentials: FAKE_KEYS,
        fetch: fake.fetch,
        clock,
        random: () => 0.5,
      }),
    contents: async () => new Map([...objects].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    put: async (contents) => {
      for (const [key, bytes] of contents) objects.set(key, bytes);
    },
    like: onObjects,
    remove: async () => {
      objects.clear();
      fake.calls.length = 0;
      servers.push(fake);
    },
  };
}

export const PLACES: Readonly<Record<"memory" | "objects" | "fs" | "s3", () => Promise<Place>>> = {
  memory: onMemory,
  objects: onObjects,
  fs: onFs,
  s3: onS3,
};

/** `inner`, and a way to wait until none of its calls is under way: a process that gave up may have left some. */
export function watched(inner: Backend): { backend: Backend; idle(): Promise<void> } {
  const { append, move, close } = inner;
  const underWay = new Set<Promise<unknown>>();
  const watch = <T>(call: Promise<T>): Promise<T> => {
    const settled: Promise<unknown> = call
      .catch(() => {})
      .then(() => {
        underWay.delete(settled);
      });
    underWay.add(settled);
    return call;
  };
  const backend: Backend = {
    contract: 1,
    name: inner.name,
    get capabilities() {
      return inner.capabilities;
    },
    ...(inner.liveness && { liveness: inner.liveness }),
    create: (...call) => watch(inner.create(...call)),
    read: (...call) => watch(inner.read(...call)),
    stat: (...call) => watch(inner.stat(...call)),
    list: (...call) => inner.list(...call),
    remove: (...call) => watch(inner.remove(...call)),
    ...(append && { append: (...call) => watch(append.apply(inner, call)) }),
    ...(move && { move: (...call) => watch(move.apply(inner, call)) }),
    ...(close && { close: () => close.call(inner) }),
  };
  return {
    backend,
    async idle() {
      // What ends may let something else begin, in the same turn.
      do {
        await Promise.all(underWay);
        await new Promise((resolve) => setImmediate(resolve));
      } while (underWay.size > 0);
    },
  };
}
