import type { Capabilities, Liveness } from "../../backend/backend.ts";
import { LedgerError } from "../../errors/ledger-error.ts";
import { onDemand } from "../../platform/on-demand.ts";
import type { BrowserStorage } from "./browser-storage.ts";
import { type FileWriter, streamWriter, syncWriter } from "./file-writer.ts";
import { inDirectory } from "./file-system.ts";
import type { HandleParts } from "./handle.ts";
import { IndexedDbPlace } from "./indexed-db-place.ts";
import { holdAlive, isHeld, lockLiveness, newName } from "./liveness.ts";
import { OpfsPlace } from "./opfs-place.ts";
import { PageTails } from "./page-tails.ts";
import type { Place } from "./place.ts";
import { probeSyncHandles } from "./probe-sync-handles.ts";
import { SyncFiles } from "./sync-files.ts";
import { WorkerFiles } from "./worker-files.ts";

const memory = /* @__PURE__ */ onDemand(() => import("../memory/backend.ts"));

/** What an opened storage gives to a handle. */
export type OpenedStorage = Omit<HandleParts<string>, "storage" | "fallbacks">;

/** Opens one storage. Rejects if the browser lacks it or does not let this page use it. */
export async function openStorage(
  storage: BrowserStorage,
  directory: string,
  worker: (() => Worker) | undefined,
): Promise<OpenedStorage> {
  if (storage === "memory") return await openMemory();
  if (storage === "indexeddb") return await openIndexedDb(directory);
  return await openOpfs(storage, directory, worker);
}

async function openOpfs(
  storage: "opfs-sync" | "opfs-async",
  directory: string,
  worker: (() => Worker) | undefined,
): Promise<OpenedStorage> {
  assertOpfs();
  const isAppending = storage === "opfs-sync";
  const alive = await holdAlive();
  try {
    await inDirectory([], false, async () => {}); // Firefox refuses this in private windows.
    const writer = isAppending ? await openSync(directory, alive.id, worker) : openStreams();
    const place = new OpfsPlace(directory, writer, alive.id);
    return {
      ...shared(directory, place, alive.release),
      tails: isAppending ? await openTails(directory, place) : undefined,
      name: "opfs",
      capabilities: capabilities({ append: isAppending }),
      liveness: lockLiveness(alive.id),
    };
  } catch (error) {
    alive.release();
    throw error;
  }
}

async function openSync(directory: string, id: string, worker: (() => Worker) | undefined): Promise<FileWriter> {
  const probe = [...directory.split("/"), ".tmp", newName(id)];
  // Only dedicated workers have handles of this kind.
  if (worker === undefined && "DedicatedWorkerGlobalScope" in globalThis) {
    await probeSyncHandles(probe);
    return syncWriter(new SyncFiles());
  }
  if (typeof Worker !== "function") throw lacking("workers");
  return syncWriter(await WorkerFiles.start(worker, probe));
}

async function openTails(directory: string, place: Place): Promise<PageTails> {
  const tails = new PageTails(directory);
  await tails.restore(place);
  return tails;
}

function openStreams(): FileWriter {
  if (typeof FileSystemFileHandle.prototype.createWritable !== "function") throw lacking("createWritable");
  return streamWriter;
}

/** Locks decide who creates an object, and `move` lets it appear whole. Every browser with OPFS has both. */
function assertOpfs(): void {
  const { navigator, FileSystemFileHandle } = globalThis as Partial<typeof globalThis>;
  if (typeof navigator?.storage?.getDirectory !== "function") throw lacking("a file system for the site");
  if (typeof navigator.locks?.request !== "function") throw lacking("Web Locks");
  if (!("move" in (FileSystemFileHandle?.prototype ?? {}))) throw lacking("FileSystemFileHandle.move");
}

async function openIndexedDb(directory: string): Promise<OpenedStorage> {
  if (typeof indexedDB === "undefined") throw lacking("IndexedDB");
  // Pages without https have no locks.
  const hasLocks = typeof navigator.locks?.request === "function";
  const alive = hasLocks ? await holdAlive() : { id: randomId(), release: () => {} };
  const place = new IndexedDbPlace(directory, alive.id, hasLocks ? isHeld : undefined);
  try {
    await place.open();
  } catch (error) {
    alive.release();
    throw error;
  }
  return {
    ...shared(directory, place, alive.release),
    tails: await openTails(directory, place),
    name: "indexeddb",
    capabilities: capabilities({}),
    liveness: hasLocks ? lockLiveness(alive.id) : undefined,
  };
}

async function openMemory(): Promise<OpenedStorage> {
  const { memoryBackend } = await memory();
  const liveness: Liveness | undefined = undefined;
  return {
    // Nobody else sees it, so nobody else hears of its changes.
    ...shared(`memory:${randomId()}`, memoryBackend() as unknown as Place, () => {}),
    tails: undefined,
    name: "memory",
    capabilities: capabilities({ durable: false }),
    liveness,
  };
}

function capabilities(differs: Partial<Capabilities>): Capabilities {
  return { append: true, exclusiveCreate: true, durable: true, move: true, ...differs };
}

function shared(
  directory: string,
  place: Place,
  release: () => void,
): Pick<OpenedStorage, "channel" | "place" | "release"> {
  return { channel: `runledger:${directory}`, place, release };
}

function lacking(what: string): LedgerError {
  return new LedgerError("UNSUPPORTED", `the platform has not got ${what} here`);
}

/** `randomUUID` needs https. */
function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
