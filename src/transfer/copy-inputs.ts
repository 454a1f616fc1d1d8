import { callOptions } from "../backend/call-options.ts";
import type { RecordedVersion } from "../journal/event.ts";
import { runPrefix } from "../journal/run-created.ts";
import { versionObjects } from "../run-objects/version-objects.ts";
import { copyBlob } from "./copy-object.ts";
import { copyManifest, copyRemoval, hasVersion } from "./copy-version.ts";
import { forEachBounded } from "./for-each.ts";
import { refusing } from "./refusal.ts";
import type { TransferContext } from "./transfer-context.ts";

/** How many objects are copied at a time. */
const OBJECTS_AT_ONCE = 4;

/** Copies versions of other runs. Returns whether the target lacked one. */
export async function copyInputs(
  context: TransferContext,
  id: string,
  inputs: readonly RecordedVersion[],
): Promise<boolean> {
  const { source, signal } = context;
  let hasMore = false;
  for (const input of inputs) {
    const manifest = { key: input.manifest.key, size: input.manifest.size, digest: input.manifest.digest };
    if ((await hasVersion(context, manifest)) === "removed") continue;
    const objects = versionObjects(source, [input], runPrefix(id), callOptions(signal));
    let isRemoved = true;
    await forEachBounded(refusing(objects), OBJECTS_AT_ONCE, signal, async (object, stop) => {
      if (object.kind !== "blob") isRemoved = false;
      else if (await copyBlob({ ...context, signal: stop }, object)) hasMore = true;
    });
    // The source may have removed it since it was copied.
    if (isRemoved && (await hasVersion(context, manifest))) continue;
    if (await (isRemoved ? copyRemoval(context, manifest) : copyManifest(context, manifest))) hasMore = true;
  }
  return hasMore;
}
