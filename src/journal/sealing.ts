import { LedgerError } from "../errors/ledger-error.ts";
import { runPrefix } from "./run-created.ts";

/** The name, below the prefix of a run, of the object that says that no session may begin any more. */
export const SEALING_NAME = "sealing.json";
/** The names of the seal of a run, and of the list of the sealed objects. */
export const SEAL_NAME = "seal.json";
export const SEALED_NAME = "seal.objects";

const SIGNATURE = /^signatures\/[0-9a-f]{32}\.intoto\.jsonl$/;

/** Returns the key of the object that says that a run is, or will be, sealed. */
export function sealingKey(runId: string): string {
  return `${runPrefix(runId)}/${SEALING_NAME}`;
}

/** Returns the key of the seal of a run. */
export function sealKey(runId: string): string {
  return `${runPrefix(runId)}/${SEAL_NAME}`;
}

/** Returns the key of the list of the objects that a seal covers. */
export function sealedKey(runId: string): string {
  return `${runPrefix(runId)}/${SEALED_NAME}`;
}

/** Returns the prefix of the signatures of a seal. */
export function signaturesPrefix(runId: string): string {
  return `${runPrefix(runId)}/signatures`;
}

/** Returns the key of a signature. `hex`: the SHA-256 of the id of its key. */
export function signatureKey(runId: string, hex: string): string {
  return `${signaturesPrefix(runId)}/${hex.slice(0, 32)}.intoto.jsonl`;
}

/** Returns whether an object below the prefix of a run belongs to its seal: those that the seal itself cannot cover. */
export function isSealName(name: string): boolean {
  return name === SEAL_NAME || name === SEALED_NAME || SIGNATURE.test(name);
}

/**
 * Returns whether a document was stored to seal its run. No other document may follow it, and what sessions store beyond
 * it was never acknowledged.
 */
export function isSealDocument({ objects }: { readonly objects: readonly { readonly name: string }[] }): boolean {
  return objects.some(({ name }) => name === SEALING_NAME);
}

/** Returns the error of a session that would begin after a run was sealed. */
export function sealedError(runId: string): LedgerError {
  const message = `run ${JSON.stringify(runId)} is sealed, so it cannot go on: start another run, or a fork of this one`;
  return new LedgerError("RUN_CLOSED", message, { field: "id", key: sealingKey(runId) });
}
