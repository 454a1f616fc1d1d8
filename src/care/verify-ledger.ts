import { parseManifestKey, readManifest, removedMarkerKey } from "../artifacts/manifests.ts";
import { blobKey } from "../artifacts/blobs.ts";
import type { Backend } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import type { CatalogContext } from "../catalog/catalog-context.ts";
import { decodeSegment } from "../backend/key.ts";
import { formatDigest, isSha256Hex } from "../bytes/digest.ts";
import { decodeCheckedJson } from "../bytes/checked-json.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { listRuns } from "../journal/list-runs.ts";
import type { RunListing } from "../journal/list-run.ts";
import { mapBounded } from "../platform/bounded.ts";
import { blobsOf } from "../run-objects/version-objects.ts";
import { AliasTargets } from "./alias-targets.ts";
import type { ExpectedObject } from "./check-object.ts";
import { problemOf, type SealReport } from "./findings.ts";
import { verifyCatalog } from "./verify-catalog.ts";
import { type VerifyContext, verifyObjects } from "./verify-objects.ts";
import { type ChainedSeal, verifyChains } from "./verify-chains.ts";
import { verifyRun } from "./verify-run.ts";

const MARKER_KEY = "ledger.json";

/** How many runs are verified at a time. */
const RUNS_AT_ONCE = 8;
const BLOB_ADVICE =
  "The other blobs are not affected. Restore this one from a copy. If it is missing or cut, logging its content again stores it";
const MANIFEST_ADVICE = "The other versions are not affected. Restore this object from a copy of the ledger";
const RUN_ADVICE = "The other runs are not affected";

/** Verifies the whole ledger: marker, blobs, artifacts, runs, chains of seals, catalogue. `addRun`: gets each run. */
export async function verifyLedger(
  context: VerifyContext,
  catalog: CatalogContext,
  addRun: (report: SealReport | undefined) => void,
): Promise<void> {
  await verifyMarker(context);
  // First, so that each is read once, and in the order of the store.
  await verifyObjects(context, storedBlobs(context), "blobs", BLOB_ADVICE);
  await verifyObjects(context, artifactObjects(context), "artifacts", MANIFEST_ADVICE);
  const seals = new Map<string, ChainedSeal>();
  const listed = await verifyRuns(context, seals, addRun);
  if (listed === undefined) return;
  await verifyChains(context, seals);
  await verifyCatalog(context, catalog, (id) => {
    const { newestDocument = 0, lifecycle = 0 } = listed.get(id) ?? {};
    return { document: newestDocument, marker: lifecycle };
  });
}

async function verifyMarker({ backend, findings, signal }: VerifyContext): Promise<void> {
  findings.count(0);
  try {
    const range = { offset: 0, length: 64 * 1024 };
    const bytes = await backend.read(MARKER_KEY, { range, ...(signal && { signal }) });
    decodeCheckedJson(bytes, undefined, "version");
  } catch (error) {
    signal?.throwIfAborted();
    const advice = "No run is affected. The next run that is started, resumed or finished writes it again";
    const said = LedgerError.is(error)
      ? error
      : new LedgerError("CORRUPT", `${MARKER_KEY} is damaged`, { cause: error });
    findings.add(problemOf(said, MARKER_KEY, advice));
  }
}

/** Yields every stored blob with the digest that its key promises. */
async function* storedBlobs({ backend, signal }: VerifyContext): AsyncGenerator<ExpectedObject, void, undefined> {
  for await (const { key, size } of backend.list("blobs/sha256", signal ? { signal } : {})) {
    const hex = key.slice(key.lastIndexOf("/") + 1);
    if (isSha256Hex(hex) && blobKey(hex) === key) yield { key, size, digest: formatDigest(hex) };
  }
}

/** Yields the blobs of every version of every artifact. Adds manifests that cannot be read. */
async function* artifactObjects({
  backend,
  findings,
  signal,
}: VerifyContext): AsyncGenerator<ExpectedObject, void, undefined> {
  let targets = new AliasTargets("");
  const lost = (): void => {
    for (const { key, message } of targets.lost()) findings.add({ kind: "missing", key, message });
  };
  for await (const { key } of backend.list("artifacts", signal ? { signal } : {})) {
    const name = nameOf(key);
    if (name !== undefined && name !== targets.name) {
      lost();
      targets = new AliasTargets(name);
    }
    targets.see(key);
    const parsed = name === undefined ? undefined : parseManifestKey(name, key);
    if (name === undefined || parsed === undefined) continue;
    try {
      const { manifest, size } = await readManifest(backend, name, { key, number: parsed.number }, signal);
      findings.count(size);
      yield* blobsOf(manifest);
    } catch (error) {
      signal?.throwIfAborted();
      if (await isRemoved(backend, removedMarkerKey(name, parsed), signal)) continue;
      findings.add(problemOf(error, key, MANIFEST_ADVICE));
    }
  }
  lost();
}

/** Returns whether a marker says that a version was removed. Its manifest goes later. */
async function isRemoved(backend: Backend, marker: string, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    return (await backend.stat(marker, callOptions(signal))) !== undefined;
  } catch {
    return false;
  }
}

function nameOf(key: string): string | undefined {
  try {
    return decodeSegment(key.split("/")[1] ?? "");
  } catch {
    return undefined; // Not an object of this library.
  }
}

/** Verifies all runs. Returns their listings, or `undefined` if the store cannot list them. */
async function verifyRuns(
  context: VerifyContext,
  seals: Map<string, ChainedSeal>,
  addRun: (report: SealReport | undefined) => void,
): Promise<Map<string, RunListing> | undefined> {
  const { backend, findings, signal } = context;
  try {
    const unlisted = (id: string, error: LedgerError): void => findings.add(problemOf(error, `runs/${id}`, RUN_ADVICE));
    const listed = await listRuns(backend, unlisted, signal);
    await mapBounded([...listed.keys()], RUNS_AT_ONCE, signal, async (id, stop) => {
      try {
        const report = await verifyRun({ ...context, signal: stop }, id, false);
        addRun(report);
        if (report?.seal) seals.set(id, report.seal);
      } catch (error) {
        // It is no run, or was purged meanwhile.
        if (!LedgerError.hasCode(error, "RUN_NOT_FOUND")) throw error;
        if (listed.get(id)?.created === false) return;
        findings.add(problemOf(error, `runs/${id}`, RUN_ADVICE));
      }
    });
    return listed;
  } catch (error) {
    signal?.throwIfAborted();
    if (LedgerError.hasCode(error, "INVALID_ARGUMENT")) throw error;
    findings.add(problemOf(error, "runs", RUN_ADVICE));
    return undefined;
  }
}
