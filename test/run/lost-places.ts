import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { mkdirSync, writeFileSync, rmSync } from "node:fs";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import type { Backend } from "../../src/index.ts";
import { objectsOnly } from "../journal/records.ts";

/** A place that another program changes. */
export interface Place extends AsyncDisposable {
  /** As each process opens it. */
  open(): Backend;
  /** Writes the object anew, or removes it. */
  change(key: string, bytes: Uint8Array | undefined): void;
}

function memoryPlace(as: (inner: Backend) => Backend): Place {
  const inner = memoryBackend();
  return {
    open: () => as(inner),
    change(key, bytes) {
      const objects = new Map(inner.snapshot());
      if (bytes) objects.set(key, bytes);
      else objects.delete(key);
      inner.restore(objects);
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

async function directoryPlace(): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), "runledger-lost-"));
  return {
    open: () => fsBackend(directory),
    change(key, bytes) {
      const path = join(directory, key);
      if (bytes === undefined) return rmSync(path);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, bytes);
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true, maxRetries: 10 }),
  };
}

export const PLACES: readonly (readonly [name: string, make: () => Promise<Place>])[] = [
  ["memory", async () => memoryPlace((inner) => inner)],
  ["one object a flush", async () => memoryPlace(objectsOnly)],
  ["a directory", directoryPlace],
];

/** All objects of a run. */
export async function objectsOf(backend: Backend, runId: string): Promise<Map<string, Uint8Array>> {
  const objects = new Map<string, Uint8Array>();
  for await (const { key } of backend.list(`runs/${runId}`)) objects.set(key, await backend.read(key));
  return objects;
}
