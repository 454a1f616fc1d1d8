import type { CallOptions } from "../backend/backend.ts";
import { formatDigest } from "../bytes/digest.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { losesRecords, lossError } from "../journal/damage.ts";
import { parseLifecycleKey, readLifecycle } from "../journal/lifecycle.ts";
import { parseMediaPackName } from "../journal/media-pack.ts";
import { probeDocuments } from "../journal/probe-run.ts";
import { readBareDocument } from "../journal/read-run-document.ts";
import { readRunBeginning } from "../journal/read-run-beginning.ts";
import { readRunState } from "../journal/run-state.ts";
import { runPrefix } from "../journal/run-created.ts";
import { runDocumentKey } from "../journal/run-document.ts";
import { sealingKey, sealKey } from "../journal/sealing.ts";
import { runObjects } from "../run-objects/run-objects.ts";
import type { ExpectedObject } from "./check-object.ts";
import { problemOf, type SealReport } from "./findings.ts";
import type { VerificationProblem } from "./verification.ts";
import type { ChainedSeal } from "./verify-chains.ts";
import { type VerifyContext, verifyObjects } from "./verify-objects.ts";
import { findPurge } from "./verify-removals.ts";
import { readStoredSeal } from "./verify-seal.ts";
import { verifySealedRun } from "./verify-sealed-run.ts";

const TRIES = 5;
const ADVICE = "The other runs are not affected. Restore this object from a copy of the ledger";
const DOCUMENT_ADVICE =
  "It lists what belongs to the run. getRun() says what of the run can be read without it. Restore it from a copy of the ledger";

/**
 * Verifies everything that belongs to a run. Starts again if the run was closed meanwhile, which replaces objects. If it
 * is closed again and again, only problems count that the last two attempts found. Returns what it found out about the
 * seal of the run, `undefined` if the run has none. `isAlone`: looks for the link of the seal in its chain, and for what says that the run was purged. Rejects
 * with `RUN_NOT_FOUND`.
 */
export async function verifyRun(context: VerifyContext, id: string, isAlone: boolean): Promise<RunReport | undefined> {
  let before: readonly VerificationProblem[] | undefined;
  for (let left = TRIES; ; left--) {
    const found: VerificationProblem[] = [];
    const staged = {
      count: (bytes: number) => context.findings.count(bytes),
      add: (each: VerificationProblem) => void found.push(each),
      adopt: (run: string) => context.findings.adopt(run),
    };
    const newest = await newestDocument(context, id);
    const report = await verifyOnce({ ...context, findings: staged }, id, isAlone);
    const isStable = found.length === 0 || (await newestDocument(context, id)) === newest;
    if (isStable || left === 1) {
      const seen = isStable ? undefined : new Set(before?.map(({ key }) => key));
      for (const problem of found) if (seen?.has(problem.key) !== false) context.findings.add(problem);
      return report;
    }
    before = found;
  }
}

/** What was found out about the seal of a run, and what it says of its chain. */
export interface RunReport extends SealReport {
  readonly seal?: ChainedSeal | undefined;
}

function lacksSeal({ findings }: VerifyContext, id: string): void {
  const key = sealKey(id);
  const message = `${key} is missing, but run ${id} says that it was sealed. If seal() was interrupted, call it again`;
  findings.add({ kind: "missing", key, message: `${message}. Otherwise restore the seal from a copy` });
}

async function newestDocument({ backend, signal }: VerifyContext, id: string): Promise<number | undefined> {
  try {
    return await probeDocuments(backend, id, signal ? { signal } : {});
  } catch (error) {
    if (LedgerError.is(error)) return undefined;
    throw error;
  }
}

async function verifyOnce(context: VerifyContext, id: string, isAlone: boolean): Promise<RunReport | undefined> {
  const stored = await readStoredSeal(context, id, isAlone);
  if (stored === undefined) {
    await verifyRecorded(context, id, true);
    return undefined;
  }
  const { seal, objects, signedBy, unknownSigners, unchecked } = stored;
  if (seal === undefined || objects === undefined) {
    await verifyRecorded(context, id, false);
    return { isSealed: false, signedBy, unknownSigners, late: [], unchecked, seal };
  }
  // A run that was listed was not purged.
  if (isAlone && (await findPurge(context, id, true)))
    return { isSealed: true, signedBy, unknownSigners, late: [], unchecked, seal };
  const beyond = await verifySealedRun(context, seal, objects);
  const notListed = [...new Set([...unchecked, ...beyond.unchecked])];
  return { isSealed: true, signedBy, unknownSigners, late: beyond.late, unchecked: notListed, seal };
}

