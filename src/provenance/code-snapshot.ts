import type { RecordedCode } from "../journal/recorded-code.ts";

/** The code that a run is made with, as `captureGit` of `runledger/git` finds it. Plain data, but for the patch. */
export interface CodeSnapshot extends Omit<RecordedCode, "patch"> {
  /** The changes, as `git apply` takes them. Missing if there are none. */
  readonly patch?: Uint8Array | undefined;
}

/** What a caller knows of the code: a {@link CodeSnapshot}, or parts of one. */
export type GivenCode = { readonly [M in keyof CodeSnapshot]?: CodeSnapshot[M] | undefined };
