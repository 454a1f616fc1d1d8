import { parseManifestKey, readManifest } from "../../artifacts/manifests.ts";
import { blobKey } from "../../artifacts/blobs.ts";
import type { Backend, Entry } from "../../backend/backend.ts";
import { callOptions } from "../../backend/call-options.ts";
import { decodeSegment } from "../../backend/key.ts";
import { isSha256Hex } from "../../bytes/digest.ts";
import { LedgerError } from "../../errors/ledger-error.ts";
import { storedKind } from "../../journal/inventory.ts";
import { PURGED_NAME } from "../../journal/purged.ts";
import { runPrefix } from "../../journal/run-created.ts";
import { ID_PATTERN } from "../../journal/run-id.ts";
import { mapBounded } from "../../platform/bounded.ts";
import { runObjects } from "../../run-objects/run-objects.ts";
import { blobsOf } from "../../run-objects/version-objects.ts";

const MANIFESTS_AT_ONCE = 16;
const RUNS_AT_ONCE = 8;
const INCOMING = "blobs/incoming/";

/** What nothing in a ledger refers to. */
export interface Garbage {
  /** The objects, in the order in which they may go: nothing goes before what refers to it. */
  readonly objects: readonly Entry[];
  /** How many blobs something refers to. */
  readonly kept: number;
}

/**
 * Finds what nothing refers to: blobs, spools, manifests of removed versions, and what is left of purged runs. Only
 * objects of the format, never other files. Rejects with `CORRUPT` if an object that refers to others cannot be read.
 * `onProgress` gets how many objects were read.
 */
export async function findGarbage(
  backend: Backend,
  onProgress: (read: number) => void,
  signal: AbortSignal | undefined,
): Promise<Garbage> {
  const marked = new Set<string>();
  let read = 0;
  const mark = (key: string): void => {
    marked.add(key);
    onProgress(++read);
  };
  const manifests = await markArtifacts(backend, mark, signal);
  const leftovers = await markRuns(backend, mark, signal);
  const blobs: Entry[] = [];
  let kept = 0;
  for await (const entry of backend.list("blobs", callOptions(signal))) {
    const hex = entry.key.slice(entry.key.lastIndexOf("/") + 1);
    if (entry.key.startsWith(INCOMING) ? isSpool(entry.key) : isSha256Hex(hex) && blobKey(hex) === entry.key) {
      if (marked.has(entry.key)) kept++;
      else blobs.push(entry);
    }
  }
  return { objects: [...leftovers, ...manifests, ...blobs], kept };
}

function isSpool(key: string): boolean {
  return /^[0-9a-z][0-9a-z_-]{0,63}$/.test(key.slice(INCOMING.length));
}

/** Marks the blobs of all versions. Returns the manifests of those that were removed. */
async function markArtifacts(
  backend: Backend,
  mark: (key: string) => void,
  signal: AbortSignal | undefined,
): Promise<Entry[]> {
  const removed: Entry[] = [];
  let name: string | undefined;
  let own = new Map<string, { manifest?: Entry; isRemoved?: boolean }>();
  const settle = async (): Promise<void> => {
    const artifact = name;
    const found = [...own.values()];
    own = new Map();
    if (artifact === undefined) return;
    for (const { manifest, isRemoved } of found) if (manifest && isRemoved) removed.push(manifest);
    const live = found.flatMap(({ manifest, isRemoved }) => (manifest && !isRemoved ? [manifest] : []));
    await mapBounded(live, MANIFESTS_AT_ONCE, signal, async ({ key }, stop) => {
      const place = parseManifestKey(artifact, key) as { number: number };
      try {
        const { manifest } = await readManifest(backend, artifact, { key, number: place.number }, stop);
        for (const blob of blobsOf(manifest)) mark(blob.key);
      } catch (error) {
        // Its writer has withdrawn it, because another one has the number, too.
        if (!LedgerError.hasCode(error, "NOT_FOUND")) throw error;
      }
    });
  };
  for await (const entry of backend.list("artifacts", callOptions(signal))) {
    const [, stem, form] = /^(.*)\.(json|removed)$/.exec(entry.key) ?? [];
    if (stem === undefined) continue;
    const artifact = nameOf(entry.key);
    if (artifact !== name) {
      await settle();
      name = artifact;
    }
    if (artifact === undefined || parseManifestKey(artifact, `${stem}.json`) === undefined) continue;
    own.set(stem, { ...own.get(stem), ...(form === "json" ? { manifest: entry } : { isRemoved: true }) });
  }
  await settle();
  return removed;
}

function nameOf(key: string): string | undefined {
  try {
    return decodeSegment(key.split("/")[1] ?? "");
  } catch {
    return undefined; // Not an object of this library.
  }
}

/** Marks the blobs that runs record: rich values and code. Returns what is left of runs that were purged. */
async function markRuns(
  backend: Backend,
  mark: (key: string) => void,
  signal: AbortSignal | undefined,
): Promise<Entry[]> {
  const runs = new Map<string, Entry[]>();
  const purged = new Set<string>();
  for await (const entry of backend.list("runs", callOptions(signal))) {
    const id = entry.key.split("/", 2)[1] as string;
    const name = entry.key.slice(runPrefix(id).length + 1);
    if (!ID_PATTERN.test(id) || (storedKind(name) === undefined && name !== PURGED_NAME)) continue;
    if (name === PURGED_NAME) purged.add(id);
    const own = runs.get(id);
    if (own === undefined) runs.set(id, [entry]);
    else own.push(entry);
  }
  const leftovers: Entry[] = [];
  await mapBounded([...runs.keys()], RUNS_AT_ONCE, signal, async (id, stop) => {
    if (purged.has(id)) return;
    if (!isShown(id, runs.get(id)!)) throw notWhole(id);
    try {
      for await (const { kind, key } of await runObjects(backend, id, { signal: stop, versions: false }))
        if (kind === "blob") mark(key);
    } catch (error) {
      // It was purged at this moment.
      if (LedgerError.hasCode(error, "RUN_NOT_FOUND")) return;
      // A copy or an import may have withdrawn it.
      const now: Entry[] = [];
      for await (const entry of backend.list(runPrefix(id), callOptions(stop))) now.push(entry);
      throw isShown(id, now) ? error : notWhole(id);
    }
  });
  for (const id of purged)
    for (const entry of runs.get(id) ?? []) if (entry.key !== `${runPrefix(id)}/${PURGED_NAME}`) leftovers.push(entry);
  return leftovers;
}

/** Returns whether readers see a run that has these objects. */
function isShown(id: string, objects: readonly Entry[]): boolean {
  return objects.some(({ key }) => {
    const kind = storedKind(key.slice(runPrefix(id).length + 1));
    return kind === "beginning" || kind === "document";
  });
}

function notWhole(id: string): LedgerError {
  const message =
    `gc removes nothing while run ${id} is not whole: a copy or an import of it is under way, or was interrupted. ` +
    "Complete it, or purge the run";
  return new LedgerError("CONFLICT", message, { key: runPrefix(id), transient: true });
}
