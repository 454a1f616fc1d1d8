import { beingCollected, judge, listCollectionKeys, type Verdict } from "../artifacts/collections.ts";
import { blobKey, type StoredBlob } from "../artifacts/blobs.ts";
import type { Backend } from "../backend/backend.ts";
import { formatDigest } from "../bytes/digest.ts";
import { CheckedBlobs } from "../care/checked-blobs.ts";
import type { LedgerError } from "../errors/ledger-error.ts";
import { storedKind } from "../journal/inventory.ts";
import { runPrefix } from "../journal/run-created.ts";
import { mapBounded } from "../platform/bounded.ts";
import { copyBlob } from "./copy-object.ts";
import { refusal } from "./refusal.ts";
import type { ImportContext, TransferContext } from "./transfer-context.ts";

/** How many blobs are stored again at a time. */
const BLOBS_AT_ONCE = 4;

/**
 * Makes sure that no collection removes the blobs of a copied run. Everything that names them must be stored. Stores again
 * what is gone, and returns whether it did. Rejects with a refusal if a collection may be removing some at this moment: the
 * next copy looks for them again.
 */
export async function keepBlobs(context: TransferContext, run: string): Promise<boolean> {
  const { target, seen, there, relied, signal } = context;
  const blobs = [...relied.values()];
  const { verdict, ended } = await look(target, blobs, there === seen.there ? seen.before : 0, signal);
  if (ended > seen.before) {
    // What was seen before a collection ended may be gone.
    seen.before = ended;
    seen.there = new CheckedBlobs();
  }
  if (verdict === "kept") return false;
  if (verdict === "condemned") {
    const { message, key } = inTheWay(run);
    throw refusal(message, key);
  }
  const again = { ...context, there: new CheckedBlobs() };
  await mapBounded(blobs, BLOBS_AT_ONCE, signal, ({ hex, size }, stop) =>
    copyBlob({ ...again, signal: stop }, { key: blobKey(hex), size, digest: formatDigest(hex) }),
  );
  return true;
}

/**
 * Does the same for a run that was imported. Only the archive has the blobs, and it was read. So if some are gone or being
 * removed, rejects with `CONFLICT`, and removes what shows the run, so that the next import does not find it complete.
 * `created`: the keys of the objects of the run, as they were stored.
 */
export async function keepImported(
  { target, signal }: ImportContext,
  run: string,
  blobs: readonly StoredBlob[],
  created: readonly string[],
): Promise<void> {
  if ((await look(target, blobs, 0, signal)).verdict === "kept") return;
  const below = `${runPrefix(run)}/`;
  for (const key of [...created].reverse())
    if (["beginning", "document"].includes(storedKind(key.slice(below.length)) ?? "")) await target.remove(key);
  throw inTheWay(run);
}

/** `before`: how many collections had ended before the first blob was looked for. */
async function look(
  target: Backend,
  blobs: readonly StoredBlob[],
  before: number,
  signal: AbortSignal | undefined,
): Promise<{ readonly verdict: Verdict; readonly ended: number }> {
  const kept = { verdict: "kept", ended: 0 } as const;
  if (blobs.length === 0) return kept;
  const keys = await listCollectionKeys(target, signal);
  return keys.length === 0 ? kept : await judge(target, keys, { blobs, before }, signal);
}

function inTheWay(run: string): LedgerError {
  return beingCollected(`run ${run}`);
}
