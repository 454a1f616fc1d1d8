import { blobKey } from "../artifacts/blobs.ts";
import type { Backend, CallOptions, Entry } from "../backend/backend.ts";
import { readBounded } from "../backend/read-bounded.ts";
import { formatDigest, parseDigest } from "../bytes/digest.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { entryKey } from "../catalog/catalog-entry.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import type { RecordedVersion } from "../journal/event.ts";
import { losesRecords, lossError } from "../journal/damage.ts";
import { foldRun } from "../journal/fold-run.ts";
import { isFinal, storedKind, toEntries } from "../journal/inventory.ts";
import { lifecycleKey, MAX_MARKER_BYTES } from "../journal/lifecycle.ts";
import { toRunListing } from "../journal/list-run.ts";
import { probeDocuments, probeLifecycle } from "../journal/probe-run.ts";
import { purgedKey, runPurged } from "../journal/purged.ts";
import { readBareDocument } from "../journal/read-run-document.ts";
import { isSealDocument } from "../journal/sealing.ts";
import { readRunBeginning } from "../journal/read-run-beginning.ts";
import { runCreatedKey, runNotFound, runPrefix } from "../journal/run-created.ts";
import type { RunRecord } from "../journal/run-record.ts";
import { type RunDocument, runDocumentKey } from "../journal/run-document.ts";
import { readRunState } from "../journal/run-state.ts";
import { mediaBlobs } from "./media-blobs.ts";
import type { RunObject } from "./run-object.ts";
import { sealObjects } from "./seal-objects.ts";
import { versionObjects } from "./version-objects.ts";

/** What the caller knows about a run. The row of the run in the catalogue has both numbers. */
export interface KnownNumbers {
  /** The number of the newest document, which closed the run. */
  readonly document: number;
  /** The number of the newest marker that says whether the run is deleted, 0 if there is none. */
  readonly marker: number;
}

/** Options of {@link runObjects}. */
export interface RunObjectsOptions extends CallOptions {
  /** Default: `runObjects` looks for both numbers, and for a session that began after the close. */
  readonly known?: KnownNumbers | undefined;
  /** Whether to yield the artifact versions that the run made, or which. Default `true`. */
  readonly versions?: boolean | ((version: RecordedVersion) => Promise<boolean>) | undefined;
  /** Gets the error of each artifact version that cannot be read. Default: the iteration throws the first one. */
  readonly onDamaged?: ((error: LedgerError) => void) | undefined;
}

/** The objects that belong to a run. */
export interface RunObjects extends AsyncIterable<RunObject> {
  /**
   * `inventory`: the run document lists the objects. `listing`: the run is not closed, a session began after the close,
   * or something is lost. Then objects below the prefix of the run have no digest.
   */
  readonly source: "inventory" | "listing";
}

/**
 * Returns everything that belongs to a run: the objects below its prefix, the manifests of the artifact versions that
 * it made, and the blobs of these versions, of its rich values, and of the patch and the archive of its code. A blob
 * may come several times. Only a listing shows compacted journals, and objects that attempts to close the run left
 * behind.
 *
 * A closed run is not listed. Its document costs one request. Without `known`, a run that was closed once and never
 * deleted costs four more. Each version and each marker costs one. Rich values cost the reads of the objects or
 * journals that name them, and nothing if the document names them.
 *
 * The iteration throws `RUN_NOT_FOUND`, or `CORRUPT` with the key of what is damaged. All that it yielded before
 * belongs to the run.
 */
export async function runObjects(backend: Backend, id: string, options: RunObjectsOptions = {}): Promise<RunObjects> {
  const { known, onDamaged, versions = true, ...call } = options;
  const more = { versions, onDamaged };
  const closed = await findClosed(backend, id, known, call);
  if (closed === undefined)
    return { source: "listing", [Symbol.asyncIterator]: () => listedObjects(backend, id, call, more) };
  return { source: "inventory", [Symbol.asyncIterator]: () => closedObjects(backend, id, closed, call, more) };
}

/** A closed run. Its newest document covers everything. */
interface ClosedRun {
  readonly document: RunDocument;
  readonly bytes: Uint8Array;
  readonly numbers: KnownNumbers;
}

