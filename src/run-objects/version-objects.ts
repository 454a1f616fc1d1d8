import { blobKey, type StoredBlob } from "../artifacts/blobs.ts";
import type { Manifest } from "../artifacts/manifest.ts";
import { parseManifestKey, readManifest, removedMarkerKey } from "../artifacts/manifests.ts";
import type { Backend, CallOptions } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import { formatDigest } from "../bytes/digest.ts";
import { concernsOneObject, LedgerError } from "../errors/ledger-error.ts";
import type { RecordedVersion } from "../journal/event.ts";
import type { RunObject } from "./run-object.ts";

/**
 * Yields the manifest of each version, then the blobs that it names. Costs one request for each version. `by`: the
 * object that names the versions. A version that is not as the run recorded it goes to `onDamaged`. Without that, throws
 * `CORRUPT`. Leaves out versions that were removed and whose manifests are gone.
 */
export async function* versionObjects(
  backend: Backend,
  versions: readonly RecordedVersion[],
  by: string,
  { signal }: CallOptions,
  onDamaged?: (error: LedgerError) => void,
): AsyncGenerator<RunObject, void, undefined> {
  for (const { name, version, manifest } of versions) {
    const { key, size, digest } = manifest;
    const number = numberOf(name, key);
    if (number === undefined) {
      const message = `${by} names an object as the manifest of an artifact version that cannot be one`;
      throw new LedgerError("CORRUPT", message, { key: by });
    }
    let found: Manifest;
    try {
      found = await readRecorded(backend, { name, version, manifest }, { number, by }, signal);
      yield { key, size, digest, kind: "manifest" };
    } catch (error) {
      if (await wasRemoved(backend, name, key, error, signal)) continue;
      yield { key, size, digest, kind: "manifest" };
      if (onDamaged === undefined || !concernsOneObject(error)) throw error;
      onDamaged(error);
      continue;
    }
    yield* blobsOf(found);
  }
}

/** Returns whether the manifest is missing because somebody removed the version. */
async function wasRemoved(
  backend: Backend,
  name: string,
  key: string,
  error: unknown,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const isMissing = LedgerError.hasCode(error, "CORRUPT") && LedgerError.hasCode(error.cause, "NOT_FOUND");
  const place = isMissing ? parseManifestKey(name, key) : undefined;
  return place !== undefined && (await backend.stat(removedMarkerKey(name, place), callOptions(signal))) !== undefined;
}

async function readRecorded(
  backend: Backend,
  { name, version, manifest }: Pick<RecordedVersion, "name" | "version" | "manifest">,
  { number, by }: { readonly number: number; readonly by: string },
  signal: AbortSignal | undefined,
): Promise<Manifest> {
  const { key, size, digest } = manifest;
  const found = await readManifest(backend, name, { key, number }, signal).catch((cause: unknown) => {
    if (!LedgerError.hasCode(cause, "NOT_FOUND")) throw cause;
    throw new LedgerError("CORRUPT", `${key} is missing: ${by} names it`, { key, cause });
  });
  if (found.size === size && found.digest === digest) return found.manifest;
  const message = `${key} is not the manifest of ${name}:${version} that the run recorded`;
  throw new LedgerError("CORRUPT", message, { key });
}

/** Yields the blobs of a version: one for each file that is not in a pack, and each pack once. */
export function* blobsOf({ files }: Pick<Manifest, "files">): Generator<RunObject, void, undefined> {
  const packs = new Set<StoredBlob>();
  for (const file of files) {
    const blob: StoredBlob = file.place?.pack ?? file;
    if (packs.has(blob)) continue;
    if (file.place !== undefined) packs.add(blob);
    yield { key: blobKey(blob.hex), size: blob.size, digest: formatDigest(blob.hex), kind: "blob" };
  }
}

/**
 * Returns the number in the key of a manifest, or `undefined` for any other key. The name comes from a record, so it
 * may be invalid.
 */
function numberOf(name: string, key: string): number | undefined {
  try {
    return parseManifestKey(name, key)?.number;
  } catch (error) {
    if (LedgerError.hasCode(error, "INVALID_ARGUMENT")) return undefined;
    throw error;
  }
}
