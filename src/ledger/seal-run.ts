import { type OptionNames, readOptions } from "../arguments/options.ts";
import type { Backend } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { lossError } from "../journal/damage.ts";
import { foldRun } from "../journal/fold-run.ts";
import { isFinal } from "../journal/inventory.ts";
import { assertNotDeleted } from "../journal/lifecycle.ts";
import type { RunCreated } from "../journal/run-created.ts";
import { type RunDocument, runDocumentKey } from "../journal/run-document.ts";
import { readRunState, type RunState } from "../journal/run-state.ts";
import { isSealDocument } from "../journal/sealing.ts";
import { areWritersAlive } from "../journal/writers-alive.ts";
import { assertExclusive, randomHex, recordFencedEnds } from "../run/claim-run.ts";
import { closeRun } from "../run/close-run.ts";
import type { RunContext } from "../run/run-context.ts";
import { storeSealDocument } from "../run/seal-document.ts";
import { putUpSealingFence } from "../run/sealing-fence.ts";
import type { Seal, SealOptions } from "../seal/seal.ts";
import { checkSigner } from "../seal/signer.ts";
import { readRunCreated } from "./read-run.ts";
import { closeAsInterrupted } from "./recover.ts";
import { storeSeal } from "./store-seal.ts";
import { isClosed } from "./tidy-run.ts";

const SEAL_OPTIONS: OptionNames<SealOptions> = { signer: true, signal: true };
/** How often others may change the run before this gives up. */
const TRIES = 100;

/** Seals a run. See `Ledger.seal`. */
export async function sealRun(context: RunContext, id: string, given: SealOptions | undefined): Promise<Seal> {
  const { signer, signal } = readOptions("seal", given, SEAL_OPTIONS, "options", signerAdvice);
  if (signer !== undefined) checkSigner(signer);
  const { backend } = context;
  const created = await readRunCreated(backend, id, signal);
  await assertExclusive(backend, id, { what: "seal", instead: { advice: "" } }, signal);
  await assertSealable(backend, created, signal);
  const fence = await putUpSealingFence(backend, id, randomHex(), signal);
  const { document, number } = await lastDocument(context, created, fence, signal);
  return await storeSeal(backend, { created, document, number, time: context.clock.now(), signer }, signal);
}

function signerAdvice(name: string): string {
  if (!/^(private)?keys?$|^(private_?key|jwk|signWith|signers)$/i.test(name)) return "";
  return `; write { signer }: generateSigner() and importSigner(jwk) of "runledger/seal" return one`;
}

/** Rejects with `CONFLICT` if sessions may go on, `RUN_CLOSED` for a deleted run, and `CORRUPT` if something is lost. */
async function assertSealable(backend: Backend, created: RunCreated, signal: AbortSignal | undefined): Promise<void> {
  const call = callOptions(signal);
  const state = await readRunState(backend, created, call);
  const { listing, folds } = state;
  await assertNotDeleted(backend, created.id, listing.lifecycle, call);
  assertNothingLost(created, state);
  // An earlier call has shut all sessions out.
  if (listing.isSealing || isClosed(created, state)) return;
  if ((await areWritersAlive(backend, created, folds, listing.fences)) === "gone") return;
  const message =
    `run ${JSON.stringify(created.id)} is open, so it cannot be sealed: finish it first, ` +
    "or call recover() if its process is gone";
  throw new LedgerError("CONFLICT", message, { field: "id", transient: true });
}

function assertNothingLost({ id }: RunCreated, { lost: [first] }: RunState): void {
  if (first) throw lossError(`run ${id} cannot be sealed: records or objects of it are`, first);
}

/**
 * Returns the last document of a run: it lists everything that belongs to the run, and that the run is being sealed. The
 * fence must be up. Closes the run if a session joined at the last moment, or if its last session did not get so far.
 */
async function lastDocument(
  context: RunContext,
  created: RunCreated,
  fence: number,
  signal: AbortSignal | undefined,
): Promise<{ readonly document: RunDocument; readonly number: number }> {
  const { backend } = context;
  for (let left = TRIES; left > 0; left--) {
    const state = await readRunState(backend, created, callOptions(signal));
    assertNothingLost(created, state);
    const { document, isCurrent, listing, folds } = state;
    if (document && isSealDocument(document)) {
      if (isFinal(document)) return { document, number: listing.newestDocument };
      const key = runDocumentKey(created.id, listing.newestDocument);
      throw new LedgerError("CORRUPT", `${key} does not list everything that belongs to the run`, { key });
    }
    // Of a session whose first record came late, too: otherwise the run would go on with it.
    if ((await recordFencedEnds(backend, created, fence, state, signal)) > 0) continue;
    if (document && isCurrent && isFinal(document))
      await storeSealDocument(context, created, { ...state, document }, signal);
    else if (foldRun(created, folds).status === "running")
      await closeAsInterrupted(context, created, state, signal, true);
    else {
      const positions = new Map(folds.map(({ writer, next }) => [writer, next]));
      await closeRun(context, created, { positions, state, isForSeal: true, onlyFinal: true, signal });
    }
  }
  const message = `run ${created.id} could not be closed to seal it`;
  throw new LedgerError("CONFLICT", message, { transient: true });
}
