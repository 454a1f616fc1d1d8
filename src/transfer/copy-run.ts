import { callOptions } from "../backend/call-options.ts";
import { readBounded } from "../backend/read-bounded.ts";
import type { RecordedVersion } from "../journal/event.ts";
import { purgedKey } from "../journal/purged.ts";
import { readRunBeginning } from "../journal/read-run-beginning.ts";
import { readRunState } from "../journal/run-state.ts";
import { sealKey } from "../journal/sealing.ts";
import { parseSegmentKey } from "../journal/segment.ts";
import { mapBounded } from "../platform/bounded.ts";
import type { RunObject } from "../run-objects/run-object.ts";
import { runObjects } from "../run-objects/run-objects.ts";
import { decodeRunSeal, MAX_SEAL_BYTES, type RunSeal } from "../seal/run-seal.ts";
import { adoptSeal } from "./adopt-seal.ts";
import { checkRun, checkSeal } from "./check-run.ts";
import { checkLeftovers, compareStored } from "./compare-stored.ts";
import { copyInputs } from "./copy-inputs.ts";
import { type CopiedObject, copyBlob, copyObject } from "./copy-object.ts";
import { growSegment } from "./copy-segment.ts";
import { type CopiedManifest, copyManifest, copyRemoval, hasVersion } from "./copy-version.ts";
import { enterListed } from "./enter-listed.ts";
import { forEachBounded } from "./for-each.ts";
import { isAhead } from "./is-ahead.ts";
import { keepBlobs } from "./keep-blobs.ts";
import { orderObjects } from "./order-objects.ts";
import { removeLeft } from "./remove-left.ts";
import { fromSource, isRefusal, refusal, refusing } from "./refusal.ts";
import { holdsAll, isSameHead, isSamePlace, listPlace, newestDocument, type RunPlace } from "./run-place.ts";
import type { TransferContext } from "./transfer-context.ts";

/** How often a copy starts again because the run changed. */
const TRIES = 5;
/** How many objects of a run are copied at a time. */
const OBJECTS_AT_ONCE = 4;

/** A run to copy. */
export interface CopiedRun {
  readonly id: string;
  readonly experiment: string;
  readonly isFork: boolean;
  /** Whether searches of the target show it. */
  readonly isShown: boolean;
  /** The versions that it made. */
  readonly artifacts: readonly RecordedVersion[];
  /** The versions of others to copy with it. */
  readonly inputs: readonly RecordedVersion[];
}

/**
 * Copies what the target lacks of a run, also its entry in the catalogue. Returns false if it lacks nothing. Rejects with a refusal if the target has
 * something else under a name that the run needs, which is found out before anything of the run is stored, or if the run
 * is damaged.
 */
export async function copyRun(given: TransferContext, run: CopiedRun): Promise<boolean> {
  const context = { ...given, there: given.seen.there, relied: new Map() };
  const isCopied = await copyChanging(context, run);
  return (await keepBlobs(context, run.id)) || isCopied;
}

async function copyChanging(context: TransferContext, run: CopiedRun): Promise<boolean> {
  const { source, signal } = context;
  const list = (): Promise<RunPlace> => fromSource(() => listPlace(source, run.id, callOptions(signal)));
  let from = await list();
  for (let left = TRIES; ; left--) {
    try {
      return await copyListed(context, run, from);
    } catch (error) {
      if (!isRefusal(error) || left === 1) throw error;
      // If the run was closed meanwhile, its journals are gone.
      const now = await list();
      if (isSamePlace(from, now)) throw error;
      from = now;
    }
  }
}

