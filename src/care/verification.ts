/** Something in a store that is not as it was written. */
export interface VerificationProblem {
  /**
   * `missing`: the object is not there. `size`, `digest`: it has other bytes than were recorded. `damaged`: it cannot
   * be understood. `unreadable`: the store does not return it. `too-new`: a later version of this library wrote it.
   */
  readonly kind: "missing" | "size" | "digest" | "damaged" | "unreadable" | "too-new";
  /** The key of the object. */
  readonly key: string;
  /** What is wrong, what is intact, and what to do, for people. */
  readonly message: string;
}

/** What `ledger.verify` found. */
export interface Verification {
  /** Whether it found no problem. */
  readonly intact: boolean;
  /** Whether what was verified is sealed. This version seals nothing: `false`. */
  readonly sealed: boolean;
  /** The ids of the keys that signed it. */
  readonly signedBy: readonly string[];
  /** How many objects it looked at. An object that several runs share counts once. */
  readonly checked: number;
  /** How many bytes it read and hashed. */
  readonly bytes: number;
  /** The first 10,000 problems. */
  readonly problems: readonly VerificationProblem[];
  /** How many problems there are beyond those. */
  readonly moreProblems: number;
  /** The keys of the problems of the kind `missing`. */
  readonly missing: readonly string[];
  /** The keys of records that were written after the seal. */
  readonly lateRecords: readonly string[];
}

/** How far `ledger.verify` has got. */
export interface VerificationProgress {
  /** How many objects it looked at. */
  readonly checked: number;
  /** How many bytes it read and hashed. */
  readonly bytes: number;
  /** How many problems it found. */
  readonly problems: number;
}
