import type { Signer } from "./signer.ts";

/** Options of `ledger.seal`. */
export interface SealOptions {
  /** Signs the seal. Default: the seal is not signed. */
  readonly signer?: Signer | undefined;
  /** Aborting it rejects the call. The same call completes the seal later. */
  readonly signal?: AbortSignal | undefined;
}

/** The seal of a run. */
export interface Seal {
  /** The root of the tree over all sealed objects: 64 hex digits. Print it where the owner of the store cannot change it. */
  readonly root: string;
  /** How many objects are sealed. */
  readonly size: number;
  /** When the run was sealed, in ms since the epoch, by the clock of the process that sealed it. */
  readonly sealedAt: number;
  /** The ids of the keys that the seal says have signed it. `ledger.verify` checks their signatures. */
  readonly signedBy: readonly string[];
}