async function copyListed(context: TransferContext, run: CopiedRun, from: RunPlace): Promise<boolean> {
  const { source, target, verify, signal } = context;
  const { id, isFork, isShown, artifacts, inputs } = run;
  const call = callOptions(signal);
  if (from.sizes.size === 0 || from.isPurged) throw refusal(`run ${id} is not there any more`);
  const to = await listPlace(target, id, call);
  if (to.isPurged) throw refusal(`run ${id} was purged in the target, so it cannot come back`, purgedKey(id));
  const isSameRun = (await isSameHead(from, to, call)) === true;
  const hasAll = isSameRun && holdsAll(to, from);
  const wentOn = !hasAll && (await isAhead(from, to, call));
  const removed = new Set<string>();
  await mapBounded([...artifacts, ...inputs], OBJECTS_AT_ONCE, signal, async ({ manifest }, stop) => {
    if ((await hasVersion({ ...context, signal: stop }, manifest)) === "removed") removed.add(manifest.key);
  });
  const isComplete = hasAll && isShown;
  const document = isComplete || wentOn ? undefined : await fromSource(() => newestDocument(from, call));
  if (!isComplete && !wentOn) await checkRun(from, run, document, call);
  const isSealed = from.sizes.has(sealKey(id));
  if (isSealed) await checkSeal(from, run, !isComplete, call);
  let hasStored = await copyInputs(context, id, inputs);

  const objects: CopiedObject[] = [];
  const manifests: CopiedManifest[] = [];
  const versions = async ({ manifest }: RecordedVersion): Promise<boolean> => !removed.has(manifest.key);
  const all = await fromSource(() => runObjects(source, id, { ...call, versions }));
  await forEachBounded(refusing(all), OBJECTS_AT_ONCE, signal, async (object, stop) => {
    if (object.kind === "manifest") manifests.push(object as CopiedManifest);
    else if (object.kind !== "blob" && object.kind !== "unknown") objects.push(asListed(object, from));
    else if (object.kind === "blob" && (await copyBlob({ ...context, signal: stop }, object))) hasStored = true;
  });
  for (const manifest of manifests) if (await copyManifest(context, manifest)) hasStored = true;
  // The target closed the run again, or removed its journals, after it had all of the source.
  if (wentOn) return hasStored;
  const lacking = objects.filter(({ key, size }) => to.sizes.get(key) !== size);
  const isVisible = to.listing.created || to.listing.newestDocument > 0;
  if (verify && isVisible && (await compareStored(context, objects, to, isSameRun))) hasStored = true;
  const seal = isSealed ? await readSeal(context, id) : undefined;
  const hasSeal = to.sizes.has(sealKey(id));
  if (seal && hasSeal && (await adoptSeal(context, seal, true))) hasStored = true;
  if (lacking.length > 0) {
    const keys = new Set(manifests.map(({ key }) => key));
    for (const { manifest } of artifacts)
      if (!keys.has(manifest.key) && !(await hasVersion(context, manifest))) await copyRemoval(context, manifest);
    if (isShown) await announce();
    if (!isVisible) await checkLeftovers(context, objects, to);
    const documented = new Set(document?.objects.map(({ name }) => name));
    const writers = isVisible ? await writersInOrder(from, to, signal) : [];
    for (const group of orderObjects(lacking, { id, isVisible, isFork, documented, writers }))
      await mapBounded(group, OBJECTS_AT_ONCE, signal, async (object, stop) => {
        if (seal && object.key === sealKey(id)) await adoptSeal({ ...context, signal: stop }, seal, hasSeal);
        const has = to.sizes.get(object.key);
        if (has === undefined) return await copyObject({ ...context, signal: stop }, object);
        if (parseSegmentKey(object.key) === undefined || has > object.size)
          throw refusal(`the target has other bytes as ${object.key}`, object.key);
        return await growSegment({ ...context, signal: stop }, object, has);
      });
  }
  await removeLeft(context, from, to);
  // Searches find a run by its entry, so a run that they do not show yet gets it when all else is there.
  if (!isShown) await announce();
  return hasStored || lacking.length > 0 || !isShown;

  async function announce(): Promise<void> {
    const marker = !isShown || from.listing.lifecycle > to.listing.lifecycle ? from.listing.lifecycle : 0;
    await enterListed(target, run, { ...from.listing, lifecycle: marker }, all.source === "inventory", signal);
  }
}

async function readSeal({ source, signal }: TransferContext, id: string): Promise<RunSeal> {
  const key = sealKey(id);
  return await fromSource(async () =>
    decodeRunSeal(await readBounded(source, key, MAX_SEAL_BYTES, callOptions(signal)), id, key),
  );
}

/** Returns an object with its listed size, if its writer has added to it since its digest was recorded. */
function asListed({ key, size, digest }: RunObject, { sizes }: RunPlace): CopiedObject {
  const listed = sizes.get(key) ?? size;
  return parseSegmentKey(key) !== undefined && listed > size ? { key, size: listed } : { key, size, digest };
}

/** Returns the writers whose journals the target lacks, in the order in which their sessions began. */
async function writersInOrder(from: RunPlace, to: RunPlace, signal: AbortSignal | undefined): Promise<string[]> {
  const added = [...from.listing.writers.keys()].filter((writer) => !to.listing.writers.has(writer));
  if (added.length < 2) return added;
  return await fromSource(async () => {
    const call = callOptions(signal);
    const created = await readRunBeginning(from.backend, from.id, call);
    const { folds } = await readRunState(from.backend, created, { ...call, listing: from.listing });
    return [...folds].sort((a, b) => a.order - b.order).map(({ writer }) => writer);
  });
}