/**
 * Verifies a run by what it recorded itself. `wantsSeal`: adds a problem if the run says that it is being sealed, because
 * it has no seal.
 */
async function verifyRecorded(context: VerifyContext, id: string, wantsSeal: boolean): Promise<void> {
  const { backend, findings, signal } = context;
  const call = signal ? { signal } : {};
  const key = runPrefix(id);
  try {
    const onDamaged = (error: LedgerError): void => findings.add(problemOf(error, key, ADVICE));
    const objects = await runObjects(backend, id, { ...call, onDamaged });
    const all =
      objects.source === "inventory" ? objects : withRecorded(objects, await recordedObjects(context, id, call));
    let hasJournals = false;
    let marker = 0;
    const watched = async function* (): AsyncGenerator<ExpectedObject, void, undefined> {
      for await (const object of all) {
        hasJournals ||= object.digest === undefined;
        marker = Math.max(marker, parseLifecycleKey(object.key) ?? 0);
        if (wantsSeal && object.key === sealingKey(id)) lacksSeal(context, id);
        const hex = object.digest === undefined ? mediaPackHex(object.key, key) : undefined;
        yield hex === undefined ? object : { ...object, digest: formatDigest(hex), mayGo: true };
      }
    };
    await verifyObjects(context, watched(), key, ADVICE);
    if (hasJournals) await readJournals(context, id, call);
    // Their digests are computed from what is stored, so only their content says whether they are whole.
    await readLifecycle(backend, id, marker, call);
  } catch (error) {
    signal?.throwIfAborted();
    if (LedgerError.hasCode(error, "RUN_NOT_FOUND") || LedgerError.hasCode(error, "INVALID_ARGUMENT")) throw error;
    findings.add(problemOf(error, key, ADVICE));
  }
}

/** Returns the objects that the newest document of a run lists, by key. None if there is no document. */
async function recordedObjects(
  { backend, findings, signal }: VerifyContext,
  id: string,
  call: CallOptions,
): Promise<Map<string, ExpectedObject>> {
  const prefix = runPrefix(id);
  try {
    const number = await probeDocuments(backend, id, call);
    if (number === 0) return new Map();
    const { document } = await readBareDocument(backend, id, number, call);
    if (document === undefined) {
      const key = runDocumentKey(id, number);
      findings.add({ kind: "damaged", key, message: `${key} is damaged. ${DOCUMENT_ADVICE}` });
      return new Map();
    }
    return new Map(
      document.objects.map(({ name, ...rest }) => [`${prefix}/${name}`, { ...rest, key: `${prefix}/${name}` }]),
    );
  } catch (error) {
    signal?.throwIfAborted();
    findings.add(problemOf(error, prefix, ADVICE));
    return new Map();
  }
}

/** Yields listed objects with what was recorded about them, then the recorded objects that the listing lacks. */
async function* withRecorded(
  listed: AsyncIterable<ExpectedObject>,
  recorded: Map<string, ExpectedObject>,
): AsyncGenerator<ExpectedObject, void, undefined> {
  for await (const object of listed) {
    const known = recorded.get(object.key);
    recorded.delete(object.key);
    yield object.digest === undefined && known ? known : object;
  }
  yield* recorded.values();
}

/** Returns the SHA-256 that the key of a pack of rich values promises, or `undefined` for another key. */
function mediaPackHex(key: string, prefix: string): string | undefined {
  return key.startsWith(`${prefix}/`) ? parseMediaPackName(key.slice(prefix.length + 1))?.hex : undefined;
}

/** Adds the damage of journals, about which nothing but their own checksums says whether they are whole. */
async function readJournals({ backend, findings }: VerifyContext, id: string, call: CallOptions): Promise<void> {
  const created = await readRunBeginning(backend, id, call);
  const { lost, folds } = await readRunState(backend, created, call);
  for (const damage of [...lost, ...folds.flatMap((fold) => fold.damage)])
    if (losesRecords(damage))
      findings.add(problemOf(lossError(`records of run ${id} are`, damage), runPrefix(id), ADVICE));
}
