import type { CallOptions } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import { checkBytes } from "../care/check-object.ts";
import type { RecordedVersion } from "../journal/event.ts";
import { isFinal } from "../journal/inventory.ts";
import { lifecycleKey } from "../journal/lifecycle.ts";
import { purgedKey } from "../journal/purged.ts";
import { readRunBeginning } from "../journal/read-run-beginning.ts";
import { runCreatedKey, runPrefix } from "../journal/run-created.ts";
import { sealKey } from "../journal/sealing.ts";
import { readRunState } from "../journal/run-state.ts";
import { parseSegmentKey } from "../journal/segment.ts";
import { mapBounded } from "../platform/bounded.ts";
import type { RunObject } from "../run-objects/run-object.ts";
import { runObjects } from "../run-objects/run-objects.ts";
import { versionObjects } from "../run-objects/version-objects.ts";
import { type CopiedObject, copyBlob, copyObject } from "./copy-object.ts";
import { growSegment } from "./copy-segment.ts";
import { copyLink } from "./copy-link.ts";
import { type CopiedManifest, copyManifest, copyRemoval, hasVersion } from "./copy-version.ts";
import { enterListed } from "./enter-listed.ts";
import { forEachBounded } from "./for-each.ts";
import { orderObjects } from "./order-objects.ts";
import { fromSource, isRefusal, refusal, refusalOf } from "./refusal.ts";
import {
  holdsAll,
  isSame,
  isSameHead,
  isSamePlace,
  listPlace,
  newestDocument,
  type RunPlace,
  writersOf,
} from "./run-place.ts";
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
  /** The versions that it made. */
  readonly artifacts: readonly RecordedVersion[];
  /** The versions of others to copy with it. */
  readonly inputs: readonly RecordedVersion[];
}

/**
 * Copies what the target lacks of a run. Returns false if it lacks nothing. Rejects with a refusal if the target has
 * something else under a name that the run needs, which is found out before anything of the run is stored, or if the run
 * is damaged.
 */
export async function copyRun(context: TransferContext, run: CopiedRun): Promise<boolean> {
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
  const { source, target, signal } = context;
  const { id, isFork, artifacts, inputs } = run;
  const call = callOptions(signal);
  if (from.sizes.size === 0 || from.isPurged) throw refusal(`run ${id} is not there any more`);
  const to = await listPlace(target, id, call);
  if (to.isPurged) throw refusal(`run ${id} was purged in the target, so it cannot come back`, purgedKey(id));
  const isThere =
    (holdsAll(to, from) && (await isSameHead(from, to, call)) === true) || (await isAhead(from, to, call));
  const needed = isThere ? inputs : [...artifacts, ...inputs];
  await mapBounded(needed, OBJECTS_AT_ONCE, signal, ({ manifest }, stop) =>
    hasVersion({ ...context, signal: stop }, manifest),
  );
  const hasMore = await copyInputs(context, id, inputs);
  if (isThere) return hasMore;

  const objects: CopiedObject[] = [];
  const manifests: CopiedManifest[] = [];
  const all = await fromSource(() => runObjects(source, id, call));
  await forEachBounded(refusing(all), OBJECTS_AT_ONCE, signal, async (object, stop) => {
    if (object.kind === "blob") await copyBlob({ ...context, signal: stop }, object);
    else if (object.kind === "manifest") manifests.push(object as CopiedManifest);
    else if (object.kind !== "unknown") objects.push(asListed(object, from));
  });
  const lacking = objects.filter(({ key, size }) => to.sizes.get(key) !== size);
  if (lacking.length === 0) return hasMore;
  const keys = new Set(manifests.map(({ key }) => key));
  for (const manifest of manifests) await copyManifest(context, manifest);
  for (const { manifest } of artifacts)
    if (!keys.has(manifest.key) && !(await hasVersion(context, manifest))) await copyRemoval(context, manifest);
  const marker = from.listing.lifecycle > to.listing.lifecycle ? from.listing.lifecycle : 0;
  await enterListed(target, run, { ...from.listing, lifecycle: marker }, all.source === "inventory", signal);
  const isVisible = to.listing.created || to.listing.newestDocument > 0;
  if (!isVisible) await checkLeftovers(context, objects, to);
  const document = await fromSource(() => newestDocument(from, call));
  const documented = new Set(document?.objects.map(({ name }) => name));
  const writers = isVisible ? await writersInOrder(from, to, signal) : [];
  for (const group of orderObjects(lacking, { id, isVisible, isFork, documented, writers }))
    await mapBounded(group, OBJECTS_AT_ONCE, signal, async (object, stop) => {
      const has = to.sizes.get(object.key);
      if (has === undefined) return await copyObject({ ...context, signal: stop }, object);
      if (parseSegmentKey(object.key) === undefined || has > object.size)
        throw refusal(`the target has other bytes as ${object.key}`, object.key);
      return await growSegment({ ...context, signal: stop }, object, has);
    });
  if (objects.some(({ key }) => key === sealKey(id))) await copyLink(context, id);
  return true;
}

