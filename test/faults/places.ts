import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { s3Backend } from "../../src/backends/s3/index.ts";
import type { Backend, Clock } from "../../src/index.ts";
import { objectsOnly } from "../journal/records.ts";
import { FAKE_KEYS, FakeS3 } from "../servers/fake-s3.ts";

/** Somewhere a ledger can be, and how to look at it from outside. */
export interface Place {
  /** A handle as a process has it. Pauses between its attempts are those of the clock. */
  open(clock: Clock): Backend;
  /** Every byte that is stored, temporary files included, by name. */
  contents(): Promise<ReadonlyMap<string, Uint8Array>>;
  remove(): Promise<void>;
}

/** Where the clocks of the tests begin. */
export const START: number = Date.UTC(2026, 0, 1);

async function onMemory(): Promise<Place> {
  const backend = memoryBackend();
  return { open: () => backend, contents: async () => backend.snapshot(), remove: async () => {} };
}

/** As memory, for backends that cannot append. */
async function onObjects(): Promise<Place> {
  const backend = memoryBackend();
  return { open: () => objectsOnly(backend), contents: async () => backend.snapshot(), remove: async () => {} };
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
      return new Map(
        await Promise.all(
          files
            .sort()
            .map(async (file) => [file.slice(directory.length + 1), new Uint8Array(await readFile(file))] as const),
        ),
      );
    },
    async remove() {
      for (const backend of opened) await backend.close?.();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** `tell` is given the server, to let its requests go wrong. */
export async function onS3(tell?: (fake: FakeS3) => void): Promise<Place> {
  const fake = new FakeS3({ now: () => START });
  tell?.(fake);
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
    contents: async () => new Map([...objects].sort(([a], [b]) => (a < b ? -1 : 1))),
    remove: async () => {},
  };
}

export const PLACES: Readonly<Record<"memory" | "memory, whole objects only" | "fs" | "s3", () => Promise<Place>>> = {
  memory: onMemory,
  "memory, whole objects only": onObjects,
  fs: onFs,
  s3: () => onS3(),
};
