/** Something in a store that is not as it was written. */
export interface VerificationProblem {
  /**
   * `missing`: the object is not there. `size`, `digest`: it has other bytes than were recorded, or than the seal says.
   * `removed`: an artifact version of a sealed run was removed, or the whole run was purged; the key is that of the
   * manifest, or `runs/<run>`. `signature`: it is not the signature of the key that it names. `unsealed`: it was added after the seal, and readers
   * take it for the truth. `damaged`: it cannot be understood. `unreadable`: the store does not return it. `too-new`: a later version of this library wrote it.
   */
  readonly kind:
    | "missing"
    | "size"
    | "digest"
    | "removed"
    | "signature"
    | "unsealed"
    | "damaged"
    | "unreadable"
    | "too-new";
  /** The key of the object. */
  readonly key: string;
  /** What is wrong, what is intact, and what to do, for people. */
  readonly message: string;
}

/** What `ledger.verify` found. */
export interface Verification {
  /** Whether it found no problem. */
  readonly intact: boolean;
  /** Whether the run is sealed. Of a ledger: whether it has runs, and each of them is sealed. */
  readonly sealed: boolean;
  /** The ids of those of `keys` whose signature of the seal is right. Of a ledger: of any of its seals. */
  readonly signedBy: readonly string[];
  /** The ids that other signatures name, of keys that are not in `keys`. They prove nothing. */
  readonly unknownSigners: readonly string[];
  /** How many objects it looked at. An object that several runs share counts once. */
  readonly checked: number;
  /** How many bytes it read and hashed. */
  readonly bytes: number;
  /** The first 10,000 problems. */
  readonly problems: readonly VerificationProblem[];
  /** How many problems there are beyond those. */
  readonly moreProblems: number;
  /** The keys of the problems of the kinds `missing` and `removed`. */
  readonly missing: readonly string[];
  /**
   * The keys of objects below the prefix of a sealed run that are no part of it, or got longer. Sessions that the seal
   * shut out may have stored them, or an attempt to close the run that failed: nothing in them was ever acknowledged, and
   * readers of the run ignore them. At most 10,000.
   */
  readonly lateRecords: readonly string[];
  /**
   * The prefixes of sealed runs below which nothing could be looked for, because the store cannot list. What the seal
   * covers was verified. `lateRecords` and signatures by keys that are neither in `keys` nor in the seal are not known.
   */
  readonly unchecked: readonly string[];
  /**
   * The ids of sealed runs that were copied from another ledger. Their signatures do not vouch for the earlier runs of
   * the chain here. At most 10,000.
   */
  readonly adopted: readonly string[];
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