async function findClosed(
  backend: Backend,
  id: string,
  known: KnownNumbers | undefined,
  call: CallOptions,
): Promise<ClosedRun | undefined> {
  const number = known?.document ?? (await probeDocuments(backend, id, call));
  if (number === 0) return undefined;
  const found = await readBareDocument(backend, id, number, call).catch((error: unknown) => {
    if (LedgerError.hasCode(error, "NOT_FOUND")) return undefined;
    throw error;
  });
  if (found?.document === undefined || !isFinal(found.document)) return undefined;
  const { bytes, document } = found;
  if (known) return { document, bytes, numbers: known };
  // A session enters the catalogue before its caller gets the run.
  const began = entryKey(document.record.experiment, id, "open", number);
  if ((await backend.stat(began, call)) !== undefined) return undefined;
  return { document, bytes, numbers: { document: number, marker: await probeLifecycle(backend, id, call) } };
}

async function* closedObjects(
  backend: Backend,
  id: string,
  { document, bytes, numbers }: ClosedRun,
  call: CallOptions,
  { versions, onDamaged }: Pick<RunObjectsOptions, "versions" | "onDamaged">,
): AsyncGenerator<RunObject, void, undefined> {
  const { record, objects, compacted, summaries } = document;
  const key = runDocumentKey(id, numbers.document);
  for (const { name, size, digest } of objects)
    yield { key: `${runPrefix(id)}/${name}`, size, digest, kind: storedKind(name) ?? "unknown" };
  yield { key, ...(await sumOf(bytes)), kind: "document" };
  for (let n = 1; n <= numbers.marker; n++) {
    const marker = lifecycleKey(id, n);
    const content = await readBounded(backend, marker, MAX_MARKER_BYTES, call);
    yield { key: marker, ...(await sumOf(content)), kind: "lifecycle" };
  }
  if (isSealDocument({ objects })) yield* sealObjects(backend, id, call);
  if (versions) yield* versionObjects(backend, await chosen(record.artifacts, versions), key, call, onDamaged);
  yield* codeBlobs(record);
  // If the summaries are in another object, the record does not show whether there are rich values.
  if (record.media === undefined && summaries === undefined) return;
  const { writers } = toRunListing(toEntries(id, objects), id);
  yield* mediaBlobs(backend, id, { compacted, journals: writers }, call);
}

async function chosen(
  made: readonly RecordedVersion[],
  versions: NonNullable<RunObjectsOptions["versions"]>,
): Promise<readonly RecordedVersion[]> {
  if (typeof versions === "boolean") return made;
  const found: RecordedVersion[] = [];
  for (const version of made) if (await versions(version)) found.push(version);
  return found;
}

function* codeBlobs({ code }: Pick<RunRecord, "code">): Generator<RunObject, void, undefined> {
  for (const { digest, size } of [...(code?.patch ? [code.patch] : []), ...(code?.archive?.parts ?? [])]) {
    const hex = parseDigest(digest);
    if (hex !== undefined) yield { key: blobKey(hex), size, digest, kind: "blob" };
  }
}

async function sumOf(bytes: Uint8Array): Promise<{ readonly size: number; readonly digest: string }> {
  const { sha256Hex } = await loadSha256();
  return { size: bytes.length, digest: formatDigest(await sha256Hex(bytes)) };
}

async function* listedObjects(
  backend: Backend,
  id: string,
  call: CallOptions,
  { versions, onDamaged }: Pick<RunObjectsOptions, "versions" | "onDamaged">,
): AsyncGenerator<RunObject, void, undefined> {
  const entries: Entry[] = [];
  for await (const entry of backend.list(runPrefix(id), call)) entries.push(entry);
  const mark = purgedKey(id);
  if (entries.some(({ key }) => key === mark)) throw runPurged(id);
  if (entries.length === 0) throw runNotFound(id);
  for (const { key, size } of entries)
    yield { key, size, kind: storedKind(key.slice(runPrefix(id).length + 1)) ?? "unknown" };
  const created = await readRunBeginning(backend, id, call).catch((cause: unknown) => {
    if (!LedgerError.hasCode(cause, "NOT_FOUND")) throw cause;
    const key = runCreatedKey(id);
    throw new LedgerError("CORRUPT", `${key} is missing, so it is unknown what else belongs to the run`, {
      key,
      cause,
    });
  });
  const { document, folds, lost, more } = await readRunState(backend, created, {
    ...call,
    listing: toRunListing(entries, id),
  });
  const damage = [...lost, ...folds.flatMap((fold) => fold.damage)].find(losesRecords);
  const record = foldRun(created, folds);
  const wanted = versions ? await chosen(record.artifacts, versions) : [];
  yield* versionObjects(backend, wanted, runPrefix(id), call, onDamaged);
  yield* codeBlobs(record);
  if (folds.some(({ media }) => media.size > 0))
    yield* mediaBlobs(backend, id, { compacted: document?.compacted, journals: more }, call);
  if (damage) throw lossError(`what belongs to run ${id} is`, damage);
}
