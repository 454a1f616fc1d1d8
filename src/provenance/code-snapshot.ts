import type { RecordedCode } from "../journal/recorded-code.ts";

/** The code that a run is made with, as `runledger/git` finds it. Plain data, but for patch and archive. */
export interface CodeSnapshot extends Omit<RecordedCode, "patch" | "archive"> {
  /** The changes, as `git apply` takes them. Missing if there are none. */
  readonly patch?: Uint8Array | undefined;
  /** The sources, as a zip archive. */
  readonly archive?: Uint8Array | undefined;
}

/** What a caller knows of the code: a {@link CodeSnapshot}, or parts of one. */
export type GivenCode = { readonly [M in keyof CodeSnapshot]?: CodeSnapshot[M] | undefined };

/** A snapshot without git: nothing of a repository is known. */
export const WITHOUT_GIT: Omit<CodeSnapshot, "incomplete"> = {
  engine: "archive",
  remotes: [],
  dirty: "unknown",
  changes: [],
  untracked: [],
  submodules: [],
};