/**
 * Returns whether the target has all that the source has, and more. Rejects with a refusal if each of them has something
 * that the other one lacks.
 */
async function isAhead(from: RunPlace, to: RunPlace, call: CallOptions): Promise<boolean> {
  const { id } = from;
  if (to.sizes.size === 0) return false;
  if ((await isSame(from, to, runCreatedKey(id), call)) === false)
    throw refusal(`the target has another run with the id ${id}`, runCreatedKey(id));
  const marker = to.listing.lifecycle;
  if (
    marker > 0 &&
    marker < from.listing.lifecycle &&
    (await isSame(from, to, lifecycleKey(id, marker), call)) === false
  )
    throw refusal(`run ${id} was deleted or restored in both ledgers since it was copied`, lifecycleKey(id, marker));
  const [own, other] = await Promise.all([fromSource(() => newestDocument(from, call)), newestDocument(to, call)]);
  const known = writersOf(from, own);
  const wentOn =
    to.listing.newestDocument > from.listing.newestDocument ||
    [...writersOf(to, other)].some((writer) => !known.has(writer));
  const sameHead = from.listing.newestDocument > 0 ? await isSameHead(from, to, call) : undefined;
  if (!wentOn) {
    if (sameHead === false) throw refusal(`run ${id} was closed in both ledgers since it was copied`);
    return false;
  }
  if (sameHead === true && own !== undefined && isFinal(own)) return true;
  throw refusal(`run ${id} went on in the target, so what the source has of it cannot be added`, runPrefix(id));
}

/** Copies versions of other runs. Returns whether the target lacked one. */
async function copyInputs(context: TransferContext, id: string, inputs: readonly RecordedVersion[]): Promise<boolean> {
  const { source, signal } = context;
  let hasMore = false;
  for (const input of inputs) {
    const manifest = { key: input.manifest.key, size: input.manifest.size, digest: input.manifest.digest };
    if (await hasVersion(context, manifest)) continue;
    const objects = versionObjects(source, [input], runPrefix(id), callOptions(signal));
    let isRemoved = true;
    await forEachBounded(refusing(objects), OBJECTS_AT_ONCE, signal, async (object, stop) => {
      if (object.kind === "blob") await copyBlob({ ...context, signal: stop }, object);
      else isRemoved = false;
    });
    await (isRemoved ? copyRemoval(context, manifest) : copyManifest(context, manifest));
    hasMore = true;
  }
  return hasMore;
}

/** Yields what a source yields. Turns an error that concerns one object of the source into a refusal. */
async function* refusing<T>(items: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  try {
    yield* items;
  } catch (error) {
    throw refusalOf(error);
  }
}

/** Returns an object with its listed size, if its writer has added to it since its digest was recorded. */
function asListed({ key, size, digest }: RunObject, { sizes }: RunPlace): CopiedObject {
  const listed = sizes.get(key) ?? size;
  return parseSegmentKey(key) !== undefined && listed > size ? { key, size: listed } : { key, size, digest };
}

/** Throws a refusal unless what an interrupted copy, or another program, left of a run is what the source has. */
async function checkLeftovers(
  { target, signal }: TransferContext,
  objects: readonly CopiedObject[],
  { sizes }: RunPlace,
): Promise<void> {
  const found = objects.filter(({ key, size }) => sizes.get(key) === size);
  await mapBounded(found, OBJECTS_AT_ONCE, signal, async (object, stop) => {
    const { problem } = await checkBytes(target, object, stop);
    if (problem) throw refusal(`the target has other bytes as ${object.key}`, object.key);
  });
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
