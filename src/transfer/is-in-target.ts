import { readBounded } from "../backend/read-bounded.ts";
import { callOptions } from "../backend/call-options.ts";
import { formatDigest } from "../bytes/digest.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { purgedKey } from "../journal/purged.ts";
import { MAX_DOCUMENT_BYTES } from "../journal/run-document.ts";
import { type ArchiveContents, isHeld } from "./archive-contents.ts";
import { hasVersion } from "./copy-version.ts";
import { checkOrigins } from "./fork-origins.ts";
import { listPlace } from "./run-place.ts";
import type { ImportContext } from "./transfer-context.ts";

/**
 * Returns whether the ledger has a run with the id of an archive. A part of that very run, which an interrupted import left,
 * does not count. Rejects with `CONFLICT` if the run was purged, if the ledger lacks a run from which it inherits points,
 * or if it has another version with the number of one of its versions.
 */
export async function isInTarget(context: ImportContext, contents: ArchiveContents): Promise<boolean> {
  const { target, signal } = context;
  const { run, objects, origins, removed } = contents;
  const call = callOptions(signal);
  const place = await listPlace(target, run, call);
  if (place.isPurged)
    throw new LedgerError("CONFLICT", `run ${run} was purged, so it cannot come back`, { key: purgedKey(run) });
  if (place.listing.created || place.listing.newestDocument > 0) {
    const archived = new Map(objects.map((each) => [each.key, each]));
    const own = objects.filter(({ key }) => key.startsWith("runs/"));
    if (own.every(({ key }) => place.sizes.has(key))) return true;
    const { sha256Hex } = await loadSha256();
    for (const [key, size] of place.sizes) {
      const object = archived.get(key);
      if (object?.size !== size) return true;
      if (!isHeld(key, run)) continue;
      if ((await sha256Hex(await readBounded(target, key, MAX_DOCUMENT_BYTES, call))) !== object.hex) return true;
    }
  }
  await checkOrigins(context, run, origins);
  for (const { key, size, hex } of [...objects, ...removed])
    if (key.startsWith("artifacts/")) await hasVersion(context, { key, size, digest: formatDigest(hex) });
  return false;
}
