import { checkBytes } from "../care/check-object.ts";
import { storedKind } from "../journal/inventory.ts";
import { runPrefix } from "../journal/run-created.ts";
import { mapBounded } from "../platform/bounded.ts";
import { type CopiedObject, repairObject } from "./copy-object.ts";
import { refusal } from "./refusal.ts";
import type { RunPlace } from "./run-place.ts";
import type { TransferContext } from "./transfer-context.ts";

/** How many objects are compared at a time. */
const OBJECTS_AT_ONCE = 4;

/** Throws a refusal unless what an interrupted copy, or another program, left of a run is what the source has. */
export async function checkLeftovers(
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

/**
 * Compares the objects that the target has of a run with their digests. `isSameRun`: whether its newest document is that
 * of the source: then other bytes are damage, and are replaced. Otherwise, and for what no document lists, they are a
 * refusal. Returns whether it replaced one.
 */
export async function compareStored(
  context: TransferContext,
  objects: readonly CopiedObject[],
  { id, sizes }: RunPlace,
  isSameRun: boolean,
): Promise<boolean> {
  const found = objects.filter(({ key, size, digest }) => digest !== undefined && sizes.get(key) === size);
  const repaired = await mapBounded(found, OBJECTS_AT_ONCE, context.signal, async (object, signal) => {
    const kind = storedKind(object.key.slice(runPrefix(id).length + 1));
    if (isSameRun && kind !== "seal" && kind !== "lifecycle") return await repairObject({ ...context, signal }, object);
    if ((await checkBytes(context.target, object, signal)).problem)
      throw refusal(`the target has other bytes as ${object.key}`, object.key);
    return false;
  });
  return repaired.includes(true);
}
